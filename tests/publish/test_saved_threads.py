"""Pages say of a thread that others kept where it came from, and call it lost only if the forum has lost it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette
from selectolax.lexbor import LexborHTMLParser

from archive.database import Paths
from publish.build import build
from publish.evidence import package
from taxonomy import Taxonomy
from tests.publish.awkward_archive import FORUM, PROGRAM, Archive
from tests.publish.conftest import datasette
from tests.publish.test_pages import ask, text

# Thread, its state, the routes of its posts' captures.
THREADS = (
    ("1", "live", ("live",)), ("2", "saved", ("import",)), ("3", "saved", ("memento",)), ("4", "recovered", ("import",)),
    ("5", "recovered", ("memento", "import")), ("6", "recovered", ("live", "memento")), ("7", "gone", ("live",)),
)  # fmt: skip


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy) -> Paths:
    archive = Archive(tmp_path_factory.mktemp("saved") / "archive.db")
    for thread, state, routes in THREADS:
        captures = [archive.capture(f"{FORUM}/t/{thread}.json") for _ in routes]
        for capture, route in zip(captures, routes, strict=True):
            archive.conn.execute("update captures set route = ?, via = 'saved.json' where id = ?", [route, capture])
        gone_at = "2024-06-01T00:00:00Z" if state == "gone" else None
        row = archive.thread(thread, f"Thread {thread}", state=state, gone_at=gone_at, capture_id=captures[0])
        for number, capture in enumerate(captures, 1):
            archive.post(row, number, "Joe", "<p>Promise Optimization, again.</p>", capture_id=capture)
            paragraph = archive.paragraphs(archive.conn.execute("select max(id) from posts").fetchone()[0])[0]
            archive.program(paragraph, "Promise Optimization")
    archive.close()
    build(archive.paths, taxonomy)
    return archive.paths


@pytest.fixture(scope="module")
def site(paths: Paths, metadata: dict[str, Any]) -> Datasette:
    return datasette(paths, metadata)


LOST = "The forum no longer has this thread. "
UNASKED = "Nobody has asked the forum whether it still has this thread."
NOTICES = {
    "2": f"What follows is from a saved file, as of 2024-05-01. {UNASKED}",
    "3": f"What follows is from a web archive, as of 2024-05-01. {UNASKED}",
    "4": f"{LOST}What follows was recovered from a saved file, as of 2024-05-01.",
    "5": f"{LOST}What follows was recovered from a web archive and from a saved file, captured there on 2024-05-01.",
    "6": f"{LOST}What follows was recovered from a web archive, as far as it had not been captured before.",
}


@pytest.mark.parametrize("thread", NOTICES)
def test_a_thread_says_who_kept_it_and_whether_the_forum_was_asked(site: Datasette, thread: str) -> None:
    assert text(LexborHTMLParser(ask(site, f"/thread/sas/{thread}").text), ".notice") == NOTICES[thread]


def test_what_is_known_from_saved_copies_counts_as_neither_vanished_nor_recovered(site: Datasette) -> None:
    for page in ("/", "/coverage"):
        figures = text(LexborHTMLParser(ask(site, page).text), ".figures")
        assert "threads vanished at the source4 of them recovered3" in figures, page
    assert "2 threads are known from saved copies alone" in text(LexborHTMLParser(ask(site, "/coverage").text))
    listed = ask(site, "/archive/vanished_threads.json?_shape=array&program=").json()
    assert sorted(row["title"] for row in listed) == [f"Thread {thread}" for thread in "4567"]


def test_they_can_be_searched_for(site: Datasette) -> None:
    found = LexborHTMLParser(ask(site, "/search?q=promise&state=saved").text)
    assert {a.text() for a in found.css("a.title")} == {"Thread 2", "Thread 3"}
    assert "Thread known from a saved copy" in text(found)


def test_an_evidence_package_says_the_same(paths: Paths, tmp_path: Path) -> None:
    package.make(paths, tmp_path / "bag", program=PROGRAM, public=True)
    words = text(LexborHTMLParser((tmp_path / "bag" / "data" / "index.html").read_text(encoding="utf-8")))
    for thread, said in (
        ("2", "from a saved file; nobody has asked the source whether it still has it"),
        ("4", "gone from the source, recovered from a saved file"),
        ("5", "gone from the source, recovered from a web archive and from a saved file"),
    ):
        assert f"thread {thread}, {said}:" in words
