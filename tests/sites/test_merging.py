"""Captures of one thread, taken on different days and by different ways in, make one thread, whatever order they come
in: nothing is doubled, nothing newer is overwritten, and every text names the capture that proves it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.observations import NotContent, PostBatch, ThreadGone, ThreadPage
from crawler.sites import ADAPTERS, Site
from tests.sites.stored import Stored, moment_of, page, post


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    return Stored(tmp_path)


def test_an_older_capture_never_overwrites_a_newer_text_but_becomes_its_earlier_version(stored: Stored) -> None:
    stored.see(page(post(1, "as edited")), 20, "live")
    stored.see(page(post(1, "as written")), 10)
    (held,) = stored.rows("posts")
    assert held["html"] == "<p>as edited</p>" and held["first_seen_at"] == moment_of(10)
    (revision,) = stored.rows("revisions")
    assert (revision["html"], revision["observed_at"], revision["superseded_at"]) == (
        "<p>as written</p>",
        moment_of(10),
        moment_of(20),
    )


def test_a_post_without_an_id_gets_its_number_for_one_until_a_capture_shows_the_id(stored: Stored) -> None:
    stored.see(page(post(5, native_id="")), 1)
    assert [row["native_id"] for row in stored.rows("posts")] == ["#5"]
    stored.see(page(post(5, native_id="905"), stream=("901", "905")), 2)
    assert [row["native_id"] for row in stored.rows("posts")] == ["905"]
    assert stored.rows("missing") == [{"native_id": "901"}]


def test_a_page_without_ids_finds_the_post_that_is_held_by_its_id(stored: Stored) -> None:
    stored.see(page(post(5, native_id="905"), stream=("905",)), 2)
    stored.see(page(post(5, native_id="")), 1)
    assert [row["native_id"] for row in stored.rows("posts")] == ["905"]


def test_a_page_of_html_neither_misses_posts_nor_takes_any_for_removed(stored: Stored) -> None:
    stored.see(page(post(1), post(2)), 1)
    stored.see(page(post(21), posts_at_least=22), 2)
    assert [row["state"] for row in stored.rows("posts")] == ["present"] * 3
    assert stored.rows("missing") == []
    assert stored.rows("coverage") == [{"native_id": "7", "posts_listed": 22, "posts_held": 3, "posts_missing": 19}]


def test_a_list_of_ids_that_is_older_than_a_post_does_not_remove_it(stored: Stored) -> None:
    stored.see(page(post(1), post(2), stream=("1001", "1002")), 9)
    stored.see(page(post(1), stream=("1001",)), 5)
    assert [row["state"] for row in stored.rows("posts")] == ["present", "present"]
    assert stored.rows("threads")[0]["posts_listed"] == 2


def test_an_old_post_that_a_newer_list_of_ids_lacks_comes_in_as_a_tombstone_with_its_text(stored: Stored) -> None:
    stored.see(page(post(1), stream=("1001",)), 9, "live")
    stored.see(page(post(1), post(2, "since removed"), stream=("1001", "1002")), 5)
    removed = stored.rows("posts")[1]
    assert (removed["state"], removed["listed"], removed["html"]) == ("deleted", 0, "<p>since removed</p>")
    assert removed["state_since"] == moment_of(9)


def test_a_post_known_by_number_only_is_a_tombstone_once_all_listed_posts_are_held_without_it(stored: Stored) -> None:
    stored.see(page(post(1, native_id=""), post(2, native_id="")), 1)
    stored.see(page(post(1), stream=("1001", "1003")), 5)
    assert [row["state"] for row in stored.rows("posts")] == ["present", "present"]
    stored.see(PostBatch("7", ("1003",), (post(3),)), 5)
    assert [(row["native_id"], row["state"]) for row in stored.rows("posts")] == [
        ("1001", "present"),
        ("#2", "deleted"),
        ("1003", "present"),
    ]


def test_a_flag_notice_does_not_overwrite_the_text_of_an_older_capture(stored: Stored) -> None:
    stored.see(page(post(1, "", state="hidden"), stream=("1001",)), 9)
    stored.see(page(post(1, "readable", native_id="")), 3)
    (held,) = stored.rows("posts")
    assert (held["state"], held["html"], held["state_since"]) == ("hidden", "<p>readable</p>", moment_of(9))


def test_a_text_that_returned_stood_before_and_after_the_one_between(stored: Stored) -> None:
    for day, text in ((1, "A"), (9, "A"), (5, "B")):
        stored.see(page(post(1, text)), day)
    assert [(r["html"], r["observed_at"], r["superseded_at"]) for r in stored.rows("revisions")] == [
        ("<p>A</p>", moment_of(1), moment_of(5)),
        ("<p>B</p>", moment_of(5), moment_of(9)),
    ]
    assert stored.rows("posts")[0]["html"] == "<p>A</p>"


def test_a_gone_thread_is_recovered_once_a_memento_adds_to_it(stored: Stored) -> None:
    stored.see(page(post(2)), 4, "live")
    stored.see(ThreadGone("7", 404), 9, "live")
    assert stored.rows("threads")[0]["state"] == "gone"
    stored.see(page(post(1)), 3, "memento")
    thread = stored.rows("threads")[0]
    assert (thread["state"], thread["gone_at"], thread["gone_status"]) == ("recovered", moment_of(9), 404)


def test_an_archived_404_that_is_older_than_a_capture_means_nothing(stored: Stored) -> None:
    stored.see(page(post(1)), 5, "live")
    stored.see(ThreadGone("7", 404), 3, "memento")
    assert stored.rows("threads")[0]["state"] == "live"


def test_a_role_that_the_source_itself_gave_is_not_changed_by_a_memento(stored: Stored) -> None:
    def role() -> str:
        return str(stored.db.conn.execute("select role from authors").fetchone()[0])

    stored.see(page(post(1, role="")), 1, "memento")
    assert role() == "member"
    stored.see(page(post(1, role="staff")), 2, "memento")
    assert role() == "staff"
    stored.see(page(post(1, role="")), 3, "memento")
    assert role() == "staff"
    stored.see(page(post(2, role="member")), 4, "live")
    stored.see(page(post(1, role="staff")), 3, "memento")
    assert role() == "member"


def test_posts_of_a_source_without_numbers_are_numbered_by_time(stored: Stored) -> None:
    def reply(name: str, day: int) -> object:
        return post(0, native_id=name, created_at=moment_of(day))

    stored.see(page(post(1, native_id="root"), reply("late", 9), reply("early", 3)), 20)  # type: ignore[arg-type]
    stored.see(page(reply("between", 5)), 10)  # type: ignore[arg-type]
    assert [(r["number"], r["native_id"]) for r in stored.rows("posts")] == [
        (1, "root"),
        (2, "early"),
        (3, "between"),
        (4, "late"),
    ]


# Any thread, as captures of different days show it: with ids and a stream, as pages without, as posts by their ids. Each post's text
# changes at most once a day and never returns; a removed post stays removed.
@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, ThreadPage | PostBatch]]:
    numbers = range(1, draw(st.integers(1, 4)) + 1)
    removed = {n: draw(st.integers(1, 12)) for n in numbers if n > 1 and draw(st.booleans())}
    edits = {n: sorted(draw(st.sets(st.integers(1, 9), max_size=2))) for n in numbers}
    captures: list[tuple[int, ThreadPage | PostBatch]] = []
    for day in sorted(draw(st.sets(st.integers(0, 10), min_size=1, max_size=5))):
        there = [n for n in numbers if day < removed.get(n, 99)]
        shown = [n for n in there if draw(st.booleans())] or there[:1]
        shape = draw(st.sampled_from(("data", "page", "posts")))
        native_id = "" if shape == "page" else None
        posts = tuple(post(n, f"text {sum(edit <= day for edit in edits[n])} of {n}", native_id) for n in shown)
        if shape == "posts":
            asked = tuple(f"1{n:03}" for n in there)
            captures.append((day, PostBatch("7", asked, posts, title="the words of its address")))
            continue
        data = shape == "data"
        stream = tuple(f"1{n:03}" for n in there) if data else None
        last = max(there) if data and draw(st.booleans()) else None
        implied = None if data else max(shown)
        title = f"Title {day // 4}"
        captures.append((day, page(*posts, stream=stream, posts_at_least=implied, title=title, last_number=last)))
    return captures


@settings(max_examples=250, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_in_which_captures_come_does_not_matter(
    history: list[tuple[int, ThreadPage | PostBatch]], random: object
) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    results = []
    for captures in (history, shuffled):
        with tempfile.TemporaryDirectory() as folder:
            stored = Stored(Path(folder))
            for day, seen in captures:
                stored.see(seen, day)
            rows = stored.everything()
            # Of the lists of ids only the newest is remembered: between which of them a post was removed is not.
            for row in rows["posts"]:
                if row["state"] == "deleted":
                    row["state_since"] = row["last_seen_at"] = None
            results.append(rows)
            stored.db.close()
    assert results[0] == results[1]


# Ids that a list of all shows, and numbers that a page of HTML shows


def data(stream: str, shown: str, last: int | None = None, day: int = 5) -> tuple[ThreadPage, int]:
    """A page of data: `1-5` are the ids 1001 to 1005, shown are posts by number."""
    ids = tuple(f"1{int(n):03}" for n in stream.split())
    return page(*(post(int(n)) for n in shown.split()), stream=ids, last_number=last), day


PAIRS = [
    ("the number of the last post says that there are no gaps", "1 2 3 4", "1 2", 4, ["1001", "1002", "1003", "1004"]),
    ("between two posts that are shown there are none", "1 2 3 4", "1 2 4", None, ["1001", "1002", "1003", "1004"]),
    ("nothing says where the gaps are", "1 2 3 4", "1 2", None, ["1001", "1002", "#3", "#4"]),
    ("a post was removed in between", "1 2 4 5", "1 2 5", None, ["1001", "1002", "#3", "#4", "1005"]),
    ("ids do not ascend: staff stands second", "1 4 2 3", "1", 4, ["1001", "#2", "#3", "#4"]),
    ("a later post than the last of the list", "1 2 3", "1", 3, ["1001", "1002", "1003", "#4"]),
]


@pytest.mark.parametrize("html_first", [True, False])
@pytest.mark.parametrize(("why", "stream", "shown", "last", "ids"), PAIRS, ids=[case[0] for case in PAIRS])
def test_ids_and_numbers_are_paired_where_nothing_else_is_possible(
    stored: Stored, why: str, stream: str, shown: str, last: int | None, ids: list[str], html_first: bool
) -> None:
    html = page(*(post(n, f"text {n}", native_id="") for n in range(1, 5)))
    seen = [(html, 3), data(stream, shown, last)]
    for captured, day in seen if html_first else reversed(seen):
        stored.see(captured, day)
    assert [row["native_id"] for row in stored.rows("posts") if row["number"] < 6] == ids


def test_a_paired_post_is_missing_no_more_and_its_text_is_the_page_s(stored: Stored) -> None:
    stored.see(*data("1 2 3", "1 2", 3))
    assert stored.rows("missing") == [{"native_id": "1003"}]
    stored.see(page(post(3, "from the page", native_id="")), 4)
    assert stored.rows("missing") == []
    assert [(row["native_id"], row["html"], row["state"]) for row in stored.rows("posts")][2:] == [
        ("1003", "<p>from the page</p>", "present")
    ]
    assert stored.rows("coverage")[0]["posts_missing"] == 0


def test_two_posts_by_different_people_at_different_times_are_never_made_one(stored: Stored) -> None:
    stored.see(page(post(2, "by Ben", native_id="", author="ben", created_at="2018-02-02T00:00:00Z")), 1)
    stored.see(page(post(2, "by Ada"), stream=("1002",)), 5)
    assert sorted((row["native_id"], row["html"]) for row in stored.rows("posts")) == [
        ("#2", "<p>by Ben</p>"),
        ("1002", "<p>by Ada</p>"),
    ]
    assert stored.rows("revisions") == []
    stored.see(page(post(2, "by Ben, edited", native_id="", author="ben", created_at="2018-02-02T00:00:00Z")), 2)
    assert {row["native_id"]: row["html"] for row in stored.rows("posts")}["1002"] == "<p>by Ada</p>"


# The new forums


NSFE = Site("nsfe-us", "amazon_nsfe", "https://sellercentral.amazon.com/seller-forums")
ROOT = "84e3f6b1-42f7-4cf3-a189-a5cc8d78d838"


def new_page(shown: int, count: str, *, below: str = "", content: str = "post-content") -> ThreadPage:
    """Synthetic: a thread page of the new forums, read."""
    posts = "".join(
        f'<article id="post-{ROOT[:-1]}{8 + n}"><div data-testid="{content}"><p>Words {n}.</p></div></article>'
        for n in range(shown)
    )
    body = f'<h1>T</h1>{posts}<i data-testid="reply-metric">{count}</i></html>'.encode()
    seen = ADAPTERS["amazon_nsfe"].read(NSFE, f"{NSFE.base_url}/discussions/t/{ROOT}{below}", 200, body)
    assert isinstance(seen, ThreadPage)
    return seen


def test_a_permalink_s_page_does_not_make_missing_replies_forgotten(tmp_path: Path) -> None:
    stored = Stored(tmp_path, NSFE)
    stored.see(new_page(2, "36 replies"), 1, "live")
    stored.see(new_page(1, "0 replies", below=f"?postId={ROOT}"), 2, "live")
    assert [row["posts_missing"] for row in stored.rows("coverage")] == [35]


def test_a_page_in_other_markup_buries_nothing(tmp_path: Path) -> None:
    stored = Stored(tmp_path, NSFE)
    stored.see(new_page(2, "1"), 1, "live")
    with pytest.raises(NotContent):
        stored.see(new_page(2, "1", content="post-body"), 2, "live")
    assert [row["state"] for row in stored.rows("posts")] == ["present", "present"]


# Posts before their thread


def test_posts_that_come_before_any_page_of_their_thread_are_kept(stored: Stored) -> None:
    stored.see(PostBatch("7", ("1002", "1003"), (post(2), post(3)), title="labels we never asked for"), 9)
    (thread,) = stored.rows("threads")
    assert (thread["title"], thread["state"], thread["posts_held"]) == ("labels we never asked for", "recovered", 2)
    stored.see(page(post(1), stream=("1001", "1002", "1003"), title="Labels we never asked for!"), 4)
    (thread,) = stored.rows("threads")
    assert (thread["title"], thread["posts_listed"], thread["posts_held"]) == ("Labels we never asked for!", 3, 3)
    assert stored.db.conn.execute("select count(*) from titles").fetchone()[0] == 0


def test_an_archived_answer_without_a_post_proves_nothing_about_it(stored: Stored) -> None:
    stored.see(page(post(1), post(2), stream=("1001", "1002", "1003")), 4)
    stored.see(PostBatch("7", ("1002", "1003"), ()), 9)
    assert [row["state"] for row in stored.rows("posts")] == ["present", "present"]


def test_a_gone_thread_of_which_only_posts_come_back_is_recovered(stored: Stored) -> None:
    stored.see(ThreadGone("7", 404), 9, "live")
    stored.see(PostBatch("7", ("1002",), (post(2),)), 3)
    thread = stored.rows("threads")[0]
    assert (thread["state"], thread["gone_at"], thread["gone_status"]) == ("recovered", moment_of(9), 404)
    assert stored.rows("absent") == []
