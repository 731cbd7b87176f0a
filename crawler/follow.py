"""What a response leads to: which listed threads to take, which posts to ask for, which links to go after."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from archive import clock
from crawler.frontier import Frontier, Item
from crawler.ingest import Ingested
from crawler.media import Media
from crawler.observations import ListedThread, ListPage, PostBatch, ThreadGone, ThreadPage
from crawler.runs import Run
from crawler.scope import HELD, Interest, Scope, decide
from crawler.sites import ADAPTERS, Site
from crawler.store import LONGEST_RECHECK, SHORTEST_RECHECK, Store

# Reasons for which every post of a thread is asked for again, not only what may be new.
THOROUGH = ("due", "re-check", "incomplete", "named")
DEEP = "deep"
# A thread that is listed and not shown is asked for again after so much of the time for which it is known not to be: a
# little less than all of it, so that crawls at the same hour of every night find it due.
PATIENCE = 0.9
# How the reason of a thread begins that was taken because of what is written in it.
TEXT = "text: "


class Follower:
    """Fills the frontier of one run. Works inside the caller's transaction."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        site: Site,
        scope: Scope,
        frontier: Frontier,
        interest: Interest,
        taxonomy_version: str,
        run: Run,
    ) -> None:
        self.conn, self.site, self.scope, self.frontier = conn, site, scope, frontier
        self.interest, self.taxonomy_version, self.run = interest, taxonomy_version, run
        self.adapter = ADAPTERS[site.kind]
        self.store = Store(conn, site)
        self.media = Media(conn, site)
        self.pages_seen: dict[str, set[str]] = {}

    def move(self, site: Site) -> None:
        """The forum answers at another address than was asked."""
        self.site = site
        self.store = Store(self.conn, site)
        self.media = Media(self.conn, site)

    def seed(self) -> None:
        """The first addresses of a run."""
        host = self.site.base_url.split("/", 3)
        self.frontier.add("robots", "/".join(host[:3]) + "/robots.txt", "manners")
        self.frontier.add("site", self.adapter.info_request(self.site), "categories")
        for native_id in self.scope.threads:
            self.frontier.add("thread", self.adapter.thread_request(self.site, native_id), "named")
        if not self.scope.threads:
            self.frontier.add("list", self.adapter.list_request(self.site, self.scope.category_path), "threads")

    def follow(self, item: Item, ingested: Ingested) -> None:
        """Queue what an answer leads to."""
        observation = ingested.observation
        match observation:
            case ListPage():
                self._list(item, observation)
            case ThreadPage():
                self._thread(item, observation, ingested)
            case PostBatch():
                self._batch(item, observation, ingested)
            case ThreadGone() if item.reason == "no longer listed":
                self._note_unlisted(observation.native_id)
            case _:
                if item.kind == "media":
                    self.media.came(item.url, ingested.capture_id)

    def plan(self) -> bool:
        """Once the lists are read: categories that hide threads from the list of all, threads that left the lists,
        threads that are due. True if anything was added. Doing it twice adds nothing twice."""
        if self.scope.threads:
            return False
        if self.scope.whole_forum and self._add_hidden_categories():
            return True
        added = 0
        if self.scope.whole_forum and self.adapter.LISTS_ALL and not self._lists_incomplete():
            rows = self.conn.execute(
                "select l.native_id from listed_threads l join threads t using (site_id, native_id)"
                " join captures c on c.id = l.capture_id"
                " where l.site_id = ? and t.state = 'live' and l.unlisted_at is null and c.run_id is not ?",
                (self.site.id, self.run.id),
            ).fetchall()
            added += self._add_threads((row[0] for row in rows), "no longer listed")
        if self.scope.recheck:
            rows = self.conn.execute("select native_id from threads where site_id = ?", (self.site.id,)).fetchall()
            added += self._add_threads((row[0] for row in rows), "re-check")
        elif self.scope.whole_forum:
            rows = self.conn.execute(
                "select native_id from threads where site_id = ? and state = 'live' and due_at <= ?",
                (self.site.id, clock.now()),
            ).fetchall()
            added += self._add_threads((row[0] for row in rows), "due")
            rows = self.conn.execute(
                "select native_id from threads where site_id = ? and state = 'saved'", (self.site.id,)
            ).fetchall()
            added += self._add_threads((row[0] for row in rows), "known from a saved copy only")
        return added > 0

    def expand(self) -> bool:
        """In a focused crawl, go after what matching threads link to, `depth` steps far. True if anything was added.

        Counted from the threads that match, over links that the archive holds, so that it does not matter in which
        run a thread came or a request failed. Doing it twice adds nothing twice.
        """
        if self.scope.everything:
            return False
        level = seen = self._roots()
        added = 0
        for depth in range(1, self.scope.depth + 1):
            further: set[int] = set()
            for thread_id in sorted(level):
                for target, target_id, source in self._linked(thread_id):
                    if target_id is None:
                        url = self.adapter.thread_request(self.site, target)
                        added += self.frontier.add("thread", url, f"link in {source}", depth=depth)
                    else:
                        further.add(target_id)
            level = further - seen
            seen = seen | level
        return added > 0

    def picture(self) -> bool:
        """Last, the pictures and attachments of the threads that the user asked for. True if any were added."""
        if not self.scope.media:
            return False
        wanted = self.media.note(sorted(self._roots()), again=self.scope.recheck)
        return sum(self.frontier.add("media", url, "shown in a post") for url in wanted) > 0

    def given_up(self, item: Item, error: str) -> None:
        """An address will not be had: say so where it is missed."""
        if item.kind == "media":
            self.media.given_up(item.url, error)
        if item.kind in ("posts", "posts again"):
            reference = self.adapter.reference(self.site, item.url)
            asked = self.adapter.asked(item.url)
            if reference and reference.thread:
                self.store.given_up(reference.thread, asked, error)

    def absent(self) -> list[tuple[str, int]]:
        """Of the threads that the user named, those that are not there and not held, where they lead included: address,
        and the status that said so."""
        found = []
        for native_id in dict.fromkeys(self.scope.threads):
            row = self.conn.execute(
                "select status, moved_to from absent_threads where site_id = ? and native_id = ?",
                (self.site.id, native_id),
            ).fetchone()
            if row and not any(self.store.thread_id(known) for known in (native_id, row[1]) if known):
                found.append((self.adapter.thread_url(self.site, native_id), row[0]))
        return found

    def incomplete(self) -> bool:
        """Whether this forum has gaps that nothing explains."""
        unexplained = self.conn.execute(
            "select count(*) from coverage where site_id = ? and state = 'live' and posts_unexplained > 0",
            (self.site.id,),
        ).fetchone()[0]
        failed = self.frontier.count("failed") - self.frontier.count("failed", "media")
        return bool(unexplained or failed or self._lists_incomplete())

    def _lists_incomplete(self) -> bool:
        return bool(self.frontier.count("failed", "list") or self.frontier.count("refused", "list"))

    # lists

    def _list(self, item: Item, page: ListPage) -> None:
        path = item.url.partition("?")[0]
        seen = self.pages_seen.setdefault(path, set())
        fresh = [thread for thread in page.threads if thread.native_id not in seen]
        seen.update(thread.native_id for thread in fresh)
        for thread in fresh:
            self._decide(thread)
        # A server that answers page after page with the same threads has no more.
        if page.next_url and fresh:
            self.frontier.add("list", page.next_url, item.reason)

    def _decide(self, thread: ListedThread) -> None:
        row = self.conn.execute(
            "select t.id, t.state, t.fingerprint, due_at, exists (select 1 from missing_posts where thread_id = t.id"
            " and not explained), unlisted_at is not null from threads t left join listed_threads l"
            " on l.site_id = ?2 and l.native_id = ?3 where t.id = ?1",
            (self.store.thread_id(thread.native_id), self.site.id, thread.native_id),
        ).fetchone()
        decision, reason = decide(self.scope, thread, row is not None, self.interest)
        self.conn.execute(
            "update listed_threads set decision = ?1, reason = case when ?2 = ?6 and reason like ?7 then reason"
            " else ?2 end, taxonomy_version = ?3, unlisted_at = null where site_id = ?4 and native_id = ?5",
            (
                decision,
                reason,
                self.taxonomy_version,
                self.site.id,
                thread.native_id,
                HELD,
                f"{TEXT}%",
            ),
        )
        why = None
        if decision == "taken":
            why = self._why(row, thread, reason)
        elif self.scope.deep and row is None and reason == "no match":
            why = DEEP
        if why:
            self.frontier.add("thread", self.adapter.thread_request(self.site, thread.native_id), why)

    def _why(self, row: sqlite3.Row | None, thread: ListedThread, reason: str) -> str | None:
        """Why a thread that is to be held must be fetched now; None if it need not be."""
        if row is None:
            return None if self._lately_absent(thread.native_id) else reason
        _, state, known, due_at, incomplete, unlisted = row
        if state == "gone":
            return "listed again" if unlisted or not self._lately_absent(thread.native_id) else None
        if known != thread.fingerprint:
            return "changed"
        if self.scope.recheck:
            return "re-check"
        if incomplete:
            return "incomplete"
        return "due" if due_at and due_at <= clock.now() else None

    def _lately_absent(self, native_id: str) -> bool:
        """Whether the source lists a thread that it does not show, and was asked for it not long ago: within the last
        day, or within as long as it is known not to show it."""
        row = self.conn.execute(
            "select coalesce(max(t.gone_at), min(c.captured_at)), max(c.captured_at) from captures c"
            " left join threads t on t.site_id = c.site_id and t.native_id = ?2 where c.url = ?1",
            (self.adapter.thread_request(self.site, native_id), native_id),
        ).fetchone()
        if row[1] is None:
            return False
        since, last, now = clock.parse(row[0]), clock.parse(row[1]), clock.parse(clock.now())
        return now - last < min(max(PATIENCE * (last - since), SHORTEST_RECHECK), LONGEST_RECHECK)

    def _add_hidden_categories(self) -> bool:
        """A category's own list is read only where it has more threads than the list of all showed of it."""
        rows = self.conn.execute(
            "select c.native_id, c.slug, p.slug, c.topics_listed, (select count(*) from listed_threads l"
            " join captures on captures.id = l.capture_id where l.site_id = c.site_id"
            " and l.category_native_id = c.native_id and captures.run_id = ?)"
            " from categories c left join categories p on p.site_id = c.site_id and p.native_id = c.parent_native_id"
            # What the forum named in an earlier run only, it no longer shows.
            " join captures told on told.id = c.capture_id where c.site_id = ? and told.run_id = ?",
            (self.run.id, self.site.id, self.run.id),
        ).fetchall()
        added = 0
        for native_id, slug, parent_slug, listed, seen in rows:
            if slug and (listed is None or listed > seen):
                path = self.adapter.category_path(f"{parent_slug}/{slug}" if parent_slug else slug, native_id)
                added += self.frontier.add("list", self.adapter.list_request(self.site, path), "category")
        return added > 0

    def _add_threads(self, native_ids: Iterable[str], reason: str) -> int:
        return sum(
            self.frontier.add("thread", self.adapter.thread_request(self.site, native_id), reason)
            for native_id in native_ids
        )

    # threads and posts

    def _thread(self, item: Item, page: ThreadPage, ingested: Ingested) -> None:
        if item.reason == "no longer listed":
            self._note_unlisted(page.native_id)
        here = {post.native_id for post in page.posts}
        held = {
            row[0]
            for row in self.conn.execute(
                # A post that is listed again after it had gone is asked for like a new one.
                "select native_id from posts where thread_id = ? and state != 'deleted'",
                (ingested.changes.thread_id,),
            )
        }
        rest = [native_id for native_id in page.stream or () if native_id not in here]
        new = [native_id for native_id in rest if native_id not in held]
        # One request carries many ids, so it is filled with held posts, the latest first: it costs nothing more, and
        # shows their edits.
        known = [native_id for native_id in reversed(rest) if native_id in held]
        batch = self.adapter.BATCH
        room = len(known) if item.reason.startswith(THOROUGH) else -len(new) % batch if new else batch
        asked = new + known[:room]
        for start in range(0, len(asked), batch):
            ids = asked[start : start + batch]
            self.frontier.add(
                "posts", self.adapter.posts_request(self.site, page.native_id, ids), item.reason, depth=item.depth
            )
        self._judge_text(page.native_id, ingested)

    def _batch(self, item: Item, batch: PostBatch, ingested: Ingested) -> None:
        rows = self.conn.execute(
            "select native_id from missing_posts where thread_id = ?1 and asked = 1 union all"
            " select native_id from posts where thread_id = ?1 and missed_at is not null and state != 'deleted'",
            (ingested.changes.thread_id,),
        ).fetchall()
        asked_once = {row[0] for row in rows}
        again = [native_id for native_id in batch.asked if native_id in asked_once]
        if again:
            url = self.adapter.posts_request(self.site, batch.thread_native_id, again)
            self.frontier.add("posts again", url, item.reason, depth=item.depth)
        self._judge_text(batch.thread_native_id, ingested)

    def _judge_text(self, native_id: str, ingested: Ingested) -> None:
        """In a deep crawl, take a thread for what is written in it where its title did not match."""
        if not self.scope.deep:
            return
        row = self.conn.execute(
            "select title from listed_threads where site_id = ? and native_id = ?"
            " and (decision = 'passed' or reason = ?)",
            (self.site.id, native_id, HELD),
        ).fetchone()
        words = row and next(filter(None, (self.interest(row[0], (), text) for text in ingested.changes.texts)), None)
        if words:
            self.conn.execute(
                "update listed_threads set decision = 'taken', reason = ? where site_id = ? and native_id = ?",
                (TEXT + words, self.site.id, native_id),
            )

    def _roots(self) -> set[int]:
        """The threads that the user asked for: named ones, or those that lists showed and that match."""
        if self.scope.threads:
            found = (self.store.thread_id(native_id) for native_id in self.scope.threads)
            return {thread_id for thread_id in found if thread_id is not None}
        rows = self.conn.execute(
            "select t.id from listed_threads l join threads t using (site_id, native_id)"
            " where l.site_id = ? and l.decision = 'taken' and l.reason is not ?",
            (self.site.id, HELD),
        )
        return {row[0] for row in rows}

    def _linked(self, thread_id: int) -> list[tuple[str, int | None, str]]:
        """Threads that a thread links to: native id, row (None: not held, and not known to be gone), linking post."""
        rows = self.conn.execute(
            "select target_native_id, target_thread_id, t.native_id || '/' || min(p.number) from links l"
            " join posts p on p.id = l.post_id join threads t on t.id = p.thread_id"
            " where p.thread_id = ? and target_site_id = ? and target_native_id is not null and l.kind != 'mention'"
            " and (target_thread_id is not null or l.state = 'unknown')"
            " group by target_native_id, target_thread_id order by min(p.number), min(l.id)",
            (thread_id, self.site.id),
        )
        return [tuple(row) for row in rows]

    def _note_unlisted(self, native_id: str) -> None:
        self.conn.execute(
            "update listed_threads set unlisted_at = ? where site_id = ? and native_id = ?",
            (clock.now(), self.site.id, native_id),
        )
