"""What people saved comes in once, whole as far as it goes, and without anything secret."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from archive.database import Paths, open_archive, write_lock
from archive.errors import InputError
from archive.warc import WarcStore
from cli.import_ import import_
from crawler import rebuild
from crawler.imports import detect, har, page, take, topic_json, url_list, wacz, warc
from crawler.imports.saved import Broken, Listed, Parts, Passed, Saved, without_secrets
from crawler.report import Report
from crawler.sites import ADAPTERS, Site
from tests.crawling import CONTENT
from tests.imports import files
from tests.imports.files import FORUM

QUAY = Site("quay", "discourse", FORUM)


def parts(found: Parts) -> tuple[list[Saved], list[Passed], str | None]:
    """What a reader gave: captures, what was passed over, and where the file broke."""
    given = list(found)
    broken = "; ".join(part.text for part in given if isinstance(part, Broken)) or None
    return [p for p in given if isinstance(p, Saved)], [p for p in given if isinstance(p, Passed)], broken


def listed(path: Path) -> list[str]:
    """The addresses of a list."""
    return [part.url for part in url_list.read(path) if isinstance(part, Listed)]


class Box:
    """An archive, imported into as often as you like."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths(folder / "archive.db")

    def take(self, *paths: Path, stop: Callable[[], bool] = lambda: False, **options: Any) -> Report:
        with write_lock(self.paths, "test"):
            db = open_archive(self.paths.database, create=True)
            try:
                warcs = WarcStore(self.paths.warcs, software="test")
                return take.Import(db, warcs, [QUAY], take.Options(**options), say=lambda _: None, stop=stop).run(paths)
            finally:
                db.close()

    @contextmanager
    def opened(self) -> Iterator[Database]:
        db = open_archive(self.paths.database)
        try:
            yield db
        finally:
            db.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.opened() as db:
            return [tuple(row) for row in db.conn.execute(sql)]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "box")


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """`file(name, bytes)` writes a file."""

    def write(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


File = Callable[[str, bytes], Path]
PAGE = (f"{FORUM}/t/7.json", files.topic_bytes())


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_warc_gives_its_responses_with_their_time_and_without_coding(file: File, packed: bool, coding: str) -> None:
    path = file("x", files.warc(PAGE, packed=packed, coding=coding))
    assert detect.kind(path) == "warc"
    saved, passed, broken = parts(warc.read(path))
    assert [(part.exchange.url, part.exchange.captured_at, part.exchange.body) for part in saved] == [
        (PAGE[0], "2022-02-01T10:00:00Z", PAGE[1])
    ]
    assert (passed, broken) == ([], None)
    assert [name for name, _ in saved[0].exchange.headers] == ["Content-Type"]


def test_a_coding_that_cannot_be_read_is_passed_over_and_named(file: File) -> None:
    saved, passed, _ = parts(warc.read(file("x", files.warc(PAGE, coding="zstd"))))
    assert saved == [] and passed[0].reason == "content coding zstd"


@pytest.mark.parametrize("packed", [True, False])
def test_a_warc_that_was_cut_off_says_where_and_keeps_what_is_whole(file: File, packed: bool) -> None:
    first = files.warc(PAGE, packed=packed)
    both = files.warc(PAGE, (f"{FORUM}/t/8.json", files.topic_bytes(8, posts=40)), packed=packed)
    for cut in range(len(first) + 700, len(both) - 30, 97):
        saved, _, broken = parts(warc.read(file("cut.warc", both[:cut])))
        assert [part.exchange.url for part in saved] == [PAGE[0]]
        assert broken and broken.startswith("cut.warc is broken at byte ")


def test_a_wacz_gives_the_responses_of_all_its_warcs(tmp_path: Path) -> None:
    path = files.wacz(tmp_path / "x.wacz", files.warc(PAGE), files.warc((f"{FORUM}/t/8.json", files.topic_bytes(8))))
    assert detect.kind(path) == "wacz"
    saved, _, broken = parts(wacz.read(path))
    assert [part.exchange.url for part in saved] == [PAGE[0], f"{FORUM}/t/8.json"] and broken is None


def test_a_wacz_without_its_end_still_gives_what_is_whole(tmp_path: Path) -> None:
    second = (f"{FORUM}/t/8.json", files.topic_bytes(8))
    path = files.wacz(tmp_path / "x.wacz", files.warc(PAGE), files.warc(second))
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"pages/pages.jsonl")])
    saved, _, broken = parts(wacz.read(path))
    assert [part.exchange.url for part in saved] == [PAGE[0], second[0]]
    assert broken and "no whole zip file" in broken


