"""Pictures and attachments in posts: captured like everything else, so that the archive shows its own copies.

Only uploads on the forum's own hosts are asked for, within limits of size and type; what could not be had is listed
in `media` with the reason.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from archive.warc import Exchange, decoded
from crawler.catalogue import archived_sites
from crawler.door import Disallowed
from crawler.observations import Nothing
from crawler.sites import Site

# Discourse's own default for a picture is 4 MB (max_image_size_kb 4096); operators raise it.
MOST_BYTES = 20 * 1024 * 1024
# Nothing that a browser would run: no SVG, no HTML.
TYPES = frozenset(
    "image/png image/jpeg image/gif image/webp image/avif image/bmp application/pdf text/plain text/csv".split()
)
# Interface, not content.
NOT_CONTENT = frozenset(("emoji", "avatar", "site-icon"))
ANOTHER_HOST = "on another host"
# Browser extensions that save a page in one file put its pictures into it.
EMBEDDED = re.compile(r"data:([\w.+-]+/[\w.+-]+)[;,]", re.I)
INSIDE = "inside the saved page that shows it, and not taken out of it"
REDIRECTS = (301, 302, 303, 307, 308)


class Media:
    """The media of one site's posts. Works inside the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection, site: Site) -> None:
        self.conn, self.site = conn, site

    def note(self, thread_ids: Iterable[int], *, again: bool) -> list[str]:
        """Note the media of the posts of these threads; the addresses to ask for what is not held. `again`: also what
        could not be had before."""
        wanted: dict[str, None] = {}
        for thread_id in thread_ids:
            rows = self.conn.execute(
                "select id, html from posts where thread_id = ? and (html like '%<img%' or html like '%attachment%')",
                (thread_id,),
            ).fetchall()
            for post_id, html in rows:
                for url in media_urls(html, self.site):
                    if request := self._want(post_id, url, again):
                        wanted[request] = None
        return list(wanted)

    def came(self, request: str, capture_id: int) -> None:
        """A capture holds what an address asked for."""
        self.conn.executemany(
            "update media set state = 'held', reason = null, capture_id = ? where url = ?",
            [(capture_id, url) for url in self._shown_as(request)],
        )

    def given_up(self, request: str, reason: str) -> None:
        """An address will not be had."""
        self.conn.executemany(
            "update media set state = 'missing', reason = ? where url = ? and capture_id is null",
            [(reason, url) for url in self._shown_as(request)],
        )

    def lacks(self, request: str) -> bool | None:
        """Whether what posts show at this address is not held; None if none shows it."""
        shown = self._shown_as(request)
        row = self.conn.execute(
            f"select max(capture_id is null) from media where url in ({', '.join('?' * len(shown))})", shown
        ).fetchone()
        return None if row[0] is None else bool(row[0])

    def _want(self, post_id: int, url: str, again: bool) -> str | None:
        request = at_home(url, self.site)
        row = self.conn.execute(
            "select id from captures where url = ? and status = 200 order by id desc limit 1", (request,)
        ).fetchone()
        before = self.conn.execute("select state from media where post_id = ? and url = ?", (post_id, url)).fetchone()
        if before and before[0] == "missing" and not (again or row):
            return None
        elsewhere = INSIDE if EMBEDDED.match(url) else ANOTHER_HOST
        state, reason = ("held", None) if row else ("wanted", None) if request else ("missing", elsewhere)
        self.conn.execute(
            "insert into media (post_id, url, capture_id, state, reason) values (?, ?, ?, ?, ?)"
            " on conflict (post_id, url) do update set capture_id = coalesce(capture_id, excluded.capture_id),"
            " state = case when capture_id is null then excluded.state else 'held' end,"
            " reason = case when excluded.capture_id is null then reason end",
            (post_id, url, row[0] if row else None, state, reason),
        )
        return None if row else request

    def _shown_as(self, request: str) -> list[str]:
        """The addresses under which posts show what is asked for at `request`."""
        parts = urlsplit(request)
        names = (urlsplit(self.site.base_url).netloc, *self.site.hosts)
        return [parts._replace(scheme=s, netloc=n).geturl() for n in names for s in ("http", "https")]


