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


@lru_cache(maxsize=1)
def code_version() -> str:
    """Digest of this package's own code: 12 hex digits."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def of(archive: sqlite3.Connection, taxonomy_version: str, key: bytes, public_url: str) -> str:
    """The fingerprint of a copy that would be made now. Cheap: a few look-ups at the end of each table."""
    parts = [f"code {code_version()}", f"taxonomy {taxonomy_version}", f"at {public_url}"]
    parts.append("key " + hmac.new(key, b"fingerprint", hashlib.sha256).hexdigest()[:8])
    parts += [f"{table} {archive.execute(f'select max(rowid) from {table}').fetchone()[0]}" for table in GROWING]
    parts += [f"{table} {archive.execute(f'select count(*) from {table}').fetchone()[0]}" for table in COUNTED]
    last = archive.execute("select state, ended_at, taxonomy_version from runs order by id desc limit 1").fetchone()
    return ", ".join([*parts, f"last run {tuple(last) if last else None}"])
