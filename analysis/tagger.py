"""Tagging one post, with no database: paragraphs, voices, programs, themes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from analysis.model import Proposal, Reading, model
from analysis.paragraphs import Paragraph, paragraphs
from analysis.programs import ASIDE_KINDS, SPEAKERS, Evidence, ProgramTag, ThreadState, inheritance, named
from analysis.review import NONE, Decisions
from analysis.themes import ThemeHit, themes
from analysis.voice import voices
from taxonomy.model import Taxonomy
from taxonomy.names import Context, names
from taxonomy.normalise import Folded, fold

# The words of an address are its forum's, not the author's. Masked character by character, so that offsets hold.
ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
# What of a post is not its author's wording.
NOT_OWN = frozenset(("quote", "preview", "signature", "navigation"))
COPIED_AT_LEAST = 40
# What the model finds at least so probable, and not probable enough to be a tag, is put before a person.
ASK_FROM = 0.2
MODEL_RULE = "model"


@dataclass(frozen=True)
class Tagged:
    """A paragraph with all that was found in it. Evidence in `programs` that is inherited points elsewhere.

    `proposed`: themes that the model finds possible, and too unsure to be tags.
    """

    paragraph: Paragraph
    voice: str
    voice_rule: str
    programs: tuple[ProgramTag, ...]
    themes: tuple[ThemeHit, ...]
    proposed: tuple[ThemeHit, ...] = ()


class Tagger:
    """Tags posts of one thread after another with one taxonomy."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.names = names(taxonomy)
        self.themes = themes(taxonomy)
        self.inheritance = inheritance(taxonomy)
        self.model = model()
        self.theme_ids = frozenset(theme.id for theme in taxonomy.codebook.themes)
        self.buyer_side = frozenset(program.id for program in taxonomy.programs if program.buyer_side)

    def post(
        self,
        html: str,
        text: str,
        *,
        author: str,
        role: str,
        link_titles: Iterable[str],
        context: Context,
        state: ThreadState,
        first_id: int,
        about: Callable[[int | None], list[Evidence]],
        decided: Decisions = NONE,
    ) -> list[Tagged]:
        """The paragraphs of a post, tagged. They are numbered from `first_id`, by which later ones refer to earlier ones.

        `context` and `state` are the thread's before this post, and are left alone; `about(number)` says which programs
        an earlier post of the thread is about, `about(None)` the post that this one answers. `decided` is what people
        decided about its paragraphs.
        """
        found = paragraphs(html, text, frozenset(link_titles))
        context = replace(context, known=set(context.known))
        assert isinstance(context.known, set)
        in_post: tuple[Evidence, ...] = ()
        quoted: Callable[[], list[Evidence]] = list
        result = []
        for place, (paragraph, (voice, voice_rule)) in enumerate(
            zip(found, voices(found, text, author=author, role=role), strict=True)
        ):
            words = text[paragraph.start : paragraph.end]
            folded = fold(ADDRESS.sub(_masked, words))
            programs = [
                replace(tag, start=tag.start + paragraph.start, end=tag.end + paragraph.start)
                for tag in self.inheritance.kept(named(self.names.find_folded(folded, context)))
                if paragraph.kind != "code"
            ]
            programs = decided.kept(programs, words)
            hits: list[ThemeHit] = []
            proposed: list[ThemeHit] = []
            reading: Reading | None = None
            if voice in SPEAKERS and paragraph.kind not in ASIDE_KINDS:
                # The model reads only where a program is in sight, or words are that speak of programs.
                if programs or in_post or state.title or state.latest or self.inheritance.about(folded):
                    reading = self.model.read(folded.text)
                if voice == "seller":
                    hits, proposed = self._themes(folded, reading, paragraph.start)
                if self.inheritance.eligible(reading, programs, themed=bool(hits)):
                    programs += self.inheritance.inherited(programs, in_post, quoted, lambda: about(None), state)
                    if not programs and reading is not None:
                        programs += self._described(reading, folded, context, paragraph.start)
            programs = decided.programs(programs, words, paragraph.start)
            context.known.update(tag.program_id for tag in programs if tag.how == "named")
            if all(tag.program_id in self.buyer_side for tag in programs):
                hits, proposed = [], []
            hits = decided.themes(hits, words, paragraph.start)
            result.append(Tagged(paragraph, voice, voice_rule, tuple(programs), tuple(hits), tuple(proposed)))
            topic = self._topic(first_id + place, programs)
            if topic and paragraph.kind not in ASIDE_KINDS:
                in_post = topic
            if paragraph.kind == "quote":
                quoted = partial(about, _number(paragraph.source))
        return result

    def after(self, state: ThreadState, tagged: list[Tagged], first_id: int) -> ThreadState:
        """The state of the thread after a post."""
        latest: tuple[Evidence, ...] = ()
        for place, paragraph in enumerate(tagged):
            if paragraph.paragraph.kind not in ASIDE_KINDS and paragraph.voice in SPEAKERS:
                latest = self._topic(first_id + place, paragraph.programs) or latest
        return ThreadState(
            title=state.title,
            known=state.known
            | {tag.program_id for paragraph in tagged for tag in paragraph.programs if tag.how == "named"},
            latest=latest or state.latest,
            posts_since=0 if latest else state.posts_since + 1,
        )

    def _themes(self, folded: Folded, reading: Reading | None, offset: int) -> tuple[list[ThemeHit], list[ThemeHit]]:
        """The themes that rules find or the model is sure of, and those that it only finds possible."""
        hits = {
            hit.theme_id: replace(hit, start=hit.start + offset, end=hit.end + offset)
            for hit in self.themes.find(folded)
        }
        proposed = []
        for proposal in reading.proposals(ASK_FROM) if reading is not None else ():
            if proposal.theme_id in hits or proposal.theme_id not in self.theme_ids:
                continue
            hit = _hit(proposal, folded, offset)
            if proposal.score >= self.model.thresholds[proposal.theme_id]:
                hits[proposal.theme_id] = hit
            else:
                proposed.append(hit)
        return sorted(hits.values(), key=lambda hit: (hit.start, hit.theme_id)), proposed

    def _described(self, reading: Reading, folded: Folded, context: Context, offset: int) -> list[ProgramTag]:
        """The program that the words describe, with the title's help, where they leave little doubt."""
        found = self.model.read(f"{context.title.text}. {folded.text}").description()
        own = reading.description()
        if (
            found is None
            or own is None
            or found.score < self.model.sure
            or found.program_id not in self.inheritance.passed_on
        ):
            return []
        start, end = folded.span(*(own.start, own.end))
        return [
            ProgramTag(
                found.program_id, "named", start + offset, end + offset, None, "described", round(found.score, 4)
            )
        ]

    def _topic(self, paragraph_id: int, programs: Iterable[ProgramTag]) -> tuple[Evidence, ...]:
        return tuple(
            Evidence(tag.program_id, paragraph_id, tag.start, tag.end)
            for tag in programs
            # What is only described is a guess, and a guess is not passed on.
            if tag.how == "named" and tag.rule != "described" and tag.program_id in self.inheritance.passed_on
        )


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


def _masked(address: re.Match[str]) -> str:
    return "\ufffc" * len(address[0])


def _number(source: dict[str, str]) -> int:
    """The number of the post that a quotation comes from; 0 (no post's) if its markup does not say."""
    text = source.get("post", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
