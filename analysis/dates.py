"""Dates that people write, with how exactly they say them: `24Jan2022`, `21Mar'24`, `ca. 2018`, `a few years ago`.

Every form is a rule of its own, anchored on what makes it a date (a month's name beside digits, a year with a cue, a
whole numeric date, words of time), so that "I may sue", "page 1 of 3" and "PO Box 2018" are none. What the words leave
open stays open: a month is a stretch of thirty days, never its first. Forms without a year, and relative ones, are
resolved against the day of the post: to the past, or to the nearer side after words such as `until` and `starting`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from ahocorasick_rs import AhoCorasick

from analysis.date_forms import FORMS, MONTH, Match
from analysis.periods import Period
from taxonomy.names import longest_first

# Characters that take part in dates in many shapes, each for one other, so that offsets hold.
ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201b\u02bc\u2032\u00b4`", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\n\t\r\u00a0\u2009\u202f", " "),
    }
)
SHAPED = re.compile(r"[`\n\t\r]")
NUMERIC = re.compile(r"[0-9][/.-][0-9]")
YEAR = re.compile(r"(?<![\w/$€£#@])(?:19|20)[0-9]{2}(?![0-9])")
# Longer than any form before its literal, and after it.
BEFORE, AFTER = 45, 30
REACH = {"day before month": (32, 16)}
# A month's name is a date with a digit so near, or after one of these words.
DIGIT_BEFORE = re.compile(r"[0-9][^0-9]{0,7}$")
DAY_AFTER = re.compile(r"\.?[ -]?[0-3]?[0-9](?![0-9])")
YEAR_AFTER = re.compile(r".{0,12}?(?:'|(?:19|20)[0-9]{2})")
MONTH_BEFORE = re.compile(r"[a-z]\.? ?(?:-|/|to|through|until|and|&) ?$")
BEFORE_MONTH = re.compile(
    r"(?<!\w)(?:in|since|until|till|during|through|before|after|from|by|of|for|starting|beginning|effective"
    r"|last|past|this|next|early|mid|late)[ -]+$"
)
AFTER_MONTH = re.compile(r"\.?(?: of)? (?:last|this)\b")
BEFORE_WEEKDAY = re.compile(r"(?<!\w)(?:last|past|next|coming|this|by|until|till|before|on|since) $")

# What must stand in a text for the forms of a gate to be tried.
LITERALS = {
    "year": ("19", "20"),
    "season": ("spring", "summer", "autumn", "fall", "winter"),
    "quarter": ("q1", "q2", "q3", "q4", "1q", "2q", "3q", "4q"),
    "decade": ("0s", "0's"),
    "near": ("yesterday", "today", "tomorrow", "last night", "this morning", "tonight", "other day"),
    "ago": (
        " ago",
        "s back",
        ". back",
        *(f"{unit} back" for unit in ("day", "week", "wk", "month", "mo", "mth", "year", "yr")),
    ),
    "calendar": tuple(
        f"{which} {unit}" for which in ("last", "this", "next") for unit in ("week", "month", "quarter", "year")
    ),
    "present": ("of the month", "of this month", "of the year", "of this year"),
    "weekday": ("sunday", "monday", "tuesday", "tuesd", "wednesday", "thursday", "friday", "saturday"),
    "nth": tuple(f"the {digit}" for digit in "123456789"),
    "short year": (" '0", " '1", " '2", " '9"),
    "holiday": ("christmas", "xmas", "new year", "black friday", "cyber monday", "thanksgiving", "halloween"),
    "month": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
}
_GATES = tuple(gate for gate, literals in LITERALS.items() for _ in literals)
_AUTOMATON = AhoCorasick([literal for literals in LITERALS.values() for literal in literals])
_FORMS_OF = {
    gate: [number for number, form in enumerate(FORMS) if form.gate == gate] for gate in {form.gate for form in FORMS}
}


@dataclass(frozen=True)
class FoundDate:
    """A date at `start`, `end` (code points of the text that was searched), its days, and the form that it has."""

    start: int
    end: int
    period: Period
    rule: str


def find_dates(text: str, posted: date | None, *, day_first: bool = False) -> list[FoundDate]:
    """The dates in `text`, in order, without overlap: where forms overlap the longest stands.

    `posted` is the day of the post; without it only dates with a year are found. `day_first`: in `03/04/2024` the day
    comes first (else the month, as in the United States).
    """
    if not text.isascii() or SHAPED.search(text):
        text = text.translate(ALIKE)
    lower = text.lower() if text.isascii() else "".join(char.lower()[:1] for char in text)
    windows = _windows(lower)
    if not windows:
        return []
    found: dict[tuple[int, int], FoundDate | None] = {}
    for number in sorted(number for gate in windows for number in _FORMS_OF.get(gate, ())):
        form = FORMS[number]
        for start, end in windows[form.gate]:
            for match in form.pattern.finditer(lower, start, end):
                at = Match(match, text, posted, day_first)
                if at.span in found:
                    continue
                period = form.resolve(at)
                if period is not None:
                    found[at.span] = FoundDate(*at.span, period, form.name)
                elif form.whole:
                    found[at.span] = None
    return [hit for span in longest_first(found, len(text)) if (hit := found[span])]


def _windows(lower: str) -> dict[str, list[tuple[int, int]]]:
    """For each gate the stretches of text around its literals, as far as its forms reach."""
    places: dict[str, list[tuple[int, int]]] = {}
    for number, start, end in _AUTOMATON.find_matches_as_indexes(lower, overlapping=True):
        gate = _GATES[number]
        if gate == "month":
            for kind in _beside_month(lower, start):
                places.setdefault(kind, []).append((start, end))
        elif (gate != "year" or YEAR.match(lower, start)) and (
            gate != "weekday" or BEFORE_WEEKDAY.search(lower, max(0, start - 10), start)
        ):
            places.setdefault(gate, []).append((start, end))
    numeric = [match.span() for match in NUMERIC.finditer(lower)]
    if numeric:
        places["numeric"] = numeric
    return {gate: _joined(sorted(spans), lower, *REACH.get(gate, (BEFORE, AFTER))) for gate, spans in places.items()}


def _joined(spans: list[tuple[int, int]], text: str, before: int, after: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        start = max(0, start - before)
        # Ends at a blank: a pattern takes the end of its window for the end of the text.
        end = text.find(" ", end + after)
        end = len(text) if end < 0 else end
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _beside_month(lower: str, start: int) -> list[str]:
    """The gates that a month's name there opens; none if it is part of another word, or if nothing makes it a date."""
    name = None if start and lower[start - 1].isalpha() else MONTH.match(lower, start)
    if name is None:
        return []
    end = name.end()
    found = []
    if DIGIT_BEFORE.search(lower, max(0, start - 8), start):
        found.append("day before month")
    if DAY_AFTER.match(lower, end):
        found.append("day after month")
    if YEAR_AFTER.match(lower, end):
        found.append("month and year")
        if MONTH_BEFORE.search(lower, max(0, start - 10), start):
            found.append("months and year")
    if BEFORE_MONTH.search(lower, max(0, start - 14), start) or AFTER_MONTH.match(lower, end):
        found.append("month in words")
    return found
