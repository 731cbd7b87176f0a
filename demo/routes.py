"""The endpoints: from what is asked for to the answer, without HTTP around it.

Paths, redirects, errors and headers are those of Discourse's topics, list, categories, posts and site
controllers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from demo.answers import (
    Json,
    ListQuery,
    Source,
    TopicNow,
    before,
    last_page,
    latest_posts_json,
    list_json,
    near,
    page_of,
    post_json,
    posts_json,
    raw_page,
    search_json,
    topic_json,
)
from demo.pages import gone_page, list_page, topic_page
from demo.pictures import drawn
from demo.site import categories_json, robots_txt, site_json

# TopicQuery::SORTABLE_MAPPING, as far as the demo can sort.
ORDERS = ("default", "activity", "created", "views", "posts", "likes")
SEARCH_PAGES = 10
# config/locales/server.en.yml
_MESSAGES = {
    400: ("invalid_parameters", "You supplied invalid parameters to the request: {}"),
    403: ("invalid_access", "You are not permitted to view the requested resource."),
    404: ("not_found", "The requested URL or resource could not be found."),
    410: ("not_found", "Oops! This topic has been deleted and is no longer available."),
}


@dataclass(frozen=True)
class Reply:
    """An answer: a status, headers, and the body's bytes."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def on(self, route: str) -> Reply:
        """The same, with the name of the controller's action in ``X-Discourse-Route``."""
        return replace(self, headers={**self.headers, "X-Discourse-Route": route})


@dataclass(frozen=True)
class Ask:
    """What is asked for, of which forum and when. ``path`` has no ``.json``; ``json`` says if it had."""

    path: str
    query: Mapping[str, list[str]]
    json: bool
    host: str
    source: Source
    now: datetime
    chunk: int
    per_page: int
    vanished: frozenset[int] = frozenset()

    def text(self, key: str, default: str = "") -> str:
        """The last value of a parameter."""
        return self.query[key][-1] if key in self.query else default

    def number(self, key: str, default: int = 0) -> int:
        """The number that a parameter begins with, or 0 (Ruby's to_i); ``default`` where it is missing."""
        match = re.match(r"\s*-?\d+", self.text(key, str(default)))
        return int(match[0]) if match else 0


def ask(
    target: str,
    accept: str,
    host: str,
    source: Source,
    now: datetime,
    chunk: int,
    per_page: int,
    vanished: frozenset[int] = frozenset(),
) -> Ask:
    """Reads a request's target, as in ``/t/7.json?page=2``."""
    parts = urlsplit(target)
    path, wants_json = parts.path, "application/json" in accept and "text/html" not in accept
    if path.endswith(".json"):
        path, wants_json = path.removesuffix(".json"), True
    query = parse_qs(parts.query, keep_blank_values=True)
    return Ask(path.rstrip("/") or "/", query, wants_json, host, source, now, chunk, per_page, vanished)


def reply(asked: Ask) -> Reply:
    """The answer of the endpoint that the path belongs to, or 404."""
    for pattern, route, handler in _ROUTES:
        match = pattern.fullmatch(asked.path)
        if match:
            return handler(asked, match).on(route)
    return error(asked, 404).on("exceptions/not_found")


def error(asked: Ask, status: int, what: str = "") -> Reply:
    """An error in Discourse's shape: JSON with ``errors`` and ``error_type``, or a page."""
    kind, message = _MESSAGES[status]
    message = message.format(what)
    page = gone_page(asked.source, message)
    if not asked.json:
        return Reply(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})
    answer: Json = {"errors": [message], "error_type": kind}
    if asked.path.startswith("/t/") and status != 400:
        # topics#show also sends the page that a browser would show.
        answer["extras"] = {"title": "Page Not Found", "html": page, "group": None}
    return _json(answer, status)


def _json(answer: Json, status: int = 200) -> Reply:
    return Reply(
        status,
        json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode(),
        {"Content-Type": "application/json; charset=utf-8"},
    )


