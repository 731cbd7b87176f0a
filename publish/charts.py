"""Charts as SVG, drawn on the server: no script, no style of their own, readable by screen readers and printers.

Colours and type come from the style sheet by class, so that they follow dark mode and print. A chart is drawn twice,
by month for wide screens and by quarter for narrow ones, and the style sheet shows one of them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

# Sizes in units of the drawing, which are CSS pixels when it is shown at its full width.
WIDE, NARROW = 720, 340
LEFT, RIGHT, TOP, BOTTOM = 34, 6, 14, 22
BAND = 18
# A label of a band needs this much room per character.
CHARACTER = 6.2


@dataclass(frozen=True)
class Layer:
    """One colour of stacked bars: `kind` is a class of the style sheet, `values` has one number a place."""

    label: str
    kind: str
    values: Sequence[float]


@dataclass(frozen=True)
class Event:
    """Something that happened at `place` (an index on the axis); `number` refers to the list beside the chart."""

    place: int
    number: int
    label: str


@dataclass(frozen=True)
class Stretch:
    """A state that held from one place to another (exclusive), shown as a band under the axis. Where there is no room for
    its label there is `number`, which refers to the list beside the chart."""

    first: int
    last: int
    label: str
    kind: str
    number: int


def bars(
    places: Sequence[str],
    layers: Sequence[Layer],
    *,
    name: str,
    title: str,
    description: str,
    events: Sequence[Event] = (),
    stretches: Sequence[Stretch] = (),
    unknown: Collection[int] = (),
    width: int = WIDE,
    height: int = 190,
    top: float | None = None,
) -> Markup:
    """Stacked bars over a full axis of months or quarters (`2024-03`, `2024 Q1`).

    `name` makes the ids of the drawing unique on its page; `top` is the highest value of the axis, for charts that are
    compared; by default the highest of this one. The places `unknown` are hatched: no bar there is no zero.
    """
    totals = [sum(values) for values in zip(*(layer.values for layer in layers), strict=True)]
    step, ceiling = _scale(max([top or 0, *totals, 1]))
    bottom = height - BOTTOM - (BAND + 4 if stretches else 0)
    plot = bottom - TOP
    pitch = (width - LEFT - RIGHT) / max(len(places), 1)
    parts = [
        f'<svg class="chart" role="img" viewBox="0 0 {width} {height}" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>'
    ]
    for line in range(0, ceiling + 1, step):
        y = bottom - plot * line / ceiling
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{width - RIGHT}"/>')
        parts.append(f'<text class="scale" x="{LEFT - 5}" y="{y + 3.5:.1f}" text-anchor="end">{line:,}</text>')
    parts += _hatched(places, unknown, pitch, bottom, name)
    parts += _years(places, pitch, bottom, width)
    below: list[float] = [0] * len(places)
    for layer in layers:
        parts.append(f'<g class="{layer.kind}">')
        for place, value in enumerate(layer.values):
            if value:
                y = bottom - plot * (below[place] + value) / ceiling
                parts.append(
                    f'<rect x="{LEFT + place * pitch + pitch * 0.1:.1f}" y="{y:.1f}" width="{max(pitch * 0.8, 1):.1f}"'
                    f' height="{max(plot * value / ceiling, 0.8):.1f}"><title>{places[place]}: {number(value)} {escape(layer.label)}'
                    "</title></rect>"
                )
                below[place] += value
        parts.append("</g>")
    parts += _stretches(stretches, pitch, bottom + BOTTOM - 2)
    parts += _events(events, pitch, bottom)
    return Markup("".join([*parts, "</svg>"]))


def number(value: float) -> str:
    """A count as it is, a rate with two digits that count."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def sparkline(
    values: Sequence[int], *, title: str, unknown: Collection[int] = (), width: int = 120, height: int = 26
) -> Markup:
    """A chart the size of a few words: bars without axes, the largest as high as the drawing. The ground line is missing
    where nothing is known."""
    ceiling = max([*values, 1])
    pitch = width / max(len(values), 1)
    marks = [
        f'<rect x="{place * pitch + pitch * 0.1:.1f}" y="{height - max(height * value / ceiling, 1.5):.1f}"'
        f' width="{pitch * 0.8:.1f}" height="{max(height * value / ceiling, 1.5):.1f}"/>'
        for place, value in enumerate(values) if value
    ]  # fmt: skip
    return Markup(
        f'<svg class="spark" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<title>{escape(title)}</title><path class="grid" d="{_ground(len(values), unknown, pitch, height - 0.5)}"/>'
        f"{''.join(marks)}</svg>"
    )


