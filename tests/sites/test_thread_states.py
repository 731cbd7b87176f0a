"""Whether a thread is there, gone, recovered or only saved follows from who was asked, whatever order captures come in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crawler.observations import PostBatch, ThreadGone
from crawler.sites import Site
from crawler.store import Store
from tests.sites.stored import Stored, moment_of, page, post

QUAY = Site("quay", "discourse", "https://quay.example/forums")

STATES = [
    ("a saved file of a forum that nobody asked", "discourse", [(5, "import")], "saved"),
    ("a capture of it in a web archive", "discourse", [(5, "memento")], "saved"),
    ("posts of it without a page", "discourse", [(5, "posts")], "saved"),
    ("a saved file of a forum that nobody can ask", "discourse_html", [(5, "import")], "recovered"),
    ("the forum still had it later", "discourse", [(5, "import"), (9, "live")], "live"),
    ("the forum had it before, and nobody asked since", "discourse", [(5, "live"), (9, "import")], "live"),
    ("the forum had it no more", "discourse", [(5, "import"), (9, "gone")], "recovered"),
    ("the forum had it no more, and only posts are held", "discourse", [(5, "posts"), (9, "gone")], "recovered"),
    ("it was saved after it had not been there", "discourse", [(3, "gone"), (5, "import")], "saved"),
]


@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "backwards"])
@pytest.mark.parametrize(("why", "kind", "captures", "state"), STATES, ids=[case[0] for case in STATES])
def test_a_thread_is_lost_only_where_the_forum_was_asked_or_nobody_can_ask_it(
    tmp_path: Path, why: str, kind: str, captures: list[tuple[int, str]], state: str, backwards: bool
) -> None:
    stored = Stored(tmp_path, replace(QUAY, kind=kind))
    for day, what in reversed(captures) if backwards else captures:
        if what == "gone":
            stored.see(ThreadGone("7", 404), day, "live")
        elif what == "posts":
            stored.see(PostBatch("7", ("1002",), (post(2),)), day)
        else:
            stored.see(page(post(1)), day, what)
    (thread,) = stored.rows("threads")
    assert thread["state"] == state
    assert (thread["gone_at"] is not None) == (captures[-1][1] == "gone")
    (due_at,) = stored.db.conn.execute("select due_at from threads").fetchone()
    assert (due_at is not None) == (state == "live")


def test_what_was_saved_of_a_forum_that_was_taken_for_gone_is_no_loss_once_it_answers(tmp_path: Path) -> None:
    stored = Stored(tmp_path, replace(QUAY, kind="discourse_html"))
    links = "".join(f'<a href="https://quay.example/forums/t/{thread}">there</a>' for thread in (8, 9))
    stored.see(page(post(1, links)), 5)
    stored.see(page(post(1), native_id="8"), 5)
    stored.see(page(post(1), native_id="9"), 5)
    stored.see(ThreadGone("9", 404), 9)
    Store(stored.db.conn, QUAY).add_site(moment_of(9))
    assert [row["state"] for row in stored.rows("threads")] == ["saved", "saved", "recovered"]
    assert [row[0] for row in stored.db.conn.execute("select state from links order by id")] == ["saved", "recovered"]
