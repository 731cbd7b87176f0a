"""data-dictionary.md: every table and column of the archive and of the published copy, and the ready-made queries."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from archive.columns import TABLES
from archive.database import Paths, open_archive
from publish.build import build
from publish.schema import DATABASE
from publish.serve import METADATA
from reference.markdown import NOTICE, code, from_html, join, plain, table
from taxonomy import load

INTRO = f"""# Data dictionary

Every table, column and ready-made query, with its meaning. There are two databases. **The archive** (`data/archive.db` unless `--db` says otherwise) is the working copy: what was
captured and what was made of it, under the forums' own user names. **The published copy** (`{DATABASE}.db` in the folder
ending in `.public`) is made from it for readers: pseudonyms, masked numbers, counts made beforehand. Datasette serves
the published copy, and these descriptions with it.

Times are UTC in ISO 8601. Offsets are Unicode code points into the text of the post (or of the revision). *Leads to*
names the table and column that a value refers to.
"""
ARCHIVE = """## The archive

Described in `archive/columns.py`, made by `archive/migrations.py`. Each table has one writer: a table is written by the
crawler or by the analysis, never by both.
"""
PUBLISHED = """## The published copy

Described in `metadata.yml`, made by `optout publish`.
"""
QUERIES = """## Ready-made queries

Each has a page of its own on the site, with a form for its values, and answers as CSV and JSON too.
"""


def page() -> str:
    lines = [NOTICE, "", *INTRO.splitlines(), ""]
    metadata = yaml.safe_load(METADATA.read_text(encoding="utf-8"))["databases"][DATABASE]
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths(Path(folder) / "empty.db")
        with closing(open_archive(paths.database, create=True).conn) as conn:
            lines += [*ARCHIVE.splitlines(), ""]
            for name, (meaning, columns) in TABLES.items():
                lines += [f"### {name}", "", plain(meaning), "", *_columns(conn, name, columns)]
        build(paths, load())
        with closing(sqlite3.connect(paths.published)) as conn:
            lines += [*PUBLISHED.splitlines(), ""]
            for name, described in metadata["tables"].items():
                lines += [
                    f"### published: {name}",
                    "",
                    *_about(described),
                    *_columns(conn, name, described.get("columns", {})),
                ]
    lines += [*QUERIES.splitlines(), ""]
    for name, query in metadata["queries"].items():
        lines += [f"### query: {name}", "", *_about(query)]
        if query.get("params"):
            lines += ["Values: " + ", ".join(code(value) for value in query["params"]) + ".", ""]
        lines += ["```sql", query["sql"].strip(), "```", ""]
    return join(lines)


def _about(described: dict[str, Any]) -> list[str]:
    lines = [f"**{plain(described['title'])}**", ""] if described.get("title") else []
    for key in ("description", "description_html"):
        if described.get(key):
            lines += [from_html(described[key]), ""]
    return lines


def _columns(conn: sqlite3.Connection, name: str, meanings: dict[str, str]) -> list[str]:
    """The columns as the schema has them, in its order, each with what it means."""
    leads = {row[3]: f"{row[2]}.{row[4]}" for row in conn.execute(f'pragma foreign_key_list("{name}")')}
    rows = []
    for _, column, kind, required, _, key, *_ in conn.execute(f'pragma table_xinfo("{name}")').fetchall():
        if column in meanings:
            kind = f"{kind.lower()}, key" if key else f"{kind.lower()}, never empty" if required else kind.lower()
            rows.append((code(column), kind, code(leads.get(column)), plain(meanings[column])))
    return table(["column", "type", "leads to", "meaning"], rows)
