"""Dates in text: each form with its precision, what is none, and precision and recall on two lists of sentences."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from analysis import dates
from analysis.date_forms import FORMS
from analysis.dates import FoundDate, find_dates
from analysis.periods import ABOUT

POSTED = date(2024, 4, 10)  # a Wednesday
HELD_OUT = Path(__file__).parent / "data" / "dates_held_out.yml"
OTHER_HAND = Path(__file__).parent / "data" / "dates_by_another_hand.txt"
MARK = re.compile(r"\[([^|\]]+)\|(~?)([\d-]+)(?:\.\.([\d-]+))?\]")

# Form, sentence, the words that are the date, first day, last day, precision.
CASES = """
year-month-day | as of 2023-11-01, at once | 2023-11-01 | 2023-11-01 | 2023-11-01 | day
year-month-day | logged 2020/05/06 | 2020/05/06 | 2020-05-06 | 2020-05-06 | day
year-month-day | at 2024-03-21T15:40:22Z | 2024-03-21T15:40:22Z | 2024-03-21 | 2024-03-21 | day
day month year | this 24Jan2022 thread | 24Jan2022 | 2022-01-24 | 2022-01-24 | day
day month year | of 21Mar`24 | 21Mar`24 | 2024-03-21 | 2024-03-21 | day
day month year | of 21Mar'24. | 21Mar'24 | 2024-03-21 | 2024-03-21 | day
day month year | of 21Mar’24! | 21Mar’24 | 2024-03-21 | 2024-03-21 | day
day month year | on 11Apr24 | 11Apr24 | 2024-04-11 | 2024-04-11 | day
day month year | the 5th of May, 2021 | 5th of May, 2021 | 2021-05-05 | 2021-05-05 | day
day month year | 15-Aug-2023 | 15-Aug-2023 | 2023-08-15 | 2023-08-15 | day
day month year | 2 February 2024, twice | 2 February 2024 | 2024-02-02 | 2024-02-02 | day
month day year | March 3rd, 2023 it was | March 3rd, 2023 | 2023-03-03 | 2023-03-03 | day
month day year | Tuesday, Feb. 6, 2024 | Tuesday, Feb. 6, 2024 | 2024-02-06 | 2024-02-06 | day
month day year | October 1 in 2020 | October 1 in 2020 | 2020-10-01 | 2020-10-01 | day
day month | since 1st Feb | 1st Feb | 2024-02-01 | 2024-02-01 | day
day month | 22 Aug was the day | 22 Aug | 2023-08-22 | 2023-08-22 | day
day month | on the 2nd of October. | 2nd of October | 2023-10-02 | 2023-10-02 | day
day month | on 29 Feb | 29 Feb | 2024-02-29 | 2024-02-29 | day
month day | On March 12 it was off | March 12 | 2024-03-12 | 2024-03-12 | day
month day | starting May 1 they pick | May 1 | 2024-05-01 | 2024-05-01 | day
month day | on Dec. 24 | Dec. 24 | 2023-12-24 | 2023-12-24 | day
days of a month | March 21-24, 2023 | March 21-24, 2023 | 2023-03-21 | 2023-03-24 | about
days of a month | March 1 to 3 | March 1 to 3 | 2024-03-01 | 2024-03-03 | about
days before their month | from 3 to 17 March 2023 | 3 to 17 March 2023 | 2023-03-03 | 2023-03-17 | about
days before their month | on the 3rd and 4th of March | 3rd and 4th of March | 2024-03-03 | 2024-03-04 | about
months of a year | Oct/Nov 2022 was bad | Oct/Nov 2022 | 2022-10-01 | 2022-11-30 | about
months of a year | December to January 2023 | December to January 2023 | 2022-12-01 | 2023-01-31 | about
months of two years | since Jan'22-Mar'23 | Jan'22-Mar'23 | 2022-01-01 | 2023-03-31 | about
months of two years | in Dec 2023/Jan 2024 | Dec 2023/Jan 2024 | 2023-12-01 | 2024-01-31 | about
month last | since November last we pay | November last | 2023-11-01 | 2023-11-30 | month
month year | in July of 2021 | July of 2021 | 2021-07-01 | 2021-07-31 | month
month year | Feb-2024 invoice | Feb-2024 | 2024-02-01 | 2024-02-29 | month
month year | around May 2020 | around May 2020 | 2020-05-01 | 2020-05-31 | about
month year | late March 2023 | late March 2023 | 2023-03-21 | 2023-03-31 | about
month of last or this year | in April last year | April last year | 2023-04-01 | 2023-04-30 | month
ordinal in words | since the first of November | first of November | 2023-11-01 | 2023-11-01 | day
week of a month | the first week of March | first week of March | 2024-03-01 | 2024-03-07 | about
week of a month | the last week of June 2022 | last week of June 2022 | 2022-06-24 | 2022-06-30 | about
month 'yy | that Nov`19 post | Nov`19 | 2019-11-01 | 2019-11-30 | month
month 'yy | Nov'23 | Nov'23 | 2023-11-01 | 2023-11-30 | month
month/year | from 2/2024 on | 2/2024 | 2024-02-01 | 2024-02-29 | month
year-month | updated 2023-08 | 2023-08 | 2023-08-01 | 2023-08-31 | month
numeric | charged 8.15.23 | 8.15.23 | 2023-08-15 | 2023-08-15 | day
numeric | on 31/01/2024 | 31/01/2024 | 2024-01-31 | 2024-01-31 | day
numeric | on 02/03/24 | 02/03/24 | 2024-02-03 | 2024-02-03 | day
numeric after a cue | posted on 6/29 | 6/29 | 2023-06-29 | 2023-06-29 | day
numeric | the terms of 01.07.2023 | 01.07.2023 | 2023-07-01 | 2023-07-01 | day
numeric after a cue | as of 9/30 they take it | 9/30 | 2024-09-30 | 2024-09-30 | day
month/day after a deed | enrolled 3/13, out since | 3/13 | 2024-03-13 | 2024-03-13 | day
'yy after a cue | since '19 they do | '19 | 2019-01-01 | 2019-12-31 | year
'yy after a cue | since ’97 | ’97 | 1997-01-01 | 1997-12-31 | year
holiday | Christmas 2021 cost me | Christmas 2021 | 2021-12-20 | 2021-12-26 | about
holiday | on Black Friday 2023 | Black Friday 2023 | 2023-11-24 | 2023-11-24 | day
holiday | Cyber Monday '22 | Cyber Monday '22 | 2022-11-28 | 2022-11-28 | day
holiday | before last Thanksgiving | last Thanksgiving | 2023-11-23 | 2023-11-23 | day
month day | the deadline to object is May 15 | May 15 | 2024-05-15 | 2024-05-15 | day
month after a cue | starting October they charge | October | 2024-10-01 | 2024-10-31 | month
weekday after a cue | on Monday and they swore | Monday | 2024-04-08 | 2024-04-08 | day
year after a cue | since 2018 | 2018 | 2018-01-01 | 2018-12-31 | year
first of two years | from 2018-2020 it was free | 2018 | 2018-01-01 | 2018-12-31 | year
first of two years | in 2018/2019 they began | 2018 | 2018-01-01 | 2018-12-31 | year
second of two years | from 2018-2020 it was free | 2020 | 2020-01-01 | 2020-12-31 | year
second of two years | in 2018/2019 they began | 2019 | 2019-01-01 | 2019-12-31 | year
rough 'yy | circa '18 it was | circa '18 | 2018-01-01 | 2018-12-31 | about
rough 'yy | around '19 it was | around '19 | 2019-01-01 | 2019-12-31 | about
second of two years | from 2019 to 2021 | 2021 | 2021-01-01 | 2021-12-31 | year
year before its thing | the 2022 policy | 2022 | 2022-01-01 | 2022-12-31 | year
year in brackets | an old thread (2017) | 2017 | 2017-01-01 | 2017-12-31 | year
rough year | ca. 2018 | ca. 2018 | 2018-01-01 | 2018-12-31 | about
rough year | sometime in 2021 | sometime in 2021 | 2021-01-01 | 2021-12-31 | about
rough year | ~2018 | ~2018 | 2018-01-01 | 2018-12-31 | about
rough year | approx. 2019 | approx. 2019 | 2019-01-01 | 2019-12-31 | about
part of a year | in early 2021 | early 2021 | 2021-01-01 | 2021-04-30 | about
part of a year | the end of 2022 | the end of 2022 | 2022-09-01 | 2022-12-31 | about
part of a month | by mid-March | mid-March | 2024-03-11 | 2024-03-20 | about
month after a cue | In February it came | February | 2024-02-01 | 2024-02-29 | month
month after a cue | until June | June | 2024-06-01 | 2024-06-30 | month
last month of that name | that old post of last March | last March | 2024-03-01 | 2024-03-31 | month
last month of that name | next May | next May | 2024-05-01 | 2024-05-31 | month
season of a year | Summer 2022 | Summer 2022 | 2022-06-01 | 2022-08-31 | about
season of a year | winter of 2022 | winter of 2022 | 2022-12-01 | 2023-02-28 | about
season of a year | the Spring '21 update | Spring '21 | 2021-03-01 | 2021-05-31 | about
last season of that name | last summer | last summer | 2023-06-01 | 2023-08-31 | about
quarter | Q4 2023 | Q4 2023 | 2023-10-01 | 2023-12-31 | about
quarter and its year in one | in 3Q23 | 3Q23 | 2023-07-01 | 2023-09-30 | about
quarter and its year in one | since 1q 2023 | 1q 2023 | 2023-01-01 | 2023-03-31 | about
quarter after its year | 2023 Q1 | 2023 Q1 | 2023-01-01 | 2023-03-31 | about
decade | in the 1990s | the 1990s | 1990-01-01 | 1999-12-31 | about
day beside the post | Yesterday it was on | Yesterday | 2024-04-09 | 2024-04-09 | day
the other day | the other day | the other day | 2024-04-03 | 2024-04-09 | about
ago | 10 days ago | 10 days ago | 2024-03-31 | 2024-03-31 | day
ago | about two weeks ago | about two weeks ago | 2024-03-24 | 2024-03-30 | about
ago | a few years ago | a few years ago | 2019-04-10 | 2022-04-10 | about
ago | half a year ago | half a year ago | 2023-07-10 | 2024-01-10 | about
ago | 1.5 years ago it began | 1.5 years ago | 2022-07-10 | 2023-01-10 | about
ago | a year and a half ago | a year and a half ago | 2022-07-10 | 2023-01-10 | about
ago | two and a half years ago | two and a half years ago | 2021-07-10 | 2022-01-10 | about
ago | three and a half months ago | three and a half months ago | 2023-12-19 | 2024-01-02 | about
ago | 2 yrs ago they did | 2 yrs ago | 2021-10-10 | 2022-10-10 | about
ago | 6 mos ago | 6 mos ago | 2023-09-25 | 2023-10-25 | about
ago | five years back | five years back | 2018-10-10 | 2019-10-10 | about
ago | one year ago today | one year ago today | 2023-04-10 | 2023-04-10 | day
week, month or year beside the post | last week | last week | 2024-04-01 | 2024-04-07 | about
week, month or year beside the post | last month | last month | 2024-03-01 | 2024-03-31 | month
week, month or year beside the post | last year's rule | last year | 2023-01-01 | 2023-12-31 | year
week, month or year beside the post | last quarter | last quarter | 2024-01-01 | 2024-03-31 | about
part of the present | by the end of the month | the end of the month | 2024-04-21 | 2024-04-30 | about
weekday | last Friday | last Friday | 2024-04-05 | 2024-04-05 | day
weekday | this Friday they switch it | this Friday | 2024-04-12 | 2024-04-12 | day
weekday | this Monday it was on | this Monday | 2024-04-08 | 2024-04-08 | day
weekday after a cue | on Monday | Monday | 2024-04-08 | 2024-04-08 | day
weekday after a cue | by Monday | Monday | 2024-04-15 | 2024-04-15 | day
day of the month | on the 3rd. | the 3rd | 2024-04-03 | 2024-04-03 | day
day of this month | the 30th of last month | the 30th of last month | 2024-03-30 | 2024-03-30 | day
"""
FORM_CASES = [tuple(part.strip() for part in line.split("|")) for line in CASES.strip().splitlines()]

# A kind of negative each.
NO_DATES = {
    "modal verb": "I may sue, and I may 2 or 3 times over.",
    "a walk": "They march 10 boxes over and mar 2 of them.",
    "page": "See page 1 of 3.",
    "post box": "PO Box 2018",
    "opening hours": "open 24/7",
    "count": "sold 2019 units, about 2000 sellers, in 2000 listings",
    "price": "$2,024 and $20.24 and 2019€",
    "order id": "Order 112-2020193-2021024",
    "asin": "B020182019",
    "phone": "206-555-2019",
    "fraction": "for 1/2 price, by 3/4",
    "odds": "50/50 and 9/10 times",
    "version": "version 3.11.22 and v 1.2.20",
    "duration": "30 days to appeal, 3-5 business days, a 90-day return",
    "person": "April from support, and May too",
    "schedule": "Monday to Friday, Sunday delivery, every Tuesday",
    "product": "Office 2019, Galaxy S21",
    "ordinal": "on the 2nd try, second, the form",
    "percent": "up 20.24 % since",
    "case id": "case 20240321, ticket #2019",
    "stars": "on 4/5 stars",
    "sku": "SKU 2020-BLUE-11",
    "numbers of things": "SKU 2019-04, part no. 2019-04-01, item # 04/2019",
    "standard": "ISO 9001:2015",
    "measure": "10.12.14 mm",
    "no such day": "31Feb2022, 2022-13-40, Feb 30, 2023, 29 February 2023, Feb 29, 2023",
    "got back": "I want my 30 days back, and 2 weeks back to back",
    "vague": "one day, these days, some day soon",
    "tiers": "tiers at 3/10/50",
    "inches": 'opened 5/16 inch holes, received 9/16", sent 7/16',
    "holidays": "every Christmas, Black Friday deals, a happy new year",
    "metric": "our OTDR was in the 90s, on time in 97",
    "size of lists": "11 of 2023 emails",
    "months as names": "I asked for April and they sent May",
    "weekdays in pairs": "on Monday and Tuesday we pack",
}


@pytest.mark.parametrize(("form", "sentence", "words", "first", "last", "precision"), FORM_CASES)
def test_a_form_is_found_with_its_precision(
    form: str, sentence: str, words: str, first: str, last: str, precision: str
) -> None:
    found = [
        (
            hit.rule, sentence[hit.start : hit.end], hit.period.first.isoformat(), hit.period.last.isoformat(),
            hit.period.precision,
        )
        for hit in find_dates(sentence, POSTED)
    ]  # fmt: skip
    assert (form, words, first, last, precision) in found


def test_every_form_has_a_case() -> None:
    assert {case[0] for case in FORM_CASES} == {form.name for form in FORMS}


@pytest.mark.parametrize("sentence", NO_DATES.values(), ids=NO_DATES)
def test_what_is_no_date_is_left_alone(sentence: str) -> None:
    assert [(sentence[hit.start : hit.end], hit.rule) for hit in find_dates(sentence, POSTED)] == []


def test_precision_and_recall_on_held_out_sentences() -> None:
    right = found_in_all = wanted_in_all = 0
    for entry in yaml.safe_load(HELD_OUT.read_text(encoding="utf-8")):
        text = entry["text"]
        found = {
            (text[hit.start : hit.end], hit.period.first, hit.period.last, hit.period.precision)
            for hit in find_dates(text, entry.get("posted", POSTED))
        }
        wanted = {tuple(row) for row in entry["dates"]}
        right += len(found & wanted)
        found_in_all += len(found)
        wanted_in_all += len(wanted)
    assert wanted_in_all >= 80
    assert right / found_in_all >= 0.95
    assert right / wanted_in_all >= 0.90


def by_another_hand() -> Iterator[tuple[str, date, list[tuple[int, int, bool, date, date]]]]:
    """Each sentence with the day of the post and its marks: start, end, whether about, first and last day."""
    posted = POSTED
    for line in OTHER_HAND.read_text(encoding="utf-8").splitlines():
        if line.startswith("posted: "):
            posted = date.fromisoformat(line.removeprefix("posted: "))
        elif line and not line.startswith("#"):
            text, place, marks = "", 0, []
            for mark in MARK.finditer(line):
                text += line[place : mark.start()]
                words, about, first, last = mark.groups()
                marks.append((len(text), len(text) + len(words), bool(about), ends(first)[0], ends(last or first)[1]))
                text, place = text + words, mark.end()
            yield text + line[place:], posted, marks


def ends(words: str) -> tuple[date, date]:
    """The first and the last day of a year, a month or a day."""
    numbers = [int(part) for part in words.split("-")]
    year, month = numbers[0], numbers[1] if len(numbers) > 1 else None
    if month is None:
        return date(year, 1, 1), date(year, 12, 31)
    if len(numbers) == 2:
        return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
    return date(*numbers), date(*numbers)


def meets(hit: FoundDate, mark: tuple[int, int, bool, date, date]) -> bool:
    start, end, about, first, last = mark
    if not (hit.start < end and start < hit.end):
        return False
    if about:
        return hit.period.precision == ABOUT and hit.period.first <= last and first <= hit.period.last
    return (hit.period.first, hit.period.last) == (first, last)


def test_precision_and_recall_on_the_sentences_of_another_hand() -> None:
    right = found_in_all = marked_in_all = 0
    for text, posted, marks in by_another_hand():
        found = find_dates(text, posted)
        right += sum(any(meets(hit, mark) for hit in found) for mark in marks)
        found_in_all += len(found)
        marked_in_all += len(marks)
    assert marked_in_all >= 100
    assert right / found_in_all >= 0.95
    assert right / marked_in_all >= 0.90


SENTENCES = [case[1] for case in FORM_CASES] + [*NO_DATES.values()] + [text for text, _, _ in by_another_hand()]


def test_looking_only_where_a_date_can_stand_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    gated = [find_dates(text, POSTED) for text in SENTENCES]
    everywhere = {form.gate for form in FORMS}
    monkeypatch.setattr(dates, "_windows", lambda lower: {gate: [(0, len(lower))] for gate in everywhere})
    for text, found in zip(SENTENCES, gated, strict=True):
        assert find_dates(text, POSTED) == found, text


def test_without_the_day_of_the_post_only_what_names_a_year_is_resolved() -> None:
    sentence = "Yesterday, last March, on March 3, on 6/29 and in March: but 21Mar'24 and 2019-05-01"
    assert [hit.period.first.isoformat() for hit in find_dates(sentence, None)] == ["2024-03-21", "2019-05-01"]


def test_a_forum_that_writes_the_day_first_is_read_so() -> None:
    assert find_dates("on 02/03/2024", POSTED, day_first=True)[0].period.first == date(2024, 3, 2)
    assert find_dates("on 02/28/2024", POSTED, day_first=True)[0].period.first == date(2024, 2, 28)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("since Jan'22-Mar'23", ["Jan'22-Mar'23"]),
        ("It was on half a year ago.", ["half a year ago"]),
        ("from 2018-2020 it was free", ["2018", "2020"]),
    ],
)
def test_no_other_date_is_made_of_parts(sentence: str, words: list[str]) -> None:
    assert [sentence[hit.start : hit.end] for hit in find_dates(sentence, POSTED)] == words


@given(
    st.lists(
        st.sampled_from("24Jan2022|may|of|last|March|2/2024|İ|é|\u200b|‘24|on|the|3rd|20|ago|a few|\n|'|, ".split("|"))
        | st.text(max_size=8), max_size=14,
    ),
    st.dates(min_value=date(1996, 1, 1), max_value=date(2040, 1, 1)) | st.none(),
)  # fmt: skip
def test_any_text_gives_spans_in_it_in_order(parts: list[str], posted: date | None) -> None:
    text = " ".join(parts)
    place = 0
    for hit in find_dates(text, posted):
        assert place <= hit.start < hit.end <= len(text)
        assert hit.period.first <= hit.period.last
        place = hit.end
