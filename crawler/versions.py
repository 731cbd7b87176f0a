"""The versions of a post's text, in the order of the captures that show them, whatever order these come in.

A version reaches from the first capture that shows it to the last before another one is shown. The latest is in
`posts`, the earlier ones are in `revisions`. A capture that is older than others finds its place among them; where it
falls into the reach of another version, that one stood before and after it. What is kept is the same in whatever order
captures come, but for one thing: of a text that returned, all that is known in between is its first and last sighting.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True)
class Version:
    """A text of a post as one capture shows it."""

    moment: str
    text: str
    html: str
    digest: str
    capture_id: int


def place(conn: sqlite3.Connection, post_id: int, seen: Version) -> bool:
    """Take in what a capture shows of a post that is held; True if it brought a text that was not known at its time."""
    row = conn.execute(
        "select text, html, digest, capture_id, text_since, text_seen_at from posts where id = ?", (post_id,)
    ).fetchone()
    text, html, digest, capture_id, since, last = row
    if since is None:
        _set_current(conn, post_id, seen, seen.moment)
        return True
    if digest == seen.digest and seen.moment >= since:
        conn.execute("update posts set text_seen_at = max(text_seen_at, ?) where id = ?", (seen.moment, post_id))
        return False
    if seen.moment >= last:
        if html:
            _add(conn, post_id, Version(since, text, html, digest, capture_id), last, seen.moment)
        _set_current(conn, post_id, seen, seen.moment)
        return True
    if not seen.html:
        return False
    if seen.moment > since:
        _add(conn, post_id, Version(since, text, html, digest, capture_id), since, seen.moment)
        _add(conn, post_id, seen, seen.moment, last)
        conn.execute("update posts set text_since = text_seen_at where id = ?", (post_id,))
        return True
    return _place_earlier(conn, post_id, seen, since, digest)


def _place_earlier(conn: sqlite3.Connection, post_id: int, seen: Version, since: str, digest: str) -> bool:
    """The same before the present text was first seen."""
    before = conn.execute(
        "select id, observed_at, last_seen_at, superseded_at, text, html, digest, capture_id from revisions"
        " where post_id = ? and observed_at <= ? order by observed_at desc, id desc limit 1",
        (post_id, seen.moment),
    ).fetchone()
    after = conn.execute(
        "select id, observed_at, digest from revisions where post_id = ? and observed_at > ?"
        " order by observed_at, id limit 1",
        (post_id, seen.moment),
    ).fetchone()
    if before and before[6] == seen.digest:
        conn.execute("update revisions set last_seen_at = max(last_seen_at, ?) where id = ?", (seen.moment, before[0]))
        return False
    if before and seen.moment < before[2]:
        last, superseded, text, html, its_digest, capture_id = before[2:]
        conn.execute(
            "update revisions set last_seen_at = observed_at, superseded_at = ? where id = ?", (seen.moment, before[0])
        )
        _add(conn, post_id, seen, seen.moment, last)
        _add(conn, post_id, Version(last, text, html, its_digest, capture_id), last, superseded)
        return True
    if before:
        conn.execute("update revisions set superseded_at = ? where id = ?", (seen.moment, before[0]))
    if after and after[2] == seen.digest:
        conn.execute(
            "update revisions set observed_at = ?, text = ?, html = ?, capture_id = ? where id = ?",
            (seen.moment, seen.text, seen.html, seen.capture_id, after[0]),
        )
        return False
    if not after and digest == seen.digest:
        conn.execute(
            "update posts set text_since = ?, text = ?, html = ?, capture_id = ? where id = ?",
            (seen.moment, seen.text, seen.html, seen.capture_id, post_id),
        )
        return False
    _add(conn, post_id, seen, seen.moment, after[1] if after else since)
    return True


def _set_current(conn: sqlite3.Connection, post_id: int, version: Version, last: str) -> None:
    conn.execute(
        "update posts set text = ?, html = ?, digest = ?, capture_id = ?, text_since = ?, text_seen_at = ?"
        " where id = ?",
        (version.text, version.html, version.digest, version.capture_id, version.moment, last, post_id),
    )


def _add(conn: sqlite3.Connection, post_id: int, version: Version, last: str, superseded_at: str) -> None:
    conn.execute(
        "insert into revisions (post_id, observed_at, last_seen_at, superseded_at, text, html, digest, capture_id)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            post_id,
            version.moment,
            last,
            superseded_at,
            version.text,
            version.html,
            version.digest,
            version.capture_id,
        ),
    )
