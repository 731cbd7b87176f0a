"""A forum on loopback, crawled in a time of its own: waits pass at once, and no clock is awaited."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archive import clock
from crawler.report import Report
from crawler.scope import Interest
from demo import DemoForum, Forum
from demo.model import Paragraph, Thread
from tests.crawling import Silence, crawl, opened
from tests.forums import small_forum

LATENCY = 0.01


class Time:
    """A clock that only sleeping and asking moves; stands in for the module `time`."""

    def __init__(self) -> None:
        self.start = self.at = time.time()

    def time(self) -> float:
        self.at += LATENCY / 4
        return self.at

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.at += seconds

    def pass_days(self, days: float) -> None:
        self.at += days * 86_400

    @property
    def passed(self) -> float:
        """Seconds since the beginning."""
        return self.at - self.start


@pytest.fixture(autouse=True)
def virtual_time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The crawler's time in this test."""
    virtual = Time()
    for module in ("crawler.crawl", "crawler.door"):
        monkeypatch.setattr(f"{module}.time", virtual)
    monkeypatch.setattr(clock, "now", lambda: clock.iso(datetime.fromtimestamp(virtual.at, UTC)))
    return virtual


class Bench:
    """One forum, one archive; crawl as often as you like. `requests` are the paths that the last crawl asked for."""

    def __init__(self, forum: DemoForum, folder: Path) -> None:
        self.forum, self.folder, self.requests = forum, folder, list[str]()
        self.listener = Silence()

    def crawl(self, *, path: str = "", everything: bool = True, **options: Any) -> Report:
        before = len(self.forum.requests)
        try:
            return crawl(self.forum.url + path, self.folder, listener=self.listener, everything=everything, **options)
        finally:
            self.requests = [request.path for request in self.forum.requests[before:]]

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        db = opened(self.folder)
        try:
            return [tuple(row) for row in db.conn.execute(sql, values)]
        finally:
            db.close()

    def value(self, sql: str, *values: Any) -> Any:
        return self.rows(sql, *values)[0][0]

    def asked_for(self, part: str) -> list[str]:
        return [path for path in self.requests if part in path]

    def stored(self, thread: int) -> list[int]:
        """Ids of the posts held of a thread, in order of number."""
        rows = self.rows(
            "select p.native_id from posts p join threads t on t.id = thread_id where t.native_id = ? and listed"
            " order by number",
            str(thread),
        )
        return [int(row[0]) for row in rows]


class Benches:
    """Opens forums, and closes them after the test."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.open = folder, list[DemoForum]()

    def __call__(self, forum: Forum, **options: Any) -> Bench:
        served = DemoForum(forum, **options)
        served.open()
        self.open.append(served)
        return Bench(served, self.folder)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Benches]:
    """`bench(forum)` serves a forum, with an archive of its own."""
    benches = Benches(tmp_path)
    yield benches
    for forum in benches.open:
        forum.close()


def linked_forum(
    titles: Mapping[int, str], links: Mapping[int, tuple[int, ...]] | None = None, **changes: Any
) -> Forum:
    """Threads of one post each with these titles; each post links to the threads that `links` names."""
    forum = small_forum(dict.fromkeys(titles, 1))
    threads = []
    for thread in forum.threads:
        targets = (links or {}).get(thread.id, ())
        body = tuple(Paragraph("p", f"See [that thread](/t/x/{target}) for more.") for target in targets)
        text = Paragraph("p", f"Words of thread {thread.id}.")
        post = replace(thread.posts[0], body=(text, *body))
        threads.append(replace(thread, title=titles[thread.id], posts=(post,)))
    return replace(forum, threads=tuple(threads), **changes)


def with_posts(forum: Forum, thread_id: int, **changes: dict[str, Any]) -> Forum:
    """The forum with posts of a thread changed: `post_3={"hidden": moment}`."""

    def changed(thread: Thread) -> Thread:
        if thread.id != thread_id:
            return thread
        posts = tuple(replace(post, **changes.get(f"post_{post.number}", {})) for post in thread.posts)
        return replace(thread, posts=posts)

    return replace(forum, threads=tuple(changed(thread) for thread in forum.threads))


def about(word: str) -> Interest:
    """An interest in one word."""

    def interest(title: str, tags: tuple[str, ...], text: str) -> str | None:
        return word if word in f"{title} {' '.join(tags)} {text}" else None

    return interest
