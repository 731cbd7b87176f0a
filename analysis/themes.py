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
    """A rule's words at `start`, `end`, in code points of the text that was folded."""

    theme_id: str
    start: int
    end: int
    rule: str
    score: float


@dataclass(frozen=True)
class _Compiled:
    rule: ThemeRule
    patterns: tuple[re.Pattern[str], ...]
    refuse: re.Pattern[str] | None
    needs: re.Pattern[str] | None


class Themes:
    """The rules of one taxonomy, ready to run. Make it once (`themes(taxonomy)`)."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._rules: list[_Compiled] = []
        self._ungated: list[tuple[int, int]] = []
        gates: dict[str, list[tuple[int, int]]] = {}
        for number, rule in enumerate(taxonomy.theme_rules):
            self._rules.append(
                _Compiled(
                    rule,
                    tuple(re.compile(pattern) for pattern in rule.patterns),
                    re.compile(rule.refuse) if rule.refuse else None,
                    re.compile(rule.needs) if rule.needs else None,
                )
            )
            for place, pattern in enumerate(rule.patterns):
                literals = required(pattern)
                for literal in literals:
                    gates.setdefault(literal, []).append((number, place))
                if not literals:
                    self._ungated.append((number, place))
        self._opened = tuple(map(tuple, gates.values()))
        self._automaton = AhoCorasick(list(gates)) if gates else None

    def find(self, folded: Folded) -> list[ThemeHit]:
        """The themes that the words carry, at most one hit each: the best rule's, then the earliest."""
        wanted = set(self._ungated)
        if self._automaton is not None:
            for number in {
                hit[0] for hit in self._automaton.find_matches_as_indexes(folded.text, overlapping=True)
            }:
                wanted.update(self._opened[number])
        best: dict[str, ThemeHit] = {}
        for number, place in sorted(wanted):
            compiled = self._rules[number]
            hit = _first(compiled, compiled.patterns[place], folded)
            if hit is not None:
                other = best.get(hit.theme_id)
                if other is None or (-hit.score, hit.start) < (-other.score, other.start):
                    best[hit.theme_id] = hit
        return sorted(best.values(), key=lambda hit: (hit.start, hit.theme_id))

    @property
    def ungated(self) -> list[str]:
        """Ids of the rules of which a pattern names no word that must occur: these run on every paragraph."""
        return [self._rules[number].rule.id for number, _ in self._ungated]


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
