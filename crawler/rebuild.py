"""Make every forum table again from the WARC files alone, offline."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from sqlite_utils import Database

from archive.errors import DamagedError
from archive.warc import WarcStore
from crawler import media
from crawler.ingest import ingest_stored

# What captures say, children first. Tags refer to it and are made again by `optout tag`.
DERIVED = (
    "theme_tags",
    "program_tags",
    "tagged_posts",
    "paragraphs",
    "links",
    "media",
    "missing_posts",
    "post_numbers",
    "absent_threads",
    "revisions",
    "posts",
    "authors",
    "titles",
    "threads",
    "listed_threads",
    "categories",
    "captures",
)


@dataclass(frozen=True)
class Rebuilt:
    captures: int
    threads: int
    posts: int
    lost: int
    """Captures that the archive knew and that the files no longer hold."""


def rebuild(
    db: Database, warcs: WarcStore, *, accept_loss: bool = False, progress: Callable[[int], None] = lambda _: None
) -> Rebuilt:
    """Replay all captures in the order in which they were stored, in one transaction.

    What does not come from captures is kept: runs, the state of hosts, and which listed threads were taken or passed
    over. DamagedError, and nothing changed, if files no longer hold what the archive knows, unless `accept_loss`.
    """
    conn = db.conn
    with db.atomic():
        conn.execute("pragma defer_foreign_keys = on")
        _remember(conn)
        for table in DERIVED:
            conn.execute(f"delete from {table}")
        for path in warcs.files():
            for stored in warcs.captures(path):
                row = conn.execute(
                    "select run_id from temp.known where warc_filename = ? and warc_record_offset = ?",
                    (stored.location.filename, stored.location.offset),
                ).fetchone()
                ingested = ingest_stored(conn, stored, row[0] if row else None)
                progress(ingested.capture_id)
        lost = _count(
            conn,
            "temp.known k where not exists (select 1 from captures c where c.warc_filename = k.warc_filename"
            " and c.warc_record_offset = k.warc_record_offset)",
        )
        if lost and not accept_loss:
            example = conn.execute(
                "select k.warc_filename, k.warc_record_offset from temp.known k left join captures c"
                " using (warc_filename, warc_record_offset) where c.id is null order by 1, 2 limit 1"
            ).fetchone()
            raise DamagedError(
                f"{lost} captures that the archive knows are not in the WARC files, the first in {example[0]} at byte"
                f" {example[1]}. Nothing was changed. Put the files back in {warcs.folder}, or go on without them:"
                " optout rebuild --accept-loss"
            )
        _restore(conn)
        return Rebuilt(_count(conn, "captures"), _count(conn, "threads"), _count(conn, "posts"), lost)


def _remember(conn: sqlite3.Connection) -> None:
    media.remember(conn)
    for table in ("known", "noted"):
        conn.execute(f"drop table if exists temp.{table}")
    conn.execute("create temp table known as select id, run_id, warc_filename, warc_record_offset from captures")
    conn.execute("create index temp.known_place on known(warc_filename, warc_record_offset)")
    conn.execute(
        "create temp table noted as select site_id, native_id, decision, reason, taxonomy_version, unlisted_at"
        " from listed_threads"
    )


def _restore(conn: sqlite3.Connection) -> None:
    """Put back what the crawler noted beside the captures."""
    media.restore(conn)
    conn.execute(
        "update listed_threads set (decision, reason, taxonomy_version, unlisted_at) = (select n.decision, n.reason,"
        " n.taxonomy_version, n.unlisted_at from temp.noted n where n.site_id = listed_threads.site_id"
        " and n.native_id = listed_threads.native_id)"
    )
    conn.execute(
        "update frontier set capture_id = (select c.id from temp.known k join captures c using"
        " (warc_filename, warc_record_offset) where k.id = frontier.capture_id)"
    )


def _count(conn: sqlite3.Connection, source: str) -> int:
    return int(conn.execute(f"select count(*) from {source}").fetchone()[0])
