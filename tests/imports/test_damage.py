"""What is damaged costs itself, not what lies beside it; and says so without repeating what is in the file.

All files are synthetic."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.warc import WarcStore
from crawler import rebuild
from crawler.imports import detect, har, page, wacz, warc
from tests.imports import files
from tests.imports.files import FORUM
from tests.imports.test_imports import Box, File, box, file, parts

__all__ = ["box", "file"]

PAGES = [(f"{FORUM}/t/{number}.json", files.topic_bytes(number)) for number in (7, 8, 9)]
URLS = [url for url, _ in PAGES]
BIG = files.topic_bytes(7, posts=300)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("damage", [b"\0" * 30, b"9" * 30])
def test_a_damaged_place_in_a_warc_costs_the_records_that_it_lies_in(file: File, packed: bool, damage: bytes) -> None:
    first, second, third = (files.warc(one, packed=packed) for one in PAGES)
    for at in range(0, len(second) - len(damage), 41):
        hurt = second[:at] + damage + second[at + len(damage) :]
        saved, _, broken = parts(warc.read(file("x.warc", first + hurt + third)))
        urls = [part.exchange.url for part in saved]
        assert urls[0] == URLS[0] and urls[-1] == URLS[2], at
        assert all(part.exchange.body in dict(PAGES).values() for part in saved) or not packed
        # Of a record that is not packed only the head says whether it is whole.
        assert broken or not packed or URLS[1] in urls


LONG_END = b"\n" * 40_000


@pytest.mark.parametrize(
    "record",
    [
        files.response(URLS[0], gzip.compress(BIG) + LONG_END, ("Content-Encoding", "gzip")),
        files.response(URLS[0], files.chunked(BIG) + LONG_END, ("Transfer-Encoding", "chunked")),
    ],
    ids=["gzip", "chunked"],
)
def test_bytes_after_the_end_of_a_coded_body_break_nothing(file: File, record: bytes) -> None:
    saved, _, broken = parts(warc.read(file("x.warc.gz", record + files.warc(PAGES[1]))))
    assert [part.exchange.url for part in saved] == URLS[:2] and broken is None
    assert saved[0].exchange.body == BIG


def test_what_is_said_of_a_broken_file_repeats_nothing_of_it(
    box: Box, file: File, capfd: pytest.CaptureFixture[str]
) -> None:
    """A request record that states too small a length: the cookie stands where the next record should."""
    whole = files.warc(PAGES[0], packed=False)
    request = whole.index(b"WARC-Type: request")
    length = whole.index(b"Content-Length: ", request)
    end = whole.index(b"\r\n", length)
    text = box.take(file("r.warc", whole[:length] + b"Content-Length: 16" + whole[end:])).text
    text += box.take(file("x.warc", b"WARC/1.0\r\n\x1b[31m_t=secret\r\n")).text
    text += box.take(file("y.warc.gz", files.warc(PAGES[0])[:-300] + b"\x1b[31m_t=secret" * 9)).text
    text += "".join(row[0] for row in box.rows("select report from runs")) + "".join(capfd.readouterr())
    assert "is broken at byte" in text
    assert "secret" not in text and text.replace("\n", "").isprintable()
    assert box.rows("select url from captures") == [(URLS[0],)]


def test_a_warc_packed_as_a_whole_says_what_to_do(file: File) -> None:
    _, _, broken = parts(warc.read(file("x.warc.gz", gzip.compress(files.warc(*PAGES, packed=False)))))
    assert broken and "packed as a whole; unpack it first (gunzip)" in broken


def flagged(whole: bytes, at_central: int, at_local: int, value: bytes) -> bytes:
    """A zip with bytes of its first file's headers changed, in the directory and in the local header."""
    changed = bytearray(whole)
    for signature, at in ((b"PK\x01\x02", at_central), (b"PK\x03\x04", at_local)):
        begin = whole.index(signature) + at
        changed[begin : begin + len(value)] = value
    return bytes(changed)


def one_hurt(path: Path) -> bytes:
    return files.wacz(path, files.warc(PAGES[0])[:-60], *map(files.warc, PAGES[1:])).read_bytes()


def unknown_packing(path: Path) -> bytes:
    return flagged(files.wacz(path, *map(files.warc, PAGES)).read_bytes(), 10, 8, b"\x63\0")


def encrypted(path: Path) -> bytes:
    return flagged(files.wacz(path, *map(files.warc, PAGES)).read_bytes(), 8, 6, b"\x01\0")


def wrong_sum(path: Path) -> bytes:
    """The last byte of the first WARC is another one, so that its checksum does not hold."""
    whole = files.wacz(path, *map(files.warc, PAGES)).read_bytes()
    end = whole.index(b"PK\x03\x04", 10) - 1
    return whole[:end] + bytes([whole[end] ^ 1]) + whole[end + 1 :]


def streamed_and_cut(_path: Path) -> bytes:
    whole = files.streamed_wacz(*map(files.warc, PAGES))
    return whole[: whole.index(b"pages/pages.jsonl")]


@pytest.mark.parametrize(
    "make, urls, why",
    [
        (one_hurt, URLS[1:], "data-0.warc.gz is broken at byte"),
        (unknown_packing, URLS[1:], "compression method is not supported"),
        (encrypted, URLS[1:], "data-0.warc.gz is encrypted"),
        (wrong_sum, URLS[1:], "data-0.warc.gz is broken at byte"),
        (streamed_and_cut, URLS, "is no whole zip file"),
    ],
)
def test_what_is_wrong_with_one_file_of_a_wacz_costs_only_that(
    box: Box, tmp_path: Path, make: Callable[[Path], bytes], urls: list[str], why: str
) -> None:
    path = tmp_path / "x.wacz"
    path.write_bytes(make(tmp_path / "whole.wacz"))
    saved, _, broken = parts(wacz.read(path))
    assert [part.exchange.url for part in saved] == urls
    assert broken and why in broken
    assert box.take(path).exit_code == 2