@pytest.mark.parametrize("encoded", [True, False])
def test_a_har_gives_the_answers_to_get_requests(file: File, encoded: bool) -> None:
    path = file("s.har", files.har(files.har_entry(*PAGE, encoded=encoded)).encode())
    assert detect.kind(path) == "har"
    saved, _, _ = parts(har.read(path))
    assert [(part.exchange.url, part.exchange.captured_at, part.exchange.body) for part in saved] == [
        (PAGE[0], "2022-02-03T04:05:06Z", PAGE[1])
    ]


def test_nothing_secret_of_a_har_reaches_the_archive(box: Box, file: File) -> None:
    url = f"{FORUM}/t/7.json?api_key=SECRET6&page=1&session_id=SECRET7#SECRET8"
    entries = [files.har_entry(url, PAGE[1]), files.har_entry(f"{FORUM}/t/9.json", files.topic_bytes(9), method="POST")]
    report = box.take(file("s.har", files.har(*entries).encode()))
    assert "1 captures taken" in report.text and "not a GET request" in report.text
    stored = b"".join(gzip.decompress(path.read_bytes()) for path in box.paths.warcs.iterdir())
    assert b"SECRET" not in stored + box.paths.database.read_bytes()
    assert box.rows("select url from captures") == [(f"{FORUM}/t/7.json?page=1",)]


def test_a_har_that_was_cut_off_keeps_its_whole_entries(file: File) -> None:
    text = files.har(files.har_entry(*PAGE), files.har_entry(f"{FORUM}/t/8.json", files.topic_bytes(8)))
    saved, _, broken = parts(har.read(file("s.har", text[:-500].encode())))
    assert [part.exchange.url for part in saved] == [PAGE[0]]
    assert broken and broken.startswith("s.har is broken after entry 1")


@pytest.mark.parametrize(
    "head, url, moment",
    [
        (
            "<!DOCTYPE html> <html><!--\n Page saved with SingleFile \n url: https://quay.example/t/x/7 \n"
            " saved date: Mon Jan 24 2022 19:30:00 GMT+0100 (Central European Standard Time)\n--><body>",
            "https://quay.example/t/x/7",
            "2022-01-24T18:30:00Z",
        ),
        ("<!-- saved from url=(0026)https://quay.example/t/x/7 -->\n<html><body>", "https://quay.example/t/x/7", None),
        (
            '<html><head><link rel="canonical" href="https://quay.example/t/x/7"><body>',
            "https://quay.example/t/x/7",
            None,
        ),
        (
            '<html><meta property="og:url" content="https://quay.example/t/x/7"><body>',
            "https://quay.example/t/x/7",
            None,
        ),
    ],
)
def test_a_saved_page_says_where_it_comes_from(file: File, head: str, url: str, moment: str | None) -> None:
    path = file("page.html", head.encode())
    saved_at = datetime(2022, 5, 6, 7, 8, 9, tzinfo=UTC).timestamp()
    os.utime(path, (saved_at, saved_at))
    assert detect.kind(path) == "page"
    saved, _, _ = parts(page.read(path))
    assert (saved[0].exchange.url, saved[0].exchange.captured_at) == (url, moment or "2022-05-06T07:08:09Z")


