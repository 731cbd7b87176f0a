"""Numbers as readers see them: counts, rates, and how far each can be trusted. Templates call these.

Functions and not macros: of a macro a template makes a coroutine, which takes longer than the number itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

Row = Mapping[str, Any]
NOT_KNOWN = Markup('<span class="quiet">not known</span>')
NONE = Markup('<span class="quiet">–</span>')
NOT_MEASURED = Markup('<span class="quiet" title="not measured">?</span>')


def number(count: float | None) -> Markup:
    """A count; `not known` if there is none."""
    return NOT_KNOWN if count is None else Markup(f"{int(count):,}")


def rate(value: float | None) -> Markup:
    """A rate with two digits that count."""
    return NONE if value is None else Markup(digits(value))


def digits(value: float) -> str:
    """Two digits that count, never fewer than those before the point nor more than two after it."""
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.2f}" if value < 0.1 else f"{value:.2g}"


def percent(share: float) -> str:
    """A share of 1 as a number out of 100."""
    return f"{100 * share:.0f}"


def interval(low: float | None, high: float | None) -> Markup:
    """The range of a share, out of 100, in brackets; nothing if there is none."""
    if low is None or high is None:
        return Markup("")
    return Markup(f" <small>({percent(low)}–{percent(high)})</small>")


def estimate(share: float | None, low: float | None = None, high: float | None = None) -> Markup:
    """A measured share out of 100 with its range, `?` if it was not measured."""
    return NOT_MEASURED if share is None else Markup(percent(share)) + interval(low, high)


def change(row: Row) -> Markup:
    """How a recent rate stands to the one before (`change`, `change_low`, `change_high`).

    Only what chance does not explain is called a change; what it may be is in brackets.
    """
    low, high = row["change_low"], row["change_high"]
    if low is None or high is None:
        return NONE
    if low > 1:
        said = Markup('<span class="up" aria-hidden="true">▲</span> more')
    elif high < 1:
        said = Markup('<span class="down" aria-hidden="true">▼</span> less')
    else:
        said = Markup('<span class="quiet">no clear change</span>')
    if row["change"]:
        said += Markup(f' <small class="times">×{digits(row["change"])} ({digits(low)}–{digits(high)})</small>')
    return said


def honest(overall: Mapping[str, Mapping[str, Row]]) -> Markup:
    """What a count of complaints is worth, by what was measured of all tags (`quality.overall`); without a full stop."""
    found, right = (overall.get("theme", {}).get(figure) for figure in ("recall", "precision"))
    so = "a count of complaints shows that there are some, not how many there are"
    if not found:
        return Markup(f"How many complaints the tags find, and how many tags are right, has not been measured: {so}")
    said = Markup(
        "<b>Of 100 complaints in a test of invented texts, hard on purpose, the tags found"
        f" {percent(found['estimate'])}</b>{interval(found['low'], found['high'])}"
    )
    if right:
        said += Markup(f"; of 100 tags {percent(right['estimate'])} were right{interval(right['low'], right['high'])}")
    return said + f". {so.capitalize()}"


def programs_right(overall: Mapping[str, Mapping[str, Row]]) -> Markup:
    """How many tags of programs are right, whichever way they came about: a sentence, or nothing if nobody measured."""
    right = overall.get("program", {}).get("precision")
    if not right:
        return Markup("")
    return Markup(
        f"Of 100 tags of programs in the test {percent(right['estimate'])} were right"
        f"{interval(right['low'], right['high'])}. "
    )


def trust(theme: Row) -> Markup:
    """What was measured of a theme's tags, in words."""
    if theme["labelled"] is None:
        return Markup("it has not been measured")
    right = estimate(theme["precision"], theme["precision_low"], theme["precision_high"])
    found = estimate(theme["recall"], theme["recall_low"], theme["recall_high"])
    return Markup(
        f"of 100 tags {right} are right (in a test that met {theme['tagged']}), of 100 such complaints {found} are found"
        f" (of {theme['labelled']})"
    )
