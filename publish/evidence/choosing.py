"""Which posts a package is about."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from archive.errors import InputError
from publish import search
from publish.addresses import read_part
from publish.exports import searches

# More are no evidence that anyone reads; they are an export.
MOST_POSTS = 10_000
HERE = re.compile(r"/thread/(?P<site>[^/?#]+)/(?P<thread>[^/?#]+)")


@dataclass(frozen=True)
class Choice:
    """The posts, by their ids in the published copy, and in words what they are."""

    subject: str
    posts: tuple[int, ...]


def choose(copy: sqlite3.Connection, *, program: str = "", thread: str = "", query: str = "") -> Choice:
    """Every post of a program, of a thread (by its address at the source or on this site), or that a search finds.

    InputError if there is no such program or thread, if nothing is found, or if it is more than MOST_POSTS.
    """
    if program:
        row = copy.execute("select name from programs where id = ?", [program]).fetchone()
        if row is None:
            raise InputError(f"there is no program {program!r}. See: optout export csv --table programs")
        subject, sql = f"Program: {row[0]}", "select distinct post_id as id from mentions where program_id = :program"
        values: Mapping[str, object] = {"program": program}
    elif thread:
        number, title = _thread(copy, thread)
        subject, sql, values = f"Thread: {title}", "select id from posts where thread_id = :thread", {"thread": number}
    else:
        selection = searches.found(search.Question(q=query))
        subject, sql = f"Search: {query}", f"select id from ({selection.sql})"
        values = dict(selection.values)
    posts = [row[0] for row in copy.execute(f"select id from ({sql}) order by id", values)]
    if not posts:
        raise InputError(f"the archive holds no post for this. {subject}")
    if len(posts) > MOST_POSTS:
        raise InputError(
            f"{len(posts)} posts are too many for a package (at most {MOST_POSTS}): take optout export csv"
        )
    return Choice(subject, tuple(posts))


def _thread(copy: sqlite3.Connection, address: str) -> tuple[int, str]:
    """Id and title of the thread at an address of any form: `/thread/sas/3686#p2`, `https://.../t/slug/3686/2?page=2`."""
    if here := HERE.search(address):
        found = copy.execute(
            "select id, title from threads where site_id = ? and native_id = ?",
            [read_part(here["site"]), read_part(here["thread"])],
        ).fetchone()
    else:
        parts = urlsplit(address)
        segments = [unquote(segment) for segment in parts.path.split("/") if segment]
        marks = ", ".join("?" * len(segments))
        candidates = copy.execute(
            "select t.id, t.title, t.native_id from threads t join sites s on s.id = t.site_id"
            f" where substr(?, 1, length(s.base_url) + 1) = s.base_url || '/' and t.native_id in ({marks})",
            [address, *segments],
        ).fetchall()
        # The number of a post can be that of another thread: the thread's own comes first in every form of address.
        found = min(candidates, key=lambda row: segments.index(row[2]), default=None)
    if found is None:
        raise InputError(f"the archive holds no thread at {address}")
    return found[0], found[1]
