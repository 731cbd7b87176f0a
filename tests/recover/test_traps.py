"""What web archives really do to threads, a row a trap: soft 404s that differ, captures that cannot be shown, lines of
lists that are no times, addresses under other words and on other hosts. All pages are synthetic."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import clock
from archive.errors import UnreachableError
from crawler import choosing, lookups
from crawler.choosing import Choice, Held
from crawler.lookups import Wanted
from crawler.recover import Task
from crawler.sites import Site
from crawler.webarchives import Capture
from demo.vanished import Shot, write_shots
from demo.web_archive import Answer, WebArchiveServer
from tests.crawler.conftest import Time
from tests.recover.test_recover import FORUM, QUAY, Bench

PAGE = f"{FORUM}/t/a-thread/7001"
OTHER = f"{FORUM}/t/b-thread/7002"
THREAD = Wanted(QUAY, "7001", "named", [PAGE])
OTHERS = Wanted(QUAY, "7002", "named", [OTHER])
UUID = "84e3f6b1-42f7-4cf3-a189-a5cc8d78d838"
NEW_US, NEW_MX, NEW_DE = (
    Site(f"nsfe-{land}", "amazon_nsfe", f"https://sellers.newquay.{land}/seller-forums") for land in ("us", "mx", "de")
)
BROKEN = Answer(503, "Service Unavailable", (), b"The archive's own error")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@contextmanager
def served(folder: Path, shots: Iterable[Shot]) -> Iterator[WebArchiveServer]:
    write_shots(list(shots), folder / "traps.warc.gz")
    with WebArchiveServer(folder / "traps.warc.gz") as server:
        yield server


def day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)


def shows(when: str, numbers: Iterable[int], url: str = PAGE, *, more: bool = False) -> Shot:
    """A page in the crawlers' view with these posts; `more`: with a link to the next one."""
    posts = "".join(
        f'<div id="post_{n}" itemprop="comment" class="topic-body crawler-post"><span class="creator"><a itemprop="url"'
        f' href="/u/ada{n}"><span itemprop="name">ada{n}</span></a></span><time itemprop="datePublished"'
        f' datetime="2018-01-{n % 28 + 1:02d}T00:00:00Z"></time><span itemprop="position">{n}</span>'
        f'<div class="post" itemprop="text"><p>Words of post {n}.</p></div></div>'
        for n in numbers
    )
    following = '<a rel="next" href="?page=2">next page</a>' if more else ""
    page = f"<html><h1>A thread</h1>{posts}<!-- {when} --><div role='navigation'>{following}</div></body></html>"
    return Shot(url, day(when), 200, page.encode())


def soft_404(when: str, url: str = PAGE) -> Shot:
    """The home page of the forum's successor, which is another one every day."""
    page = f"<html><title>Seller Forums</title><body>Welcome to Seller Forums. Discussions of {when}</body></html>"
    return Shot(url, day(when), 200, page.encode())


def data(when: str, numbers: Sequence[int]) -> Shot:
    """The topic's data, with the ids of all its posts."""
    posts = [
        {"id": 900 + n, "post_number": n, "cooked": f"<p>Words of post {n}.</p>", "username": "ada"} for n in numbers
    ]
    stream = [post["id"] for post in posts]
    topic = {"id": 7001, "title": "A thread", "post_stream": {"posts": posts, "stream": stream}}
    return Shot(f"{FORUM}/t/7001.json", day(when), 200, json.dumps(topic).encode(), "application/json")


# Which captures are fetched

