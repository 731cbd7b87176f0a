"""A forum made of saved ``/t/<id>.json`` answers, each with its whole post stream; it never changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from demo.answers import Json, TopicNow, read_stamp
from demo.cook import avatar_template
from demo.model import Category

# What depends on the page that was asked for, and is made anew.
_PER_PAGE = ("post_stream", "timeline_lookup", "suggested_topics", "current_post_number", "chunk_size")
_ITEM = (
    "fancy_title",
    "id",
    "title",
    "slug",
    "posts_count",
    "reply_count",
    "highest_post_number",
    "image_url",
    "created_at",
    "last_posted_at",
    "archetype",
    "pinned",
    "unpinned",
    "visible",
    "closed",
    "archived",
    "tags",
    "tags_descriptions",
    "views",
    "like_count",
    "has_summary",
    "category_id",
    "pinned_globally",
    "featured_link",
)
_UNKNOWN_COLOR = "808281"


class SavedForum:
    """A `Source` of saved topics. Categories are named after their ids, as the answers hold no names."""

    title = "Saved topics"
    description = "Answers of a real forum, saved earlier and served again."
    address = ""

    def __init__(self, topics: Sequence[TopicNow]) -> None:
        self._topics = {topic.id: topic for topic in topics}
        newest = max((topic.bumped_at for topic in topics), default="1970-01-01T00:00:00.000Z")
        self.start = read_stamp(newest) + timedelta(days=1)

    def categories(self) -> Sequence[Category]:
        """One category for each ``category_id``."""
        ids = sorted({topic.category_id for topic in self._topics.values()})
        return [Category(number, f"category-{number}", f"Category {number}", _UNKNOWN_COLOR) for number in ids]

    def topics(self, now: datetime) -> Sequence[TopicNow]:
        """All saved topics."""
        return list(self._topics.values())

    def topic(self, topic_id: int, now: datetime) -> TopicNow | int | None:
        """A saved topic, or None."""
        return self._topics.get(topic_id)

    def picture(self, path: str) -> bytes | None:
        """None: pictures were not saved."""
        return None


def forum_from_topic_json(files: Iterable[Path]) -> SavedForum:
    """A forum of the saved topics in ``files``. Raises ValueError for a file that is no topic."""
    topics = []
    for file in files:
        answer = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(answer, dict) or "post_stream" not in answer or "id" not in answer:
            raise ValueError(f"{file}: not the answer of /t/<id>.json")
        topics.append(_topic(answer))
    return SavedForum(topics)


def _topic(answer: Json) -> TopicNow:
    head = {key: value for key, value in answer.items() if key not in _PER_PAGE}
    posts = sorted(answer["post_stream"]["posts"], key=lambda post: int(post["post_number"]))
    if not posts:
        raise ValueError(f"topic {answer['id']} was saved without its posts")
    details = answer.get("details", {})
    users = {user["id"]: user for post in posts if (user := _author(post))}
    users |= {user["id"]: user for user in details.get("participants", [])}
    author, last = posts[0]["user_id"], posts[-1]["user_id"]
    bumped_at = answer.get("bumped_at") or answer["last_posted_at"] or answer["created_at"]
    item = {key: answer[key] for key in _ITEM if key in answer} | {
        "bumped": bumped_at > answer["created_at"],
        "bumped_at": bumped_at,
        "unseen": False,
        "bookmarked": None,
        "liked": None,
        "last_poster_username": posts[-1]["username"],
        "has_accepted_answer": "accepted_answer" in answer,
        "posters": _posters(author, last),
    }
    return TopicNow(
        id=answer["id"],
        slug=answer["slug"],
        title=answer["title"],
        category_id=answer["category_id"],
        created_at=answer["created_at"],
        bumped_at=bumped_at,
        pinned=bool(answer.get("pinned")),
        head=head,
        item=item,
        posts=posts,
        users=[_list_user(users[user]) for user in dict.fromkeys((author, last))],
        raws={post["id"]: _text(post["cooked"]) for post in posts},
    )


def _author(post: Json) -> Json:
    template = post.get("avatar_template") or avatar_template(post["username"])
    return {
        "id": post["user_id"],
        "username": post["username"],
        "name": post["name"],
        "avatar_template": template,
    }


def _list_user(user: Json) -> Json:
    kept = ("id", "username", "name", "avatar_template", "admin", "moderator", "trust_level")
    return {key: user[key] for key in kept if key in user}


def _posters(author: int, last: int) -> list[Json]:
    rows = [(author, "Original Poster, Most Recent Poster" if author == last else "Original Poster")]
    rows += [] if author == last else [(last, "Most Recent Poster")]
    return [
        {
            "extras": "latest" if user == last else None,
            "description": description,
            "user_id": user,
            "primary_group_id": None,
        }
        for user, description in rows
    ]


def _text(cooked: str) -> str:
    body = LexborHTMLParser(cooked).body
    return body.text().strip() if body else ""
