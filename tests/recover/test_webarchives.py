"""Web archives are asked in their own protocol, within their limits, and believed only as far as they prove."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from archive import clock
from archive.database import open_archive
from archive.errors import InputError, UnreachableError
from crawler import webarchives
from crawler.webarchives import WAYBACK, WINDOW, Capture, Excluded, Refused, WebArchive
from demo.web_archive import Answer, WebArchiveServer
from tests.crawler.conftest import Time
from tests.recover.conftest import Pywb, Warc

FORUM = "https://sellers.oldquay.example/forums"
LABEL = f"{FORUM}/t/prepaid-label-rollout/20417"


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    db = open_archive(tmp_path / "archive.db", create=True)
    yield db.conn
    db.close()


@pytest.fixture
def ours(conn: sqlite3.Connection, server: WebArchiveServer) -> WebArchive:
    """The demonstration's web archive, as a collection of pywb."""
    return WebArchive(conn, server.url)


@pytest.fixture
def wayback(conn: sqlite3.Connection, server: WebArchiveServer, monkeypatch: pytest.MonkeyPatch) -> WebArchive:
    """The same captures, in the Wayback Machine's dialect."""
    monkeypatch.setattr(webarchives, "WAYBACK_CDX", f"{server.address}/cdx/search/cdx")
    monkeypatch.setattr(webarchives, "WAYBACK_REPLAY", f"{server.address}/web")
    return WebArchive(conn, WAYBACK)


def everything(archive: WebArchive) -> list[Any]:
    """All that an archive says of the vanished forum: every list and every capture."""
    found: list[Any] = []
    for capture in sorted(archive.listing(f"{FORUM}/t/", prefix=True), key=lambda c: (c.url, c.timestamp)):
        memento = archive.memento(capture)
        found.append((capture, memento.exchange, memento.location, memento.uri.removeprefix(archive.replay)))
    return found


def test_a_real_pywb_and_ours_give_equal_answers(
    ours: WebArchive, pywb: Pywb, conn: sqlite3.Connection, oldquay: Warc
) -> None:
    theirs = WebArchive(conn, pywb.url)
    theirs.check()
    ours.check()
    assert everything(ours) == everything(theirs)
    assert len(everything(ours)) == len(oldquay.shots)
    for options in ({"since": "2022-05-01T00:00:00Z"}, {"prefix": True, "since": "2022-06-01T00:00:00Z"}):
        for url in (LABEL, f"{FORUM}/t/donations-question/50333", f"{FORUM}/t/nothing/1"):
            assert list(ours.listing(url, **options)) == list(theirs.listing(url, **options))  # type: ignore[arg-type]
    for answer in ("refused", "missing"):
        capture = Capture(LABEL if answer == "refused" else f"{FORUM}/t/nothing/1", "20180101000000", 200, "", None)
        reasons = []
        for archive in (ours, theirs):
            with pytest.raises(Refused) as refusal:
                archive.memento(capture)
            reasons.append(str(refusal.value))
        assert reasons[0] == reasons[1]


def test_raw_answers_of_a_real_pywb_and_ours_agree_in_all_that_is_read(server: WebArchiveServer, pywb: Pywb) -> None:
    paths = [
        f"/cdx?url={FORUM}/t/&matchType=prefix&output=json&fl=urlkey,timestamp,url,mime,status,digest,length&limit=100",
        f"/cdx?url={LABEL}&output=json&from=2021&fl=timestamp,status",
        f"/20210505010203id_/{LABEL}",
        f"/20200101000000id_/{LABEL}",
        f"/20230304100000id_/{FORUM}/t/donations-question/50333/12",
    ]
    for path in paths:
        a, b = httpx.get(server.url + path), httpx.get(pywb.url + path)
        for header in ("content-type", "memento-datetime", "location"):
            assert a.headers.get(header) == b.headers.get(header), (path, header)
        assert (a.status_code, a.content) == (b.status_code, b.content), path


