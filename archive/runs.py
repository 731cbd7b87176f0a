"""Rows of `runs`: every command that writes to the archive leaves one, with what it was told and how it ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlite_utils import Database

from archive import clock
from archive.version import VERSION


def start(
    conn: sqlite3.Connection,
    verb: str,
    *,
    settings: str = "{}",
    taxonomy_version: str | None = None,
    site_id: str | None = None,
    target: str | None = None,
) -> int:
    """Enter a run that begins now; its id. `settings` is JSON."""
    cursor = conn.execute(
        "insert into runs (verb, site_id, target, settings, code_version, taxonomy_version, state, started_at)"
        " values (?, ?, ?, ?, ?, ?, 'running', ?)",
        (verb, site_id, target, settings, VERSION, taxonomy_version, clock.now()),
    )
    return int(cursor.lastrowid or 0)


def close_killed(conn: sqlite3.Connection, verb: str) -> None:
    """Mark runs of the verb that nothing ended. The caller holds the write lock, so what is still running was killed."""
    conn.execute("update runs set state = 'interrupted' where verb = ? and state = 'running'", (verb,))


@contextmanager
def told(db: Database, run_id: int) -> Iterator[None]:
    """Enter how the run ended if what is done meanwhile is interrupted or fails. The caller ends one that succeeds."""
    try:
        yield
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        code = 130 if interrupted else getattr(error, "exit_code", 1)
        with db.atomic():
            end(db.conn, run_id, "interrupted" if interrupted else "failed", code, "")
        raise


def end(conn: sqlite3.Connection, run_id: int, state: str, exit_code: int, report: str) -> None:
    """Enter how a run ended; `report` is what was told to the user."""
    conn.execute(
        "update runs set state = ?, exit_code = ?, ended_at = ?, report = ? where id = ?",
        (state, exit_code, clock.now(), report, run_id),
    )
