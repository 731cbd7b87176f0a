"""Which reader a file is for, by what is in it: names lie."""

from __future__ import annotations

import re
from pathlib import Path

HEAD_BYTES = 1 << 16
ADDRESS = re.compile(rb"https?://\S+(?:[ \t]+#.*)?")


def kind(path: Path) -> str | None:
    """`warc`, `wacz`, `har`, `topic`, `page`, `urls`, or None."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"PK\x03\x04"):
        return "wacz"
    if head.startswith((b"\x1f\x8b", b"WARC/")):
        return "warc"
    if text.startswith(b"{"):
        whole = path.read_bytes()
        if re.search(rb'"post_stream"\s*:', whole) and not re.search(rb'"entries"\s*:\s*\[', head):
            return "topic"
        return "har" if re.match(rb'\{\s*"log"\s*:', text) else None
    if text[:1] == b"<":
        return "page"
    return "urls" if _is_list(text if len(head) < HEAD_BYTES else text.rpartition(b"\n")[0]) else None


def _is_list(text: bytes) -> bool:
    """Whether it is a list of addresses: half of the lines or more are one, apart from comments. Of the others the reader
    tells."""
    lines = [line.strip() for line in text.splitlines()]
    entries = [line for line in lines if line and not line.startswith(b"#")]
    return 2 * sum(bool(ADDRESS.fullmatch(line)) for line in entries) >= max(len(entries), 1)
