"""One identity for every form of an address: which forum, which thread, which post.

`docs/identity.md` is the table of forms, and a test holds the program to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from crawler.sites import ADAPTERS, Reference, Site

# A capture in the Wayback Machine stands for the page that was captured; without a time the address means the newest one,
# with `*` the list of them.
ARCHIVED = re.compile(
    r"https?://(?:web\.|www\.)?archive\.org/(?:web|wayback)/(?:(?:\d{1,14}\*?|\*)(?:[a-z]{2}_)?/)?(.+)", re.S | re.I
)
# Servers on the way fold `//`.
SCHEME = re.compile(r"(https?):/+", re.I)


def identify(url: str, sites: Iterable[Site]) -> tuple[Site, Reference] | None:
    """The forum that `url` is an address of, and what it names there; None if it is none of `sites`.

    Where several claim it (old and new software on one host), the one for which it names most; then the first.
    """
    if archived := ARCHIVED.match(url):
        url = _original(archived[1])
    best: tuple[Site, Reference] | None = None
    for site in _by_host(tuple(sites)).get(_host(url), ()):
        reference = ADAPTERS[site.kind].reference(site, url)
        if reference and (best is None or _says(reference) > _says(best[1])):
            best = site, reference
    return best


def key(site: Site, native_id: str) -> str:
    """The identity of a thread as one word, `osfe-us/645202`; `amazon_nsfe/84e3...` where all hosts share the ids."""
    return f"{site.kind if ADAPTERS[site.kind].GLOBAL_IDS else site.id}/{native_id}"


def _original(captured: str) -> str:
    """The address that stands in the address of a capture: whole, without a scheme, or encoded."""
    if captured[:10].lower().startswith(("http%3a", "https%3a")):
        captured = unquote(captured)
    scheme = SCHEME.match(captured)
    return f"{scheme[1]}://{captured[scheme.end() :]}" if scheme else f"http://{captured}"


def _says(reference: Reference) -> int:
    if reference.thread or reference.post_native_id:
        return 2
    return int(reference.category_path is not None)


@lru_cache(maxsize=8)
def _by_host(sites: tuple[Site, ...]) -> dict[str, tuple[Site, ...]]:
    found: dict[str, list[Site]] = {}
    for site in sites:
        for host in dict.fromkeys((_host(site.base_url), *(_host(f"//{host}") for host in site.hosts))):
            found.setdefault(host, []).append(site)
    return {host: tuple(among) for host, among in found.items()}


def _host(url: str) -> str:
    """The host alone: ports differ between captures of one forum (`:80`), and each adapter looks closer itself."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
