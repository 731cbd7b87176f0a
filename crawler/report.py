"""The short report at the end of a crawl: what came, what changed, what is missing, when to come again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.runs import Run

MOST_LINES = 20
NOT_FOUND = (200, 404, 410)
# Of threads that were not there when they were asked for: those that a list or a post names. What only the user named may
# never have been.
LOST = """select count(*) from absent_threads a left join captures c on c.id = a.capture_id where a.site_id = {site}
    and (c.route is not 'live' or c.via != 'named' and c.via not like 'named, %'
        or exists (select 1 from listed_threads l where l.site_id = a.site_id and l.native_id = a.native_id)
        or exists (select 1 from links k where k.target_site_id = a.site_id and k.target_native_id = a.native_id))"""


@dataclass(frozen=True)
class Report:
    """How a run ended. `text` is for people; the figures are columns of `runs`."""

    run_id: int
    state: str
    exit_code: int
    text: str


def make_report(
    conn: sqlite3.Connection, run: Run, state: str, exit_code: int, absent: Sequence[tuple[str, int]] = ()
) -> Report:
    """`absent`: addresses of threads that the user named and that are neither there nor held, with the status."""
    row = conn.execute("select * from runs where id = ?", (run.id,)).fetchone()
    site_id = row["site_id"]
    threads, posts, listed = conn.execute(
        "select count(*), coalesce(sum(posts_held), 0), coalesce(sum(posts_listed), 0) from threads where site_id = ?",
        (site_id,),
    ).fetchone()
    looked, passed = conn.execute(
        "select count(*), coalesce(sum(decision = 'passed'), 0) from listed_threads where site_id = ?", (site_id,)
    ).fetchone()
    lines = [
        f"{site_id}: {state} with {row['requests']} requests ({row['rate_limited']} answered 429, {row['retries']} retries)",
        f"  new: {row['new_threads']} threads, {row['new_posts']} posts; changed: {row['edited_posts']} edited,"
        f" {row['vanished_posts']} posts vanished or hidden, {row['gone_threads']} threads gone",
        f"  held: {threads} threads, {posts} of {listed} listed posts; lists showed {looked} threads, {passed} passed over",
    ]
    lines += some(
        [
            f"  {'no such thread at' if status in NOT_FOUND else 'the forum does not show'} {url} (HTTP {status})"
            for url, status in absent
        ]
    )
    gone_before = conn.execute(LOST.format(site="?"), (site_id,)).fetchone()[0]
    if gone_before:
        lines.append(f"  {gone_before} threads that lists or links named were gone before they could be saved")
    missing = conn.execute(
        "select url, posts_missing, posts_unexplained, reasons from coverage where site_id = ? and posts_missing > 0"
        " order by posts_unexplained desc, posts_missing desc",
        (site_id,),
    ).fetchall()
    lines += some(
        [f"  missing in {url}: {count} posts ({open_} unexplained): {why}" for url, count, open_, why in missing]
    )
    failures = conn.execute(
        "select url, state, error from frontier where run_id = ? and state in ('failed', 'refused') order by id",
        (run.id,),
    ).fetchall()
    lines += some([f"  {state_}: {url[:150]}: {error}" for url, state_, error in failures])
    cut = conn.execute(
        "select url from frontier where run_id = ? and kind = 'list' and status = 400 order by id", (run.id,)
    ).fetchall()
    lines += some([f"  the server ended a list early, with 400, at {row[0][:150]}" for row in cut])
    due = conn.execute("select min(due_at) from threads where site_id = ? and state = 'live'", (site_id,)).fetchone()[0]
    if due:
        lines.append(f"  next thread due for a re-check: {due}")
    if state == "interrupted":
        queued = conn.execute(
            "select count(*) from frontier where run_id = ? and state = 'queued'", (run.id,)
        ).fetchone()[0]
        lines.append(f"  {queued} known addresses are left; the same command goes on from here")
    return Report(run.id, state, exit_code, "\n".join(lines))


def some(lines: list[str]) -> list[str]:
    """The first lines, and how many more there are."""
    rest = len(lines) - MOST_LINES
    return lines if rest <= 0 else [*lines[:MOST_LINES], f"  ... and {rest} more"]
