"""`optout rebuild` makes the tables again from the WARC files alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from archive.database import Paths, open_archive
from archive.errors import DamagedError
from archive.warc import WarcStore
from crawler.rebuild import rebuild
from demo import DemoForum, load_forum
from tests.crawling import content, crawl, opened
from tests.forums import small_forum

DERIVED = ("captures", "categories", "listed_threads", "threads", "titles", "authors", "posts", "revisions", "links", "missing_posts", "absent_threads")  # fmt: skip


def everything(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all forum tables, ids and times included."""
    db = opened(folder)
    return {
        table: sorted((tuple(row) for row in db.conn.execute(f"select * from {table}")), key=repr) for table in DERIVED
    }


def warcs(folder: Path) -> WarcStore:
    return WarcStore(folder / "archive.warc", software="test")


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The demonstration forum, crawled as of two dates, with all that changed in between."""
    written = load_forum()
    with DemoForum(written, limits=None) as forum:
        crawl(forum.url, tmp_path, everything=True)
        forum.move_clock(written.later)
        crawl(forum.url, tmp_path, everything=True, recheck=True)
    return tmp_path


def test_a_rebuild_gives_the_same_rows_ids_and_times_included(changed: Path) -> None:
    before = everything(changed)
    assert before["revisions"]
    rebuild(opened(changed), warcs(changed))
    assert everything(changed) == before


def test_a_lost_database_comes_back_from_the_files_alone(changed: Path) -> None:
    before = content(changed)
    for file in changed.glob("archive.db*"):
        file.unlink()
    rebuild(open_archive(Paths(changed / "archive.db").database, create=True), warcs(changed))
    after = content(changed)
    # What the crawl decided about listed threads is not in the captures.
    undecided = [(*row[:5], None, None) for row in before.pop("listed")]
    assert after.pop("listed") == undecided
    assert after == before


def test_a_rebuild_never_drops_what_the_files_no_longer_hold_unless_told_to(tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 2, 8: 3})) as forum:
        crawl(forum.url, tmp_path, everything=True)
    before = everything(tmp_path)
    path = warcs(tmp_path).files()[0]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DamagedError, match="1 captures that the archive knows are not in the WARC files"):
        rebuild(opened(tmp_path), warcs(tmp_path))
    assert everything(tmp_path) == before
    done = rebuild(opened(tmp_path), warcs(tmp_path), accept_loss=True)
    assert (done.lost, done.threads) == (1, 1)


def test_a_crawl_after_a_rebuild_finds_nothing_to_do(tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 2, 8: 3})) as forum:
        crawl(forum.url, tmp_path, everything=True)
        rebuild(opened(tmp_path), warcs(tmp_path))
        before = len(forum.requests)
        forum.move_clock(forum.clock + timedelta(minutes=1))
        crawl(forum.url, tmp_path, everything=True)
        assert [request.path for request in forum.requests[before:] if "/t/" in request.path] == []
