"""Which reader a file is for, by what is in it: names lie."""

from __future__ import annotations

import re
from pathlib import Path

HEAD_BYTES = 4096
URLS = re.compile(rb"(?:\s*(?:#[^\n]*|https?://\S+(?:[ \t]+#[^\n]*)?)\s*(?:\n|$))+\Z")


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
    lines = head if len(head) < HEAD_BYTES else head.rpartition(b"\n")[0]
    return "urls" if lines.strip() and URLS.match(lines) else None
