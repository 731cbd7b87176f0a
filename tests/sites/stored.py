"""A store without WARC files: observations at given moments, and the rows that they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlite_utils import Database

from archive.database import open_archive
from crawler.changes import Capture, Changes
from crawler.observations import PostBatch, SeenPost, ThreadGone, ThreadPage
from crawler.sites import Site
from crawler.store import Store

OSFE = Site("osfe-us", "discourse_html", "https://sellercentral.amazon.com/forums")

ROWS = {
    "threads": "select native_id, title, state, gone_at, gone_status, posts_listed, posts_held, created_at,"
    " last_activity_at, first_seen_at, last_seen_at from threads order by 1",
    "posts": "select native_id, number, html, state, state_since, listed, first_seen_at, last_seen_at, text_since,"
    " text_seen_at, a.name, (select captured_at from captures where id = capture_id) from posts"
    " left join authors a on a.id = author_id order by 2, 1",
    "revisions": "select p.native_id, r.html, r.observed_at, r.superseded_at,"
    " (select captured_at from captures where id = r.capture_id) from revisions r join posts p on p.id = post_id"
    " order by p.number, r.observed_at, r.id",
    "missing": "select native_id from missing_posts order by 1",
    "absent": "select native_id, status, checked_at from absent_threads order by 1",
    "coverage": "select native_id, posts_listed, posts_held, posts_missing from coverage order by 1",
}


class Stored:
    """An archive in a folder, into which a test puts observations."""

    def __init__(self, folder: Path, site: Site = OSFE) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.db: Database = open_archive(folder / "archive.db", create=True)
        self.site = site
        self.store = Store(self.db.conn, site)
        self.store.add_site("2026-01-01T00:00:00Z")

    def see(self, observation: ThreadPage | PostBatch | ThreadGone, day: int, route: str = "memento") -> Changes:
        """Store what a capture of the given day (from 0) shows."""
        moment = moment_of(day)
        conn = self.db.conn
        cursor = conn.execute(
            "insert into captures (site_id, url, captured_at, status, digest, size, route, via, warc_filename,"
            " warc_record_offset, warc_record_length) values (?, 'u', ?, 200, 'd', 0, ?, '', 'w',"
            " (select count(*) from captures), 0)",
            (self.site.id, moment, route),
        )
        capture = Capture(int(cursor.lastrowid or 0), moment, "test", route)
        match observation:
            case ThreadPage():
                return self.store.thread(observation, capture)
            case PostBatch():
                return self.store.posts(observation, capture)
            case ThreadGone():
                return self.store.gone(observation, capture)

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [dict(row) for row in self.db.conn.execute(ROWS[name])]

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        return {name: self.rows(name) for name in ROWS}


def moment_of(day: int) -> str:
    return f"20{10 + day // 336:02}-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}T00:00:00Z"


def post(number: int, text: str = "words", native_id: str | None = None, **more: Any) -> SeenPost:
    """A post by Ada; `native_id` "" for none, by default one made of the number."""
    values: dict[str, Any] = {
        "native_id": f"1{number:03}" if native_id is None else native_id,
        "number": number,
        "author": "ada",
        "role": "member",
        "created_at": "2018-01-01T00:00:00Z",
        "updated_at": None,
        "html": f"<p>{text}</p>" if text else "",
    }
    return SeenPost(**(values | more))


def page(*posts: SeenPost, stream: tuple[str, ...] | None = None, title: str = "A thread", **more: Any) -> ThreadPage:
    """A page of thread 7."""
    values: dict[str, Any] = {
        "native_id": "7",
        "title": title,
        "category_native_id": None,
        "tags": (),
        "created_at": None,
        "last_activity_at": None,
        "posts": posts,
        "stream": stream,
    }
    return ThreadPage(**(values | more))
