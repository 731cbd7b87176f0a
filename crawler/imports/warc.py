"""Reads WARC files: `wget --warc-file`, grab-site, ArchiveWeb.page, browsertrix, pywb's recorder."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from archive import clock
from archive.warc import MAX_DECODED_BYTES, Exchange
from crawler.imports.saved import BrokenFile, Parts, Passed, Saved, kept, without_secrets

REST_BYTES = 1024
CODINGS = frozenset(("gzip", "x-gzip", "deflate", "identity", ""))


def read(path: Path) -> Parts:
    """The responses of a WARC file."""
    with open(path, "rb") as file:
        yield from read_records(file, path.name)


def read_records(file: BinaryIO, name: str, end: int | None = None) -> Parts:
    """The responses from where `file` stands on, to its end or to byte `end`. BrokenFile, with the byte, where a record is cut off or unreadable."""
    offset = file.tell()
    records = ArchiveIterator(file)
    try:
        for record in records:
            if not (record.rec_headers.get_header("Content-Length") or "").isdecimal():
                raise EOFError("the record's head is cut off")
            where = f"{name} at byte {offset}"
            if record.rec_type == "response":
                yield _response(record, where)
            elif record.rec_type == "revisit":
                yield Passed(where, "revisit: the same content as another capture")
            elif record.rec_type in ("resource", "conversion"):
                yield Passed(where, f"{record.rec_type} record")
            # What follows a record that was cut off is none.
            record.raw_stream.read()
            if getattr(record.raw_stream, "limit", 0) > 0:
                raise EOFError("the record is cut off")
            offset = records.get_record_offset() + records.get_record_length()
        # A head that was cut off ends the reading without a word.
        file.seek(offset)
        if file.read(REST_BYTES if end is None else end - offset).strip():
            raise EOFError("what follows is no whole record")
    except (ArchiveLoadFailed, EOFError, OSError, ValueError, zlib.error, AttributeError) as error:
        raise BrokenFile(f"{name} is broken at byte {offset}: {str(error).strip()}") from error


def _response(record: Any, where: str) -> Saved | Passed:
    try:
        url = without_secrets((record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>"))
    except ValueError:
        return Passed(where, "an address that is none")
    http = record.http_headers
    moment = clock.normal(record.rec_headers.get_header("WARC-Date"))
    if http is None or not url.startswith(("http://", "https://")) or moment is None:
        return Passed(where, "no HTTP response")
    status, _, reason = http.statusline.partition(" ")
    coding = (http.get_header("Content-Encoding") or "").strip().lower()
    if not status.isdecimal() or coding not in CODINGS:
        return Passed(where, f"content coding {coding}" if status.isdecimal() else "no HTTP status")
    body = record.content_stream().read(MAX_DECODED_BYTES + 1)
    if getattr(record.raw_stream, "limit", 0) > 0 and len(body) <= MAX_DECODED_BYTES:
        raise EOFError("the record is cut off")
    if len(body) > MAX_DECODED_BYTES:
        return Passed(where, f"longer than {MAX_DECODED_BYTES} bytes")
    return Saved(Exchange(url, moment, int(status), reason, kept(http.headers), body), where)
