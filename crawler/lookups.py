"""What is worth looking for in web archives, and what came of it (table `lookups`)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from archive import clock
from crawler.identity import identify
from crawler.scope import Interest
from crawler.sites import ADAPTERS, Site
from crawler.webarchives import Capture

STATES = ("recovered", "partly", "refused", "none", "excluded")
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
    it; `captures`: what an archive has already listed of it."""

    site: Site
    native_id: str
    reason: str
    addresses: list[str] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)

    @property
    def url(self) -> str:
        return ADAPTERS[self.site.kind].thread_url(self.site, self.native_id)

    def prefixes(self) -> list[str]:
        """What the addresses of its captures may begin with: every known form, cut behind the thread's id."""
        found = []
        for address in (*self.addresses, self.url):
            before, separator, _ = address.partition(self.native_id)
            found.append(before + separator if separator else address.partition("?")[0])
        return [
            prefix for prefix in dict.fromkeys(found) if not any(prefix != p and prefix.startswith(p) for p in found)
        ]


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


def in_forum(site: Site, captures: Iterable[Capture], interest: Interest | None) -> Iterator[Wanted]:
    """The threads among the captures of a forum that match by the words of their addresses; all without `interest`."""
    found: dict[str, Wanted] = {}
    for capture in captures:
        named = identify(capture.url, (site,))
        if named and (native_id := named[1].thread):
            wanted = found.setdefault(native_id, Wanted(site, native_id, ""))
            wanted.captures.append(capture)
            if capture.url not in wanted.addresses:
                wanted.addresses.append(capture.url)
    for wanted in found.values():
        words = "all"
        if interest:
            titles = dict.fromkeys(_words(address, wanted.native_id) for address in wanted.addresses)
            words = next((hit for title in titles if (hit := interest(title, (), ""))), "")
        wanted.reason = f"in the archive: {words}" if words else ""
        yield wanted


def forum_prefixes(site: Site) -> list[str]:
    """What the addresses of all threads of a forum begin with, on each of its hosts."""
    base = urlsplit(ADAPTERS[site.kind].thread_url(site, "\0").partition("\0")[0])
    hosts = dict.fromkeys((base.netloc, *(urlsplit(f"//{host}").netloc for host in site.hosts)))
    return [base._replace(netloc=host).geturl() for host in hosts]


def note(
    conn: sqlite3.Connection, run_id: int, archive: str, wanted: Wanted, state: str, detail: str, **counts: int
) -> None:
    """Enter what came of a look-up. `counts`: captures_listed, captures_fetched, new_posts."""
    values = {
        "run_id": run_id,
        "archive": archive,
        "url": wanted.url,
        "site_id": wanted.site.id,
        "native_id": wanted.native_id,
        "reason": wanted.reason,
        "state": state,
        "detail": detail,
        "looked_at": clock.now(),
    } | counts
    conn.execute(
        f"insert or replace into lookups ({', '.join(values)}) values ({', '.join('?' * len(values))})",
        tuple(values.values()),
    )


def lately(conn: sqlite3.Connection, archive: str, wanted: Wanted) -> bool:
    """Whether this archive was asked for this thread not long ago."""
    row = conn.execute(
        "select looked_at from lookups where archive = ? and site_id = ? and native_id = ?",
        (archive, wanted.site.id, wanted.native_id),
    ).fetchone()
    return row is not None and clock.parse(clock.now()) - clock.parse(row[0]) < AGAIN_AFTER


def _words(address: str, native_id: str) -> str:
    """The words of an address before the thread's id: `/forums/t/prepaid-label-rollout/20417` -> `prepaid label rollout`."""
    path = unquote(urlsplit(address).path).partition(native_id)[0].strip("/")
    return re.sub(r"[-_+\s]+", " ", path.rpartition("/")[2]).strip()
