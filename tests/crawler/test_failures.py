"""Servers and networks fail in every way; the crawl tries again, goes on, or says clearly why it stops."""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path

import pytest

from archive.errors import ArchiveError, RefusedError, UnreachableError
from crawler import door
from demo.faults import Fault, answer, challenge, half_json, login_page, redirect_loop, reset, stall, truncated
from tests.crawler.conftest import Benches, Time
from tests.crawling import crawl
from tests.forums import small_forum

PASSING: list[Fault] = [
    *(answer("/t/7.json", status, "oops") for status in (500, 502, 503, 504, 520, 408)),
    reset("/t/7.json"),
    truncated("/t/7.json"),
    half_json("/t/7.json"),
    stall("/t/7.json", 0.5),
    truncated("/latest.json"),
    reset("/latest.json"),
    truncated("/site.json"),
    half_json("posts.json"),
    answer("posts.json", 500),
    answer("robots.txt", 500),
]


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: f"{fault.kind} {fault.status} {fault.path}")
def test_a_failure_that_passes_costs_another_attempt_and_nothing_else(
    bench: Benches, virtual_time: Time, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr(door, "READ_SECONDS", 0.2)
    crawled = bench(small_forum({7: 30, 8: 2}))
    fault.times = 3
    crawled.forum.faults.append(fault)
    assert crawled.crawl().exit_code == 0
    assert (len(crawled.stored(7)), len(crawled.stored(8))) == (30, 2)
    # 2 + 4 + 8 seconds at least, and half as much again at most.
    assert 14 <= virtual_time.passed < 23
    assert crawled.rows("select retries, failures from runs") == [(3, 0)]


@pytest.mark.parametrize("fault", [answer("/t/7.json", 500), reset("/t/7.json"), redirect_loop("/t/7.json"), challenge("/t/7.json")], ids=["500", "reset", "loop", "challenge"])  # fmt: skip
def test_one_broken_topic_never_stops_the_others(bench: Benches, fault: Fault) -> None:
    crawled = bench(small_forum({6: 1, 7: 1, 8: 1, 9: 1}))
    fault.times = None
    crawled.forum.faults.append(fault)
    report = crawled.crawl()
    assert report.exit_code == 3
    assert "/t/7.json" in report.text
    assert crawled.rows("select native_id from threads order by 1") == [("6",), ("8",), ("9",)]
    assert 1 <= len(crawled.asked_for("/t/7.json")) <= 5


@pytest.mark.parametrize(
    "target", ["http://[::1", "http://other.example/t/7.json", "http://a b/\x7f", "//[", "", "\\\\"]
)
def test_a_redirect_to_nowhere_is_a_failure_of_that_address_only(bench: Benches, target: str) -> None:
    crawled = bench(small_forum({7: 1, 8: 1}))
    crawled.forum.faults.append(answer("/t/7.json", 301, headers={"Location": target or " "}, times=None))
    assert crawled.crawl().exit_code == 3
    assert crawled.rows("select native_id from threads") == [("8",)]


def test_a_redirect_on_the_forum_is_followed(bench: Benches) -> None:
    crawled = bench(small_forum({7: 1}))
    crawled.forum.faults.append(answer(r"^/t/7.json$", 301, headers={"Location": "/t/thread-7/7.json"}))
    assert crawled.crawl().exit_code == 0
    assert crawled.stored(7) != []


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_host_that_is_not_there_ends_the_run_with_code_4_after_a_few_waits(
    tmp_path: Path, virtual_time: Time
) -> None:
    with pytest.raises(UnreachableError, match="the host does not answer") as caught:
        crawl(f"http://127.0.0.1:{free_port()}", tmp_path)
    assert caught.value.exit_code == 4
    assert 6 <= virtual_time.passed < 60


def test_a_host_that_dies_is_given_time_and_then_given_up(bench: Benches, virtual_time: Time) -> None:
    forum = small_forum(dict.fromkeys(range(1, 21), 1))
    crawled = bench(forum)

    def dies() -> bool:
        if len(crawled.forum.requests) == 8:
            crawled.forum.close()
        return False

    before = virtual_time.at
    with pytest.raises(UnreachableError, match=r"no connection|broke off"):
        crawled.crawl(stop=dies)
    assert virtual_time.at - before >= 2 + 4 + 8 + 16
    assert crawled.rows("select state, exit_code from runs") == [("interrupted", 4)]
    held = crawled.value("select count(*) from threads")
    assert 0 < held < 20


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (answer("/", 500, times=None), UnreachableError),
        (answer("/latest", 500, times=None), UnreachableError),
        (answer("/(latest|t/)", 503, times=None), UnreachableError),
        (challenge("/(latest|site|t/)", times=None), RefusedError),
        (login_page("/(latest|site|t/)", times=None), RefusedError),
        (reset("/", times=None), UnreachableError),
    ],
)
def test_a_forum_that_answers_nothing_useful_is_named_and_can_be_taken_up_again(
    bench: Benches, fault: Fault, error: type[ArchiveError]
) -> None:
    crawled = bench(small_forum({7: 1, 8: 1}))
    crawled.forum.faults.append(fault)
    for _ in range(2):
        with pytest.raises(error):
            crawled.crawl()
        assert len(crawled.requests) >= 3
    crawled.forum.faults.clear()
    came = crawled.value("select count(*) from captures") > 0
    assert crawled.crawl().exit_code == 0
    assert crawled.value("select count(*) from threads") == 2
    # Where something had come, it is the same run.
    assert crawled.value("select count(*) from runs") == (1 if came else 3)


