"""The forms in which people write dates: a pattern each, and what it means on the day of the post.

Used by `analysis.dates`, which finds them in text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from analysis import periods
from analysis.periods import ABOUT, Period

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NUMBERS: dict[str, float] = dict(
    zip("one two three four five six seven eight nine ten eleven twelve".split(), range(1, 13), strict=True)
)
NUMBERS |= {"a": 1, "an": 1, "half a": 0.5, "fifteen": 15, "twenty": 20, "thirty": 30}
ORDINALS = dict(
    zip(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),
        range(1, 13),
        strict=True,
    )
) | {"fifteenth": 15, "twentieth": 20, "twenty-first": 21, "thirtieth": 30, "thirty-first": 31}
# What vague counts are taken for.
VAGUE = {"a couple of": (1, 3), "a couple": (1, 3), "a few": (2, 5), "few": (2, 5), "some": (2, 5), "several": (3, 8)}
_MONTH = (
    r"(?P<month>jan(?:uary)?|febr?(?:uary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAY = r"(?P<weekday>mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)day"
_LAST_MONTH = _MONTH.replace("?P<month>", "?P<last>")
_OTHER_WEEKDAY = r"(?:on |the )?(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*day"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])(?P<nth>st|nd|rd|th)?"
_NTH = r"the (?P<day>[23]?1st|2?2nd|2?3rd|(?:[4-9]|1\d|2[04-9]|30)th)"
_YEAR = r"(?P<year>19[89]\d|20[0-4]\d)"
_LONG = r"(?=(?:19|20)\d\d)"
_OR_SHORT = r"(?P<year>(?:19[89]|20[0-4])\d|\d\d)"
_OR_SHORT_LAST = _OR_SHORT.replace("?P<year>", "?P<last_year>")
_NUMBER = r"0?[1-9]|[12]\d|3[01]"
_FREE = r"(?<![\w/.$€£#%&+=@\-])(?<!\w')"
_END = r"(?![\w/%$€£]|-\w|[.,:]\d|'\d)"
_HEDGE = (
    r"(?P<hedge>ca\.?|circa|c\.|~|around|about|approx\.?|approximately|roughly|somewhere around"
    r"|some ?time (?:in|around|during|after))"
)
_PART = r"(?P<part>early|mid|late|(?:the )?(?:beginning|start|middle|end) of)(?: in)?[- ]?"
_CUE = r"(?:in|since|from|until|till|before|after|by|during|through|between|as of|dated|year|for)"
# What a number that looks like a year counts.
_THINGS = (
    r"(?!\s+(?:units?|listings?|items?|orders?|pieces?|sellers?|products?|asins?|skus?|boxes|words|characters|dollars"
    r"|bucks|people|steps|buyers|customers|views|posts|replies|pounds|euros|usd|sq|feet|miles|hours|pages|times)\b)"
)
_KINDS = (
    r"(?:version|edition|e-?mail|letter|statement|invoice|polic(?:y|ies)|updates?|threads?|posts?|season|holiday|holidays|agreement|roll-?out|announcements?|changes?"
    r"|terms|rules?|fees?|notice|peak|program(?:me)?|settlement|lawsuit|figures|numbers|tax year|christmas)\b"
)
_COUNT = r"(?P<count>\d{1,2}(?:\.\d)?|" + "|".join(sorted([*NUMBERS, *VAGUE], key=len, reverse=True)) + ")"
SHORT_UNITS = {"wk": "week", "mo": "month", "mth": "month", "yr": "year"}
_UNIT = r"(?P<unit>day|week|month|year|wk|mo|mth|yr)s?\.?"
# A month's name with nothing of a word behind it.
MONTH = re.compile(_MONTH + r"(?![a-z])")
# Before a date without a year: it can lie ahead.
AHEAD = re.compile(
    r"(?:\b(?:deadline|cut-?off|due date|last day)\b[\w ]{0,24} is|start(?:ing|s)?|begin(?:ning|s)?|effective|until|till|by|from|as of|before|due|deadline|ends?|closes?|for|through"
    r"|to|will|next)(?: on)?(?: the)?\W*$",
    re.I,
)
# Days of the year that sellers count by. Christmas is its week.
HOLIDAYS: dict[str, Callable[[int], Period]] = {
    "christmas": lambda year: periods.days(date(year, 12, 20), date(year, 12, 26)),
    "xmas": lambda year: periods.days(date(year, 12, 20), date(year, 12, 26)),
    "new year's eve": lambda year: periods.days(date(year, 12, 31), date(year, 12, 31)),
    "new year's day": lambda year: periods.days(date(year, 1, 1), date(year, 1, 1)),
    "halloween": lambda year: periods.days(date(year, 10, 31), date(year, 10, 31)),
    "thanksgiving": lambda year: periods.nth_weekday(year, 11, 4, 3),
    "black friday": lambda year: periods.nth_weekday(year, 11, 4, 3, after=1),
    "cyber monday": lambda year: periods.nth_weekday(year, 11, 4, 3, after=4),
}
# No marketplace is older.
EARLIEST = 1990
DOTTED = re.compile(r"\d\d\.\d\d\.\d{4}")
VERSION = re.compile(r"(?:version|release|build|firmware|v|model(?: no)?)\.? ?$", re.I)
# What stands after one of these is a thing's number: "SKU 2019-04".
NUMBERED = re.compile(
    r"(?<!\w)(?:sku|asin|fnsku|upc|ean|part|item|lot|batch|serial)(?:[ -](?:no|nr|number|id))?\.?:? ?#? ?$", re.I
)


@dataclass(frozen=True)
class Match:
    """A match in the text's small letters, with what its form needs to be resolved. `text` is as written."""

    match: re.Match[str]
    text: str
    posted: date | None
    day_first: bool

    def get(self, name: str) -> str:
        """What a named part of the pattern matched; empty if nothing."""
        return self.match.groupdict().get(name) or ""

    @property
    def span(self) -> tuple[int, int]:
        """Where the date stands: the group `date`, or all of the match."""
        return self.match.span("date" if "date" in self.match.re.groupindex else 0)

    @property
    def ahead(self) -> bool:
        """Whether the words before it let the date lie ahead of the post."""
        return self.follows(AHEAD)

    def follows(self, words: re.Pattern[str]) -> bool:
        """Whether such words stand right before it."""
        start = self.span[0]
        return words.search(self.text, max(0, start - 24), start) is not None

    @property
    def small_month(self) -> bool:
        """Whether the month's name is, in small letters, another word too."""
        return self.text[slice(*self.match.span("month"))] in ("may", "march", "mar")

    @property
    def month(self) -> int:
        return MONTHS.index(self.get("month")[:3]) + 1

    @property
    def day(self) -> int:
        words = self.get("day")
        return ORDINALS[words] if words in ORDINALS else int(re.sub(r"\D", "", words))

    @property
    def states_year(self) -> bool:
        return bool(self.get("year") or self.get("short"))

    @property
    def year(self) -> int:
        return _full_year(int(self.get("year") or self.get("short")), self.posted)

    def nearest(self, options: list[Period | None]) -> Period | None:
        """The option that people would mean: the latest past one, or (where the words look ahead) the nearest."""
        posted = self.posted
        found = [option for option in options if option is not None]
        if posted is None or not found:
            return None
        if self.ahead:
            return min(found, key=lambda option: abs((option.first - posted).days))
        # Posts are dated in UTC; their writers' tomorrow may be today.
        past = [option for option in found if option.first <= posted + timedelta(days=1)]
        return max(past, key=lambda option: option.first, default=None)


