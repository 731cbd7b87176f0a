"""The counts that the archive makes of its tags, taken into the copy in tables to read.

They are made by `optout tag` (see `analysis/summaries.py`): a text that stands in several posts counts once, and a month
that the archive does not cover has no number instead of a zero.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from publish.copying import Source, fill

TOTALS = (
    "posts", "threads", "authors", "named_posts", "copies", "gone_posts", "recovered_posts", "first_month", "last_month",
)  # fmt: skip
_TOTALS = """
select subject_id, site_id, posts, threads, authors, named_posts, copies, gone_posts, recovered_posts,
    substr(first_at, 1, 7) as first_month, substr(last_at, 1, 7) as last_month
from summary_totals where kind = ?
"""
_MONTHS = """
select subject_id, site_id, month, posts, threads, authors, rate from summary_months where kind = ? and voice = ''
"""
_MONTHS_OF_PROGRAMS = """
select m.subject_id, m.site_id, m.month, m.posts, case when m.posts is not null then coalesce(c.posts, 0) end,
    m.threads, m.authors, m.rate, case when m.rate is not null then coalesce(c.rate, 0.0) end
from summary_months m left join summary_months c on c.kind = 'complaint' and c.subject_id = m.subject_id
    and c.site_id = m.site_id and c.month = m.month and c.voice = ''
where m.kind = 'program' and m.voice = ''
"""
_VOICES = """
select subject_id, site_id, voice, month, posts, threads, authors, rate from summary_months
where kind = 'program' and voice != '' and posts > 0
"""
_PAIRS = """
select subject_id, other_id, posts, paragraphs, threads, authors, expected, lift from summary_pairs
where kind = ? and other_kind = ?
"""
TOGETHER = "posts, paragraphs, authors, expected, lift"
# A month without a post has a number where the archive covers it: 0.
_FORUM_MONTHS = """
insert into site_months (site_id, month, posts, counted_posts, authors) values (?, ?, ?, ?, ?)
on conflict (site_id, month) do update set posts = coalesce(posts, excluded.posts), counted_posts = excluded.counted_posts,
    authors = excluded.authors
"""
QUALITY = (
    "precision", "precision_low", "precision_high", "recall", "recall_low", "recall_high", "labelled", "tagged", "threshold",
)  # fmt: skip


def copy_counts(source: Source, out: sqlite3.Connection) -> None:
    """All counts of the archive, into a copy that has its months (`site_months`).

    Those of a program or theme that the copy does not have (its tags are gone) stay away.
    """
    archive = source.archive
    known = {
        kind: {row[0] for row in out.execute(f"select id from {table}")}
        for kind, table in (("program", "programs"), ("theme", "themes"))
    }

    def rows(sql: str, kind: str, *values: str) -> Iterator[tuple[Any, ...]]:
        for row in archive.execute(sql, values):
            if row[0] in known.get(kind, (row[0],)):
                yield tuple(row)

    _totals(out, "programs", "program_sites", list(rows(_TOTALS, "program", "program")), TOTALS)
    _complaints(out, list(rows(_TOTALS, "program", "complaint")))
    plain = tuple(column for column in TOTALS if column != "named_posts")
    _totals(out, "themes", "theme_sites", list(rows(_TOTALS, "theme", "theme")), plain)
    fill(out, "marketplaces (id, programs)", out.execute(
        "select marketplace, count(*) from programs where marketplace is not null group by 1").fetchall())  # fmt: skip
    known["marketplace"] = {row[0] for row in out.execute("select id from marketplaces")}
    _totals(out, "marketplaces", None, list(rows(_TOTALS, "marketplace", "marketplace")), plain)

    months = "site_id, month, posts, threads, authors, rate"
    fill(
        out,
        "program_months (program_id, site_id, month, posts, complaints, threads, authors, rate, complaint_rate)",
        rows(_MONTHS_OF_PROGRAMS, "program"),
    )
    fill(out, f"theme_months (theme_id, {months})", rows(_MONTHS, "theme", "theme"))
    fill(out, f"marketplace_months (marketplace, {months})", rows(_MONTHS, "marketplace", "marketplace"))
    fill(
        out,
        "program_voice_months (program_id, site_id, voice, month, posts, threads, authors, rate)",
        rows(_VOICES, "program"),
    )
    fill(out, "program_themes (program_id, theme_id, posts, paragraphs, threads, authors, expected, lift)", (
        row for row in rows(_PAIRS, "program", "program", "theme") if row[1] in known["theme"]
    ))  # fmt: skip
    for kind in ("program", "theme"):
        pairs = [(*row[:4], *row[5:]) for row in rows(_PAIRS, kind, kind, kind) if row[1] in known[kind]]
        out.executemany(
            f"insert into {kind}_pairs ({kind}_id, other_id, {TOGETHER}) values (?, ?, ?, ?, ?, ?, ?)"
            f" on conflict ({kind}_id, other_id) do update set ({TOGETHER}) = ({', '.join('excluded.' + name for name in TOGETHER.split(', '))})",
            [*pairs, *((row[1], row[0], *row[2:]) for row in pairs)],
        )
    out.executemany(_FORUM_MONTHS, archive.execute("select site_id, month, posts, posts, authors from forum_months"))
    _quality(archive, out)


def _totals(
    out: sqlite3.Connection, table: str, by_site: str | None, rows: list[tuple[Any, ...]], columns: tuple[str, ...]
) -> None:
    """Totals of all forums as columns of `table`, those of each forum as rows of `by_site`."""
    at = [2 + TOTALS.index(column) for column in columns]
    out.executemany(
        f"update {table} set ({', '.join(columns)}) = ({', '.join('?' * len(columns))}) where id = ?",
        [(*(row[place] for place in at), row[0]) for row in rows if row[1] == ""],
    )
    if by_site:
        more = ", complaint_posts" if table == "programs" else ""
        fill(out, f"{by_site} ({table.removesuffix('s')}_id, site_id, {', '.join(columns)}{more})", (
            (row[0], row[1], *(row[place] for place in at), *([0] if more else [])) for row in rows if row[1] != ""
        ))  # fmt: skip


def _complaints(out: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> None:
    out.executemany(
        "update programs set complaint_posts = ? where id = ?", [(row[2], row[0]) for row in rows if row[1] == ""]
    )
    out.executemany(
        "update program_sites set complaint_posts = ? where program_id = ? and site_id = ?",
        [(row[2], row[0], row[1]) for row in rows if row[1] != ""],
    )


def _quality(archive: sqlite3.Connection, out: sqlite3.Connection) -> None:
    """How far tags can be trusted: with each theme, and in all.

    An interval without width is none: drawing anew from the few that a share was measured on gives it where all of them
    are right, or none.
    """
    columns = ", ".join(QUALITY)
    out.executemany(
        f"update themes set ({columns}) = ({', '.join('?' * len(QUALITY))}) where id = ?",
        archive.execute(f"select {columns}, theme_id from theme_quality").fetchall(),
    )
    columns = "kind, part, value, figure, estimate, low, high, out_of, measured_with"
    fill(out, f"tag_quality ({columns})", archive.execute(f"select {columns} from tag_quality"))
    for table, low, high in (
        ("themes", "precision_low", "precision_high"), ("themes", "recall_low", "recall_high"), ("tag_quality", "low", "high"),
    ):  # fmt: skip
        out.execute(f"update {table} set {low} = null, {high} = null where {low} = {high}")
