"""What changed between two crawls is kept beside what was there before."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from archive.warc import WarcStore
from crawler.rebuild import rebuild
from demo import WrittenForum
from demo.faults import Fault, answer, vanishing_post
from demo.model import Gone, Paragraph, Version
from tests.crawler.conftest import Bench, Benches, Time, with_posts
from tests.crawling import content, opened
from tests.forums import small_forum

# The forum's clock stands three months after the threads; what changes does so a day later.
THEN = small_forum({}).clock + timedelta(days=1)
JSON = {"Content-Type": "application/json"}


def edited(text: str) -> tuple[Version, ...]:
    return (Version(THEN, (Paragraph("p", text),)),)


def crawl_before_and_after(crawled: Bench, virtual: Time, **options: Any) -> None:
    assert crawled.crawl().exit_code == 0
    virtual.pass_days(2)
    crawled.forum.move_clock(THEN + timedelta(days=1))
    assert crawled.crawl(**options).exit_code == 0


def test_an_edit_is_a_revision_with_the_times_between_which_it_was_seen(bench: Benches, virtual_time: Time) -> None:
    forum = with_posts(small_forum({7: 3}), 7, post_3={"edits": edited("Changed words.")})
    crawled = bench(forum)
    crawl_before_and_after(crawled, virtual_time)
    assert crawled.value("select text from posts where number = 3") == "Changed words."
    (row,) = crawled.rows(
        "select r.text, r.observed_at = p.first_seen_at, r.superseded_at = p.last_seen_at, r.superseded_at > observed_at"
        " from revisions r join posts p on p.id = post_id"
    )
    assert row == ("Post 3 of thread 7: they switched it on, and nobody was told. :sigh:", 1, 1, 1)
    assert crawled.rows("select edited_posts, new_posts from runs order by id") == [(0, 3), (1, 0)]


def test_an_edit_that_no_list_shows_is_found_by_a_re_check(bench: Benches, virtual_time: Time) -> None:
    forum = with_posts(small_forum({7: 40}), 7, post_2={"edits": edited("Quietly changed.")})
    crawled = bench(forum)
    crawl_before_and_after(crawled, virtual_time)
    assert crawled.asked_for("/t/") == []
    crawled.crawl(recheck=True)
    assert crawled.value("select text from posts where number = 2") == "Quietly changed."
    assert crawled.value("select count(*) from revisions") == 1


def test_a_post_that_left_the_stream_leaves_a_tombstone_with_its_text(bench: Benches, virtual_time: Time) -> None:
    forum = with_posts(small_forum({7: 30}), 7, post_30={"deleted": THEN}, post_29={"deleted": THEN})
    crawled = bench(forum)
    crawl_before_and_after(crawled, virtual_time)
    assert crawled.rows(
        "select number, state, listed, text != '', last_seen_at < state_since from posts where number > 28 order by 1"
    ) == [(29, "deleted", 0, 1, 1), (30, "deleted", 0, 1, 1)]
    assert crawled.rows("select posts_listed, posts_held, posts_missing, tombstones from coverage") == [(28, 28, 0, 2)]
    assert crawled.value("select vanished_posts from runs order by id desc") == 2


def test_a_post_that_comes_back_is_present_again(bench: Benches, virtual_time: Time) -> None:
    forum = with_posts(small_forum({7: 340}), 7, post_25={"deleted": THEN})
    crawled = bench(forum)
    crawled.crawl()
    before = crawled.forum.clock
    crawled.forum.move_clock(THEN + timedelta(days=1))
    crawled.crawl(recheck=True)
    assert crawled.value("select state from posts where number = 25") == "deleted"
    crawled.forum.move_clock(before)
    virtual_time.pass_days(1)
    crawled.crawl()
    assert crawled.value("select state from posts where number = 25") == "present"


@pytest.mark.parametrize(("change", "state"), [("hidden", "hidden"), ("withdrawn", "deleted")])
def test_the_last_good_text_stays_under_a_notice(bench: Benches, virtual_time: Time, change: str, state: str) -> None:
    forum = with_posts(small_forum({7: 3}), 7, post_2={change: THEN + timedelta(hours=12)})
    crawled = bench(forum)
    crawl_before_and_after(crawled, virtual_time, recheck=True)
    row = crawled.rows("select state, text, html != '' from posts where number = 2")[0]
    assert row == (state, "Post 2 of thread 7: they switched it on, and nobody was told. :sigh:", 1)
    assert crawled.value("select count(*) from revisions") == 0


def test_a_post_first_seen_hidden_gets_its_text_when_it_shows(bench: Benches, virtual_time: Time) -> None:
    forum = small_forum({7: 3})
    crawled = bench(with_posts(forum, 7, post_2={"hidden": THEN}))
    before = crawled.forum.clock
    crawled.forum.move_clock(THEN)
    crawled.crawl()
    assert crawled.rows("select state, text from posts where number = 2") == [("hidden", "")]
    crawled.forum.move_clock(before)
    virtual_time.pass_days(1)
    crawled.crawl(recheck=True)
    assert crawled.value("select text from posts where number = 2").startswith("Post 2 of thread 7")
    assert crawled.value("select state from posts where number = 2") == "present"
    assert crawled.value("select count(*) from revisions") == 0


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_thread_that_is_gone_is_marked_and_kept(bench: Benches, virtual_time: Time, status: int) -> None:
    forum = small_forum({7: 3, 8: 2})
    threads = (replace(forum.threads[0], gone=Gone(THEN, status)), forum.threads[1])
    crawled = bench(replace(forum, threads=threads))
    crawl_before_and_after(crawled, virtual_time)
    assert crawled.asked_for("/t/") == ["/t/7.json"]
    assert crawled.rows("select state, gone_status, posts_held, gone_at is not null from threads order by 1") == [
        ("gone", status, 3, 1),
        ("live", None, 2, 0),
    ]
    assert crawled.value("select count(*) from posts where state = 'present'") == 5
    crawled.crawl()
    assert crawled.asked_for("/t/") == []


def test_a_thread_that_comes_back_is_live_again(bench: Benches, virtual_time: Time) -> None:
    forum = small_forum({7: 3})
    crawled = bench(replace(forum, threads=(replace(forum.threads[0], gone=Gone(THEN, 404)),)))
    before = crawled.forum.clock
    crawl_before_and_after(crawled, virtual_time)
    crawled.forum.move_clock(before)
    crawled.crawl()
    assert crawled.rows("select state, gone_at, gone_status from threads") == [("live", None, None)]


def test_a_thread_that_is_gone_but_still_listed_is_asked_for_ever_more_rarely(
    bench: Benches, virtual_time: Time
) -> None:
    crawled = bench(small_forum({7: 3, 8: 1}))
    crawled.crawl()
    crawled.forum.faults.append(answer("/t/7.json", 404, "{}", JSON, times=None))
    crawled.crawl(recheck=True)
    asked = []
    for _day in range(16):
        virtual_time.pass_days(1.1)
        crawled.crawl()
        asked.append(len(crawled.asked_for("/t/7.json")))
    assert asked == [1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    crawled.forum.faults.clear()
    virtual_time.pass_days(16)
    crawled.crawl()
    assert crawled.value("select state from threads where native_id = '7'") == "live"


def test_a_thread_that_was_merged_into_another_is_gone_and_says_where_it_went(bench: Benches) -> None:
    crawled = bench(small_forum({7: 3, 8: 2}))
    crawled.crawl()
    crawled.forum.faults.append(answer("/t/7.json", 301, headers={"Location": "/t/thread-8/8"}, times=None))
    report = crawled.crawl(recheck=True)
    assert report.exit_code == 0
    assert crawled.rows("select native_id, state, gone_status, moved_to, posts_held from threads order by 1") == [
        ("7", "gone", 301, "8", 3),
        ("8", "live", None, None, 2),
    ]
    assert "1 threads gone" in report.text
    before = content(crawled.folder)
    db = opened(crawled.folder)
    rebuild(db, WarcStore(crawled.folder / "archive.warc", software="test"))
    db.close()
    assert content(crawled.folder) == before
    assert crawled.value("select moved_to from threads where native_id = '7'") == "8"
    crawled.forum.faults.clear()
    crawled.crawl(recheck=True)
    assert crawled.rows("select state, moved_to from threads where native_id = '7'") == [("live", None)]


def test_the_thread_that_another_one_leads_to_is_fetched(bench: Benches) -> None:
    crawled = bench(small_forum({7: 3, 8: 2}))
    crawled.forum.faults.append(answer("/t/7.json", 301, headers={"Location": "/t/thread-8/8"}, times=None))
    assert crawled.crawl(path="/t/7", everything=False).exit_code == 0
    assert crawled.rows("select native_id, posts_held from threads") == [("8", 2)]
    assert crawled.rows("select native_id, status, moved_to from absent_threads") == [("7", 301, "8")]


def test_threads_that_lead_to_each_other_are_a_circle(bench: Benches) -> None:
    crawled = bench(small_forum({7: 3, 8: 2}))
    crawled.forum.faults += [
        answer("/t/7.json", 301, headers={"Location": "/t/8"}, times=None),
        answer("/t/8.json", 301, headers={"Location": "/t/7"}, times=None),
    ]
    report = crawled.crawl()
    assert report.exit_code == 3 and "redirected in a circle" in report.text


def test_a_held_post_that_is_once_not_shown_is_asked_for_again_before_it_is_a_tombstone(bench: Benches) -> None:
    forum = small_forum({7: 30})
    lost = forum.threads[0].posts[25].id
    crawled = bench(forum)
    crawled.crawl()
    crawled.forum.faults.append(vanishing_post(lost, times=1))
    crawled.crawl(recheck=True)
    assert len(crawled.asked_for("/posts.json")) == 2
    assert crawled.rows("select state, missed_at from posts where number = 26") == [("present", None)]
    crawled.forum.faults.append(vanishing_post(lost))
    assert crawled.crawl(recheck=True).exit_code == 0
    assert len(crawled.asked_for("/posts.json")) == 2
    assert crawled.rows("select state, text != '' from posts where number = 26") == [("deleted", 1)]


def test_a_thread_that_left_the_lists_but_answers_is_asked_once(bench: Benches, virtual_time: Time) -> None:
    crawled = bench(small_forum({7: 3}))
    crawled.crawl()
    empty = answer("^/latest.json", 200, '{"topic_list": {"topics": []}}', JSON, times=None)
    no_count = answer("^/site.json", 200, '{"categories": []}', JSON, times=None)
    crawled.forum.faults += [empty, no_count]
    crawled.crawl()
    assert crawled.asked_for("/t/") == ["/t/7.json"]
    assert crawled.rows("select t.state, unlisted_at is not null from threads t join listed_threads using (native_id)") == [
        ("live", 1)
    ]  # fmt: skip
    crawled.crawl()
    assert crawled.asked_for("/t/") == []


def test_a_category_that_the_forum_no_longer_names_is_not_asked_for(bench: Benches) -> None:
    crawled = bench(small_forum({7: 3}))
    crawled.crawl()
    crawled.forum.source = WrittenForum(replace(small_forum({}), categories=()))
    assert crawled.crawl().exit_code == 0
    assert crawled.asked_for("/c/") == []
    assert crawled.rows("select state from threads") == [("gone",)]


def test_a_new_title_keeps_the_old_one(bench: Benches) -> None:
    forum = small_forum({7: 1})
    crawled = bench(forum)
    crawled.crawl()
    crawled.forum.source = WrittenForum(replace(forum, threads=(replace(forum.threads[0], title="Renamed"),)))
    crawled.crawl()
    assert crawled.rows("select title from threads") == [("Renamed",)]
    assert crawled.rows("select title from titles") == [("Thread 7 about opting out",)]


SOFT_FAILURES: list[tuple[str, int, str, dict[str, str]]] = [
    ("a challenge", 200, "<!DOCTYPE html><title>Just a moment...</title>", {}),
    ("a login page", 200, "<html><form>Log in: <input type=password></form>", {}),
    ("a page", 200, "<html><p>Welcome</p>", {}),
    ("a 404 of somebody else", 404, "<html><h1>404 Not Found</h1><hr>nginx", {}),
    ("members only", 403, '{"errors": ["You need to be logged in"], "error_type": "not_logged_in"}', JSON),
    ("half of it", 200, '{"post_stream": {"posts": [{"id": 1, "cooked": "<p>ha', JSON),
    ("nothing", 200, "", JSON),
    ("a list", 200, "[]", JSON),
    ("another topic", 200, '{"id": 8, "title": "x", "post_stream": {"posts": [], "stream": []}}', JSON),
    ("no stream", 200, '{"id": 7, "title": "x"}', JSON),
    ("a gateway", 502, "bad gateway", {}),
]


@pytest.mark.parametrize(("status", "body", "headers"), [case[1:] for case in SOFT_FAILURES], ids=[c[0] for c in SOFT_FAILURES])  # fmt: skip
def test_what_is_not_content_is_asked_for_again_and_never_stored(
    bench: Benches, status: int, body: str, headers: dict[str, str]
) -> None:
    crawled = bench(small_forum({7: 3, 8: 2}))
    crawled.forum.faults.append(answer("/t/7.json", status, body, headers, times=2))
    assert crawled.crawl().exit_code == 0
    assert crawled.stored(7) != []
    assert len(crawled.asked_for("/t/7.json")) == 3
    assert crawled.rows("select status from captures where url like '%/t/7.json'") == [(200,)]


def for_ever(status: int, body: str) -> Fault:
    return answer("/t/7.json", status, body, times=None)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (for_ever(200, "<title>Just a moment...</title>"), "a challenge page for browsers came instead of data"),
        (for_ever(200, "<p>Please log in"), "a login page came instead of data"),
        (for_ever(200, '{"id": 7'), r"cut-off or broken JSON \(8 bytes\)"),
    ],
)
def test_what_stays_no_content_is_refused_by_name_and_what_is_held_is_untouched(
    bench: Benches, fault: Fault, name: str
) -> None:
    crawled = bench(small_forum({7: 3, 8: 2}))
    crawled.crawl()
    assert crawled.rows("select id from threads where native_id = '7'") == [(1,)]
    before = crawled.rows("select * from posts where thread_id = 1") + crawled.rows("select * from revisions")
    crawled.forum.faults.append(replace(fault))
    report = crawled.crawl(recheck=True)
    assert report.exit_code == 3
    assert len(crawled.asked_for("/t/7.json")) == 5
    assert re.search(f"failed: .*/t/7.json: {name}", report.text)
    assert crawled.rows("select state, posts_held from threads where native_id = '7'") == [("live", 3)]
    assert crawled.rows("select * from posts where thread_id = 1") + crawled.rows("select * from revisions") == before


def test_a_redirect_to_a_login_page_is_no_content(bench: Benches) -> None:
    crawled = bench(small_forum({7: 3, 8: 2}))
    crawled.forum.faults += [
        answer("/t/7.json", 302, headers={"Location": "/login"}, times=None),
        answer("/login", 200, "<p>Please log in", times=None),
    ]
    report = crawled.crawl()
    assert report.exit_code == 3
    assert "/login: a redirect led to a page that is no data of the forum" in report.text
    assert crawled.rows("select native_id from threads") == [("8",)]


def test_old_times_are_times_too(bench: Benches) -> None:
    crawled = bench(small_forum({7: 1}))
    post = {"id": 1, "post_number": 1, "cooked": "<p>x", "created_at": "0988-03-08T09:01:00.123Z"}
    topic = {"id": 7, "title": "x", "created_at": post["created_at"], "post_stream": {"posts": [post], "stream": [1]}}
    crawled.forum.faults.append(answer("/t/7.json", 200, json.dumps(topic), JSON))
    assert crawled.crawl().exit_code == 0
    assert crawled.value("select created_at from posts") == "0988-03-08T09:01:00Z"