def _full_year(number: int, posted: date | None) -> int:
    if number >= 100:
        return number
    latest = (posted.year if posted else 2030) + 5
    return 2000 + number if 2000 + number <= latest else 1900 + number


def _years(at: Match) -> range:
    return range(at.posted.year - 1, at.posted.year + 2) if at.posted else range(0)


def _named_day(at: Match) -> Period | None:
    return periods.day(at.year, at.month, at.day)


def _day_of_some_year(at: Match) -> Period | None:
    # "I may 2 of them", "we march 10 boxes over": a month needs its capital, or an ordinal beside it.
    if at.small_month and not at.get("nth"):
        return None
    return at.nearest([periods.day(number, at.month, at.day) for number in _years(at)])


def _ordinal_day(at: Match) -> Period | None:
    return at.nearest([periods.day(number, at.month, at.day) for number in _years(at)])


def _month_of_year(at: Match) -> Period | None:
    return _qualified(at, periods.month(at.year, at.month))


def _month_of_some_year(at: Match) -> Period | None:
    if at.small_month and at.get("which") not in ("last", "next", "past"):
        return None
    found = [periods.month(number, at.month) for number in _years(at)]
    if at.posted and at.get("which") in ("last", "past", "this past"):
        found = [option for option in found if option.last < at.posted]
        return max(found, key=lambda option: option.first)
    if at.posted and at.get("which") == "next":
        return min((option for option in found if option.first > at.posted), key=lambda option: option.first)
    period = at.nearest(list(found))
    return _qualified(at, period) if period else None


