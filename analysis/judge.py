"""What the tagger says of labelled threads: they are put into an archive of their own, and `tag_archive` tags it.

So labelled paragraphs take the very road of crawled ones, and their labels stay behind.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser
from sqlite_utils import Database

from analysis.labelled import LabelledParagraph, LabelledThread
from analysis.tag import tag_archive
from archive.database import open_archive
from archive.markup import render
from taxonomy.model import Taxonomy

NOW = "2000-01-01T00:00:00Z"


@dataclass(frozen=True)
class Tag:
    """A tag of a judged paragraph. `also`: the other rules that find it; `how` is `named`, `described` or `inherited` for
    programs, empty for themes."""

    id: str
    rule: str
    score: float
    also: frozenset[str]
    how: str = ""


@dataclass(frozen=True)
class Judged:
    """A labelled paragraph, and what the tagger says of it."""

    thread: LabelledThread
    paragraph: LabelledParagraph
    text: str
    voice: str
    programs: tuple[Tag, ...]
    themes: tuple[Tag, ...]

    @property
    def stated_ids(self) -> frozenset[str]:
        """The programs that the paragraph's own words name or describe: what labels call named."""
        return frozenset(tag.id for tag in self.programs if tag.how != "inherited")

    @property
    def inherited_ids(self) -> frozenset[str]:
        return frozenset(tag.id for tag in self.programs if tag.how == "inherited")

    @property
    def theme_ids(self) -> frozenset[str]:
        return frozenset(tag.id for tag in self.themes)


def judge(threads: Sequence[LabelledThread], taxonomy: Taxonomy) -> list[Judged]:
    """Tag the threads with the project's tagger, and give the result paragraph by paragraph, in their order."""
    with tempfile.TemporaryDirectory() as folder:
        db = open_archive(Path(folder) / "labelled.db", create=True)
        try:
            with db.atomic():
                run_id, places = _store(db, threads)
            tag_archive(db, taxonomy, run_id=run_id)
            return [
                entry for thread, posts in zip(threads, places, strict=True) for entry in _judged(db, thread, posts)
            ]
        finally:
            db.close()


# The row id of a post, and where each of its labelled paragraphs stands in its text.
Places = list[tuple[int, list[tuple[int, int]]]]


def _store(db: Database, threads: Sequence[LabelledThread]) -> tuple[int, list[Places]]:
    execute = db.conn.execute
    db.conn.executemany(
        "insert into sites (id, kind, base_url, title, added_at) values (?, 'labelled', ?, '', ?)",
        [(forum, forum, NOW) for forum in sorted({thread.forum for thread in threads})],
    )
    run_id = execute(
        "insert into runs (verb, settings, code_version, state, started_at) values ('tag', '{}', '', 'running', ?)",
        (NOW,),
    ).lastrowid
    stored = []
    for number, thread in enumerate(threads):
        thread_id = execute(
            "insert into threads (site_id, native_id, url, title, tags, state, first_seen_at, last_seen_at)"
            " values (?, ?, '', ?, '[]', 'live', ?, ?)",
            (thread.forum, str(number), thread.title, NOW, NOW),
        ).lastrowid
        places: Places = []
        for place, post in enumerate(thread.posts):
            html = "\n".join(paragraph.html for paragraph in post.paragraphs)
            text = render(html).text
            execute(
                "insert or ignore into authors (site_id, name, role) values (?, ?, ?)",
                (thread.forum, post.author, post.role),
            )
            post_id = execute(
                "insert into posts (thread_id, native_id, number, author_id, created_at, text, html, digest, state, kind,"
                " reply_to_number, first_seen_at, last_seen_at)"
                " values (?, ?, ?, (select id from authors where site_id = ? and name = ?), ?, ?, ?, ?, 'present', 'post',"
                " ?, ?, ?)",
                (
                    thread_id,
                    f"{number}-{place}",
                    post.number,
                    thread.forum,
                    post.author,
                    post.created_at,
                    text,
                    html,
                    hashlib.sha256(html.encode("utf-8", "surrogatepass")).hexdigest(),
                    post.reply_to,
                    NOW,
                    NOW,
                ),
            ).lastrowid
            assert post_id is not None
            db.conn.executemany(
                "insert into links (post_id, url, kind, title, state) values (?, ?, 'link', ?, 'unknown')",
                [(post_id, *link) for link in _links(html)],
            )
            places.append((post_id, _spans(post.paragraphs, text)))
        stored.append(places)
    assert run_id is not None
    return run_id, stored


def _links(html: str) -> list[tuple[str, str]]:
    """Address and words of each link, as the crawler enters them."""
    found = LexborHTMLParser(html).css("a[href]") if "<a " in html else []
    return [(node.attributes["href"] or "", " ".join(node.text().split())) for node in found]


def _spans(paragraphs: Iterable[LabelledParagraph], text: str) -> list[tuple[int, int]]:
    """Where each paragraph stands in the post's text; an empty span for one without words."""
    spans = []
    place = 0
    for paragraph in paragraphs:
        words = render(paragraph.html).text
        start = text.find(words, place) if words else place
        # Rendering by itself and in company may differ in broken markup: then it keeps its place and has no words.
        place = start + len(words) if start >= 0 else place
        spans.append((max(start, 0), place) if start >= 0 else (place, place))
    return spans


def _judged(db: Database, thread: LabelledThread, places: Places) -> Iterable[Judged]:
    for post, (post_id, spans) in zip(thread.posts, places, strict=True):
        text: str = db.conn.execute("select text from posts where id = ?", (post_id,)).fetchone()[0]
        found = db.conn.execute(
            'select id, voice, start, "end" from paragraphs where post_id = ? and revision_id is null order by position',
            (post_id,),
        ).fetchall()
        programs, themes = {}, {}
        for row in found:
            programs[row["id"]] = db.conn.execute(
                "select program_id, rule, score, also, how from program_tags where paragraph_id = ? order by rowid",
                (row["id"],),
            ).fetchall()
            themes[row["id"]] = db.conn.execute(
                "select theme_id, rule, score, also from theme_tags where paragraph_id = ? order by rowid", (row["id"],)
            ).fetchall()
        for paragraph, (start, end) in zip(post.paragraphs, spans, strict=True):
            # One labelled paragraph may be several to the tagger (empty lines in it), and the other way round (a list).
            pieces = [row for row in found if row["start"] < end and start < row["end"]]
            tags = [_tag(*row) for piece in pieces for row in programs[piece["id"]]]
            stated = {tag.id for tag in tags if tag.how != "inherited"}
            longest = max(pieces, key=lambda row: min(end, row["end"]) - max(start, row["start"]), default=None)
            yield Judged(
                thread,
                paragraph,
                text[start:end],
                longest["voice"] if longest else "",
                tuple(tag for tag in tags if tag.how != "inherited" or tag.id not in stated),
                tuple(_tag(*row) for piece in pieces for row in themes[piece["id"]]),
            )


def _tag(subject: str, rule: str, score: float, also: str | None, how: str = "") -> Tag:
    return Tag(subject, rule, score, frozenset(also.split(", ")) if also else frozenset(), how)