def _ground(count: int, unknown: Collection[int], pitch: float, y: float) -> str:
    known = [place for place in range(count) if place not in unknown]
    return "".join(f"M{first * pitch:.1f} {y}H{last * pitch:.1f}" for first, last in runs(known))


def runs(places: Iterable[int]) -> list[tuple[int, int]]:
    """Neighbouring places taken together: (first, last), the last exclusive."""
    found: list[tuple[int, int]] = []
    for place in sorted(places):
        if found and found[-1][1] == place:
            found[-1] = (found[-1][0], place + 1)
        else:
            found.append((place, place + 1))
    return found


def share(part: int, whole: int, *, title: str, width: int = 120) -> Markup:
    """A bar as long as `part` of `whole`."""
    length = width * min(part / whole, 1) if whole else 0
    return Markup(
        f'<svg class="share" role="img" viewBox="0 0 {width} 10" width="{width}" height="10"><title>{escape(title)}</title>'
        f'<path class="grid" d="M0 9.5H{width}"/><rect x="0" y="1" width="{length:.1f}" height="8"/></svg>'
    )


def _scale(highest: float) -> tuple[int, int]:
    """A round step and the top of the axis, with at most five steps."""
    step = 1
    while highest > step * 5:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return step, step * math.ceil(highest / step)


def _years(places: Sequence[str], pitch: float, bottom: float, width: int) -> list[str]:
    starts = [place for place, name in enumerate(places) if place == 0 or name[:4] != places[place - 1][:4]]
    parts = []
    room = -99.0
    for index, place in enumerate(starts):
        x = LEFT + place * pitch
        end = starts[index + 1] if index + 1 < len(starts) else len(places)
        middle = LEFT + (place + end) / 2 * pitch
        parts.append(f'<path class="tick" d="M{x:.1f} {bottom}v5"/>')
        if middle - room >= 34 and middle < width - 12:
            parts.append(
                f'<text class="year" x="{middle:.1f}" y="{bottom + 15}" text-anchor="middle">{places[place][:4]}</text>'
            )
            room = middle
    parts.append(f'<path class="axis" d="M{LEFT} {bottom}H{width - RIGHT}"/>')
    return parts


def _hatched(places: Sequence[str], unknown: Collection[int], pitch: float, bottom: float, name: str) -> list[str]:
    if not unknown:
        return []
    parts = [
        f'<pattern id="{name}-h" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path class="hatch" d="M0 0V5"/></pattern><g class="unknown">'
    ]
    for first, last in runs(unknown):
        said = places[first] if last == first + 1 else f"{places[first]} to {places[last - 1]}"
        parts.append(
            f'<rect x="{LEFT + first * pitch:.1f}" y="{TOP}" width="{(last - first) * pitch:.1f}" height="{bottom - TOP}"'
            f' fill="url(#{name}-h)"><title>{said}: not known</title></rect>'
        )
    return [*parts, "</g>"]


def _stretches(stretches: Sequence[Stretch], pitch: float, y: float) -> list[str]:
    parts = []
    for stretch in stretches:
        x, length = LEFT + stretch.first * pitch, max((stretch.last - stretch.first) * pitch, 2)
        parts.append(
            f'<g class="mode {escape(stretch.kind)}"><rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="{BAND}">'
            f"<title>{escape(stretch.label)}</title></rect>"
        )
        if length > len(stretch.label) * CHARACTER + 10:
            parts.append(f'<text x="{x + 5:.1f}" y="{y + 12.5}">{escape(stretch.label)}</text>')
        elif length > len(str(stretch.number)) * CHARACTER + 4:
            parts.append(f'<text x="{x + length / 2:.1f}" y="{y + 12.5}" text-anchor="middle">{stretch.number}</text>')
        parts.append("</g>")
    return parts


def _events(events: Sequence[Event], pitch: float, bottom: float) -> list[str]:
    parts = []
    shown: list[float] = []
    for event in events:
        x = LEFT + (event.place + 0.5) * pitch
        # Numbers that would cover one another step aside; their lines stay where they are.
        at = x
        while any(abs(at - other) < 15 for other in shown):
            at += 15
        shown.append(at)
        parts.append(
            f'<g class="event"><title>{escape(event.label)}</title><path d="M{x:.1f} {bottom}V{TOP + 4}L{at:.1f} {TOP - 3}"/>'
            f'<circle cx="{at:.1f}" cy="{TOP - 5}" r="7"/><text x="{at:.1f}" y="{TOP - 1.5}" text-anchor="middle">{event.number}</text></g>'
        )
    return parts
