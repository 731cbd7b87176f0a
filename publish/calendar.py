"""Months as readers count them: a full calendar, so that a month without posts is an empty place and not a missing one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

MONTHS_OF_A_QUARTER = 3


def months(first: str, last: str) -> list[str]:
    """All months from `first` to `last`, as `2024-03`; empty if the one is after the other."""
    year, month = _parts(first)
    end = _parts(last)
    found = []
    while (year, month) <= end:
        found.append(f"{year:04}-{month:02}")
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found


@lru_cache(maxsize=4096)
def quarter(month: str) -> str:
    """The quarter of a month, as `2024 Q1`."""
    year, number = _parts(month)
    return f"{year:04} Q{(number - 1) // MONTHS_OF_A_QUARTER + 1}"


@lru_cache(maxsize=64)
def quarters(first: str, last: str) -> tuple[str, ...]:
    """All quarters from that of one month to that of the other."""
    return tuple(dict.fromkeys(quarter(month) for month in months(first, last)))


def sums(counts: Mapping[str, int | None], of: Callable[[str], str]) -> dict[str, int]:
    """Counts of months added up by what `of` makes of a month (e.g. `quarter`); those that are not known are left out."""
    found: dict[str, int] = {}
    for month, count in counts.items():
        if count is not None:
            found[of(month)] = found.get(of(month), 0) + count
    return found


def _parts(month: str) -> tuple[int, int]:
    return int(month[:4]), int(month[5:7])
