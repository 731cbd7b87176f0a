"""Jive, which Amazon's seller forums ran until about 2017: what its addresses name. None of its pages is read.

Posts that were carried over still link to `thread.jspa?threadID=7` and `message.jspa?messageID=8`; a message's number
does not say which thread it is in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from crawler.observations import NotContent, Nothing, Observation, ThreadGone
from crawler.sites.base import BEHIND, Reference, Site, path_below

LIMITS = ((1, 2),)
BATCH = 1
GLOBAL_IDS = False
LISTS_ALL = False
NAMELESS = True
NOT_LIVE = "this forum's software is gone, and no saved page of it has been seen; only links to its threads are known"

# `;jsessionid=...` may follow any path.
PAGE = re.compile(r"^/(thread|message|forum|help|search|index|profile|category|post)\.jspa(?:;[^/]*)?$", re.I)
ID = re.compile(r"[0-9]{1,18}")


def base_of(url: str) -> str:
    """`https://host/forums/thread.jspa?threadID=7` -> `https://host/forums`."""
    parts = urlsplit(url)
    path = parts.path.partition(";")[0]
    return f"{parts.scheme}://{parts.netloc}{path.rpartition('/')[0] if path.endswith('.jspa') else path}".rstrip("/")


def reference(site: Site, url: str) -> Reference | None:
    """Session ids, `tstart` (a place in a list) and `ref_` (where a click came from) name nothing."""
    path = path_below(site, url)
    match = PAGE.match(path) if path else None
    if not match:
        return None
    parts = urlsplit(url)
    query = {name.lower(): values[0] for name, values in parse_qs(parts.query.replace(";", "&")).items()}
    thread = _id(query.get("threadid"))
    post = _id(query.get("messageid")) or _id(parts.fragment)
    if match[1].lower() not in ("thread", "message"):
        return Reference()
    return Reference(thread=thread, post_native_id=post)


def thread_url(site: Site, native_id: str) -> str:
    return f"{site.base_url}/thread.jspa?threadID={native_id}"


def category_path(slug: str, native_id: str) -> str:
    return f"/forum.jspa?forumID={native_id}"


def info_request(site: Site) -> str:
    return f"{site.base_url}/index.jspa"


def list_request(site: Site, category_path: str | None = None) -> str:
    return f"{site.base_url}{category_path or '/index.jspa'}"


def thread_request(site: Site, native_id: str) -> str:
    return thread_url(site, native_id)


def posts_request(site: Site, native_id: str, post_ids: Sequence[str]) -> str:
    return f"{site.base_url}/message.jspa?messageID={post_ids[0]}"


def asked(url: str) -> tuple[str, ...]:
    return tuple(parse_qs(urlsplit(url).query).get("messageID", []))


def read(site: Site, url: str, status: int, body: bytes) -> Observation:
    """That a thread is gone. NotContent for a page: its markup is not known."""
    named = reference(site, url)
    if named is None or named.thread is None or 300 <= status < 400:
        return Nothing()
    if status in (404, 410):
        return ThreadGone(named.thread, status)
    raise NotContent("pages of Jive are not read: their markup is not known")


def _id(text: str | None) -> str | None:
    """A whole number without zeros before it."""
    found = ID.fullmatch((text or "").strip().rstrip(BEHIND))
    return str(int(found[0])) if found else None
