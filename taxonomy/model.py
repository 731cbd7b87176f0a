"""What the taxonomy says, as values that cannot be changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

# A seller's complaint can be about these modes; a buyer's own choice is no seller program.
BUYER_SIDE = "buyer_side"
# Not a program at all: a remedy or a metric that is mentioned beside one.
CONTEXT = "context"
# A program is spoken of before it begins: it is announced, and tried out. In days.
ANNOUNCED = 30
# In a theme's `exclude`: what belongs to another theme instead.
INSTEAD = re.compile(r"-> (\w+)\b(?! \(may co-occur)")


@dataclass(frozen=True)
class Condition:
    """One of `words` stands in one of `places` (`title`, `paragraph`, `thread`).

    A word that ends in `*` is the beginning of one. `exact_case`: the alias itself is written exactly as listed.
    """

    places: tuple[str, ...]
    words: tuple[str, ...]
    exact_case: bool = False


@dataclass(frozen=True)
class Alias:
    """A way to write a program's name. Ambiguous ones count only where one of `needs` holds and none of `unless`."""

    text: str
    observed: bool = False
    ambiguous: bool = False
    exact_case: bool = False
    needs: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    not_preceded_by: tuple[str, ...] = ()
    not_followed_by: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Source:
    """Where a statement comes from. `tier`: `P` platform, `S` press or blog, `F` forum."""

    key: str
    url: str
    tier: str
    note: str = ""


@dataclass(frozen=True)
class Mode:
    """How sellers came to be in the program from `date` on (a day, a month, a year; None: not known).

    `marketplaces` are countries, empty for all; `tier` is the best of its sources'.
    """

    date: str | None
    mode: str
    marketplaces: tuple[str, ...]
    note: str
    sources: tuple[Source, ...]
    tier: str


@dataclass(frozen=True)
class Exit:
    """How one gets out: `method` (`setting`, `survey`, `email`, `none`, ...), in words, and when that was checked."""

    method: str
    detail: str
    verified_on: str


@dataclass(frozen=True)
class Program:
    """A program, or a thing that is easily taken for one (modes `buyer_side`, `context`)."""

    id: str
    name: str
    marketplace: str
    status: str
    description: str
    note: str
    aliases: tuple[Alias, ...]
    false_friends: tuple[str, ...]
    history: tuple[Mode, ...]
    exit: Exit | None
    predecessors: tuple[str, ...]
    successors: tuple[str, ...]
    related: tuple[str, ...]
    sources: tuple[Source, ...]

    @property
    def mode(self) -> str:
        """The latest mode of the history."""
        return self.history[-1].mode

    @property
    def buyer_side(self) -> bool:
        return self.mode == BUYER_SIDE

    @property
    def first_known(self) -> str | None:
        """The earliest date of the history (a day, a month, a year); None if none is dated."""
        return min((mode.date for mode in self.history if mode.date), default=None)

    @property
    def spoken_of_from(self) -> str | None:
        """The day (ISO 8601) before which nobody is expected to speak of it; None where its beginning is not known."""
        if not self.first_known or self.mode == CONTEXT or self.buyer_side:
            return None
        year, month, day = (*map(int, self.first_known.split("-")), 1, 1)[:3]
        return (date(year, month, day) - timedelta(days=ANNOUNCED)).isoformat()


@dataclass(frozen=True)
class Watched:
    """A program that was asked for and of which nothing was found. Not tagged."""

    id: str
    name: str
    why: str


@dataclass(frozen=True)
class Theme:
    """A complaint theme, or (`stance`) a position that is no complaint."""

    id: str
    name: str
    definition: str
    stance: bool
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    paraphrases: tuple[str, ...]
    evidence: tuple[str, ...]

    @property
    def instead(self) -> tuple[str, ...]:
        """Ids of the themes to which the codebook refers what this one excludes: the same words do not carry both."""
        return tuple(dict.fromkeys(other for text in self.exclude for other in INSTEAD.findall(text)))


@dataclass(frozen=True)
class Codebook:
    """The themes and the rules by which people and machines code."""

    themes: tuple[Theme, ...]
    rules: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ThemeRule:
    """Words that carry a theme: regular expressions over folded text (`taxonomy.normalise.fold`).

    A match counts unless `refuse` matches in its sentence, and if `needs` (where given) matches in its paragraph.
    """

    id: str
    theme: str
    patterns: tuple[str, ...]
    refuse: str
    needs: str
    score: float
    matches: tuple[str, ...]
    misses: tuple[str, ...]


@dataclass(frozen=True)
class Cues:
    """Words that speak of programs in general.

    `interest`: make a listed thread worth taking. `about`: make an address worth a look. `trade`: are of
    selling on marketplaces.
    """

    interest: tuple[str, ...]
    about: tuple[str, ...]
    trade: tuple[str, ...]


@dataclass(frozen=True)
class Forum:
    """What people call a forum. `sites`: ids of its sites, the most likely one first.

    `day_first`: those of them on which people put the day first in `03/04/2024`. `marketplace`: the one that it is
    mostly about, empty if none.
    """

    sites: tuple[str, ...]
    name: str
    names: tuple[str, ...]
    day_first: tuple[str, ...] = ()
    marketplace: str = ""


@dataclass(frozen=True)
class Marketplace:
    """`names`: words by which people speak of it."""

    id: str
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Taxonomy:
    """Everything in `data/taxonomy/`. `version` is the number in `programs.yml`, `+`, and a digest of all content."""

    version: str
    programs: tuple[Program, ...]
    watchlist: tuple[Watched, ...]
    codebook: Codebook
    theme_rules: tuple[ThemeRule, ...]
    cues: Cues
    forums: tuple[Forum, ...] = ()
    marketplaces: tuple[Marketplace, ...] = ()

    @property
    def sellers_sites(self) -> frozenset[str]:
        """The ids of all sites of the known forums: there everybody sells."""
        return frozenset(site for forum in self.forums for site in forum.sites)

    def program(self, program_id: str) -> Program:
        """The program of that id. KeyError if there is none."""
        for program in self.programs:
            if program.id == program_id:
                return program
        raise KeyError(program_id)
