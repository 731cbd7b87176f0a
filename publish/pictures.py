"""Pictures and attachments of posts, shown from the archive and never from the forum."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable

from archive.errors import DamagedError
from archive.warc import WarcStore, decoded
from publish.copying import Source, fill

# What a browser shows without running anything in it; an SVG can hold scripts.
SHOWN = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
# The site's connections refuse longer values (SQLITE_LIMIT_LENGTH in the plugin).
LARGEST = 4_000_000
HELD = (
    "select m.post_id, m.url, c.digest, c.mime from media m join captures c on c.id = m.capture_id"
    f" where m.state = 'held' and c.status = 200 and c.size <= {LARGEST}"
)


def address(digest: str, mime: str) -> str | None:
    """Where a picture is on this site, None if it is not of a kind that is shown: `/-/media/HEX.png`."""
    ending = SHOWN.get(mime.lower())
    return f"/-/media/{digest.removeprefix('sha256:')}.{ending}" if ending else None


def of_posts(archive: sqlite3.Connection, post_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """By post, the addresses of its held pictures on this site, by their addresses at the source."""
    ids = list(post_ids)
    found: dict[int, dict[str, str]] = {}
    for post_id, url, digest, mime in archive.execute(f"{HELD} and m.post_id in ({', '.join('?' * len(ids))})", ids):
        here = address(digest, mime or "")
        if here:
            found.setdefault(post_id, {})[url] = here
    return found


def copy_media(source: Source, out: sqlite3.Connection, warcs: WarcStore) -> None:
    """The list of pictures and attachments, and each picture once.

    They are published as they are: what a picture shows is not masked. DamagedError if the WARC files do not hold one
    at its place, or hold another one there.
    """
    rows = source.archive.execute(
        "select o.id, t.site_id, m.url, m.state, m.reason, c.digest, c.mime, c.size, c.warc_filename,"
        " c.warc_record_offset, m.capture_id from media m join post_ids o on o.old = m.post_id"
        " join posts p on p.id = m.post_id join threads t on t.id = p.thread_id"
        " left join captures c on c.id = m.capture_id order by o.id, m.url"
    ).fetchall()
    for post_id, site_id, url, state, reason, digest, mime, size, filename, offset, capture_id in rows:
        shown = state == "held" and size <= LARGEST and address(digest or "", mime or "") is not None
        if shown and not out.execute("select 1 from media_files where digest = ?", (digest,)).fetchone():
            body = _body(warcs, filename, offset, digest)
            fill(out, "media_files (digest, mime, size, body)", [(digest, mime.lower(), size, body)])
        row = (post_id, source.masker.url(site_id, url), state, reason, digest if shown else None, capture_id)
        fill(out, "media (post_id, url, state, reason, digest, capture_id)", [row])


def _body(warcs: WarcStore, filename: str, offset: int, digest: str) -> bytes:
    where = f"{warcs.folder / filename} at byte {offset}"
    try:
        body = decoded(warcs.read(filename, offset))
    except ValueError as error:
        raise DamagedError(f"{where}: {error}") from error
    if f"sha256:{hashlib.sha256(body).hexdigest()}" != digest:
        raise DamagedError(f"{where}: the picture is not the one that was captured; its digest differs")
    return body
