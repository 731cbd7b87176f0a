"""Reads WARC files: `wget --warc-file`, grab-site, ArchiveWeb.page, browsertrix, pywb's recorder."""

from __future__ import annotations

import re
import zlib
from collections.abc import Generator, Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from archive import clock
from archive.warc import MAX_DECODED_BYTES
from crawler.imports.saved import Broken, Parts, Passed, Saved, saved

REST_BYTES = 1024
BLOCK_BYTES = 1 << 20
CODINGS = frozenset(("gzip", "x-gzip", "deflate", "identity", ""))
# Where a record may begin.
PACKED = re.compile(rb"\x1f\x8b\x08")
PLAIN = re.compile(rb"(?<=\n)WARC/1\.")
LONGEST_BEGINNING = 16
# Each record of a packed WARC file is a gzip member of its own; places in other files mean nothing.
PACKED_AS_A_WHOLE = "it was packed as a whole; unpack it first (gunzip)"
# A file that is damaged all over is none.
MOST_BREAKS = 100

Break = tuple[int, str]
"""The byte where the record begins that is not whole, and why."""


class _Torn(Exception):
    """A record is not whole."""


def read(path: Path) -> Parts:
    """The responses of a WARC file."""
    with open(path, "rb") as file:
        yield from read_records(file, path.name)


def read_records(file: BinaryIO, name: str) -> Parts:
    """The responses of a file that can be sought in. Behind a place that is damaged the next whole record is looked for."""
    packed = PACKED.match(file.read(3)) is not None
    start: int | None = 0
    for _ in range(MOST_BREAKS):
        broken = yield from _run(file, start or 0, name)
        if broken is None:
            return
        offset, reason = broken
        yield Broken(f"{name} is broken at byte {offset}: {reason}")
        file.seek(offset)
        rest = file.read(REST_BYTES)
        # Empty lines before the broken record belong to none.
        start = _next_record(file, offset + len(rest) - len(rest.lstrip(b"\r\n")) + 1, packed)
        if start is None:
            return
    yield Broken(f"{name} is broken in more than {MOST_BREAKS} places; what follows was not read")


def _run(file: BinaryIO, start: int, name: str) -> Generator[Saved | Passed, None, Break | None]:
    """The responses from byte `start` on, up to the first record that is not whole."""
    offset = start
    file.seek(start)
    try:
        records = ArchiveIterator(file)
        while (found := _next(records, f"{name} at byte {offset}")) is not None:
            part, after = found
            if after <= offset:
                raise _Torn(PACKED_AS_A_WHOLE)
            offset = after
            if part is not None:
                yield part
        # A head that was cut off ends the reading without a word.
        file.seek(offset)
        if file.read(REST_BYTES).strip():
            raise _Torn("what follows is no whole record")
    except _Torn as error:
        return offset, str(error)
    except ArchiveLoadFailed as error:
        # Its message quotes the file, which may hold anything.
        return offset, PACKED_AS_A_WHOLE if "non-chunked gzip" in str(error) else "no record begins there"
    except (EOFError, OSError, ValueError, OverflowError, AttributeError, zlib.error) as error:
        return offset, f"no record can be read there ({type(error).__name__})"
    return None


def _next(records: Any, where: str) -> tuple[Saved | Passed | None, int] | None:
    """What the next record gives, and the byte behind it; None at the end. _Torn if it is not whole."""
    # warcio writes what it stumbles over to the terminal, cookies included.
    with redirect_stderr(StringIO()):
        record = next(records, None)
        if record is None:
            return None
        if not (record.rec_headers.get_header("Content-Length") or "").isdecimal():
            raise _Torn("the record's head is cut off")
        part = _part(record, where)
        # A body may end before its record does.
        while record.raw_stream.read(BLOCK_BYTES):
            pass
        if getattr(record.raw_stream, "limit", 0) > 0:
            raise _Torn("the record is cut off")
        after = records.get_record_offset() + records.get_record_length()
        if records.err_count:
            raise _Torn("the record is longer than it says")
    return part, after


def _next_record(file: BinaryIO, start: int, packed: bool) -> int | None:
    """The first byte from `start` on where a record seems to begin."""
    for at in find(file, PACKED if packed else PLAIN, start):
        if not packed:
            return at
        file.seek(at)
        try:
            if zlib.decompressobj(wbits=31).decompress(file.read(REST_BYTES), 5) == b"WARC/":
                return at
        except zlib.error:
            continue
    return None


def find(file: BinaryIO, pattern: re.Pattern[bytes], start: int) -> Iterator[int]:
    """The bytes from `start` on where `pattern` is found, which looks at `LONGEST_BEGINNING` bytes at most."""
    begin, step = max(start - 1, 0), BLOCK_BYTES - LONGEST_BEGINNING
    while True:
        file.seek(begin)
        block = file.read(BLOCK_BYTES)
        last = len(block) < BLOCK_BYTES
        for match in pattern.finditer(block):
            if begin + match.start() >= start and (last or match.start() <= step):
                yield begin + match.start()
        if last:
            return
        begin += step
        start = begin + 1


def _part(record: Any, where: str) -> Saved | Passed | None:
    if record.rec_type == "response":
        return _response(record, where)
    if record.rec_type == "revisit":
        return Passed(where, "revisit: the same content as another capture")
    if record.rec_type in ("resource", "conversion"):
        return Passed(where, f"{record.rec_type} record")
    return None


def _response(record: Any, where: str) -> Saved | Passed:
    http = record.http_headers
    if http is None:
        return Passed(where, "no HTTP response")
    status = http.statusline.partition(" ")[0]
    coding = (http.get_header("Content-Encoding") or "").strip().lower()
    if not status.isdecimal() or len(status) > 3:
        return Passed(where, "without an HTTP status")
    if coding not in CODINGS:
        return Passed(where, f"content coding {coding[:20]}")
    body = record.content_stream().read(MAX_DECODED_BYTES + 1)
    if len(body) > MAX_DECODED_BYTES:
        return Passed(where, f"longer than {MAX_DECODED_BYTES} bytes")
    url = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
    return saved(where, url, clock.normal(record.rec_headers.get_header("WARC-Date")), int(status), http.headers, body)
