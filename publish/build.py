"""Making the published copy: a separate read-only database for readers, pseudonymous and safe to show.

Written to a new file that takes the old one's place when it is whole, so that a reader never meets half a copy.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import taxonomy as taxonomies
from archive import clock
from archive.database import Paths, open_archive
from archive.errors import LockedError
from archive.warc import WarcStore
from publish import copying, fingerprint, recent, schema, summaries, terms
from publish.counts import copy_counts
from publish.masking import Masker
from publish.names import load_key
from publish.pictures import copy_media
from publish.posts import copy_posts
from publish.words import Words
from taxonomy.model import Taxonomy

# Rows of each index that ANALYZE looks at: enough for the planner, and quick at any size.
ANALYSIS_LIMIT = 2000
# Bytes of the full-text index that are collected before they are written.
WORDS_IN_MEMORY = 64 << 20


@dataclass(frozen=True)
class Built:
    """A finished copy: where it is and how much it holds."""

    path: Path
    sites: int
    threads: int
    posts: int
    authors: int
    captures: int
    mentions: int


def inspect_file(copy: Path) -> Path:
    """The file of a copy's row counts for Datasette's `--inspect-file`, which saves counting at the start."""
    return copy.with_suffix(".inspect.json")


def build(
    paths: Paths,
    taxonomy: Taxonomy,
    *,
    public_url: str = "",
    workers: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Built:
    """Make `paths.published` from the archive, and the file of counts beside it.

    `public_url` is the address of the published site (e.g. `https://archive.example.org`): with it, permalinks in
    tables and CSV are full addresses, without it paths. `workers` is how many processes share the work (None: as many
    as there are processors, in a large archive). `progress` is told a stage, how much of it is done and how
    much there is. InputError if there is no archive, LockedError if another process is making the copy, DamagedError
    if the archive or the key of the pseudonyms cannot be read.
    """
    public_url = copying.check_public_url(public_url)
    tell = progress or (lambda stage, done, total: None)
    with closing(open_archive(paths.database).conn) as archive:
        key = load_key(paths.key)
        paths.published.parent.mkdir(parents=True, exist_ok=True)
        with _building(paths.published) as unfinished:
            archive.execute("begin")
            with closing(_create(unfinished)) as out:
                _fill(archive, out, taxonomy, key, public_url, workers, paths.warcs, tell)
                built = _count(out, paths.published)
                counts = _row_counts(out)
            archive.rollback()
            _replace(unfinished, paths.published, counts)
    return built


def is_stale(paths: Paths, taxonomy: Taxonomy | None = None) -> bool:
    """True if there is no copy, or another would be made now: new runs, another taxonomy, other code, another key.

    Cheap enough for every start of the server. `taxonomy` is the one in `data/` unless given.
    """
    if not paths.published.exists() or not paths.key.exists() or not inspect_file(paths.published).exists():
        return True
    with suppress(sqlite3.DatabaseError), closing(_read(paths.published)) as published:
        about = dict(published.execute("select key, value from about where key in ('fingerprint', 'public_url')"))
        version = terms.version(taxonomy or taxonomies.load())
        with closing(open_archive(paths.database).conn) as archive:
            now = fingerprint.of(archive, version, load_key(paths.key), about.get("public_url", ""))
        return about.get("fingerprint") != now
    return True


def public_url_of(paths: Paths) -> str:
    """The address of the site that the present copy was made for; empty if there is no copy, or none that can be read."""
    if paths.published.exists():
        with suppress(sqlite3.DatabaseError), closing(_read(paths.published)) as published:
            row = published.execute("select value from about where key = 'public_url'").fetchone()
            return str(row[0]) if row else ""
    return ""


def _read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)


@contextmanager
def _building(published: Path) -> Iterator[Path]:
    """The file to write to, held against other builders. What a killed one left is written over."""
    unfinished = published.with_suffix(".building")
    with open(published.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(f"another optout is making {published}. Try again when it is done.") from None
        unfinished.unlink(missing_ok=True)
        try:
            yield unfinished
        finally:
            unfinished.unlink(missing_ok=True)


def _create(path: Path) -> sqlite3.Connection:
    out = sqlite3.connect(path, isolation_level=None)
    # Nothing is lost if this is interrupted: the file is thrown away.
    for setting in ("journal_mode = off", "synchronous = off", "locking_mode = exclusive", "cache_size = -65536"):
        out.execute(f"pragma {setting}")
    out.execute("begin")
    for statement in schema.statements(schema.TABLES):
        out.execute(statement)
    return out


def _fill(
    archive: sqlite3.Connection,
    out: sqlite3.Connection,
    taxonomy: Taxonomy,
    key: bytes,
    public_url: str,
    workers: int | None,
    warcs: Path,
    tell: Callable[[str, int, int], None],
) -> None:
    stamp = fingerprint.of(archive, terms.version(taxonomy), key, public_url)
    tell("names", 0, 1)
    sites = archive.execute("select id, kind, base_url from sites").fetchall()
    names = copying.read_names(archive, key, taxonomy)
    source = copying.Source(
        archive, Masker(names), {row[0]: row[1] for row in sites}, {row[0]: row[2] for row in sites}, public_url
    )
    copying.number_rows(archive)
    copying.copy_sources(source, out)
    copying.copy_terms(source, out, taxonomy)
    authors = copying.copy_authors(source, out)
    copying.copy_threads(source, out, taxonomy)
    total = archive.execute("select count(*) from posts").fetchone()[0]
    words = Words()
    copy_posts(source, out, authors, words, lambda done: tell("posts", done, total), workers=workers)
    copying.fill(out, "words (word, posts)", words.most_common())
    copying.copy_links(source, out)
    copying.copy_findings(source, out)
    copy_media(source, out, WarcStore(warcs, software=""))
    tell("search index", 0, 1)
    _index_words(out)
    tell("summaries", 0, 1)
    for statement in schema.statements(schema.INDEXES) + schema.statements(summaries.STATEMENTS):
        out.execute(statement)
    copy_counts(source, out)
    about = (
        _about(archive, out)
        | recent.compare(out)
        | {
            "fingerprint": stamp,
            "public_url": public_url,
            "taxonomy_version": terms.version(taxonomy),
        }
    )
    copying.fill(out, "about (key, value)", about.items())
    out.execute("commit")
    out.execute(f"pragma analysis_limit = {ANALYSIS_LIMIT}")
    out.execute("analyze")


def _index_words(out: sqlite3.Connection) -> None:
    """Fill the full-text index: in large pieces, which takes half the time, and as one in the end, which searches read
    quicker than several."""
    # Without this setting the index is the same, later.
    with suppress(sqlite3.OperationalError):
        out.execute("insert into posts_fts (posts_fts, rank) values ('hashsize', ?)", [WORDS_IN_MEMORY])
    for command in ("rebuild", "optimize"):
        out.execute("insert into posts_fts (posts_fts) values (?)", [command])


def _about(archive: sqlite3.Connection, out: sqlite3.Connection) -> dict[str, str]:
    """What the copy says of itself: when it was made, how much it holds, and what is missing."""

    def value(sql: str) -> str:
        found = out.execute(sql).fetchone()[0]
        return "" if found is None else str(found)

    # Posts without words are not to be tagged.
    untagged = (
        "select count(*) from posts where kind = 'post' and text != '' and id not in (select post_id from tagged_posts)"
    )
    sums = out.execute(
        "select coalesce(sum(posts), 0) as posts, coalesce(sum(small_actions), 0) as small_actions,"
        " coalesce(sum(posts_deleted), 0) as posts_deleted, coalesce(sum(posts_hidden), 0) as posts_hidden,"
        " coalesce(sum(posts_undated), 0) as posts_undated,"
        " coalesce(sum(posts_listed), 0) as posts_listed, coalesce(sum(posts_held), 0) as posts_held,"
        " coalesce(sum(posts_missing), 0) as posts_missing, coalesce(sum(threads_gone), 0) as threads_gone,"
        " coalesce(sum(threads_recovered), 0) as threads_recovered from sites"
    )
    return {
        "built_at": clock.now(),
        "code_version": fingerprint.code_version(),
        "authors_shown_as": "pseudonyms; staff by name",
        **{table: value(f"select count(*) from {table}") for table in (
            "sites", "threads", "authors", "revisions", "captures", "links", "mentions")},
        **{column[0]: str(number) for column, number in zip(sums.description, sums.fetchone(), strict=True)},
        "first_post_at": value("select min(created_at) from posts"),
        "last_post_at": value("select max(created_at) from posts"),
        "last_captured_at": value("select max(captured_at) from captures"),
        "copies": value("select count(*) from posts where copy_of is not null"),
        "posts_missing_unexplained": value("select coalesce(sum(posts_unexplained), 0) from coverage"),
        "posts_untagged": str(archive.execute(untagged).fetchone()[0]),
        # Counts are made with the tags; where tags were made and counts were not, there is nothing to show yet.
        "counted": value("select (select count(*) from mentions) = 0 or exists (select 1 from programs where posts > 0)"
                         " or exists (select 1 from themes where posts > 0)"),
    }  # fmt: skip


def _count(out: sqlite3.Connection, path: Path) -> Built:
    said = dict(out.execute("select key, value from about"))
    return Built(path, *(int(said[name]) for name in ("sites", "threads", "posts", "authors", "captures", "mentions")))


def _row_counts(out: sqlite3.Connection) -> dict[str, int]:
    tables = [row[0] for row in out.execute("select name from sqlite_master where type = 'table' order by name")]
    return {table: out.execute(f'select count(*) from "{table}"').fetchone()[0] for table in tables}


def _replace(unfinished: Path, published: Path, counts: dict[str, int]) -> None:
    """Put the finished copy and its file of counts in place, each at once."""
    with open(unfinished, "rb") as file:
        os.fsync(file.fileno())
    inspected = {
        schema.DATABASE: {
            "hash": _digest(unfinished),
            "size": unfinished.stat().st_size,
            "file": str(published),
            "tables": {table: {"count": count} for table, count in counts.items()},
        }
    }
    target = inspect_file(published)
    part = target.with_suffix(".part")
    part.write_text(json.dumps(inspected, indent=1), encoding="utf-8")
    os.replace(unfinished, published)
    os.replace(part, target)


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
