"""Reading posts for tagging, and writing what was found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from sqlite3 import Connection, Row

from selectolax.lexbor import LexborHTMLParser

from analysis.dates import FoundDate
from analysis.paragraphs import Paragraph
from analysis.references import Link, Reference
from analysis.tagger import Tagged
from analysis.topic import Evidence, Topic, load

# How much of the opening post counts as context for ambiguous names, in characters.
OPENING = 4000

# Digests, numbers and names only: no text is read to find out that nothing changed.
SCAN = """
select p.thread_id, p.id, p.number, p.digest, p.reply_to_number, a.name, a.role, t.title,
    g.digest as tagged_digest, g.context_digest, g.taxonomy_version, g.code_version,
    (select count(*) || '/' || max(r.id) from revisions r where r.post_id = p.id) as revisions, p.created_at,
    (select group_concat(decided) from (
        select json_array(v.text_digest, v.subject_kind, v.subject_id, v.decision, v.evidence_start, v.evidence_end)
        as decided from reviews v where v.site_id = t.site_id and v.thread_native_id = t.native_id
        and v.post_native_id = p.native_id order by v.id)) as reviews,
    (select group_concat(l.target_site_id || ':' || l.target_native_id) from links l
        where l.post_id = p.id and l.target_native_id is not null) as targets
from posts p
join threads t on t.id = p.thread_id
left join authors a on a.id = p.author_id
left join tagged_posts g on g.post_id = p.id
where p.kind != 'action' {thread}
order by p.thread_id, p.number, p.id
"""
FROM_HERE = "thread_id = :thread and (number > :number or (number = :number and id >= :post))"
POSTS = f"""
select p.id, p.number, p.text, p.html, p.digest, p.reply_to_number, p.created_at, a.name, a.role
from (select * from posts where {FROM_HERE} and kind != 'action') p
left join authors a on a.id = p.author_id
order by p.number, p.id
"""
OLD = f"select g.id from paragraphs g join (select id from posts where {FROM_HERE}) p on p.id = g.post_id"


@dataclass(frozen=True)
class Stale:
    """A thread in which the post `post_id` (numbered `number`) and all after it must be tagged."""

    thread_id: int
    number: int
    post_id: int


def context(previous: str, row: Row) -> str:
    """The digest of what the tags of a post can depend on beside its own text.

    It chains over the thread: the title, and for each post up to this one its number, text, author, what it answers and
    its superseded versions, its time, what people decided about it and which threads it links to. So a change reaches
    exactly the posts from there on.
    """
    parts = (
        previous or row["title"],
        row["number"],
        row["reply_to_number"],
        row["name"],
        row["role"],
        row["revisions"],
        row["created_at"],
        row["reviews"],
        row["targets"],
    )
    return hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def chained(context_digest: str, row: Row) -> str:
    """What the next post's context follows on: this one's, and this one's text."""
    return f"{context_digest}/{row['digest']}"


def contexts(connection: Connection, thread_id: int) -> Iterator[tuple[int, str]]:
    """Id and context digest of each post of a thread, in order."""
    previous = ""
    for row in connection.execute(SCAN.format(thread="and p.thread_id = ?"), (thread_id,)):
        digest = context(previous, row)
        yield row["id"], digest
        previous = chained(digest, row)


def list_stale(connection: Connection, versions: tuple[str, str], *, everything: bool) -> int:
    """Note the threads with something to tag, for `stale_threads`, and say how many. `versions`: taxonomy, tagger."""
    connection.execute("drop table if exists temp.stale")
    connection.execute("create temp table stale (id integer primary key, thread_id, number, post_id)")
    connection.executemany(
        "insert into temp.stale (thread_id, number, post_id) values (?, ?, ?)",
        _stale(connection, versions, everything=everything),
    )
    count: int = connection.execute("select count(*) from temp.stale").fetchone()[0]
    return count


def stale_threads(connection: Connection) -> Iterator[Stale]:
    """What `list_stale` noted. No statement stays open between two, so that each may be committed by itself."""
    last = 0
    while row := connection.execute("select * from temp.stale where id > ? order by id limit 1", (last,)).fetchone():
        last = row["id"]
        yield Stale(row["thread_id"], row["number"], row["post_id"])


def _stale(connection: Connection, versions: tuple[str, str], *, everything: bool) -> Iterator[tuple[int, int, int]]:
    thread, previous, done = None, "", False
    for row in connection.execute(SCAN.format(thread="")):
        if row["thread_id"] != thread:
            thread, previous, done = row["thread_id"], "", False
        if done:
            continue
        digest = context(previous, row)
        held = (row["tagged_digest"], row["context_digest"], row["taxonomy_version"], row["code_version"])
        if everything or held != (row["digest"], digest, *versions):
            done = True
            yield row["thread_id"], row["number"], row["id"]
        previous = chained(digest, row)


