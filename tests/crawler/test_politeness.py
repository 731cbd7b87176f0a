"""The crawl goes by robots.txt, by what Discourse allows, and by every word a server says about waiting."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.database import open_archive
from archive.errors import RefusedError, UnreachableError
from archive.warc import Exchange, WarcStore
from crawler.crawl import Crawl
from crawler.door import asked_to_wait
from crawler.limits import LONGEST_SILENCE, parse_rate
from crawler.scope import Scope
from crawler.sites import Site
from demo import DemoForum, Limits, Request
from demo.faults import Fault, action_limit, answer, middleware_limit, search_limit, unavailable
from demo.limits import Limiter
from tests.crawler.conftest import Bench, Benches, Time
from tests.crawling import Silence, anything
from tests.forums import small_forum


def statuses(crawled: Bench) -> list[int]:
    return [request.status for request in crawled.forum.requests]


def with_discourse_limits(forum: DemoForum, virtual: Time, limits: Limits) -> None:
    """Let the server count in the test's time."""
    windows = (("ip_10_secs_limit", limits.per_10_seconds, 10), ("ip_60_secs_limit", limits.per_minute, 60))
    forum._limiters = [
        (code, Limiter(most, seconds, aggressive=True, clock=virtual.monotonic)) for code, most, seconds in windows
    ]


def test_a_server_with_discourse_s_default_limits_never_has_to_say_429(bench: Benches, virtual_time: Time) -> None:
    forum = small_forum(dict.fromkeys(range(1, 301), 1))
    crawled = bench(forum)
    with_discourse_limits(crawled.forum, virtual_time, Limits())
    assert crawled.crawl(rate=None).exit_code == 0
    assert crawled.value("select count(*) from threads") == 300
    assert statuses(crawled).count(429) == 0
    # 313 requests at 180 a minute.
    assert 60 <= virtual_time.passed <= 100


def test_a_stricter_server_is_crawled_whole_after_few_429(bench: Benches, virtual_time: Time) -> None:
    crawled = bench(small_forum(dict.fromkeys(range(1, 121), 1)))
    with_discourse_limits(crawled.forum, virtual_time, Limits(per_10_seconds=25, per_minute=100))
    assert crawled.crawl(rate=None).exit_code == 0
    assert crawled.value("select count(*) from threads") == 120
    assert statuses(crawled).count(429) <= 4
    assert crawled.value("select rate_limited from runs") == statuses(crawled).count(429)


def test_the_user_may_set_another_rate(bench: Benches, virtual_time: Time) -> None:
    crawled = bench(small_forum(dict.fromkeys(range(1, 27), 1)))
    crawled.crawl(rate=parse_rate("10/10s"))
    assert virtual_time.passed >= 20


@pytest.mark.parametrize(("own", "seconds"), [("10/10s", 20), ("500/10s", 10), ("none", 10), (None, 10)])
def test_a_site_s_own_rate_can_only_be_lower_than_the_default(
    tmp_path: Path, virtual_time: Time, own: str | None, seconds: float
) -> None:
    with DemoForum(small_forum(dict.fromkeys(range(1, 47 if seconds == 10 else 27), 1))) as forum:
        db = open_archive(tmp_path / "archive.db", create=True)
        Crawl(
            db,
            WarcStore(tmp_path / "archive.warc", software="test"),
            Site("here", "discourse", forum.url, rate=own),
            Scope(everything=True),
            interest=anything,
            taxonomy_version="test",
            listener=Silence(),
            target=forum.url,
        ).run()
        db.close()
    assert virtual_time.passed >= seconds


@pytest.mark.parametrize(
    ("fault", "least"),
    [
        (middleware_limit("/t/7.json", 7), 7),
        (middleware_limit("/t/7.json", 44, code="ip_60_secs_limit"), 44),
        (action_limit("/t/7.json", 39), 39),
        (search_limit("/t/7.json"), 60),
        (answer("/t/7.json", 429), 60),
        (answer("/t/7.json", 429, "{}", {"Retry-After": "soon"}), 60),
        (unavailable("/t/7.json", 30), 30),
    ],
)
def test_every_shape_of_not_now_silences_the_whole_host_for_as_long_as_it_says(
    bench: Benches, virtual_time: Time, fault: Fault, least: float
) -> None:
    crawled = bench(small_forum({7: 1, 8: 1, 9: 1}))
    moments: list[tuple[float, str]] = []
    kept = crawled.forum.record

    def record(request: Request) -> None:
        moments.append((virtual_time.at, request.path))
        kept(request)

    crawled.forum.record = record  # type: ignore[method-assign]
    fault.times = 1
    crawled.forum.faults.append(fault)
    assert crawled.crawl().exit_code == 0
    refused = next(index for index, (_, path) in enumerate(moments) if path == "/t/7.json")
    assert moments[refused + 1][0] - moments[refused][0] >= least
    assert len(moments) == 3 + 3 + 1


def test_a_host_that_says_429_for_ever_is_left_alone_in_the_end(bench: Benches) -> None:
    crawled = bench(small_forum({7: 1}))
    crawled.forum.faults.append(middleware_limit("/", 1, times=None))
    with pytest.raises(UnreachableError, match="10 requests in a row with 429"):
        crawled.crawl()
    assert len(crawled.requests) == 10


