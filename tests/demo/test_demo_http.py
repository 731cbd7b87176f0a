"""HTTP itself, the rate limits, and every fault that a test can ask for."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from demo import DemoForum, Forum, Limits
from demo.faults import (
    action_limit,
    answer,
    challenge,
    half_json,
    login_page,
    middleware_limit,
    redirect_loop,
    reset,
    search_limit,
    stall,
    truncated,
    unavailable,
    vanishing_post,
)
from demo.limits import Limiter


def test_one_connection_serves_many_requests(forum: DemoForum) -> None:
    with socket.create_connection(("127.0.0.1", httpx.URL(forum.url).port or 0)) as connection:
        for _ in range(3):
            connection.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(100_000).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_body_is_compressed_for_whoever_asks(client: httpx.Client) -> None:
    plain = client.get("/t/11.json", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with client.stream("GET", "/t/11.json", headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(raw) < len(plain.content)
    assert gzip.decompress(raw) == plain.content


def test_head_answers_without_a_body(client: httpx.Client) -> None:
    answered = client.head("/t/11.json", headers={"Accept-Encoding": "identity"})
    assert (answered.status_code, answered.content) == (200, b"")
    assert int(answered.headers["content-length"]) > 10_000


def test_json_has_discourses_headers_and_no_etag(client: httpx.Client) -> None:
    headers = client.get("/t/11.json").headers
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["x-discourse-route"] == "topics/show"
    assert headers["cache-control"] == "no-cache, no-store"
    assert "etag" not in headers
    assert "last-modified" not in headers


def test_the_third_reader_of_a_minute_gets_it_from_the_cache(forum: DemoForum, client: httpx.Client) -> None:
    cached = [client.get("/t/11.json").headers["x-discourse-cached"] for _ in range(3)]
    assert cached == ["skip", "store", "true"]
    forum.move_clock(forum.clock)
    assert client.get("/t/11.json").headers["x-discourse-cached"] == "skip"


def test_json_can_be_asked_for_by_header(client: httpx.Client) -> None:
    assert client.get("/t/11", headers={"Accept": "application/json"}).json()["id"] == 11


def test_requests_are_remembered(forum: DemoForum, client: httpx.Client) -> None:
    client.get("/latest.json?page=1", headers={"User-Agent": "a test"})
    client.get("/t/999.json")
    asked = forum.requests
    assert [(entry.method, entry.path, entry.status) for entry in asked] == [
        ("GET", "/latest.json?page=1", 200),
        ("GET", "/t/999.json", 404),
    ]
    assert asked[0].headers["user-agent"] == "a test"
    assert asked[0].time <= asked[1].time


def test_a_closed_forum_answers_nobody(written: Forum) -> None:
    served = DemoForum(written, limits=None)
    with pytest.raises(RuntimeError, match="not open"):
        _ = served.url
    with served, httpx.Client(base_url=served.url) as client:
        client.get("/robots.txt")
        served.close()
        with pytest.raises(httpx.TransportError):
            client.get("/robots.txt")


def test_many_clients_at_once_get_the_same(forum: DemoForum) -> None:
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: httpx.get(forum.url + "/t/11.json").text, range(16)))
    assert len(set(texts)) == 1
    assert len(forum.requests) == 16


class Clock:
    """Seconds that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_window_slides() -> None:
    clock = Clock()
    limiter = Limiter(3, 10, aggressive=True, clock=clock)
    assert [limiter.wait() for _ in range(3)] == [0, 0, 0]
    clock.now += 4
    assert limiter.wait() == 6
    clock.now += 10
    assert limiter.wait() == 0


def test_whoever_does_not_stop_waits_longer() -> None:
    clock = Clock()
    limiter = Limiter(3, 10, aggressive=True, clock=clock)
    for _ in range(3):
        limiter.wait()
    waits = []
    for _ in range(15):
        clock.now += 1
        waits.append(limiter.wait())
    assert all(waits)


def test_a_limit_that_is_not_aggressive_forgets_what_it_refused() -> None:
    clock = Clock()
    limiter = Limiter(1, 10, aggressive=False, clock=clock)
    assert limiter.wait() == 0
    clock.now += 9
    assert limiter.wait() == 1
    clock.now += 1
    assert limiter.wait() == 0


@pytest.fixture
def strict(written: Forum) -> Iterator[httpx.Client]:
    """A forum that allows 3 requests in 10 s and one search a minute."""
    limits = Limits(per_10_seconds=3, per_minute=200, search_per_second=1, search_per_minute=1)
    with DemoForum(written, limits=limits) as served, httpx.Client(base_url=served.url) as client:
        yield client


