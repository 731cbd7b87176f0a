"""A small archive to tag. All text is synthetic."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlite_utils import Database

from archive.database import open_archive
from archive.markup import render

NOW = "2026-11-23T00:00:00Z"


class SmallArchive:
    """One forum, made thread by thread; every call is committed. The taxonomy knows none of the name `s`."""

    def __init__(self, path: Path, site: str = "s") -> None:
        self.db: Database = open_archive(path, create=True)
        self.site = site
        self.run(
            "insert into sites (id, kind, base_url, title, added_at) values (?, 'discourse', 'https://forum.example', 'Forum', ?)",
            site,
            NOW,
        )
        self.tag_run = self.run(
            "insert into runs (verb, settings, code_version, state, started_at) values ('tag', '{}', '1', 'running', ?)",
            NOW,
        )

    def run(self, sql: str, *values: object) -> int:
        with self.db.conn:
            return self.db.conn.execute(sql, values).lastrowid or 0

    def thread(self, title: str) -> int:
        number = self.db.execute("select count(*) from threads").fetchone()[0] + 1
        return self.run(
            "insert into threads (site_id, native_id, url, title, tags, state, first_seen_at, last_seen_at)"
            " values (?, ?, ?, ?, '[]', 'live', ?, ?)",
            self.site,
            str(number),
            f"https://forum.example/t/{number}",
            title,
            NOW,
            NOW,
        )

    def post(
        self,
        thread: int,
        number: int,
        html: str,
        *,
        author: str = "anna",
        role: str = "member",
        reply_to: int | None = None,
        kind: str = "post",
        at: str | None = None,
    ) -> int:
        html = html if html.startswith("<") or not html else f"<p>{html}</p>"
        self.run("insert or ignore into authors (site_id, name, role) values (?, ?, ?)", self.site, author, role)
        return self.run(
            "insert into posts (thread_id, native_id, number, author_id, text, html, digest, state, kind,"
            " reply_to_number, created_at, first_seen_at, last_seen_at)"
            " values (?, ?, ?, (select id from authors where name = ?), ?, ?, ?, 'present', ?, ?, ?, ?, ?)",
            thread,
            f"{thread}-{number}",
            number,
            author,
            render(html).text,
            html,
            digest(html),
            kind,
            reply_to,
            at,
            NOW,
            NOW,
        )

    def edit(self, post: int, html: str) -> None:
        """A new version of a post; the old one becomes a revision."""
        html = f"<p>{html}</p>"
        self.run(
            "insert into revisions (post_id, observed_at, superseded_at, text, html, digest)"
            " select id, ?, ?, text, html, digest from posts where id = ?",
            NOW,
            NOW,
            post,
        )
        self.run(
            "update posts set text = ?, html = ?, digest = ? where id = ?",
            render(html).text,
            html,
            digest(html),
            post,
        )

    def tags(self) -> list[tuple[object, ...]]:
        """Everything that tagging wrote, without row ids: comparable between archives."""
        place = "select p.thread_id || '/' || p.number || '/' || coalesce(g.revision_id, '') || '/' || g.position"
        rows: list[tuple[object, ...]] = []
        for sql in (
            f"""{place}, g.kind, g.voice, g.voice_rule, g.voice_evidence, g.source, g.start, g."end" from paragraphs g
                join posts p on p.id = g.post_id""",
            f"""{place}, t.program_id, t.how, t.start, t."end", t.rule, t.score,
                (select p2.number || '/' || s.position from paragraphs s join posts p2 on p2.id = s.post_id
                 where s.id = t.source_paragraph_id)
                from program_tags t join paragraphs g on g.id = t.paragraph_id join posts p on p.id = g.post_id""",
            f"""{place}, t.theme_id, t.start, t."end", t.rule, t.score
                from theme_tags t join paragraphs g on g.id = t.paragraph_id join posts p on p.id = g.post_id""",
            f"""{place}, d.start, d."end", d.date_from, d.date_to, d.precision, d.rule
                from dates d join paragraphs g on g.id = d.paragraph_id join posts p on p.id = g.post_id""",
            f"""{place}, r.start, r."end", r.kind, r.site_id, r.target_native_id, r.date_from, r.date_to,
                r.target_thread_id, r.state, r.rule
                from thread_references r join paragraphs g on g.id = r.paragraph_id join posts p on p.id = g.post_id""",
            "select post_id, digest, context_digest, taxonomy_version, code_version, words_digest from tagged_posts",
        ):
            rows += sorted(map(tuple, self.db.execute(sql).fetchall()), key=repr)
        return rows

    def programs(self, post: int) -> list[tuple[str, str]]:
        """Program and how, of the current version of a post."""
        return [
            tuple(row)
            for row in self.db.execute(
                "select t.program_id, t.how from program_tags t join paragraphs g on g.id = t.paragraph_id"
                " where g.post_id = ? and g.revision_id is null order by g.position, t.rowid",
                (post,),
            )
        ]

    def themes(self, post: int) -> list[tuple[str, str]]:
        """Theme and the words that are its evidence, of the current version of a post."""
        return [
            tuple(row)
            for row in self.db.execute(
                """select t.theme_id, substr(p.text, t.start + 1, t."end" - t.start) from theme_tags t
                join paragraphs g on g.id = t.paragraph_id join posts p on p.id = g.post_id
                where g.post_id = ? and g.revision_id is null order by g.position, t.start""",
                (post,),
            )
        ]


def digest(html: str) -> str:
    return hashlib.sha256(html.encode()).hexdigest()
