"""What every connection to the published copy is given, whoever opens it."""

from __future__ import annotations

import sqlite3

from publish import search

# A single SQL function can build a value of any size, and no time limit stops it; no post is near this (bytes).
LONGEST_VALUE = 5_000_000


def prepare(connection: sqlite3.Connection) -> None:
    """A limit on the size of values, and `fts_query` for ready-made queries."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    connection.create_function("fts_query", 1, search.fts_query, deterministic=True)