def forget_tags(connection: Connection, stale: Stale) -> None:
    """Delete what was found in the posts from there on."""
    where = {"thread": stale.thread_id, "number": stale.number, "post": stale.post_id}
    for table in ("program_tags", "theme_tags"):
        connection.execute(f"delete from {table} where paragraph_id in ({OLD})", where)
    connection.execute(f"delete from paragraphs where id in ({OLD})", where)
    connection.execute(f"delete from tagged_posts where post_id in (select id from posts where {FROM_HERE})", where)


def next_paragraph_id(connection: Connection) -> int:
    """The first free row id. Whoever holds the write lock may count on from it."""
    highest: int | None = connection.execute("select max(id) from paragraphs").fetchone()[0]
    return (highest or 0) + 1


def posts_from(connection: Connection, stale: Stale) -> Iterator[Row]:
    """The posts from there on, in order, with text and author."""
    return iter(connection.execute(POSTS, {"thread": stale.thread_id, "number": stale.number, "post": stale.post_id}))


def place(connection: Connection, thread_id: int) -> tuple[str, str]:
    """The forum of a thread, and its id there."""
    site_id, native_id = connection.execute(
        "select site_id, native_id from threads where id = ?", (thread_id,)
    ).fetchone()
    return site_id, native_id


def opening(connection: Connection, thread_id: int) -> tuple[str, str]:
    """The title of a thread and the first words of its first post that has any."""
    title: str = connection.execute("select title from threads where id = ?", (thread_id,)).fetchone()["title"]
    row = connection.execute(
        "select substr(text, 1, ?) from posts where thread_id = ? and kind != 'action' and text != ''"
        " order by number, id limit 1",
        (OPENING, thread_id),
    ).fetchone()
    return title, row[0] if row else ""


NAMED_BEFORE = """
select distinct t.program_id from posts p join paragraphs g on g.post_id = p.id and g.revision_id is null
join program_tags t on t.paragraph_id = g.id
where p.thread_id = :thread and (p.number < :number or (p.number = :number and p.id < :post))
and t.how = 'named'
"""
TOPIC_BEFORE = """
select g.topic from posts p join tagged_posts g on g.post_id = p.id
where p.thread_id = :thread and (p.number < :number or (p.number = :number and p.id < :post)) and p.kind != 'action'
order by p.number desc, p.id desc limit 1
"""


def known_before(connection: Connection, stale: Stale) -> set[str]:
    """Ids of the programs that earlier posts name."""
    where = {"thread": stale.thread_id, "number": stale.number, "post": stale.post_id}
    return {row[0] for row in connection.execute(NAMED_BEFORE, where)}


def topic_before(connection: Connection, stale: Stale) -> Topic | None:
    """What the thread was on after the post before; None if there is none."""
    where = {"thread": stale.thread_id, "number": stale.number, "post": stale.post_id}
    row = connection.execute(TOPIC_BEFORE, where).fetchone()
    return load(row[0]) if row else None


def about(connection: Connection, thread_id: int, number: int, before: tuple[int, int]) -> list[Evidence]:
    """The programs that the post of that number is about, if it stands before (number, id): named, or else inherited."""
    rows = connection.execute(
        """select t.how, t.program_id, t.start, t."end",
            case t.how when 'inherited' then t.source_paragraph_id else t.paragraph_id end as paragraph_id
        from posts p join paragraphs g on g.post_id = p.id and g.revision_id is null
        join program_tags t on t.paragraph_id = g.id
        where p.thread_id = ? and p.number = ? and (p.number, p.id) < (?, ?) and g.kind not in ('navigation', 'preview',
            'signature', 'code', 'image', 'quote')
        order by p.id, g.position, t.rowid""",
        (thread_id, number, *before),
    ).fetchall()
    chosen = [row for row in rows if row["how"] == "named"] or rows
    return list({row["program_id"]: evidence(row) for row in reversed(chosen)}.values())[::-1]


def evidence(row: Row) -> Evidence:
    return Evidence(row["program_id"], row["paragraph_id"], row["start"], row["end"])


def revisions(connection: Connection, post_id: int) -> list[Row]:
    """Id, text and markup of the superseded versions of a post, oldest first."""
    return connection.execute(
        "select id, text, html from revisions where post_id = ? order by id", (post_id,)
    ).fetchall()


def link_titles(connection: Connection, post_id: int) -> list[str]:
    """The words of a post's links."""
    rows = connection.execute("select title from links where post_id = ? and title != '' order by id", (post_id,))
    return [row["title"] for row in rows]