def kept_type(exchange: Exchange) -> bool:
    """Whether an answer is of a type that is kept."""
    return _type(exchange) in TYPES


def _type(exchange: Exchange) -> str:
    return (exchange.header("content-type") or "").partition(";")[0].strip().lower()


def read(exchange: Exchange) -> Nothing:
    """An answer to a request for a picture or attachment. Disallowed, with the reason, if it is not to be kept."""
    if exchange.status in REDIRECTS:
        return Nothing()
    if exchange.status != 200:
        raise Disallowed(f"status {exchange.status}")
    mime = _type(exchange)
    if mime not in TYPES:
        raise Disallowed(f"of type {mime or 'unknown'}, which is not kept")
    if len(decoded(exchange)) > MOST_BYTES:
        raise Disallowed(f"larger than {MOST_BYTES >> 20} MB")
    return Nothing()


def media_urls(html: str, site: Site) -> Iterator[str]:
    """The pictures that a post shows, the originals of those that it shows smaller, and the files that it offers, as
    absolute addresses, each once. A picture that is inside the markup is named by the digest of what stands there."""
    found: dict[str, None] = {}
    for node in LexborHTMLParser(html, is_fragment=True).css("img[src], a.lightbox[href], a.attachment[href]"):
        classes = (node.attributes.get("class") or "").split()
        source = node.attributes.get("src" if node.tag == "img" else "href")
        if not source or not NOT_CONTENT.isdisjoint(classes):
            continue
        if embedded := EMBEDDED.match(source.strip()):
            if embedded[1].lower() in TYPES:
                digest = hashlib.sha256(source.strip().encode()).hexdigest()
                found[f"data:{embedded[1].lower()};sha256={digest}"] = None
            continue
        try:
            url = urljoin(site.base_url + "/", source.strip())
            usable = urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname
        except ValueError:
            continue
        if usable:
            found[url] = None
    yield from found


def remember(conn: sqlite3.Connection) -> None:
    """Before a rebuild: keep what is known of media by the source's own ids."""
    conn.execute("drop table if exists temp.noted_media")
    conn.execute(
        "create temp table noted_media as select t.site_id, t.native_id as thread, p.native_id as post, m.url, m.state,"
        " m.reason, c.warc_filename, c.warc_record_offset from media m join posts p on p.id = m.post_id"
        " join threads t on t.id = p.thread_id left join captures c on c.id = m.capture_id"
    )


def restore(conn: sqlite3.Connection) -> None:
    """After a rebuild: what was known, and what captures show beyond that (a database may have been lost)."""
    conn.execute(
        "insert into media (post_id, url, capture_id, state, reason) select p.id, n.url, c.id,"
        " case when n.state = 'held' and c.id is null then 'wanted' else n.state end, n.reason from temp.noted_media n"
        " join threads t on t.site_id = n.site_id and t.native_id = n.thread"
        " join posts p on p.thread_id = t.id and p.native_id = n.post"
        " left join captures c using (warc_filename, warc_record_offset)"
    )
    sites = {site.id: site for site in archived_sites(conn)}
    rows = conn.execute(
        "select p.id, t.site_id, p.html from posts p join threads t on t.id = p.thread_id where p.html like '%<img%'"
        " or p.html like '%attachment%'"
    ).fetchall()
    for post_id, site_id, html in rows:
        for url in media_urls(html, sites[site_id]):
            conn.execute(
                "insert or ignore into media (post_id, url, capture_id, state) select ?1, ?2, max(id), 'held'"
                " from captures where url = ?2 and status = 200 having max(id) is not null",
                (post_id, url),
            )


def at_home(url: str, site: Site) -> str | None:
    """Where to ask for what a post shows: at the forum's present address. None if it is on another host."""
    try:
        parts, base = urlsplit(url), urlsplit(site.base_url)
    except ValueError:
        return None
    if parts.netloc not in (base.netloc, *site.hosts):
        return None
    return parts._replace(scheme=base.scheme, netloc=base.netloc, fragment="").geturl()
