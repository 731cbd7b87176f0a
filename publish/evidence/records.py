"""The WARC records that prove a package's posts, copied byte for byte, so that every digest still holds."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any

from warcio.warcwriter import WARCWriter

from archive.errors import DamagedError
from archive.version import VERSION
from archive.warc import WarcStore, decoded

FILENAME = "evidence.warc.gz"


def copy(store: WarcStore, captures: list[dict[str, Any]], target: Path) -> None:
    """Write the response, request and metadata records of each capture to `target`, and say in `captures` where.

    Each row gets `warc_file`, `warc_offset` and `warc_length` (of the response record). DamagedError if an archive's
    file does not hold the capture at its place, or if its body is not the one whose digest the archive has.
    """
    with target.open("wb") as file:
        file.write(_head(target.name))
        for capture in captures:
            path = store.folder / capture["archive_file"]
            where = f"{path} at byte {capture['archive_offset']}"
            found = next(store.captures(path, capture["archive_offset"]), None) if path.exists() else None
            if found is None or found.location.offset != capture["archive_offset"]:
                raise DamagedError(f"{where}: there is no whole capture")
            if f"sha256:{hashlib.sha256(_body(found.exchange, where)).hexdigest()}" != capture["digest"]:
                raise DamagedError(f"{where}: the body is not the one that was captured; its digest differs")
            capture |= {"warc_file": target.name, "warc_offset": file.tell(), "warc_length": found.location.length}
            with path.open("rb") as source:
                source.seek(found.location.offset)
                file.write(source.read(found.location.end - found.location.offset))


def _body(exchange: Any, where: str) -> bytes:
    try:
        return decoded(exchange)
    except ValueError as error:
        raise DamagedError(f"{where}: {error}") from error


def _head(name: str) -> bytes:
    buffer = BytesIO()
    writer = WARCWriter(buffer, gzip=True, warc_version="WARC/1.1")
    info = {
        "software": f"optout-archive {VERSION}",
        "format": "WARC File Format 1.1",
        "description": "Records copied byte for byte from an archive's own files, as evidence",
    }
    writer.write_record(writer.create_warcinfo_record(name, info))
    return buffer.getvalue()