def test_the_two_dialects_give_the_same_captures(
    ours: WebArchive, wayback: WebArchive, server: WebArchiveServer
) -> None:
    asked_before = len(server.requests)
    rows = list(wayback.listing(f"{FORUM}/t/", prefix=True))
    assert rows == list(ours.listing(f"{FORUM}/t/", prefix=True))
    lists = [path for _, path in server.requests[asked_before:] if path.startswith("/cdx/search")]
    assert len(lists) == -(-len(rows) // server.rows_per_answer)
    bodies = [(wayback.memento(row).exchange.body, wayback.memento(row).exchange.captured_at) for row in rows]
    assert bodies == [(ours.memento(row).exchange.body, ours.memento(row).exchange.captured_at) for row in rows]
    assert {wayback.memento(row).location for row in rows} == {ours.memento(row).location for row in rows}


def test_an_archived_429_is_a_capture_and_no_limit(ours: WebArchive) -> None:
    capture = next(row for row in ours.listing(LABEL) if row.status == 429)
    memento = ours.memento(capture)
    assert memento.exchange.status == 429 and ours.rate_limited == 0
    assert ours.player.limit.resume_at == 0


def test_a_capture_of_another_day_is_refused(ours: WebArchive, wayback: WebArchive) -> None:
    for archive in (ours, wayback):
        with pytest.raises(Refused, match="another one"):
            archive.memento(Capture(LABEL, "20190701000000", 200, "text/html", None))


def test_a_capture_of_the_same_day_is_taken_for_the_one_asked_for(ours: WebArchive, wayback: WebArchive) -> None:
    for archive in (ours, wayback):
        memento = archive.memento(Capture(LABEL, "20190601150000", 200, "text/html", None))
        assert memento.exchange.captured_at == "2019-06-01T17:20:31Z"
        assert timedelta(hours=24) == WINDOW


def test_headers_of_the_archive_are_not_taken_for_the_forum_s(ours: WebArchive, wayback: WebArchive) -> None:
    for archive in (ours, wayback):
        names = {name.lower() for name, _ in archive.memento(next(archive.listing(LABEL))).exchange.headers}
        assert names == {"content-type"}


def dated(*headers: tuple[str, str], body: bytes = b"hello", status: int = 200) -> Answer:
    when = ("Memento-Datetime", "Sat, 01 Jun 2019 17:20:31 GMT")
    return Answer(status, "OK", (("Content-Type", "text/html"), when, *headers), body)


JUNE = Capture(LABEL, "20190601172031", 200, "text/html", None)


@pytest.mark.parametrize(
    "answer, reason",
    [
        (Answer(404, "Not Found", (), b"no such thing"), "does not have it"),
        (
            Answer(403, "Forbidden", (("X-Archive-Wayback-Runtime-Error", "ResourceNotAvailable"),), b""),
            "no archived answer",
        ),
        (Answer(302, "Found", (("Location", "https://elsewhere.example/"),), b""), "no archived answer"),
        (Answer(200, "OK", (), b"<html>An interstitial of the archive</html>"), "no archived answer"),
        (Answer(200, "OK", (("Memento-Datetime", "yesterday"),), b""), "not readable"),
        (dated(("X-Archive-Orig-Content-Encoding", "br")), "content coding br"),
    ],
)
def test_what_is_no_archived_answer_is_refused(
    ours: WebArchive, server: WebArchiveServer, answer: Answer, reason: str
) -> None:
    server.faults.append(answer)
    with pytest.raises(Refused, match=reason):
        ours.memento(JUNE)


@pytest.mark.parametrize("word", ["RobotAccessControlException", "AdministrativeAccessControlException"])
def test_an_address_that_its_owner_had_excluded_is_told_apart(
    ours: WebArchive, server: WebArchiveServer, word: str
) -> None:
    server.faults += [Answer(403, "Forbidden", (), f"org.archive.util.{word}: Blocked".encode())] * 2
    with pytest.raises(Excluded):
        list(ours.listing(LABEL))
    with pytest.raises(Excluded):
        ours.memento(JUNE)


def test_redirects_of_the_archive_in_a_circle_end(wayback: WebArchive, server: WebArchiveServer) -> None:
    here, there = (f"{server.address}/web/201906011720{second}id_/{LABEL}" for second in (31, 32))
    server.faults += [Answer(302, "Found", (("Location", url),), b"") for url in (there, here)]
    with pytest.raises(Refused, match="circle"):
        wayback.memento(JUNE)


@pytest.mark.parametrize("lines", ["[[1, 2]", '{"url": "x"}', "<html>Sorry</html>", '[["urlkey"], ["a", "b"]]'])
def test_an_answer_that_is_no_listing_says_so(ours: WebArchive, server: WebArchiveServer, lines: str) -> None:
    server.faults.append(Answer(200, "OK", (), lines.encode()))
    with pytest.raises(UnreachableError, match="no CDX listing"):
        list(ours.listing(LABEL))


def test_lines_that_are_no_captures_are_left_out(wayback: WebArchive, server: WebArchiveServer) -> None:
    head = '["urlkey","timestamp","original","mimetype","statuscode","digest","length"]'
    rows = ['["k","20200101000000","http://a.example:80/t/1","text/html","200","AA","9"]'] * 2
    rows += ['["k","20200101000000","http://mailto:x@a.example/","text/html","200","BB","9"]']
    rows += ['["k","20200101000001","http://a.example/t/1","warc/revisit","-","AA","9"]']
    server.faults.append(Answer(200, "OK", (), f"[{','.join([head, *rows])}]".encode()))
    assert [(row.url, row.status) for row in wayback.listing("http://a.example/t/1")] == [
        ("http://a.example/t/1", 200),
        ("http://a.example/t/1", None),
    ]


def test_a_collection_that_does_not_exist_is_not_taken_for_an_empty_one(
    conn: sqlite3.Connection, server: WebArchiveServer, pywb: Pywb
) -> None:
    for base in (server.url, pywb.url):
        with pytest.raises(UnreachableError, match="no collection"):
            WebArchive(conn, base + "s").check()


@pytest.mark.parametrize("base", ["waybackmachine", "ftp://a.example/", "https://web.archive.org/web/", "http://"])
def test_what_is_no_archive_is_an_error_in_words(conn: sqlite3.Connection, base: str) -> None:
    with pytest.raises(InputError):
        WebArchive(conn, base)


# limits


LIMITED = Answer(429, "Too Many Requests", (), b"slow down")
Listed = Callable[[], list[Capture]]


def test_no_more_lists_and_captures_a_minute_than_four_fifths_of_what_is_allowed(
    wayback: WebArchive, server: WebArchiveServer, virtual_time: Time
) -> None:
    server.rows_per_answer = 100
    sent: list[float] = []
    for _ in range(60):
        list(wayback.listing(LABEL))
        sent.append(virtual_time.at)
    assert max(sum(at <= other < at + 60 for other in sent) for at in sent) == 24
    sent.clear()
    for _ in range(600):
        wayback.memento(JUNE)
        sent.append(virtual_time.at)
    assert max(sum(at <= other < at + 60 for other in sent) for at in sent) == 480


def test_after_a_429_everything_is_silent_for_a_minute_and_a_second_one_ends_it(
    wayback: WebArchive, server: WebArchiveServer, virtual_time: Time
) -> None:
    server.faults.append(LIMITED)
    before = virtual_time.at
    assert list(wayback.listing(LABEL)) and virtual_time.at - before >= 60
    wayback.lister.limit.resume_at = wayback.player.limit.resume_at = 0
    server.faults += [LIMITED, LIMITED]
    asked = len(server.requests)
    with pytest.raises(UnreachableError, match="429 again"):
        wayback.memento(JUNE)
    assert len(server.requests) - asked == 2
    assert wayback.lister.limit.wait(virtual_time.at) >= 59


def test_a_restart_remembers_what_was_asked_and_what_was_said(
    wayback: WebArchive, server: WebArchiveServer, virtual_time: Time, conn: sqlite3.Connection
) -> None:
    server.rows_per_answer = 100
    for _ in range(24):
        list(wayback.listing(LABEL))
    again = WebArchive(conn, WAYBACK)
    assert 55 < again.lister.limit.wait(virtual_time.at) <= 60
    virtual_time.pass_days(1)
    server.faults += [LIMITED, LIMITED]
    with pytest.raises(UnreachableError):
        list(again.listing(LABEL))
    later = WebArchive(conn, WAYBACK)
    before = virtual_time.at
    list(later.listing(LABEL))
    assert virtual_time.at - before >= 59


def test_a_server_error_is_asked_again_and_given_up_after_a_while(
    ours: WebArchive, server: WebArchiveServer, virtual_time: Time
) -> None:
    error = Answer(504, "Gateway Timeout", (), b"")
    server.faults += [error] * 3
    before = virtual_time.at
    assert list(ours.listing(LABEL)) and virtual_time.at - before >= 2 + 4 + 8
    server.faults += [error] * 4
    with pytest.raises(UnreachableError, match="does not answer"):
        list(ours.listing(LABEL))
    assert clock.now()
