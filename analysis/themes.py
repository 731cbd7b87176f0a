"""Complaint themes by the rules of `data/taxonomy/theme_rules.yml`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from ahocorasick_rs import AhoCorasick

from analysis.literals import required
from taxonomy.model import Taxonomy, ThemeRule
from taxonomy.normalise import Folded

SENTENCE_END = re.compile(r"[.!?:;]+[\"')]*\s")
# A sentence is looked for at most so far around a match.
REACH = 400
# Words after which what follows in the same clause is denied ("I was not enrolled", "it is not true that").
DONE = r" (?:enrol|opt|switch|turn|sign|add|put|includ|charg|mov|chang)\w*(?: (?:in|into|on|up|it|this|me|us))*"
ADVERBS = r"(?: (?:been|being|actually|really|ever|even|just|simply))*"
DENIAL = re.compile(
    r"\b(?:(?:not true|untrue|a lie|a myth|not the case) that\b(?: (?!(?:and|but|because|when|while|since)\b)[^\s,;:()]+)*"
    r"|(?:i|we) (?:never|would not|wouldn't|did not|didn't|do not|don't|am not|are not) (?:say|said|saying|claim\w*)"
    r"(?! (?:that )?(?:\w+ (?:could|can|may|should)|yes|ok|okay)\b)(?: (?!(?:and|but|because|when|while|since)\b)[^\s,;:()]+)*"
    rf"|(?:was|were|is|are|am)(?:n't| not| never){ADVERBS}(?:{DONE})?"
    rf"|(?:did|has|have|had)(?:n't| not| never){ADVERBS}{DONE}"
    r"|(?:nobody|no one|none of (?:us|you|them))(?: here| there)?(?: was| were| is| are| has| have| had)"
    rf"{ADVERBS}(?:{DONE})?) ?$"
)
# A quotation that somebody other than the author, and other than the platform, is said to have spoken.
SAYING = re.compile(
    r"[^.!?;]*\b(?:said|says|wrote|writes|posted|replied|replies|answered|claims|claimed|complains|complained)[^.!?;\"]{0,20}$"
)
NOT_OTHERS = re.compile(
    r"\b(?:i|we|they|it|support|amazon|ebay|etsy|walmart|tiktok|shopify|reps?|agents?|chat|bot|e ?mail|mail|letter|notice"
    r"|page|policy|help|staff|mods?|moderators?)\b"
)


@dataclass(frozen=True)
class ThemeHit:
    """A theme with its evidence: a rule's words, or the model's sentence and (`because`) the words that moved it.

    `start` and `end` are code points of the text that was folded; `also` are the other rules that find it, and `model`.
    """

    theme_id: str
    start: int
    end: int
    rule: str
    score: float
    because: str = ""
    also: tuple[str, ...] = ()


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
        found: dict[str, list[ThemeHit]] = {}
        for number in sorted(wanted):
            hit = _first(*self._patterns[number], folded)
            if hit is not None:
                found.setdefault(hit.theme_id, []).append(hit)
        return sorted(map(_best, found.values()), key=lambda hit: (hit.start, hit.theme_id))

    @property
    def ungated(self) -> list[str]:
        """Ids of the rules of which a pattern names no word that must occur: these run on every paragraph."""
        return [self._patterns[number][0].rule.id for number in self._ungated]


@lru_cache(maxsize=8)
def themes(taxonomy: Taxonomy) -> Themes:
    """The rules of `taxonomy`, made ready once for each."""
    return Themes(taxonomy)


def _best(hits: list[ThemeHit]) -> ThemeHit:
    """Of the hits of one theme."""
    if len(hits) == 1:
        return hits[0]
    best = min(hits, key=lambda hit: (-hit.score, hit.start))
    return replace(best, also=tuple(sorted({hit.rule for hit in hits} - {best.rule})))


def _first(compiled: _Compiled, pattern: re.Pattern[str], folded: Folded) -> ThemeHit | None:
    for match in pattern.finditer(folded.text):
        if match.start() == match.end():
            continue
        if compiled.needs is not None and not compiled.needs.search(folded.text):
            return None
        if compiled.refuse is not None and compiled.refuse.search(_sentence(folded.text, *match.span())):
            continue
        if _is_denied(folded.text, match.start()) or _is_anothers(folded.text, *match.span()):
            continue
        start, end = folded.span(*match.span())
        return ThemeHit(compiled.rule.theme, start, end, compiled.rule.id, compiled.rule.score)
    return None


def _is_denied(text: str, start: int) -> bool:
    """Whether the clause that leads to `start` denies what stands there."""
    return DENIAL.search(text[_sentence_start(text, start) : start]) is not None


def _is_anothers(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` stands in quotation marks, as what somebody else said."""
    if text.count('"', 0, start) % 2 == 0 or text.find('"', end) < 0:
        return False
    opening = text.rindex('"', 0, start)
    saying = SAYING.search(text, max(0, opening - REACH), opening)
    return saying is not None and not NOT_OTHERS.search(saying[0])


def _sentence(text: str, start: int, end: int) -> str:
    """The sentence, or sentences, around `text[start:end]`."""
    first = _sentence_start(text, start)
    stop_after = SENTENCE_END.search(text, end, min(len(text), end + REACH))
    return text[first : stop_after.end() if stop_after else min(len(text), end + REACH)]


def _sentence_start(text: str, place: int) -> int:
    first = max(0, place - REACH)
    for stop in SENTENCE_END.finditer(text, first, place):
        first = stop.end()
    return first
