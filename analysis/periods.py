"""Stretches of days that words of time can mean, and how exactly they say it."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

DAY, MONTH, YEAR, ABOUT = "day", "month", "year", "about"
SEASONS = {"spring": 3, "summer": 6, "fall": 9, "autumn": 9, "winter": 12}
# Months, and days of a month, that "early", "mid" and "late" stand for.
PARTS_OF_YEAR = {"early": (1, 4), "mid": (5, 8), "late": (9, 12)}
PARTS_OF_MONTH = {"early": (1, 10), "mid": (11, 20), "late": (21, 31)}


@dataclass(frozen=True)
class Period:
    """The days from `first` to `last`, both included.

    `precision`: `day`, `month`, `year`, or `about`: a stretch that is none of these (a week, a season, "early 2021"), or
    that the writer himself calls rough ("ca. 2018", "a few years ago").
    """

    first: date
    last: date
    precision: str

    def roughly(self) -> Period:
        return Period(self.first, self.last, ABOUT)


def day(year: int, month: int, number: int) -> Period | None:
    """A day; None if the calendar has no such day."""
    try:
        found = date(year, month, number)
    except ValueError:
        return None
    return Period(found, found, DAY)


def days(first: date, last: date) -> Period:
    return Period(first, last, DAY if first == last else ABOUT)


def month(year: int, number: int) -> Period:
    return Period(date(year, number, 1), date(year, number, calendar.monthrange(year, number)[1]), MONTH)


def year(number: int) -> Period:
    return Period(date(number, 1, 1), date(number, 12, 31), YEAR)


def months(first_year: int, first_month: int, count: int) -> Period:
    """So many whole months from that one on."""
    last_year, last_month = shifted(first_year, first_month, count - 1)
    return Period(date(first_year, first_month, 1), month(last_year, last_month).last, ABOUT)


def part(period: Period, name: str) -> Period:
    """The early, mid or late part of a year or a month."""
    first = period.first
    if period.precision == YEAR:
        begin, end = PARTS_OF_YEAR[name]
        return months(first.year, begin, end - begin + 1)
    begin, end = PARTS_OF_MONTH[name]
    return Period(first.replace(day=begin), first.replace(day=min(end, period.last.day)), ABOUT)


def season(name: str, in_year: int) -> Period:
    """Three months by the weather; a winter begins in December of its year."""
    return months(in_year, SEASONS[name], 3)


def nth_weekday(in_year: int, in_month: int, nth: int, weekday: int, *, after: int = 0) -> Period:
    """The nth Monday (`weekday` 0) to Sunday (6) of a month, or the day so many days after it."""
    first = date(in_year, in_month, 1)
    found = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1) + after)
    return Period(found, found, DAY)


def week(around: date, weeks: int = 0) -> Period:
    """Monday to Sunday of the week that lies `weeks` after that of `around`."""
    monday = around - timedelta(days=around.weekday()) + timedelta(weeks=weeks)
    return Period(monday, monday + timedelta(days=6), ABOUT)


def shifted(in_year: int, in_month: int, by: int) -> tuple[int, int]:
    """Year and month, so many months on (or back, if negative)."""
    place = in_year * 12 + in_month - 1 + by
    return place // 12, place % 12 + 1


def months_before(moment: date, count: int) -> date:
    """The same day so many months earlier, or the last one of that month."""
    in_year, in_month = shifted(moment.year, moment.month, -count)
    return date(in_year, in_month, min(moment.day, calendar.monthrange(in_year, in_month)[1]))
