"""The written threads as they stand at a moment: which exist, which posts show, and with what text.

What Discourse counts, and how: ``posts_count``, ``highest_post_number`` and ``last_posted_at`` are of the
visible posts, small actions among them (so in 39 real topics); deleting the last post takes all three back.
``bumped_at`` is the newest of: the regular posts, the edits of a post that was the last one then, and the
reopening of the topic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.model import Paragraph, Post, Thread

# Site settings: editing_grace_period (s) and delete_removed_posts_after (h), both Discourse's defaults.
GRACE_PERIOD = timedelta(seconds=300)
STUB_LASTS = timedelta(hours=24)


@dataclass(frozen=True)
class PostState:
    """A visible post at a moment. ``body`` is None for a withdrawn post; ``version`` counts from 1."""

    post: Post
    body: tuple[Paragraph, ...] | None
    version: int
    updated: datetime
    hidden: bool


def post_state(post: Post, now: datetime) -> PostState | None:
    """The post at ``now``; None where it does not show: not yet written, deleted, withdrawn a day ago."""
    if post.at > now or (post.deleted and post.deleted <= now):
        return None
    body, version, updated, versioned = post.body, 1, post.at, post.at
    for edit in post.edits:
        if edit.at <= now:
            body, updated = edit.body, edit.at
            if edit.at - versioned > GRACE_PERIOD:
                version, versioned = version + 1, edit.at
    if post.withdrawn and post.withdrawn <= now:
        if post.withdrawn + STUB_LASTS <= now:
            return None
        return PostState(post, None, version + 1, post.withdrawn, hidden=False)
    if post.hidden and post.hidden <= now:
        return PostState(post, body, 1, post.hidden, hidden=True)
    return PostState(post, body, version, updated, hidden=False)


def bumped(thread: Thread, states: Sequence[PostState], now: datetime) -> datetime:
    """When the topic was last bumped, given its visible posts."""
    moments = [thread.posts[0].at]
    for state in states:
        post = state.post
        if not post.action or post.action.endswith("closed.disabled"):
            moments.append(post.at)
        changes = [edit.at for edit in post.edits] + ([post.withdrawn] if post.withdrawn else [])
        moments += [at for at in changes if at <= now and not _followed(thread, post, at)]
    return max(moments)


def _followed(thread: Thread, post: Post, at: datetime) -> bool:
    return any(
        other.number > post.number and other.at <= at and not (other.deleted and other.deleted <= at)
        for other in thread.posts
    )