DEAD = [soft_404(f"2022-{month:02d}-{d:02d}") for month in (1, 2, 3) for d in range(1, 11)]
SEARCHES = {
    "the newest ones show the forum's successor": (
        [shows(f"20{year}-03-01", range(1, last)) for year, last in ((18, 3), (19, 7), (20, 13), (21, 16))] + DEAD[:3],
        range(1, 16),
        "recovered",
    ),
    "there are many of those, and few of the thread": (
        [shows(f"201{year}-03-01", range(1, 2 + year)) for year in range(5, 10)] + DEAD,
        range(1, 11),
        "recovered",
    ),
    "one in between shows nothing": (
        [shows(f"201{year}-03-01", range(1, 2 + year)) for year in range(1, 7)]
        + [soft_404("2017-03-01"), shows("2018-03-01", range(1, 13)), shows("2019-03-01", range(1, 15)), *DEAD[:6]],
        range(1, 15),
        "recovered",
    ),
    "only the oldest shows the thread": ([shows("2018-03-01", range(1, 5)), *DEAD], range(1, 5), "recovered"),
    "a capture around a post far behind those of the thread's page": (
        [shows("2018-03-01", range(1, 3)), shows("2021-03-01", range(25, 45), f"{PAGE}/30")],
        [1, 2, *range(25, 45)],
        "partly",
    ),
    "the same, behind all that a list of ids once named": (
        [data("2018-03-01", range(1, 3)), shows("2021-03-01", range(3, 7), f"{PAGE}/6")],
        range(1, 7),
        "recovered",
    ),
    "numbers are missing below the first one shown": (
        [shows("2019-03-01", range(21, 41), f"{PAGE}/30")],
        range(21, 41),
        "partly",
    ),
    "posts in the middle are missing, which an older capture still shows": (
        [shows("2019-03-01", range(1, 7)), shows("2020-03-01", [1, 2, 6]), shows("2018-03-01", [1])],
        range(1, 7),
        "recovered",
    ),
}


@pytest.mark.parametrize("trap", SEARCHES)
def test_what_captures_show_of_a_thread_is_found(bench: Bench, tmp_path: Path, trap: str) -> None:
    shots, numbers, state = SEARCHES[trap]
    with served(tmp_path, shots) as server:
        report = bench.recover([server.url], Task((THREAD,)))
    assert bench.numbers("7001") == list(numbers)
    assert bench.states() == {"7001": state}
    assert bench.rows("select captures_left from lookups") == [(0,)] and report.exit_code == 0


@given(good=st.integers(1, 60), dead=st.integers(0, 100), blank=st.integers(0, 60))
def test_the_newest_and_the_oldest_capture_before_a_forum_s_end_are_found_among_any_number(
    good: int, dead: int, blank: int
) -> None:
    captures = [Capture(PAGE, f"{20180101000000 + n}", 200, "text/html", f"{n}") for n in range(good + dead)]
    choice = Choice(captures, lambda url: None, {})
    held, shown = Held(), set()
    while capture := choice.next(held):
        place = captures.index(capture)
        # One in the middle shows nothing, without being the forum's end.
        nothing = place >= good or (place == blank and 0 < blank < good - 1)
        choice.used(capture, f"nothing of {place}" if nothing else None)
        if not nothing:
            shown.add(place)
            held = Held(frozenset((1, 2)))
    assert {0, good - 1} <= shown and choice.fetched < choosing.MOST


def test_of_many_captures_that_show_the_same_posts_two_are_fetched(bench: Bench, tmp_path: Path) -> None:
    with served(tmp_path, [shows(f"2020-03-{d:02d}", range(1, 5)) for d in range(1, 29)]) as server:
        bench.recover([server.url], Task((THREAD,)))
    assert bench.rows("select captures_fetched, captures_left, state from lookups") == [(2, 0, "recovered")]


@pytest.mark.parametrize("first, asked", [(shows("2018-03-01", [1, 2]), True), (data("2018-03-01", [1, 2]), False)])
def test_only_where_the_source_says_how_many_posts_there_are_no_other_archive_is_asked(
    bench: Bench, tmp_path: Path, first: Shot, asked: bool
) -> None:
    (tmp_path / "b").mkdir()
    with served(tmp_path, [first]) as one, served(tmp_path / "b", [shows("2021-03-01", range(1, 7))]) as other:
        bench.recover([one.url, other.url], Task((THREAD,)))
    assert bench.numbers("7001") == (list(range(1, 7)) if asked else [1, 2])


