"""Takes in captures that no crawl asked for, mementos and imports, on the same road as a crawl's: WARC, then rows."""

from __future__ import annotations

import hashlib
import sqlite3

from sqlite_utils import Database

from archive import clock
from archive.warc import Exchange, Origin, Stored, WarcStore, decoded
from crawler.ingest import Ingested, ingest, ingest_stored
from crawler.observations import Observation
from crawler.runs import Run, count
from crawler.sites import Site
from crawler.store import Store
from crawler.webarchives import Capture as MementoLine


class Intake:
    """The way into one archive, for one run. The caller holds the write lock."""

    def __init__(self, db: Database, warcs: WarcStore, run: Run) -> None:
        self.db, self.warcs, self.run = db, warcs, run

    @property
    def conn(self) -> sqlite3.Connection:
        conn: sqlite3.Connection = self.db.conn
        return conn

    def adopt(self) -> int:
        """Enter what a killed process stored but could not commit; how many captures that were."""
        adopted = 0
        for path in self.warcs.files():
            row = self.conn.execute(
                "select max(warc_record_offset) from captures where warc_filename = ?", (path.name,)
            ).fetchone()
            for stored in self.warcs.tail(path, row[0]):
                with self.db.atomic():
                    ingested = ingest_stored(self.conn, stored, self.run.id)
                    count(self.conn, self.run, ingested.changes)
                adopted += 1
        return adopted

    def holds(self, exchange: Exchange) -> bool:
        """Whether this very capture is held: the same address, moment and bytes."""
        return self.held_as(exchange) is not None

    def held_as(self, exchange: Exchange) -> int | None:
        """The id of this very capture, None if it is not held."""
        digest = "sha256:" + hashlib.sha256(decoded(exchange)).hexdigest()
        row = self.conn.execute(
            "select id from captures where url = ? and captured_at = ? and digest = ? order by id limit 1",
            (exchange.url, exchange.captured_at, digest),
        ).fetchone()
        return int(row[0]) if row else None

    def holds_memento(self, capture: MementoLine) -> bool:
        """Whether a capture that an archive lists was taken from it, or from another one, before."""
        row = self.conn.execute(
            "select 1 from captures where url = ? and captured_at = ? and route = 'memento'",
            (capture.url, clock.iso(capture.moment)),
        ).fetchone()
        return row is not None

    def take(self, site: Site, exchange: Exchange, observation: Observation, route: str, via: str) -> Ingested:
        """Store a capture and enter what it says, in one transaction."""
        origin = Origin(site.id, site.kind, site.base_url, route, via, site.hosts)
        stored = Stored(exchange, origin, self.warcs.append(exchange, origin))
        with self.db.atomic():
            Store(self.conn, site).add_site(exchange.captured_at)
            ingested = ingest(self.conn, site, stored, observation, self.run.id)
            count(self.conn, self.run, ingested.changes)
        return ingested
