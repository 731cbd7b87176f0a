"""What to fetch, why, how often it was tried: a table, so that a killed crawl goes on where it was."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass

from archive import clock

# Which kind goes first. Lists before threads, so that what to fetch is known early; the rest of a thread before the
# next thread, so that what is there is whole.
PRIORITY = {"robots": 0, "site": 1, "list": 2, "posts": 3, "posts again": 3, "thread": 4, "media": 5}

# A failed request is repeated after 2, 4, 8, 16 seconds and a jitter of up to half of that, and then given up.
MAX_ATTEMPTS = 5
BACKOFF_SECONDS = 2.0
# What may be asked for: nothing before robots.txt is known.
OPEN = (
    "run_id = ?1 and state = 'queued' and (kind = 'robots' or not exists"
    " (select 1 from frontier where run_id = ?1 and state = 'queued' and kind = 'robots'))"
)
COLUMNS = "id, kind, url, reason, depth, attempts"


def backoff(attempts: int) -> float:
    """Seconds to wait after so many attempts in vain."""
    return BACKOFF_SECONDS * 2.0 ** (attempts - 1) * random.uniform(1, 1.5)


@dataclass(frozen=True)
class Item:
    id: int
    kind: str
    url: str
    reason: str
    depth: int
    attempts: int


class Frontier:
    """The queue of one run."""

    def __init__(self, conn: sqlite3.Connection, run_id: int, site_id: str) -> None:
        self.conn, self.run_id, self.site_id = conn, run_id, site_id

    def add(self, kind: str, url: str, reason: str, *, depth: int = 0) -> bool:
        """Queue an address; False if this run has it already."""
        cursor = self.conn.execute(
            "insert or ignore into frontier (run_id, site_id, kind, url, priority, reason, depth, added_at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            (self.run_id, self.site_id, kind, url, PRIORITY[kind], reason, depth, clock.now()),
        )
        return cursor.rowcount == 1

    def next(self, now: float) -> Item | None:
        """The next item that may be tried now."""
        row = self.conn.execute(
            f"select {COLUMNS} from frontier where {OPEN} and not_before <= ?2 order by priority, id limit 1",
            (self.run_id, now),
        ).fetchone()
        return Item(*row) if row else None

    def wait(self, now: float) -> float | None:
        """Seconds until the next item may be tried; None if nothing is queued."""
        row = self.conn.execute(f"select min(not_before) from frontier where {OPEN}", (self.run_id,)).fetchone()
        return None if row[0] is None else max(0.0, row[0] - now)

    def revive(self) -> None:
        """When a run is continued, what failed is tried again as if for the first time."""
        self.conn.execute(
            "update frontier set state = 'queued', attempts = 0, not_before = 0, ended_at = null"
            " where run_id = ? and state in ('queued', 'failed')",
            (self.run_id,),
        )

    def done(self, item: Item, status: int | None, capture_id: int | None) -> None:
        self.conn.execute(
            "update frontier set state = 'done', attempts = attempts + 1, status = ?, capture_id = ?, error = null,"
            " ended_at = ? where id = ?",
            (status, capture_id, clock.now(), item.id),
        )

    def postpone(self, item: Item, error: str, now: float, *, counts: bool) -> bool:
        """Try again later; False if that was the last attempt, and the item is given up."""
        attempts = item.attempts + counts
        if attempts >= MAX_ATTEMPTS:
            self.fail(item, error)
            return False
        delay = backoff(attempts) if counts else 0.0
        self.conn.execute(
            "update frontier set attempts = ?, error = ?, not_before = ? where id = ?",
            (attempts, error, now + delay, item.id),
        )
        return True

    def fail(self, item: Item, error: str) -> None:
        self.conn.execute(
            "update frontier set state = 'failed', attempts = attempts + 1, error = ?, ended_at = ? where id = ?",
            (error, clock.now(), item.id),
        )

    def refuse(self, item: Item, error: str) -> None:
        """robots.txt does not want it fetched."""
        self.conn.execute(
            "update frontier set state = 'refused', error = ?, ended_at = ? where id = ?", (error, clock.now(), item.id)
        )

    def find(self, url: str) -> Item | None:
        """The queued item of an address."""
        row = self.conn.execute(
            f"select {COLUMNS} from frontier where run_id = ? and state = 'queued' and url = ?", (self.run_id, url)
        ).fetchone()
        return Item(*row) if row else None

    def answered(self, kind: str, url: str) -> bool:
        """Whether this run has an address, queued or answered, and no redirect came of it."""
        return bool(
            self.conn.execute(
                "select 1 from frontier where run_id = ? and kind = ? and url = ? and state in ('queued', 'done')"
                " and coalesce(status, 200) not between 300 and 399",
                (self.run_id, kind, url),
            ).fetchone()
        )

    def count(self, state: str, *kinds: str) -> int:
        """How many items of this run are in `state`, of these kinds (all if none are named)."""
        among = f" and kind in ({', '.join('?' * len(kinds))})" if kinds else ""
        return int(
            self.conn.execute(
                f"select count(*) from frontier where run_id = ? and state = ?{among}", (self.run_id, state, *kinds)
            ).fetchone()[0]
        )
