"""Which programs a paragraph is about: named in it, or inherited from where the thread speaks of them.

Most paragraphs do not repeat the name. By the codebook's rule R1 one inherits only if it says something about a
program: if it carries a theme, or if the model finds that its words do. What it inherits is what the thread is on
(`analysis.topic`), in which the title, names, quoted and answered posts and descriptions have their say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ahocorasick_rs import AhoCorasick

from analysis.model import Reading
from analysis.topic import Evidence, Topic
from taxonomy.model import CONTEXT, Taxonomy
from taxonomy.names import Mention
from taxonomy.normalise import Folded, whole
from taxonomy.spelling import spellings

# Where nobody speaks of the topic: titles of other threads, previews, signatures, code, figures.
ASIDE_KINDS = frozenset(("navigation", "preview", "signature", "code", "image", "table"))
# Whose own words may inherit.
SPEAKERS = frozenset(("seller", "staff", "announcement", "email", "press"))
# The probability of being about a program from which on a paragraph inherits one.
ABOUT = 0.5
# From these on a paragraph describes a program itself: the probability that it describes one at all; that it is the one
# which it would inherit; and that it is this one, whatever the thread is on.
DESCRIBES, THE_SAME, THIS = 0.6, 0.3, 0.6
# How much less likely a description means a program of a marketplace that neither the forum nor the thread speaks of.
ELSEWHERE = 0.05
# So many programs in one paragraph are examples or a list (rule R3): it is about none of them in particular.
LIST_OF_PROGRAMS = 4


@dataclass(frozen=True)
class ProgramTag:
    """A row of `program_tags`, without its paragraph and run. `also`: other rules by which the paragraph names it."""

    program_id: str
    how: str
    start: int
    end: int
    source_paragraph_id: int | None
    rule: str
    score: float
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Description:
    """A paragraph as the model reads it: the probability of each program (they sum to 1), should it describe one, the
    probability that it does, and the sentence that describes a program most."""

    chances: Mapping[str, float]
    describes: float
    sentence: Callable[[str], Evidence]

    def likeliest(self, programs: Collection[str]) -> str | None:
        """Of these programs."""
        return max((name for name in self.chances if name in programs), key=self.chances.__getitem__, default=None)

    def says(self, program_id: str, least: float) -> bool:
        """Whether its own words describe the program, which has at least that probability."""
        return self.describes >= DESCRIBES and self.chances.get(program_id, 0.0) >= least


@dataclass
class ThreadState:
    """What a thread's posts have said so far: every program named, and what it is on, by its title alone (`opening`) and
    by all. Its size does not grow with it."""

    known: set[str] = field(default_factory=set)
    topic: Topic = field(default_factory=Topic)
    opening: Topic = field(default_factory=Topic)


def named(mentions: Iterable[Mention]) -> list[ProgramTag]:
    """One tag for each program that is named, at its surest, then first mention."""
    best: dict[str, Mention] = {}
    rules: dict[str, set[str]] = {}
    for mention in mentions:
        other = best.get(mention.program_id)
        if other is None or mention.score > other.score:
            best[mention.program_id] = mention
        rules.setdefault(mention.program_id, set()).add(mention.rule)
    return [
        ProgramTag(
            program,
            "named",
            mention.start,
            mention.end,
            None,
            mention.rule,
            mention.score,
            tuple(sorted(rules[program] - {mention.rule})),
        )
        for program, mention in best.items()
    ]


class Inheritance:
    """Decides what a paragraph inherits, for one taxonomy. Make it once (`inheritance(taxonomy)`)."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.context = frozenset(program.id for program in taxonomy.programs if program.mode == CONTEXT)
        # A buyer's own choice, or a metric, is seldom what later paragraphs go on about, unless the title says so.
        self.passed_on = frozenset(
            program.id for program in taxonomy.programs if not program.buyer_side and program.mode != CONTEXT
        )
        self.marketplace = {program.id: program.marketplace for program in taxonomy.programs}
        names = [
            (form, entry.id) for entry in taxonomy.marketplaces for name in entry.names for form in spellings(name)
        ]
        self._markets = AhoCorasick([form for form, _ in names])
        self._market_of = [marketplace for _, marketplace in names]
        self._trade = AhoCorasick(sorted({form for cue in taxonomy.cues.trade for form in spellings(cue)}))

    def trades(self, folded: Folded) -> bool:
        """Whether the words are of selling on marketplaces (`trade` in `cues.yml`). Where none is near, no description
        begins a topic: the model chooses among the programs that it knows, whatever a stranger's forum talks about."""
        return any(
            whole(folded.text, start, end)
            for _, start, end in self._trade.find_matches_as_indexes(folded.text, overlapping=True)
        )

    def marketplaces(self, folded: Folded) -> Iterator[str]:
        """Those that the words speak of."""
        for number, start, end in self._markets.find_matches_as_indexes(folded.text, overlapping=True):
            if whole(folded.text, start, end):
                yield self._market_of[number]

    def of_marketplaces(self, chances: Mapping[str, float], spoken_of: Collection[str]) -> Mapping[str, float]:
        """The probabilities of programs, by words alone, where it is known which marketplaces are spoken of."""
        if not spoken_of:
            return chances
        likely = {
            program: chance if self.marketplace.get(program) in spoken_of else chance * ELSEWHERE
            for program, chance in chances.items()
        }
        share = sum(chances.values()) / max(sum(likely.values()), 1e-9)
        return {program: chance * share for program, chance in likely.items()}

    def kept(self, tags: Sequence[ProgramTag]) -> list[ProgramTag]:
        """The named programs without those cited in passing (rule R3): lists of examples, a metric beside a program."""
        if len(tags) >= LIST_OF_PROGRAMS:
            return []
        topical = any(tag.program_id in self.passed_on for tag in tags)
        return [tag for tag in tags if not (topical and tag.program_id in self.context)]

    def eligible(self, reading: Reading, own: Sequence[ProgramTag], *, themed: bool) -> bool:
        """Whether somebody's own words say something about a program, so that they may inherit one.

        `reading` is the model's of them.
        """
        if themed or any(tag.program_id in self.context for tag in own):
            return True
        return not own and reading.about >= ABOUT

    def inherited(
        self, own: Sequence[ProgramTag], topic: Topic, said: Description | None, first_id: int, here: int
    ) -> list[ProgramTag]:
        """The tags that an eligible paragraph (row id `here`, in a post whose first is `first_id`) takes from what its
        thread is on; none if it names a program that can be the topic itself. What it describes itself is `described`,
        and then it takes no other."""
        if any(tag.program_id in self.passed_on for tag in own):
            return []
        named_already = {tag.program_id for tag in own}
        best = said.likeliest(self.passed_on | self.context) if said else None
        if said and best and said.says(best, THIS):
            return [] if best in named_already else [_described(said.sentence(best), said.chances[best])]
        found = []
        for evidence, belief in topic.likeliest():
            program, words = evidence.program_id, evidence
            if program in named_already:
                continue
            if said and said.says(program, THE_SAME):
                words = said.sentence(program)
            if words.paragraph_id == here:
                found.append(_described(words, belief))
                continue
            rule = f"inherited from {_where(words, first_id)}"
            found.append(ProgramTag(program, "inherited", words.start, words.end, words.paragraph_id, rule, belief))
        return found


def _described(words: Evidence, score: float) -> ProgramTag:
    return ProgramTag(words.program_id, "described", words.start, words.end, None, "model", score)


def _where(evidence: Evidence, first_id: int) -> str:
    if evidence.paragraph_id is None:
        return "title"
    if evidence.how != "name":
        return evidence.how
    return "post" if evidence.paragraph_id >= first_id else "thread"


@lru_cache(maxsize=8)
def inheritance(taxonomy: Taxonomy) -> Inheritance:
    """The rules of inheriting for `taxonomy`, made ready once for each."""
    return Inheritance(taxonomy)
