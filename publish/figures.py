"""Charts of this site's numbers: what is drawn, what is said with it, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from publish import charts, wording
from publish.calendar import by_quarter, months, quarter, quarters, whole_years

# The archive is about what happened since; charts begin here, or earlier where there is something earlier.
SINCE = "2018-01"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """A chart for wide and narrow screens, its caption, and its numbers as a table (`columns`, `rows`)."""

    name: str
    title: str
    wide: Markup
    narrow: Markup
    legend: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    csv: str


@dataclass(frozen=True)
class Kind:
    """A layer of a chart before it is laid on a calendar: counts by month."""

    label: str
    kind: str
    counts: Mapping[str, int]


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
    """Stacked counts by month from 2018 (or the first month with any) to the year of `until`.

    `history` (rows of `program_modes`) becomes numbered events and a band of modes.
    """
    found = [month for layer in layers for month, count in layer.counts.items() if count]
    dated = [mode["date"][:7] for mode in history if mode["date"] and len(mode["date"]) >= 7]
    first, last = whole_years(found + dated, SINCE, until)
    calendar = months(first, last)
    total = sum(count for layer in layers for count in layer.counts.values())
    busiest = max(found, key=lambda month: sum(layer.counts.get(month, 0) for layer in layers), default=None)
    described = f"Bars by month from {first} to {last}, {total:,} in all" + (
        f", most in {busiest}." if busiest else "."
    )
    if history:
        described += (
            " Numbered lines mark changes of the program; the band under the axis shows how sellers came into it."
        )

    def drawn(places: list[str], of: Any, sums: Any, width: int, suffix: str) -> Markup:
        return charts.bars(
            places, [charts.Layer(layer.label, layer.kind, [sums(layer.counts).get(p, 0) for p in places]) for layer in layers],
            name=f"{name}-{suffix}", title=title, description=described, events=_events(history, places, of),
            stretches=_stretches(history, places, of), width=width, height=height,
        )  # fmt: skip

    shown = [month for month in calendar if any(layer.counts.get(month) for layer in layers)]
    return Figure(
        name, title,
        drawn(calendar, lambda month: month, dict, charts.WIDE, "m"),
        drawn(quarters(first, last), quarter, by_quarter, charts.NARROW, "q"),
        tuple((layer.label, layer.kind) for layer in layers),
        ("month", *(layer.label for layer in layers)),
        tuple((month, *(f"{layer.counts.get(month, 0):,}" for layer in layers)) for month in shown),
        csv,
    )  # fmt: skip


def spark(counts: Mapping[str, int], until: str, what: str) -> Markup:
    """Counts by month as a small chart by quarter since 2018."""
    first, last = whole_years([], SINCE, until)
    places = quarters(first, last)
    sums = by_quarter(counts)
    before = sum(count for name, count in sums.items() if name < places[0])
    said = f"{what}: {sum(sums.values()):,} posts by quarter, {places[0][:4]} to {places[-1][:4]}"
    return charts.sparkline(
        [sums.get(p, 0) for p in places], title=said + (f", and {before:,} before" if before else "")
    )


def small_multiples(
    groups: Sequence[tuple[str, str, Mapping[str, int]]], *, name: str, until: str
) -> list[dict[str, Any]]:
    """Charts of equal axes for comparison, by quarter: (label, address, counts by month) of each."""
    found = [month for _, _, counts in groups for month in counts]
    first, last = whole_years(found, SINCE, until)
    places = quarters(first, last)
    sums = [by_quarter(counts) for _, _, counts in groups]
    top = max((count for each in sums for count in each.values()), default=1)
    return [
        {"label": label, "address": address, "posts": sum(counts.values()), "chart": charts.bars(
            places, [charts.Layer("posts", "posts", [each.get(p, 0) for p in places])], name=f"{name}-{index}",
            title=f"{label}, posts by quarter", top=top, width=charts.NARROW, height=120,
            description=f"{sum(counts.values()):,} posts; the axis is the same in all charts beside it.")}
        for index, ((label, address, counts), each) in enumerate(zip(groups, sums, strict=True))
    ]  # fmt: skip


def _events(history: Sequence[Row], places: Sequence[str], of: Any) -> list[charts.Event]:
    index = {place: number for number, place in enumerate(places)}
    return [
        charts.Event(index[of(mode["date"][:7])], number,
                     f"{mode['date']}: {wording.word(wording.MODES, mode['mode'])}")
        for number, mode in enumerate(history, 1)
        if mode["date"] and len(mode["date"]) >= 7 and of(mode["date"][:7]) in index
    ]  # fmt: skip


def _stretches(history: Sequence[Row], places: Sequence[str], of: Any) -> list[charts.Stretch]:
    """The modes as a band. One of unknown date is drawn from the beginning, and says so; before a dated first one there
    is nothing."""
    starts: list[tuple[int, str, str]] = []
    for mode in history:
        date = mode["date"]
        place = 0
        if date:
            month = date[:7] if len(date) >= 7 else f"{date[:4]}-01"
            place = next((number for number, name in enumerate(places) if name >= of(month)), len(places))
        if starts and starts[-1][1] == mode["mode"]:
            continue
        if starts and starts[-1][0] >= place:
            starts.pop()
        starts.append((place, mode["mode"], "" if date else " (since when is not known)"))
    ends = [place for place, _, _ in starts[1:]] + [len(places)] if starts else []
    return [
        charts.Stretch(place, end, wording.word(wording.MODES, mode) + unsure, f"mode-{mode}")
        for (place, mode, unsure), end in zip(starts, ends, strict=True) if end > place
    ]  # fmt: skip
