"""What is new: the days before the latest capture against as many days before those, as rates with their uncertainty.

Numbers of posts alone would follow how much was captured, so what is compared is posts out of a thousand that are held.
Posts of one thread belong together, so it is threads that chance is taken to deal out: the variance of a count is the
sum of the squares of its threads' parts, and the logarithm of the ratio of two rates is taken to be normal.
"""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from archive import clock

# A quarter of a year: long enough for numbers that mean something, short enough to be news.
DAYS = 90
# Standard deviations on either side of an estimate that hold 95 % of a normal distribution.
WIDTH = 1.96
# Added to both counts where one of them is 0, so that they have a ratio (Haldane 1956).
HALF = 0.5

_HELD = """
select sum(created_at >= :since), sum(created_at < :since) from posts
where kind = 'post' and copy_of is null and created_at >= :before and id >= :first
"""
_HITS = """
select distinct {columns}, m.post_id, m.thread_id, m.created_at >= :since
from mentions m join posts p on p.id = m.post_id
where p.copy_of is null and m.created_at >= :before and m.post_id >= :first and {given}
"""
COLUMNS = "recent_posts, previous_posts, recent_rate, previous_rate, change, change_low, change_high"


@dataclass
class Counts:
    """Posts by thread, in the recent days and in those before."""

    recent: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    previous: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    def row(
        self, held: tuple[int, int]
    ) -> tuple[int, int, float | None, float | None, float | None, float | None, float | None]:
        """`COLUMNS`: posts, rates per 1,000 held posts (None where none is held), and how many times the former rate the
        recent one is (None without posts then), with the ends of its 95 % interval (None if nothing can be compared)."""
        recent, previous = sum(self.recent.values()), sum(self.previous.values())
        rates = [1000.0 * posts / of if of else None for posts, of in zip((recent, previous), held, strict=True)]
        if None in rates or not recent + previous:
            return recent, previous, rates[0], rates[1], None, None, None
        more = 0.0 if recent and previous else HALF
        ratio = (recent + more) / held[0] / ((previous + more) / held[1])
        error = math.sqrt(_relative(self.recent, more) + _relative(self.previous, more))
        change = ratio if recent and previous else 0.0 if previous else None
        low, high = (ratio * math.exp(sign * WIDTH * error) for sign in (-1, 1))
        return recent, previous, rates[0], rates[1], change, low, high


def _relative(by_thread: dict[int, int], more: float) -> float:
    return (sum(posts * posts for posts in by_thread.values()) + more) / (sum(by_thread.values()) + more) ** 2


def compare(out: sqlite3.Connection) -> dict[str, str]:
    """Write what is recent into `programs`, `themes` and `program_themes` of a copy that has its posts and mentions.

    Gives what `about` says of it: where the recent days and those before begin, and how many posts are held of them.
    """
    last = out.execute("select max(captured_at) from captures").fetchone()[0]
    if last is None:
        return {}
    until, days = clock.parse(last), timedelta(days=DAYS)
    values = {"since": clock.iso(until - days), "before": clock.iso(until - 2 * days)}
    # Posts are numbered by time.
    values["first"] = out.execute(
        "select coalesce(min(id), 0) from posts where created_at >= :before", values
    ).fetchone()[0]
    since, before = out.execute(_HELD, values).fetchone()
    held = (since or 0, before or 0)
    for table, column in (("programs", "program_id"), ("themes", "theme_id")):
        counts = _count(out, column, values)
        out.executemany(
            f"update {table} set ({COLUMNS}) = (?, ?, ?, ?, ?, ?, ?) where id = ?",
            [(*found.row(held), key[0]) for key, found in counts.items()],
        )
        out.execute(f"update {table} set recent_rate = coalesce(recent_rate, 0), previous_rate = coalesce(previous_rate, 0)"
                    " where :recent and :previous", {"recent": held[0], "previous": held[1]})  # fmt: skip
    out.executemany(
        "update program_themes set (recent_posts, previous_posts) = (?, ?) where program_id = ? and theme_id = ?",
        [(*found.row(held)[:2], *key) for key, found in _count(out, "program_id, theme_id", values).items()],
    )
    return {
        "recent_from": values["since"], "previous_from": values["before"], "recent_posts": str(held[0]),
        "previous_posts": str(held[1]),
    }  # fmt: skip


def _count(out: sqlite3.Connection, columns: str, values: dict[str, str]) -> dict[tuple[str, ...], Counts]:
    found: defaultdict[tuple[str, ...], Counts] = defaultdict(Counts)
    names = columns.split(", ")
    sql = _HITS.format(
        columns=", ".join(f"m.{name}" for name in names), given=" and ".join(f"m.{name} is not null" for name in names)
    )
    for *key, _, thread, recent in out.execute(sql, values):
        counts = found[tuple(key)]
        (counts.recent if recent else counts.previous)[thread] += 1
    return found
