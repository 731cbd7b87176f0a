"""What a published copy was made from, in one short text: a different text means that it is out of date."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from functools import lru_cache
from pathlib import Path

# Tables that only grow, or that change only with a run: their last row id tells.
GROWING = ("runs", "captures", "revisions", "authors", "links", "paragraphs")
# Tables from which a removal on request takes rows.
COUNTED = ("threads", "posts")
# What people decided, and what is counted and measured: small tables that change in place.
DIGESTED = {
    "reviews": "select count(*), max(id), max(decided_at) from reviews",
    "program_candidates": "select count(*), count(decision), max(decided_at), total(score) from program_candidates",
    "lookups": "select count(*), max(looked_at) from lookups",
    "missing_posts": "select count(*), sum(explained), max(last_missed_at) from missing_posts",
    "forum_months": "select count(*), count(posts), sum(posts) from forum_months",
    "summary_months": "select count(*), count(posts), sum(posts), total(rate) from summary_months",
    "summary_totals": "select count(*), sum(posts), sum(authors), sum(copies), max(last_at) from summary_totals",
    "summary_pairs": "select count(*), sum(posts), total(lift) from summary_pairs",
    "theme_quality": "select count(*), total(precision), total(recall), total(threshold), max(measured_with) from theme_quality",
    "tag_quality": "select count(*), total(estimate), max(measured_with) from tag_quality",
}


@lru_cache(maxsize=1)
def code_version() -> str:
    """Digest of this package's own code: 12 hex digits."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def of(archive: sqlite3.Connection, taxonomy_version: str, key: bytes, public_url: str) -> str:
    """The fingerprint of a copy that would be made now. Cheap: a look at the end of each large table, and sums of small
    ones."""
    parts = [f"code {code_version()}", f"taxonomy {taxonomy_version}", f"at {public_url}"]
    parts.append("key " + hmac.new(key, b"fingerprint", hashlib.sha256).hexdigest()[:8])
    parts += [f"{table} {archive.execute(f'select max(rowid) from {table}').fetchone()[0]}" for table in GROWING]
    parts += [f"{table} {archive.execute(f'select count(*) from {table}').fetchone()[0]}" for table in COUNTED]
    sums = {name: [repr(value) for value in archive.execute(sql).fetchone()] for name, sql in DIGESTED.items()}
    parts.append("findings " + hashlib.sha256(repr(sums).encode()).hexdigest()[:16])
    last = archive.execute("select state, ended_at, taxonomy_version from runs order by id desc limit 1").fetchone()
    return ", ".join([*parts, f"last run {tuple(last) if last else None}"])
