"""Pictures and attachments of what was asked for are captured with the posts, within limits, and all are accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.warc import Exchange, WarcStore
from crawler import media, rebuild
from crawler.door import Disallowed
from crawler.sites import Site
from demo import DemoForum, Forum
from demo.faults import answer
from demo.model import Paragraph
from tests.crawling import CONTENT, crawl, opened
from tests.forums import START, small_forum

QUAY = Site("quay", "discourse", "https://quay.example/forums", hosts=("old.quay.example",))
PICTURE = Paragraph("image", file="media/settings.png", alt="settings")


def with_pictures() -> Forum:
    """Two threads; the first two posts of thread 7 show the same picture, one of thread 8 another."""
    forum = small_forum({7: 3, 8: 2}, title="Thread {id}")
    posts = {
        (7, 1): (Paragraph("p", "Look: :eyes:"), PICTURE),
        (7, 2): (PICTURE, Paragraph("p", "![elsewhere](https://pictures.example/cat.png)")),
        (8, 2): (replace(PICTURE, file="media/other.png"),),
    }
    threads = [
        replace(t, posts=tuple(replace(p, body=posts.get((t.id, p.number), p.body)) for p in t.posts))
        for t in forum.threads
    ]
    return replace(forum, threads=tuple(threads), clock=START + timedelta(days=60))


@pytest.fixture
def forum() -> Iterator[DemoForum]:
    with DemoForum(with_pictures(), limits=None) as served:
        yield served


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    db = opened(folder)
    try:
        return [tuple(row) for row in db.conn.execute(sql)]
    finally:
        db.close()


STATES = (
    "select t.native_id, number, m.state, m.reason from media m join posts p on p.id = post_id"
    " join threads t on t.id = thread_id order by 1, 2, 3"
)


def test_uploads_are_captured_once_and_posts_name_their_capture(forum: DemoForum, tmp_path: Path) -> None:
    crawl(forum.url, tmp_path, everything=True, media=True)
    held = [row for row in rows(tmp_path, STATES) if row[2] == "held"]
    assert [row[:2] for row in held] == [("7", 1), ("7", 2), ("8", 2)]
    assert len([request for request in forum.requests if request.path.startswith("/uploads/")]) == 2
    captures = rows(
        tmp_path, "select distinct c.mime, c.status, c.route from media m join captures c on c.id = capture_id"
    )
    assert captures == [("image/png", 200, "live")]


def test_what_is_on_another_host_is_named_and_never_asked_for(forum: DemoForum, tmp_path: Path) -> None:
    crawl(forum.url, tmp_path, everything=True, media=True)
    assert ("7", 2, "missing", "on another host") in rows(tmp_path, STATES)


def test_nothing_is_captured_that_was_not_wanted(forum: DemoForum, tmp_path: Path) -> None:
    crawl(forum.url, tmp_path, everything=True)
    assert rows(tmp_path, STATES) == []
    assert not [request for request in forum.requests if request.path.startswith("/uploads/")]


def test_a_focused_crawl_takes_only_what_matching_threads_show(forum: DemoForum, tmp_path: Path) -> None:
    crawl(forum.url, tmp_path, media=True, interest=lambda title, tags, text: "seven" if "7" in title else None)
    assert {row[0] for row in rows(tmp_path, STATES)} == {"7"}


def test_a_second_crawl_asks_for_no_picture_again(forum: DemoForum, tmp_path: Path) -> None:
    crawl(forum.url, tmp_path, everything=True, media=True)
    before = len(forum.requests)
    crawl(forum.url, tmp_path, everything=True, media=True)
    assert not [request for request in forum.requests[before:] if request.path.startswith("/uploads/")]


def test_a_picture_that_is_gone_or_none_is_listed_with_the_reason(forum: DemoForum, tmp_path: Path) -> None:
    forum.faults.append(answer("^/uploads/", 404, "no"))
    forum.faults.append(answer("^/uploads/", 200, "<html>Log in</html>", {"Content-Type": "text/html"}))
    report = crawl(forum.url, tmp_path, everything=True, media=True)
    reasons = {row[3] for row in rows(tmp_path, STATES) if row[2] == "missing"}
    assert reasons == {"status 404", "of type text/html, which is not kept", "on another host"}
    assert report.exit_code == 0
    before = len(forum.requests)
    crawl(forum.url, tmp_path, everything=True, media=True)
    assert not [request for request in forum.requests[before:] if request.path.startswith("/uploads/")]
    crawl(forum.url, tmp_path, everything=True, media=True, recheck=True)
    assert {row[3] for row in rows(tmp_path, STATES) if row[2] == "missing"} == {"on another host"}


def test_rebuild_keeps_what_is_known_of_media(forum: DemoForum, tmp_path: Path) -> None:
    crawl(forum.url, tmp_path, everything=True, media=True)
    before = {name: rows(tmp_path, sql) for name, sql in CONTENT.items()} | {"media": rows(tmp_path, STATES)}
    db = opened(tmp_path)
    rebuild.rebuild(db, WarcStore(tmp_path / "archive.warc", software="test"))
    db.close()
    assert {name: rows(tmp_path, sql) for name, sql in CONTENT.items()} | {"media": rows(tmp_path, STATES)} == before


@pytest.mark.parametrize(
    "html, urls",
    [
        ('<p><img src="/forums/uploads/a.png"></p>', ["https://quay.example/forums/uploads/a.png"]),
        (
            '<img src="//old.quay.example/a.png"><img src="//old.quay.example/a.png">',
            ["https://old.quay.example/a.png"],
        ),
        (
            '<a class="lightbox" href="/uploads/original/a.png"><img src="/uploads/optimized/a_2_690x400.png"></a>',
            ["https://quay.example/uploads/original/a.png", "https://quay.example/uploads/optimized/a_2_690x400.png"],
        ),
        ('<a class="lightbox" href="/a.png"><img src="/a.png"></a>', ["https://quay.example/a.png"]),
        ('<a class="attachment" href="/uploads/x.pdf">x.pdf</a>', ["https://quay.example/uploads/x.pdf"]),
        ('<img class="emoji" src="/images/emoji/x.png"><img class="avatar" src="/a.png">', []),
        ('<img src=""><img><img src="http://[bad"><a href="/x.pdf">x</a><img src="data:,">', []),
        ('<img src="data:image/svg+xml,x"><img class="emoji" src="data:image/png;base64,AA">', []),
        (
            '<img src="data:image/png;base64,AA"><img src=" data:image/PNG;base64,AA "><img src="data:image/gif;base64,AA">',
            [
                "data:image/png;sha256=7f6f84eeb5c00488ef8f1b173a3eb7e0e44cb4125dba8bd16c5099f6cb1943d0",
                "data:image/png;sha256=38958b97b31b795d476b7274715872d5497f2b7a125583f910087322f74117a7",
                "data:image/gif;sha256=2fa7e5fda9674c050c746ca7da436abad17d5e118a3c25bf2f0a98ac1d8c9bae",
            ],
        ),
    ],
)
def test_media_of_a_post_are_pictures_and_attachments(html: str, urls: list[str]) -> None:
    assert list(media.media_urls(html, QUAY)) == urls


@pytest.mark.parametrize("status", [204, 206, 300, 304, 404, 503])
def test_an_answer_that_brings_no_whole_picture_is_refused(status: int) -> None:
    exchange = Exchange(
        "https://quay.example/x", "2026-01-01T00:00:00Z", status, "", [("Content-Type", "image/png")], b""
    )
    with pytest.raises(Disallowed, match=f"status {status}"):
        media.read(exchange)


@pytest.mark.parametrize(
    "mime, size, reason",
    [
        ("image/svg+xml", 10, "not kept"),
        ("text/html; charset=utf-8", 10, "not kept"),
        ("", 10, "of type unknown"),
        ("image/png", media.MOST_BYTES + 1, "larger than 20 MB"),
    ],
)
def test_what_is_no_medium_or_too_large_is_refused(mime: str, size: int, reason: str) -> None:
    exchange = Exchange(
        "https://quay.example/x", "2026-01-01T00:00:00Z", 200, "OK", [("Content-Type", mime)], b"x" * size
    )
    with pytest.raises(Disallowed, match=reason):
        media.read(exchange)
