"""A crawl asks for no more than it must."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from demo import Forum
from demo.faults import answer
from tests.crawler.conftest import Bench, Benches, Time
from tests.forums import CATEGORY, small_forum

FIXED = 5


def bound(forum: Forum, per_page: int = 30) -> int:
    """T topics, their list pages (a full last page names one more), a request for each further 300 posts."""
    pages = len(forum.threads) // per_page + 1
    further = sum(math.ceil(max(0, len(thread.posts) - 20) / 300) for thread in forum.threads)
    return len(forum.threads) + pages + further


@pytest.mark.parametrize("threads", [1, 30, 95])
def test_a_whole_forum_takes_its_topics_its_list_pages_and_the_further_posts(bench: Benches, threads: int) -> None:
    sizes = {number: 1 + number % 3 for number in range(1, threads + 1)} | {1: 700, 2: 321, 3: 320}
    forum = small_forum(sizes)
    crawled = bench(forum)
    assert crawled.crawl().exit_code == 0
    assert len(crawled.requests) <= bound(forum) + FIXED
    assert len(crawled.asked_for("/t/")) == len(forum.threads) + 3 + 2 + 1
    assert len(set(crawled.requests)) == len(crawled.requests)


def test_an_unchanged_forum_costs_its_lists_only_and_they_are_asked_again(bench: Benches) -> None:
    crawled = bench(small_forum(dict.fromkeys(range(1, 41), 25)))
    crawled.crawl()
    for _ in range(2):
        assert crawled.crawl().exit_code == 0
        assert [path.partition("?")[0] for path in crawled.requests] == [
            "/robots.txt",
            "/site.json",
            "/latest.json",
            "/latest.json",
        ]


def test_one_changed_thread_costs_one_request_and_one_for_its_further_posts(bench: Benches) -> None:
    forum = small_forum({7: 5, 8: 25, 9: 30})
    late = forum.clock + timedelta(days=1)
    thread = forum.threads[1]
    posts = (*thread.posts[:-1], replace(thread.posts[-1], at=late))
    crawled = bench(replace(forum, threads=(forum.threads[0], replace(thread, posts=posts), forum.threads[2])))
    crawled.crawl()
    crawled.forum.move_clock(late + timedelta(days=1))
    crawled.crawl()
    assert [path.partition("?")[0] for path in crawled.asked_for("/t/")] == ["/t/8.json", "/t/8/posts.json"]
    assert len(crawled.stored(8)) == 25


def hidden_from_latest(crawled: Bench, thread: int) -> None:
    """Leave a thread out of the list of all, as forums do with muted categories."""
    path = "/latest.json?order=created&ascending=true"
    page = httpx.get(crawled.forum.url + path).json()
    page["topic_list"]["topics"] = [topic for topic in page["topic_list"]["topics"] if topic["id"] != thread]
    crawled.forum.faults.append(
        answer("^/latest.json", 200, json.dumps(page), {"Content-Type": "application/json"}, times=None)
    )


def test_a_category_s_own_list_is_read_only_where_its_count_shows_more(bench: Benches) -> None:
    other = replace(CATEGORY, id=6, slug="quiet", name="Quiet")
    forum = small_forum({7: 1, 8: 1, 9: 1})
    threads = (*forum.threads[:2], replace(forum.threads[2], category=other))
    crawled = bench(replace(forum, threads=threads, categories=(CATEGORY, other)))
    hidden_from_latest(crawled, 9)
    assert crawled.crawl().exit_code == 0
    assert [path.partition("?")[0] for path in crawled.asked_for("/c/")] == ["/c/quiet/6/l/latest.json"]
    assert crawled.value("select count(*) from threads") == 3


def test_a_due_thread_is_asked_for_though_no_list_shows_a_change(bench: Benches, virtual_time: Time) -> None:
    crawled = bench(small_forum({7: 2}))
    crawled.crawl()
    virtual_time.pass_days(181)
    crawled.crawl()
    assert crawled.asked_for("/t/") == ["/t/7.json"]


def test_a_server_that_gives_the_same_page_for_ever_is_not_followed_for_ever(bench: Benches) -> None:
    crawled = bench(small_forum({7: 1, 8: 1}))
    page = httpx.get(crawled.forum.url + "/latest.json").json()
    for number in range(1, 4):
        page["topic_list"]["more_topics_url"] = f"/latest?page={number}"
        crawled.forum.faults.append(
            answer(
                f"page={number - 1}$" if number > 1 else "ascending=true$",
                200,
                json.dumps(page),
                {"Content-Type": "application/json"},
                times=None,
            )
        )
    assert crawled.crawl().exit_code == 0
    assert len(crawled.asked_for("/latest.json")) == 2
