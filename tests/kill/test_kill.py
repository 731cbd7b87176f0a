"""A crawl that is killed at any moment and started again ends like one that was left alone."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from warcio.checker import Checker

from archive.warc import WarcStore
from demo import DemoForum
from tests.crawling import content, crawl
from tests.forums import small_forum

# 8 threads, one of which needs a second request for its posts: 12 requests in all, and as many captures.
SIZES = {100: 2, 101: 3, 102: 45, 103: 1, 104: 2, 105: 4, 106: 1, 107: 2}
REQUESTS = 12
MOMENTS = ("before send", "after answer", "half written", "after append", "in transaction", "after commit")


def seeded_moments() -> list[tuple[str, int, float]]:
    """54 moments, nine of each kind, spread over the crawl by a fixed seed."""
    chance = random.Random(20180301)
    return [
        (moment, count, round(chance.random(), 3))
        for moment in MOMENTS
        for count in chance.sample(range(1, REQUESTS + 1), 9)
    ]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DemoForum, dict[str, list[object]], int]]:
    """The forum, what an uninterrupted crawl holds of it, and how many requests that took."""
    folder = tmp_path_factory.mktemp("whole")
    with DemoForum(small_forum(SIZES), limits=None, port=0) as forum:
        assert crawl(forum.url, folder, everything=True).exit_code == 0
        yield forum, content(folder), len(forum.requests)  # type: ignore[misc]


def passes_warcio_check(path: Path) -> bool:
    checker = Checker(type("Arguments", (), {"inputs": [str(path)], "verbose": False}))
    checker.process_all()
    return not checker.exit_value


@pytest.mark.parametrize(("moment", "count", "share"), seeded_moments())
def test_a_killed_crawl_ends_with_the_same_content_and_at_most_one_request_more(
    moment: str,
    count: int,
    share: float,
    tmp_path: Path,
    uninterrupted: tuple[DemoForum, dict[str, list[object]], int],
) -> None:
    forum, expected, requests = uninterrupted
    assert requests == REQUESTS
    before = len(forum.requests)
    killed = subprocess.run(
        [sys.executable, "-m", "tests.kill.driver", forum.url, str(tmp_path), moment, str(count), str(share)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()

    report = crawl(forum.url, tmp_path, everything=True)

    assert report.exit_code == 0
    assert content(tmp_path) == expected
    assert len(forum.requests) - before <= requests + 1
    store = WarcStore(tmp_path / "archive.warc", software="test")
    assert all(passes_warcio_check(path) for path in store.files())
    stored = [capture.exchange.url for path in store.files() for capture in store.captures(path)]
    assert sorted(stored) == [row[0] for row in expected["captures"]]


def test_what_was_stored_but_not_committed_is_taken_over_without_asking_again(
    tmp_path: Path, uninterrupted: tuple[DemoForum, dict[str, list[object]], int]
) -> None:
    forum, expected, requests = uninterrupted
    before = len(forum.requests)
    command = [sys.executable, "-m", "tests.kill.driver", forum.url, str(tmp_path), "after append", "6", "0"]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    crawl(forum.url, tmp_path, everything=True)
    assert content(tmp_path) == expected
    assert len(forum.requests) - before == requests
