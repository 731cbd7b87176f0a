"""What is worth looking for in web archives, and what came of it (table `lookups`)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from archive import clock
from crawler.identity import identify
from crawler.linking import find_thread
from crawler.sites import ADAPTERS, Site
from crawler.webarchives import Capture

STATES = ("recovered", "partly", "refused", "none", "excluded", "passed")
# The reason for a look at one capture of a thread of a whole forum (`crawler.survey`).
LOOK = "in the archive"
# A thread is looked for again after so long: archives grow slowly, and their time is lent.
AGAIN_AFTER = timedelta(days=90)

GONE_SQL = """
select site_id, native_id, url from threads
where state in ('gone', 'recovered') and (posts_listed > posts_held
    or exists (select 1 from missing_posts where thread_id = threads.id))
union all select site_id, native_id, '' from absent_threads order by 1, 2
"""
DEAD_SQL = """
select l.target_site_id, l.target_native_id, l.url, l.state, s.site_id, s.native_id, posts.number from links l
join posts on posts.id = l.post_id join threads s on s.id = posts.thread_id
where l.target_native_id is not null and l.target_thread_id is null and l.state in ('gone', 'unknown')
    and l.kind != 'mention'
order by l.target_site_id, l.target_native_id, l.id
"""


@dataclass
class Wanted:
    """A thread to look for. `addresses`: those under which it was linked or listed, which say how an archive may have
    it; `captures`: what the archive `listed_in` has already listed of it."""

    site: Site
    native_id: str
    reason: str
    addresses: list[str] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)
    listed_in: str | None = None

    @property
    def url(self) -> str:
        return ADAPTERS[self.site.kind].thread_url(self.site, self.native_id)

    def prefixes(self) -> list[str]:
        """What the addresses of its captures may begin with: every known form, cut behind the thread's id."""
        found = []
        for address in (*self.addresses, self.url):
            place = _id_in(address, self.native_id)
            found.append(address[: place.end()] if place else address.partition("?")[0])
        return [
            prefix for prefix in dict.fromkeys(found) if not any(prefix != p and prefix.startswith(p) for p in found)
        ]

    def elsewhere(self, sites: Iterable[Site]) -> list[str]:
        """The same on the other hosts of its forum, and of all forums that share its ids."""
        shared = ADAPTERS[self.site.kind].GLOBAL_IDS
        forums = (self.site, *(site for site in sites if shared and site.kind == self.site.kind))
        own = self.prefixes()
        found = [urlsplit(p)._replace(netloc=host).geturl() for forum in forums for host in _hosts(forum) for p in own]
        return [prefix for prefix in dict.fromkeys(found) if prefix not in own]


def dead(conn: sqlite3.Connection, sites: Iterable[Site]) -> list[Wanted]:
    """Threads that posts link to and that are not there, and threads that are gone and not whole."""
    known = {site.id: site for site in sites}
    found: dict[tuple[str, str], Wanted] = {}
    for site_id, native_id, url, state, source, thread, number in conn.execute(DEAD_SQL):
        site = known.get(site_id)
        # Of a forum that still lives, a link proves nothing until the forum itself was asked.
        if site and (state == "gone" or ADAPTERS[site.kind].NOT_LIVE is not None):
            wanted = found.setdefault(
                (site_id, native_id), Wanted(site, native_id, f"link in {source}/{thread}/{number}")
            )
            if url not in wanted.addresses:
                wanted.addresses.append(url)
    for site_id, native_id, url in conn.execute(GONE_SQL):
        if site := known.get(site_id):
            wanted = found.setdefault((site_id, native_id), Wanted(site, native_id, "gone"))
            wanted.addresses += [url] if url and url not in wanted.addresses else []
    return list(found.values())


