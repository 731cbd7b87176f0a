"""Everything of the archive but posts and what hangs on them: sites, runs, captures, authors, threads, links."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from archive.errors import InputError
from publish import addresses, terms
from publish.masking import Masker
from publish.names import STAFF, Author, Names, ordinary_words
from taxonomy.model import Taxonomy
from taxonomy.names import names

BATCH = 1000
Row = TypeVar("Row")


@dataclass(frozen=True)
class Source:
    """The archive as one snapshot, and what reading it needs everywhere."""

    archive: sqlite3.Connection
    masker: Masker
    kinds: dict[str, str]
    bases: dict[str, str]
    public_url: str


def read_names(archive: sqlite3.Connection, key: bytes, taxonomy: Taxonomy) -> Names:
    """The published names of all authors. Reads all texts once, to see which user names are ordinary words."""
    authors = [Author(*row) for row in archive.execute("select id, site_id, name, role from authors")]
    words = terms.words(taxonomy)
    doubtful = {author.name.casefold() for author in authors if author.role != STAFF}
    writers: defaultdict[int, set[str]] = defaultdict(set)
    for thread_id, name in archive.execute(
        "select distinct thread_id, name from posts join authors on authors.id = author_id"
    ):
        writers[thread_id].add(name.casefold())
    texts = ((row[0], row[1]) for row in archive.execute("select thread_id, text from posts"))
    return Names(key, authors, words | ordinary_words(doubtful - words, writers, texts), writers)


def number_rows(archive: sqlite3.Connection) -> None:
    """Rank threads and posts by time in temporary tables: `thread_ids` and `post_ids`, columns `id` and `old`.

    A post without a date stands where the dated posts before it in its thread do. A third one, `copies`, has the posts
    whose own words (`tagged_posts.words_digest`) stand in an earlier post, and the first of those.
    """
    for statement in (
        "create temp table thread_ids (id integer primary key, old integer not null)",
        "insert into thread_ids (old) select id from threads"
        " order by coalesce(created_at, first_seen_at), site_id, native_id",
        "create unique index temp.thread_ids_by_old on thread_ids(old)",
        "create temp table post_ids (id integer primary key, old integer not null)",
        "insert into post_ids (old) select p.id from posts p join threads t on t.id = p.thread_id order by coalesce("
        " p.created_at,"
        " max(p.created_at) over (partition by p.thread_id order by p.number rows unbounded preceding),"
        " t.created_at, p.first_seen_at), p.thread_id, p.number, p.native_id",
        "create unique index temp.post_ids_by_old on post_ids(old)",
        "create temp table copies (post_id integer primary key, first_id integer not null)",
        "insert into copies select post_id, first_id from ("
        " select p.id as post_id, first_value(p.id) over ("
        "  partition by m.words_digest order by p.created_at is null, p.created_at, p.id) as first_id"
        " from (select words_digest from tagged_posts where words_digest is not null group by 1 having count(*) > 1) d"
        " join tagged_posts m on m.words_digest = d.words_digest join posts p on p.id = m.post_id)"
        " where post_id != first_id",
    ):
        archive.execute(statement)


def copy_terms(source: Source, out: sqlite3.Connection, taxonomy: Taxonomy) -> None:
    """The taxonomy. Ids that tags have and the taxonomy no longer does come too, named by their id."""
    programs, themes = terms.program_rows(taxonomy), terms.theme_rows(taxonomy)
    fill(out, f"programs ({terms.PROGRAMS})", programs)
    fill(out, f"themes ({terms.THEMES})", themes)
    for table, known in (("program", programs), ("theme", themes)):
        ids = {row[0] for row in known}
        used = source.archive.execute(f"select distinct {table}_id from {table}_tags")
        strays = [(row[0], row[0], "no longer in the taxonomy") for row in used if row[0] not in ids]
        fill(out, f"{table}s (id, name, {'status' if table == 'program' else 'definition'})", strays)
    fill(out, "program_modes (program_id, date, mode, marketplaces, note, tier, sources)", terms.mode_rows(taxonomy))
    fill(out, "program_sources (program_id, url, tier, note)", terms.source_rows(taxonomy))
    fill(out, "program_relations (program_id, other_id, kind)", terms.relation_rows(taxonomy))
    fill(out, "aliases (program_id, alias, ambiguous, observed, note)", terms.alias_rows(taxonomy))
    fill(out, "coding_rules (id, rule)", terms.rule_rows(taxonomy))


def copy_findings(source: Source, out: sqlite3.Connection) -> None:
    """What other runs found: look-ups in web archives, and names that may be programs. Nothing where none ran."""
    archive, mask = source.archive, source.masker
    if has_table(archive, "lookups"):
        columns = "state, detail, captures_listed, captures_fetched, new_posts, looked_at"
        fill(out, f"lookups (site_id, native_id, thread_id, archive, url, {columns})", (
            (*row[:4], mask.url(row[0], row[4]), row[5], mask.text(row[0], row[6]), *row[7:])
            for row in archive.execute(
                f"select l.site_id, l.native_id, o.id, archive, l.url, {', '.join('l.' + c for c in columns.split(', '))}"
                " from lookups l left join threads t on t.site_id = l.site_id and t.native_id = l.native_id"
                " left join thread_ids o on o.old = t.id order by l.id")
        ))  # fmt: skip
    if has_table(archive, "program_candidates"):
        columns = "name, posts, threads, authors, earlier_posts, score, first_at, last_at"
        fill(out, f"program_candidates ({columns})", (
            (mask.text("", row[0]), *row[1:])
            for row in archive.execute(
                f"select {columns} from program_candidates where decision is null order by score desc, name")
        ))  # fmt: skip


def has_table(archive: sqlite3.Connection, name: str) -> bool:
    """False for an archive from before that table."""
    return (
        archive.execute("select 1 from sqlite_master where type = 'table' and name = ?", [name]).fetchone() is not None
    )


def copy_sources(source: Source, out: sqlite3.Connection) -> None:
    """Sites, runs and captures: where everything came from."""
    archive, mask = source.archive, source.masker
    fill(
        out,
        "sites (id, kind, title, base_url)",
        archive.execute("select id, kind, coalesce(title, id), base_url from sites order by id"),
    )
    runs = (
        "id, verb, site_id, target, state, started_at, ended_at, exit_code, code_version, taxonomy_version,"
        " requests, rate_limited, retries, failures, new_threads, new_posts, edited_posts, vanished_posts,"
        " gone_threads"
    )
    # A target can be the path of a file on the operator's machine: only addresses and names of sites are shown.
    fill(out, f"runs ({runs})", (
        (*row[:2], row[2] if row[2] in source.kinds else None, _target(source, row[2], row[3]), *row[4:])
        for row in archive.execute(f"select {runs} from runs order by id")
    ))  # fmt: skip
    captures = (
        "id, run_id, site_id, url, via, captured_at, status, mime, digest, size, route, warc_filename,"
        " warc_record_offset, warc_record_length"
    )
    # Of a memento it is a public address, by which anybody can check it; else it may be a path on the operator's machine.
    fill(out, f"captures ({captures})", (
        (*row[:3], mask.url(row[2], row[3]), _public(source, row[2], row[4]) if row[10] == "memento" else None, *row[5:])
        for row in archive.execute(f"select {captures} from captures order by id")
    ))  # fmt: skip


def _target(source: Source, site_id: str | None, target: str | None) -> str | None:
    if target is None or target in source.kinds:
        return target
    return _public(source, site_id or "", target)


def _public(source: Source, site_id: str, address: str | None) -> str | None:
    """An address of the web, masked; None for anything else."""
    return source.masker.url(site_id, address) if address and address.startswith(("http://", "https://")) else None


def copy_authors(source: Source, out: sqlite3.Connection) -> dict[int, int]:
    """The authors under their published names, in the order of those. Gives the new id of each."""
    rows = source.archive.execute("select id, site_id, role from authors").fetchall()
    named = sorted((row[1], source.masker.names.by_id[row[0]], row[2], row[0]) for row in rows)
    fill(out, "authors (id, site_id, name, role)", ((i, *row[:3]) for i, row in enumerate(named, 1)))
    return {row[3]: i for i, row in enumerate(named, 1)}


def copy_threads(source: Source, out: sqlite3.Connection, taxonomy: Taxonomy) -> None:
    """Threads with the programs that their titles name, earlier titles, the posts they lack, and their coverage."""
    archive, mask = source.archive, source.masker
    find = names(taxonomy).find
    # The programs that a thread names decide what an abbreviation in its title means.
    known = {row[0]: row[1].split(",") for row in archive.execute(
        "select p.thread_id, group_concat(distinct g.program_id) as ids from program_tags g"
        " join paragraphs a on a.id = g.paragraph_id join posts p on p.id = a.post_id where g.how = 'named' group by 1"
    )}  # fmt: skip

    def marked(thread_id: int, title: str) -> str:
        found = find(title, title=title, known=known.get(thread_id, ()))
        return json.dumps([[mention.start, mention.end, mention.program_id] for mention in found])

    columns = (
        "category, tags, state, created_at, substr(created_at, 1, 7), last_activity_at, posts_listed,"
        " posts_held, first_seen_at, last_seen_at, gone_at, gone_status, moved_to"
    )
    columns_out = columns.replace("substr(created_at, 1, 7)", "month")
    fill(out, f"threads (id, site_id, native_id, title, title_marks, url, permalink, capture_id, {columns_out})", (
        (*row[1:4], title, marked(row[0], title), mask.url(row[2], row[5]),
         addresses.thread(row[2], row[3], public_url=source.public_url), *row[6:])
        for row in archive.execute(
            f"select t.id, o.id, site_id, native_id, title, url, capture_id, {columns} from thread_ids o"
            " join threads t on t.id = o.old order by o.id")
        for title in (mask.within(row[0]).text(row[2], row[4]),)
    ))  # fmt: skip
    fill(out, "titles (thread_id, observed_at, title, capture_id)", (
        (row[1], row[2], mask.within(row[5]).text(row[0], row[3]), row[4])
        for row in archive.execute(
            "select site_id, o.id, observed_at, i.title, i.capture_id, t.id from titles i"
            " join threads t on t.id = i.thread_id join thread_ids o on o.old = t.id order by o.id, observed_at")
    ))  # fmt: skip
    missing = "native_id, number, reason, explained, asked, first_missed_at, last_missed_at, capture_id"
    fill(out, f"missing_posts (thread_id, {missing})", archive.execute(
        f"select o.id, {missing} from missing_posts m join thread_ids o on o.old = m.thread_id"
        " order by o.id, number, native_id"
    ))  # fmt: skip
    covered = "state, posts_listed, posts_held, posts_missing, posts_unexplained, reasons, tombstones, hidden_posts"
    fill(out, f"coverage (thread_id, site_id, url, permalink, month, {covered})", (
        (row[0], row[1], mask.url(row[1], row[3]),
         addresses.thread(row[1], row[2], public_url=source.public_url), *row[4:])
        for row in archive.execute(
            "select o.id, c.site_id, c.native_id, c.url, substr(t.created_at, 1, 7),"
            + ", ".join(f"c.{column}" for column in covered.split(", "))
            + " from coverage c join thread_ids o on o.old = c.thread_id join threads t on t.id = c.thread_id"
              " order by o.id")
    ))  # fmt: skip


def copy_links(source: Source, out: sqlite3.Connection) -> None:
    """What posts point to."""
    rows = source.archive.execute(
        "select l.id, p.id, t.id, h.site_id, l.kind, l.title, l.url, l.state, l.target_site_id, l.target_native_id,"
        " l.target_number, g.id, substr(o.created_at, 1, 7), h.native_id, o.number, h.id"
        " from links l join post_ids p on p.old = l.post_id join posts o on o.id = l.post_id"
        " join threads h on h.id = o.thread_id join thread_ids t on t.old = h.id"
        " left join thread_ids g on g.old = l.target_thread_id order by p.id, l.id"
    )
    fill(out, "links (id, post_id, thread_id, site_id, kind, title, url, state, target_site_id, target_native_id,"
              " target_number, target_thread_id, month, permalink)", (
        (*row[:5], _link_title(source.masker.within(row[15]), row[3], row[4], row[5]), source.masker.url(row[3], row[6]), *row[7:13],
         addresses.post(row[3], row[13], row[14], public_url=source.public_url))
        for row in rows
    ))  # fmt: skip


def _link_title(masker: Masker, site_id: str, kind: str, title: str | None) -> str | None:
    """The words of a link. Those of a mention, and of a quotation's title bar, are a name."""
    if not title:
        return title
    name = title.strip().removeprefix("@").removesuffix(":")
    if kind == "mention" or (kind == "quote" and masker.names.is_known(site_id, name)):
        return masker.person(site_id, name)
    return masker.text(site_id, title)


def fill(out: sqlite3.Connection, table: str, rows: Iterable[Iterable[object]]) -> None:
    """Insert rows into `table (columns)`."""
    columns = table[table.index("(") + 1 : table.rindex(")")].split(",")
    out.executemany(f"insert into {table} values ({', '.join('?' * len(columns))})", (tuple(row) for row in rows))


def batches(rows: Iterable[Row], size: int = BATCH) -> Iterator[list[Row]]:
    """Rows in lists of at most `size`."""
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def check_public_url(url: str) -> str:
    """The site's own address, without a slash at its end; InputError if it is not http(s)."""
    if url and not url.startswith(("http://", "https://")):
        raise InputError(f"{url!r} is not an address that readers can open: it must begin with http:// or https://")
    return url.rstrip("/")