# Captures that cannot be shown


def breaking(server: WebArchiveServer, *parts: str) -> None:
    """Let the archive fail at each capture whose address has one of `parts`."""
    answer = server.answer

    def failing(target: str) -> Answer:
        given = answer(target)
        return BROKEN if any(part in target for part in parts) else given

    server.answer = failing  # type: ignore[method-assign]


def test_a_capture_that_an_archive_cannot_show_is_refused_and_the_run_goes_on(
    bench: Bench, tmp_path: Path, virtual_time: Time
) -> None:
    shots = [shows("2019-03-01", range(1, 5)), shows("2020-03-01", range(1, 7)), shows("2019-03-01", [1, 2], OTHER)]
    with served(tmp_path, shots) as server:
        breaking(server, "/20200301000000id_/")
        report = bench.recover([server.url], Task((THREAD, OTHERS)))
    assert (bench.numbers("7001"), bench.numbers("7002")) == ([1, 2, 3, 4], [1, 2])
    rows = bench.rows("select native_id, state, captures_left from lookups")
    assert rows == [("7001", "partly", 1), ("7002", "recovered", 0)]
    assert "1 the archive cannot show it: status 503" in bench.rows("select detail from lookups")[0][0]
    assert report.exit_code == 3


def test_when_nothing_can_be_shown_the_run_ends_and_the_next_one_goes_on_behind_it(
    bench: Bench, tmp_path: Path, virtual_time: Time
) -> None:
    shots = [shows(f"20{year}-03-01", range(1, year)) for year in range(10, 22)] + [shows("2019-03-01", [1], OTHER)]
    with served(tmp_path, shots) as server:
        breaking(server, f"id_/{PAGE}")
        with pytest.raises(UnreachableError, match="in a row"):
            bench.recover([server.url], Task((THREAD, OTHERS)))
        assert bench.rows("select state, captures_left > 0 from lookups") == [("refused", 1)]
        bench.recover([server.url], Task((THREAD, OTHERS)))
    assert bench.numbers("7002") == [1]


def test_lists_of_threads_that_cannot_be_shown_keep_no_forum_from_being_looked_through(
    bench: Bench, tmp_path: Path, virtual_time: Time
) -> None:
    article = (
        f'<html><h1>Opt out</h1><article id="post-{UUID}"><time datetime="2024-03-01T08:00:00Z"></time>'
        f'<div data-testid="post-content"><p>Words.</p></div></article></html>'
    ).encode()
    lists = [Shot(f"{NEW_US.base_url}/discussions?page={n}", day("2024-05-01"), 200, b"%d" % n) for n in range(20)]
    thread = Shot(f"{NEW_US.base_url}/discussions/t/{UUID}", day("2024-06-01"), 200, article)
    with served(tmp_path, [*lists, thread]) as server:
        breaking(server, "id_/https://sellers.newquay.us/seller-forums/discussions?page=")
        bench.recover([server.url], Task(forum=NEW_US), sites=(NEW_US,))
    assert bench.states() == {UUID: "recovered"}


def test_that_an_archive_failed_at_a_picture_is_said(bench: Bench, tmp_path: Path, virtual_time: Time) -> None:
    page = shows("2019-03-01", [1])
    page = replace(page, body=page.body.replace(b"Words of", b'<img src="/forums/uploads/a.png"> Words of'))
    picture = Shot(f"{FORUM}/uploads/a.png", day("2019-03-01"), 200, b"PNG", "image/png")
    with served(tmp_path, [page, picture]) as server:
        breaking(server, "a.png")
        bench.recover([server.url], Task((THREAD,)))
        rows = [("missing", f"{server.url}: the archive cannot show it: status 503")]
    assert bench.rows("select state, reason from media") == rows