def test_the_limit_outlives_the_process(bench: Benches, virtual_time: Time) -> None:
    crawled = bench(small_forum({1: 1, 2: 1}))
    rate = parse_rate("8/60s")
    crawled.crawl(rate=rate)
    before = virtual_time.at
    crawled.crawl(rate=rate)
    assert len(crawled.requests) == 3
    crawled.crawl(rate=rate)
    assert virtual_time.at - before >= 50


def test_the_silence_that_a_server_asked_for_outlives_the_process(bench: Benches, virtual_time: Time) -> None:
    crawled = bench(small_forum({1: 1}))
    crawled.forum.faults.append(middleware_limit("/t/1.json", 300))
    stopped = crawled.crawl(stop=lambda: bool(crawled.forum.requests and crawled.forum.requests[-1].status == 429))
    assert stopped.exit_code == 130
    before = virtual_time.at
    assert crawled.crawl().exit_code == 0
    assert virtual_time.at - before >= 300


def test_nothing_is_asked_before_robots_txt_is_known(bench: Benches) -> None:
    crawled = bench(small_forum({7: 1}))
    crawled.forum.faults.append(unavailable("robots.txt", None, times=3))
    assert crawled.crawl().exit_code == 0
    assert crawled.requests[:4] == ["/robots.txt"] * 4


def test_a_forum_whose_robots_txt_cannot_be_had_is_left_alone_also_by_the_next_run(bench: Benches) -> None:
    crawled = bench(small_forum({7: 1}))
    crawled.forum.faults.append(unavailable("robots.txt", None, times=None))
    for _ in range(2):
        with pytest.raises(UnreachableError):
            crawled.crawl()
        assert crawled.requests == ["/robots.txt"] * 5
    crawled.forum.faults.clear()
    assert crawled.crawl().exit_code == 0
    assert crawled.value("select count(*) from threads") == 1


@pytest.mark.parametrize("status", [404, 403, 410])
def test_a_forum_without_robots_txt_may_be_read(bench: Benches, status: int) -> None:
    crawled = bench(small_forum({7: 1}))
    crawled.forum.faults.append(answer("robots.txt", status, "nothing here"))
    assert crawled.crawl().exit_code == 0


def test_what_robots_txt_forbids_is_not_asked_for(bench: Benches) -> None:
    crawled = bench(small_forum({7: 1, 8: 1}))
    rules = "User-agent: *\nDisallow: /t/8\n\nUser-agent: otherbot\nDisallow: /\n"
    crawled.forum.faults.append(answer("robots.txt", 200, rules))
    report = crawled.crawl()
    assert crawled.asked_for("/t/") == ["/t/7.json"]
    assert re.search(r"refused: \S+/t/8.json: robots.txt", report.text)


def test_a_forum_that_forbids_its_lists_is_refused_by_name(bench: Benches) -> None:
    crawled = bench(small_forum({7: 1}))
    crawled.forum.faults.append(answer("robots.txt", 200, "User-agent: optout-archive\nDisallow: /\n"))
    with pytest.raises(RefusedError, match=r"robots\.txt"):
        crawled.crawl()
    assert crawled.requests == ["/robots.txt"]


def test_a_crawl_delay_is_kept(bench: Benches, virtual_time: Time) -> None:
    crawled = bench(small_forum({1: 1, 2: 1, 3: 1}))
    crawled.forum.faults.append(answer("robots.txt", 200, "User-agent: *\nCrawl-delay: 5\n"))
    crawled.crawl()
    assert virtual_time.passed >= 5 * 5


@given(header=st.text(st.characters(max_codepoint=0xFF)), body=st.binary() | st.text().map(str.encode))
def test_no_word_about_waiting_breaks_anything_or_lasts_for_ever(header: str, body: bytes) -> None:
    wait = asked_to_wait(Exchange("http://a.example/", "", 429, "", [("Retry-After", header)], body))
    assert wait is None or 0 < wait <= LONGEST_SILENCE


@pytest.mark.parametrize(
    ("header", "body", "wait"),
    [
        ("30", "", 30.0),
        ("1e999", "", LONGEST_SILENCE),
        ("nan", "", None),
        ("-5", "", None),
        ("", '{"extras": {"wait_seconds": 12}}', 12.0),
        ("", '{"extras": {"wait_seconds": ' + "9" * 400 + "}}", None),
        ("", '{"extras": []}', None),
        ("5", '{"extras": {"wait_seconds": 12}}', 12.0),
        ("", "[" * 100_000, None),
    ],
)
def test_words_about_waiting_are_understood(header: str, body: str, wait: float | None) -> None:
    assert asked_to_wait(Exchange("http://a.example/", "", 429, "", [("Retry-After", header)], body.encode())) == wait


def test_a_date_to_wait_for_is_understood() -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=100))
    wait = asked_to_wait(Exchange("http://a.example/", "", 503, "", [("retry-after", header)], b""))
    assert wait is not None and 60 < wait <= 100


def test_no_cookie_is_ever_sent_back(bench: Benches) -> None:
    crawled = bench(small_forum({7: 3}))
    crawled.forum.faults.append(answer("/site.json", 503, "", {"Set-Cookie": "_forum_session=1; path=/"}))
    crawled.crawl()
    assert not [request for request in crawled.forum.requests if "cookie" in {key.lower() for key in request.headers}]
