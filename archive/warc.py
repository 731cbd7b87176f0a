"""The WARC store: append-only proof of every response, and the way back from it.

One capture is three records written in one go: `response`, `request`, `metadata` (which forum, by what route, why).
Each record is its own gzip member, so a capture can be read from its offset alone, and replay tools can serve it.
A capture counts once the database row that points to it is committed. What a killed process left behind it is either
whole, and then adopted, or torn, and then cut off: see `WarcStore.tail`.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.errors import DamagedError

# A usual size for WARC files: the standard's annex recommends 1 GB.
MAX_FILE_BYTES = 1_000_000_000
# No page of a forum comes near it; a body made to fill the memory does.
MAX_DECODED_BYTES = 256 * 1024 * 1024
# Never written: they identify a person or open an account.
SECRET_HEADERS = frozenset(
    (
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "set-cookie2",
        "api-key",
        "user-api-key",
        "x-csrf-token",
    )
)
# True of the transfer, not of the stored bytes.
TRANSFER_HEADERS = frozenset(("transfer-encoding", "connection", "keep-alive"))

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Exchange:
    """One HTTP exchange. `body` is the response's body as transferred, that is still content-encoded (gzip)."""

    url: str
    captured_at: str
    status: int
    reason: str
    headers: Headers
    body: bytes
    request_headers: Headers = field(default_factory=list)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True)
class Origin:
    """Where a capture belongs: enough to read it again without a database."""

    site_id: str
    kind: str
    base_url: str
    route: str
    via: str
    hosts: tuple[str, ...] = ()
    """Other names under which the forum's pages are linked."""


@dataclass(frozen=True)
class Location:
    """Where a capture lies: its response record, and the end of its last record, in bytes."""

    filename: str
    offset: int
    length: int
    end: int


@dataclass(frozen=True)
class Stored:
    """A capture as read back."""

    exchange: Exchange
    origin: Origin
    location: Location


def decoded(exchange: Exchange) -> bytes:
    """The body after content decoding. ValueError if it is cut off or in a coding that was not asked for."""
    coding = (exchange.header("content-encoding") or "identity").strip().lower()
    if coding in ("identity", ""):
        return exchange.body
    if coding not in ("gzip", "x-gzip"):
        raise ValueError(f"content coding {coding!r}, although only gzip was asked for")
    decoder = zlib.decompressobj(wbits=31)
    try:
        body = decoder.decompress(exchange.body, MAX_DECODED_BYTES)
    except zlib.error as error:
        raise ValueError(f"broken gzip: {error}") from error
    if decoder.unconsumed_tail:
        raise ValueError(f"the body unpacks to more than {MAX_DECODED_BYTES} bytes")
    if not decoder.eof:
        raise ValueError("gzip body cut off")
    return body


