"""A written forum as frozen dataclasses: threads, posts, paragraphs and their labels. Times are UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

DATA = Path(__file__).parent.parent / "data" / "demo"

Role = Literal["member", "moderator", "admin", "staff"]
Kind = Literal["p", "quote", "onebox", "list", "code", "heading", "image", "details", "table"]
Split = Literal["train", "test", "none"]

KINDS: tuple[Kind, ...] = ("p", "quote", "onebox", "list", "code", "heading", "image", "details", "table")
ROLES: tuple[Role, ...] = ("member", "moderator", "admin", "staff")
SPLITS: tuple[Split, ...] = ("train", "test", "none")
VOICES = ("seller", "staff", "announcement", "email", "quotation", "press", "navigation")
LABELS = ("programs", "inherited", "themes", "voice", "hard")
GONE_STATUSES = (403, 404, 410)


@dataclass(frozen=True)
class Category:
    """A category of the forum; ``color`` is six hex digits without ``#``."""

    id: int
    slug: str
    name: str
    color: str


@dataclass(frozen=True)
class User:
    """Somebody who writes; ``id`` is the rank of the name among all names, case ignored."""

    id: int
    name: str
    title: str = ""
    role: Role = "member"


@dataclass(frozen=True)
class Paragraph:
    """One paragraph and its labels. Which fields are set depends on ``kind``.

    ``text`` is Markdown for ``p``, ``quote``, ``onebox``, ``details`` and ``heading``, plain for ``code``.
    ``topic`` and ``post`` are a quotation's source (``topic`` None: this thread; both None: no source).
    """

    kind: Kind
    text: str = ""
    topic: int | None = None
    post: int | None = None
    url: str = ""
    title: str = ""
    file: str = ""
    alt: str = ""
    summary: str = ""
    items: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    programs: tuple[str, ...] = ()
    inherited: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    voice: str = "seller"
    hard: str = ""


@dataclass(frozen=True)
class Version:
    """A whole body that replaced the one before it at ``at`` (UTC)."""

    at: datetime
    body: tuple[Paragraph, ...]


@dataclass(frozen=True)
class Post:
    """A post. ``action`` is set for a small action, which has no body; all times are UTC."""

    id: int
    number: int
    by: User
    at: datetime
    body: tuple[Paragraph, ...] = ()
    reply_to: int | None = None
    likes: int = 0
    edits: tuple[Version, ...] = ()
    hidden: datetime | None = None
    deleted: datetime | None = None
    withdrawn: datetime | None = None
    action: str = ""


@dataclass(frozen=True)
class Gone:
    """From ``at`` on the topic answers ``status`` (403, 404 or 410)."""

    at: datetime
    status: int


@dataclass(frozen=True)
class Thread:
    """A thread, its posts in order of number. ``slug`` is the one in the file's name."""

    id: int
    slug: str
    title: str
    category: Category
    writer: str
    split: Split
    posts: tuple[Post, ...]
    tags: tuple[str, ...] = ()
    pinned: bool = False
    gone: Gone | None = None
    file: Path = Path()


@dataclass(frozen=True)
class Forum:
    """A written forum. ``clock`` and ``later`` are the moments of the demonstration's two crawls (UTC)."""

    title: str
    description: str
    address: str
    clock: datetime
    later: datetime
    vanished: str
    categories: tuple[Category, ...]
    users: Mapping[str, User]
    threads: tuple[Thread, ...]
    folder: Path = DATA

    def thread(self, topic_id: int) -> Thread | None:
        """The thread with that id, or None."""
        return next((thread for thread in self.threads if thread.id == topic_id), None)