def test_a_streamed_wacz_that_is_whole_is_read_like_any(file: File) -> None:
    saved, _, broken = parts(wacz.read(file("x.wacz", files.streamed_wacz(*map(files.warc, PAGES)))))
    assert [part.exchange.url for part in saved] == URLS and broken is None


def set_header(value: str) -> Callable[[dict[str, Any]], object]:
    return lambda entry: entry["response"].__setitem__("headers", [{"name": "Content-Type", "value": value}])


def set_status(value: object) -> Callable[[dict[str, Any]], object]:
    return lambda entry: entry["response"].__setitem__("status", value)


def set_url(value: str) -> Callable[[dict[str, Any]], object]:
    return lambda entry: entry["request"].__setitem__("url", value)


@pytest.mark.parametrize(
    "change, threads",
    [
        (set_status(float("inf")), ["8"]),
        (set_status(float("nan")), ["8"]),
        (set_status(10**30), ["8"]),
        (set_status(304), ["7", "8"]),
        (set_url(f"{URLS[0]}?x=\ud800"), ["8"]),
        (set_url(f"{URLS[0]}\r\nX-Evil: 1"), ["8"]),
        (set_url("https://ada:SECRET@[bad/t/7.json"), ["8"]),
        (set_url("https://ada:SECRET@qu\u2100y.example/t/7.json"), ["8"]),
        (set_header("a\ud800"), ["7", "8"]),
        (set_header("text/html\r\nX-Evil: 1\r\n\r\nbody"), ["7", "8"]),
        (set_header("caf\u00e9"), ["7", "8"]),
    ],
)
def test_an_odd_entry_of_a_har_costs_at_most_itself_and_a_rebuild_finds_the_same(
    box: Box, file: File, change: Callable[[dict[str, Any]], object], threads: list[str]
) -> None:
    odd = files.har_entry(*PAGES[0])
    change(odd)
    report = box.take(file("x.har", files.har(odd, files.har_entry(*PAGES[1])).encode()))
    found = "select native_id from threads order by 1"
    assert [row[0] for row in box.rows(found)] == threads and report.exit_code == 0
    assert "SECRET" not in report.text
    with box.opened() as db:
        rebuild.rebuild(db, WarcStore(box.paths.warcs, software="test"))
    assert [row[0] for row in box.rows(found)] == threads


def test_a_file_that_cannot_be_read_costs_only_itself(box: Box, file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = file("a.warc", b""), file("b.warc", files.warc(PAGES[0], packed=False))
    kind = detect.kind

    def fails(path: Path) -> str | None:
        if path == bad:
            raise OSError(5, "Input/output error")
        return kind(path)

    monkeypatch.setattr(detect, "kind", fails)
    report = box.take(bad, good)
    assert report.exit_code == 2 and "a.warc cannot be read: Input/output error" in report.text
    assert box.rows("select url from captures") == [(URLS[0],)]


def test_a_file_of_any_name_can_be_imported(box: Box, file: File) -> None:
    path = file(os.fsdecode(b"a\xff\x1b[31m\n.warc"), files.warc(PAGES[0], packed=False))
    assert box.take(path).exit_code == 0
    assert box.rows("select via from captures") == [("a\ufffd\ufffd[31m\ufffd.warc",)]


def test_the_words_of_a_page_do_not_say_where_it_comes_from(file: File) -> None:
    """Whoever writes in a thread could otherwise have it filed under another address."""
    words = "Page saved with SingleFile url: https://other.example/t/x/1 saved date: Mon Jan 24 2022"
    head = f'<html><head><title>{words}</title><link rel="canonical" href="{FORUM}/t/x/7"></head>'
    saved, _, _ = parts(page.read(file("page.html", head.encode())))
    assert saved[0].exchange.url == f"{FORUM}/t/x/7"


def test_a_har_entry_answered_from_the_browser_s_own_copy_is_what_it_shows(file: File) -> None:
    entry = files.har_entry(*PAGES[0])
    entry["response"]["status"] = 304
    nothing = json.loads(json.dumps(entry))
    nothing["response"]["content"]["text"] = ""
    saved, _, _ = parts(har.read(file("x.har", files.har(entry, nothing).encode())))
    assert [(part.exchange.status, part.exchange.body) for part in saved] == [(200, PAGES[0][1]), (304, b"")]


def test_a_file_that_is_damaged_all_over_is_given_up(file: File) -> None:
    saved, _, broken = parts(warc.read(file("x.warc", b"WARC/1.0\r\nno head\r\n\r\n" * 300)))
    assert saved == [] and broken and broken.endswith("in more than 100 places; what follows was not read")


@pytest.mark.parametrize("start", range(0, 12))
def test_a_place_is_found_once_wherever_blocks_end(file: File, monkeypatch: pytest.MonkeyPatch, start: int) -> None:
    monkeypatch.setattr(warc, "BLOCK_BYTES", 32)
    data = b"".join(b"." * gap + b"\nWARC/1." for gap in range(40))
    expected = [at + 1 for at in range(len(data)) if data[at : at + 8] == b"\nWARC/1." and at + 1 >= start]
    with open(file("x", data), "rb") as opened:
        assert list(warc.find(opened, warc.PLAIN, start)) == expected
