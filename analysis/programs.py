"""Which programs a paragraph is about: named in it, or inherited from where the thread named them.

Most paragraphs do not repeat the name. By the codebook's rule R1 one inherits only if it says something about a
program: if it carries a theme, or if the model finds that its words do. What it inherits is decided by the nearest of these that names a program:

  1. an earlier paragraph of the same post (a quotation in it counts as one),
  2. the post that the nearest quotation before it comes from,
  3. the post that it answers,
  4. the title,
  5. the latest paragraph of an earlier post, as far back as `FAR` posts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ahocorasick_rs import AhoCorasick

from analysis.model import Reading
from taxonomy.model import CONTEXT, Taxonomy
from taxonomy.names import Mention
from taxonomy.normalise import Folded, fold, whole

# Where nobody speaks of the topic: titles of other threads, previews, signatures, code, figures.
ASIDE_KINDS = frozenset(("navigation", "preview", "signature", "code", "image", "table"))
# Whose own words may inherit.
SPEAKERS = frozenset(("seller", "staff", "announcement", "email"))
FAR = 40
# The probability of being about a program from which on a paragraph inherits one.
ABOUT = 0.5
# So many programs in one paragraph are examples or a list (rule R3): it is about none of them in particular.
LIST_OF_PROGRAMS = 4
# What names more programs than this leaves open which of them the next paragraph means.
MOST_INHERITED = 2
# Confidence in an inherited program, by where it comes from.
SCORES = {"post": 0.85, "quoted post": 0.85, "answered post": 0.8, "title": 0.8, "thread": 0.6}


@dataclass(frozen=True)
class Evidence:
    """Where a program is named: in a paragraph (its row id), or in the title (`paragraph_id` None)."""

    program_id: str
    paragraph_id: int | None
    start: int
    end: int


@dataclass(frozen=True)
class ProgramTag:
    """A row of `program_tags`, without its paragraph and run."""

    program_id: str
    how: str
    start: int
    end: int
    source_paragraph_id: int | None
    rule: str
    score: float


@dataclass
class ThreadState:
    """What the thread has named so far. Its size does not grow with the thread.

    `known`: every program named. `latest`: the programs of the latest paragraph that names any, and `latest_post`, how
    many posts ago that was.
    """

    title: tuple[Evidence, ...] = ()
    known: set[str] = field(default_factory=set)
    latest: tuple[Evidence, ...] = ()
    posts_since: int = 0


def named(mentions: Iterable[Mention]) -> list[ProgramTag]:
    """One tag for each program that is named, at its surest, then first mention."""
    best: dict[str, Mention] = {}
    for mention in mentions:
        other = best.get(mention.program_id)
        if other is None or mention.score > other.score:
            best[mention.program_id] = mention
    return [
        ProgramTag(mention.program_id, "named", mention.start, mention.end, None, mention.rule, mention.score)
        for mention in best.values()
    ]


class Inheritance:
    """Decides what a paragraph inherits, for one taxonomy. Make it once (`inheritance(taxonomy)`)."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.context = frozenset(program.id for program in taxonomy.programs if program.mode == CONTEXT)
        # A buyer's own choice, or a metric, is seldom what later paragraphs go on about, unless the title says so.
        self.passed_on = frozenset(
            program.id for program in taxonomy.programs if not program.buyer_side and program.mode != CONTEXT
        )
        cues = {fold(cue.removesuffix("*")).text: cue.endswith("*") for cue in taxonomy.cues.about}
        self._open_ended = tuple(cues.values())
        self._about = AhoCorasick(list(cues))

    def about(self, folded: Folded) -> bool:
        """Whether the words speak of programs in general (`about` in `cues.yml`)."""
        return any(
            whole(folded.text, start, len(folded.text) if self._open_ended[cue] else end)
            for cue, start, end in self._about.find_matches_as_indexes(folded.text, overlapping=True)
        )

    def kept(self, tags: Sequence[ProgramTag]) -> list[ProgramTag]:
        """The named programs without those cited in passing (rule R3): lists of examples, a metric beside a program."""
        if len(tags) >= LIST_OF_PROGRAMS:
            return []
        topical = any(tag.program_id in self.passed_on for tag in tags)
        return [tag for tag in tags if not (topical and tag.program_id in self.context)]

    def eligible(self, reading: Reading | None, own: Sequence[ProgramTag], *, themed: bool) -> bool:
        """Whether somebody's own words say something about a program, so that they may inherit one.

        `reading` is the model's of them, None where nothing was in sight that it could be about.
        """
        if themed or any(tag.program_id in self.context for tag in own):
            return True
        return not own and reading is not None and reading.about >= ABOUT

    def inherited(
        self,
        own: Sequence[ProgramTag],
        in_post: Sequence[Evidence],
        quoted: Callable[[], Sequence[Evidence]],
        answered: Callable[[], Sequence[Evidence]],
        state: ThreadState,
    ) -> list[ProgramTag]:
        """The tags that an eligible paragraph inherits; none if it names a program that can be the topic itself.

        `in_post` is the nearest earlier paragraph of the post that names programs; `quoted` and `answered` look up what
        those posts are about, and are asked only when it comes to them.
        """
        if any(tag.program_id in self.passed_on for tag in own):
            return []
        sources: tuple[tuple[str, Callable[[], Sequence[Evidence]]], ...] = (
            ("post", lambda: in_post),
            ("quoted post", quoted),
            ("answered post", answered),
            ("title", lambda: state.title),
            ("thread", lambda: state.latest if state.posts_since <= FAR else ()),
        )
        named_already = {tag.program_id for tag in own}
        for where, look in sources:
            found = [
                evidence
                for evidence in look()
                if (evidence.program_id in self.passed_on or (where == "title" and evidence.program_id in self.context))
                and evidence.program_id not in named_already
            ]
            if len(found) > MOST_INHERITED:
                return []
            if found:
                return [
                    ProgramTag(
                        evidence.program_id,
                        "inherited",
                        evidence.start,
                        evidence.end,
                        evidence.paragraph_id,
                        f"inherited from {where}",
                        SCORES[where],
                    )
                    for evidence in found
                ]
        return []


@lru_cache(maxsize=8)
def inheritance(taxonomy: Taxonomy) -> Inheritance:
    """The rules of inheriting for `taxonomy`, made ready once for each."""
    return Inheritance(taxonomy)