def _year_alone(at: Match) -> Period | None:
    return _qualified(at, periods.year(at.year))


def _qualified(at: Match, period: Period) -> Period:
    if at.get("part"):
        return periods.part(period, _part(at.get("part")))
    return period.roughly() if at.get("hedge") else period


def _part(words: str) -> str:
    for name, others in (("early", ("early", "beginning", "start")), ("mid", ("mid",))):
        if any(other in words for other in others):
            return name
    return "late"


def _days_of_month(at: Match) -> Period | None:
    numbers = [at.year] if at.states_year else _years(at)
    found = []
    for number in numbers:
        first, last = periods.day(number, at.month, at.day), periods.day(number, at.month, int(at.get("last")))
        found.append(periods.days(first.first, last.last) if first and last and first.first < last.first else None)
    return found[0] if at.get("year") else at.nearest(found)


def _months_of_year(at: Match) -> Period | None:
    """Of two months the year stands behind the second."""
    count = (MONTHS.index(at.get("last")[:3]) + 1 - at.month) % 12 + 1
    first_year = at.year - (at.month + count - 1 > 12)
    return periods.months(first_year, at.month, count) if count > 1 else None


def _months_of_two_years(at: Match) -> Period | None:
    years = _full_year(int(at.get("last_year")), at.posted) - at.year
    count = years * 12 + MONTHS.index(at.get("last")[:3]) + 1 - at.month + 1
    return periods.months(at.year, at.month, count) if count > 1 else None


def _month_of_year_beside(at: Match) -> Period | None:
    return periods.month(at.posted.year - (at.get("which") == "last"), at.month) if at.posted else None


def _week_of_month(at: Match) -> Period | None:
    whole = (
        periods.month(at.year, at.month)
        if at.get("year")
        else at.nearest([periods.month(y, at.month) for y in _years(at)])
    )
    if whole is None:
        return None
    if at.get("week") == "last":
        return periods.days(whole.last - timedelta(days=6), whole.last)
    first = whole.first + timedelta(days=7 * (("first", "second", "third", "fourth").index(at.get("week"))))
    return periods.days(first, first + timedelta(days=6))


def _iso(at: Match) -> Period | None:
    return None if at.follows(NUMBERED) else periods.day(at.year, int(at.get("m")), at.day)


def _numeric_month(at: Match) -> Period | None:
    return None if at.follows(NUMBERED) else periods.month(at.year, int(at.get("m")))


def _numeric(at: Match) -> Period | None:
    if at.year < EARLIEST or at.follows(VERSION):
        return None
    return periods.day(at.year, *_ordered(at))


def _numeric_of_some_year(at: Match) -> Period | None:
    return at.nearest([periods.day(number, *_ordered(at)) for number in _years(at)])


def _ordered(at: Match) -> tuple[int, int]:
    """Month and day: as the forum's country writes them, unless only the other order is a date."""
    first, second = int(at.get("first")), int(at.get("second"))
    # 01.07.2023 with its dots and noughts is how Europe writes the first of July, on any forum.
    european = DOTTED.fullmatch(at.match[0]) is not None
    if first > 12 or ((at.day_first or european) and second <= 12):
        first, second = second, first
    return first, second


def _season(at: Match) -> Period | None:
    name = at.get("season")
    if at.states_year:
        return periods.season(name, at.year)
    found = [periods.season(name, number) for number in _years(at)]
    posted = at.posted
    if posted is None:
        return None
    if at.get("which") == "last":
        return max((option for option in found if option.last < posted), key=lambda option: option.first, default=None)
    return min(found, key=lambda option: abs((option.first - posted).days))


def _holiday(at: Match) -> Period | None:
    days = HOLIDAYS[at.get("holiday")]
    if at.states_year:
        return days(at.year)
    if at.posted is None or at.get("which") != "last":
        return None
    return max(
        (found for number in _years(at) if (found := days(number)).last < at.posted), key=lambda found: found.first
    )


