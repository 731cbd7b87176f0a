"""What a forum answers at one moment, in the shapes of Discourse's JSON, whatever the forum was made from.

A `Source` (written threads, or saved ``/t/<id>.json`` files) gives `TopicNow`; the functions here make of it
what the endpoints answer. Field names and order are those of real answers of 2026; where they come from is
told in ``tests/demo/schemas``. Times in JSON are text: ISO 8601, UTC, milliseconds, ``Z``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any, Protocol
from urllib.parse import urlencode

from demo.cook import excerpt
from demo.model import Category

Json = dict[str, Any]

CHUNK = 20
PER_PAGE = 30
# TopicView: a topic opened at a post shows a quarter of the chunk before it.
POSTS_BEFORE = 4
LATEST_POSTS = 50
RAW_PAGE = 100
TIMELINE_MARKS = 300
SUGGESTED = 5
# Characters of an excerpt in /posts.json.
EXCERPT = 300


@dataclass(frozen=True)
class TopicNow:
    """A topic at a moment.

    ``head`` holds the fields of ``/t/<id>.json`` that do not depend on the page asked for, ``item`` the
    topic's line in a list and ``users`` the people its posters name; ``posts`` are its visible posts in order
    of number, as in ``post_stream``; ``raws`` is post id -> Markdown.
    """

    id: int
    slug: str
    title: str
    category_id: int
    created_at: str
    bumped_at: str
    pinned: bool
    head: Json
    item: Json
    posts: Sequence[Json]
    users: Sequence[Json] = ()
    raws: Mapping[int, str] = field(default_factory=dict)

    @property
    def stream(self) -> list[int]:
        """The ids of all visible posts, in order of number."""
        return [post["id"] for post in self.posts]


class Source(Protocol):
    """A forum: its threads at any moment."""

    @property
    def title(self) -> str:
        """The forum's name."""

    @property
    def description(self) -> str:
        """What it is, in a sentence."""

    @property
    def address(self) -> str:
        """The forum's URL as its posts print it; empty when unknown."""

    @property
    def start(self) -> datetime:
        """The moment that a server's clock begins at."""

    def categories(self) -> Sequence[Category]:
        """All categories, in the order of the front page."""

    def topics(self, now: datetime) -> Sequence[TopicNow]:
        """All topics that can be read at ``now``, in no particular order."""

    def topic(self, topic_id: int, now: datetime) -> TopicNow | int | None:
        """A topic; the status (403, 404, 410) it answers since it is gone; None if there never was one."""

    def picture(self, path: str) -> bytes | None:
        """The bytes of an uploaded PNG, or None."""