def test_what_the_user_says_of_a_page_goes_before_what_it_says_itself(file: File) -> None:
    path = file("page.html", b'<html><link rel="canonical" href="https://other.example/">')
    saved, _, _ = parts(page.read(path, url="https://quay.example/t/7", saved_at="2021-01-01T00:00:00Z"))
    assert (saved[0].exchange.url, saved[0].exchange.captured_at) == (
        "https://quay.example/t/7",
        "2021-01-01T00:00:00Z",
    )


def test_a_page_of_nowhere_asks_for_its_address(box: Box, file: File) -> None:
    report = box.take(file("page.html", b"<html><p>Hello</p></html>"))
    assert report.text.count("Say it with --url") == 1 and report.exit_code == 2
    assert "--forum" not in report.text


def test_a_topic_s_json_needs_the_forum_s_address(box: Box, file: File) -> None:
    path = file("topic.json", PAGE[1])
    assert detect.kind(path) == "topic"
    assert "Say it with --url" in box.take(path).text
    box.take(path, url=FORUM, saved_at="2022-03-01T00:00:00Z")
    assert box.rows("select url, captured_at, route, via from captures") == [
        (f"{FORUM}/t/7.json", "2022-03-01T00:00:00Z", "import", "topic.json")
    ]
    assert box.rows("select count(*) from posts") == [(2,)]


def test_a_list_of_addresses_is_told_by_its_content(file: File) -> None:
    path = file(
        "anything.doc",
        b"# mine\nhttps://quay.example/t/7\n\nhttps://quay.example/t/8 # second\nhttps://quay.example/t/7\n",
    )
    assert detect.kind(path) == "urls"
    assert listed(path) == ["https://quay.example/t/7", "https://quay.example/t/8"]


@pytest.mark.parametrize(
    "lines",
    [
        b"https://quay.example/t/7 # caf\xe9\n",
        b"https://quay.example/t/7\n\xff\xfe\n",
        b"https://quay.example/t/7\nmailto:ada@quay.example\n",
        b"https://quay.example/t/7\nsas\n",
        b"https://quay.example/t/7\nhttps://[bad\n",
        b"https://quay.example/t/7?api_key=SECRET\n",
        b"# a long head\n" * 400 + b"https://quay.example/t/7\n",
    ],
)
def test_a_line_of_a_list_that_is_no_address_costs_only_itself(box: Box, file: File, lines: bytes) -> None:
    path = file("list", lines)
    assert detect.kind(path) == "urls" and listed(path) == [f"{FORUM}/t/7"]
    report = box.take(path)
    bad = len(lines.splitlines()) == 2
    assert report.exit_code == (2 if bad else 0) and ("list line 2 is no address" in report.text) == bad


