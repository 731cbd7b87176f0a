"""Tagging one post, with no database: paragraphs, voices, programs, themes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from analysis.model import Proposal, Reading, model
from analysis.paragraphs import Paragraph, paragraphs, without_addresses
from analysis.programs import (
    ABOUT,
    ASIDE_KINDS,
    SPEAKERS,
    Description,
    ProgramTag,
    ThreadState,
    inheritance,
    named,
)
from analysis.review import NONE, Decisions
from analysis.themes import ThemeHit, themes
from analysis.topic import DESCRIBED, Evidence, Topic
from analysis.voice import AUTHOR, Spoken, introduces, speaks_up, voices
from taxonomy.model import Taxonomy
from taxonomy.names import Context, Mention, names
from taxonomy.normalise import Folded, fold

# What of a post is not its author's wording.
NOT_OWN = frozenset(("quote", "preview", "signature", "navigation"))
COPIED_AT_LEAST = 40
# Voices of what sellers paste without a mark.
PASTED = frozenset(("announcement", "email"))
# The probability of being about a program from which on a paragraph may be the first in its thread that is about one.
BEGINS = 0.8
# The probability of describing one that its words need to begin a topic. Chosen, like the next, on held-out writers, on
# retold pages and on a forum about something else, which is to get next to no tags even if it were one of sellers.
BEGINS_BY = 0.55
# The probability of being about a program from which on, among sellers, a theme may stand with no program in sight.
SURELY_ABOUT = 0.97
# What the model finds at least so probable, and not probable enough to be a tag, is put before a person.
ASK_FROM = 0.2
# What a rule finds and the model gives less than this is no tag and put before a person: without it false alarms on
# held-out writers pass the limit. With .05 a real thread lost three plain complaints that rules had found.
AGAINST_A_RULE = 0.01
# The probability of being no seller's words from which on a paragraph is taken for an announcement that somebody pasted:
# by itself, and where one stands before it or something introduces it. No seller among the held-out writers reaches .3.
OFFICIAL, OFFICIAL_BESIDE = 0.7, 0.4
MODEL_RULE = "model"


@dataclass(frozen=True)
class Tagged:
    """A paragraph with all that was found in it. Evidence in `programs` that is inherited points elsewhere.

    `proposed`: themes that the model finds possible, and too unsure to be tags, or that a rule finds and the model doubts.
    """

    paragraph: Paragraph
    voice: str
    voice_rule: str
    voice_evidence: str | None
    programs: tuple[ProgramTag, ...]
    themes: tuple[ThemeHit, ...]
    proposed: tuple[ThemeHit, ...] = ()


@dataclass(frozen=True)
class Read:
    """A paragraph as it reads by itself, whatever its thread is about. `reading`: what the model makes of it; None where
    nobody speaks."""

    paragraph: Paragraph
    voice: str
    voice_rule: str
    voice_evidence: str | None
    words: str
    folded: Folded
    reading: Reading | None


class Tagger:
    """Tags posts of one thread after another with one taxonomy."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.names = names(taxonomy)
        self.themes = themes(taxonomy)
        self.inheritance = inheritance(taxonomy)
        self.model = model()
        self.theme_ids = frozenset(theme.id for theme in taxonomy.codebook.themes)
        self.sellers = taxonomy.sellers_sites
        self.marketplaces = {site: forum.marketplace for forum in taxonomy.forums for site in forum.sites}
        self.buyer_side = frozenset(program.id for program in taxonomy.programs if program.buyer_side)

    def read(
        self, html: str, text: str, *, author: str, role: str, link_titles: Iterable[str], title: str
    ) -> Iterator[Read]:
        """The paragraphs of a post, one by one, in a thread of that (folded) title."""
        found = paragraphs(html, text, frozenset(link_titles))
        for paragraph, voice in zip(found, voices(found, text, author=author, role=role), strict=True):
            words = text[paragraph.start : paragraph.end]
            folded = fold(without_addresses(words))
            speaks = voice[0] in SPEAKERS and paragraph.kind not in ASIDE_KINDS
            reading = self.model.read(folded.text, title) if speaks else None
            yield Read(paragraph, *voice, words, folded, reading)

    def post(
        self,
        found: Iterable[Read],
        *,
        context: Context,
        sellers: bool,
        marketplace: str,
        thread: str,
        state: ThreadState,
        first_id: int,
        about: Callable[[int | None], list[Evidence]],
        decided: Decisions = NONE,
    ) -> tuple[list[Tagged], ThreadState]:
        """The paragraphs of a post, as read, tagged, and the state of the thread after it. They are numbered from
        `first_id`, by which later ones refer to earlier ones.

        `sellers` says whether the forum is one of sellers, `marketplace` which one it is about (empty: any), `thread` is the forum's id of the thread. `context` and `state`
        are the thread's before this post, and are left alone; `about(number)` says which programs an earlier post of the
        thread is about, `about(None)` the post that this one answers. `decided` is what people decided about its paragraphs.
        """
        context = replace(context, known=set(context.known))
        assert isinstance(context.known, set)
        topic = state.topic.faded(state.opening)
        # What this post quotes and answers is what it is on; the thread goes on with its own words only.
        here = self._looked_up(topic, about(None), "answered post")
        elsewhere = here != topic
        markets = {marketplace} if marketplace else set()
        markets.update(*map(self.inheritance.marketplaces, (context.title, context.thread)))
        trade = sellers or any(map(self.inheritance.trades, (context.title, context.thread)))
        result: list[Tagged] = []
        pasted = False
        for number, read in enumerate(found, first_id):
            paragraph, words, folded = read.paragraph, read.words, read.folded
            mentioned = named(self.names.find_folded(folded, context))
            programs = [
                replace(tag, start=tag.start + paragraph.start, end=tag.end + paragraph.start)
                for tag in self.inheritance.kept(mentioned)
                if paragraph.kind != "code"
            ]
            programs = decided.kept(programs, words)
            hits: list[ThemeHit] = []
            proposed: list[ThemeHit] = []
            inherits = False
            described: Description | None = None
            said: Description | None = None
            begins = trade or self.inheritance.trades(folded)
            # Where no program is in sight there is nothing that a theme could be about.
            in_sight = bool(programs or here.evidence or topic.evidence or decided.on_programs(words))
            reading = read.reading if in_sight or begins else None
            if reading is not None and in_sight:
                reading.near()
            voice = self._voice(read, reading if in_sight else None, pasted=pasted)
            pasted = voice[0] in PASTED or introduces(words)
            if reading is not None and (in_sight or reading.about >= BEGINS):
                if voice[0] == "seller":
                    hits, proposed = self._themes(folded, reading, paragraph.start)
                inherits = self.inheritance.eligible(reading, programs, themed=bool(hits))
                listed = bool(mentioned) and not programs
                if inherits and not listed:
                    of_names = (self.inheritance.marketplace.get(name, "") for name in context.known)
                    spoken_of = markets.union(of_names, self.inheritance.marketplaces(folded))
                    described = self._description(
                        reading, folded, number, paragraph.start, decided.rejected_programs(words), spoken_of
                    )
                    # The model reads the title too, and an answer to something else is not about that.
                    if not elsewhere and (here.evidence or begins):
                        here, said = self._moved(here, described), described
            if inherits:
                programs += self.inheritance.inherited(programs, here, said, first_id, number)
            programs = decided.programs(programs, words, paragraph.start)
            context.known.update(tag.program_id for tag in programs if tag.how == "named")
            # It may be plain that a paragraph is about a program, and open which one.
            least = ABOUT if in_sight else SURELY_ABOUT
            open_which = not programs and (in_sight or sellers) and reading is not None and reading.about >= least
            if not open_which and all(tag.program_id in self.buyer_side for tag in programs):
                hits, proposed = [], []
            hits = decided.themes(hits, words, paragraph.start)
            result.append(Tagged(paragraph, *voice, tuple(programs), tuple(hits), tuple(proposed)))
            own = self._named(number, programs)
            if paragraph.kind not in ASIDE_KINDS:
                here = here.named(own)
            if paragraph.kind == "quote" and (source := _number(paragraph.source, thread)):
                here = self._looked_up(before := here, about(source), "quoted post")
                elsewhere = elsewhere or here != before
            if read.reading is not None:
                topic = topic.named(own)
                if described is not None and (topic.evidence or begins):
                    topic = self._moved(topic, described)
        return result, ThreadState(state.known | context.known, topic, state.opening)

    def _voice(self, read: Read, reading: Reading | None, *, pasted: bool) -> Spoken:
        """Whose words they are, by the model where nothing else says. `pasted`: something pasted may go on here."""
        if reading is not None and read.voice == "seller" and read.voice_rule == AUTHOR:
            beside = pasted and not speaks_up(read.words)
            if reading.official >= (OFFICIAL_BESIDE if beside else OFFICIAL):
                start, end = read.folded.span(*reading.official_sentence())
                return "announcement", MODEL_RULE, read.words[start:end]
        return read.voice, read.voice_rule, read.voice_evidence

    def opening(self, mentions: Iterable[Mention]) -> ThreadState:
        """The state of a thread of which only the title is read, in which these programs are named."""
        found = [
            Evidence(mention.program_id, None, mention.start, mention.end)
            for mention in mentions
            if mention.program_id in self.inheritance.passed_on or mention.program_id in self.inheritance.context
        ]
        topic = Topic().named(found)
        return ThreadState(topic=topic, opening=topic)

    def _themes(self, folded: Folded, reading: Reading, offset: int) -> tuple[list[ThemeHit], list[ThemeHit]]:
        """The themes that rules find or the model is sure of, and those that it, or a rule alone, only finds possible."""
        hits: dict[str, ThemeHit] = {}
        proposed: list[ThemeHit] = []
        for hit in self.themes.find(folded):
            chance = reading.chance(hit.theme_id)
            agrees = chance is not None and reading.sure and chance >= self.model.thresholds[hit.theme_id]
            also = (*hit.also, MODEL_RULE) if agrees else hit.also
            placed = replace(hit, start=hit.start + offset, end=hit.end + offset, also=also)
            if chance is None or chance >= AGAINST_A_RULE:
                hits[hit.theme_id] = placed
            if chance is not None and chance < ASK_FROM:
                proposed.append(replace(placed, score=chance, because=hit.rule))
        for proposal in reading.proposals(ASK_FROM):
            if proposal.theme_id in hits or proposal.theme_id not in self.theme_ids:
                continue
            hit = _hit(proposal, folded, offset)
            if reading.sure and proposal.score >= self.model.thresholds[proposal.theme_id]:
                hits[proposal.theme_id] = hit
            else:
                proposed.append(hit)
        return sorted(hits.values(), key=lambda hit: (hit.start, hit.theme_id)), proposed

    def _description(
        self,
        reading: Reading,
        folded: Folded,
        number: int,
        offset: int,
        rejected: Collection[str],
        marketplaces: Collection[str],
    ) -> Description:
        def sentence(program_id: str) -> Evidence:
            start, end = folded.span(*reading.sentence_for(program_id))
            return Evidence(program_id, number, start + offset, end + offset, DESCRIBED)

        found = zip(self.model.programs, map(float, reading.described()), strict=True)
        chances = {name: chance for name, chance in found if name not in rejected}
        return Description(self.inheritance.of_marketplaces(chances, marketplaces), reading.describes, sentence)

    def _moved(self, topic: Topic, description: Description) -> Topic:
        """What the thread is on after words that may describe a program that others can inherit. The first to speak of one
        must do so plainly: most off-topic talk sounds like some program to a model that has to choose one."""
        if not topic.evidence and description.describes < BEGINS_BY:
            return topic
        chances = {name: chance for name, chance in description.chances.items() if name in self.inheritance.passed_on}
        likeliest = description.likeliest(chances)
        return topic if likeliest is None else topic.described(chances, description.sentence(likeliest))

    def _named(self, paragraph_id: int, programs: Iterable[ProgramTag]) -> list[Evidence]:
        return [
            Evidence(tag.program_id, paragraph_id, tag.start, tag.end)
            for tag in programs
            if tag.how == "named" and tag.program_id in self.inheritance.passed_on
        ]

    def _looked_up(self, topic: Topic, found: Sequence[Evidence], how: str) -> Topic:
        return topic.looked_up([replace(entry, how=how) for entry in found])


def own_words(text: str, tagged: Sequence[Tagged]) -> str | None:
    """Digest of a post without its quotations, previews and signatures, blanks and case aside: posts that share it are
    copies of each other. None where fewer than `COPIED_AT_LEAST` characters are left, which people repeat by chance."""
    words = " ".join(
        text[entry.paragraph.start : entry.paragraph.end]
        for entry in tagged
        if entry.voice != "quotation" and entry.paragraph.kind not in NOT_OWN
    )
    words = " ".join(words.lower().split())
    if len(words) < COPIED_AT_LEAST:
        return None
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _hit(proposal: Proposal, folded: Folded, offset: int) -> ThemeHit:
    start, end = folded.span(proposal.start, proposal.end)
    return ThemeHit(
        proposal.theme_id, start + offset, end + offset, MODEL_RULE, proposal.score, ", ".join(proposal.because)
    )


def _number(source: dict[str, str], thread: str) -> int:
    """The number of the thread's post that a quotation comes from; 0 (no post's) if its markup names another thread, or
    none."""
    text = source.get("post", "") if source.get("topic", thread) == thread else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
