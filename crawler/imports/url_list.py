"""Reads a list of addresses to crawl: one a line, `#` begins a comment."""

from __future__ import annotations

from pathlib import Path


def read(path: Path) -> list[str]:
    """The addresses, in order, each once."""
    lines = (line.partition(" #")[0].strip() for line in path.read_text(encoding="utf-8-sig").splitlines())
    return list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