def test_a_host_that_never_answered_leaves_a_failed_run_and_no_forum(bench: Benches) -> None:
    crawled = bench(small_forum({7: 1}))
    crawled.forum.faults.append(reset("/", times=None))
    with pytest.raises(UnreachableError):
        crawled.crawl()
    assert crawled.rows("select state, exit_code, ended_at is not null from runs") == [("failed", 4, 1)]
    assert crawled.rows("select * from sites") == crawled.rows("select * from frontier") == []


def test_a_forum_that_once_answered_stays_when_it_no_longer_does(bench: Benches) -> None:
    crawled = bench(small_forum({7: 1}))
    crawled.crawl()
    crawled.forum.faults.append(reset("/", times=None))
    with pytest.raises(UnreachableError):
        crawled.crawl()
    assert crawled.rows("select state from runs order by id") == [("finished",), ("interrupted",)]
    assert crawled.value("select count(*) from threads") == 1


def test_many_broken_topics_in_a_row_end_the_run(bench: Benches) -> None:
    crawled = bench(small_forum(dict.fromkeys(range(1, 41), 1)))
    crawled.forum.faults.append(answer("/t/", 500, times=None))
    with pytest.raises(UnreachableError, match="25 addresses in a row failed, the last with: status 500"):
        crawled.crawl()
    assert len(crawled.asked_for("/t/")) == 25


def test_five_challenges_in_a_row_are_a_refusal(bench: Benches) -> None:
    crawled = bench(small_forum(dict.fromkeys(range(1, 21), 1)))
    crawled.forum.faults.append(challenge("/t/", times=None))
    with pytest.raises(RefusedError, match="the host refuses: a challenge page") as caught:
        crawled.crawl()
    assert caught.value.exit_code == 5
    assert len(crawled.asked_for("/t/")) == 5


def test_a_stopped_run_goes_on_where_it_was(bench: Benches) -> None:
    crawled = bench(small_forum(dict.fromkeys(range(1, 11), 1)))
    first = crawled.crawl(stop=lambda: len(crawled.forum.requests) >= 7)
    assert first.exit_code == 130
    asked = crawled.requests
    assert crawled.crawl().exit_code == 0
    assert set(asked).isdisjoint(crawled.requests)
    assert crawled.value("select count(*) from threads") == 10


def test_a_body_without_end_is_not_read_to_its_end(bench: Benches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MAX_BODY_BYTES", 100_000)
    crawled = bench(small_forum({7: 1, 8: 1}))
    crawled.forum.faults.append(answer("/t/7.json", 200, os.urandom(200_000).hex(), times=None))
    report = crawled.crawl()
    assert report.exit_code == 3
    assert re.search("/t/7.json: the answer is longer than 100000 bytes", report.text)
    assert crawled.rows("select native_id from threads") == [("8",)]


def test_a_post_made_to_break_the_reader_breaks_nothing(bench: Benches) -> None:
    forum = small_forum({7: 1, 8: 1})
    crawled = bench(forum)
    cooked = f"<a href='/t/{'9' * 5000}'>x</a><a href='http://[::1'>y</a>" + "<aside class=onebox><a href=/t/1>" * 300
    post = {"id": 1, "post_number": 1, "username": "\ud800", "cooked": cooked + "\ud800\u0000"}
    body = json.dumps({"id": 7, "title": "\udfff", "post_stream": {"posts": [post], "stream": [1]}})
    crawled.forum.faults.append(answer("/t/7.json", 200, body, {"Content-Type": "application/json"}))
    assert crawled.crawl().exit_code == 0
    assert crawled.value("select count(*) from threads") == 2