def test_too_many_requests_are_refused_with_the_time_to_wait(strict: httpx.Client) -> None:
    answers = [strict.get("/t/11.json") for _ in range(4)]
    assert [answered.status_code for answered in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.headers["content-type"] == "text/plain"
    assert refused.headers["discourse-rate-limit-error-code"] == "ip_10_secs_limit"
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    assert refused.text.startswith("Slow down, you're making too many requests.\nPlease retry again in ")


def test_too_many_searches_are_refused_without_the_time_to_wait(strict: httpx.Client) -> None:
    assert strict.get("/search.json?q=box").status_code == 200
    refused = strict.get("/search.json?q=box")
    assert refused.status_code == 429
    assert refused.json()["failed"] == "FAILED"
    assert "retry-after" not in refused.headers


def test_discourses_own_limits_are_the_default() -> None:
    assert (Limits().per_10_seconds, Limits().per_minute) == (50, 200)


def test_a_fault_works_for_as_many_requests_as_it_says(forum: DemoForum, client: httpx.Client) -> None:
    forum.faults = [unavailable("^/t/11", 7, times=2)]
    answers = [client.get("/t/11.json") for _ in range(3)]
    assert [answered.status_code for answered in answers] == [503, 503, 200]
    assert answers[0].headers["retry-after"] == "7"


def test_a_fault_touches_only_what_it_matches(forum: DemoForum, client: httpx.Client) -> None:
    forum.faults = [answer(r"page=1$", 500, times=None)]
    assert client.get("/latest.json").status_code == 200
    assert client.get("/latest.json?page=1").status_code == 500
    assert client.get("/latest.json?page=1").status_code == 500


def test_the_three_shapes_of_too_many_requests(forum: DemoForum, client: httpx.Client) -> None:
    forum.faults = [
        middleware_limit("/t/10", 12, code="ip_60_secs_limit"),
        action_limit("/t/11"),
        search_limit(),
    ]
    site, action, search = (client.get(path) for path in ("/t/10.json", "/t/11.json", "/search.json?q=a"))
    assert {site.status_code, action.status_code, search.status_code} == {429}
    assert (site.headers["retry-after"], site.headers["discourse-rate-limit-error-code"]) == (
        "12",
        "ip_60_secs_limit",
    )
    assert "Error code: ip_60_secs_limit." in site.text
    assert (action.headers["retry-after"], action.json()["extras"]["wait_seconds"]) == ("39", 39)
    assert "retry-after" not in search.headers


def test_a_challenge_or_a_login_page_comes_with_status_200(forum: DemoForum, client: httpx.Client) -> None:
    forum.faults = [challenge("/t/10"), login_page("/t/11")]
    waiting, login = client.get("/t/10.json"), client.get("/t/11.json")
    assert (waiting.status_code, login.status_code) == (200, 200)
    assert "<title>Just a moment...</title>" in waiting.text
    assert '<input name="password"' in login.text
    assert "html" in waiting.headers["content-type"]


def test_a_body_can_end_too_early(forum: DemoForum, client: httpx.Client) -> None:
    forum.faults = [truncated("/t/11")]
    with pytest.raises(httpx.RemoteProtocolError, match="complete"):
        client.get("/t/11.json")
    assert client.get("/t/11.json").status_code == 200


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_json_can_be_half_of_itself(forum: DemoForum, client: httpx.Client, encoding: str) -> None:
    forum.faults = [half_json("/t/11")]
    half = client.get("/t/11.json", headers={"Accept-Encoding": encoding})
    assert half.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        half.json()


def test_a_connection_can_be_reset(forum: DemoForum, client: httpx.Client) -> None:
    forum.faults = [reset("/t/11")]
    with pytest.raises(httpx.ReadError):
        client.get("/t/11.json")
    assert client.get("/t/11.json").status_code == 200
    assert [entry.status for entry in forum.requests] == [0, 200]


def test_an_answer_can_stall(forum: DemoForum, client: httpx.Client) -> None:
    forum.faults = [stall("/t/11", 30), stall("/t/10", 0.2)]
    with pytest.raises(httpx.TimeoutException):
        client.get("/t/11.json", timeout=0.1)
    begun = time.monotonic()
    assert client.get("/t/10.json").status_code == 200
    assert time.monotonic() - begun >= 0.2


def test_a_redirect_can_lead_to_itself(forum: DemoForum, client: httpx.Client) -> None:
    forum.faults = [redirect_loop("/t/11")]
    assert client.get("/t/11.json?page=2").headers["location"] == f"{forum.url}/t/11.json?page=2"
    with pytest.raises(httpx.TooManyRedirects):
        client.get("/t/11.json", follow_redirects=True)


def test_a_post_can_vanish_between_two_calls(forum: DemoForum, client: httpx.Client) -> None:
    stream = client.get("/t/11.json").json()["post_stream"]["stream"]
    forum.faults = [vanishing_post(stream[30])]
    assert stream[30] in client.get("/t/11.json").json()["post_stream"]["stream"]
    given: Any = client.get("/t/11/posts.json", params={"post_ids[]": stream[29:32]}).json()
    assert [post["id"] for post in given["post_stream"]["posts"]] == [stream[29], stream[31]]
