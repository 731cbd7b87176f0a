"""What an adapter reads out of a response, in the words that every forum shares.

Ids are the source's own, as text. Times are in the archive's form (`archive.clock`), None where the source is silent.
"""

from __future__ import annotations

from dataclasses import dataclass


class NotContent(Exception):
    """The answer is not what it claims to be: a challenge page, a login page, a cut-off body.

    `refusal` is True where a person would say that the server refused (challenge, login), False where the answer is
    merely broken. Either may pass, so the request is worth repeating.
    """

    def __init__(self, reason: str, *, refusal: bool = False) -> None:
        super().__init__(reason)
        self.refusal = refusal


@dataclass(frozen=True)
class Category:
    native_id: str
    name: str
    slug: str | None
    parent_native_id: str | None
    topics_listed: int | None


@dataclass(frozen=True)
class ForumInfo:
    """What the forum says of itself."""

    categories: tuple[Category, ...]


@dataclass(frozen=True)
class ListedThread:
    """A thread as a list shows it. `fingerprint` changes when the list shows that the thread changed."""

    native_id: str
    title: str
    excerpt: str | None
    tags: tuple[str, ...]
    category_native_id: str | None
    created_at: str | None
    last_activity_at: str | None
    posts_count: int | None
    fingerprint: str


@dataclass(frozen=True)
class ListPage:
    """One page of a list of threads. `next_url` is None on the last one."""

    threads: tuple[ListedThread, ...]
    next_url: str | None


@dataclass(frozen=True)
class SeenPost:
    """A post as a response shows it.

    `native_id` is "" where the source shows none; the post is then known by its `number` in the thread. `number` is 0
    where the source has no numbers (its ids then tell posts apart); the archive numbers those by time, after the first.
    `role` is "" where the source does not tell members from staff.
    `state`: `present`; `hidden` or `deleted` where the source shows a notice in its place (`html` is then empty).
    """

    native_id: str
    number: int
    author: str | None
    role: str
    created_at: str | None
    updated_at: str | None
    html: str
    state: str = "present"
    kind: str = "post"
    action: str | None = None
    reply_to_number: int | None = None
    likes: int | None = None


@dataclass(frozen=True)
class ThreadPage:
    """A thread with some of its posts, perhaps one page of several.

    `stream` lists the ids of all its posts, in order; None if the source does not say which there are: then no post is
    missed, and none is taken for removed. `posts_listed` is the number of posts that the source states instead,
    `posts_at_least` one that follows from what it shows (this is page 3, and there is a next one; its first post is number
    21); both None if it says
    nothing. `posts_beyond` says why the source's pages never show all the posts that they count, None where they do.
    `last_number` is the number of the last post of the stream, None if the source does not say.
    """

    native_id: str
    title: str
    category_native_id: str | None
    tags: tuple[str, ...]
    created_at: str | None
    last_activity_at: str | None
    posts: tuple[SeenPost, ...]
    stream: tuple[str, ...] | None
    posts_listed: int | None = None
    posts_at_least: int | None = None
    posts_beyond: str | None = None
    last_number: int | None = None
    category: str | None = None
    """The category's name, where the page shows that and not its id."""


@dataclass(frozen=True)
class PostBatch:
    """Posts that were asked for by id; `asked` may name more than came. `title` is what is known of the thread's title
    (the words of its address), "" if nothing is."""

    thread_native_id: str
    asked: tuple[str, ...]
    posts: tuple[SeenPost, ...]
    title: str = ""


@dataclass(frozen=True)
class ThreadGone:
    """The source says that it has no such thread (404, 410) or no longer shows it (403), or leads to another thread
    instead, `moved_to`, as after a merger."""

    native_id: str
    status: int
    moved_to: str | None = None


@dataclass(frozen=True)
class Nothing:
    """A response that is kept but says nothing about threads: robots.txt, a redirect, the end of a list."""


Observation = ForumInfo | ListPage | ThreadPage | PostBatch | ThreadGone | Nothing
