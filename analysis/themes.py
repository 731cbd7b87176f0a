"""Complaint themes by the rules of `data/taxonomy/theme_rules.yml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ahocorasick_rs import AhoCorasick

from analysis.literals import required
from taxonomy.model import Taxonomy, ThemeRule
from taxonomy.normalise import Folded

SENTENCE_END = re.compile(r"[.!?:;]+[\"')]*\s")
# A sentence is looked for at most so far around a match.
REACH = 400


@dataclass(frozen=True)
class ThemeHit:
    """A theme with its evidence: a rule's words, or the model's sentence and (`because`) the words that moved it.

    `start` and `end` are code points of the text that was folded.
    """

    theme_id: str
    start: int
    end: int
    rule: str
    score: float
    because: str = ""


@dataclass(frozen=True)
class _Compiled:
    rule: ThemeRule
    refuse: re.Pattern[str] | None
    needs: re.Pattern[str] | None


class Themes:
    """The rules of one taxonomy, ready to run. Make it once (`themes(taxonomy)`)."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._patterns: list[tuple[_Compiled, re.Pattern[str]]] = []
        self._ungated: list[int] = []
        # A literal opens one of the gates (a bit) of some patterns; a pattern runs when all its gates are open.
        self._closed: list[int] = []
        gates: dict[str, list[tuple[int, int]]] = {}
        for rule in taxonomy.theme_rules:
            compiled = _Compiled(
                rule,
                re.compile(rule.refuse) if rule.refuse else None,
                re.compile(rule.needs) if rule.needs else None,
            )
            for pattern in rule.patterns:
                number = len(self._patterns)
                self._patterns.append((compiled, re.compile(pattern)))
                sets = required(pattern)
                self._closed.append((1 << len(sets)) - 1)
                for place, literals in enumerate(sets):
                    for literal in literals:
                        gates.setdefault(literal, []).append((number, 1 << place))
                if not sets:
                    self._ungated.append(number)
        self._opened = tuple(map(tuple, gates.values()))
        self._automaton = AhoCorasick(list(gates))

    def find(self, folded: Folded) -> list[ThemeHit]:
        """The themes that the words carry, at most one hit each: the best rule's, then the earliest."""
        closed: dict[int, int] = {}
        wanted = list(self._ungated)
        for literal in {hit[0] for hit in self._automaton.find_matches_as_indexes(folded.text, overlapping=True)}:
            for number, bit in self._opened[literal]:
                left = closed.get(number, self._closed[number])
                if left & bit:
                    closed[number] = left = left & ~bit
                    if not left:
                        wanted.append(number)
        best: dict[str, ThemeHit] = {}
        for number in sorted(wanted):
            hit = _first(*self._patterns[number], folded)
            if hit is not None:
                other = best.get(hit.theme_id)
                if other is None or (-hit.score, hit.start) < (-other.score, other.start):
                    best[hit.theme_id] = hit
        return sorted(best.values(), key=lambda hit: (hit.start, hit.theme_id))

    @property
    def ungated(self) -> list[str]:
        """Ids of the rules of which a pattern names no word that must occur: these run on every paragraph."""
        return [self._patterns[number][0].rule.id for number in self._ungated]


@lru_cache(maxsize=8)
def themes(taxonomy: Taxonomy) -> Themes:
    """The rules of `taxonomy`, made ready once for each."""
    return Themes(taxonomy)


def _first(compiled: _Compiled, pattern: re.Pattern[str], folded: Folded) -> ThemeHit | None:
    for match in pattern.finditer(folded.text):
        if match.start() == match.end():
            continue
        if compiled.needs is not None and not compiled.needs.search(folded.text):
            return None
        if compiled.refuse is not None and compiled.refuse.search(_sentence(folded.text, *match.span())):
            continue
        start, end = folded.span(*match.span())
        return ThemeHit(compiled.rule.theme, start, end, compiled.rule.id, compiled.rule.score)
    return None


def _sentence(text: str, start: int, end: int) -> str:
    """The sentence, or sentences, around `text[start:end]`."""
    first = max(0, start - REACH)
    for stop in SENTENCE_END.finditer(text, first, start):
        first = stop.end()
    stop_after = SENTENCE_END.search(text, end, min(len(text), end + REACH))
    return text[first : stop_after.end() if stop_after else min(len(text), end + REACH)]
