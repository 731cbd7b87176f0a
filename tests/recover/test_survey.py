"""Of a whole dead forum those threads are taken that are about programs, whatever their addresses say; how the others were
passed over is counted and said."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

import pytest

from archive.markup import render
from crawler.lookups import Wanted
from crawler.recover import Task
from crawler.sites import Site
from crawler.survey import MOST_LISTS
from demo import load_forum
from demo.answers import TopicNow
from demo.model import DATA
from demo.vanished import Pages, Shot, load_vanished, write_shots
from demo.web_archive import WebArchiveServer
from demo.written import WrittenForum
from taxonomy import load
from taxonomy.interest import hints, interest
from tests.recover.test_recover import FORUM, QUAY, Bench

TAXONOMY = load()
# Of the demonstration's threads these are on no program, and were written to look as if they were.
OFF_TOPIC = {"1309", "1310", "1311", "1312"}
CAPTURED = datetime(2027, 1, 1, tzinfo=UTC)
NSFE = Site("nsfe-test", "amazon_nsfe", "https://sellers.newquay.example/seller-forums")
WITH_TAXONOMY = {
    "interest": lambda title, tags, text: interest(TAXONOMY, title, tags, text),
    "hints": lambda words: hints(TAXONOMY, words),
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def threads() -> Iterator[tuple[str, str, TopicNow]]:
    """The threads of both demonstration forums as of their first day: id, slug, topic."""
    for forum in (load_forum(DATA), load_vanished()):
        source = WrittenForum(forum)
        for thread in forum.threads:
            topic = source.topic(thread.id, forum.clock)
            if isinstance(topic, TopicNow):
                yield str(thread.id), thread.slug, topic


def old_forum(path: Path, *, named: bool) -> set[str]:
    """A WARC of all of them, in the crawlers' layout, under addresses with their words or with ids alone."""
    shots, ids = [], set()
    for forum in (load_forum(DATA), load_vanished()):
        shown = Pages(replace(forum, address=FORUM))
        for thread in forum.threads:
            if isinstance(shown.source.topic(thread.id, CAPTURED), TopicNow):
                url = f"{FORUM}/t/{thread.slug}/{thread.id}" if named else f"{FORUM}/t/{thread.id}"
                shots.append(shown.layout_b(thread.id, url, CAPTURED, 1))
                ids.add(str(thread.id))
    write_shots(shots, path)
    return ids


def card(native_id: str, title: str, text: str) -> str:
    return (
        f'<div data-testid="search-post-layout"><div data-testid="header"><a href="/seller-forums/discussions/t/{native_id}">'
        f'{escape(title)}</a></div><div data-testid="content-expander"><p>{escape(text)}</p></div></div>'
    )


def new_thread(native_id: str, title: str, text: str) -> bytes:
    return (
        f'<html><body><main><h1>{escape(title)}</h1><article id="post-{native_id}"><span>Seller_aB3dE5gH7jK9m</span>'
        f'<time datetime="2024-03-01T08:00:00Z"></time><div data-testid="post-content"><p>{escape(text)}</p></div></article>'
        f'<span data-testid="reply-metric">0 replies</span></main></body></html>'
    ).encode()


def new_forum(path: Path, *, listed: int = 0) -> dict[str, str]:
    """A WARC of the same threads on the new forums, where an address says nothing, with one list of the first `listed`
    of them; their ids there -> their ids here."""
    ids: dict[str, str] = {}
    shots, cards = [], ""
    for number, (native_id, _, topic) in enumerate(threads()):
        here = str(uuid.uuid5(uuid.NAMESPACE_URL, native_id))
        ids[here] = native_id
        opening = render(topic.posts[0]["cooked"]).text
        if number < listed:
            cards += card(here, topic.title, opening[:120])
        at = CAPTURED + timedelta(minutes=number)
        shots.append(Shot(f"{NSFE.base_url}/discussions/t/{here}", at, 200, new_thread(here, topic.title, opening)))
    if listed:
        page = f'<html><div data-testid="searchListing-container">{cards}</div></html>'.encode()
        shots.append(Shot(f"{NSFE.base_url}/discussions?sortBy=createdAt", CAPTURED - timedelta(days=1), 200, page))
    write_shots(shots, path)
    return ids


def taken(bench: Bench) -> set[str]:
    return {row[0] for row in bench.rows("select native_id from threads")}  # type: ignore[misc]


def test_threads_on_programs_are_taken_by_words_or_by_a_look_and_no_others(bench: Bench, tmp_path: Path) -> None:
    ids = old_forum(tmp_path / "old.warc.gz", named=True)
    with WebArchiveServer(tmp_path / "old.warc.gz") as server:
        report = bench.recover([server.url], Task(forum=QUAY), **WITH_TAXONOMY)
    on_topic = ids - OFF_TOPIC
    assert not taken(bench) & OFF_TOPIC
    assert len(taken(bench) & on_topic) / len(on_topic) >= 0.7
    assert {"20417", "31877", "45210", "50333"} <= taken(bench)
    states = bench.rows("select native_id, detail from lookups where state = 'passed'")
    assert {"1310", "1311"} <= {row[0] for row in states}
    assert f"{len(ids)} threads listed: {len(taken(bench))} wanted" in report.text
    assert "(--all takes them too)" in report.text


