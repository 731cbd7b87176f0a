"""Posts, their revisions, paragraphs and tags, on their way into the published copy."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from typing import Any

from publish import addresses, pictures
from publish.changes import changes
from publish.copying import Source, batches, fill
from publish.display import Display, Evidence, Target
from publish.labels import but, token
from publish.masking import Masked, Masker
from publish.names import Names
from publish.wording import HOWS
from publish.words import Words

# Code points of a paragraph that a row of `mentions` repeats.
PASSAGE = 600
# The rule of a tag on which a person decided.
DECIDED = "review"
# The rule of a voice that goes by the author's name.
BY_NAME = "handle"
# From so many posts on it pays to start further processes.
MANY = 5000
POSTS = """
select o.id, p.id as old, p.thread_id as old_thread, n.id as thread_id, t.site_id, t.native_id as thread_native_id,
    t.url as thread_url, t.title, p.native_id, p.number, p.author_id, a.role, p.created_at, p.text, p.html, p.kind,
    p.action, p.state, p.state_since, p.reply_to_number, p.likes, p.first_seen_at, p.last_seen_at, p.capture_id,
    t.state as thread_state,
    p.number = (select min(f.number) from posts f where f.thread_id = p.thread_id and f.kind = 'post') as opens,
    k.id as copy_of
from post_ids o join posts p on p.id = o.old join threads t on t.id = p.thread_id
    join thread_ids n on n.old = t.id left join authors a on a.id = p.author_id
    left join copies c on c.post_id = p.id left join post_ids k on k.old = c.first_id
