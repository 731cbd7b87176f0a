"""Threads that are gone come back from web archives: each post once, with its proof; and what does not is accounted for.

The real pywb is asked, over the WARC file of the demonstration's vanished forum.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.database import Paths, open_archive, write_lock
from archive.errors import UnreachableError
from archive.warc import WarcStore
from crawler import choosing, door, intake, rebuild
from crawler.crawl import Crawl
from crawler.lookups import Wanted
from crawler.recover import Recovery, Task
from crawler.report import Report
from crawler.scope import Interest, Scope
from crawler.sites import Site
from crawler.store import Store
from crawler.survey import Hints
from crawler.webarchives import WebArchive
from demo import DemoForum, load_forum
from demo.model import DATA
from demo.vanished import Shot, load_vanished, write_shots
from demo.web_archive import Answer, WebArchiveServer
from tests.crawler.conftest import Time
from tests.crawling import CONTENT, Silence
from tests.recover.conftest import Pywb, Warc

FORUM = "https://sellers.oldquay.example/forums"
QUAY = Site("oldquay", "discourse_html", FORUM, "Old Quay Seller Forums")
SLUGS = {
    "20417": "prepaid-label-rollout",
    "31877": "handling-time-surprise",
    "45210": "survey-opt-out-again",
    "50333": "donations-question",
    "61002": "vat-letters",
}


def wanted(*native_ids: str) -> tuple[Wanted, ...]:
    return tuple(Wanted(QUAY, i, "named", [f"{FORUM}/t/{SLUGS.get(i, 'x')}/{i}"]) for i in native_ids)


@dataclass
class Bench:
    """An archive into which threads are recovered."""

    folder: Path
    listener: Silence = field(default_factory=Silence)

    @property
    def paths(self) -> Paths:
        return Paths(self.folder / "archive.db")

    def recover(
        self,
        bases: Sequence[str],
        task: Task | None = None,
        *,
        interest: Interest | None = None,
        hints: Hints = lambda words: (),
        sites: Sequence[Site] = (QUAY,),
    ) -> Report:
        with write_lock(self.paths, "test"):
            db = open_archive(self.paths.database, create=True)
            try:
                return Recovery(
                    db,
                    WarcStore(self.paths.warcs, software="test"),
                    [WebArchive(db.conn, base) for base in bases],
                    sites,
                    task or Task(wanted(*SLUGS)),
                    interest=interest or (lambda title, tags, text: "anything"),
                    hints=hints,
                    taxonomy_version="test",
                    listener=self.listener,
                ).run()
            finally:
                db.close()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        db = open_archive(self.paths.database)
        try:
            return [tuple(row) for row in db.conn.execute(sql, values)]
        finally:
            db.close()

    def numbers(self, native_id: str) -> list[int]:
        sql = "select number from posts p join threads t on t.id = thread_id where t.native_id = ? order by number"
        return [row[0] for row in self.rows(sql, native_id)]

    def states(self) -> dict[str, str]:
        return dict(self.rows("select native_id, state from lookups"))  # type: ignore[arg-type]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_every_recoverable_post_comes_once_and_everything_else_is_accounted_for(bench: Bench, pywb: Pywb) -> None:
    report = bench.recover([pywb.url])
    written = {str(thread.id): [post.number for post in thread.posts] for thread in load_vanished().threads}
    assert bench.numbers("20417") == written["20417"]
    assert bench.numbers("31877") == written["31877"]
    assert bench.numbers("45210") == written["45210"]
    assert bench.numbers("50333") == [21, 22, 23, 24, 25]
    assert bench.states() == {
        "20417": "recovered",
        "31877": "recovered",
        "45210": "recovered",
        "50333": "partly",
        "61002": "refused",
    }
    assert report.exit_code == 0
    assert "looked for 5 threads: 3 recovered, 1 partly, 1 refused, 0 none, 0 excluded" in report.text
    details = dict(bench.rows("select native_id, detail from lookups"))
    assert "1 archived answer of status 429" in details["20417"]
    assert "1 same bytes as an earlier capture" in details["20417"]
    assert "redirects in a circle" in details["50333"] and "posts missing" in details["50333"]
    assert "soft 404" in details["61002"]
    assert set(bench.rows("select distinct state from threads")) == {("recovered",)}


def test_each_post_names_the_memento_that_proves_it(bench: Bench, pywb: Pywb, oldquay: Warc) -> None:
    bench.recover([pywb.url])
    taken = {f"{shot.at:%Y-%m-%dT%H:%M:%SZ}": shot.url for shot in oldquay.shots}
    rows = bench.rows(
        "select number, route, via, c.url, c.captured_at, p.first_seen_at from posts p join captures c on c.id = capture_id"
    )
    assert len(rows) == 60
    for _, route, via, url, captured_at, first_seen_at in rows:
        assert route == "memento" and taken[captured_at] == url
        assert via == f"{pywb.url}/{captured_at.translate({ord(c): None for c in '-:TZ'})}id_/{url}"
        assert first_seen_at <= captured_at


def test_where_captures_differ_both_texts_are_kept_in_time_order(bench: Bench, pywb: Pywb) -> None:
    bench.recover([pywb.url], Task(wanted("45210")))
    rows = bench.rows(
        "select p.text, r.text, r.observed_at, r.superseded_at from revisions r join posts p on p.id = post_id"
    )
    assert len(rows) == 1
    now, before, observed_at, superseded_at = rows[0]
    assert "a fourth" in now and "a fourth" not in before and before.startswith("Whenever the exit")
    assert (observed_at, superseded_at) == ("2022-02-01T21:47:30Z", "2022-09-15T11:11:11Z")


def test_a_post_that_was_removed_between_captures_is_kept_as_removed(bench: Bench, pywb: Pywb) -> None:
    bench.recover([pywb.url], Task(wanted("31877")))
    rows = bench.rows("select text, state from posts where number = 9")
    assert rows == [
        (
            "If anyone wants it, I have the private number of somebody in the shipping team who actually answers.",
            "deleted",
        )
    ]


def test_few_captures_are_fetched_and_none_twice(bench: Bench, server: WebArchiveServer) -> None:
    bench.recover([server.url])
    played = [path for _, path in server.requests if "id_/" in path]
    fetched, listed = bench.rows("select sum(captures_fetched), sum(captures_listed) from lookups")[0]
    assert fetched < listed and len(played) <= fetched + 2
    pages = [path for path in played if "/12" not in path]
    assert len(pages) == len(set(pages))


def test_a_second_run_asks_nothing_until_it_is_told_to(
    bench: Bench, server: WebArchiveServer, virtual_time: Time
) -> None:
    bench.recover([server.url])
    before = {name: bench.rows(sql) for name, sql in CONTENT.items()}
    asked = len(server.requests)
    report = bench.recover([server.url])
    assert "5 were looked for in the last 90 days" in report.text
    assert [path for _, path in server.requests[asked:]] == ["/coll/"]
    bench.recover([server.url], Task(wanted(*SLUGS), again=True))
    assert {name: bench.rows(sql) for name, sql in CONTENT.items()} == before


def test_rebuild_gives_equal_rows(bench: Bench, server: WebArchiveServer) -> None:
    bench.recover([server.url])
    before = {name: bench.rows(sql) for name, sql in CONTENT.items()}
    lookups = bench.rows("select * from lookups")
    db = open_archive(bench.paths.database)
    rebuild.rebuild(db, WarcStore(bench.paths.warcs, software="test"))
    db.close()
    assert {name: bench.rows(sql) for name, sql in CONTENT.items()} == before
    assert bench.rows("select * from lookups") == lookups


def test_several_archives_are_tried_in_turn_until_a_thread_is_known_to_be_whole(
    bench: Bench, server: WebArchiveServer, tmp_path: Path, oldquay: Warc
) -> None:
    with WebArchiveServer(oldquay.path) as first:
        # Of 20417, one page, which does not say how many posts there are.
        whole = [held for held in first.held if "/50333" in held.url or "/31877" in held.url]
        first.held = [*whole, *(held for held in first.held if held.timestamp == "20190601172031")]
        bench.recover([first.url, server.url], Task(wanted("20417", "31877", "50333", "99")))
        rows = bench.rows("select archive, native_id, state from lookups order by id")
        assert rows == [
            (first.url, "20417", "recovered"),
            (server.url, "20417", "recovered"),
            (first.url, "31877", "recovered"),
            (first.url, "50333", "partly"),
            (server.url, "50333", "partly"),
            (first.url, "99", "none"),
            (server.url, "99", "none"),
        ]


def test_a_whole_forum_is_recovered_by_its_listing_where_the_addresses_match(bench: Bench, pywb: Pywb) -> None:
    def about_labels(title: str, tags: tuple[str, ...], text: str) -> str | None:
        return "label" if "label" in title else None

    report = bench.recover([pywb.url], Task(forum=QUAY), interest=about_labels)
    assert bench.states() == {"20417": "recovered"}
    assert bench.rows("select reason from lookups") == [("in the archive: label",)]
    assert "5 threads listed: 1 wanted (1 by their addresses" in report.text
    assert "passed over: 4 by their addresses" in report.text
    bench.recover([pywb.url], Task(forum=QUAY, everything=True))
    assert set(bench.states()) == set(SLUGS) and bench.states()["61002"] == "refused"


def test_a_forum_s_soft_404_is_known_by_its_bytes_before_anything_is_fetched(
    bench: Bench, server: WebArchiveServer
) -> None:
    bench.recover([server.url], Task(forum=QUAY, everything=True))
    assert not [path for _, path in server.requests if "/202306" in path]


def test_only_captures_since_a_date_are_looked_at(bench: Bench, server: WebArchiveServer) -> None:
    bench.recover([server.url], Task(wanted("20417"), since="2020-09-01T00:00:00Z"))
    assert bench.numbers("20417") == list(range(1, 23))
    assert not [path for _, path in server.requests if "/2019" in path or "/20200820" in path]


def test_what_its_owner_had_excluded_is_said_so(bench: Bench, server: WebArchiveServer) -> None:
    opening = Answer(200, "OK", (), b"hello")
    server.faults += [opening, Answer(403, "Forbidden", (), b"RobotAccessControlException: Blocked by robots")]
    bench.recover([server.url], Task(wanted("20417")))
    assert bench.states() == {"20417": "excluded"}


# The live forum that links to it


@pytest.fixture
def harbour() -> Iterator[DemoForum]:
    with DemoForum(load_forum(DATA), limits=None) as forum:
        yield forum


def test_dead_links_of_a_live_forum_lead_to_what_was_recovered(bench: Bench, harbour: DemoForum, pywb: Pywb) -> None:
    site = Site("demo", "discourse", harbour.url, hosts=("harbour-sellers.example",))
    with write_lock(bench.paths, "test"):
        db = open_archive(bench.paths.database, create=True)
        with db.atomic():
            Store(db.conn, QUAY).add_site("2026-11-23T00:00:00Z")
        Crawl(
            db,
            WarcStore(bench.paths.warcs, software="test"),
            site,
            Scope(everything=True),
            interest=lambda title, tags, text: "anything",
            taxonomy_version="test",
            listener=Silence(),
            target="demo",
            rate=(),
        ).run()
        db.close()
    links = "select distinct target_native_id, state from links where target_site_id = 'oldquay' order by 1"
    assert bench.rows(links) == [(native_id, "unknown") for native_id in SLUGS]
    bench.recover([pywb.url], Task(), sites=(QUAY, site))
    assert bench.rows(links) == [(i, "unknown" if i == "61002" else "recovered") for i in SLUGS]
    # The seed's like: one step from the post that says "this 24Jan2022 post, now gone" to the post itself.
    found = bench.rows(
        "select t.title, target.text from links l join posts p on p.id = l.post_id join threads t on t.id = l.target_thread_id"
        " join posts target on target.thread_id = t.id and target.number = coalesce(l.target_number, 1)"
        " join threads source on source.id = p.thread_id where source.native_id = '1308' and l.target_number = 3"
    )
    assert found[0][0] == "Survey? Opt out? Again?" and found[0][1].startswith("Whenever the exit is a questionnaire")
    reasons = dict(bench.rows("select native_id, reason from lookups where site_id = 'oldquay'"))
    assert reasons["61002"].startswith("link in demo/")


def test_no_more_lists_are_asked_of_pywb_in_a_minute_than_allowed(
    bench: Bench, pywb: Pywb, virtual_time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[float] = []
    send = door.Door._send

    def noting(self: door.Door, url: str) -> Any:
        if "/cdx?" in url:
            sent.append(virtual_time.at)
        return send(self, url)

    monkeypatch.setattr(door.Door, "_send", noting)
    before = len(pywb.requests("cdx?"))
    many = tuple(str(number) for number in range(70_000, 70_030))
    report = bench.recover([pywb.url], Task(wanted(*SLUGS, *many)))
    assert len(pywb.requests("cdx?")) - before == len(sent) > 60
    assert max(sum(at <= other < at + 60 for other in sent) for at in sent) <= 24
    assert "3 recovered, 1 partly, 1 refused, 30 none" in report.text


def test_a_thread_that_a_held_post_links_to_is_taken_from_a_listing_whatever_its_words(
    bench: Bench, server: WebArchiveServer
) -> None:
    def never(title: str, tags: tuple[str, ...], text: str) -> str | None:
        return None

    bench.recover([server.url], Task(wanted("45210")))
    db = open_archive(bench.paths.database)
    with db.atomic():
        db.conn.execute(
            "insert into links (post_id, url, kind, target_site_id, target_native_id, state)"
            " select id, ?, 'link', 'oldquay', '31877', 'unknown' from posts where number = 1",
            (f"{FORUM}/t/31877",),
        )
    db.close()
    bench.recover([server.url], Task(forum=QUAY), interest=never)
    assert bench.states() == {"45210": "recovered", "31877": "recovered"}
    assert bench.rows("select reason from lookups where native_id = '31877'") == [("link in oldquay/45210/1",)]


def test_a_capture_that_was_stored_when_the_program_was_killed_is_taken_over(
    bench: Bench, server: WebArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(intake, "ingest", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bench.recover([server.url], Task(wanted("45210")))
    assert bench.rows("select count(*) from captures") == [(0,)]
    bench.recover([server.url], Task(wanted("45210")))
    assert bench.numbers("45210") == list(range(1, 11))
    assert bench.rows("select count(*), count(distinct url) from captures") == [(2, 2)]


def test_an_archive_that_falls_silent_ends_the_run_and_the_next_one_goes_on(
    bench: Bench, server: WebArchiveServer, virtual_time: Time
) -> None:
    limited = Answer(429, "Too Many Requests", (), b"slow down")
    bench.recover([server.url], Task(wanted("20417")))
    server.faults += [Answer(200, "OK", (), b"hello"), limited, limited]
    with pytest.raises(UnreachableError):
        bench.recover([server.url])
    assert bench.rows("select state, exit_code from runs order by id desc limit 1") == [("interrupted", 4)]
    bench.recover([server.url])
    assert set(bench.states()) == set(SLUGS)


# Pictures


def with_pictures(path: Path) -> None:
    """A web archive of one thread that shows three pictures: one captured in another year, one as a 404, one never."""
    url, at = f"{FORUM}/t/x/7", datetime(2020, 5, 1, tzinfo=UTC)
    sources = ("/forums/uploads/a.png", "/forums/uploads/b.png", "/forums/uploads/c.png", "https://cdn.example/d.png")
    images = "".join(f'<p><img src="{source}"></p>' for source in sources)
    page = (
        f'<html><h1>Pictures</h1><div id="post_1" class="topic-body crawler-post"><span class="creator"><a>ada</a></span>'
        f'<div class="post" itemprop="text">{images}</div></div></html>'
    ).encode()
    write_shots(
        [
            Shot(url, at, 200, page),
            Shot(f"{FORUM}/uploads/a.png", at - timedelta(days=500), 200, b"PNG", "image/png"),
            Shot(f"{FORUM}/uploads/b.png", at, 429, b"no", "text/plain"),
        ],
        path,
    )


def test_pictures_in_recovered_posts_come_from_the_archive_too_or_are_listed(bench: Bench, tmp_path: Path) -> None:
    with_pictures(tmp_path / "p.warc.gz")
    with WebArchiveServer(tmp_path / "p.warc.gz") as server:
        report = bench.recover([server.url], Task(wanted("7")))
        name = server.url
        states = bench.rows("select m.url, state, reason from media m order by 1")
        before = len(server.requests)
        bench.recover([server.url], Task(wanted("7")))
        assert not [path for _, path in server.requests[before:] if "uploads" in path]
    assert states == [
        ("https://cdn.example/d.png", "missing", "on another host"),
        ("https://sellers.oldquay.example/forums/uploads/a.png", "held", None),
        ("https://sellers.oldquay.example/forums/uploads/b.png", "missing", f"{name}: archived answer of status 429"),
        ("https://sellers.oldquay.example/forums/uploads/c.png", "missing", f"{name}: not held there"),
    ]
    captures = bench.rows("select mime, route, captured_at from captures c join media on media.capture_id = c.id")
    assert captures == [("image/png", "memento", "2018-12-18T00:00:00Z")]
    assert "pictures and attachments: 1 recovered, 2 not held there" in report.text


def test_no_pictures_are_asked_for_where_none_are_wanted(bench: Bench, tmp_path: Path) -> None:
    with_pictures(tmp_path / "p.warc.gz")
    with WebArchiveServer(tmp_path / "p.warc.gz") as server:
        bench.recover([server.url], Task(wanted("7"), media=False))
        assert not [path for _, path in server.requests if "uploads" in path]
    assert bench.rows("select * from media") == []


# What is missing, and where it was looked for


def test_what_a_look_up_did_not_find_is_explained_by_it(bench: Bench, pywb: Pywb) -> None:
    report = bench.recover([pywb.url], Task(wanted("50333", "20417")))
    assert report.exit_code == 0
    looked_on = bench.rows("select substr(looked_at, 1, 10) from lookups where native_id = '50333'")[0][0]
    coverage = "select posts_missing, posts_unexplained, reasons from coverage where native_id = ?"
    assert bench.rows(coverage, "50333") == [
        (
            20,
            0,
            "counted by the source, but on no page that is held;"
            f" looked up in {pywb.url} on {looked_on}: not held there",
        )
    ]
    assert bench.rows(coverage, "20417") == [(0, 0, None)]


def test_a_look_up_that_left_captures_explains_nothing_and_the_next_one_goes_on(
    bench: Bench, server: WebArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as few:
        few.setattr(choosing, "MOST", 2)
        report = bench.recover([server.url], Task(wanted("31877")))
    assert report.exit_code == 3
    (left,) = bench.rows("select captures_left from lookups")
    assert left[0] > 0
    assert bench.rows("select posts_unexplained > 0 from coverage") == [(1,)]
    before = len(server.requests)
    assert bench.recover([server.url], Task(wanted("31877"), again=True)).exit_code == 0
    played = [path for _, path in server.requests[before:] if "id_/" in path]
    assert len(played) == len(set(played)) and "held already" in bench.rows("select detail from lookups")[0][0]
    assert bench.rows("select captures_left, state from lookups") == [(0, "recovered")]
    assert bench.rows("select posts_unexplained from coverage") == [(0,)]


def test_that_only_later_captures_were_looked_at_is_said(bench: Bench, server: WebArchiveServer) -> None:
    bench.recover([server.url], Task(wanted("50333"), since="2023-01-01T00:00:00Z"))
    assert "(captures since 2023-01-01): not held there" in bench.rows("select reasons from coverage")[0][0]


def test_ids_of_a_data_capture_and_numbers_of_pages_are_put_together(bench: Bench, server: WebArchiveServer) -> None:
    # Of the second page only the crawlers' layout, without ids, is left.
    server.held = [held for held in server.held if held.timestamp != "20220701184500"]
    bench.recover([server.url], Task(wanted("31877")))
    rows = bench.rows("select native_id, state from posts where native_id like '#%'")
    assert rows == [("#9", "deleted")]
    assert bench.rows("select count(*) from missing_posts") == [(0,)]
    assert bench.states() == {"31877": "recovered"}


def test_posts_that_are_listed_before_their_thread_s_page_are_kept(bench: Bench, tmp_path: Path) -> None:
    post = {"id": 902, "post_number": 2, "cooked": "<p>Kept.</p>", "topic_slug": "labels-again", "username": "ada"}
    body = json.dumps({"post_stream": {"posts": [post]}, "id": 7}).encode()
    url = f"{FORUM}/t/7/posts.json?post_ids%5B%5D=902"
    write_shots([Shot(url, datetime(2020, 5, 1, tzinfo=UTC), 200, body, "application/json")], tmp_path / "p.warc.gz")
    with WebArchiveServer(tmp_path / "p.warc.gz") as server:
        bench.recover([server.url], Task(wanted("7")))
    assert bench.rows("select title, state, posts_held from threads") == [("labels again", "recovered", 1)]
    assert bench.rows("select native_id, text from posts") == [("902", "Kept.")]
