"""Pictures: the size of a PNG on disk, and PNGs drawn for files that the data names but does not hold."""

from __future__ import annotations

import functools
import struct
import zlib
from pathlib import Path

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def size_of(file: Path) -> tuple[int, int]:
    """Width and height (px) of a PNG, or of the picture that `drawn` makes for a file that is not there."""
    if file.is_file():
        head = file.read_bytes()[:24]
        if head.startswith(_SIGNATURE):
            width, height = struct.unpack(">II", head[16:24])
            return int(width), int(height)
    return 1080, 240 + zlib.crc32(file.name.encode()) % 480


@functools.lru_cache(maxsize=256)
def drawn(name: str, width: int, height: int) -> bytes:
    """A PNG of ``width`` x ``height`` pixels: stripes in two shades of a grey that depends on ``name``."""
    shade = 96 + zlib.crc32(name.encode()) % 96
    rows = b"".join(b"\x00" + bytes([shade if y // 24 % 2 else min(255, shade + 48)]) * width for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
