"""Sliding windows: never more requests than allowed, whatever happens."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.limits import LONGEST_SILENCE, RateLimit, parse_rate, restored, with_margin

LIMITS = st.lists(st.tuples(st.integers(1, 12), st.floats(0.5, 60)), min_size=1, max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.floats(0, 5)),
        st.tuples(st.just("refused"), st.floats(0, 30)),
        st.tuples(st.just("busy"), st.floats(0, 30)),
        st.tuples(st.just("restart"), st.just(0.0)),
    ),
    max_size=60,
)


@given(limits=LIMITS, steps=STEPS)
@example(limits=[(2, 10.0)], steps=[("wait", 0.0)] * 9)
def test_no_window_ever_holds_more_than_is_allowed(
    limits: list[tuple[int, float]], steps: list[tuple[str, float]]
) -> None:
    limit, now, sent, silent_until = RateLimit(limits), 1_000_000.0, list[float](), 0.0
    for what, seconds in steps:
        now += seconds if what == "wait" else 0.0
        if what == "restart":
            limit = restored(limits, list(limit.recent), limit.share, limit.resume_at)
        elif what in ("refused", "busy"):
            limit.hold(now, seconds, too_fast=what == "refused")
            silent_until = max(silent_until, now + seconds)
        now += limit.wait(now)
        # The sum of two floats may fall short of the moment by its last digit.
        while rest := limit.wait(now):
            now += max(rest, 1e-6)
        assert now >= silent_until
        limit.sent(now)
        sent.append(now)
    for most, seconds in limits:
        for index, moment in enumerate(sent[most:]):
            assert moment - sent[index] >= seconds - 1e-6


@given(limits=LIMITS, back=st.floats(0, 10**9))
def test_a_clock_that_is_set_back_stops_nothing_for_long(limits: list[tuple[int, float]], back: float) -> None:
    limit, now = RateLimit(limits), 2_000_000_000.0
    for _ in range(12):
        now += limit.wait(now)
        limit.sent(now)
    limit.hold(now, 60, too_fast=True)
    now -= back
    longest = max(seconds for _, seconds in limits)
    first = limit.wait(now)
    assert first <= max(LONGEST_SILENCE, longest)
    assert limit.wait(now + first) <= 1e-6


def test_less_is_used_after_a_429_and_slowly_more_again() -> None:
    limit, now = RateLimit([(10, 1.0)]), 0.0
    limit.hold(now, 0, too_fast=True)
    moments = []
    for _ in range(800):
        now += limit.wait(now)
        limit.sent(now)
        moments.append(now)
    assert sum(moment < 1 for moment in moments) == 6
    assert max(sum(later - 1 < moment <= later for moment in moments[-30:]) for later in moments[-20:]) == 10


def test_a_pause_between_requests_is_kept() -> None:
    limit = RateLimit([(100, 1.0)], pause=3.0)
    limit.sent(10.0)
    assert limit.wait(11.0) == 2.0


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("45/10s", ((45, 10.0),)),
        (" 20 / 10 , 100/60s", ((20, 10.0), (100, 60.0))),
        ("1/2.5s", ((1, 2.5),)),
        ("none", ()),
        ("NONE", ()),
    ],
)
def test_a_rate_is_read(text: str, limits: tuple[tuple[int, float], ...]) -> None:
    assert parse_rate(text) == limits


@pytest.mark.parametrize("text", ["", "fast", "0/10s", "10/0s", "10", "-1/10s", "10/10m", "45/10s,", "9" * 5000 + "/1"])
def test_what_is_no_rate_is_said_so(text: str) -> None:
    with pytest.raises(ValueError):
        parse_rate(text)


def test_nine_tenths_of_what_a_server_allows_are_used() -> None:
    assert with_margin([(50, 10), (200, 60), (1, 1)]) == ((45, 10), (180, 60), (1, 1))
