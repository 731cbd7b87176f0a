"""Observations become rows. The one place that writes sites, threads, posts, revisions, tombstones and links.

What is kept is never lost: an edit adds a revision, a removal sets a state, a thread that is gone keeps all it had.
Captures may come in any order of their times: an older one fills gaps and never overwrites what a newer one shows.
Every function works inside the caller's transaction and depends only on the observation, its capture and the rows
that are there, so that replaying the captures in order gives the same rows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import timedelta

from archive import clock
from crawler.changes import LIVE, Capture, Changes
from crawler.linking import Linker, find_thread
from crawler.numbering import numbers_of
from crawler.observations import ForumInfo, ListPage, PostBatch, ThreadGone, ThreadPage
from crawler.posts import Posts
from crawler.sites import ADAPTERS, Site

# A thread is due again after a tenth of its age since the last post, within these bounds: edits and removals that no
# list shows happen mostly in young threads.
SHORTEST_RECHECK, LONGEST_RECHECK = timedelta(days=1), timedelta(days=180)

Facts = dict[str, str | int | None]
"""Columns of a thread."""
_Gone = tuple[str, int, str | None]
"""When a thread was found gone, the status that said so, the thread that it leads to instead."""


class Store:
    """Writes observations of one site."""

    def __init__(self, conn: sqlite3.Connection, site: Site) -> None:
        self.conn, self.site, self.adapter = conn, site, ADAPTERS[site.kind]
        self.linker = Linker(conn, site)
        self.rows = Posts(conn, site, self.linker)

    def add_site(self, moment: str) -> None:
        """Enter the site itself; its address and title follow what the program knows now. Links that led nowhere before
        may lead to it."""
        known = "select base_url, hosts, kind from sites where id = ?"
        before = self.conn.execute(known, (self.site.id,)).fetchone()
        self.conn.execute(
            "insert into sites (id, kind, base_url, title, added_at, hosts) values (?, ?, ?, ?, ?, ?)"
            " on conflict (id) do update set kind = excluded.kind, base_url = excluded.base_url,"
            " title = coalesce(excluded.title, title), hosts = case excluded.hosts when '[]' then hosts"
            " else excluded.hosts end",
            (self.site.id, self.site.kind, self.site.base_url, self.site.title, moment, json.dumps(self.site.hosts)),
        )
        if before is None or tuple(before) != tuple(self.conn.execute(known, (self.site.id,)).fetchone()):
            self.linker.meet()
        if before and before["kind"] != self.site.kind and self.adapter.NOT_LIVE is None:
            self._answers()

    def _answers(self) -> None:
        """A forum that was taken for gone answers: what was saved of it is not lost for that."""
        rows = self.conn.execute(
            "update threads set state = 'saved' where site_id = ? and state = 'recovered' and gone_at is null"
            " returning id, native_id",
            (self.site.id,),
        ).fetchall()
        for thread_id, native_id in rows:
            self.linker.set_state(native_id, thread_id, "saved")

    def forum(self, info: ForumInfo, capture: Capture) -> None:
        self.conn.executemany(
            "insert into categories (site_id, native_id, parent_native_id, name, slug, topics_listed, capture_id)"
            " values (?, ?, ?, ?, ?, ?, ?) on conflict (site_id, native_id) do update set"
            " parent_native_id = excluded.parent_native_id, name = excluded.name, slug = excluded.slug,"
            " topics_listed = excluded.topics_listed, capture_id = excluded.capture_id"
            " where (select captured_at from captures where id = categories.capture_id) <= ?",
            [
                (
                    self.site.id,
                    c.native_id,
                    c.parent_native_id,
                    c.name,
                    c.slug,
                    c.topics_listed,
                    capture.id,
                    capture.captured_at,
                )
                for c in info.categories
            ],
        )

    def listed(self, page: ListPage, capture: Capture) -> None:
        self.conn.executemany(
            "insert into listed_threads (site_id, native_id, title, excerpt, tags, category_native_id, created_at,"
            " last_activity_at, posts_count, fingerprint, first_listed_at, last_listed_at, capture_id)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " on conflict (site_id, native_id) do update set title = excluded.title, excerpt = excluded.excerpt,"
            " tags = excluded.tags,"
            " category_native_id = coalesce(excluded.category_native_id, listed_threads.category_native_id),"
            " created_at = excluded.created_at,"
            " last_activity_at = excluded.last_activity_at, posts_count = excluded.posts_count,"
            " fingerprint = excluded.fingerprint, last_listed_at = excluded.last_listed_at,"
            " capture_id = excluded.capture_id where excluded.last_listed_at >= listed_threads.last_listed_at",
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
        """A page of a thread: the thread, the posts on it, and, where it lists the ids of all posts, tombstones for
        what left that list and what is missing of it."""
        changes = Changes()
        thread_id = self._thread_row(page, capture, changes)
        changes.thread_id = thread_id
        self.rows.write(thread_id, page.posts, capture, changes)
        if page.stream is not None:
            self.rows.number(thread_id, numbers_of(page.stream, page.posts, page.last_number), capture)
            self._stream(thread_id, page.stream, capture, changes)
        self.rows.settle_numbered(thread_id, changes)
        self._count(thread_id)
        self._state(thread_id, page.native_id)
        return changes

    def posts(self, batch: PostBatch, capture: Capture) -> Changes:
        """Posts that were asked for by id. One that did not come although the source itself was asked for it twice is
        withheld, and that explains its absence; if it is held, it is a tombstone."""
        changes = Changes()
        thread_id = self.thread_id(batch.thread_native_id)
        if thread_id is None:
            if not batch.posts:
                return changes
            thread_id = self._bare_thread(batch, capture)
            changes.new_threads += 1
        changes.thread_id = thread_id
        self.rows.write(thread_id, batch.posts, capture, changes)
        stream_at, page = self.conn.execute(
            "select stream_at, capture_id from threads where id = ?", (thread_id,)
        ).fetchone()
        if page is None:
            self.conn.execute(
                "update threads set first_seen_at = min(first_seen_at, ?1), last_seen_at = max(last_seen_at, ?1)"
                " where id = ?2",
                (capture.captured_at, thread_id),
            )
        if capture.live and stream_at and stream_at <= capture.captured_at:
            came = {post.native_id for post in batch.posts}
            held = self.rows.held(thread_id)
            absent = [native_id for native_id in batch.asked if native_id not in came]
            self.rows.miss(thread_id, [i for i in absent if i in held], capture.captured_at, changes)
            self._miss(thread_id, [i for i in absent if i not in held], None, capture)
        self.rows.settle_numbered(thread_id, changes)
        self._count(thread_id)
        if not capture.live:
            self._state(thread_id, batch.thread_native_id)
        return changes

    def gone(self, gone: ThreadGone, capture: Capture) -> Changes:
        """The source does not have the thread, or no longer shows it. What is held stays."""
        changes = Changes()
        moment = capture.captured_at
        row = self.conn.execute(
            "select id from threads where site_id = ? and native_id = ?", (self.site.id, gone.native_id)
        ).fetchone()
        if row is None:
            self.conn.execute(
                "insert into absent_threads (site_id, native_id, status, checked_at, capture_id, moved_to)"
                " values (?, ?, ?, ?, ?, ?) on conflict (site_id, native_id) do update set status = excluded.status,"
                " checked_at = excluded.checked_at, capture_id = excluded.capture_id, moved_to = excluded.moved_to"
                " where excluded.checked_at >= absent_threads.checked_at",
                (self.site.id, gone.native_id, gone.status, moment, capture.id, gone.moved_to),
            )
            # Where forums share their ids, another one may have it.
            if self.thread_id(gone.native_id) is None:
                self.linker.set_state(gone.native_id, None, "gone")
            return changes
        thread_id = changes.thread_id = int(row[0])
        # What posts alone show of a thread says nothing of when its page was last there.
        changes.gone_threads = self.conn.execute(
            "update threads set state = 'gone', gone_at = ?1, gone_status = ?2, moved_to = ?3, due_at = null"
            " where id = ?4 and (state = 'live' and last_seen_at <= ?1"
            " or state = 'saved' and (last_seen_at <= ?1 or capture_id is null))",
            (moment, gone.status, gone.moved_to, thread_id),
        ).rowcount
        self.conn.execute(
            "update threads set gone_at = ?1, gone_status = ?2, moved_to = ?3 where id = ?4 and state = 'recovered'"
            " and (last_seen_at <= ?1 or capture_id is null) and (gone_at is null or gone_at > ?1)",
            (moment, gone.status, gone.moved_to, thread_id),
        )
        self._state(thread_id, gone.native_id)
        return changes

    def thread_id(self, native_id: str) -> int | None:
        """The row of a thread, None if it is not held."""
        held = find_thread(self.conn, self.site, native_id)
        return held[0] if held else None

    def given_up(self, thread_native_id: str, post_ids: Iterable[str], error: str) -> None:
        """Say why posts are missing whose request failed for good."""
        self.conn.executemany(
            "update missing_posts set reason = ? where native_id = ? and thread_id ="
            " (select id from threads where site_id = ? and native_id = ?)",
            [(f"request failed: {error}", post_id, self.site.id, thread_native_id) for post_id in post_ids],
        )

    def _stream(self, thread_id: int, stream: tuple[str, ...], capture: Capture, changes: Changes) -> None:
        """The ids of all posts of a thread, as one capture lists them."""
        moment, listed = capture.captured_at, set(stream)
        held = self.rows.held(thread_id)
        self.conn.executemany(
            "update posts set last_seen_at = max(last_seen_at, ?) where thread_id = ? and native_id = ?",
            [(moment, thread_id, native_id) for native_id in stream if native_id in held],
        )
        newest = self.conn.execute(
            "update threads set stream_at = ?1 where id = ?2 and (stream_at is null or stream_at <= ?1)",
            (moment, thread_id),
        ).rowcount
        if not newest:
            return
        left = [native_id for native_id in held if native_id not in listed]
        self.rows.vanish(thread_id, left, moment, changes, left=True)
        self.conn.executemany(
            "update posts set listed = 1 where thread_id = ? and native_id = ?",
            [(thread_id, native_id) for native_id in stream if native_id in held],
        )
        missing = {
            native_id
            for (native_id,) in self.conn.execute(
                "select native_id from missing_posts where thread_id = ?", (thread_id,)
            )
        }
        self.rows.forget_missing(thread_id, missing - listed)
        reason = "not asked for yet" if capture.live else "listed in a capture, but in none that is held"
        self._miss(thread_id, [i for i in stream if i not in held and i not in missing], reason, capture)

    def _thread_row(self, page: ThreadPage, capture: Capture, changes: Changes) -> int:
        held = find_thread(self.conn, self.site, page.native_id)
        if held is None:
            thread_id = self._insert(page.native_id, self._first_page(page, capture, self._absent(page.native_id)))
            changes.new_threads += 1
        else:
            thread_id = held[0]
            self._known_thread(thread_id, page, capture)
        self._listed_count(thread_id, page, capture)
        return thread_id

    def _absent(self, native_id: str) -> _Gone | None:
        """When and how a thread was not there before anything of it was held. It is no absent one any more."""
        row = self.conn.execute(
            "delete from absent_threads where site_id = ? and native_id = ? returning checked_at, status, moved_to",
            (self.site.id, native_id),
        ).fetchone()
        return tuple(row) if row else None

    def _first_page(self, page: ThreadPage, capture: Capture, gone: _Gone | None) -> Facts:
        """What the first page of a thread that comes in says of it."""
        return self._facts(page, capture) | {
            **self._presence(capture, gone),
            "held_because": capture.via,
            "first_seen_at": capture.captured_at,
            "tags": json.dumps(page.tags),
        }

    def _bare_thread(self, batch: PostBatch, capture: Capture) -> int:
        """A thread of which posts come in before any page."""
        facts: Facts = {
            **self._presence(capture, self._absent(batch.thread_native_id)),
            "title": batch.title or f"Thread {batch.thread_native_id}",
            "held_because": capture.via,
            "first_seen_at": capture.captured_at,
            "last_seen_at": capture.captured_at,
            "tags": "[]",
        }
        return self._insert(batch.thread_native_id, facts)

    def _presence(self, capture: Capture, gone: _Gone | None) -> Facts:
        """The state of a thread that comes in, of which it may be known that it is gone since. What others saved of it
        says nothing of whether the forum still has it, unless nobody can ask that forum any more."""
        at, status, moved_to = gone if gone and gone[0] > capture.captured_at else (None, None, None)
        lost = at is not None or (self.adapter.NOT_LIVE is not None and not capture.live)
        state = "recovered" if lost else LIVE if capture.live else "saved"
        return {"state": state, "gone_at": at, "gone_status": status, "moved_to": moved_to}

    def _insert(self, native_id: str, facts: Facts) -> int:
        values = facts | {
            "site_id": self.site.id,
            "native_id": native_id,
            "url": self.adapter.thread_url(self.site, native_id),
        }
        marks = ", ".join("?" * len(values))
        cursor = self.conn.execute(
            f"insert into threads ({', '.join(values)}) values ({marks})", tuple(values.values())
        )
        return int(cursor.lastrowid or 0)

    def _facts(self, page: ThreadPage, capture: Capture) -> Facts:
        """What a page says of the thread, and what a live one decides for the next crawl."""
        category = self.conn.execute(
            "select name from categories where site_id = ? and native_id = ?", (self.site.id, page.category_native_id)
        ).fetchone()
        facts: Facts = {
            "title": page.title,
            "category": category[0] if category else page.category,
            "created_at": page.created_at,
            "last_activity_at": page.last_activity_at,
            "last_seen_at": capture.captured_at,
            "capture_id": capture.id,
        }
        return facts | (self._plan(page, capture) if capture.live else {})

    def _plan(self, page: ThreadPage, capture: Capture) -> Facts:
        """What a live page decides for the next crawl."""
        fingerprint = self.conn.execute(
            "select fingerprint from listed_threads where site_id = ? and native_id = ?",
            (self.site.id, page.native_id),
        ).fetchone()
        due_at = _due(page.last_activity_at or page.created_at, capture.captured_at)
        return {"fingerprint": fingerprint[0] if fingerprint else None, "due_at": due_at}

    def _known_thread(self, thread_id: int, page: ThreadPage, capture: Capture) -> None:
        moment = capture.captured_at
        before = self.conn.execute("select * from threads where id = ?", (thread_id,)).fetchone()
        if before["capture_id"] is None:
            gone = (before["gone_at"], before["gone_status"], before["moved_to"]) if before["gone_at"] else None
            self._update(thread_id, self._first_page(page, capture, gone))
            return
        facts = self._facts(page, capture)
        newer = moment >= before["last_seen_at"]
        whole = page.stream is not None
        if before["title"] != page.title:
            self._earlier_title(before, page.title, capture, newer=newer)
        if not newer:
            facts = {"title": before["title"]} | {name: facts[name] for name in ("category", "created_at")}
            facts["last_activity_at"] = before["last_activity_at"] or page.last_activity_at
        if not (newer and whole):
            # A page of HTML says less than the source's data: it fills gaps and empties nothing.
            for name in ("category", "created_at"):
                known = (facts[name], before[name]) if newer else (before[name], facts[name])
                facts[name] = known[0] or known[1]
            if newer:
                facts["last_activity_at"] = max(page.last_activity_at or "", before["last_activity_at"] or "") or None
        since = before["stream_at"]
        if (newer and (whole or page.tags)) or (not newer and before["tags"] == "[]" and (not since or since < moment)):
            facts["tags"] = json.dumps(page.tags)
        if capture.live and (before["state"] == "saved" or (newer and (before["gone_at"] or "") <= moment)):
            facts |= {"state": LIVE, "gone_at": None, "gone_status": None, "moved_to": None}
            facts |= self._plan(page, capture)
        facts["first_seen_at"] = min(moment, before["first_seen_at"])
        self._update(thread_id, facts)

    def _update(self, thread_id: int, facts: Facts) -> None:
        assignments = ", ".join(f"{name} = ?" for name in facts)
        self.conn.execute(f"update threads set {assignments} where id = ?", (*facts.values(), thread_id))

    def _earlier_title(self, before: sqlite3.Row, title: str, capture: Capture, *, newer: bool) -> None:
        """Keep a title that is not the latest, with the last time it was seen."""
        thread_id = before["id"]
        observed_at, capture_id = capture.captured_at, capture.id
        if newer:
            title, observed_at, capture_id = before["title"], before["last_seen_at"], before["capture_id"]
        else:
            same = self.conn.execute(
                "select rowid, observed_at from titles where thread_id = ? and title = ? order by observed_at desc",
                (thread_id, title),
            ).fetchone()
            if same:
                if same[1] < observed_at:
                    self.conn.execute(
                        "update titles set observed_at = ?, capture_id = ? where rowid = ?",
                        (observed_at, capture_id, same[0]),
                    )
                return
        self.conn.execute(
            "insert into titles (thread_id, observed_at, title, capture_id) values (?, ?, ?, ?)",
            (thread_id, observed_at, title, capture_id),
        )

    def _listed_count(self, thread_id: int, page: ThreadPage, capture: Capture) -> None:
        """How many posts the thread has: as last listed or counted, at least so many as its pages imply since."""
        count = len(page.stream) if page.stream is not None else page.posts_listed
        if count is not None:
            self.conn.execute(
                "update threads set posts_counted = ?1, posts_counted_at = ?2 where id = ?3"
                " and (posts_counted_at is null or posts_counted_at <= ?2)",
                (count, capture.captured_at, thread_id),
            )
        if page.posts_at_least is not None:
            self.conn.execute(
                "update threads set posts_implied = ?1, posts_implied_at = ?2 where id = ?3 and (posts_implied is null"
                " or posts_implied < ?1 or (posts_implied = ?1 and posts_implied_at < ?2))",
                (page.posts_at_least, capture.captured_at, thread_id),
            )
        if page.posts_beyond:
            self.conn.execute("update threads set posts_beyond = ? where id = ?", (page.posts_beyond, thread_id))
        self.conn.execute(
            "update threads set posts_listed = case when posts_counted is null or (posts_implied > posts_counted"
            " and posts_implied_at > posts_counted_at) then posts_implied else posts_counted end where id = ?",
            (thread_id,),
        )

    def _state(self, thread_id: int, native_id: str) -> None:
        """A gone thread of which a web archive or an import has shown something is recovered; links learn the state."""
        self.conn.execute(
            "update threads set state = 'recovered' where id = ?1 and state = 'gone' and exists"
            " (select 1 from captures join posts on captures.id = posts.capture_id where thread_id = ?1 and route != ?2"
            " union all select 1 from captures join revisions on captures.id = revisions.capture_id"
            " join posts on posts.id = post_id where thread_id = ?1 and route != ?2)",
            (thread_id, LIVE),
        )
        (state,) = self.conn.execute("select state from threads where id = ?", (thread_id,)).fetchone()
        self.linker.set_state(native_id, thread_id, state)

    def _miss(self, thread_id: int, native_ids: Iterable[str], reason: str | None, capture: Capture) -> None:
        """Note posts that the source listed and that are not held; without a reason they were asked for in vain."""
        for native_id in native_ids:
            self.conn.execute(
                "insert into missing_posts (thread_id, native_id, asked, reason, explained, first_missed_at,"
                " last_missed_at, capture_id, number) values (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7,"
                " (select number from post_numbers where thread_id = ?1 and native_id = ?2))"
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

    def _count(self, thread_id: int) -> None:
        self.conn.execute(
            "update threads set posts_held = (select count(*) from posts where thread_id = threads.id and listed)"
            " where id = ?",
            (thread_id,),
        )


def _due(last_activity_at: str | None, captured_at: str) -> str:
    now = clock.parse(captured_at)
    age = now - clock.parse(last_activity_at) if last_activity_at else LONGEST_RECHECK
    return clock.iso(now + min(max(age / 10, SHORTEST_RECHECK), LONGEST_RECHECK))
