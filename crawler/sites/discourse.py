"""A live Discourse, read through the JSON that its own pages are made of.

A topic answers with its first 20 posts and the ids of all of them (`post_stream.stream`); the rest is asked for by
id. Shapes and limits: Discourse's routes.rb, topics_controller.rb, topic_view.rb, request_tracker.rb and its OpenAPI
description (2026-08).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from archive import clock
from crawler.observations import (
    Category,
    ForumInfo,
    ListedThread,
    ListPage,
    NotContent,
    Nothing,
    Observation,
    PostBatch,
    SeenPost,
    ThreadGone,
    ThreadPage,
)
from crawler.sites.base import Reference, Site, host_name, path_below

# Discourse's defaults per address: max_reqs_per_ip_per_10_seconds, max_reqs_per_ip_per_minute.
LIMITS = ((50, 10), (200, 60))
# Discourse sets no bound; with 300 ids of seven digits the request line stays below the 8 KB of common proxies.
BATCH = 300
GLOBAL_IDS = False
LISTS_ALL = True
NAMELESS = False
NOT_LIVE = None

ACTION_TYPES = (2, 3)  # moderator action, small action
WHISPER = 4

FORUM_PATH = re.compile(r"/(?:t|n|c|p|u|g|tag|tags|latest|top|new|hot|categories|site|posts|about|search)(?:[./?]|$)")
# Ids are 64-bit numbers; more digits name nothing.
THREAD_PATH = re.compile(
    r"^/[tn]/(?:[^/]*[^/0-9][^/]*/)?([0-9]{1,18})(?:\.json|\.rss|/([0-9]{1,18})(?:\.json)?"
    r"|/(?:posts\.json|last|print|summary))?/?$"
)
POSTS_PATH = re.compile(r"^/t/([0-9]{1,18})/posts\.json$")
CATEGORY_PATH = re.compile(r"^(/c/.+?/[0-9]{1,18})(?:/l/[a-z]+)?(?:\.json)?/?$")
LIST_PATH = re.compile(r"^/(?:latest|c/.+/l/latest)\.json$")
LONE_SURROGATES = re.compile("[\ud800-\udfff\x00]")
# What answers in place of the forum say of themselves.
CHALLENGE = re.compile(
    rb"just a moment|cf-chl|challenge-platform|attention required|are you (?:a )?human|captcha", re.I
)
LOGIN = re.compile(rb"log ?in|sign ?in|password", re.I)


def base_of(url: str) -> str:
    """`https://host/forums/t/slug/7` -> `https://host/forums`."""
    parts = urlsplit(url)
    match = FORUM_PATH.search(parts.path)
    path = parts.path[: match.start()] if match else parts.path
    return f"{parts.scheme}://{parts.netloc}{path}".rstrip("/")


def reference(site: Site, url: str) -> Reference | None:
    path = path_below(site, url)
    if path is None:
        return None
    if match := THREAD_PATH.match(path):
        return Reference(thread=str(int(match[1])), post_number=int(match[2]) if match[2] else None)
    if match := CATEGORY_PATH.match(path):
        return Reference(category_path=match[1])
    return Reference()


def thread_url(site: Site, native_id: str) -> str:
    return f"{site.base_url}/t/{native_id}"


def category_path(slug: str, native_id: str) -> str:
    return f"/c/{slug}/{native_id}"


def info_request(site: Site) -> str:
    return f"{site.base_url}/site.json"


def list_request(site: Site, category_path: str | None = None) -> str:
    """By creation, oldest first: pages then do not shift while people write (the default order is by activity)."""
    path = f"{category_path}/l/latest.json" if category_path else "/latest.json"
    return f"{site.base_url}{path}?order=created&ascending=true"


def thread_request(site: Site, native_id: str) -> str:
    return f"{site.base_url}/t/{native_id}.json"


def posts_request(site: Site, native_id: str, post_ids: Sequence[str]) -> str:
    query = "&".join(f"post_ids%5B%5D={post_id}" for post_id in post_ids)
    return f"{site.base_url}/t/{native_id}/posts.json?{query}"


def asked(url: str) -> tuple[str, ...]:
    return tuple(parse_qs(urlsplit(url).query).get("post_ids[]", []))


def read(site: Site, url: str, status: int, body: bytes) -> Observation:
    path = path_below(site, url)
    if path is None or status in (301, 302, 303, 307, 308):
        return Nothing()
    if path == "/site.json":
        return _expect(status, body, _forum_info)
    if LIST_PATH.match(path):
        # 400 InvalidParameters is how newer servers end a list that was paged too deep (discourse#34728).
        return ListPage((), None) if status == 400 else _expect(status, body, lambda data: _list_page(site, data))
    if match := POSTS_PATH.match(path):
        thread = match[1]
        if status in (403, 404, 410):
            return _gone(thread, status, body)
        return _expect(status, body, lambda data: _batch(thread, asked(url), data))
    if match := THREAD_PATH.match(path):
        thread = str(int(match[1]))
        if status in (403, 404, 410):
            return _gone(thread, status, body)
        return _expect(status, body, lambda data: thread_page(thread, data))
    return Nothing()


def _gone(thread: str, status: int, body: bytes) -> ThreadGone:
    """A thread that does not exist or is not shown, in the forum's own words: a proxy's 404 while the forum is down
    must not bury all its threads."""
    data = _json(body) if body.strip() else {}
    if isinstance(data, dict) and data.get("error_type") == "not_logged_in":
        raise NotContent("the forum shows this to members only (not_logged_in)", refusal=True)
    return ThreadGone(thread, status)


def _expect(status: int, body: bytes, parse: Callable[[Any], Observation]) -> Observation:
    if status != 200:
        raise NotContent(f"status {status}: {_json_error(status, body)}", refusal=status in (401, 403))
    try:
        return parse(_json(body))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise NotContent(f"JSON of an unknown shape ({type(error).__name__}: {error})") from error


def _json(body: bytes) -> Any:
    start = body[:2000].lstrip()
    if start[:1] == b"<":
        if CHALLENGE.search(body[:20_000]):
            raise NotContent("a challenge page for browsers came instead of data", refusal=True)
        if LOGIN.search(body[:20_000]):
            raise NotContent("a login page came instead of data", refusal=True)
        raise NotContent("an HTML page came instead of data", refusal=True)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotContent(f"cut-off or broken JSON ({len(body)} bytes)") from error


def _json_error(status: int, body: bytes) -> str:
    """The words of Discourse's own error. NotContent if another server in between said no."""
    data = _json(body) if body.strip() else {}
    errors = data.get("errors") if isinstance(data, dict) else None
    return "; ".join(str(error) for error in errors) if isinstance(errors, list) else f"status {status}"


