"""The written threads of ``data/demo``, read and checked.

Everything there is synthetic. A folder holds ``forum.yml``, ``users/*.yml`` and ``threads/*.yml``; its form
is described in ``data/demo/README.md``. Reading gives frozen dataclasses, with every label kept on its
paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from demo.model import (
    DATA,
    GONE_STATUSES,
    KINDS,
    LABELS,
    ROLES,
    SPLITS,
    VOICES,
    Category,
    Forum,
    Gone,
    Kind,
    Paragraph,
    Post,
    Role,
    Split,
    Thread,
    User,
    Version,
)
from demo.place import DemoDataError, Place, read_yaml

__all__ = [
    "DATA",
    "Category",
    "DemoDataError",
    "Forum",
    "Gone",
    "Paragraph",
    "Post",
    "Thread",
    "User",
    "Version",
    "load_forum",
    "read_forum",
]

# Post and user ids start here, so that they cannot be taken for topic ids or post numbers.
FIRST_POST_ID = 50_001
FIRST_USER_ID = 101


def load_forum(folder: Path = DATA) -> Forum:
    """Read and check everything in ``folder``. Raises the first DemoDataError there is."""
    forum, errors = read_forum(folder)
    if errors:
        raise errors[0]
    return forum


def read_forum(folder: Path = DATA) -> tuple[Forum, list[DemoDataError]]:
    """Read what can be read: the forum of the sound threads, and an error for each fault elsewhere.

    Raises DemoDataError when ``forum.yml`` is faulty, as nothing can be served then.
    """
    head = Place(folder / "forum.yml").mapping(read_yaml(folder / "forum.yml"))
    categories = tuple(_category(place.mapping(value)) for place, value in head.items("categories"))
    errors: list[DemoDataError] = []
    users = _users(sorted((folder / "users").glob("*.yml")), errors)
    threads: list[Thread] = []
    files: dict[int, Path] = {}
    for file in sorted((folder / "threads").glob("*.yml")):
        try:
            thread = _thread(file, {category.slug: category for category in categories}, users)
            if thread.id in files:
                raise DemoDataError(
                    file,
                    "id",
                    f"{thread.id} is already taken by {files[thread.id].name}",
                    "Give the thread another id",
                )
        except DemoDataError as error:
            errors.append(error)
            continue
        files[thread.id] = file
        threads.append(thread)
    sound = []
    for thread in threads:
        try:
            _check_references(thread, {other.id: other for other in threads})
        except DemoDataError as error:
            errors.append(error)
        else:
            sound.append(thread)
    forum = Forum(
        title=head.text("title"),
        description=head.text("description", ""),
        address=head.text("address").rstrip("/"),
        clock=head.time("clock"),
        later=head.time("later"),
        vanished=head.text("vanished", ""),
        categories=categories,
        users=users,
        threads=_with_post_ids(sound),
        folder=folder,
    )
    return forum, errors


def _category(place: Place) -> Category:
    place.only("id", "slug", "name", "color")
    return Category(place.number("id"), place.text("slug"), place.text("name"), place.text("color"))


def _users(files: Iterable[Path], errors: list[DemoDataError]) -> dict[str, User]:
    found: dict[str, User] = {}
    homes: dict[str, Path] = {}
    for file in files:
        try:
            entries = list(_users_of(file))
        except DemoDataError as error:
            errors.append(error)
            continue
        for user in entries:
            home = homes.setdefault(user.name.lower(), file)
            if home == file:
                found[user.name] = user
            elif found.get(user.name) != user:
                errors.append(
                    DemoDataError(
                        file,
                        user.name,
                        f"{home.name} tells of somebody else by this name",
                        "Make the entries the same, or rename one",
                    )
                )
    ordered = sorted(found, key=lambda name: (name.lower(), name))
    return {name: replace(found[name], id=FIRST_USER_ID + rank) for rank, name in enumerate(ordered)}


def _users_of(file: Path) -> Iterator[User]:
    for name, value in Place(file).mapping(read_yaml(file) or {}).data.items():
        place = Place(file, str(name)).mapping(value or {})
        place.only("title", "role")
        yield User(0, str(name), place.text("title", ""), cast(Role, place.choice("role", ROLES, "member")))


def _thread(file: Path, categories: Mapping[str, Category], users: Mapping[str, User]) -> Thread:
    place = Place(file).mapping(read_yaml(file))
    place.only("id", "title", "category", "tags", "pinned", "writer", "split", "gone", "posts")
    topic_id = place.number("id")
    name = re.fullmatch(r"(\d+)-([a-z0-9]+(?:-[a-z0-9]+)*)\.yml", file.name)
    if not name or int(name[1]) != topic_id:
        raise place.fault(
            "id",
            f"the file's name does not go with the id {topic_id}",
            f"Name it {topic_id}-<slug>.yml, the slug in small letters, digits and dashes",
        )
    posts: list[Post] = []
    for post_place, value in place.items("posts"):
        posts.append(_post(post_place.mapping(value), posts, users))
    if not posts or posts[0].number != 1 or posts[0].action:
        raise place.fault("posts", "a thread begins with post 1", "Write one, with a body")
    if posts[0].deleted or posts[0].withdrawn:
        raise place.fault("posts[0]", "the first post cannot go alone", "Use `gone` for the whole thread")
    gone = None
    if "gone" in place.data:
        inner = place.inside("gone")
        inner.only("at", "status")
        gone = Gone(inner.time("at"), inner.number("status", 404))
        if gone.status not in GONE_STATUSES:
            raise inner.fault("status", f"{gone.status} is not known", "One of: 403, 404, 410")
    return Thread(
        id=topic_id,
        slug=name[2],
        title=place.text("title"),
        category=categories[place.choice("category", list(categories))],
        writer=place.text("writer"),
        split=cast(Split, place.choice("split", SPLITS)),
        posts=tuple(posts),
        tags=place.texts("tags"),
        pinned=bool(place.data.get("pinned", False)),
        gone=gone,
        file=file,
    )


def _post(place: Place, before: Sequence[Post], users: Mapping[str, User]) -> Post:
    place.only("by", "at", "body", "action", "number", "reply_to", "likes", "edits", "hidden", "deleted", "withdrawn")
    by = place.text("by")
    if by not in users:
        raise place.fault("by", f"{by!r} is not in users/", "Add this name to a file of users")
    at = place.time("at")
    number = place.number("number", before[-1].number + 1 if before else 1)
    if before and (number <= before[-1].number or at < before[-1].at):
        raise place.fault("at", "posts stand in order of time and number", "Move the post or mend the time")
    if ("action" in place.data) == ("body" in place.data):
        raise place.fault("", "a post has a body, a small action has `action`", "Write exactly one of them")
    body = _body(place, users[by])
    edits: list[Version] = []
    for edit_place, value in place.items("edits"):
        edit = edit_place.mapping(value)
        edit.only("at", "body")
        if edit.time("at") <= (edits[-1].at if edits else at):
            raise edit.fault("at", "an edit is later than what it changes", "Mend the time")
        edits.append(Version(edit.time("at"), _body(edit, users[by])))
    ends = {}
    for key in ("hidden", "deleted", "withdrawn"):
        if key in place.data:
            inner = place.inside(key)
            inner.only("at")
            ends[key] = inner.time("at")
            if ends[key] < at:
                raise inner.fault("at", "it is earlier than the post", "Mend the time")
    reply_to = place.number("reply_to") if "reply_to" in place.data else None
    if reply_to is not None and reply_to not in {post.number for post in before}:
        raise place.fault("reply_to", f"there is no post {reply_to} before this one", "Give an earlier number")
    return Post(
        id=0,
        number=number,
        by=users[by],
        at=at,
        body=body,
        reply_to=reply_to,
        likes=place.number("likes", 0),
        edits=tuple(edits),
        hidden=ends.get("hidden"),
        deleted=ends.get("deleted"),
        withdrawn=ends.get("withdrawn"),
        action=place.text("action", ""),
    )


def _body(place: Place, by: User) -> tuple[Paragraph, ...]:
    found = tuple(_paragraph(inner.mapping(value), by) for inner, value in place.items("body"))
    if "body" in place.data and not found:
        raise place.fault("body", "it is empty", "Write a paragraph")
    return found


def _paragraph(place: Place, by: User) -> Paragraph:
    place.only(*KINDS, *LABELS)
    kinds = [kind for kind in KINDS if kind in place.data]
    if len(kinds) != 1:
        raise place.fault(
            "",
            f"a paragraph is exactly one of {', '.join(KINDS)}, not {len(kinds)} of them",
            "Split it or name its kind",
        )
    kind = kinds[0]
    return Paragraph(
        kind=kind,
        programs=place.texts("programs"),
        inherited=place.texts("inherited"),
        themes=place.texts("themes"),
        voice=place.choice("voice", VOICES, _default_voice(kind, by)),
        hard=place.text("hard", ""),
        **_content(kind, place),
    )


def _default_voice(kind: Kind, by: User) -> str:
    if kind in ("quote", "onebox"):
        return "quotation"
    return "staff" if by.role == "staff" else "seller"


def _content(kind: Kind, place: Place) -> dict[str, Any]:
    if kind in ("p", "code", "heading"):
        return {"text": place.text(kind)}
    if kind == "list":
        return {"items": place.texts("list")}
    if kind == "table":
        rows = tuple(Place(row.file, row.where, {"row": value}).texts("row") for row, value in place.items("table"))
        if len({len(row) for row in rows}) != 1:
            raise place.fault("table", "its rows have different lengths", "Give every row the same cells")
        return {"rows": rows}
    inner = place.inside(kind)
    if kind == "quote":
        inner.only("topic", "post", "text")
        source = {key: inner.number(key) for key in ("topic", "post") if key in inner.data}
        if "topic" in source and "post" not in source:
            raise inner.fault("post", "a quotation from a topic names the post", "Add it")
        return {"text": inner.text("text"), **source}
    if kind == "onebox":
        inner.only("url", "title", "text")
        return {"url": inner.text("url"), "title": inner.text("title", ""), "text": inner.text("text", "")}
    if kind == "image":
        inner.only("file", "alt")
        return {"file": inner.text("file"), "alt": inner.text("alt", "image")}
    inner.only("summary", "text")
    return {"summary": inner.text("summary"), "text": inner.text("text")}


def _check_references(thread: Thread, threads: Mapping[int, Thread]) -> None:
    for index, post in enumerate(thread.posts):
        for body in (post.body, *(edit.body for edit in post.edits)):
            for paragraph in body:
                if paragraph.kind != "quote" or paragraph.post is None:
                    continue
                source = thread if paragraph.topic is None else threads.get(paragraph.topic)
                where = f"posts[{index}].body.quote"
                if source is None:
                    raise DemoDataError(
                        thread.file,
                        where,
                        f"there is no thread {paragraph.topic}",
                        "Quote a thread that is there",
                    )
                if paragraph.post not in {other.number for other in source.posts}:
                    raise DemoDataError(
                        thread.file,
                        where,
                        f"thread {source.id} has no post {paragraph.post}",
                        "Mend the number",
                    )


def _with_post_ids(threads: Sequence[Thread]) -> tuple[Thread, ...]:
    order = sorted((post.at, thread.id, post.number) for thread in threads for post in thread.posts)
    ids = {(topic, number): FIRST_POST_ID + rank for rank, (_, topic, number) in enumerate(order)}
    return tuple(
        replace(thread, posts=tuple(replace(post, id=ids[thread.id, post.number]) for post in thread.posts))
        for thread in threads
    )
