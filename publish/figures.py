"""Charts of this site's numbers: what is drawn, what is said with it, and the numbers behind it.

A month without a number is one that the archive does not cover: it is hatched in charts, a gap in small ones, and `not
known` in tables. Nothing may take it for a month in which nothing was written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from markupsafe import Markup

from publish import charts, wording
from publish.calendar import months, quarter, quarters, sums

# The archive is about what happened since; charts begin here, or earlier where there is something earlier.
SINCE = "2018-01"
UNKNOWN = "not known"
MONTHLY, QUARTERLY = "by month", "by quarter"
Row = Mapping[str, Any]
# What is counted, by month; None where it is not known.
Counts = Mapping[str, int | None]


@dataclass(frozen=True)
class Figure:
    """A chart for wide and narrow screens (`periods` says what the bars of each are), its caption, and its numbers as a
    table (`columns`, `rows`). `band` are the colours of the band of modes, by what they mean; `gaps`: some are unknown."""

    name: str
    title: str
    periods: tuple[str, str]
    wide: Markup
    narrow: Markup
    legend: tuple[tuple[str, str], ...]
    band: tuple[tuple[str, str], ...]
    gaps: bool
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    csv: str


@dataclass(frozen=True)
class Kind:
    """A layer of a chart before it is laid on a calendar: counts by month."""

    label: str
    kind: str
    counts: Counts


def by_month(
    name: str,
    title: str,
    layers: Sequence[Kind],
    *,
    until: str,
    csv: str,
    history: Sequence[Row] = (),
    height: int = 190,
) -> Figure:
    """Stacked counts by month from 2018 (or the first month with any) to that of `until` (or the latest with any).

    All layers know the same months. `history` (rows of `program_modes`) becomes numbered events and a band of modes.
    """
    known = _known(layers[0].counts)
    found = [month for layer in layers for month, count in layer.counts.items() if count]
    dated = [mode["date"][:7] for mode in history if mode["date"] and len(mode["date"]) >= 7]
    first, last = min([*found, *dated, SINCE]), max([*found, *dated, until[:7]])
    calendar = months(f"{first[:4]}-01", last)
    total = sum(count or 0 for layer in layers for count in layer.counts.values())
    busiest = max(found, key=lambda month: sum(layer.counts.get(month) or 0 for layer in layers), default=None)
    described = f"{total:,} in all" + (f", most in {busiest}." if busiest else ".")
    if history:
        described += (
            " Numbered lines mark changes of the program; the band under the axis shows how sellers came into it."
        )

    def drawn(places: Sequence[str], of: Callable[[str], str], width: int, period: str) -> Markup:
        added = [sums(layer.counts, of) for layer in layers]
        covered = {of(month) for month in known}
        suffix = "q" if period == QUARTERLY else "m"
        return charts.bars(
            places, [charts.Layer(layer.label, layer.kind, [found.get(p, 0) for p in places])
                     for layer, found in zip(layers, added, strict=True)],
            name=f"{name}-{suffix}", title=f"{title}, {period}",
            description=f"Bars {period} from {places[0]} to {places[-1]}. {described}{_gap_words(places, covered)}",
            events=_events(history, places, of), stretches=_stretches(history, places, of),
            unknown=_gaps(places, covered), width=width, height=height,
        )  # fmt: skip

    return Figure(
        name, title, (MONTHLY, QUARTERLY),
        drawn(calendar, lambda month: month, charts.WIDE, MONTHLY),
        drawn(quarters(calendar[0], last), quarter, charts.NARROW, QUARTERLY),
        tuple((layer.label, layer.kind) for layer in layers),
        tuple({f"mode-{mode['mode']}": wording.word(wording.MODES, mode["mode"]) for mode in history}.items()),
        len(known.intersection(calendar)) < len(calendar),
        ("month", *(layer.label for layer in layers)),
        tuple(_table(calendar, known, [layer.counts for layer in layers])),
        csv,
    )  # fmt: skip


def rates(name: str, title: str, posts: Counts, held: Counts, *, until: str, csv: str) -> Figure:
    """How many of a thousand held posts, by quarter, on the calendar of `by_month`. The table has the two numbers that
    each rate is made of."""
    known = _known(posts)
    found = [month for month, count in posts.items() if count]
    first, last = min([*found, SINCE]), max([*found, until[:7]])
    places = quarters(f"{first[:4]}-01", last)
    tops, bottoms = sums(posts, quarter), sums({month: held.get(month) for month in known}, quarter)
    # Of nothing there is no rate, but it is known that there was nothing.
    values = {p: 1000.0 * tops[p] / bottoms[p] for p in tops if bottoms.get(p)}
    highest = max(values, key=lambda p: values[p], default=None)
    described = f"{charts.number(values[highest])} of 1,000 posts at most, in {highest}." if highest else "None."

    def drawn(width: int, suffix: str) -> Markup:
        return charts.bars(
            places, [charts.Layer("of 1,000 posts held", "rates", [values.get(p, 0.0) for p in places])],
            name=f"{name}-{suffix}", title=f"{title}, by quarter",
            description=f"Bars by quarter from {places[0]} to {places[-1]}. {described}{_gap_words(places, tops)}",
            unknown=_gaps(places, tops), width=width, height=130,
        )  # fmt: skip

    return Figure(
        name, title, (QUARTERLY, QUARTERLY), drawn(charts.WIDE, "m"), drawn(charts.NARROW, "q"), (), (),
        len(tops) < len(places), ("quarter", "posts", "of posts held", "of 1,000"),
        tuple(
            (p, f"{tops[p]:,}", f"{bottoms.get(p, 0):,}", charts.number(values[p]) if p in values else "–") if p in tops
            else (p, UNKNOWN, UNKNOWN, UNKNOWN) for p in places
        ),
        csv,
    )  # fmt: skip


def spark(counts: Counts, until: str, what: str) -> Markup:
    """Counts by month as a small chart by quarter since 2018."""
    places = quarters(SINCE, max(until[:7], SINCE))
    added = sums(counts, quarter)
    before = sum(count for place, count in added.items() if place < places[0])
    said = f"{what}: {sum(added.values()):,} posts by quarter, {places[0][:4]} to {places[-1][:4]}"
    gaps = _gaps(places, {quarter(month) for month in _known(counts)})
    said += f", and {before:,} before" if before else ""
    return charts.sparkline(
        [added.get(p, 0) for p in places],
        title=said + (f"; {len(gaps)} quarters not known" if gaps else ""),
        unknown=gaps,
    )


def small_multiples(groups: Sequence[tuple[str, str, Counts]], *, name: str, until: str) -> list[dict[str, Any]]:
    """Charts of equal axes for comparison, by quarter: (label, address, counts by month) of each."""
    found = [month for _, _, counts in groups for month, count in counts.items() if count]
    places = quarters(f"{min([*found, SINCE])[:4]}-01", max([*found, until[:7]]))
    added = [sums(counts, quarter) for _, _, counts in groups]
    top = max((count for each in added for count in each.values()), default=1)
    made = []
    for index, ((label, address, counts), each) in enumerate(zip(groups, added, strict=True)):
        covered = {quarter(month) for month in _known(counts)}
        chart = charts.bars(
            places, [charts.Layer("posts", "posts", [each.get(p, 0) for p in places])], name=f"{name}-{index}",
            title=f"{label}, posts by quarter", top=top, unknown=_gaps(places, covered), width=charts.NARROW, height=120,
            description=f"{sum(each.values()):,} posts; the axis is the same in all charts beside it."
            f"{_gap_words(places, covered)}",
        )  # fmt: skip
        made.append({"label": label, "address": address, "posts": sum(each.values()), "chart": chart})
    return made


def _known(counts: Counts) -> set[str]:
    return {month for month, count in counts.items() if count is not None}


def _gaps(places: Sequence[str], covered: Collection[str]) -> list[int]:
    return [number for number, place in enumerate(places) if place not in covered]


def _gap_words(places: Sequence[str], covered: Collection[str]) -> str:
    gaps = len(_gaps(places, covered))
    return f" Hatched: {gaps} of {len(places)} that the archive does not cover." if gaps else ""


def _table(calendar: Sequence[str], known: Collection[str], layers: Sequence[Counts]) -> Iterator[tuple[str, ...]]:
    """The numbers of each month; neighbouring months of which nothing is known, or nothing was written, in one row."""

    def numbers(month: str) -> tuple[str, ...]:
        return tuple(f"{counts.get(month) or 0:,}" if month in known else UNKNOWN for counts in layers)

    for said, group in groupby(calendar, key=numbers):
        found = list(group)
        if set(said) <= {"0", UNKNOWN} and len(found) > 1:
            yield f"{found[0]} to {found[-1]}", *said
        else:
            yield from ((month, *said) for month in found)


def _events(history: Sequence[Row], places: Sequence[str], of: Callable[[str], str]) -> list[charts.Event]:
    index = {place: number for number, place in enumerate(places)}
    return [
        charts.Event(index[of(mode["date"][:7])], number,
                     f"{mode['date']}: {wording.word(wording.MODES, mode['mode'])}")
        for number, mode in enumerate(history, 1)
        if mode["date"] and len(mode["date"]) >= 7 and of(mode["date"][:7]) in index
    ]  # fmt: skip


def _stretches(history: Sequence[Row], places: Sequence[str], of: Callable[[str], str]) -> list[charts.Stretch]:
    """The modes as a band. One of unknown date is drawn from the beginning, and says so; before a dated first one there
    is nothing."""
    starts: list[tuple[int, str, str, int]] = []
    for number, mode in enumerate(history, 1):
        date = mode["date"]
        place = 0
        if date:
            month = date[:7] if len(date) >= 7 else f"{date[:4]}-01"
            place = next((index for index, name in enumerate(places) if name >= of(month)), len(places))
        if starts and starts[-1][1] == mode["mode"]:
            continue
        if starts and starts[-1][0] >= place:
            starts.pop()
        starts.append((place, mode["mode"], "" if date else " (since when is not known)", number))
    ends = [place for place, _, _, _ in starts[1:]] + [len(places)] if starts else []
    return [
        charts.Stretch(place, end, wording.word(wording.MODES, mode) + unsure, f"mode-{mode}", number)
        for (place, mode, unsure, number), end in zip(starts, ends, strict=True) if end > place
    ]  # fmt: skip