def _forum_info(data: Any) -> ForumInfo:
    categories = data["categories"]
    return ForumInfo(
        categories=tuple(
            Category(
                native_id=_id(item["id"]),
                name=_text(item["name"]),
                slug=_optional_text(item.get("slug")),
                parent_native_id=_id(item["parent_category_id"]) if item.get("parent_category_id") else None,
                topics_listed=_optional_int(item.get("topic_count")),
            )
            for item in categories
        ),
    )


def _list_page(site: Site, data: Any) -> ListPage:
    topics = data["topic_list"]
    more = topics.get("more_topics_url")
    return ListPage(tuple(_listed(item) for item in topics["topics"]), _next_list_page(site, more) if more else None)


def _next_list_page(site: Site, more: str) -> str | None:
    """`/latest?order=created&page=1` (an HTML address, with or without the sub-folder) -> the JSON of the same page."""
    parts = urlsplit(_text(more))
    base = urlsplit(site.base_url)
    path = parts.path.removeprefix(base.path) if base.path else parts.path
    if parts.netloc and host_name(parts.netloc) != host_name(base.netloc):
        raise ValueError(f"the next page of the list is on another host: {more[:100]}")
    return f"{site.base_url}{path.removesuffix('.json')}.json?{parts.query}"


def _listed(item: Any) -> ListedThread:
    title = _text(item.get("title") or item.get("fancy_title") or "")
    tags = tuple(_text(tag["name"] if isinstance(tag, dict) else tag) for tag in item.get("tags") or ())
    signs = [item.get(key) for key in ("posts_count", "highest_post_number", "bumped_at", "last_posted_at")]
    signs += [item.get(key) for key in ("closed", "archived", "visible", "category_id")]
    return ListedThread(
        native_id=_id(item["id"]),
        title=title,
        excerpt=_optional_text(item.get("excerpt")),
        tags=tags,
        category_native_id=_id(item["category_id"]) if item.get("category_id") is not None else None,
        created_at=clock.normal(item.get("created_at")),
        last_activity_at=clock.normal(item.get("last_posted_at")) or clock.normal(item.get("bumped_at")),
        posts_count=_optional_int(item.get("posts_count")),
        fingerprint=hashlib.sha256(json.dumps([title, tags, signs]).encode()).hexdigest()[:16],
    )


