"""Reads the JSON of a Discourse topic (`/t/<id>.json`) that somebody saved."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from archive import clock
from crawler.imports.saved import Broken, Parts, Passed, saved


def read(path: Path, *, url: str | None = None, saved_at: str | None = None) -> Parts:
    """The topic. Its JSON does not say of which forum it is: `url` does, a thread's address or the forum's. Without
    `saved_at` (ISO 8601) the file's own time is taken."""
    body = path.read_bytes()
    try:
        topic = json.loads(body)["id"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        yield Broken(f"{path.name} is no whole topic: {error}")
        return
    if not url:
        yield Passed(path.name, "a topic's JSON does not say of which forum it is. Say it with --url")
        return
    base = url.partition("?")[0].partition("/t/")[0].rstrip("/")
    moment = saved_at or clock.iso(datetime.fromtimestamp(path.stat().st_mtime, UTC))
    headers = [("Content-Type", "application/json; charset=utf-8")]
    yield saved(path.name, f"{base}/t/{topic}.json", moment, 200, headers, body)
