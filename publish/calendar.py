"""Months as readers count them: a full calendar, so that a month without posts is an empty place and not a missing one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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


def quarter(month: str) -> str:
    """The quarter of a month, as `2024 Q1`."""
    year, number = _parts(month)
    return f"{year:04} Q{(number - 1) // MONTHS_OF_A_QUARTER + 1}"


def quarters(first: str, last: str) -> list[str]:
    """All quarters from that of one month to that of the other."""
    return list(dict.fromkeys(quarter(month) for month in months(first, last)))


def by_quarter(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts of months added up by quarter."""
    sums: dict[str, int] = {}
    for month, count in counts.items():
        sums[quarter(month)] = sums.get(quarter(month), 0) + count
    return sums


def whole_years(found: Iterable[str], since: str, until: str) -> tuple[str, str]:
    """January of the first year and December of the last in which there is something, `since` and `until` included."""
    known = sorted([*found, since, until])
    return f"{known[0][:4]}-01", f"{known[-1][:4]}-12"


def _parts(month: str) -> tuple[int, int]:
    return int(month[:4]), int(month[5:7])