def stamp(moment: datetime) -> str:
    """A time as Discourse's JSON writes it: ``2024-10-26T14:03:00.000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def read_stamp(text: str) -> datetime:
    """The time in a JSON text."""
    return datetime.fromisoformat(text).astimezone(UTC)


def fancy(title: str) -> str:
    """A title as ``fancy_title``: HTML, with typographic marks as entities."""
    text = escape(title, quote=False)
    text = re.sub(r'(^|[\s(\[])"', r"\1&ldquo;", text).replace('"', "&rdquo;")
    text = re.sub(r"(^|[\s(\[])'", r"\1&lsquo;", text).replace("'", "&rsquo;")
    return text.replace("...", "&hellip;").replace(" -- ", " &ndash; ")


def page_of(topic: TopicNow, page: int, chunk: int) -> Sequence[Json]:
    """The posts of page ``page``, counted from 1."""
    return topic.posts[(page - 1) * chunk : page * chunk]


def last_page(topic: TopicNow, chunk: int) -> int:
    """The number of the last page, at least 1."""
    return max(1, -(-len(topic.posts) // chunk))


def near(topic: TopicNow, number: int, chunk: int) -> Sequence[Json]:
    """``chunk`` posts around post ``number``, a quarter of them before it; clamped at both ends."""
    at = next(
        (index for index, post in enumerate(topic.posts) if post["post_number"] >= number),
        len(topic.posts) - 1,
    )
    first = max(0, min(at - max(1, chunk // POSTS_BEFORE), len(topic.posts) - chunk))
    return topic.posts[first : first + chunk]


def before(topic: TopicNow, number: int, chunk: int, *, ascending: bool) -> Sequence[Json]:
    """``posts.json?post_number=``: the ``chunk`` posts before ``number``, newest first; or those after it."""
    if ascending:
        return [post for post in topic.posts if post["post_number"] > number][:chunk]
    return [post for post in reversed(topic.posts) if post["post_number"] < number][:chunk]


def topic_json(
    topic: TopicNow,
    posts: Sequence[Json],
    others: Sequence[TopicNow],
    now: datetime,
    *,
    number: int,
    chunk: int,
) -> Json:
    """``/t/<id>.json`` with these posts; ``others`` are the forum's other topics, for the suggestions.

    Discourse suggests topics only on the last page.
    """
    answer: Json = {
        "post_stream": {"posts": list(posts), "stream": topic.stream},
        "timeline_lookup": _timeline(topic, now),
    }
    if not topic.posts or not posts or posts[-1]["id"] == topic.posts[-1]["id"]:
        newest = sorted(others, key=lambda other: other.bumped_at, reverse=True)
        answer["suggested_topics"] = [_suggested(other) for other in newest[:SUGGESTED]]
    return {**answer, **topic.head, "current_post_number": number, "chunk_size": chunk}


def posts_json(topic: TopicNow, posts: Sequence[Json], *, with_raw: bool = False) -> Json:
    """``/t/<id>/posts.json`` with these posts; ``raw`` is withheld for hidden posts."""
    if with_raw:
        posts = [post if post["hidden"] else {**post, "raw": topic.raws.get(post["id"], "")} for post in posts]
    return {"post_stream": {"posts": list(posts)}, "id": topic.id}


def _timeline(topic: TopicNow, now: datetime) -> list[list[int]]:
    """``[place in the stream from 1, days ago]`` wherever the day changes (TimelineLookup.build)."""
    every = -(-len(topic.posts) // TIMELINE_MARKS) or 1
    marks: list[list[int]] = []
    for index, post in list(enumerate(topic.posts))[::every]:
        days = (now - read_stamp(post["created_at"])).days
        if not marks or marks[-1][1] != days:
            marks.append([index + 1, days])
    return marks


def _suggested(topic: TopicNow) -> Json:
    """A list item as a suggestion: its posters hold whole users, and some fields are not there."""
    left_out = ("has_summary", "last_poster_username", "pinned_globally")
    users = {user["id"]: user for user in topic.users}
    item = {key: value for key, value in topic.item.items() if key not in left_out}
    item["posters"] = [
        {
            "extras": poster["extras"],
            "description": poster["description"],
            "user": {key: value for key, value in users[poster["user_id"]].items() if key != "flair_name"},
        }
        for poster in topic.item["posters"]
        if poster["user_id"] in users
    ]
    return item


@dataclass(frozen=True)
class ListQuery:
    """What a topic list is asked for: ``page`` from 0, ``category`` with the path it was asked under."""

    path: str = "/latest"
    page: int = 0
    order: str = ""
    ascending: bool = False
    category: int | None = None


def listed(topics: Sequence[TopicNow], query: ListQuery, per_page: int) -> list[TopicNow]:
    """The topics of one page of a list.

    Pinned topics stand first on page 0 unless the order is not by activity, and later pages are shifted by as
    many (TopicQuery#prioritize_pinned_topics).
    """
    chosen = [topic for topic in topics if query.category in (None, topic.category_id)]
    keys = {
        "created": lambda topic: (topic.created_at, topic.id),
        "views": lambda topic: (topic.item["views"], topic.id),
        "posts": lambda topic: (topic.item["posts_count"], topic.id),
        "likes": lambda topic: (topic.item["like_count"], topic.id),
    }
    key = keys.get(query.order, lambda topic: (topic.bumped_at, topic.id))
    chosen.sort(key=key, reverse=not query.ascending)
    start = query.page * per_page
    if query.order in ("", "default", "activity"):
        pinned = [topic for topic in chosen if topic.pinned]
        rest = [topic for topic in chosen if not topic.pinned]
        return (pinned + rest)[:per_page] if query.page == 0 else rest[max(0, start - len(pinned)) :][:per_page]
    return chosen[start : start + per_page]


def list_json(topics: Sequence[TopicNow], query: ListQuery, per_page: int) -> Json:
    """A topic list. A full page names a next one, even if that is empty (TopicListSerializer)."""
    page = listed(topics, query, per_page)
    topic_list: Json = {"can_create_topic": False}
    if len(page) == per_page:
        topic_list["more_topics_url"] = _more_topics_url(query)
    topic_list |= {
        "per_page": per_page,
        "top_tags": top_tags(topics),
        "topics": [topic.item for topic in page],
    }
    users = {user["id"]: user for topic in page for user in topic.users}
    return {"users": list(users.values()), "primary_groups": [], "flair_groups": [], "topic_list": topic_list}


def _more_topics_url(query: ListQuery) -> str:
    parameters: dict[str, str | int] = {"page": query.page + 1}
    if query.ascending:
        parameters["ascending"] = "true"
    if query.order:
        parameters["order"] = query.order
    if query.category is None:
        parameters["no_definitions"] = "true"
    return f"{query.path}?{urlencode(sorted(parameters.items()))}"


def top_tags(topics: Sequence[TopicNow]) -> list[str]:
    """All tags, the most used first."""
    counts: dict[str, int] = {}
    for topic in topics:
        for tag in topic.item.get("tags", []):
            counts[tag] = counts.get(tag, 0) + 1
    return sorted(counts, key=lambda tag: (-counts[tag], tag))


def latest_posts_json(topics: Sequence[TopicNow], before_id: int | None) -> Json:
    """``/posts.json``: the regular posts among the 50 ids up to ``before_id``, newest first.

    The window is one of ids and not of posts, so an empty answer is not the end.
    """
    posts = [(post, topic) for topic in topics for post in topic.posts if post["post_type"] == 1]
    newest = before_id or max((post["id"] for post, _ in posts), default=0)
    window = [(post, topic) for post, topic in posts if newest - LATEST_POSTS < post["id"] <= newest]
    window.sort(key=lambda pair: -int(pair[0]["id"]))
    return {"latest_posts": [_latest_post(post, topic) for post, topic in window]}


def _latest_post(post: Json, topic: TopicNow) -> Json:
    extra: dict[str, Json] = {
        "topic_slug": {
            "topic_title": topic.title,
            "topic_html_title": topic.item["fancy_title"],
            "category_id": topic.category_id,
        },
        "bookmarked": {} if post["hidden"] else {"raw": topic.raws.get(post["id"], "")},
        "wiki": {"excerpt": excerpt(post["cooked"], EXCERPT), "truncated": True},
    }
    answer: Json = {}
    for key, value in post.items():
        if key not in ("read", "link_counts"):
            answer |= {key: value, **extra.get(key, {})}
    return answer


def post_json(post: Json, topic: TopicNow) -> Json:
    """``/posts/<id>.json``: a post with its Markdown, unless that is hidden."""
    answer = {key: value for key, value in post.items() if key not in ("read", "link_counts")}
    return answer if post["hidden"] else {**answer, "raw": topic.raws.get(post["id"], "")}


def raw_page(topic: TopicNow, page: int) -> str:
    """``/raw/<topic>?page=``: 100 posts a page, each as ``username | time | #number``; empty past the end."""
    blocks = []
    for post in topic.posts[(page - 1) * RAW_PAGE : page * RAW_PAGE]:
        moment = read_stamp(post["updated_at"]).strftime("%Y-%m-%d %H:%M:%S UTC")
        text = "" if post["hidden"] else topic.raws.get(post["id"], "")
        blocks.append(f"{post['username']} | {moment} | #{post['post_number']}\n\n{text}\n\n{'-' * 25}\n\n")
    return "".join(blocks)


def search_json(topics: Sequence[TopicNow], term: str, page: int, per_page: int = 50) -> Json:
    """``/search.json``: the posts that hold ``term``, case ignored, newest first; 50 a page."""
    needle = term.lower()
    found = [
        (post, topic)
        for topic in topics
        for post in topic.posts
        if needle
        and post["post_type"] == 1
        and not post["hidden"]
        and (needle in excerpt(post["cooked"], 100_000).lower() or needle in topic.title.lower())
    ]
    found.sort(key=lambda pair: pair[0]["created_at"], reverse=True)
    shown = found[(page - 1) * per_page : page * per_page]
    items = {topic.id: topic.item for _, topic in shown}
    left_out = ("views", "like_count", "op_like_count", "has_summary", "last_poster_username", "posters")
    return {
        "posts": [_hit(post, topic) for post, topic in shown],
        "topics": [
            {key: value for key, value in item.items() if key not in (*left_out, "pinned_globally")}
            for item in items.values()
        ],
        "users": [],
        "categories": [],
        "tags": [],
        "groups": [],
        "grouped_search_result": {
            "more_posts": None,
            "more_users": None,
            "more_categories": None,
            "term": term,
            "search_log_id": 1,
            "more_full_page_results": True if len(found) > page * per_page else None,
            "can_create_topic": False,
            "error": None,
            "extra": {},
            "post_ids": [post["id"] for post, _ in shown],
            "user_ids": [],
            "category_ids": [],
            "tag_ids": [],
            "group_ids": [],
        },
    }


def _hit(post: Json, topic: TopicNow) -> Json:
    likes = next((action["count"] for action in post["actions_summary"] if action["id"] == 2), 0)
    return {
        "id": post["id"],
        "name": post["name"],
        "username": post["username"],
        "avatar_template": post.get("avatar_template", ""),
        "created_at": post["created_at"],
        "like_count": likes,
        "blurb": excerpt(post["cooked"], 200),
        "post_number": post["post_number"],
        "topic_title_headline": escape(topic.title),
        "topic_id": topic.id,
    }