class WarcStore:
    """The WARC files of one archive, in one folder. One writer at a time (the archive's lock sees to it)."""

    def __init__(self, folder: Path, *, software: str, max_file_bytes: int = MAX_FILE_BYTES) -> None:
        self.folder = folder
        self.software = software
        self.max_file_bytes = max_file_bytes

    def append(self, exchange: Exchange, origin: Origin) -> Location:
        """Write a capture durably: when this returns, its bytes are on the disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path, head = self._current()
        triple, lengths = _records(exchange, origin)
        with open(path, "ab") as file:
            offset = file.tell() + len(head)
            write_all(file, head + triple)
        return Location(path.name, offset, lengths, offset + len(triple))

    def files(self) -> list[Path]:
        """The WARC files, oldest first."""
        return sorted(self.folder.glob("*.warc.gz")) if self.folder.is_dir() else []

    def read(self, filename: str, offset: int) -> Exchange:
        """The response at an offset. DamagedError if there is none."""
        path = self.folder / filename
        try:
            with open(path, "rb") as file:
                file.seek(offset)
                for record in ArchiveIterator(file):
                    if record.rec_type == "response" and record.http_headers:
                        return _exchange(record)
                    break
        # The last one is warcio's, for a record without an address.
        except (OSError, ValueError, zlib.error, ArchiveLoadFailed, AttributeError) as error:
            raise DamagedError(f"{path} cannot be read at byte {offset}: {error}") from error
        raise DamagedError(f"{path} holds no response at byte {offset}")

    def captures(self, path: Path, start: int = 0) -> Iterator[Stored]:
        """The whole captures of a file from byte `start` on, in order; what is torn at the end is passed over."""
        response: tuple[Exchange, int, int] | None = None
        for offset, length, record in _members(path, start):
            if record.rec_type == "response" and record.http_headers:
                response = (_exchange(record), offset, length)
            elif record.rec_type == "metadata" and response:
                exchange, at, size = response
                fields = _fields(record.raw_stream.read())
                origin = Origin(
                    site_id=fields.get("optout-site", ""),
                    kind=fields.get("optout-kind", ""),
                    base_url=fields.get("optout-base", ""),
                    route=fields.get("optout-route", "live"),
                    via=fields.get("via", ""),
                    hosts=tuple(fields.get("optout-hosts", "").split()),
                )
                yield Stored(exchange, origin, Location(path.name, at, size, offset + length))
                response = None

    def tail(self, path: Path, last: int | None) -> list[Stored]:
        """Captures after the one whose response begins at byte `last`, the latest that the database knows (None: it
        knows none of this file); what is torn behind them is cut off.

        A process that was killed between writing a capture and committing it leaves a whole one; killed while writing,
        a torn one, of which nothing has been promised to anyone. DamagedError if the capture at `last` is not whole.
        """
        found = list(self.captures(path, last or 0))
        if last is not None and (not found or found[0].location.offset != last):
            raise DamagedError(
                f"{path} holds no whole capture at byte {last}, where the archive knows one. Put the whole file back; "
                "or make the archive anew from what there is: optout rebuild"
            )
        whole = found[-1].location.end if found else 0
        if path.stat().st_size > whole:
            with open(path, "r+b") as file:
                file.truncate(whole)
                os.fsync(file.fileno())
        return found if last is None else found[1:]

    def _current(self) -> tuple[Path, bytes]:
        """The file to append to, and the `warcinfo` record to begin it with if it is new."""
        files = self.files()
        if files and files[-1].stat().st_size < self.max_file_bytes:
            path = files[-1]
            if path.stat().st_size:
                return path, b""
        else:
            serial = int(files[-1].name.split("-")[1]) + 1 if files else 1
            path = self.folder / f"optout-{serial:06d}-{datetime.now(UTC):%Y%m%d%H%M%S}.warc.gz"
        buffer = BytesIO()
        writer = WARCWriter(buffer, gzip=True, warc_version="WARC/1.1")
        info = {"software": self.software, "format": "WARC File Format 1.1"}
        writer.write_record(writer.create_warcinfo_record(path.name, info))
        return path, buffer.getvalue()


def write_all(file: BinaryIO, data: bytes) -> None:
    """Append and wait until the disk has it."""
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def _records(exchange: Exchange, origin: Origin) -> tuple[bytes, int]:
    """The three records as bytes, and the length of the first."""
    buffer = BytesIO()
    writer = WARCWriter(buffer, gzip=True, warc_version="WARC/1.1")
    dated = {"WARC-Date": exchange.captured_at}
    status = StatusAndHeaders(
        f"{exchange.status} {exchange.reason}".strip(), _storable(exchange.headers), protocol="HTTP/1.1"
    )
    response = writer.create_warc_record(
        exchange.url, "response", payload=BytesIO(exchange.body), http_headers=status, warc_headers_dict=dict(dated)
    )
    writer.write_record(response)
    length = buffer.tell()
    linked = dated | {"WARC-Concurrent-To": response.rec_headers.get_header("WARC-Record-ID")}
    target = "/" + exchange.url.split("://", 1)[-1].partition("/")[2]
    writer.write_record(
        writer.create_warc_record(
            exchange.url,
            "request",
            payload=BytesIO(b""),
            http_headers=StatusAndHeaders(
                f"GET {target} HTTP/1.1", _storable(exchange.request_headers), is_http_request=True
            ),
            warc_headers_dict=dict(linked),
        )
    )
    fields = {
        "via": origin.via,
        "optout-site": origin.site_id,
        "optout-kind": origin.kind,
        "optout-base": origin.base_url,
        "optout-route": origin.route,
        "optout-hosts": " ".join(origin.hosts),
    }
    text = "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in fields.items() if value)
    writer.write_record(
        writer.create_warc_record(
            exchange.url,
            "metadata",
            payload=BytesIO(text.encode()),
            length=len(text.encode()),
            warc_content_type="application/warc-fields",
            warc_headers_dict=dict(linked),
        )
    )
    return buffer.getvalue(), length


def _storable(headers: Headers) -> Headers:
    dropped = SECRET_HEADERS | TRANSFER_HEADERS
    return [(name, value) for name, value in headers if name.lower() not in dropped]


def _members(path: Path, start: int) -> Iterator[tuple[int, int, Any]]:
    """Offset, length and record of each whole gzip member from byte `start` on; ends at the first torn one."""
    with open(path, "rb") as file:
        file.seek(start)
        offset, rest = start, b""
        while True:
            decoder = zlib.decompressobj(wbits=31)
            member, length = [], 0
            data = rest
            while not decoder.eof:
                data = data or file.read(1 << 16)
                if not data:
                    return
                try:
                    member.append(decoder.decompress(data))
                except zlib.error:
                    return
                length += len(data)
                data = b""
            rest = decoder.unused_data
            length -= len(rest)
            for record in ArchiveIterator(BytesIO(b"".join(member))):
                yield offset, length, record
                break
            offset += length


def _exchange(record: Any) -> Exchange:
    status = record.http_headers
    code, _, reason = status.statusline.partition(" ")
    return Exchange(
        url=record.rec_headers.get_header("WARC-Target-URI"),
        captured_at=record.rec_headers.get_header("WARC-Date"),
        status=int(code),
        reason=reason,
        headers=list(status.headers),
        body=record.raw_stream.read(),
    )


def _fields(data: bytes) -> dict[str, str]:
    lines = data.decode("utf-8", "replace").splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)
