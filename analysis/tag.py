"""Tagging the archive: each post that changed, or whose context did, in one transaction a thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from sqlite3 import Connection, Row

from sqlite_utils import Database

from analysis import references, retag, store
from analysis.model import version as model_version
from analysis.pointers import Pointers
from analysis.programs import ThreadState
from analysis.review import decisions
from analysis.review_queue import enqueue
from analysis.summaries import summarise
from analysis.tagger import Read, Tagged, Tagger, own_words
from analysis.topic import Evidence
from taxonomy.model import Taxonomy
from taxonomy.names import Context
from taxonomy.normalise import fold

# Raised with every change of this package or of the matching of names that can change a tag: posts are tagged again.
# The model counts as code.
CODE_VERSION = f"12+{model_version()}"
# So many paragraphs are read before they are tagged.
AHEAD = 64


@dataclass(frozen=True)
class TagCounts:
    """What a tag run did. `posts` were read and tagged (`revisions` of them beside); the others had not changed."""

    threads: int = 0
    posts: int = 0
    revisions: int = 0
    paragraphs: int = 0
    named: int = 0
    described: int = 0
    inherited: int = 0
    themes: int = 0
    threads_in_all: int = 0


@dataclass(frozen=True, eq=False)
class Version:
    """A post as it stands or, with a `revision_id`, as it stood."""

    post: Row
    revision_id: int | None
    html: str
    text: str
    link_titles: Collection[str]


def tag_archive(
    db: Database,
    taxonomy: Taxonomy,
    *,
    run_id: int,
    all_posts: bool = False,
    progress: Callable[[TagCounts], None] | None = None,
) -> TagCounts:
    """Tag what changed since the last run: text, context, taxonomy or tagger; everything if `all_posts`.

    A post's tags are the same whether it is tagged now or with all others. Each thread is one transaction, so an
    interrupted run loses at most one thread's work. The caller holds the archive's write lock and made the run.
    `progress` is told after every thread; `threads_in_all` is how many this run has to do.
    """
    connection = db.conn
    made_with = (taxonomy.version, CODE_VERSION)
    with db.atomic():
        retag.remember(connection, taxonomy)
        if not all_posts:
            retag.spare(connection, taxonomy, CODE_VERSION)
        counts = TagCounts(threads_in_all=store.list_stale(connection, made_with, everything=all_posts))
    tagger, pointers = Tagger(taxonomy), Pointers(taxonomy)
    for stale in store.stale_threads(connection):
        with db.atomic():
            counts = _thread(connection, tagger, pointers, stale, made_with, run_id, counts)
        if progress is not None:
            progress(counts)
    with db.atomic():
        references.resolve(connection, taxonomy)
        summarise(connection, taxonomy)
        enqueue(connection, taxonomy)
    return counts


def _thread(
    connection: Connection,
    tagger: Tagger,
    pointers: Pointers,
    stale: store.Stale,
    made_with: tuple[str, str],
    run_id: int,
    counts: TagCounts,
) -> TagCounts:
    site_id, native_id = store.place(connection, stale.thread_id)
    store.forget_tags(connection, stale)
    title, opening = store.opening(connection, stale.thread_id)
    state = _before(connection, tagger, stale, title)
    surroundings = Context.of(title, opening)
    sellers = site_id in tagger.sellers
    digests = store.contexts(connection, stale.thread_id)
    next_id = store.next_paragraph_id(connection)
    for version, read in groupby(_read_ahead(connection, tagger, stale, surroundings, sellers), itemgetter(0)):
        post = version.post
        links = store.thread_links(connection, post["id"])
        tagged, state_after = tagger.post(
            (paragraph for _, paragraph in read if paragraph is not None),
            context=replace(surroundings, known=state.known),
            sellers=sellers,
            marketplace=tagger.marketplaces.get(site_id, ""),
            thread=native_id,
            state=state,
            first_id=next_id,
            about=partial(_about, connection, stale.thread_id, post),
            decided=decisions(connection, post["id"]),
        )
        store.insert(connection, post["id"], version.revision_id, next_id, tagged, run_id)
        pointed = pointers.find(
            tagged,
            version.text,
            posted=post["created_at"],
            site_id=site_id,
            links=[link for link in links if not link.title or link.title in version.link_titles],
        )
        store.insert_pointers(connection, next_id, pointed, run_id)
        counts = _counted(counts, tagged, version.revision_id is not None)
        next_id += len(tagged)
        if version.revision_id is None:
            state = state_after
            store.insert_tagged(
                connection,
                post["id"],
                post["digest"],
                next(digest for post_id, digest in digests if post_id == post["id"]),
                made_with,
                run_id,
                own_words(post["text"], tagged),
                state.topic,
            )
    return replace(counts, threads=counts.threads + 1)


def _read_ahead(
    connection: Connection, tagger: Tagger, stale: store.Stale, context: Context, sellers: bool
) -> Iterator[tuple[Version, Read | None]]:
    """Each version of each post, with None, and then with its paragraphs one by one. On a forum of sellers the encoder begins
    with what is worth reading some paragraphs before they are tagged; elsewhere few turn out to need it."""
    waiting: deque[tuple[Version, Read | None]] = deque()
    for version in _versions(connection, stale):
        waiting.append((version, None))
        for paragraph in tagger.read(
            version.html,
            version.text,
            author=version.post["name"] or "",
            role=version.post["role"] or "",
            link_titles=version.link_titles,
            title=context.title.text,
        ):
            if sellers and paragraph.reading is not None:
                paragraph.reading.begin()
            waiting.append((version, paragraph))
            while len(waiting) > AHEAD:
                yield waiting.popleft()
    while waiting:
        yield waiting.popleft()


def _versions(connection: Connection, stale: store.Stale) -> Iterator[Version]:
    """The posts in order, each after its earlier versions, oldest first."""
    for post in store.posts_from(connection, stale):
        for revision in store.revisions(connection, post["id"]):
            html = revision["html"]
            yield Version(post, revision["id"], html, revision["text"], store.link_titles_in(html))
        yield Version(post, None, post["html"], post["text"], store.link_titles(connection, post["id"]))


def _before(connection: Connection, tagger: Tagger, stale: store.Stale, title: str) -> ThreadState:
    """The state of the thread before its first stale post, from what is tagged already."""
    state = tagger.opening(tagger.names.find_folded(fold(title), Context.of(title)))
    topic = store.topic_before(connection, stale)
    return state if topic is None else replace(state, known=store.known_before(connection, stale), topic=topic)


def _about(connection: Connection, thread_id: int, post: Row, number: int | None) -> list[Evidence]:
    wanted = post["reply_to_number"] if number is None else number
    return store.about(connection, thread_id, wanted, (post["number"], post["id"])) if wanted else []


def _counted(counts: TagCounts, tagged: list[Tagged], revision: bool) -> TagCounts:
    ways = [tag.how for paragraph in tagged for tag in paragraph.programs]
    return replace(
        counts,
        posts=counts.posts + (not revision),
        revisions=counts.revisions + revision,
        paragraphs=counts.paragraphs + len(tagged),
        named=counts.named + ways.count("named"),
        described=counts.described + ways.count("described"),
        inherited=counts.inherited + ways.count("inherited"),
        themes=counts.themes + sum(len(paragraph.themes) for paragraph in tagged),
    )
