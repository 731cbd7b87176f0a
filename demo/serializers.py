"""The JSON of a written topic at a moment: its head, posts, line in a list, and people.

Fields and their order follow a real forum's answers of 2026. Where a number is invented (views, reads,
trust), the same thread always gets the same one.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from demo.answers import Json, TopicNow, fancy, stamp
from demo.cook import WITHDRAWN, avatar_template, excerpt, quote_sources, raw, upload_path
from demo.links import links_of
from demo.model import Forum, Thread, User
from demo.state import PostState, bumped

# Post.hidden_reasons: flag_threshold_reached.
HIDDEN_REASON = 1
# Topics with that many posts offer a summary (39 real topics: all from 58 posts on, none up to 46).
SUMMARY_FROM = 50
PARTICIPANTS = 24
POSTERS = 5
PINNED_EXCERPT = 220
# The marketplace's own people have a primary group, as a company's people have on its forum.
STAFF_GROUP = "marketplace_staff"


def _user_fields(user: User) -> Json:
    """What a post tells of its author. Numbers of trust are invented: 2 for members, 4 for the others."""
    group = STAFF_GROUP if user.role == "staff" else None
    return {
        "user_title": user.title or None,
        "moderator": user.role in ("moderator", "staff"),
        "admin": user.role == "admin",
        "staff": user.role != "member",
        "trust_level": 2 if user.role == "member" else 4,
        "primary_group_name": group,
        "flair_name": group,
    }


def _basic_user(user: User) -> Json:
    return {"id": user.id, "username": user.name, "name": "", "avatar_template": avatar_template(user.name)}


def _list_user(user: User) -> Json:
    fields = _user_fields(user)
    flags = {key: True for key in ("admin", "moderator") if fields[key]}
    group = {"primary_group_name": STAFF_GROUP} if user.role == "staff" else {}
    return {
        **_basic_user(user),
        **group,
        "flair_name": fields["flair_name"],
        **flags,
        "trust_level": fields["trust_level"],
    }


def topic_now(
    thread: Thread,
    states: Sequence[PostState],
    cooked: Mapping[int, str],
    back: Mapping[int, list[Json]],
    forum: Forum,
    now: datetime,
) -> TopicNow:
    posts = [_post(state, thread, states, cooked[state.post.id], back, forum) for state in states]
    item = _item(thread, states, posts, bumped(thread, states, now))
    first = thread.posts[0]
    pinned_at = stamp(first.at) if item["pinned"] else None
    head: Json = {
        "tags": list(thread.tags),
        "tags_descriptions": {},
        "fancy_title": fancy(thread.title),
        "id": thread.id,
        "title": thread.title,
        "posts_count": len(states),
        "created_at": stamp(first.at),
        "views": item["views"],
        "reply_count": item["reply_count"],
        "like_count": item["like_count"],
        "last_posted_at": item["last_posted_at"],
        "visible": item["visible"],
        "closed": item["closed"],
        "archived": item["archived"],
        "has_summary": len(states) >= SUMMARY_FROM,
        "archetype": "regular",
        "slug": thread.slug,
        "category_id": thread.category.id,
        "word_count": sum(
            len(re.findall(r"\w+", re.sub("<[^>]+>", " ", text)))
            for text in (cooked[state.post.id] for state in states)
        ),
        "deleted_at": None,
        "user_id": first.by.id,
        "featured_link": None,
        "pinned_globally": item["pinned_globally"],
        "pinned_at": pinned_at,
        "pinned_until": None,
        "image_url": item["image_url"],
        "slow_mode_seconds": 0,
        "draft": None,
        "draft_key": f"topic_{thread.id}",
        "draft_sequence": None,
        "unpinned": None,
        "pinned": item["pinned"],
        "highest_post_number": item["highest_post_number"],
        "deleted_by": None,
        "actions_summary": [{"id": kind, "count": 0, "hidden": False, "can_act": False} for kind in (4, 8, 10, 7)],
        "bookmarked": False,
        "topic_timer": None,
        "message_bus_last_id": 0,
        "participant_count": len({state.post.by.id for state in states}),
        "show_read_indicator": False,
        "thumbnails": None,
        "slow_mode_enabled_until": None,
        "details": _details(states, posts),
        "bookmarks": [],
    }
    posters = {user.id: user for user in (state.post.by for state in states)}
    return TopicNow(
        id=thread.id,
        slug=thread.slug,
        title=thread.title,
        category_id=thread.category.id,
        created_at=stamp(first.at),
        bumped_at=item["bumped_at"],
        pinned=item["pinned"],
        head=head,
        item=item,
        posts=posts,
        users=[_list_user(posters[poster["user_id"]]) for poster in item["posters"]],
        raws={state.post.id: WITHDRAWN if state.body is None else raw(state.body, thread, forum) for state in states},
    )


def _post(
    state: PostState,
    thread: Thread,
    states: Sequence[PostState],
    cooked: str,
    back: Mapping[int, list[Json]],
    forum: Forum,
) -> Json:
    post = state.post
    replies = sum(other.post.reply_to == post.number for other in states)
    # How often a post was read is invented, but always the same.
    reads = 12 + zlib.crc32(f"{thread.id}/{post.number}".encode()) % 60
    user = _user_fields(post.by)
    quoted = quote_sources(state.body or (), thread) if not state.hidden else []
    answer: Json = {
        "id": post.id,
        "name": "",
        "username": post.by.name,
        "avatar_template": avatar_template(post.by.name),
        "created_at": stamp(post.at),
        "cooked": cooked,
    }
    if state.hidden:
        answer["cooked_hidden"] = True
    answer |= {
        "post_number": post.number,
        "post_type": 3 if post.action else 1,
        "posts_count": len(states),
        "updated_at": stamp(state.updated),
        "reply_count": replies,
        "reply_to_post_number": post.reply_to,
        "quote_count": len(quoted),
        "incoming_link_count": 0,
        "reads": reads,
        "readers_count": reads - 1,
        # ScoreCalculator: a reply counts 5, a like 15, a read 0.2.
        "score": round(replies * 5 + post.likes * 15 + reads * 0.2, 1),
        "yours": False,
        "topic_id": thread.id,
        "topic_slug": thread.slug,
        "display_username": "",
        "primary_group_name": user["primary_group_name"],
        "flair_name": user["flair_name"],
        "flair_url": None,
        "flair_bg_color": None,
        "flair_color": None,
        "flair_group_id": None,
        "badges_granted": [],
        "version": state.version,
        "can_edit": False,
        "can_delete": False,
        "can_recover": False,
        "can_see_hidden_post": False,
        "can_wiki": False,
    }
    links: list[Json] = [
        {
            "url": url,
            "internal": url.startswith(forum.address),
            "reflection": False,
            **({"title": title} if title else {}),
            "clicks": 0,
        }
        for url, title in links_of(cooked, thread, forum)
    ] + back.get(post.id, [])
    if links:
        answer["link_counts"] = links
    answer |= {"read": True, "user_title": user["user_title"]}
    replied = next((other.by for other in thread.posts if other.number == post.reply_to), None)
    # suppress_reply_when_quoting: whoever is quoted is not named again.
    if replied and (thread.id, post.reply_to) not in quoted:
        answer["reply_to_user"] = _basic_user(replied)
    answer |= {
        "bookmarked": False,
        "actions_summary": [{"id": 2, "count": post.likes}] if post.likes else [],
        "moderator": user["moderator"],
        "admin": user["admin"],
        "staff": user["staff"],
        "user_id": post.by.id,
        "hidden": state.hidden,
    }
    if state.hidden:
        answer["hidden_reason_id"] = HIDDEN_REASON
    answer |= {
        "trust_level": user["trust_level"],
        "deleted_at": None,
        "user_deleted": state.body is None,
        "edit_reason": None,
        "can_view_edit_history": not state.hidden,
        "wiki": False,
    }
    if post.action:
        answer["action_code"] = post.action
    return {
        **answer,
        "mentioned_users": [],
        "post_url": f"/t/{thread.slug}/{thread.id}/{post.number}",
        "can_accept_answer": False,
        "can_unaccept_answer": False,
        "accepted_answer": False,
        "topic_accepted_answer": None,
    }


def _switch(states: Sequence[PostState], name: str, *, start: bool = False) -> bool:
    """Whether the last small action about ``name`` (``closed``, ``pinned`` ...) switched it on."""
    on = start
    for state in states:
        match = re.fullmatch(rf"(?:auto)?{name}(?:_globally)?\.(enabled|disabled)", state.post.action)
        if match:
            on = match[1] == "enabled"
    return on


def _item(thread: Thread, states: Sequence[PostState], posts: Sequence[Json], bumped_at: datetime) -> Json:
    pinned = _switch(states, "pinned", start=thread.pinned)
    likes = sum(state.post.likes for state in states)
    picture = next((part.file for part in states[0].body or () if part.kind == "image"), None)
    item: Json = {
        "fancy_title": fancy(thread.title),
        "id": thread.id,
        "title": thread.title,
        "slug": thread.slug,
        "posts_count": len(states),
        "reply_count": sum(state.post.reply_to is not None for state in states),
        "highest_post_number": max(state.post.number for state in states),
        "image_url": upload_path(picture) if picture else None,
        "created_at": stamp(thread.posts[0].at),
        "last_posted_at": stamp(max(state.post.at for state in states)),
        "bumped": bumped_at > thread.posts[0].at,
        "bumped_at": stamp(bumped_at),
        "archetype": "regular",
        "unseen": False,
        "pinned": pinned,
        "unpinned": None,
    }
    if pinned:
        item["excerpt"] = excerpt(posts[0]["cooked"], PINNED_EXCERPT)
    return item | {
        "visible": _switch(states, "visible", start=True),
        "closed": _switch(states, "closed"),
        "archived": _switch(states, "archived"),
        "bookmarked": None,
        "liked": None,
        "tags": list(thread.tags),
        "tags_descriptions": {},
        # Invented: how often a topic was viewed grows with its posts and likes.
        "views": 60 + zlib.crc32(thread.slug.encode()) % 400 + 31 * len(states) + 7 * likes,
        "like_count": likes,
        "has_summary": len(states) >= SUMMARY_FROM,
        "last_poster_username": states[-1].post.by.name,
        "category_id": thread.category.id,
        "pinned_globally": pinned,
        "featured_link": None,
        "op_like_count": states[0].post.likes,
        "has_accepted_answer": False,
        "posters": _posters(states),
    }


def _posters(states: Sequence[PostState]) -> list[Json]:
    """The author, up to three frequent posters, the last poster (TopicPostersSummary)."""
    author, last = states[0].post.by, states[-1].post.by
    often = [
        user
        for user, _ in Counter(state.post.by.id for state in states).most_common()
        if user not in (author.id, last.id)
    ]
    rows = [(author.id, "Original Poster, Most Recent Poster" if author == last else "Original Poster")]
    rows += [(user, "Frequent Poster") for user in often[: POSTERS - (1 if author == last else 2)]]
    if author != last:
        rows.append((last.id, "Most Recent Poster"))
    single = len({state.post.by.id for state in states}) == 1
    return [
        {
            "extras": ("latest single" if single else "latest") if user == last.id else None,
            "description": description,
            "user_id": user,
            "primary_group_id": None,
            "flair_group_id": None,
        }
        for user, description in rows
    ]


def _details(states: Sequence[PostState], posts: Sequence[Json]) -> Json:
    users = {state.post.by.id: state.post.by for state in states}
    counts = Counter(state.post.by.id for state in states)
    participants = []
    for user_id, count in counts.most_common(PARTICIPANTS):
        fields = _user_fields(users[user_id])
        participants.append(
            {
                **_basic_user(users[user_id]),
                "post_count": count,
                "primary_group_name": fields["primary_group_name"],
                "flair_name": fields["flair_name"],
                "flair_url": None,
                "flair_color": None,
                "flair_bg_color": None,
                "flair_group_id": None,
                **{key: True for key in ("admin", "moderator") if fields[key]},
                "trust_level": fields["trust_level"],
            }
        )
    details: Json = {
        "can_edit": False,
        "notification_level": 1,
        "participants": participants,
        "created_by": _basic_user(states[0].post.by),
        "last_poster": _basic_user(states[-1].post.by),
    }
    links = {
        link["url"]: (link, post["user_id"])
        for post in posts
        for link in post.get("link_counts", [])
        if not link["reflection"]
    }
    if links:
        details["links"] = [
            {
                "url": url,
                "title": link.get("title"),
                "internal": link["internal"],
                "attachment": False,
                "reflection": False,
                "clicks": link["clicks"],
                "user_id": user_id,
                "domain": urlsplit(url).hostname,
                "root_domain": _root_domain(urlsplit(url).hostname or ""),
            }
            for url, (link, user_id) in links.items()
        ]
    return details


def _root_domain(host: str) -> str:
    return ".".join(host.split(".")[-2:])
