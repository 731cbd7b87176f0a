"""Reads WACZ files (webrecorder's zip of WARCs), and what is whole in one that was cut off."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from crawler.imports import warc
from crawler.imports.saved import Broken, Parts, Passed

FOLDER = "archive/"
ENDINGS = (".warc", ".warc.gz")
# The zip format: APPNOTE.TXT 6.3, sections 4.3.7 (local header), 4.3.9 (data descriptor), 4.4.4 (flags), 4.5.3 (zip64).
LOCAL_HEADER = re.compile(rb"PK\x03\x04")
HEADER_BYTES = 30
DESCRIPTOR = re.compile(rb"PK\x07\x08")
DESCRIPTOR_BYTES = 24
ENCRYPTED, STREAMED = 1, 8
STORED = 0
IN_EXTRA = 0xFFFFFFFF
ZIP64 = 1
# What `zipfile` raises over damaged or unusual files.
UNREADABLE = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class _Place:
    """A file in the zip, as its local header says. `start`: its first byte; `size`: in bytes, None if that follows it."""

    name: str
    method: int
    encrypted: bool
    start: int
    size: int | None


def read(path: Path) -> Parts:
    """The responses of the WARC files in it."""
    with open(path, "rb") as file:
        try:
            archive = zipfile.ZipFile(file)
            infos = archive.infolist()
        except UNREADABLE as error:
            yield from _salvaged(file, path.name)
            yield Broken(f"{path.name} is no whole zip file: {error}")
            return
        with archive:
            infos = [info for info in infos if _is_warc(info.filename)]
            if not infos:
                yield Passed(path.name, "no WARC file in it")
            for info in infos:
                where = f"{path.name}:{info.filename}"
                try:
                    place = _place(file, info.header_offset)
                    if place is None:
                        yield Broken(f"{where} is not where the zip's directory says")
                    elif place.encrypted:
                        yield Broken(f"{where} is encrypted")
                    elif info.compress_type == STORED:
                        # Past `zipfile`, which gives no more of a file that is damaged anywhere.
                        yield from _records(file, place.start, place.start + info.compress_size, where)
                    else:
                        with archive.open(info) as member:
                            yield from warc.read_records(cast(BinaryIO, member), where)
                except UNREADABLE as error:
                    yield Broken(f"{where} cannot be unpacked: {error}")


def _salvaged(file: BinaryIO, name: str) -> Parts:
    """Without the directory at the end of a zip, its files still follow one another. WACZ stores WARC files unpacked,
    so that they can be read in place."""
    at: int | None = 0
    while at is not None:
        place = _place(file, at)
        behind = at + 1 if place is None else _end(file, place)
        if place is not None and _is_warc(place.name):
            where = f"{name}:{place.name}"
            if place.method == STORED and not place.encrypted:
                yield from _records(file, place.start, behind, where)
            else:
                yield Broken(f"{where} is packed, and the zip's directory is missing")
        at = next(warc.find(file, LOCAL_HEADER, behind), None)


def _is_warc(name: str) -> bool:
    return name.startswith(FOLDER) and name.endswith(ENDINGS)


def _records(file: BinaryIO, start: int, end: int, where: str) -> Parts:
    return warc.read_records(cast(BinaryIO, io.BufferedReader(_Member(file, start, end))), where)


def _place(file: BinaryIO, at: int) -> _Place | None:
    """What the local header at byte `at` says; None if there is none."""
    file.seek(at)
    header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or not LOCAL_HEADER.match(header):
        return None
    flags, method, size, name_bytes, extra_bytes = struct.unpack("<6xHH8xI4xHH", header)
    name = file.read(name_bytes).decode("utf-8", "replace")
    extra = file.read(extra_bytes)
    start = file.tell()
    known = _long_size(extra) if size == IN_EXTRA else size
    return _Place(name, method, bool(flags & ENCRYPTED), start, None if flags & STREAMED else known)


def _end(file: BinaryIO, place: _Place) -> int:
    """The byte behind a file."""
    start = place.start
    if place.size is not None:
        return start + place.size
    for at in warc.find(file, DESCRIPTOR, start):
        file.seek(at)
        sizes = file.read(DESCRIPTOR_BYTES).ljust(DESCRIPTOR_BYTES, b"\0")
        if at - start in (*struct.unpack("<8xI12x", sizes), *struct.unpack("<8xQ8x", sizes)):
            return at
    return file.seek(0, io.SEEK_END)


def _long_size(extra: bytes) -> int:
    """The packed size of a file of 4 GB and more."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == ZIP64 and length >= 16 and at + 20 <= len(extra):
            return int(struct.unpack_from("<8xQ", extra, at + 4)[0])
        at += 4 + length
    return IN_EXTRA


class _Member(io.RawIOBase):
    """Bytes `start` to `end` of a file, as a file of their own."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self.file, self.start, self.size, self.at = file, start, end - start, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = max(0, (0, self.at, self.size)[whence] + offset)
        return self.at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        self.file.seek(self.start + self.at)
        data = self.file.read(max(0, min(len(view), self.size - self.at)))
        view[: len(data)] = data
        self.at += len(data)
        return len(data)
