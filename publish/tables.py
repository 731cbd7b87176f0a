"""Datasette's own pages of tables, rows and ready-made questions: what stands on them, in what order, and what does not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

# Columns that only this site's own pages and its search need: not shown and not exported unless asked for.
PLUMBING: dict[str, tuple[str, ...]] = {"posts": ("labels",), "threads": ("title_marks",)}
# Too long to read in a table of many rows: on the page of a row, and in exports.
LONG: dict[str, tuple[str, ...]] = {"posts": ("html",), "revisions": ("html", "changes"), "media_files": ("body",)}
# Columns that a reader looks for first; the others follow as they are.
FIRST: dict[str, tuple[str, ...]] = {
    "posts": ("id", "created_at", "author_id", "role", "text", "thread_id", "number"),
    "threads": ("id", "created_at", "title", "state", "posts_held", "posts_listed", "site_id"),
    "mentions": ("id", "created_at", "program_id", "theme_id", "passage", "thread_id", "author_id"),
    "program_tags": ("id", "program_id", "how", "evidence", "rule", "also", "score", "thread_id"),
    "theme_tags": ("id", "theme_id", "evidence", "rule", "also", "score", "because", "thread_id"),
    "revisions": ("id", "post_id", "observed_at", "superseded_at", "text"),
    "links": ("id", "kind", "state", "title", "url", "thread_id", "post_id"),
    "captures": ("id", "captured_at", "url", "status", "route", "via", "digest"),
    "coverage": ("thread_id", "state", "posts_listed", "posts_held", "posts_missing", "posts_unexplained", "reasons"),
}
# (title, what they hold, tables); tables that are named nowhere are counts.
TABLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "What was said", "Threads, posts, and what the posts say about programs.",
        ("threads", "posts", "mentions", "program_tags", "theme_tags", "paragraphs", "authors", "revisions", "titles", "links",
         "media"),
    ),
    (
        "Programs and complaints", "What is looked for in posts: the taxonomy, with its sources.",
        ("programs", "program_modes", "program_sources", "program_relations", "aliases", "program_candidates", "themes",
         "coding_rules", "tag_quality"),
    ),
    (
        "Where it comes from, and what is missing", "Forums, captures, runs, and what is not held.",
        ("about", "sites", "coverage", "missing_posts", "lookups", "captures", "runs"),
    ),
)  # fmt: skip
COUNTS = ("Counted beforehand", "Sums of the rows above, made with the copy, so that reading them is quick.")
QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Programs",
        ("ways_out", "mode_history", "changed_since", "modes_by_year", "abbreviations", "program_timeline", "platform_timeline",
         "programs_together", "busiest_threads"),
    ),
    (
        "Complaints",
        ("talked_of_more", "prevalence", "first_complaints", "program_complaints", "evidence_for_program", "theme_timeline",
         "platforms_compared", "opt_outs_reversed", "thin_evidence"),
    ),
    ("Posts and threads", ("search", "staff_answers", "edited_posts", "removed_posts", "vanished_threads", "dead_links")),
    ("The archive itself", ("coverage_by_year", "coverage_gaps")),
)  # fmt: skip
FURTHER = "Further questions"
Entry = Mapping[str, Any]


def grouped_tables(tables: Iterable[Entry]) -> list[tuple[str, str, list[Entry]]]:
    """(title, description, tables) of each group that has any, in order; each table once."""
    left = {table["name"]: table for table in tables}
    groups = [
        (title, said, [left.pop(name) for name in names if name in left]) for title, said, names in TABLES
    ]  # fmt: skip
    return [group for group in [*groups, (*COUNTS, list(left.values()))] if group[2]]


def grouped_questions(questions: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """(title, questions) of each group that has any, in order; each question once."""
    left = {question["name"]: question for question in questions}
    groups = [(title, [left.pop(name) for name in names if name in left]) for title, names in QUESTIONS]
    return [group for group in [*groups, (FURTHER, list(left.values()))] if group[1]]


def unshown(table: str, *, page: str, asked: Iterable[str] = ()) -> set[str]:
    """Columns that a page of rows (`page` is `table` or `row`) leaves out, but for those that were asked for."""
    left_out = PLUMBING.get(table, ()) + (LONG.get(table, ()) if page == "table" else ())
    return set(left_out) - set(asked)


def shown(table: str, columns: Sequence[str], left_out: Collection[str]) -> list[int]:
    """Which columns a page shows and in which order, by their places."""
    first = FIRST.get(table, ())
    places = [at for at, column in enumerate(columns) if column not in left_out]
    return sorted(places, key=lambda at: first.index(columns[at]) if columns[at] in first else len(first))


def label(column: str) -> str:
    """The heading of a column: `created_at` as `created at`."""
    return column.replace("_", " ")


def near(name: str, known: Iterable[str]) -> list[str]:
    """Names that an unknown one may be meant for."""
    return get_close_matches(name.lower(), list(known), n=3, cutoff=0.6)