def test_of_a_list_the_addresses_that_can_be_crawled_are(
    file: File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawled: list[str] = []

    def crawl(_paths: Paths, targets: tuple[str, ...], **_options: Any) -> int:
        crawled.extend(targets)
        return 0

    monkeypatch.setattr(import_module("cli.import_"), "crawl_targets", crawl)
    dead = "https://sellercentral.amazon.com/forums/t/prepaid-labels/645202"
    path = file("list.txt", f"{dead}\nhttps://nowhere/x\n{FORUM}/t/7\njunk\n{FORUM}/t/8\n".encode())
    done = CliRunner().invoke(import_, [str(path), "--db", str(tmp_path / "a.db"), "--quiet"])
    assert done.exit_code == 2, done.output
    assert crawled == [f"{FORUM}/t/7", f"{FORUM}/t/8"]
    for words in ("list.txt line 4 is no address", "1 addresses of osfe-us cannot be crawled", "'https://nowhere/x'"):
        assert words in done.output


@pytest.mark.parametrize(
    "data", [b"", b"hello world", b"\x89PNG\r\n", b'{"a": 1}', b"see https://quay.example for more"]
)
def test_files_of_other_kinds_are_passed_over(box: Box, file: File, data: bytes) -> None:
    path = file("x", data)
    assert detect.kind(path) is None
    assert "a file of an unknown kind" in box.take(path).text


def test_an_import_twice_changes_nothing(box: Box, file: File) -> None:
    path = file("x.warc.gz", files.warc(PAGE))
    box.take(path)
    before = {name: box.rows(sql) for name, sql in CONTENT.items()}
    report = box.take(path)
    assert "0 captures taken, 1 held already" in report.text
    assert {name: box.rows(sql) for name, sql in CONTENT.items()} == before


def test_pages_of_other_sites_are_counted_and_left(box: Box, file: File) -> None:
    path = file(
        "x.warc", files.warc(PAGE, ("https://news.example/", b"{}"), (f"{FORUM}/about.json", b"{}"), packed=False)
    )
    report = box.take(path)
    assert "1 captures taken, 0 held already, 2 passed over" in report.text
    assert "1 passed over: not a page of a forum that the program knows" in report.text
    assert box.rows("select url from captures") == [(PAGE[0],)]


def test_a_broken_file_among_others_costs_only_itself(box: Box, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.warc").write_bytes(files.warc(PAGE, packed=False)[:-200])
    (folder / "deep" / "b.warc").write_bytes(files.warc((f"{FORUM}/t/8.json", files.topic_bytes(8)), packed=False))
    report = box.take(folder)
    assert report.exit_code == 2 and "a.warc is broken at byte" in report.text
    assert box.rows("select native_id from threads") == [("8",)]


def test_a_file_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        take.files([tmp_path / "nothing"])


def test_older_files_become_earlier_versions_and_rebuild_gives_the_same(box: Box, file: File) -> None:
    newer, older = (files.topic_bytes(words=words) for words in ("Second words", "First words"))
    box.take(file("new.warc", files.warc((PAGE[0], newer), date="2022-06-01T00:00:00Z")))
    box.take(file("old.warc", files.warc((PAGE[0], older), date="2022-01-25T00:00:00Z")))
    assert box.rows("select text from posts where number = 1") == [("Second words, 1.",)]
    assert box.rows("select r.text from revisions r join posts on posts.id = post_id where number = 1") == [
        ("First words, 1.",)
    ]
    before = {name: box.rows(sql) for name, sql in CONTENT.items()}
    with box.opened() as db:
        rebuild.rebuild(db, WarcStore(box.paths.warcs, software="test"))
    assert {name: box.rows(sql) for name, sql in CONTENT.items()} == before


PNG = b"\x89PNG\r\n\x1a\n, a picture"


def showing(*sources: str) -> bytes:
    """A topic whose opening post shows pictures."""
    topic = files.topic()
    topic["post_stream"]["posts"][0]["cooked"] = "".join(f'<p><img src="{source}"></p>' for source in sources)
    return json.dumps(topic).encode()


def picture_har(*pictures: str) -> bytes:
    """A session that opened a topic and loaded these pictures with it, the last one before it."""
    shown = files.har_entry(PAGE[0], showing("/uploads/a.png", "/uploads/b.png", "https://cdn.example/c.png"))
    loaded = [files.har_entry(url, PNG, encoded=True) for url in pictures]
    for entry in loaded:
        entry["response"]["headers"] = [{"name": "Content-Type", "value": "image/png"}]
    return files.har(*loaded[-1:], shown, *loaded[:-1]).encode()


MEDIA = (
    "select m.url, m.state, reason, c.route, c.mime from media m left join captures c on c.id = capture_id order by 1"
)


def test_nothing_secret_of_a_recorded_session_reaches_the_archive(box: Box, file: File) -> None:
    """Browser extensions write what a session saw, into WARC files too."""
    url = "https://ada:SECRET1@quay.example/t/7.json?api_key=SECRET2&page=1"
    box.take(file("x.warc.gz", files.warc((url, files.topic_bytes()))))
    assert box.rows("select url from captures") == [(f"{FORUM}/t/7.json?page=1",)]
    (path,) = box.paths.warcs.glob("*.gz")
    stored = gzip.decompress(path.read_bytes()) + box.paths.database.read_bytes()
    assert b"SECRET" not in stored and b"_t=secret" not in stored


def test_pictures_that_posts_show_are_taken_with_them_and_others_are_not(box: Box, file: File) -> None:
    loaded = (f"{FORUM}/uploads/avatar.png", f"{FORUM}/uploads/b.png", f"{FORUM}/uploads/a.png")
    report = box.take(file("s.har", picture_har(*loaded)))
    assert box.rows(MEDIA) == [
        ("https://cdn.example/c.png", "missing", "on another host", None, None),
        (f"{FORUM}/uploads/a.png", "held", None, "import", "image/png"),
        (f"{FORUM}/uploads/b.png", "held", None, "import", "image/png"),
    ]
    assert "3 captures taken, 0 held already, 1 passed over" in report.text
    assert "2 of the captures are pictures and attachments" in report.text
    again = box.take(file("s.har", picture_har(*loaded)))
    assert "0 captures taken, 3 held already, 1 passed over" in again.text


@pytest.mark.parametrize(
    "status, mime, body, state",
    [
        (304, "image/png", b"", "wanted"),
        (302, "text/plain", b"moved", "wanted"),
        (206, "image/png", PNG, "wanted"),
        (404, "image/png", PNG, "wanted"),
        (200, "text/html", PNG, "wanted"),
        (304, "image/png", PNG, "held"),
    ],
)
@pytest.mark.parametrize("then_whole", [False, True])
def test_only_a_whole_picture_counts_as_held(
    box: Box, file: File, status: int, mime: str, body: bytes, state: str, then_whole: bool
) -> None:
    url = f"{FORUM}/uploads/a.png"
    odd, whole = (files.har_entry(url, content, encoded=True) for content in (body, PNG))
    odd["response"] |= {"status": status, "headers": [{"name": "Content-Type", "value": mime}]}
    whole["response"]["headers"] = [{"name": "Content-Type", "value": "image/png"}]
    shown = files.har_entry(PAGE[0], showing("/uploads/a.png"))
    box.take(file("s.har", files.har(odd, shown, *[whole] * then_whole).encode()))
    held = box.rows("select m.state, c.status, c.size from media m left join captures c on c.id = capture_id")
    assert held == ([("held", 200, len(PNG))] if then_whole or state == "held" else [("wanted", None, None)])


def one_picture(url: str) -> bytes:
    entry = files.har_entry(url, PNG, encoded=True)
    entry["response"]["headers"] = [{"name": "Content-Type", "value": "image/png"}]
    return files.har(entry).encode()


def test_pictures_in_another_file_and_another_run_are_taken(box: Box, file: File) -> None:
    posts = file("posts.har", files.har(files.har_entry(PAGE[0], showing("/uploads/a.png"))).encode())
    pictures = file("pictures.har", one_picture(f"{FORUM}/uploads/a.png"))
    box.take(posts)
    report = box.take(pictures)
    assert report.exit_code == 0 and "1 captures taken, 0 held already, 0 passed over" in report.text
    assert box.rows("select state from media") == [("held",)]
    again = box.take(posts, pictures)
    assert again.exit_code == 0 and "0 captures taken, 2 held already, 0 passed over" in again.text


@pytest.mark.parametrize("parts_read", [2, 3])
def test_pictures_that_an_interrupted_import_left_are_taken_by_the_next(box: Box, file: File, parts_read: int) -> None:
    path = file("s.har", picture_har(f"{FORUM}/uploads/a.png", f"{FORUM}/uploads/b.png"))
    before = iter([False] * parts_read)
    assert box.take(path, stop=lambda: next(before, True)).exit_code == 130
    assert box.rows("select count(*) from posts") == [(2,)]
    assert "held" not in [row[1] for row in box.rows(MEDIA)]
    assert box.take(path).exit_code == 0
    assert [row[1] for row in box.rows(MEDIA)] == ["missing", "held", "held"]


def test_a_picture_that_a_crawl_could_not_have_is_taken_from_a_file(box: Box, file: File) -> None:
    box.take(file("posts.har", files.har(files.har_entry(PAGE[0], showing("/uploads/a.png"))).encode()))
    with box.opened() as db, db.atomic():
        db.conn.execute("update media set state = 'missing', reason = 'status 404'")
    box.take(file("pictures.har", one_picture(f"{FORUM}/uploads/a.png")))
    assert box.rows("select state, reason from media") == [("held", None)]


def test_a_picture_is_the_one_of_its_whole_address(box: Box, file: File) -> None:
    """Parameters of what posts show are kept: by them alone may two pictures differ."""
    shown = files.har_entry(PAGE[0], showing("/show.php?id=5", "/show.php?id=6"))
    box.take(
        file("posts.har", files.har(shown).encode()),
        file("other.har", one_picture(f"{FORUM}/show.php?id=6&token=SECRET")),
    )
    assert [row[1] for row in box.rows(MEDIA)] == ["wanted", "wanted"]
    box.take(file("six.har", one_picture(f"{FORUM}/show.php?id=6")))
    assert [row[:2] for row in box.rows(MEDIA)] == [
        (f"{FORUM}/show.php?id=5", "wanted"),
        (f"{FORUM}/show.php?id=6", "held"),
    ]


def test_pictures_inside_a_saved_page_are_listed_as_not_taken_out(box: Box, file: File) -> None:
    shown = showing("data:image/png;base64,iVBORw0KGgo=", "data:image/svg+xml,<svg/>", "data:,")
    box.take(file("s.har", files.har(files.har_entry(PAGE[0], shown)).encode()))
    [(url, state, reason, *_)] = box.rows(MEDIA)
    assert url.startswith("data:image/png;sha256=") and len(url) == len("data:image/png;sha256=") + 64
    assert (state, reason) == ("missing", "inside the saved page that shows it, and not taken out of it")


SECRETS = """PHPSESSID pwd pass sessid access_key ticket phone username login credential X-Amz-Credential _t otp
    user_api_key SAMLResponse nonce authenticity_token email_address mail cookie bearer state token[]""".split()


@pytest.mark.parametrize(
    "asked, kept",
    [
        *[(f"/t/7.json?{name}=SECRET", "/t/7.json") for name in SECRETS],
        *[(f"/t/7.json?page=2&{name}=SECRET", "/t/7.json?page=2") for name in SECRETS],
        ("/t/7.json?page=2;token=SECRET", "/t/7.json?page=2"),
        ("/t/7.json?to=https%3A%2F%2Fx%2F%3Ftoken%3DSECRET", "/t/7.json"),
        ("/t/7.json?page=https%3A%2F%2Fx%2F%3Ftoken%3DSECRET", "/t/7.json"),
        ("/t/7.json?SECRET", "/t/7.json"),
        ("/t/7.json#SECRET", "/t/7.json"),
        ("/thread.jspa;jsessionid=SECRET?threadID=7&tstart=0&ref_=SECRET", "/thread.jspa?threadID=7&tstart=0"),
        ("/thread.jspa%3bjsessionid=SECRET?threadID=7", "/thread.jspa?threadID=7"),
        ("/message.jspa?messageID=8&token=SECRET", "/message.jspa?messageID=8"),
        ("/t/7/posts.json?post_ids%5B%5D=1&post_ids%5B%5D=2", "/t/7/posts.json?post_ids%5B%5D=1&post_ids%5B%5D=2"),
        ("/t/7.json?username_filters=ada", "/t/7.json?username_filters=ada"),
        ("/latest.json?order=created&ascending=true&page=3", "/latest.json?order=created&ascending=true&page=3"),
        (
            "/discussions?sortBy=createdAt&dateRange=allTime&replies=repliesAll&contentType=ALL"
            "&categories%5B%5D=amzn1.spce.category.8b1ad9d6",
            "/discussions?sortBy=createdAt&dateRange=allTime&replies=repliesAll&contentType=ALL"
            "&categories%5B%5D=amzn1.spce.category.8b1ad9d6",
        ),
        (
            "/discussions/t/84e3f6b1-42f7-4cf3-a189-a5cc8d78d800?postId=84e3f6b1&mons_sel=SECRET",
            "/discussions/t/84e3f6b1-42f7-4cf3-a189-a5cc8d78d800?postId=84e3f6b1",
        ),
    ],
)
def test_of_an_address_only_what_names_content_is_kept(asked: str, kept: str) -> None:
    assert without_secrets(f"https://ada:SECRET@quay.example{asked}") == FORUM + kept


def test_the_parameters_that_adapters_ask_with_are_kept() -> None:
    for kind, adapter in ADAPTERS.items():
        site = Site("quay", kind, FORUM)
        for url in (
            adapter.thread_url(site, "7"),
            adapter.thread_request(site, "7"),
            adapter.posts_request(site, "7", ["1", "2"]),
            adapter.list_request(site),
            adapter.list_request(site, adapter.category_path("labels", "8b1ad9d6")),
        ):
            assert without_secrets(url) == url


def test_nothing_secret_of_what_the_user_says_is_stored(box: Box, file: File) -> None:
    box.take(file("topic.json", PAGE[1]), url=f"{FORUM}/t/7?api_key=SECRET")
    stored = b"".join(gzip.decompress(path.read_bytes()) for path in box.paths.warcs.iterdir())
    assert b"SECRET" not in stored + box.paths.database.read_bytes()
    assert box.rows("select settings from runs") == [(f'{{"url": "{FORUM}/t/7"}}',)]
    with pytest.raises(InputError, match="--url"):
        box.take(file("topic.json", PAGE[1]), url="https://[bad/t/7")


def test_a_picture_that_is_not_in_the_files_is_listed_as_not_held(box: Box, file: File) -> None:
    box.take(file("s.har", picture_har(f"{FORUM}/uploads/a.png")))
    assert (f"{FORUM}/uploads/b.png", "wanted", None, None, None) in box.rows(MEDIA)


def test_what_is_named_and_holds_nothing_usable_is_said_and_ends_in_2(box: Box, file: File, tmp_path: Path) -> None:
    good = file("good.warc", files.warc(PAGE, packed=False))
    other = file("other.warc", files.warc(("https://news.example/", b"{}"), packed=False))
    report = box.take(good, other)
    assert report.exit_code == 2
    assert f"nothing usable in {other}" in report.text and str(good) not in report.text
    folder = tmp_path / "both"
    folder.mkdir()
    for path in (good, other):
        (folder / path.name).write_bytes(path.read_bytes())
    # A folder is one source, and what is held already is usable.
    assert box.take(folder).exit_code == 0
    (tmp_path / "empty").mkdir()
    assert box.take(tmp_path / "empty").exit_code == 2


def test_each_passed_page_is_named_once(box: Box, file: File) -> None:
    pages = [file(f"{name}.html", b"<html><p>Hello</p></html>") for name in "ab"]
    text = box.take(*pages).text
    assert [text.count(words) for words in ("a.html: the page does not", "b.html: the page does not")] == [1, 1]
    assert text.count("Say it with --url") == 2 and "2 passed over" in text


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=400), st.builds(lambda data: b"WARC/1.0\r\n" + data, st.binary(max_size=300)), st.text(max_size=300).map(lambda text: ('{"log": {"entries": [' + text).encode("utf-8", "replace")), st.binary(max_size=300).map(lambda data: b"PK\x03\x04" + data), st.binary(max_size=300).map(lambda data: b"\x1f\x8b\x08" + data)))  # fmt: skip
def test_any_bytes_at_all_are_read_passed_over_or_said_to_be_broken(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(data)
    readers = {"warc": warc.read, "wacz": wacz.read, "har": har.read, "page": page.read, "topic": topic_json.read}
    if reader := readers.get(detect.kind(path) or ""):
        parts(reader(path))


def test_a_har_that_is_not_as_described_is_passed_over_entry_by_entry(file: File) -> None:
    entries: list[Any] = [1, {}, {"request": {"method": "GET"}}, files.har_entry(*PAGE)]
    saved, passed, broken = parts(har.read(file("s.har", json.dumps({"log": {"entries": entries}}).encode())))
    assert (len(saved), len(passed), broken) == (1, 3, None)