def thread_page(asked: str, data: Any) -> ThreadPage:
    native_id = _id(data["id"])
    if native_id != asked:
        raise NotContent(f"topic {native_id} came instead of {asked}")
    posts = _posts(data)
    # Topics of 10,000 posts and more (MEGA_TOPIC) list bare ids as well; a stream is always there.
    stream = tuple(_id(post_id) for post_id in data["post_stream"]["stream"])
    return ThreadPage(
        native_id=native_id,
        title=_text(data["title"]),
        category_native_id=_id(data["category_id"]) if data.get("category_id") is not None else None,
        tags=tuple(_text(tag["name"] if isinstance(tag, dict) else tag) for tag in data.get("tags") or ()),
        created_at=clock.normal(data.get("created_at")),
        last_activity_at=clock.normal(data.get("last_posted_at")),
        posts=posts,
        stream=tuple(dict.fromkeys(stream)),
        last_number=_optional_int(data.get("highest_post_number")),
    )


def _batch(thread: str, asked: tuple[str, ...], data: Any) -> PostBatch:
    native_id = _id(data["id"])
    if native_id != thread:
        raise NotContent(f"posts of topic {native_id} came instead of {thread}")
    slugs = (item.get("topic_slug") for item in data["post_stream"]["posts"])
    slug = next((slug for slug in slugs if isinstance(slug, str) and slug), "")
    return PostBatch(thread, asked, _posts(data), title=LONE_SURROGATES.sub("", slug).replace("-", " ").strip())


def _posts(data: Any) -> tuple[SeenPost, ...]:
    posts = [_post(item) for item in data["post_stream"]["posts"] if item.get("post_type") != WHISPER]
    return tuple({post.native_id: post for post in posts}.values())


def _post(item: Any) -> SeenPost:
    # A moderator's message has a body and is a post; a small action has none.
    action = item.get("action_code") if item.get("post_type") in ACTION_TYPES else None
    is_action = action is not None and not str(item.get("cooked") or "").strip()
    state = "present"
    if item.get("user_deleted"):
        state = "deleted"
    elif item.get("hidden") or item.get("cooked_hidden"):
        state = "hidden"
    staff = any(item.get(key) for key in ("staff", "admin", "moderator"))
    likes = next((a.get("count") for a in item.get("actions_summary") or () if a.get("id") == 2), None)
    return SeenPost(
        native_id=_id(item["id"]),
        number=_int(item["post_number"]),
        author=_optional_text(item.get("username")),
        role="staff" if staff else "member",
        created_at=clock.normal(item.get("created_at")),
        updated_at=clock.normal(item.get("updated_at")),
        html=_text(item["cooked"]) if state == "present" else "",
        state=state,
        kind="action" if is_action else "post",
        action=_optional_text(action),
        reply_to_number=_optional_int(item.get("reply_to_post_number")),
        likes=_optional_int(likes),
    )


def _text(value: Any) -> str:
    """A string that SQLite can hold: JSON may carry NUL and halves of surrogate pairs."""
    if not isinstance(value, str):
        raise TypeError(f"text expected, got {type(value).__name__}")
    return LONE_SURROGATES.sub("\ufffd", value)


def _optional_text(value: Any) -> str | None:
    return _text(value) if isinstance(value, str) and value else None


def _int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 62:
        raise TypeError(f"whole number expected, got {str(value)[:40]!r}")
    return value


def _optional_int(value: Any) -> int | None:
    try:
        return _int(value)
    except TypeError:
        return None


def _id(value: Any) -> str:
    return str(_int(value))
