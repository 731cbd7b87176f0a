"""The rows of a package: from the archive, with names, or from the published copy, masked. Both have the same columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from archive.database import Paths, open_archive
from publish import addresses
from publish.evidence.choosing import Choice

Row = dict[str, Any]
POSTS = """
select c.id as post_id, p.site_id as forum, s.title as forum_title, pt.native_id as thread, {title} as thread_title, {thread_url} as thread_url,
    pt.state as thread_state, p.number, p.native_id as post, {author} as author, p.role, p.created_at, p.kind, p.state,
    p.state_since, {text} as text, {url} as url, p.permalink, p.first_seen_at, p.last_seen_at, p.capture_id,
    s.kind as forum_kind
from chosen c join published.posts p on p.id = c.id join published.threads pt on pt.id = p.thread_id
    join published.sites s on s.id = p.site_id {joins}
order by pt.created_at is null, pt.created_at, pt.id, p.number, p.id
"""
MASKED_POSTS = POSTS.format(
    title="pt.title", thread_url="pt.url", author="a.name", text="p.text", url="p.url",
    joins="left join published.authors a on a.id = p.author_id",
)  # fmt: skip
NAMED_POSTS = POSTS.format(
    title="t.title", thread_url="t.url", author="a.name", text="o.text", url="''", joins="""
    join main.threads t on t.site_id = p.site_id and t.native_id = pt.native_id
    join main.posts o on o.thread_id = t.id and o.native_id = p.native_id
    left join main.authors a on a.id = o.author_id""",
)  # fmt: skip
# The published tags say which paragraph they are of; the private words stand at the archive's own offsets.
MASKED_TAGS = """
select g.post_id, 'program' as kind, g.program_id as tag, n.name, g.how, g.evidence, g.evidence_in, g.evidence_how,
    case when g.how = 'inherited' then s.number end as source_number, g.voice, g.rule, g.score, g.run_id, g.start, g."end", g.paragraph_id
from chosen c join published.program_tags g on g.post_id = c.id join published.programs n on n.id = g.program_id
    left join published.posts s on s.id = g.source_post_id
where g.revision_id is null
union all
select g.post_id, 'theme', g.theme_id, n.name, 'said', g.evidence, 'paragraph', 'said', null, g.voice, g.rule, g.score,
    g.run_id, g.start, g."end", g.paragraph_id
from chosen c join published.theme_tags g on g.post_id = c.id join published.themes n on n.id = g.theme_id
where g.revision_id is null
order by 1, 16, 2, 3
"""
NAMED_TAGS = """
select c.id as post_id, 'program' as kind, g.program_id as tag, n.name, g.how,
    substr(case when g.how != 'inherited' then o.text when g.source_paragraph_id is null then t.title
        else coalesce(r.text, e.text) end, g.start + 1, g."end" - g.start) as evidence,
    case when g.how != 'inherited' then 'paragraph' when g.source_paragraph_id is null then 'title' else 'post' end
        as evidence_in,
    case when g.how != 'inherited' then g.how when g.source_paragraph_id is null or exists (
            select 1 from main.program_tags s where s.paragraph_id = g.source_paragraph_id and s.program_id = g.program_id
            and s.how = 'named') then 'named' else 'described' end as evidence_how,
    e.number as source_number, h.voice, g.rule, g.score, g.run_id, g.start, g."end", g.paragraph_id
from chosen c join published.posts p on p.id = c.id join published.threads pt on pt.id = p.thread_id
    join main.threads t on t.site_id = p.site_id and t.native_id = pt.native_id
    join main.posts o on o.thread_id = t.id and o.native_id = p.native_id
    join main.paragraphs h on h.post_id = o.id and h.revision_id is null
    join main.program_tags g on g.paragraph_id = h.id join published.programs n on n.id = g.program_id
    left join main.paragraphs f on f.id = g.source_paragraph_id left join main.posts e on e.id = f.post_id
    left join main.revisions r on r.id = f.revision_id
union all
select c.id, 'theme', g.theme_id, n.name, 'said', substr(o.text, g.start + 1, g."end" - g.start), 'paragraph',
    'said', null, h.voice, g.rule, g.score, g.run_id, g.start, g."end", g.paragraph_id
from chosen c join published.posts p on p.id = c.id join published.threads pt on pt.id = p.thread_id
    join main.threads t on t.site_id = p.site_id and t.native_id = pt.native_id
    join main.posts o on o.thread_id = t.id and o.native_id = p.native_id
    join main.paragraphs h on h.post_id = o.id and h.revision_id is null
    join main.theme_tags g on g.paragraph_id = h.id join published.themes n on n.id = g.theme_id