def test_what_one_archive_does_not_show_another_one_may(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    shots = [shows("2019-03-01", range(1, 5))]
    with served(tmp_path, shots) as one, served(tmp_path / "b", shots) as other:
        answer = one.answer
        one.answer = lambda path: Answer(404, "Not Found", (), b"") if "id_/" in path else answer(path)  # type: ignore[method-assign]
        bench.recover([one.url, other.url], Task((THREAD,)))
    assert bench.numbers("7001") == [1, 2, 3, 4]


# Lines of lists that are no times


@pytest.mark.parametrize(
    "timestamp, moment",
    [
        ("20000800241623", "2000-08-24T16:23:00Z"),
        ("20000012170449", "2000-12-17T04:49:00Z"),
        ("20000008241731", "2000-08-24T17:31:00Z"),
        ("20001350120000", None),
        ("00000000000000", None),
        ("2000121704490", None),
        ("2000121704490x", None),
        ("٢٠٠٠١٢١٧٠٤٤٩٠٠", None),
    ],
)
def test_a_line_whose_time_is_impossible_is_mended_or_left_out_and_counted(
    bench: Bench, tmp_path: Path, timestamp: str, moment: str | None
) -> None:
    with served(tmp_path, [shows("2019-03-01", range(1, 5))]) as server:
        answer = server.answer

        def with_a_line(target: str) -> Answer:
            if f"/{timestamp}id_/" in target:
                return Answer(404, "Not Found", (), b"")
            given = answer(target)
            if "/cdx?" not in target or b"a-thread" not in given.body:
                return given
            line = json.loads(given.body.splitlines()[0]) | {"timestamp": timestamp, "digest": "X"}
            return Answer(200, "OK", given.headers, given.body + json.dumps(line).encode() + b"\n")

        server.answer = with_a_line  # type: ignore[method-assign]
        report = bench.recover([server.url], Task((THREAD,)))
    assert bench.numbers("7001") == [1, 2, 3, 4]
    assert bench.rows("select captures_listed from lookups") == [(1 + (moment is not None),)]
    assert moment is None or clock.iso(Capture(PAGE, timestamp, 200, "", None).moment) == moment
    assert ("1 lines of its lists name no possible time" in report.text) == (moment is None)


# What was looked for before


def test_a_look_up_of_later_captures_keeps_nobody_from_looking_at_all(bench: Bench, tmp_path: Path) -> None:
    with served(tmp_path, [shows("2019-03-01", range(1, 5))]) as server:
        rounds = []
        for since in ("2021-01-01T00:00:00Z", "2022-01-01T00:00:00Z", None, "2018-01-01T00:00:00Z", None):
            before = len(server.requests)
            bench.recover([server.url], Task((THREAD,), since=since))
            rounds.append(any("/cdx?" in path for _, path in server.requests[before:]))
    assert rounds == [True, False, True, False, False]
    assert bench.numbers("7001") == [1, 2, 3, 4]


@pytest.mark.parametrize("named", [True, False])
def test_a_thread_that_a_look_could_not_decide_on_is_looked_for_when_it_is_wanted(
    bench: Bench, tmp_path: Path, named: bool
) -> None:
    page, bare = f"{FORUM}/t/topic/7001", f"{FORUM}/t/7001"
    dead = [soft_404(f"2022-0{m}-0{n}", url) for m in (5, 6, 7) for n, url in enumerate((page, bare), start=1)]
    with served(tmp_path, [shows("2019-03-01", range(1, 5), page), *dead]) as server:
        report = bench.recover([server.url], Task(forum=QUAY))
        assert bench.rows("select state, captures_fetched, captures_left from lookups") == [("refused", 4, 3)]
        assert "1 undecided: the captures that were tried do not show the thread" in report.text
        assert "undecided" in bench.recover([server.url], Task(forum=QUAY)).text
        task = Task((Wanted(QUAY, "7001", "named" if named else "link in x/1/1", [page]),))
        bench.recover([server.url], task)
    assert bench.numbers("7001") == [1, 2, 3, 4] and bench.states() == {"7001": "recovered"}


# Under which addresses


def article(site: Site) -> Shot:
    page = (
        f'<html><h1>Title</h1><article id="post-{UUID}"><time datetime="2024-05-01T00:00:00Z"></time>'
        f'<div data-testid="post-content"><p>Words.</p></div></article>'
        f'<span data-testid="reply-metric">0 replies</span></html>'
    )
    return Shot(f"{site.base_url}/discussions/t/{UUID}", day("2024-06-01"), 200, page.encode())


def test_a_thread_that_several_hosts_share_is_looked_for_on_each_until_it_is_whole(
    bench: Bench, tmp_path: Path
) -> None:
    sites = (NEW_US, NEW_MX, NEW_DE)
    with served(tmp_path, [article(NEW_US)]) as server:
        bench.recover([server.url], Task((Wanted(NEW_MX, UUID, "named"),)), sites=sites)
        lists = [path for _, path in server.requests if "/cdx?" in path]
    assert bench.states() == {UUID: "recovered"} and len(lists) == 2


def test_a_forum_s_other_names_are_looked_under_too(bench: Bench, tmp_path: Path) -> None:
    quay = Site("oldquay", "discourse_html", FORUM, hosts=("old.quay.example",))
    with served(tmp_path, [shows("2019-03-01", [1, 2], PAGE.replace("sellers.oldquay", "old.quay"))]) as server:
        bench.recover([server.url], Task((Wanted(quay, "7001", "named", [PAGE]),)), sites=(quay,))
    assert bench.numbers("7001") == [1, 2]


def test_that_other_words_in_its_address_were_not_looked_for_is_said(bench: Bench, tmp_path: Path) -> None:
    with served(tmp_path, [shows("2019-03-01", range(1, 5))]) as server:
        bench.recover([server.url], Task((Wanted(QUAY, "7001", "named", [f"{FORUM}/t/topic/7001"]),)))
        ((state, detail),) = bench.rows("select state, detail from lookups")
        assert state == "none" and "other words in its address were not looked for (--forum oldquay does)" in detail
        bench.recover([server.url], Task(forum=QUAY))
    assert bench.numbers("7001") == [1, 2, 3, 4]


LOCAL = Site("local", "discourse_html", "http://127.0.0.1:8080/forums")


@pytest.mark.parametrize(
    "site, native_id, address, prefix, words",
    [
        (QUAY, "20", f"{FORUM}/t/top-20-tips/20", f"{FORUM}/t/top-20-tips/20", "top 20 tips"),
        (QUAY, "20", f"{FORUM}/t/20-tips/20/20?page=2", f"{FORUM}/t/20", "20 tips"),
        (QUAY, "20", f"{FORUM}/t/20/20", f"{FORUM}/t/20", "t"),
        (QUAY, "7", f"{FORUM}/t/x-7-days-out-of-7/7.json", f"{FORUM}/t/x-7-days-out-of-7/7", "x 7 days out of 7"),
        (LOCAL, "1", f"{LOCAL.base_url}/t/x/1/3", f"{LOCAL.base_url}/t/x/1", "x"),
        (LOCAL, "8080", f"{LOCAL.base_url}/t/x/8080", f"{LOCAL.base_url}/t/x/8080", "x"),
        (NEW_US, UUID, f"{NEW_US.base_url}/discussions/t/{UUID.upper()}?postId={UUID}", f"{NEW_US.base_url}/discussions/t/{UUID.upper()}", "t"),
    ],
)  # fmt: skip
def test_an_address_is_cut_behind_the_thread_s_id_and_nowhere_else(
    site: Site, native_id: str, address: str, prefix: str, words: str
) -> None:
    assert prefix in Wanted(site, native_id, "named", [address]).prefixes()
    assert all(
        p.rpartition("/")[2].lower() == native_id for p in Wanted(site, native_id, "named", [address]).prefixes()
    )
    assert lookups.words_of(address, native_id) == words