def link_titles_in(html: str) -> list[str]:
    """The same of a superseded version, whose links stand in its own markup only."""
    found = LexborHTMLParser(html, is_fragment=True).css("a[href]") if "<a" in html else []
    return [title for node in found if (title := " ".join(node.text().split()))]


def thread_links(connection: Connection, post_id: int) -> list[Link]:
    """A post's links that lead to other threads."""
    rows = connection.execute(
        """select l.url, l.kind, l.title, l.target_site_id, l.target_native_id from links l
        join posts p on p.id = l.post_id join threads t on t.id = p.thread_id
        where l.post_id = ? and l.target_native_id is not null and l.kind != 'mention'
        and (l.target_site_id, l.target_native_id) != (t.site_id, t.native_id) order by l.id""",
        (post_id,),
    )
    return [Link(*row) for row in rows]


def insert_pointers(
    connection: Connection, first_id: int, found: Sequence[tuple[Sequence[FoundDate], Sequence[Reference]]], run_id: int
) -> None:
    """Write the dates and references of one version of a post, whose paragraphs are numbered from `first_id`."""
    connection.executemany(
        'insert into dates (paragraph_id, start, "end", date_from, date_to, precision, rule, run_id)'
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                hit.start,
                hit.end,
                hit.period.first.isoformat(),
                hit.period.last.isoformat(),
                hit.period.precision,
                hit.rule,
                run_id,
            )
            for number, (dates, _) in enumerate(found, first_id)
            for hit in dates
        ],
    )
    connection.executemany(
        'insert into thread_references (paragraph_id, start, "end", kind, site_id, target_native_id, date_from, date_to,'
        " state, rule, run_id) values (?, ?, ?, ?, ?, ?, ?, ?, 'unknown', ?, ?)",
        [
            (
                number,
                reference.start,
                reference.end,
                reference.kind,
                reference.site_id,
                reference.native_id,
                reference.date_from,
                reference.date_to,
                reference.rule,
                run_id,
            )
            for number, (_, references) in enumerate(found, first_id)
            for reference in references
        ],
    )


def insert(
    connection: Connection, post_id: int, revision_id: int | None, first_id: int, tagged: Sequence[Tagged], run_id: int
) -> None:
    """Write the paragraphs of one version of a post, numbered from `first_id`, and their tags."""
    numbered = list(enumerate(tagged, first_id))
    connection.executemany(
        "insert into paragraphs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                post_id,
                revision_id,
                number - first_id,
                entry.paragraph.kind,
                entry.voice,
                entry.voice_rule,
                entry.paragraph.start,
                entry.paragraph.end,
                entry.voice_evidence,
                _source(entry.paragraph),
            )
            for number, entry in numbered
        ],
    )
    connection.executemany(
        'insert into program_tags (paragraph_id, program_id, how, start, "end", source_paragraph_id, rule, score, run_id, also)'
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                tag.program_id,
                tag.how,
                tag.start,
                tag.end,
                tag.source_paragraph_id,
                tag.rule,
                tag.score,
                run_id,
                ", ".join(tag.also) or None,
            )
            for number, entry in numbered
            for tag in entry.programs
        ],
    )
    connection.executemany(
        'insert into theme_tags (paragraph_id, theme_id, start, "end", rule, score, because, run_id, also)'
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                hit.theme_id,
                hit.start,
                hit.end,
                hit.rule,
                hit.score,
                hit.because or None,
                run_id,
                ", ".join(hit.also) or None,
            )
            for number, entry in numbered
            for hit in entry.themes
        ],
    )
    connection.executemany(
        'insert into theme_candidates (paragraph_id, theme_id, start, "end", score, because, run_id)'
        " values (?, ?, ?, ?, ?, ?, ?)",
        [
            (number, hit.theme_id, hit.start, hit.end, hit.score, hit.because, run_id)
            for number, entry in numbered
            for hit in entry.proposed
        ],
    )


def _source(paragraph: Paragraph) -> str | None:
    """Whom and what a quotation repeats, as far as its markup says."""
    return json.dumps(paragraph.source, ensure_ascii=False) if paragraph.kind == "quote" and paragraph.source else None


def insert_tagged(
    connection: Connection,
    post_id: int,
    digest: str,
    context_digest: str,
    versions: tuple[str, str],
    run_id: int,
    words_digest: str | None,
    topic: Topic,
) -> None:
    """Note which version of the post was tagged, with what, and what the thread is on after it.

    `words_digest`: see `analysis.tagger.own_words`.
    """
    connection.execute(
        "insert into tagged_posts (post_id, digest, context_digest, taxonomy_version, code_version, run_id, words_digest,"
        " topic) values (?, ?, ?, ?, ?, ?, ?, ?)",
        (post_id, digest, context_digest, *versions, run_id, words_digest, topic.dump()),
    )
