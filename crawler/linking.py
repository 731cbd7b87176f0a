"""Writes what posts point to: which thread of which forum, whether that is held, and in what state."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from urllib.parse import urlsplit

from crawler.catalogue import known_sites, load_sites
from crawler.identity import identify
from crawler.links import PostLink, post_links
from crawler.sites import ADAPTERS, Site
from crawler.sites.base import host_name


def find_thread(conn: sqlite3.Connection, site: Site, native_id: str) -> tuple[int, str] | None:
    """Row and state of a thread that is held, on this forum or on another one that shares its ids."""
    row = conn.execute(
        "select id, state from threads where native_id = ?1 and (site_id = ?2 or (?3 and site_id in"
        " (select id from sites where kind = ?4))) order by site_id != ?2, id limit 1",
        (native_id, site.id, ADAPTERS[site.kind].GLOBAL_IDS, site.kind),
    ).fetchone()
    return (int(row[0]), str(row[1])) if row else None


class Linker:
    """Writes the links of one site's posts. Works inside the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection, site: Site) -> None:
        self.conn, self.site, self.adapter = conn, site, ADAPTERS[site.kind]
        others = tuple(other for other in known_sites(conn, _listed()) if other.id != site.id)
        self.sites = (site, *others)

    def write(self, post_id: int, html: str) -> None:
        """Enter what a post's present markup points to."""
        self.conn.execute("delete from links where post_id = ?", (post_id,))
        self.conn.executemany(
            "insert into links (post_id, url, kind, title, target_site_id, target_native_id, target_post_native_id,"
            " target_number, target_thread_id, state) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (post_id, link.url, link.kind, link.title, *self._target(link))
                for link in post_links(html, self.adapter, self.site)
            ],
        )

    def _target(self, link: PostLink) -> tuple[str | None, str | None, str | None, int | None, int | None, str]:
        """Forum, thread, post (by id, by number), the thread's row, its state."""
        named = identify(link.url, self.sites) if link.kind != "mention" else None
        if named is None:
            return None, None, None, None, None, "outside"
        site, reference = named
        found, state = None, "unknown" if reference.thread or reference.post_native_id else "outside"
        if reference.thread:
            held = find_thread(self.conn, site, reference.thread)
            if held:
                found, state = held
            elif self.conn.execute(
                "select 1 from absent_threads where site_id = ? and native_id = ?", (site.id, reference.thread)
            ).fetchone():
                state = "gone"
        return site.id, reference.thread, reference.post_native_id, reference.post_number, found, state

    def meet(self) -> None:
        """The archive meets this site, or learns another name of it: links that were entered before may lead to it."""
        names = {host_name(urlsplit(self.site.base_url).netloc), *map(host_name, self.site.hosts)}
        for name in sorted(names):
            rows = self.conn.execute(
                "select id, url, kind, title from links where state = 'outside' and target_site_id is null"
                " and kind != 'mention' and instr(lower(url), ?)",
                (name,),
            ).fetchall()
            self.conn.executemany(
                "update links set target_site_id = ?, target_native_id = ?, target_post_native_id = ?,"
                " target_number = ?, target_thread_id = ?, state = ? where id = ?",
                [(*self._target(PostLink(url, kind, title)), link_id) for link_id, url, kind, title in rows],
            )

    def set_state(self, native_id: str, thread_id: int | None, state: str) -> None:
        """The state of a thread of this site has changed: so has that of the links to it."""
        same = [site.id for site in self.sites if site.kind == self.site.kind] if self.adapter.GLOBAL_IDS else []
        self.conn.executemany(
            "update links set target_thread_id = ?, state = ? where target_site_id = ? and target_native_id = ?",
            [(thread_id, state, site_id, native_id) for site_id in same or [self.site.id]],
        )


@lru_cache(maxsize=1)
def _listed() -> tuple[Site, ...]:
    return tuple(load_sites())