def _quarter(at: Match) -> Period | None:
    return periods.months(at.year, int(at.get("quarter")) * 3 - 2, 3)


def _decade(at: Match) -> Period | None:
    number = int(at.get("decade"))
    return Period(date(number, 1, 1), date(number + 9, 12, 31), ABOUT)


def _near(at: Match) -> Period | None:
    if at.posted is None:
        return None
    back = {"yesterday": 1, "the day before yesterday": 2, "last night": 1, "tomorrow": -1}.get(at.get("word"), 0)
    found = at.posted - timedelta(days=back)
    return periods.days(found, found)


def _recently(at: Match) -> Period | None:
    return periods.days(at.posted - timedelta(days=7), at.posted - timedelta(days=1)) if at.posted else None


def _ago(at: Match) -> Period | None:
    if at.posted is None:
        return None
    count, unit = at.get("count"), SHORT_UNITS.get(at.get("unit"), at.get("unit"))
    if count in VAGUE:
        least, most = VAGUE[count]
        return Period(_back(at.posted, most, unit), _back(at.posted, least, unit), ABOUT)
    number = NUMBERS[count] if count in NUMBERS else float(count)
    number += 0.5 if at.get("half") or at.get("half_more") else 0
    found = _back(at.posted, number, unit)
    if at.get("exact") or (unit == "day" and not at.get("hedge")):
        return periods.days(found, found)
    # Half a unit either way; who counts in halves, or in tenths, means it more closely.
    share = 2 if number == int(number) else 4
    if unit == "year":
        return Period(periods.months_before(found, 12 // share), periods.months_before(found, -12 // share), ABOUT)
    either = timedelta(days={"day": 2, "week": 7 // share, "month": 30 // share}[unit])
    return Period(found - either, found + either, ABOUT)


def _back(posted: date, count: float, unit: str) -> date:
    if unit in ("day", "week"):
        return posted - timedelta(days=int(count * (7 if unit == "week" else 1)))
    whole, rest = divmod(count * (12 if unit == "year" else 1), 1)
    return periods.months_before(posted, int(whole)) - timedelta(days=int(rest * 30))


def _calendar(at: Match) -> Period | None:
    if at.posted is None:
        return None
    by = {"this": 0, "next": 1}.get(at.get("which"), -1)
    unit = at.get("unit")
    if unit == "week":
        return periods.week(at.posted, by)
    if unit == "weekend":
        found = periods.week(at.posted, by)
        return Period(found.last - timedelta(days=1), found.last, ABOUT)
    if unit == "month":
        return periods.month(*periods.shifted(at.posted.year, at.posted.month, by))
    if unit == "quarter":
        first = (at.posted.month - 1) // 3 * 3 + 1
        return periods.months(*periods.shifted(at.posted.year, first, by * 3), 3)
    return periods.year(at.posted.year + by)


def _part_of_present(at: Match) -> Period | None:
    if at.posted is None:
        return None
    whole = (
        periods.month(at.posted.year, at.posted.month) if at.get("unit") == "month" else periods.year(at.posted.year)
    )
    return periods.part(whole, _part(at.get("part")))


def _weekday(at: Match) -> Period | None:
    if at.posted is None:
        return None
    number = WEEKDAYS.index(at.get("weekday")[:3])
    if at.get("which") == "this":
        found = periods.week(at.posted).first + timedelta(days=number)
        return periods.days(found, found)
    back = (at.posted.weekday() - number) % 7 or 7
    if at.get("which") in ("next", "this coming", "by", "until", "till", "before"):
        back -= 7
    found = at.posted - timedelta(days=back)
    return periods.days(found, found)


def _day_of_some_month(at: Match) -> Period | None:
    if at.posted is None:
        return None
    wanted = {"this": (0,), "last": (-1,), "next": (1,)}.get(at.get("which"), (-1, 0, 1))
    found = [periods.day(*periods.shifted(at.posted.year, at.posted.month, by), at.day) for by in wanted]
    return found[0] if len(found) == 1 else at.nearest(found)


@dataclass(frozen=True)
class Form:
    """A way to write a date. `gate`: a kind of literals, one of which every match holds.

    The pattern is for text in small letters; the date is its group `date`, or all of the match.
    """

    name: str
    gate: str
    pattern: re.Pattern[str]
    resolve: Callable[[Match], Period | None]

    @property
    def whole(self) -> bool:
        """Whether no part is a date where the whole is none: there is no 29 February 2023, and no month is meant."""
        return self.resolve is _named_day


def _form(name: str, gate: str, pattern: str, resolve: Callable[[Match], Period | None]) -> Form:
    return Form(name, gate, re.compile(pattern), resolve)


_GLUED = rf"(?:[-/., ]{{1,2}}(?:of )?{_LONG}|[-,. ]{{0,2}}' ?(?=\d)|-(?=\d\d)|(?<=[a-z])(?=\d)){_OR_SHORT}"
_OF_YEAR = rf"(?: ?'(?=\d\d(?!\d))|[ /-]{_LONG})"
_ON_WEEKDAY = rf"(?:{_WEEKDAY},? (?:the )?)?"
_DMY = rf"(?P<first>{_NUMBER})(?P<sep>[/.-])(?P<second>{_NUMBER})(?P=sep)"
FORMS = (
    _form(
        "year-month-day",
        "year",
        rf"{_FREE}{_YEAR}(?P<sep>[-/.])(?P<m>0?[1-9]|1[0-2])(?P=sep){_DAY}(?:t[\d:.]+z?)?{_END}",
        _iso,
    ),
    _form(
        "day month year",
        "day before month",
        rf"{_FREE}{_ON_WEEKDAY}{_DAY}(?: ?[-./]? ?| of )(?:of )?{_MONTH}\.?{_GLUED}{_END}",
        _named_day,
    ),
    _form(
        "month day year",
        "month and year",
        rf"{_FREE}{_ON_WEEKDAY}{_MONTH}\.?[ -]?{_DAY}(?: ?,? ?(?:of |in )?(?<!\d){_LONG}|-{_LONG}|,? ?'(?=\d\d)){_OR_SHORT}{_END}",
        _named_day,
    ),
    _form(
        "day month",
        "day before month",
        rf"{_FREE}{_ON_WEEKDAY}{_DAY}(?: ?-? ?| of ){_MONTH}(?![a-z])(?!\.?,? ?'?\d)(?!-\w)",
        _day_of_some_year,
    ),
    _form(
        "month day",
        "day after month",
        rf"{_FREE}{_ON_WEEKDAY}{_MONTH}\.? ?{_DAY}{_END}{_THINGS}(?! ?%)",
        _day_of_some_year,
    ),
    _form(
        "days of a month",
        "day after month",
        rf"{_FREE}{_MONTH}\.? {_DAY} ?(?:-|to|through|until) ?(?P<last>{_NUMBER})(?:st|nd|rd|th)?(?:,? {_YEAR})?{_END}",
        _days_of_month,
    ),
    _form(
        "days before their month",
        "day before month",
        rf"{_FREE}{_DAY} ?(?:-|to|through|until|and|&) ?(?P<last>{_NUMBER})(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? {_YEAR})?(?![a-z]|\.?,? ?'?\d)",
        _days_of_month,
    ),
    _form(
        "months of a year",
        "months and year",
        rf"{_FREE}{_MONTH}\.? ?(?:-|/|to|through|until|and|&) ?{_LAST_MONTH}\.?(?: of |, ?| ){_YEAR}{_END}",
        _months_of_year,
    ),
    _form(
        "months of two years",
        "month and year",
        rf"{_FREE}{_MONTH}\.?{_OF_YEAR}{_OR_SHORT} ?[-/] ?{_LAST_MONTH}\.?{_OF_YEAR}{_OR_SHORT_LAST}{_END}",
        _months_of_two_years,
    ),
    _form(
        "month year",
        "month and year",
        rf"{_FREE}(?P<date>(?:{_HEDGE} ?)?(?:{_PART})?{_MONTH}\.?(?: of | in |, ?|[-/ ]){_YEAR}){_END}",
        _month_of_year,
    ),
    _form(
        "month of last or this year",
        "month in words",
        rf"{_FREE}{_MONTH}(?: of)? (?P<which>last|this) year(?!\w|-)",
        _month_of_year_beside,
    ),
    _form(
        "month last",
        "month in words",
        rf"(?<!\w)(?:in|since|until|till|before|after|from|by|of) (?P<date>{_MONTH} (?P<which>last))(?! ?\w*(?:year|week|month|time|night|day|one|thing|resort))",
        _month_of_some_year,
    ),
    _form(
        "ordinal in words",
        "month in words",
        rf"(?<!\w)(?P<day>{'|'.join(sorted(ORDINALS, key=len, reverse=True))})(?P<nth>) (?:day )?of {_MONTH}(?![a-z])(?!\.?,? ?'?\d)",
        _ordinal_day,
    ),
    _form(
        "week of a month",
        "month in words",
        rf"(?<!\w)(?P<week>first|second|third|fourth|last) week (?:or so )?(?:of|in) {_MONTH}(?:,? {_YEAR})?(?![a-z]|\.?,? ?'?\d)",
        _week_of_month,
    ),
    _form(
        "month 'yy",
        "month and year",
        rf"{_FREE}(?P<date>(?:{_HEDGE} ?)?(?:{_PART})?{_MONTH}\.? ?'(?P<year>\d\d)){_END}",
        _month_of_year,
    ),
    _form("month/year", "numeric", rf"{_FREE}(?P<m>0?[1-9]|1[0-2])/{_YEAR}{_END}", _numeric_month),
    _form("year-month", "year", rf"{_FREE}{_YEAR}-(?P<m>0[1-9]|1[0-2]){_END}", _numeric_month),
    _form(
        "numeric",
        "numeric",
        rf"{_FREE}{_DMY}(?P<year>(?:19[89]|20[0-4])\d|(?<!-)\d\d){_END}(?! ?(?:mm|cm|in|inch|inches)\b)",
        _numeric,
    ),
    _form(
        "numeric after a cue",
        "numeric",
        rf"(?<!\w)(?:on|by|since|from|until|till|before|after|as of|dated|effective|starting|through) (?P<date>(?!(?:1/[2-4]|2/3|3/4)\b)(?P<first>{_NUMBER})/(?P<second>{_NUMBER})){_END}(?! ?(?:stars?|price|of|off|inch)\b)",
        _numeric_of_some_year,
    ),
    # Only days that no month has the number of; and sixteenths are inches.
    _form(
        "month/day after a deed",
        "numeric",
        rf"(?<!\w)(?:enroll?ed|charged|noticed|posted|opened|closed|sent|received|refunded|called|edited|updated|started|ended|billed|cancel+ed|opted (?:in|out))(?: again)? (?P<date>(?P<first>0?[1-9]|1[0-2])/(?P<second>1[3-57-9]|2\d|3[01])){_END}(?! ?(?:stars?|of|off|price|scale)\b)",
        _numeric_of_some_year,
    ),
    _form("year after a cue", "year", rf"(?<!\w){_CUE} (?:the )?(?P<date>{_YEAR}){_END}{_THINGS}", _year_alone),
    _form(
        "first of two years",
        "year",
        rf"(?<!\w){_CUE} (?:the )?(?P<date>{_YEAR})(?=[-/](?:19|20)\d\d{_END}{_THINGS})",
        _year_alone,
    ),
    _form(
        "second of two years",
        "year",
        rf"(?<!\w){_CUE} (?:the )?(?:19|20)\d\d ?(?:to|and|until|through|-|/) ?(?P<date>{_YEAR}){_END}{_THINGS}",
        _year_alone,
    ),
    _form(
        "'yy after a cue",
        "short year",
        r"(?<!\w)(?:in|since|from|until|till|before|after|by|during|of|back in) (?P<date>'(?P<year>[0129]\d))(?![\w'%]|\.\d)"
        + _THINGS,
        _year_alone,
    ),
    _form(
        "rough 'yy",
        "short year",
        rf"{_FREE}(?P<date>{_HEDGE} ?'(?P<year>[0129]\d))(?![\w'%]|\.\d){_THINGS}",
        _year_alone,
    ),
    _form("year before its thing", "year", rf"{_FREE}(?P<date>{_YEAR})(?:'s)?(?= {_KINDS})", _year_alone),
    _form("year in brackets", "year", rf"(?<=[(\[]){_YEAR}(?=[)\]])", _year_alone),
    _form("rough year", "year", rf"{_FREE}(?P<date>{_HEDGE} ?{_YEAR}){_END}{_THINGS}", _year_alone),
    _form("part of a year", "year", rf"{_FREE}(?P<date>{_PART}{_YEAR}){_END}{_THINGS}", _year_alone),
    _form(
        "part of a month",
        "month in words",
        rf"{_FREE}(?P<date>{_PART}{_MONTH})(?![a-z]|\.? ?'?\d)",
        _month_of_some_year,
    ),
    _form(
        "month after a cue",
        "month in words",
        rf"(?<!\w)(?:in|since|until|till|during|through|before|after|from|by|of|starting|beginning|effective|for(?! (?:april|may|june|august|mar))) (?P<date>{_MONTH})(?![a-z]|\.?,? ?'?\d|-)",
        _month_of_some_year,
    ),
    _form(
        "last month of that name",
        "month in words",
        rf"(?<!\w)(?P<which>last|this past|past|this|next) {_MONTH}(?![a-z]|\.? ?'?\d)",
        _month_of_some_year,
    ),
    _form(
        "season of a year",
        "season",
        rf"{_FREE}(?P<season>spring|summer|autumn|fall|winter)(?:(?: of|,)? {_YEAR}|,? '(?P<short>\d\d)){_END}",
        _season,
    ),
    _form(
        "last season of that name",
        "season",
        r"(?<!\w)(?P<which>last|this) (?P<season>spring|summer|autumn|fall|winter)(?!\w)",
        _season,
    ),
    _form(
        "quarter",
        "quarter",
        rf"{_FREE}q(?P<quarter>[1-4])(?:[-/ ]| of |,? )?'?(?P<year>20[0-4]\d|(?<=')\d\d){_END}",
        _quarter,
    ),
    _form("quarter after its year", "quarter", rf"{_FREE}{_YEAR}[- ]?q(?P<quarter>[1-4])(?!\w)", _quarter),
    _form(
        "quarter and its year in one",
        "quarter",
        rf"{_FREE}(?P<quarter>[1-4])q(?:[- ](?=20)|'?)(?P<year>20[0-4]\d|\d\d){_END}",
        _quarter,
    ),
    _form(
        "holiday",
        "holiday",
        rf"(?<!\w)(?:(?P<which>last|this) )?(?P<holiday>{'|'.join(HOLIDAYS)})(?:(?: of|,)? {_YEAR}| '(?P<short>\d\d))?(?![\w'-])",
        _holiday,
    ),
    _form("decade", "decade", r"(?<!\w)(?:the )?(?P<decade>(?:19[89]|20[0-2])0)'?s(?!\w)", _decade),
    _form(
        "day beside the post",
        "near",
        r"(?<!\w)(?P<word>the day before yesterday|yesterday|last night|today|tomorrow|this morning|tonight)(?!\w|'s|-)",
        _near,
    ),
    _form("the other day", "near", r"(?<!\w)the other day(?!\w)", _recently),
    _form(
        "ago",
        "ago",
        # Not "I want my 30 days back", "two years back to back".
        rf"(?<![\w.])(?<!my )(?P<date>(?:{_HEDGE} )?{_COUNT}(?P<half> and a half)? {_UNIT}(?P<half_more> and a half)?"
        r" (?:ago(?P<exact> today)?|back(?! (?:and|to|in|into|from|for)\b)))(?!\w)",
        _ago,
    ),
    _form(
        "week, month or year beside the post",
        "calendar",
        r"(?<!\w)(?<!the )(?P<which>last|this|next) (?P<unit>weekend|week|month|quarter|year)(?!\w|-)",
        _calendar,
    ),
    _form(
        "part of the present",
        "present",
        rf"{_FREE}(?P<date>{_PART}(?:the|this) (?P<unit>month|year))(?!\w|-)",
        _part_of_present,
    ),
    _form(
        "weekday",
        "weekday",
        rf"(?<!\w)(?P<date>(?P<which>last|this past|next|this coming|this) {_WEEKDAY})(?!\w)",
        _weekday,
    ),
    _form(
        "weekday after a cue",
        "weekday",
        rf"(?<!\w)(?:(?P<which>by|until|till|before)|on|since) (?P<date>{_WEEKDAY})(?!\w|-| (?:to|through|deliver|pickup)| (?:and|or) (?:{_OTHER_WEEKDAY})|,? (?:{_MONTH}|\d))",
        _weekday,
    ),
    _form(
        "day of the month",
        "nth",
        rf"(?<!\w)(?:on|by|since|before|after|until|till|from|dated) (?P<date>{_NTH})(?= ?[.,;:!?)]| ?$| (?:and|but|they|i|we|it|at|that|when)\b)",
        _day_of_some_month,
    ),
    _form("day of this month", "nth", rf"(?<!\w){_NTH} of (?P<which>this|last|next) month(?!\w)", _day_of_some_month),
)
