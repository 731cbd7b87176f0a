"""What every connection to the published copy is given, whoever opens it."""

from __future__ import annotations

import sqlite3

from publish import labels, query

# A single SQL function can build a value of any size, and no time limit stops it; no post is near this (bytes).
LONGEST_VALUE = 5_000_000


def prepare(connection: sqlite3.Connection) -> None:
    """A limit on the size of values, and the functions that ready-made queries and Datasette's own searches use."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)

    def asked(words: str | None, *values: str | None) -> str:
        return query.search_query(
            words, **{kind: value or "" for kind, value in zip(labels.KINDS, values, strict=True)}
        )

    connection.create_function("search_query", 1 + len(labels.KINDS), asked, deterministic=True)
    # Datasette's own searches are of what this makes of the words, and its own fails for a quotation mark alone.
    connection.create_function("escape_fts", 1, query.fts_query, deterministic=True)