def _html(page: str) -> Reply:
    return Reply(200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


def _text(text: str) -> Reply:
    return Reply(200, text.encode(), {"Content-Type": "text/plain; charset=utf-8"})


def _png(data: bytes) -> Reply:
    return Reply(200, data, {"Content-Type": "image/png", "Cache-Control": "max-age=31556952, public, immutable"})


def _moved(asked: Ask, path: str) -> Reply:
    url = f"http://{asked.host}{path}"
    page = f'<html><body>You are being <a href="{url}">redirected</a>.</body></html>'
    return Reply(301, page.encode(), {"Location": url, "Content-Type": "text/html; charset=utf-8"})


def _robots(asked: Ask, match: re.Match[str]) -> Reply:
    return _text(robots_txt())


def _site(asked: Ask, match: re.Match[str]) -> Reply:
    return _json(site_json(asked.source, asked.now)) if asked.json else error(asked, 404)


def _categories(asked: Ask, match: re.Match[str]) -> Reply:
    if asked.json:
        return _json(categories_json(asked.source, asked.now))
    return _list_of(asked, ListQuery())


def _latest(asked: Ask, match: re.Match[str]) -> Reply:
    return _list_of(asked, ListQuery())


def _category(asked: Ask, match: re.Match[str]) -> Reply:
    category = next((c for c in asked.source.categories() if c.id == int(match["id"])), None)
    if category is None:
        return error(asked, 404)
    path = f"/c/{category.slug}/{category.id}{match['rest'] or ''}"
    if match["slug"] != category.slug:
        return _moved(asked, path + (".json" if asked.json else ""))
    return _list_of(asked, ListQuery(path=path, category=category.id))


def _list_of(asked: Ask, query: ListQuery) -> Reply:
    page, order = asked.text("page", "0"), asked.text("order")
    if not re.fullmatch(r"\d{1,9}", page):
        return error(asked, 400, "page")
    if order and order not in ORDERS:
        return error(asked, 400, "order")
    query = replace(query, page=int(page), order=order, ascending=asked.text("ascending") == "true")
    topics = asked.source.topics(asked.now)
    if asked.json:
        return _json(list_json(topics, query, asked.per_page))
    return _html(list_page(asked.source, topics, query, asked.per_page))


def _found(asked: Ask, topic_id: int) -> TopicNow | Reply:
    topic = asked.source.topic(topic_id, asked.now)
    if isinstance(topic, TopicNow):
        return topic
    return error(asked, topic or 404)


def _topic(asked: Ask, match: re.Match[str]) -> Reply:
    groups = match.groupdict()
    topic = _found(asked, int(match["id"]))
    if isinstance(topic, Reply):
        return topic
    page, number = asked.number("page"), int(groups.get("number") or asked.number("post_number"))
    if page < 0:
        return error(asked, 404)
    relative, suffix = f"/t/{topic.slug}/{topic.id}", ".json" if asked.json else ""
    pages = last_page(topic, asked.chunk)
    if page > max(1, pages):
        return _moved(asked, relative + suffix + (f"?page={pages}" if pages > 1 else ""))
    slug = groups.get("slug")
    if slug != topic.slug and (slug is not None or not asked.json):
        return _moved(
            asked,
            relative + (f"/{number}" if number else "") + suffix + (f"?page={page}" if page > 1 else ""),
        )
    posts = near(topic, number, asked.chunk) if number else page_of(topic, max(1, page), asked.chunk)
    if not asked.json:
        shown = max(1, page) if not number else 1 + topic.posts.index(posts[0]) // asked.chunk
        return _html(topic_page(asked.source, topic, posts, shown, pages))
    others = [other for other in asked.source.topics(asked.now) if other.id != topic.id]
    current = number or (posts[0]["post_number"] if posts else 1)
    return _json(topic_json(topic, posts, others, asked.now, number=current, chunk=asked.chunk))


def _topic_by_slug(asked: Ask, match: re.Match[str]) -> Reply:
    topic = next((topic for topic in asked.source.topics(asked.now) if topic.slug == match["slug"]), None)
    if topic is None:
        return error(asked, 404)
    return _moved(asked, f"/t/{topic.slug}/{topic.id}" + (".json" if asked.json else ""))


def _posts(asked: Ask, match: re.Match[str]) -> Reply:
    topic = _found(asked, int(match["id"]))
    if isinstance(topic, Reply):
        return topic
    if "post_ids[]" in asked.query:
        wanted = {int(text) for text in asked.query["post_ids[]"] if text.isdigit()} - asked.vanished
        posts = [post for post in topic.posts if post["id"] in wanted]
    elif "post_number" in asked.query:
        posts = list(
            before(
                topic,
                asked.number("post_number"),
                asked.chunk,
                ascending=asked.text("asc") in ("true", "1", "t"),
            )
        )
    else:
        posts = list(topic.posts[: asked.chunk])
    return _json(posts_json(topic, posts, with_raw="include_raw" in asked.query))


def _post_ids(asked: Ask, match: re.Match[str]) -> Reply:
    topic = _found(asked, int(match["id"]))
    if isinstance(topic, Reply):
        return topic
    after = asked.number("post_number")
    return _json({"post_ids": [post["id"] for post in topic.posts if post["post_number"] > after]})


def _post(asked: Ask, match: re.Match[str]) -> Reply:
    for topic in asked.source.topics(asked.now):
        for post in topic.posts:
            if post["id"] == int(match["id"]):
                return _json(post_json(post, topic))
    return error(asked, 404)


def _latest_posts(asked: Ask, match: re.Match[str]) -> Reply:
    if not asked.json:
        return error(asked, 404)
    return _json(latest_posts_json(asked.source.topics(asked.now), asked.number("before") or None))


def _raw(asked: Ask, match: re.Match[str]) -> Reply:
    topic = _found(asked, int(match["id"]))
    if isinstance(topic, Reply):
        return topic
    if match["number"] is None:
        return _text(raw_page(topic, max(1, asked.number("page", 1))))
    post = next((post for post in topic.posts if post["post_number"] == int(match["number"])), None)
    if post is None or post["hidden"]:
        return error(asked, 404)
    return _text(topic.raws.get(post["id"], ""))


def _search(asked: Ask, match: re.Match[str]) -> Reply:
    page = asked.number("page", 1)
    if not asked.json or not 1 <= page <= SEARCH_PAGES:
        return error(asked, 400, "page") if asked.json else error(asked, 404)
    return _json(search_json(asked.source.topics(asked.now), asked.text("q").strip(), page))


def _upload(asked: Ask, match: re.Match[str]) -> Reply:
    picture = asked.source.picture(asked.path)
    return error(asked, 404) if picture is None else _png(picture)


def _small_picture(asked: Ask, match: re.Match[str]) -> Reply:
    size = min(360, int(match["size"])) if "size" in match.groupdict() else 20
    return _png(drawn(asked.path, size, size))


Handler = Callable[[Ask, "re.Match[str]"], Reply]
_TOPIC = r"/t/(?:(?P<slug>[^/]*[^/\d][^/]*)/)?(?P<id>\d+)(?:/(?P<number>\d+))?"
_ROUTES: tuple[tuple[re.Pattern[str], str, Handler], ...] = tuple(
    (re.compile(pattern), route, handler)
    for pattern, route, handler in (
        (r"/robots\.txt", "robots_txt/index", _robots),
        (r"/site", "site/site", _site),
        (r"/categories", "categories/index", _categories),
        (r"/|/latest", "list/latest", _latest),
        (
            r"/c/(?:(?P<slug>[^/]*[^/\d][^/]*)/)?(?P<id>\d+)(?P<rest>/l/latest)",
            "list/category_latest",
            _category,
        ),
        (r"/c/(?:(?P<slug>[^/]*[^/\d][^/]*)/)?(?P<id>\d+)(?P<rest>)", "list/category_default", _category),
        (_TOPIC, "topics/show", _topic),
        (r"/t/(?P<id>\d+)/posts", "topics/posts", _posts),
        (r"/t/(?P<id>\d+)/post_ids", "topics/post_ids", _post_ids),
        (r"/t/(?P<slug>[^/]+)", "topics/show", _topic_by_slug),
        (r"/posts/(?P<id>\d+)", "posts/show", _post),
        (r"/posts", "posts/latest", _latest_posts),
        (r"/raw/(?P<id>\d+)(?:/(?P<number>\d+))?", "posts/markdown_num", _raw),
        (r"/search", "search/show", _search),
        (r"/uploads/.+", "uploads/show", _upload),
        (r"/letter_avatar_proxy/.+/(?P<size>\d+)\.png", "user_avatars/show_proxy_letter", _small_picture),
        (r"/images/emoji/.+\.png", "static/emoji", _small_picture),
    )
)
