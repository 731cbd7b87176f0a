"""Reads WACZ files (webrecorder's zip of WARCs), and what is whole in one that was cut off."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

from crawler.imports import warc
from crawler.imports.saved import BrokenFile, Parts, Passed

FOLDER = "archive/"
ENDINGS = (".warc", ".warc.gz")
LOCAL_HEADER = b"PK\x03\x04"
HEADER_BYTES = 30
STORED = 0


def read(path: Path) -> Parts:
    """The responses of the WARC files in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.startswith(FOLDER) and name.endswith(ENDINGS)]
            if not names:
                yield Passed(path.name, "no WARC file in it")
            for name in names:
                with archive.open(name) as member:
                    yield from warc.read_records(cast(BinaryIO, member), f"{path.name}:{name}")
    except zipfile.BadZipFile as error:
        yield from _salvaged(path)
        raise BrokenFile(f"{path.name} is no whole zip file: {error}") from error


def _salvaged(path: Path) -> Parts:
    """Without the directory at the end of a zip, its files still follow one another. WACZ stores WARC files unpacked,
    so that they can be read in place."""
    with open(path, "rb") as file:
        while (header := file.read(HEADER_BYTES))[:4] == LOCAL_HEADER and len(header) == HEADER_BYTES:
            method, size, name_bytes, extra_bytes = (
                *struct.unpack("<8xH", header[:10]),
                *struct.unpack("<18xIxxxxHH", header),
            )
            name = file.read(name_bytes).decode("utf-8", "replace")
            start = file.seek(extra_bytes, 1)
            if method == STORED and name.startswith(FOLDER) and name.endswith(ENDINGS):
                try:
                    yield from warc.read_records(file, f"{path.name}:{name}", start + size)
                except BrokenFile as error:
                    yield Passed(f"{path.name}:{name}", str(error))
            if not size:
                return
            file.seek(start + size)
