"""Reads a list of addresses to crawl: one a line, `#` begins a comment."""

from __future__ import annotations

from pathlib import Path

from crawler.imports.saved import Broken, Listed, Parts, without_secrets


def read(path: Path) -> Parts:
    """The addresses, in order, each once, without anything secret; and which lines hold none. A list that is not UTF-8 is
    read as Latin-1."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    given: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.partition(" #")[0].strip()
        if not entry or entry.startswith("#"):
            continue
        try:
            if not entry.startswith(("http://", "https://")) or len(entry.split()) > 1:
                raise ValueError
            url = without_secrets(entry)
        except ValueError:
            yield Broken(f"{path.name} line {number} is no address (https://host/...)")
            continue
        if url not in given:
            given.add(url)
            yield Listed(url)
