"""Observations become rows. The one place that writes sites, threads, posts, revisions, tombstones and links.

What is kept is never lost: an edit adds a revision, a removal sets a state, a thread that is gone keeps all it had.
Every function works inside the caller's transaction and depends only on the observation, its capture and the rows
that are there, so that replaying the captures in order gives the same rows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from archive import clock
from archive.markup import render
from crawler.links import content_digest, post_links
from crawler.observations import ForumInfo, ListPage, PostBatch, SeenPost, ThreadGone, ThreadPage
from crawler.sites import ADAPTERS, Site

# A thread is due again after a tenth of its age since the last post, within these bounds: edits and removals that no
# list shows happen mostly in young threads.
SHORTEST_RECHECK, LONGEST_RECHECK = timedelta(days=1), timedelta(days=180)


@dataclass
class Changes:
    """What one response changed, for the run's counters."""

    new_threads: int = 0
    new_posts: int = 0
    edited_posts: int = 0
    vanished_posts: int = 0
    gone_threads: int = 0
    thread_id: int | None = None
    texts: list[str] = field(default_factory=list)
    """Texts of posts that are new or edited."""


@dataclass(frozen=True)
class Capture:
    """The stored response that an observation was read from."""

    id: int
    captured_at: str
    via: str


class Store:
    """Writes observations of one site."""

    def __init__(self, conn: sqlite3.Connection, site: Site) -> None:
        self.conn, self.site, self.adapter = conn, site, ADAPTERS[site.kind]

    def add_site(self, moment: str) -> None:
        """Enter the site itself; its address and title follow what the program knows now."""
        self.conn.execute(
            "insert into sites (id, kind, base_url, title, added_at) values (?, ?, ?, ?, ?)"
            " on conflict (id) do update set kind = excluded.kind, base_url = excluded.base_url,"
            " title = coalesce(excluded.title, title)",
            (self.site.id, self.site.kind, self.site.base_url, self.site.title, moment),
        )

    def forum(self, info: ForumInfo, capture: Capture) -> None:
        self.conn.executemany(
            "insert or replace into categories"
            " (site_id, native_id, parent_native_id, name, slug, topics_listed, capture_id) values (?, ?, ?, ?, ?, ?, ?)",
            [
                (self.site.id, c.native_id, c.parent_native_id, c.name, c.slug, c.topics_listed, capture.id)
                for c in info.categories
            ],
        )

    def listed(self, page: ListPage, capture: Capture) -> None:
        self.conn.executemany(
            "insert into listed_threads (site_id, native_id, title, excerpt, tags, category_native_id, created_at,"
            " last_activity_at, posts_count, fingerprint, first_listed_at, last_listed_at, capture_id)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " on conflict (site_id, native_id) do update set title = excluded.title, excerpt = excluded.excerpt,"
            " tags = excluded.tags, category_native_id = excluded.category_native_id, created_at = excluded.created_at,"
            " last_activity_at = excluded.last_activity_at, posts_count = excluded.posts_count,"
            " fingerprint = excluded.fingerprint, last_listed_at = excluded.last_listed_at,"
            " capture_id = excluded.capture_id",
            [
                (
                    self.site.id,
                    thread.native_id,
                    thread.title,
                    thread.excerpt,
                    json.dumps(thread.tags),
                    thread.category_native_id,
                    thread.created_at,
                    thread.last_activity_at,
                    thread.posts_count,
                    thread.fingerprint,
                    capture.captured_at,
                    capture.captured_at,
                    capture.id,
                )
                for thread in page.threads
            ],
        )

    def thread(self, page: ThreadPage, capture: Capture) -> Changes:
        """A thread's first page: the thread, its first posts, tombstones for what left the stream, what is missing."""
        changes = Changes()
        thread_id = self._thread_row(page, capture, changes)
        changes.thread_id = thread_id
        for post in page.posts:
            self._post(thread_id, post, capture, changes)
        listed = set(page.stream)
        held = self._held(thread_id)
        left = [native_id for native_id in held if native_id not in listed]
        self._set_state(thread_id, left, "deleted", capture, changes)
        self.conn.executemany(
            "update posts set listed = 0 where thread_id = ? and native_id = ?", [(thread_id, i) for i in left]
        )
        self.conn.executemany(
            "update posts set listed = 1, last_seen_at = ? where thread_id = ? and native_id = ?",
            [(capture.captured_at, thread_id, native_id) for native_id in page.stream if native_id in held],
        )
        missing = {
            native_id
            for (native_id,) in self.conn.execute(
                "select native_id from missing_posts where thread_id = ?", (thread_id,)
            )
        }
        self._forget_missing(thread_id, missing - listed)
        self._miss(
            thread_id, [i for i in page.stream if i not in held and i not in missing], "not asked for yet", capture
        )
        self._count(thread_id, posts_listed=len(page.stream))
        return changes

    def posts(self, batch: PostBatch, capture: Capture) -> Changes:
        """Posts that were asked for by id. One that did not come although it was asked for twice is withheld by the
        source, and that explains its absence."""
        changes = Changes()
        thread_id = self.thread_id(batch.thread_native_id)
        if thread_id is None:
            return changes
        changes.thread_id = thread_id
        for post in batch.posts:
            self._post(thread_id, post, capture, changes)
        came = {post.native_id for post in batch.posts}
        held = self._held(thread_id)
        absent = [native_id for native_id in batch.asked if native_id not in came]
        self._set_state(
            thread_id, [native_id for native_id in absent if native_id in held], "deleted", capture, changes
        )
        self._miss(thread_id, [native_id for native_id in absent if native_id not in held], None, capture)
        self._count(thread_id)
        return changes

    def gone(self, gone: ThreadGone, capture: Capture) -> Changes:
        """The source does not have the thread, or no longer shows it. What is held stays."""
        changes = Changes()
        thread_id = self.thread_id(gone.native_id)
        if thread_id is None:
            self.conn.execute(
                "insert into absent_threads (site_id, native_id, status, checked_at, capture_id) values (?, ?, ?, ?, ?)"
                " on conflict (site_id, native_id) do update set status = excluded.status,"
                " checked_at = excluded.checked_at, capture_id = excluded.capture_id",
                (self.site.id, gone.native_id, gone.status, capture.captured_at, capture.id),
            )
            self._set_link_states(gone.native_id, None, "gone")
            return changes
        changes.thread_id = thread_id
        cursor = self.conn.execute(
            "update threads set state = 'gone', gone_at = ?, gone_status = ?, due_at = null"
            " where id = ? and state = 'live'",
            (capture.captured_at, gone.status, thread_id),
        )
        changes.gone_threads = cursor.rowcount
        self._set_link_states(gone.native_id, thread_id, "gone")
        return changes

    def thread_id(self, native_id: str) -> int | None:
        """The row of a thread, None if it is not held."""
        row = self.conn.execute(
            "select id from threads where site_id = ? and native_id = ?", (self.site.id, native_id)
        ).fetchone()
        return int(row[0]) if row else None

    def given_up(self, thread_native_id: str, post_ids: Iterable[str], error: str) -> None:
        """Say why posts are missing whose request failed for good."""
        self.conn.executemany(
            "update missing_posts set reason = ? where native_id = ? and thread_id ="
            " (select id from threads where site_id = ? and native_id = ?)",
            [(f"request failed: {error}", post_id, self.site.id, thread_native_id) for post_id in post_ids],
        )

    def _held(self, thread_id: int) -> set[str]:
        return {row[0] for row in self.conn.execute("select native_id from posts where thread_id = ?", (thread_id,))}

    def _thread_row(self, page: ThreadPage, capture: Capture, changes: Changes) -> int:
        category = self.conn.execute(
            "select name from categories where site_id = ? and native_id = ?", (self.site.id, page.category_native_id)
        ).fetchone()
        fingerprint = self.conn.execute(
            "select fingerprint from listed_threads where site_id = ? and native_id = ?", (self.site.id, page.native_id)
        ).fetchone()
        values = {
            "title": page.title,
            "category": category[0] if category else None,
            "tags": json.dumps(page.tags),
            "created_at": page.created_at,
            "last_activity_at": page.last_activity_at,
            "fingerprint": fingerprint[0] if fingerprint else None,
            "last_seen_at": capture.captured_at,
            "due_at": _due(page.last_activity_at or page.created_at, capture.captured_at),
            "capture_id": capture.id,
        }
        before = self.conn.execute(
            "select id, title, last_seen_at, capture_id from threads where site_id = ? and native_id = ?",
            (self.site.id, page.native_id),
        ).fetchone()
        if before is None:
            values |= {
                "site_id": self.site.id,
                "native_id": page.native_id,
                "url": self.adapter.thread_url(self.site, page.native_id),
                "state": "live",
                "held_because": capture.via,
                "first_seen_at": capture.captured_at,
            }
            marks = ", ".join("?" * len(values))
            cursor = self.conn.execute(
                f"insert into threads ({', '.join(values)}) values ({marks})", tuple(values.values())
            )
            thread_id = int(cursor.lastrowid or 0)
            changes.new_threads += 1
            self.conn.execute(
                "delete from absent_threads where site_id = ? and native_id = ?", (self.site.id, page.native_id)
            )
        else:
            thread_id = int(before[0])
            if before[1] != page.title:
                self.conn.execute(
                    "insert into titles (thread_id, observed_at, title, capture_id) values (?, ?, ?, ?)",
                    (thread_id, before[2], before[1], before[3]),
                )
            values |= {"state": "live", "gone_at": None, "gone_status": None}
            assignments = ", ".join(f"{name} = ?" for name in values)
            self.conn.execute(f"update threads set {assignments} where id = ?", (*values.values(), thread_id))
        self._set_link_states(page.native_id, thread_id, "live")
        return thread_id

    def _post(self, thread_id: int, post: SeenPost, capture: Capture, changes: Changes) -> None:
        rendered = render(post.html)
        digest = content_digest(post.html, rendered)
        before = self.conn.execute(
            "select id, state, digest, text, html, first_seen_at, capture_id from posts"
            " where thread_id = ? and native_id = ?",
            (thread_id, post.native_id),
        ).fetchone()
        moment = capture.captured_at
        if before is None:
            cursor = self.conn.execute(
                "insert into posts (thread_id, native_id, number, author_id, created_at, updated_at, text, html, digest,"
                " state, kind, action, reply_to_number, likes, first_seen_at, last_seen_at, state_since, capture_id)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    thread_id,
                    post.native_id,
                    post.number,
                    self._author(post),
                    post.created_at,
                    post.updated_at,
                    rendered.text,
                    post.html,
                    digest,
                    post.state,
                    post.kind,
                    post.action,
                    post.reply_to_number,
                    post.likes,
                    moment,
                    moment,
                    moment,
                    capture.id,
                ),
            )
            post_id = int(cursor.lastrowid or 0)
            self._forget_missing(thread_id, [post.native_id])
            changes.new_posts += 1
        else:
            post_id = int(before["id"])
            if before["state"] != post.state:
                self._set_state(thread_id, [post.native_id], post.state, capture, changes)
            self.conn.execute(
                "update posts set last_seen_at = ?, updated_at = ?, likes = ?, number = ?, reply_to_number = ?"
                " where id = ?",
                (moment, post.updated_at, post.likes, post.number, post.reply_to_number, post_id),
            )
            if post.state != "present" or before["digest"] == digest:
                return
            if before["html"]:
                self._keep_revision(post_id, before, moment)
                changes.edited_posts += 1
            self.conn.execute(
                "update posts set text = ?, html = ?, digest = ?, capture_id = ? where id = ?",
                (rendered.text, post.html, digest, capture.id, post_id),
            )
        if post.html:
            changes.texts.append(rendered.text)
        self._links(post_id, post.html)

    def _keep_revision(self, post_id: int, before: sqlite3.Row, moment: str) -> None:
        self.conn.execute(
            "insert into revisions (post_id, observed_at, superseded_at, text, html, digest, capture_id) values"
            " (?, coalesce((select max(superseded_at) from revisions where post_id = ?), ?), ?, ?, ?, ?, ?)",
            (
                post_id,
                post_id,
                before["first_seen_at"],
                moment,
                before["text"],
                before["html"],
                before["digest"],
                before["capture_id"],
            ),
        )

    def _author(self, post: SeenPost) -> int | None:
        if not post.author:
            return None
        row = self.conn.execute(
            "insert into authors (site_id, name, role) values (?, ?, ?)"
            " on conflict (site_id, name) do update set role = excluded.role returning id",
            (self.site.id, post.author, post.role),
        ).fetchone()
        return int(row[0])

    def _links(self, post_id: int, html: str) -> None:
        self.conn.execute("delete from links where post_id = ?", (post_id,))
        for link in post_links(html, self.adapter, self.site):
            reference = self.adapter.reference(self.site, link.url) if link.kind != "mention" else None
            target = reference.thread if reference else None
            row = self.conn.execute(
                "select id, state from threads where site_id = ?1 and native_id = ?2 union all"
                " select null, 'gone' from absent_threads where site_id = ?1 and native_id = ?2",
                (self.site.id, target),
            ).fetchone()
            self.conn.execute(
                "insert into links (post_id, url, kind, title, target_site_id, target_native_id, target_number,"
                " target_thread_id, state) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    post_id,
                    link.url,
                    link.kind,
                    link.title,
                    self.site.id if reference else None,
                    target,
                    reference.post_number if reference else None,
                    row[0] if row else None,
                    row[1] if row else "unknown" if target else "outside",
                ),
            )

    def _set_link_states(self, native_id: str, thread_id: int | None, state: str) -> None:
        self.conn.execute(
            "update links set target_thread_id = ?, state = ? where target_site_id = ? and target_native_id = ?",
            (thread_id, state, self.site.id, native_id),
        )

    def _set_state(
        self, thread_id: int, native_ids: Iterable[str], state: str, capture: Capture, changes: Changes
    ) -> None:
        for native_id in native_ids:
            cursor = self.conn.execute(
                "update posts set state = ?, state_since = ? where thread_id = ? and native_id = ? and state != ?",
                (state, capture.captured_at, thread_id, native_id, state),
            )
            if state != "present":
                changes.vanished_posts += cursor.rowcount

    def _miss(self, thread_id: int, native_ids: Iterable[str], reason: str | None, capture: Capture) -> None:
        """Note posts that the source listed and that are not held; without a reason they were asked for in vain."""
        for native_id in native_ids:
            self.conn.execute(
                "insert into missing_posts (thread_id, native_id, asked, reason, explained, first_missed_at,"
                " last_missed_at, capture_id) values (?, ?, ?, ?, 0, ?, ?, ?)"
                " on conflict (thread_id, native_id) do update set asked = asked + 1, explained = asked + 1 >= 2,"
                " reason = case when asked + 1 >= 2 then 'listed by the source, but not shown when asked for twice'"
                " else excluded.reason end, last_missed_at = excluded.last_missed_at, capture_id = excluded.capture_id",
                (
                    thread_id,
                    native_id,
                    0 if reason else 1,
                    reason or "not shown when asked for",
                    capture.captured_at,
                    capture.captured_at,
                    capture.id,
                ),
            )

    def _forget_missing(self, thread_id: int, native_ids: Iterable[str]) -> None:
        self.conn.executemany(
            "delete from missing_posts where thread_id = ? and native_id = ?",
            [(thread_id, native_id) for native_id in native_ids],
        )

    def _count(self, thread_id: int, posts_listed: int | None = None) -> None:
        self.conn.execute(
            "update threads set posts_listed = coalesce(?, posts_listed), posts_held ="
            " (select count(*) from posts where thread_id = threads.id and listed) where id = ?",
            (posts_listed, thread_id),
        )


def _due(last_activity_at: str | None, captured_at: str) -> str:
    now = clock.parse(captured_at)
    age = now - clock.parse(last_activity_at) if last_activity_at else LONGEST_RECHECK
    return clock.iso(now + min(max(age / 10, SHORTEST_RECHECK), LONGEST_RECHECK))