order by o.id
"""
COLUMNS = {
    "posts": "id, thread_id, site_id, native_id, number, author_id, role, created_at, month, labels, title, text, html,"
    " kind, action, state, state_since, reply_to_number, likes, revisions, copy_of, first_seen_at, last_seen_at, url, permalink,"
    " capture_id",
    "revisions": "id, post_id, observed_at, superseded_at, text, html, changes, permalink, capture_id",
    "paragraphs": 'id, post_id, revision_id, position, kind, source, voice, voice_rule, voice_evidence, start, "end"',
    "program_tags": "post_id, thread_id, paragraph_id, revision_id, program_id, how, evidence, evidence_in,"
    ' evidence_how, source_post_id, start, "end", rule, also, score, voice, month, site_id, run_id, url, permalink',
    "theme_tags": 'post_id, thread_id, paragraph_id, revision_id, theme_id, evidence, start, "end", rule, also, score, because,'
    " voice, month, site_id, run_id, url, permalink",
    "mentions": "post_id, thread_id, program_id, theme_id, how, voice, month, site_id, author_id, created_at,"
    " program_evidence, theme_evidence, passage, early, url, permalink, capture_id",
}

TEXT = COLUMNS["posts"].split(", ").index("text")

Values = dict[str, Any]
Rows = dict[str, list[tuple[object, ...]]]


@dataclass(frozen=True)
class _Batch:
    """Posts and what hangs on them: by post, tags by paragraph. `elsewhere` are texts of other posts that tags are
    inherited from, by paragraph: thread, forum, text, new id of the post; `naming` those paragraphs with the programs
    that they name."""

    posts: list[Values]
    revisions: dict[int, list[Values]]
    paragraphs: dict[int, list[Values]]
    program_tags: dict[int, list[Values]]
    theme_tags: dict[int, list[Values]]
    links: dict[int, list[Values]]
    elsewhere: dict[int, tuple[int, str, str, int]]
    naming: frozenset[tuple[int, str]]
    pictures: dict[int, dict[str, str]]


def copy_posts(
    source: Source,
    out: sqlite3.Connection,
    authors: dict[int, int],
    words: Words,
    progress: Callable[[int], None],
    *,
    workers: int | None = None,
) -> None:
    """All posts in time order, their words counted in `words`.

    `authors` gives the new id of each; `progress` is told how many posts are done.

    Masking and marking are work for processors: in a large archive so many `workers` do it (None: one a processor).
    What comes out is the same with any number.
    """
    names = {kind: dict(out.execute(f"select id, name from {kind}s").fetchall()) for kind in ("program", "theme")}
    begins = dict(out.execute("select id, spoken_of_from from programs where spoken_of_from is not null").fetchall())
    maker = _Maker(source.masker.names, source.kinds, source.bases, source.public_url, authors, names, begins)
    read = (_read(source, posts) for posts in batches(source.archive.execute(POSTS)))
    total = source.archive.execute("select count(*) from posts").fetchone()[0]
    done = 0
    for count, (rows, used) in _made(maker, read, workers or (_processors() if total >= MANY else 1)):
        for table, columns in COLUMNS.items():
            fill(out, f"{table} ({columns})", rows[table])
        words.join(used)
        done += count
        progress(done)


def _made(maker: _Maker, read: Iterator[_Batch], workers: int) -> Iterator[tuple[int, tuple[Rows, Words]]]:
    """The rows of each batch, in order, made by so many processes."""
    if workers == 1:
        for batch in read:
            yield len(batch.posts), maker.make(batch)
        return
    # Started afresh: a process that is copied while it has threads can hang.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(maker,)) as pool:
        waiting: deque[tuple[int, Future[tuple[Rows, Words]]]] = deque()
        for batch in read:
            waiting.append((len(batch.posts), pool.submit(_work, batch)))
            if len(waiting) > 2 * workers:
                count, future = waiting.popleft()
                yield count, future.result()
        for count, future in waiting:
            yield count, future.result()


def _begin(maker: _Maker) -> None:
    _here.append(maker)


def _work(batch: _Batch) -> tuple[Rows, Words]:
    return _here[0].make(batch)


def _processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read(source: Source, posts: Sequence[sqlite3.Row]) -> _Batch:
    ids = [post["old"] for post in posts]
    marks = ", ".join("?" * len(ids))
    select = source.archive.execute

    def tags(table: str) -> list[sqlite3.Row]:
        return select(
            f"select t.* from paragraphs p join {table} t on t.paragraph_id = p.id where p.post_id in ({marks})"
            " order by t.rowid",
            ids,
        ).fetchall()

    program_tags = tags("program_tags")
    sources = sorted({tag["source_paragraph_id"] for tag in program_tags if tag["source_paragraph_id"] is not None})
    marks_of_sources = ", ".join("?" * len(sources))
    naming = select(
        f"select paragraph_id, program_id from program_tags where how = 'named' and paragraph_id in ({marks_of_sources})",
        sources,
    )
    elsewhere = select(
        "select g.id as paragraph, t.id as thread, t.site_id, coalesce(r.text, p.text) as text, o.id from paragraphs g"
        " join posts p on p.id = g.post_id join post_ids o on o.old = p.id join threads t on t.id = p.thread_id"
        f" left join revisions r on r.id = g.revision_id where g.id in ({marks_of_sources})",
        sources,
    )
    return _Batch(
        [dict(post) for post in posts],
        _group("post_id", select(f"select * from revisions where post_id in ({marks}) order by observed_at, id", ids)),
        _group("post_id", select(f"select * from paragraphs where post_id in ({marks}) order by id", ids)),
        _group("paragraph_id", program_tags),
        _group("paragraph_id", tags("theme_tags")),
        _group("post_id", select(
            "select l.post_id, l.url, l.state, l.target_site_id, l.target_native_id, h.site_id, h.native_id, l.target_number"
            " from links l"
            " left join threads h on h.id = l.target_thread_id"
            f" where l.state != 'outside' and l.post_id in ({marks})", ids)),
        {row["paragraph"]: (row["thread"], row["site_id"], row["text"], row["id"]) for row in elsewhere},
        frozenset((row["paragraph_id"], row["program_id"]) for row in naming),
        pictures.of_posts(source.archive, ids),
    )  # fmt: skip


class _Maker:
    """Makes the published rows of posts. Nothing but what it is given is looked at, so any process can do it."""

    def __init__(
        self,
        people: Names,
        kinds: dict[str, str],
        bases: dict[str, str],
        public_url: str,
        authors: dict[int, int],
        names: dict[str, dict[str, str]],
        begins: dict[str, str],
    ) -> None:
        self._given = (people, kinds, bases, public_url, authors, names, begins)
        self._masker = Masker(people)
        self._kinds, self._bases, self._public_url = kinds, bases, public_url
        self._authors, self._names, self._begins = authors, names, begins
        self._displays = {site: Display(self._masker, site, base) for site, base in bases.items()}
        # A title or a paragraph that others inherit from is mostly near: the opening post, the post that is quoted.
        self._mask = lru_cache(maxsize=2048)(self._mask_within)

    def __reduce__(self) -> tuple[type[_Maker], tuple[object, ...]]:
        # What looks for names in texts cannot be sent to another process; what it is made from can.
        return _Maker, self._given

    def _mask_within(self, thread_id: int, site_id: str, text: str) -> Masked:
        return self._masker.within(thread_id).mask(site_id, text)

    def make(self, batch: _Batch) -> tuple[Rows, Words]:
        """Rows by table, in the order of the posts, and the words of the posts, counted."""
        rows: defaultdict[str, list[tuple[object, ...]]] = defaultdict(list)
        for post in batch.posts:
            self._post(post, batch, rows)
        words = Words()
        for row in rows["posts"]:
            words.add(str(row[TEXT]))
        return {table: rows[table] for table in COLUMNS}, words

    def _post(self, post: Values, children: _Batch, rows: defaultdict[str, list[tuple[object, ...]]]) -> None:
        site, old = post["site_id"], post["old"]
        masker = self._masker.within(post["old_thread"])
        display = self._displays[site] if masker is self._masker else Display(masker, site, self._bases[site])
        targets = {
            link["url"]: Target(
                link["state"],
                addresses.post(link["site_id"], link["native_id"], link["target_number"] or 1)
                if link["native_id"] else None,
                addresses.reference(link["target_site_id"], link["target_native_id"]) if link["target_native_id"] else None,
            )
            for link in children.links.get(old, [])
        }  # fmt: skip
        permalink = addresses.post(site, post["thread_native_id"], post["number"], public_url=self._public_url)
        url = masker.url(
            site, addresses.at_source(self._kinds[site], post["thread_url"], post["native_id"], post["number"])
        )
        by_version: defaultdict[int | None, list[Values]] = defaultdict(list)
        for paragraph in children.paragraphs.get(old, []):
            by_version[paragraph["revision_id"]].append(paragraph)
        revisions = children.revisions.get(old, [])
        place = _Place(post, masker, permalink, url)

        current = display.show(
            post["text"], post["html"], self._evidence(by_version[None], children), targets,
            self._tagged(by_version[None], children), children.pictures.get(old),
        )  # fmt: skip
        labels = self._labels(post, place, by_version[None], children)
        rows["posts"].append((
            post["id"], post["thread_id"], site, post["native_id"], post["number"],
            self._authors.get(post["author_id"]), post["role"], post["created_at"], place.month, labels,
            display.text(post["title"]) if post["opens"] else None, current.text.text, current.html, post["kind"],
            post["action"], post["state"], post["state_since"], post["reply_to_number"], post["likes"],
            len(revisions), post["copy_of"], post["first_seen_at"], post["last_seen_at"], url, permalink, post["capture_id"],
        ))  # fmt: skip
        self._tags(place, None, by_version[None], post["text"], current.text, children, rows)
        # The newest first, each held against what took its place.
        replaced_by = current.text.text
        for revision in reversed(revisions):
            paragraphs = by_version[revision["id"]]
            shown = display.show(revision["text"], revision["html"], self._evidence(paragraphs, children), targets)
            rows["revisions"].append((
                revision["id"], post["id"], revision["observed_at"], revision["superseded_at"], shown.text.text,
                shown.html, changes(shown.text.text, replaced_by), permalink, revision["capture_id"],
            ))  # fmt: skip
            replaced_by = shown.text.text
            self._tags(place, revision["id"], paragraphs, revision["text"], shown.text, children, rows)

    def _tagged(self, paragraphs: list[Values], children: _Batch) -> tuple[tuple[int, int, int], ...]:
        return tuple(
            (paragraph["position"], paragraph["start"], paragraph["end"]) for paragraph in paragraphs
            if paragraph["id"] in children.program_tags or paragraph["id"] in children.theme_tags
        )  # fmt: skip

    def _labels(self, post: Values, place: _Place, paragraphs: list[Values], children: _Batch) -> str:
        """What a search can be narrowed to; nothing for an action without words, which is no result of a search."""
        if not post["text"]:
            return ""
        found = {("site", post["site_id"]), ("state", post["thread_state"]), ("post", post["kind"])}
        if place.month:
            found.add(("year", place.month[:4]))
        if post["state"] != "present":
            found.add(("state", post["state"]))
        hows: defaultdict[str, set[str]] = defaultdict(set)
        for paragraph in paragraphs:
            for tag in children.program_tags.get(paragraph["id"], []):
                hows[tag["program_id"]].add(tag["how"])
                found |= {("program", tag["program_id"]), ("how", tag["how"])}
            found |= {("theme", tag["theme_id"]) for tag in children.theme_tags.get(paragraph["id"], [])}
            found.add(("voice", paragraph["voice"]))
        return " ".join(token(kind, value) for kind, value in sorted(found | but(hows)))

    def _evidence(self, paragraphs: list[Values], children: _Batch) -> tuple[Evidence, ...]:
        found = []
        for paragraph in paragraphs:
            for tag in children.program_tags.get(paragraph["id"], []):
                if tag["how"] != "inherited" and tag["start"] is not None and tag["end"] is not None:
                    name = self._names["program"][tag["program_id"]]
                    found.append(
                        Evidence(
                            tag["start"],
                            tag["end"],
                            "program",
                            f"{'names' if tag['how'] == 'named' else 'describes'} {name}",
                        )
                    )
            for tag in children.theme_tags.get(paragraph["id"], []):
                found.append(Evidence(tag["start"], tag["end"], "theme", self._names["theme"][tag["theme_id"]]))
        return tuple(found)

    def _tags(
        self,
        place: _Place,
        revision_id: int | None,
        paragraphs: list[Values],
        original: str,
        text: Masked,
        children: _Batch,
        rows: defaultdict[str, list[tuple[object, ...]]],
    ) -> None:
        """The rows of a version's paragraphs and tags; those of the current version are mentions, too.

        `text` is `original`, masked.
        """
        post = place.post
        for paragraph in paragraphs:
            key, voice = paragraph["id"], paragraph["voice"]
            rows["paragraphs"].append((
                key, post["id"], revision_id, paragraph["position"], paragraph["kind"],
                _quoted(place, paragraph["source"]), voice, paragraph["voice_rule"],
                _voice_evidence(place, paragraph, original, text), *text.span(paragraph["start"], paragraph["end"]),
            ))  # fmt: skip
            programs: dict[str, tuple[str, str | None]] = {}
            early: set[str] = set()
            for tag in children.program_tags.get(key, []):
                words, where, source_post, start, end = self._program_evidence(tag, text, post, children)
                rows["program_tags"].append((
                    post["id"], post["thread_id"], key, revision_id, tag["program_id"], tag["how"], words, where,
                    _evidence_how(tag, children), source_post, start, end, tag["rule"], tag["also"], tag["score"], voice, place.month, post["site_id"],
                    tag["run_id"], place.url, place.permalink,
                ))  # fmt: skip
                if (post["created_at"] or "~") < self._begins.get(tag["program_id"], "") and tag["rule"] != DECIDED:
                    early.add(tag["program_id"])
                known = programs.get(tag["program_id"])
                if known is None or HOWS.index(tag["how"]) < HOWS.index(known[0]):
                    programs[tag["program_id"]] = (tag["how"], words)
            themes: dict[str, str] = {}
            for tag in children.theme_tags.get(key, []):
                start, end = text.span(tag["start"], tag["end"])
                words = text.text[start:end]
                themes.setdefault(tag["theme_id"], words)
                because = None
                if tag.get("because"):
                    because = place.masker.text(post["site_id"], tag["because"])
                rows["theme_tags"].append((
                    post["id"], post["thread_id"], key, revision_id, tag["theme_id"], words, start, end, tag["rule"],
                    tag["also"], tag["score"], because, voice, place.month, post["site_id"], tag["run_id"], place.url,
                    place.permalink,
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
                            passage, program_id in early, place.url, place.permalink, post["capture_id"],
                        ))  # fmt: skip

    def _program_evidence(
        self, tag: Values, text: Masked, post: Values, children: _Batch
    ) -> tuple[str | None, str, int | None, int | None, int | None]:
        """(the words, where they stand, the post that has them, begin and end there) of a program tag."""
        if tag["how"] != "inherited":
            masked, where, source_post = text, "paragraph", post["id"]
        elif tag["source_paragraph_id"] is None:
            masked, where, source_post = self._mask(post["old_thread"], post["site_id"], post["title"]), "title", None
        else:
            thread, site, words, source_post = children.elsewhere[tag["source_paragraph_id"]]
            masked, where = self._mask(thread, site, words), "post"
        if tag["start"] is None or tag["end"] is None:
            return None, where, source_post, None, None
        start, end = masked.span(tag["start"], tag["end"])
        return masked.text[start:end], where, source_post, start, end


def _evidence_how(tag: Values, children: _Batch) -> str:
    """What the words of a program tag do where they stand: name the program, or describe it. Titles only name."""
    if tag["how"] != "inherited":
        return str(tag["how"])
    source = tag["source_paragraph_id"]
    return "named" if source is None or (source, tag["program_id"]) in children.naming else "described"


def _voice_evidence(place: _Place, paragraph: Values, original: str, text: Masked) -> str | None:
    """What decided a paragraph's voice. Words are those that stand in the published text where the archive's stood: half
    an address by itself would not be known for one."""
    evidence: str | None = paragraph["voice_evidence"]
    if evidence is None or evidence in (place.post["role"], paragraph["kind"]):
        return evidence
    if paragraph["voice_rule"] == BY_NAME:
        return place.masker.person(place.post["site_id"], evidence)
    found = [(original.find(words), len(words)) for words in evidence.split("\n")]
    return "\n".join(text.words(start, start + length) for start, length in found if start >= 0) or None


def _quoted(place: _Place, source: str | None) -> str | None:
    """The source of a quotation. Its markup is anybody's, so that each part can hold a name."""
    if source is None:
        return None
    masker, site = place.masker, place.post["site_id"]
    shown = {
        key: masker.person(site, value) if key == "username" else masker.text(site, value)
        for key, value in json.loads(source).items()
    }
    return json.dumps(shown, ensure_ascii=False)


# In a process that was started to make rows: what makes them.
_here: list[_Maker] = []


@dataclass(frozen=True)
class _Place:
    """A post, its addresses, and the masker for what is written in its thread."""

    post: Values
    masker: Masker
    permalink: str
    url: str

    @property
    def month(self) -> str | None:
        created_at: str | None = self.post["created_at"]
        return created_at[:7] if created_at else None


def _group(key: str, rows: Iterable[sqlite3.Row]) -> dict[int, list[Values]]:
    groups: defaultdict[int, list[Values]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(dict(row))
    return dict(groups)
