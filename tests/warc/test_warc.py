"""The WARC store: what is written can be read, checked and replayed by others, and holds no secrets."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from archive.errors import DamagedError
from archive.warc import Exchange, Origin, WarcStore, decoded

ORIGIN = Origin("small", "discourse", "http://127.0.0.1:4200", "live", "listed: opt out")
BODY = b'{"a": "synthetic"}'


def exchange(number: int = 1, **changes: object) -> Exchange:
    values: dict[str, object] = {
        "url": f"http://127.0.0.1:4200/t/{number}.json?x=1",
        "captured_at": "2026-11-23T05:06:07Z",
        "status": 200,
        "reason": "OK",
        "headers": [("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
        "body": gzip.compress(BODY),
        "request_headers": [("User-Agent", "optout-archive/test")],
    }
    return Exchange(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> WarcStore:
    return WarcStore(tmp_path / "warc", software="test")


def test_a_capture_is_read_back_from_its_offset_as_it_was_received(store: WarcStore) -> None:
    store.append(exchange(1), ORIGIN)
    place = store.append(exchange(2), ORIGIN)
    back = store.read(place.filename, place.offset)
    assert (back.url, back.status, back.captured_at) == (exchange(2).url, 200, "2026-11-23T05:06:07Z")
    assert back.body == exchange(2).body
    assert decoded(back) == BODY


def test_a_capture_knows_its_forum_its_route_and_why_it_was_asked_for(store: WarcStore) -> None:
    store.append(exchange(), ORIGIN)
    (stored,) = store.captures(store.files()[0])
    assert stored.origin == ORIGIN


def test_each_capture_is_a_response_with_its_request_and_metadata_each_a_gzip_member_of_its_own(
    store: WarcStore,
) -> None:
    store.append(exchange(), ORIGIN)
    with open(store.files()[0], "rb") as file:
        records = [
            (record.rec_type, record.rec_headers.get_header("WARC-Concurrent-To")) for record in ArchiveIterator(file)
        ]
    assert [kind for kind, _ in records] == ["warcinfo", "response", "request", "metadata"]
    assert records[2][1] == records[3][1] is not None


def test_cookies_and_keys_are_never_written(store: WarcStore) -> None:
    secret = [("Set-Cookie", "_t=SECRET1"), ("Content-Type", "text/plain")]
    asked = [("Cookie", "_t=SECRET2"), ("Authorization", "Bearer SECRET3"), ("Api-Key", "SECRET4")]
    store.append(exchange(headers=secret, body=b"x", request_headers=asked), ORIGIN)
    assert b"SECRET" not in gzip.decompress(store.files()[0].read_bytes())


def test_a_file_that_is_full_is_followed_by_the_next(tmp_path: Path) -> None:
    store = WarcStore(tmp_path, software="test", max_file_bytes=1500)
    names = [store.append(exchange(number), ORIGIN).filename for number in range(6)]
    assert len(set(names)) > 1
    assert names == sorted(names)
    assert [stored.exchange.url for path in store.files() for stored in store.captures(path)] == [
        exchange(number).url for number in range(6)
    ]


def test_a_torn_capture_is_cut_off_wherever_it_is_torn_and_whole_ones_stay(store: WarcStore) -> None:
    first = store.append(exchange(1), ORIGIN)
    second = store.append(exchange(2), ORIGIN)
    path = store.files()[0]
    data = path.read_bytes()
    for size in range(first.end, second.end):
        path.write_bytes(data[:size])
        assert store.tail(path, first.offset) == []
        assert path.stat().st_size == first.end
    path.write_bytes(data)
    assert [stored.location for stored in store.tail(path, first.offset)] == [second]
    assert path.read_bytes() == data


def test_a_file_that_lost_a_known_capture_is_refused_and_left_alone(store: WarcStore) -> None:
    place = store.append(exchange(), ORIGIN)
    path = store.files()[0]
    path.write_bytes(path.read_bytes()[:-5])
    size = path.stat().st_size
    with pytest.raises(DamagedError, match="no whole capture at byte"):
        store.tail(path, place.offset)
    assert path.stat().st_size == size


@pytest.mark.parametrize("offset", [1, 5, 10_000])
def test_reading_at_a_wrong_offset_is_an_error_that_names_file_and_byte(store: WarcStore, offset: int) -> None:
    place = store.append(exchange(), ORIGIN)
    with pytest.raises(DamagedError, match=f"{place.filename}.*byte {offset}"):
        store.read(place.filename, offset)


def test_a_record_without_http_headers_is_no_response(store: WarcStore) -> None:
    record = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: urn:x\r\nContent-Length: 2\r\n\r\nhi\r\n\r\n"
    store.folder.mkdir(parents=True, exist_ok=True)
    (store.folder / "strange.warc.gz").write_bytes(gzip.compress(record))
    with pytest.raises(DamagedError, match="holds no response at byte 0"):
        store.read("strange.warc.gz", 0)
    assert list(store.captures(store.folder / "strange.warc.gz")) == []


@pytest.mark.parametrize(
    ("headers", "body", "what"),
    [
        ([("Content-Encoding", "gzip")], gzip.compress(BODY)[:-9], "cut off"),
        ([("Content-Encoding", "gzip")], b"no gzip", "broken gzip"),
        ([("Content-Encoding", "br")], b"x", "only gzip"),
    ],
    ids=["cut off", "no gzip", "another coding"],
)
def test_a_body_that_cannot_be_decoded_says_why(headers: list[tuple[str, str]], body: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        decoded(exchange(headers=headers, body=body))


def test_a_body_made_to_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.warc.MAX_DECODED_BYTES", 1000)
    with pytest.raises(ValueError, match="unpacks to more than 1000 bytes"):
        decoded(exchange(body=gzip.compress(b"0" * 100_000)))


def test_warcio_check_passes(store: WarcStore) -> None:
    for number in range(3):
        store.append(exchange(number), ORIGIN)
    command = [str(Path(sys.executable).parent / "warcio"), "check", str(store.files()[0])]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
