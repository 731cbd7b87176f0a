"""Runs of the crawler: begun, continued after an interruption, ended with a report."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import timedelta

from archive import clock, runs
from crawler.changes import Changes
from crawler.scope import Scope

# An interrupted run is continued within this time; after that its lists are stale, and a new run begins.
CONTINUED_WITHIN = timedelta(hours=24)

COUNTERS = ("new_threads", "new_posts", "edited_posts", "vanished_posts", "gone_threads")


@dataclass(frozen=True)
class Run:
    id: int
    started_at: str
    continued: bool


def begin(conn: sqlite3.Connection, site_id: str, target: str, scope: Scope, taxonomy_version: str) -> Run:
    """Continue the interrupted run with the same settings, or begin one. The caller holds the write lock, so a run
    that is still marked as running was killed."""
    oldest = clock.iso(clock.parse(clock.now()) - CONTINUED_WITHIN)
    row = conn.execute(
        "select id, started_at from runs where verb = 'crawl' and site_id = ? and settings = ? and taxonomy_version = ?"
        " and state in ('running', 'interrupted') and started_at >= ? order by id desc limit 1",
        (site_id, scope.settings(), taxonomy_version, oldest),
    ).fetchone()
    conn.execute(
        "update runs set state = 'abandoned' where verb = 'crawl' and site_id = ? and state in"
        " ('running', 'interrupted') and id is not ?",
        (site_id, row[0] if row else None),
    )
    if row:
        conn.execute("update runs set state = 'running', ended_at = null where id = ?", (row[0],))
        return Run(row[0], row[1], continued=True)
    run_id = runs.start(
        conn,
        "crawl",
        settings=scope.settings(),
        taxonomy_version=taxonomy_version,
        site_id=site_id,
        target=target,
    )
    return Run(run_id, clock.now(), continued=False)


def count(conn: sqlite3.Connection, run: Run, changes: Changes, **requests: int) -> None:
    """Add to a run's counters."""
    values = {name: getattr(changes, name) for name in COUNTERS} | requests
    if any(values.values()):
        assignments = ", ".join(f"{name} = {name} + ?" for name in values)
        conn.execute(f"update runs set {assignments} where id = ?", (*values.values(), run.id))


def end(conn: sqlite3.Connection, run: Run, state: str, exit_code: int, report: str) -> None:
    """Enter how the run ended, and when a thread is due next."""
    runs.end(conn, run.id, state, exit_code, report)
    conn.execute(
        "update runs set next_due_at = (select min(due_at) from threads where threads.site_id = runs.site_id"
        " and threads.state = 'live') where id = ?",
        (run.id,),
    )
