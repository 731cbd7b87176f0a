"""A stored response becomes rows: one road for a fresh answer, for one that a killed process left, and for a rebuild."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from urllib.parse import urljoin

from archive.warc import Exchange, Location, Origin, Stored, decoded
from crawler.changes import Capture, Changes
from crawler.observations import (
    ForumInfo,
    ListPage,
    NotContent,
    Nothing,
    Observation,
    PostBatch,
    ThreadGone,
    ThreadPage,
)
from crawler.sites import ADAPTERS, Site, reader
from crawler.store import Store


@dataclass(frozen=True)
class Ingested:
    capture_id: int
    observation: Observation
    changes: Changes


def read(site: Site, exchange: Exchange) -> Observation:
    """What a response says. NotContent if it is not what was asked for, so that it is never stored as if it were."""
    body = decoded(exchange)
    adapter = reader(site, exchange.url, body)
    return _moved(site, exchange) or adapter.read(site, exchange.url, exchange.status, body)


def _moved(site: Site, exchange: Exchange) -> ThreadGone | None:
    """What a redirect from one thread to another says: the first was merged into the second."""
    if not 300 <= exchange.status < 400:
        return None
    adapter = ADAPTERS[site.kind]
    here = adapter.reference(site, exchange.url)
    try:
        there = adapter.reference(site, urljoin(exchange.url, exchange.header("location") or ""))
    except ValueError:
        return None
    if here and here.thread and there and there.thread and here.thread != there.thread:
        return ThreadGone(here.thread, exchange.status, moved_to=there.thread)
    return None


def ingest(
    conn: sqlite3.Connection, site: Site, stored: Stored, observation: Observation, run_id: int | None
) -> Ingested:
    """Enter a stored response and what it says, inside the caller's transaction."""
    exchange, origin, location = stored.exchange, stored.origin, stored.location
    capture_id = _capture_row(conn, exchange, origin, location, run_id)
    capture = Capture(capture_id, exchange.captured_at, origin.via, origin.route)
    store = Store(conn, site)
    changes = Changes()
    match observation:
        case ForumInfo():
            store.forum(observation, capture)
        case ListPage():
            store.listed(observation, capture)
        case ThreadPage():
            changes = store.thread(observation, capture)
        case PostBatch():
            changes = store.posts(observation, capture)
        case ThreadGone():
            changes = store.gone(observation, capture)
        case Nothing():
            pass
    return Ingested(capture_id, observation, changes)


def ingest_stored(conn: sqlite3.Connection, stored: Stored, run_id: int | None) -> Ingested:
    """Enter a capture as it lies in a WARC file, site and all."""
    origin = stored.origin
    site = Site(origin.site_id, origin.kind, origin.base_url, hosts=origin.hosts)
    Store(conn, site).add_site(stored.exchange.captured_at)
    try:
        observation = read(site, stored.exchange)
    except NotContent:
        # Only content is ever stored; a reader that has become stricter since must not lose the capture itself.
        observation = Nothing()
    return ingest(conn, site, stored, observation, run_id)


def _capture_row(
    conn: sqlite3.Connection, exchange: Exchange, origin: Origin, location: Location, run_id: int | None
) -> int:
    body = decoded(exchange)
    cursor = conn.execute(
        "insert into captures (run_id, site_id, url, captured_at, status, mime, digest, size, route, via, warc_filename,"
        " warc_record_offset, warc_record_length) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run_id,
            origin.site_id,
            exchange.url,
            exchange.captured_at,
            exchange.status,
            (exchange.header("content-type") or "").partition(";")[0].strip() or None,
            "sha256:" + hashlib.sha256(body).hexdigest(),
            len(body),
            origin.route,
            origin.via,
            location.filename,
            location.offset,
            location.length,
        ),
    )
    return int(cursor.lastrowid or 0)