def in_forum(site: Site, captures: Iterable[Capture]) -> list[Wanted]:
    """The threads among the captures of a forum, each with its captures and their addresses."""
    found: dict[str, Wanted] = {}
    for capture in captures:
        named = identify(capture.url, (site,))
        if named and (native_id := named[1].thread):
            wanted = found.setdefault(native_id, Wanted(site, native_id, ""))
            wanted.captures.append(capture)
            if capture.url not in wanted.addresses:
                wanted.addresses.append(capture.url)
    return list(found.values())


def forum_prefixes(site: Site) -> list[str]:
    """What the addresses of all threads of a forum begin with, on each of its hosts; those of its lists as well where a
    thread's address does not say what it is about."""
    adapter = ADAPTERS[site.kind]
    threads = adapter.thread_url(site, "\0").partition("\0")[0]
    base = urlsplit(adapter.list_request(site).partition("?")[0] if adapter.NAMELESS else threads)
    return [base._replace(netloc=host).geturl() for host in _hosts(site)]


def note(
    conn: sqlite3.Connection,
    run_id: int,
    archive: str,
    wanted: Wanted,
    state: str,
    detail: str,
    *,
    since: str | None,
    **counts: int,
) -> None:
    """Enter what came of a look-up for captures from `since` on (None: all). `counts`: captures_listed,
    captures_fetched, captures_left, new_posts."""
    values = {
        "run_id": run_id,
        "archive": archive,
        "url": wanted.url,
        "site_id": _home(conn, wanted),
        "native_id": wanted.native_id,
        "reason": wanted.reason,
        "state": state,
        "detail": detail,
        "since": since,
        "looked_at": clock.now(),
    } | counts
    conn.execute(
        f"insert or replace into lookups ({', '.join(values)}) values ({', '.join('?' * len(values))})",
        tuple(values.values()),
    )


@dataclass(frozen=True)
class Before:
    """An earlier look-up: what came of it, the taxonomy by which a thread was passed over, how many captures were listed,
    and whether it was but a look at one of them, which says nothing where the thread is wanted for itself."""

    state: str
    taxonomy_version: str | None
    listed: int
    look: bool


def lately(conn: sqlite3.Connection, archive: str, wanted: Wanted, since: str | None) -> Before | None:
    """What came of it when this archive was asked for this thread's captures from `since` on (None: all), or for more of
    them, if that is not long ago."""
    row = conn.execute(
        "select looked_at, l.state, taxonomy_version, captures_listed, reason = ? from lookups l"
        " join runs on runs.id = run_id where archive = ? and l.site_id = ? and native_id = ?"
        " and (since is null or since <= ?)",
        (LOOK, archive, _home(conn, wanted), wanted.native_id, since),
    ).fetchone()
    fresh = row is not None and clock.parse(clock.now()) - clock.parse(row[0]) < AGAIN_AFTER
    return Before(row[1], row[2], row[3], bool(row[4])) if fresh else None


def _home(conn: sqlite3.Connection, wanted: Wanted) -> str:
    """The forum under which a thread is held, where several share their ids."""
    held = find_thread(conn, wanted.site, wanted.native_id)
    if held is None:
        return wanted.site.id
    return str(conn.execute("select site_id from threads where id = ?", (held[0],)).fetchone()[0])


def words_of(address: str, native_id: str) -> str:
    """The words of an address before the thread's id: `/forums/t/prepaid-label-rollout/20417` -> `prepaid label rollout`."""
    place = _id_in(address, native_id)
    path = unquote(urlsplit(address[: place.start()] if place else address).path).strip("/")
    return re.sub(r"[-_+\s]+", " ", path.rpartition("/")[2]).strip()


def _id_in(address: str, native_id: str) -> re.Match[str] | None:
    """Where an address names the thread: the first time that the id is all of a part of the path, or of a value. It may
    also be among the words of a title, or be the number of a post."""
    whole = re.compile(rf"(?<=[/=]){re.escape(native_id)}(?![\w-])", re.I)
    return whole.search(address, address.find("/", address.find("//") + 2))


def _hosts(site: Site) -> list[str]:
    return list(dict.fromkeys((urlsplit(site.base_url).netloc, *site.hosts)))