def test_where_addresses_say_nothing_one_capture_each_is_looked_at(bench: Bench, tmp_path: Path) -> None:
    ids = old_forum(tmp_path / "old.warc.gz", named=False)
    with WebArchiveServer(tmp_path / "old.warc.gz") as server:
        bench.recover([server.url], Task(forum=QUAY, media=False), **WITH_TAXONOMY)
        played = [path for _, path in server.requests if "id_/" in path]
    on_topic = ids - OFF_TOPIC
    assert not taken(bench) & OFF_TOPIC
    assert len(taken(bench) & on_topic) / len(on_topic) >= 0.9
    # The capture that was looked at is the one that is taken: no address is played twice.
    assert len(played) == len(set(played)) == len(ids)


def test_the_new_forums_threads_are_found_though_their_addresses_are_ids(bench: Bench, tmp_path: Path) -> None:
    ids = new_forum(tmp_path / "new.warc.gz", listed=10)
    with WebArchiveServer(tmp_path / "new.warc.gz") as server:
        report = bench.recover([server.url], Task(forum=NSFE), sites=(NSFE,), **WITH_TAXONOMY)
        played = [path for _, path in server.requests if "id_/" in path]
    found = {ids[native_id] for native_id in taken(bench)}
    on_topic = set(ids.values()) - OFF_TOPIC
    assert not found & OFF_TOPIC
    assert len(found) / len(on_topic) >= 0.9
    assert "by 1 captured lists" in report.text and len(played) == len(set(played))
    listed = bench.rows("select decision, count(*) from listed_threads group by 1")
    assert sum(row[1] for row in listed) == 10 and {row[0] for row in listed} <= {"taken", None, "passed"}
    assert bench.rows("select count(*) from captures where route != 'memento'") == [(0,)]


def test_a_run_looks_at_so_many_and_the_next_one_goes_on_behind_them(bench: Bench, tmp_path: Path) -> None:
    ids = new_forum(tmp_path / "new.warc.gz")
    with WebArchiveServer(tmp_path / "new.warc.gz") as server:
        rounds = []
        for _ in range(3):
            before = len(server.requests)
            report = bench.recover([server.url], Task(forum=NSFE, most=20), sites=(NSFE,), **WITH_TAXONOMY)
            rounds.append(sum("id_/" in path for _, path in server.requests[before:]))
            assert report.exit_code == 0
        assert rounds == [20, len(ids) - 20, 0]
    assert "not looked at yet" not in report.text and "looked at before" in report.text
    assert not {ids[native_id] for native_id in taken(bench)} & OFF_TOPIC


def test_a_thread_that_was_passed_over_is_looked_for_when_it_is_named(bench: Bench, tmp_path: Path) -> None:
    ids = new_forum(tmp_path / "new.warc.gz")
    (off,) = [native_id for native_id, here in ids.items() if here == "1312"]
    with WebArchiveServer(tmp_path / "new.warc.gz") as server:
        bench.recover([server.url], Task(forum=NSFE), sites=(NSFE,), **WITH_TAXONOMY)
        assert bench.states()[off] == "passed"
        bench.recover([server.url], Task((Wanted(NSFE, off, "named"),)), sites=(NSFE,), **WITH_TAXONOMY)
    assert bench.states()[off] == "recovered" and off in taken(bench)


def test_only_so_many_captures_of_lists_are_read(bench: Bench, tmp_path: Path) -> None:
    here = str(uuid.uuid4())
    shots = [Shot(f"{NSFE.base_url}/discussions/t/{here}", CAPTURED, 200, new_thread(here, "Opt out", "Opted in."))]
    for day in range(MOST_LISTS + 5):
        page = f'<html><div data-testid="searchListing-container">{card(here, "Opt out", f"Day {day}")}</div></html>'
        at = CAPTURED + timedelta(days=day)
        shots.append(Shot(f"{NSFE.base_url}/discussions?page={day}", at, 200, page.encode()))
    write_shots(shots, tmp_path / "lists.warc.gz")
    with WebArchiveServer(tmp_path / "lists.warc.gz") as server:
        bench.recover([server.url], Task(forum=NSFE), sites=(NSFE,), **WITH_TAXONOMY)
        assert sum("discussions?page=" in path for _, path in server.requests) == MOST_LISTS
        assert not [path for _, path in server.requests if path.endswith("discussions?page=0")]


def test_deep_looks_at_the_others_too(bench: Bench, tmp_path: Path) -> None:
    ids = old_forum(tmp_path / "old.warc.gz", named=True)
    with WebArchiveServer(tmp_path / "old.warc.gz") as server:
        bench.recover([server.url], Task(forum=QUAY, deep=True), **WITH_TAXONOMY)
    assert not taken(bench) & OFF_TOPIC
    assert len(taken(bench) & ids) / len(ids - OFF_TOPIC) >= 0.9


def test_a_forum_is_looked_for_in_every_archive(bench: Bench, tmp_path: Path) -> None:
    ids = new_forum(tmp_path / "all.warc.gz")
    with WebArchiveServer(tmp_path / "all.warc.gz") as one, WebArchiveServer(tmp_path / "all.warc.gz") as other:
        half = sorted(ids)[::2]
        one.held = [held for held in one.held if held.url.rpartition("/")[2] in half]
        report = bench.recover([one.url, other.url], Task(forum=NSFE), sites=(NSFE,), **WITH_TAXONOMY)
        # What one archive has shown is not fetched from the other.
        assert not [path for _, path in other.requests if "id_/" in path and path.rpartition("/")[2] in half]
    found = {ids[native_id] for native_id in taken(bench)}
    on_topic = set(ids.values()) - OFF_TOPIC
    assert not found & OFF_TOPIC and len(found) / len(on_topic) >= 0.9
    assert f"{len(ids)} threads listed: {len(found)} wanted" in report.text
