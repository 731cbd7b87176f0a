"""Posts, their revisions, paragraphs and tags, on their way into the published copy."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from publish import addresses
from publish.copying import Source, batches, fill
from publish.display import Display, Evidence
from publish.masking import Masked

# Code points of a paragraph that a row of `mentions` repeats.
PASSAGE = 600
POSTS = """
select o.id, p.id as old, p.thread_id as old_thread, n.id as thread_id, t.site_id, t.native_id as thread_native_id,
    t.url as thread_url, t.title, p.native_id, p.number, p.author_id, a.role, p.created_at, p.text, p.html, p.kind,
    p.action, p.state, p.state_since, p.reply_to_number, p.likes, p.first_seen_at, p.last_seen_at, p.capture_id,
    p.number = (select min(f.number) from posts f where f.thread_id = p.thread_id and f.kind = 'post') as opens
from post_ids o join posts p on p.id = o.old join threads t on t.id = p.thread_id
    join thread_ids n on n.old = t.id left join authors a on a.id = p.author_id
order by o.id
"""
COLUMNS = {
    "posts": "id, thread_id, site_id, native_id, number, author_id, role, created_at, month, title, text, html, kind,"
    " action, state, state_since, reply_to_number, likes, revisions, first_seen_at, last_seen_at, url, permalink,"
    " capture_id",
    "revisions": "id, post_id, observed_at, superseded_at, text, html, permalink, capture_id",
    "paragraphs": 'id, post_id, revision_id, position, kind, voice, start, "end"',
    "program_tags": "post_id, thread_id, paragraph_id, revision_id, program_id, how, evidence, evidence_in,"
    ' source_post_id, start, "end", rule, score, voice, month, site_id, run_id, url, permalink',
    "theme_tags": 'post_id, thread_id, paragraph_id, revision_id, theme_id, evidence, start, "end", rule, score, voice,'
    " month, site_id, run_id, url, permalink",
    "mentions": "post_id, thread_id, program_id, theme_id, how, voice, month, site_id, author_id, created_at,"
    " program_evidence, theme_evidence, passage, url, permalink, capture_id",
}


@dataclass(frozen=True)
class _Children:
    """What hangs on the posts of a batch, by post; tags by paragraph."""

    revisions: dict[int, list[sqlite3.Row]]
    paragraphs: dict[int, list[sqlite3.Row]]
    program_tags: dict[int, list[sqlite3.Row]]
    theme_tags: dict[int, list[sqlite3.Row]]
    links: dict[int, list[sqlite3.Row]]


def copy_posts(
    source: Source, out: sqlite3.Connection, authors: dict[int, int], progress: Callable[[int], None]
) -> None:
    """All posts in time order. `authors` gives the new id of each; `progress` is told how many posts are done."""
    copier = _Copier(source, out, authors)
    done = 0
    for posts in batches(source.archive.execute(POSTS)):
        copier.copy(posts)
        done += len(posts)
        progress(done)


class _Copier:
    def __init__(self, source: Source, out: sqlite3.Connection, authors: dict[int, int]) -> None:
        self._source = source
        self._out = out
        self._authors = authors
        self._displays = {site: Display(source.masker, site, base) for site, base in source.bases.items()}
        self._names = {
            kind: dict(out.execute(f"select id, name from {kind}s").fetchall()) for kind in ("program", "theme")
        }
        # A paragraph that others inherit from is mostly near: the opening post, the post that is quoted.
        self._elsewhere = lru_cache(maxsize=2048)(self._read_elsewhere)

    def copy(self, posts: Sequence[sqlite3.Row]) -> None:
        children = self._children([post["old"] for post in posts])
        rows: defaultdict[str, list[tuple[object, ...]]] = defaultdict(list)
        for post in posts:
            self._post(post, children, rows)
        for table, columns in COLUMNS.items():
            fill(self._out, f"{table} ({columns})", rows[table])

    def _children(self, ids: list[int]) -> _Children:
        marks = ", ".join("?" * len(ids))
        select = self._source.archive.execute

        def tags(table: str) -> Iterable[sqlite3.Row]:
            return select(
                f"select t.* from paragraphs p join {table} t on t.paragraph_id = p.id where p.post_id in ({marks})"
                " order by t.rowid",
                ids,
            )

        return _Children(
            _group("post_id", select(f"select * from revisions where post_id in ({marks}) order by id", ids)),
            _group("post_id", select(f"select * from paragraphs where post_id in ({marks}) order by id", ids)),
            _group("paragraph_id", tags("program_tags")),
            _group("paragraph_id", tags("theme_tags")),
            _group("post_id", select(
                "select l.post_id, l.url, h.site_id, h.native_id, l.target_number from links l"
                f" join threads h on h.id = l.target_thread_id where l.post_id in ({marks})", ids)),
        )  # fmt: skip

    def _post(
        self, post: sqlite3.Row, children: _Children, rows: defaultdict[str, list[tuple[object, ...]]]
    ) -> None:
        source, site, old = self._source, post["site_id"], post["old"]
        display = self._displays[site]
        held = {
            link["url"]: addresses.post(link["site_id"], link["native_id"], link["target_number"] or 1)
            for link in children.links.get(old, [])
        }
        permalink = addresses.post(site, post["thread_native_id"], post["number"], public_url=source.public_url)
        url = source.masker.url(
            site, addresses.at_source(source.kinds[site], post["thread_url"], post["native_id"], post["number"])
        )
        by_version: defaultdict[int | None, list[sqlite3.Row]] = defaultdict(list)
        for paragraph in children.paragraphs.get(old, []):
            by_version[paragraph["revision_id"]].append(paragraph)
        revisions = children.revisions.get(old, [])
        place = _Place(post, permalink, url)

        shown = display.show(post["text"], post["html"], self._evidence(by_version[None], children), held)
        rows["posts"].append((
            post["id"], post["thread_id"], site, post["native_id"], post["number"],
            self._authors.get(post["author_id"]), post["role"], post["created_at"], place.month,
            display.text(post["title"]) if post["opens"] else None, shown.text.text, shown.html, post["kind"],
            post["action"], post["state"], post["state_since"], post["reply_to_number"], post["likes"],
            len(revisions), post["first_seen_at"], post["last_seen_at"], url, permalink, post["capture_id"],
        ))  # fmt: skip
        self._tags(place, None, by_version[None], shown.text, children, rows)
        for revision in revisions:
            paragraphs = by_version[revision["id"]]
            shown = display.show(revision["text"], revision["html"], self._evidence(paragraphs, children), held)
            rows["revisions"].append((
                revision["id"], post["id"], revision["observed_at"], revision["superseded_at"], shown.text.text,
                shown.html, permalink, revision["capture_id"],
            ))  # fmt: skip
            self._tags(place, revision["id"], paragraphs, shown.text, children, rows)

    def _evidence(self, paragraphs: list[sqlite3.Row], children: _Children) -> tuple[Evidence, ...]:
        found = []
        for paragraph in paragraphs:
            for tag in children.program_tags.get(paragraph["id"], []):
                if tag["how"] == "named" and tag["start"] is not None and tag["end"] is not None:
                    name = self._names["program"][tag["program_id"]]
                    found.append(Evidence(tag["start"], tag["end"], "program", f"names {name}"))
            for tag in children.theme_tags.get(paragraph["id"], []):
                found.append(Evidence(tag["start"], tag["end"], "theme", self._names["theme"][tag["theme_id"]]))
        return tuple(found)

    def _tags(
        self,
        place: _Place,
        revision_id: int | None,
        paragraphs: list[sqlite3.Row],
        text: Masked,
        children: _Children,
        rows: defaultdict[str, list[tuple[object, ...]]],
    ) -> None:
        """The rows of a version's paragraphs and tags; those of the current version are mentions, too."""
        post = place.post
        for paragraph in paragraphs:
            key, voice = paragraph["id"], paragraph["voice"]
            rows["paragraphs"].append((
                key, post["id"], revision_id, paragraph["position"], paragraph["kind"], voice,
                *text.span(paragraph["start"], paragraph["end"]),
            ))  # fmt: skip
            programs: dict[str, tuple[str, str | None]] = {}
            for tag in children.program_tags.get(key, []):
                words, where, source_post, start, end = self._program_evidence(tag, text, post)
                rows["program_tags"].append((
                    post["id"], post["thread_id"], key, revision_id, tag["program_id"], tag["how"], words, where,
                    source_post, start, end, tag["rule"], tag["score"], voice, place.month, post["site_id"],
                    tag["run_id"], place.url, place.permalink,
                ))  # fmt: skip
                known = programs.get(tag["program_id"])
                if known is None or (known[0] != "named" and tag["how"] == "named"):
                    programs[tag["program_id"]] = (tag["how"], words)
            themes: dict[str, str] = {}
            for tag in children.theme_tags.get(key, []):
                start, end = text.span(tag["start"], tag["end"])
                words = text.text[start:end]
                themes.setdefault(tag["theme_id"], words)
                rows["theme_tags"].append((
                    post["id"], post["thread_id"], key, revision_id, tag["theme_id"], words, start, end, tag["rule"],
                    tag["score"], voice, place.month, post["site_id"], tag["run_id"], place.url, place.permalink,
                ))  # fmt: skip
            if revision_id is None and (programs or themes):
                passage = text.words(paragraph["start"], paragraph["end"])
                if len(passage) > PASSAGE:
                    passage = passage[: PASSAGE - 1] + "…"
                about: list[tuple[str | None, str | None, str | None]] = [(k, *v) for k, v in programs.items()]
                says: list[tuple[str | None, str | None]] = list(themes.items())
                for program_id, how, named in about or [(None, None, None)]:
                    for theme_id, carried in says or [(None, None)]:
                        rows["mentions"].append((
                            post["id"], post["thread_id"], program_id, theme_id, how, voice, place.month,
                            post["site_id"], self._authors.get(post["author_id"]), post["created_at"], named, carried,
                            passage, place.url, place.permalink, post["capture_id"],
                        ))  # fmt: skip

    def _program_evidence(
        self, tag: sqlite3.Row, text: Masked, post: sqlite3.Row
    ) -> tuple[str | None, str, int | None, int | None, int | None]:
        """(the words, where they stand, the post that has them, begin and end there) of a program tag."""
        if tag["how"] == "named":
            masked, where, source_post = text, "paragraph", post["id"]
        elif tag["source_paragraph_id"] is None:
            masked, where, source_post = self._source.masker.mask(post["site_id"], post["title"]), "title", None
        else:
            masked, source_post = self._elsewhere(tag["source_paragraph_id"])
            where = "post"
        if tag["start"] is None or tag["end"] is None:
            return None, where, source_post, None, None
        start, end = masked.span(tag["start"], tag["end"])
        return masked.text[start:end], where, source_post, start, end

    def _read_elsewhere(self, paragraph_id: int) -> tuple[Masked, int]:
        row = self._source.archive.execute(
            "select o.id, t.site_id, coalesce(r.text, p.text) as text from paragraphs g"
            " join posts p on p.id = g.post_id join post_ids o on o.old = p.id join threads t on t.id = p.thread_id"
            " left join revisions r on r.id = g.revision_id where g.id = ?",
            [paragraph_id],
        ).fetchone()
        return self._source.masker.mask(row["site_id"], row["text"]), row["id"]


@dataclass(frozen=True)
class _Place:
    """A post and its addresses."""

    post: sqlite3.Row
    permalink: str
    url: str

    @property
    def month(self) -> str | None:
        created_at: str | None = self.post["created_at"]
        return created_at[:7] if created_at else None


def _group(key: str, rows: Iterable[sqlite3.Row]) -> dict[int, list[sqlite3.Row]]:
    groups: defaultdict[int, list[sqlite3.Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return dict(groups)
