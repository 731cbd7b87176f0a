"""What the crawler and the kinds of forum agree on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from crawler.observations import Observation

DEFAULT_PORT = re.compile(r":(?:80|443)?$")
# What stands behind an address in a sentence and was taken for a part of it.
BEHIND = "+.,;:!)]}>\"'"


@dataclass(frozen=True)
class Site:
    """A forum. `base_url` has no slash at the end; `hosts` are names under which it is also known."""

    id: str
    kind: str
    base_url: str
    title: str | None = None
    hosts: tuple[str, ...] = ()
    rate: str | None = None


@dataclass(frozen=True)
class Reference:
    """What an address of a forum names: a thread, and perhaps one post of it, or a category's list.

    A post is named by its number in the thread or by its own id; with an id, the address may leave the thread out.
    """

    thread: str | None = None
    post_number: int | None = None
    category_path: str | None = None
    post_native_id: str | None = None


def path_below(site: Site, url: str) -> str | None:
    """The path of `url` below the forum's address, None if it is another site's. Scheme and `www.` do not matter, nor does
    punctuation behind it."""
    try:
        here, base = urlsplit(url), urlsplit(site.base_url)
        names = {host_name(base.netloc), *(host_name(host) for host in site.hosts)}
        if here.scheme not in ("http", "https") or host_name(here.netloc) not in names:
            return None
    except ValueError:
        return None
    if not here.path.startswith(base.path):
        return None
    path = here.path[len(base.path) :].rstrip(BEHIND)
    return path if path.startswith(("/", ";")) or not path else None


def host_name(netloc: str) -> str:
    """A host with its port as far as it tells forums apart: no user, no `www.`, no default port."""
    return DEFAULT_PORT.sub("", netloc.lower().rpartition("@")[2].removeprefix("www."))


class Adapter(Protocol):
    """What a kind of forum must be able to say. None of it opens a socket."""

    @property
    def GLOBAL_IDS(self) -> bool:
        """Whether all forums of this kind share their thread ids: the same id is then the same thread."""

    @property
    def LISTS_ALL(self) -> bool:
        """Whether its lists show every thread, so that absence from them means something."""

    @property
    def NAMELESS(self) -> bool:
        """Whether the address of a thread says nothing of what it is about."""

    @property
    def NOT_LIVE(self) -> str | None:
        """Why a forum of this kind cannot be crawled, and what to do instead; None if it can."""

    @property
    def LIMITS(self) -> Sequence[tuple[int, int]]:
        """What this kind of server allows by default: (requests, in how many seconds), all of which hold at once."""

    @property
    def BATCH(self) -> int:
        """How many posts one request for posts by id may name."""

    def base_of(self, url: str) -> str:
        """The address of the forum that `url` is a page of."""

    def reference(self, site: Site, url: str) -> Reference | None:
        """What `url` names on this forum, None if it is not an address of it."""

    def thread_url(self, site: Site, native_id: str) -> str:
        """The canonical address of a thread, for people."""

    def category_path(self, slug: str, native_id: str) -> str:
        """The path of a category's list, as `list_request` takes it."""

    def info_request(self, site: Site) -> str:
        """Address of the answer that names the forum's categories."""

    def list_request(self, site: Site, category_path: str | None = None) -> str:
        """Address of the first page of the list of all threads, or of one category's."""

    def thread_request(self, site: Site, native_id: str) -> str:
        """Address of a thread's first page."""

    def posts_request(self, site: Site, native_id: str, post_ids: Sequence[str]) -> str:
        """Address of up to `BATCH` posts of a thread, by their ids."""

    def asked(self, url: str) -> tuple[str, ...]:
        """The post ids that a `posts_request` names."""

    def read(self, site: Site, url: str, status: int, body: bytes) -> Observation:
        """Read a response. NotContent if it is not what was asked for."""
