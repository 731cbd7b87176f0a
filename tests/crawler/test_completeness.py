"""Every post that the source lists is held, or its absence is told and explained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crawler.sites import Site
from demo import Forum
from demo.faults import answer, vanishing_post
from tests.crawler.conftest import Bench, Benches
from tests.forums import small_forum


def ids(forum: Forum, thread: int) -> list[int]:
    found = forum.thread(thread)
    assert found
    return [post.id for post in found.posts]


def coverage(bench: Bench) -> list[tuple[Any, ...]]:
    return bench.rows("select posts_listed, posts_held, posts_missing, posts_unexplained from coverage order by 1")


def test_every_post_of_a_long_thread_is_held(bench: Benches) -> None:
    forum = small_forum({7: 1, 8: 20, 9: 21, 10: 645})
    crawled = bench(forum)
    assert crawled.crawl().exit_code == 0
    assert {thread.id: crawled.stored(thread.id) for thread in forum.threads} == {
        thread.id: ids(forum, thread.id) for thread in forum.threads
    }
    assert [row[2:] for row in coverage(crawled)] == [(0, 0)] * 4


def test_small_actions_and_gaps_in_the_numbers_are_kept(bench: Benches) -> None:
    forum = small_forum({7: 30})
    posts = list(forum.threads[0].posts)
    posts[24] = replace(posts[24], body=(), action="closed.enabled")
    posts[25:] = [replace(post, number=post.number + 7) for post in posts[25:]]
    crawled = bench(replace(forum, threads=(replace(forum.threads[0], posts=tuple(posts)),)))
    assert crawled.crawl().exit_code == 0
    assert crawled.rows("select number, kind, action from posts where number between 24 and 35 order by 1") == [
        (24, "post", None),
        (25, "action", "closed.enabled"),
        (33, "post", None),
        (34, "post", None),
        (35, "post", None),
    ]


def test_a_post_that_vanished_before_it_was_fetched_is_asked_for_once_more(bench: Benches) -> None:
    forum = small_forum({7: 30})
    lost = ids(forum, 7)[25]
    crawled = bench(forum)
    crawled.forum.faults.append(vanishing_post(lost, times=1))
    assert crawled.crawl().exit_code == 0
    assert crawled.stored(7) == ids(forum, 7)
    assert len(crawled.asked_for("/posts.json")) == 2
    assert coverage(crawled) == [(30, 30, 0, 0)]


def test_a_post_that_stays_away_is_an_explained_absence(bench: Benches) -> None:
    forum = small_forum({7: 30, 8: 3})
    lost = ids(forum, 7)[25]
    crawled = bench(forum)
    crawled.forum.faults.append(vanishing_post(lost))
    report = crawled.crawl()
    assert report.exit_code == 0
    assert len(crawled.asked_for("/posts.json")) == 2
    assert coverage(crawled) == [(3, 3, 0, 0), (30, 29, 1, 0)]
    assert crawled.rows("select native_id, explained, asked from missing_posts") == [(str(lost), 1, 2)]
    assert "listed by the source, but not shown when asked for twice" in report.text


def test_posts_that_could_not_be_had_are_named_and_the_exit_code_is_3(bench: Benches) -> None:
    crawled = bench(small_forum({7: 30, 8: 3}))
    crawled.forum.faults.append(answer("posts.json", 500, times=None))
    report = crawled.crawl()
    assert report.exit_code == 3
    assert coverage(crawled) == [(3, 3, 0, 0), (30, 20, 10, 10)]
    assert crawled.rows("select distinct reason from missing_posts") == [("request failed: status 500",)]
    assert "10 posts (10 unexplained)" in report.text


def test_the_next_crawl_asks_for_the_missing_part_only(bench: Benches) -> None:
    forum = small_forum({7: 30, 8: 3})
    crawled = bench(forum)
    crawled.forum.faults.append(answer("posts.json", 500, times=None))
    assert crawled.crawl().exit_code == 3
    crawled.forum.faults.clear()
    assert crawled.crawl().exit_code == 0
    assert crawled.stored(7) == ids(forum, 7)
    assert [path.partition("?")[0] for path in crawled.asked_for("/t/")] == ["/t/7.json", "/t/7/posts.json"]
    assert coverage(crawled) == [(3, 3, 0, 0), (30, 30, 0, 0)]


def test_posts_that_robots_txt_keeps_from_us_say_so(bench: Benches) -> None:
    crawled = bench(small_forum({7: 30}))
    crawled.forum.faults.append(answer("robots.txt", 200, "User-agent: *\nDisallow: /t/*/posts.json\n", times=None))
    report = crawled.crawl()
    assert crawled.asked_for("posts.json") == []
    assert report.exit_code == 3
    assert "robots.txt" in crawled.value("select reasons from coverage")


def test_a_list_page_that_robots_txt_forbids_is_no_proof_that_threads_left(bench: Benches) -> None:
    forum = small_forum(dict.fromkeys(range(1, 61), 1))
    crawled = bench(forum)
    assert crawled.crawl().exit_code == 0
    crawled.forum.faults.append(answer("robots.txt", 200, "User-agent: *\nDisallow: /*page=1\n", times=None))
    assert crawled.crawl().exit_code == 3
    assert crawled.asked_for("/t/") == []


def test_without_the_forum_s_own_figures_a_crawl_does_not_call_itself_complete(bench: Benches) -> None:
    crawled = bench(small_forum({7: 3}))
    crawled.forum.faults.append(answer("site.json", 500, times=None))
    assert crawled.crawl().exit_code == 3
    assert crawled.value("select count(*) from posts") == 3


def test_posts_of_another_topic_are_not_taken_for_those_asked_for(bench: Benches) -> None:
    crawled = bench(small_forum({7: 21, 8: 3}))
    body = '{"post_stream": {"posts": []}, "id": 8}'
    crawled.forum.faults.append(answer("/t/7/posts.json", 200, body, {"Content-Type": "application/json"}))
    assert crawled.crawl().exit_code == 0
    assert len(crawled.stored(7)) == 21


def test_a_listed_thread_that_is_gone_before_it_is_fetched_is_noted(bench: Benches) -> None:
    crawled = bench(small_forum({7: 2, 8: 3}))
    crawled.forum.faults.append(answer("/t/7.json", 404, "{}", {"Content-Type": "application/json"}))
    report = crawled.crawl()
    assert report.exit_code == 0
    assert crawled.rows("select native_id, status from absent_threads") == [("7", 404)]
    assert "1 threads that lists or links named were gone" in report.text


def test_a_named_thread_that_is_gone_is_a_loss_once_a_list_or_a_post_has_named_it(bench: Benches) -> None:
    crawled = bench(small_forum({7: 2, 8: 3}))
    crawled.forum.faults.append(answer("/t/7.json", 404, "{}", {"Content-Type": "application/json"}, times=None))
    named = crawled.crawl(threads=("7", "8"))
    assert "gone before" not in named.text and "no such thread" in named.text
    assert "1 threads that lists or links named were gone" in crawled.crawl().text


def test_a_forum_that_got_a_name_later_keeps_its_rows(bench: Benches) -> None:
    crawled = bench(small_forum({7: 3}))
    crawled.crawl()
    named = Site("harbour", "discourse", crawled.forum.url)
    before = crawled.rows("select id from sites")
    crawled.crawl(site=named)
    assert crawled.rows("select id from sites") == before
    assert crawled.rows("select count(*) from threads") == [(1,)]