order by 1, 16, 2, 3
"""
REVISIONS = """
select r.post_id, {text} as text, r.observed_at, r.superseded_at, r.capture_id
from chosen c join published.revisions r on r.post_id = c.id {joins} order by r.post_id, r.superseded_at, r.id
"""
MASKED_REVISIONS = REVISIONS.format(text="r.text", joins="")
NAMED_REVISIONS = REVISIONS.format(text="o.text", joins="join main.revisions o on o.id = r.id")
# Pages that show the posts, pages of their threads, earlier versions; with names also the pictures in them.
NEEDED = """
select capture_id from published.posts where id in (select id from chosen)
union select capture_id from published.revisions where post_id in (select id from chosen)
union select capture_id from published.threads
    where id in (select thread_id from published.posts where id in (select id from chosen))
"""
PICTURES = """
union select m.capture_id from chosen c join published.posts p on p.id = c.id
    join published.threads pt on pt.id = p.thread_id
    join main.threads t on t.site_id = p.site_id and t.native_id = pt.native_id
    join main.posts o on o.thread_id = t.id and o.native_id = p.native_id join main.media m on m.post_id = o.id
"""
THEMES = """
select name, precision, precision_low, precision_high, tagged, recall, recall_low, recall_high, labelled
from published.themes where id in (
    select theme_id from published.theme_tags where revision_id is null and post_id in (select id from chosen))
order by name
"""
CAPTURES = """
select k.id as capture, k.site_id as forum, k.url, k.captured_at, k.status, k.mime, k.digest, k.size, k.route, k.via,
    k.run_id as run, u.code_version as run_code_version, k.warc_filename as archive_file,
    k.warc_record_offset as archive_offset, k.warc_record_length as archive_length
from {schema}.captures k left join {schema}.runs u on u.id = k.run_id
where k.id in ({needed}) order by k.captured_at, k.id
"""


@dataclass(frozen=True)
class Gathered:
    """All rows of a package. `masked` says that names are pseudonyms."""

    subject: str
    masked: bool
    posts: list[Row]
    tags: list[Row]
    revisions: list[Row]
    captures: list[Row]
    quality: list[Row]
    """What was measured of all tags: rows of `tag_quality`."""
    themes: list[Row]
    """The themes that occur, with what was measured of each."""
    about: dict[str, str]
    taxonomy: str | None
    """The taxonomy that the tags are of, as JSON, if the archive kept it."""


@contextmanager
def attached(paths: Paths) -> Iterator[sqlite3.Connection]:
    """The archive with the published copy beside it, as `published`."""
    with closing(open_archive(paths.database).conn) as archive:
        archive.execute("attach ? as published", [str(paths.published)])
        yield archive


def gather(archive: sqlite3.Connection, choice: Choice, *, masked: bool) -> Gathered:
    """The rows of the chosen posts, of their tags, their earlier versions, and the captures that prove them."""
    archive.execute("create temp table chosen (id integer primary key)")
    archive.executemany("insert into chosen values (?)", ((post,) for post in choice.posts))

    def rows(sql: str) -> list[Row]:
        return [dict(row) for row in archive.execute(sql)]

    posts = rows(MASKED_POSTS if masked else NAMED_POSTS)
    for post in posts:
        kind = post.pop("forum_kind")
        if not masked:
            post["url"] = addresses.at_source(kind, post["thread_url"], post["post"], post["number"])
    needed = NEEDED if masked else NEEDED + PICTURES
    schema = "published" if masked else "main"
    about = {row["key"]: row["value"] for row in rows("select key, value from published.about")}
    kept = archive.execute(
        "select content from main.taxonomies where version = ?", [about.get("taxonomy_version", "")]
    ).fetchone()
    return Gathered(
        choice.subject, masked, posts, rows(MASKED_TAGS if masked else NAMED_TAGS),
        rows(MASKED_REVISIONS if masked else NAMED_REVISIONS),
        rows(CAPTURES.format(schema=schema, needed=needed)),
        rows("select * from published.tag_quality where part = 'all'"), rows(THEMES), about, kept["content"] if kept else None,
    )  # fmt: skip


def by_post(rows: list[Row], key: Callable[[Row], int] = lambda row: row["post_id"]) -> dict[int, list[Row]]:
    """Rows grouped by the post that they are of."""
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups
