"""Running the crawler in tests: one crawl of an address into a folder, and what the archive then holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from archive.database import Paths, open_archive, write_lock
from archive.warc import WarcStore
from crawler.catalogue import resolve
from crawler.crawl import Crawl
from crawler.limits import Limits
from crawler.report import Report
from crawler.scope import Interest, Scope
from crawler.sites import Site

# What two archives of the same forum must share, whenever and however often they were crawled: no row ids, no times
# of observation, no places in files.
CONTENT = {
    "threads": "select site_id, native_id, url, title, category, tags, created_at, last_activity_at, state, gone_status,"
    " posts_listed, posts_held, held_because from threads order by 1, 2",
    "posts": "select t.native_id, p.native_id, number, a.name, a.role, p.created_at, text, html, digest, p.state, listed,"
    " kind, action, reply_to_number, likes from posts p join threads t on t.id = thread_id"
    " left join authors a on a.id = author_id order by 1, 2",
    "revisions": "select p.native_id, r.text, r.html from revisions r join posts p on p.id = post_id order by 1, r.id",
    "links": "select p.native_id, url, l.kind, title, target_native_id, target_number, l.state from links l"
    " join posts p on p.id = post_id order by 1, 2, 3",
    "missing": "select t.native_id, m.native_id, asked, reason, explained from missing_posts m"
    " join threads t on t.id = thread_id order by 1, 2",
    "listed": "select native_id, title, tags, posts_count, fingerprint, decision, reason from listed_threads order by 1",
    "captures": "select url, status, digest, size, route, via from captures order by 1, 2, 3",
}


class Silence:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.waits: list[float] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def progress(self, done: int, queued: int, posts: int, requests: int) -> None:
        pass

    def waiting(self, seconds: float, why: str) -> None:
        self.waits.append(seconds)


def anything(title: str, tags: tuple[str, ...], text: str) -> str | None:
    """An interest that every thread meets."""
    return "anything"


def crawl(
    url: str,
    folder: Path,
    *,
    rate: Limits | None = (),
    interest: Interest = anything,
    stop: Callable[[], bool] = lambda: False,
    listener: Silence | None = None,
    site: Site | None = None,
    **scope: Any,
) -> Report:
    """Crawl `url` into `folder`/archive.db, with no limit on the rate unless one is given."""
    paths = Paths(folder / "archive.db")
    with write_lock(paths, "test"):
        db = open_archive(paths.database, create=True)
        try:
            return Crawl(
                db,
                WarcStore(paths.warcs, software="test"),
                site or resolve(url, []).site,
                Scope(**scope),
                interest=interest,
                taxonomy_version="test",
                listener=listener or Silence(),
                target=url,
                rate=rate,
                stop=stop,
            ).run()
        finally:
            db.close()


def opened(folder: Path) -> Database:
    """The archive that `crawl` made."""
    return open_archive(folder / "archive.db")


def content(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that the archive says of the forum, comparable between archives."""
    db = opened(folder)
    try:
        return {name: [tuple(row) for row in db.conn.execute(sql)] for name, sql in CONTENT.items()}
    finally:
        db.close()
