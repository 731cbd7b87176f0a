"""Writes posts: each once, known by the source's id or by its number, with its versions, state and author."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace

from archive.markup import flattened, render
from crawler.changes import LIVE, Capture, Changes
from crawler.linking import Linker
from crawler.links import content_digest
from crawler.observations import SeenPost
from crawler.sites import Site
from crawler.versions import Version, place

# Posts that are shown without an id get this and their number for one, until a capture shows the id.
NUMBERED = "#"
FOUND = (
    "select id, native_id, state, html, first_seen_at, last_seen_at, state_since, text_since, created_at,"
    " (select name from authors where authors.id = author_id) as author from posts"
)


class Posts:
    """Writes the posts of one site's threads. Works inside the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection, site: Site, linker: Linker) -> None:
        self.conn, self.site, self.linker = conn, site, linker

    def write(self, thread_id: int, posts: Iterable[SeenPost], capture: Capture, changes: Changes) -> None:
        """Take in posts as a capture shows them, whether it is newer or older than what is held."""
        unnumbered = False
        for post in posts:
            unnumbered |= post.number == 0
            self._post(thread_id, post, capture, changes)
        if unnumbered:
            self._number(thread_id)

    def held(self, thread_id: int) -> set[str]:
        """The source's ids of a thread's posts, without those that are known by their number only."""
        return {
            row[0]
            for row in self.conn.execute(
                f"select native_id from posts where thread_id = ? and native_id not like '{NUMBERED}%'", (thread_id,)
            )
        }

    def forget_missing(self, thread_id: int, native_ids: Iterable[str]) -> None:
        """These posts are not missing, or not any more."""
        self.conn.executemany(
            "delete from missing_posts where thread_id = ? and native_id = ?",
            [(thread_id, native_id) for native_id in native_ids],
        )

    def _arrived(self, thread_id: int, native_id: str) -> None:
        """A post is held by its id: it is not missing, and its number is known of itself."""
        self.forget_missing(thread_id, [native_id])
        self.conn.execute("delete from post_numbers where thread_id = ? and native_id = ?", (thread_id, native_id))

    def vanish(self, thread_id: int, native_ids: Iterable[str], moment: str, changes: Changes, *, left: bool) -> None:
        """Tombstones for posts that the source did not show at `moment`; those that were seen later stay as they are.

        `left`: the source does not list them any more either.
        """
        for native_id in native_ids:
            changes.vanished_posts += self.conn.execute(
                "update posts set state = 'deleted', state_since = ? where thread_id = ? and native_id = ?"
                " and state != 'deleted' and last_seen_at <= ?",
                (moment, thread_id, native_id, moment),
            ).rowcount
            if left:
                self.conn.execute(
                    "update posts set listed = 0 where thread_id = ? and native_id = ? and last_seen_at <= ?",
                    (thread_id, native_id, moment),
                )

    def miss(self, thread_id: int, native_ids: Iterable[str], moment: str, changes: Changes) -> None:
        """Posts that are held and that the source did not show when asked for them: once may be a mishap, twice is a
        tombstone."""
        for native_id in native_ids:
            first = self.conn.execute(
                "update posts set missed_at = ? where thread_id = ? and native_id = ? and missed_at is null"
                " and state != 'deleted' and last_seen_at <= ?",
                (moment, thread_id, native_id, moment),
            ).rowcount
            if not first:
                self.vanish(thread_id, [native_id], moment, changes, left=False)

    def number(self, thread_id: int, numbers: dict[str, int], capture: Capture) -> None:
        """These ids have these numbers (`crawler.numbering`): keep it for those that are not held, and give the ids to
        posts that are known by such a number only."""
        held = self.held(thread_id) if numbers else set()
        self.conn.executemany(
            "insert or ignore into post_numbers (thread_id, native_id, number) values (?, ?, ?)",
            [(thread_id, native_id, number) for native_id, number in numbers.items() if native_id not in held],
        )
        rows = self.conn.execute(
            f"select p.id, p.last_seen_at, min(n.native_id) from posts p join post_numbers n using (thread_id, number)"
            f" where thread_id = ? and p.native_id = '{NUMBERED}' || number group by p.id having count(*) = 1",
            (thread_id,),
        ).fetchall()
        for post_id, last_seen_at, native_id in rows:
            self._name(thread_id, post_id, native_id, last_seen_at)

    def settle_numbered(self, thread_id: int, changes: Changes) -> None:
        """Once every post that the source listed is held by its id, an older one without an id was not among them."""
        rows = self.conn.execute(
            "select posts.native_id, stream_at from posts join threads on threads.id = thread_id where thread_id = ?1"
            f" and posts.native_id like '{NUMBERED}%' and listed and posts.last_seen_at <= stream_at"
            " and not exists (select 1 from missing_posts where thread_id = ?1)",
            (thread_id,),
        ).fetchall()
        for native_id, stream_at in rows:
            self.vanish(thread_id, [native_id], stream_at, changes, left=True)

    def _find(self, thread_id: int, post: SeenPost, capture: Capture) -> sqlite3.Row | None:
        """The row of a post, whose id is entered if it was known by its number only."""
        by_id = f"{FOUND} where thread_id = ? and native_id = ?"
        row: sqlite3.Row | None
        if post.native_id:
            row = self.conn.execute(by_id, (thread_id, post.native_id)).fetchone()
            if row is None and post.number > 0:
                row = self.conn.execute(by_id, (thread_id, f"{NUMBERED}{post.number}")).fetchone()
                if row is None or _another(row, post):
                    return None
                self._name(thread_id, row["id"], post.native_id, capture.captured_at)
                row = self.conn.execute(by_id, (thread_id, post.native_id)).fetchone()
            return row
        rows = self.conn.execute(
            f"{FOUND} where thread_id = ? and number = ? order by listed desc, id", (thread_id, post.number)
        ).fetchall()
        same = (row for row in rows if not _another(row, post))
        numbered = (row for row in rows if row["native_id"].startswith(NUMBERED))
        return next(same, None) or next(numbered, None)

    def _post(self, thread_id: int, post: SeenPost, capture: Capture, changes: Changes) -> None:
        post = replace(post, html=flattened(post.html))
        rendered = render(post.html)
        version = Version(
            capture.captured_at, rendered.text, post.html, content_digest(post.html, rendered), capture.id
        )
        before = self._find(thread_id, post, capture)
        if before is None:
            post_id = self._insert(thread_id, post, version, capture)
            changes.new_posts += 1
        else:
            post_id = int(before["id"])
            self._update(before, post, capture, changes)
            # A page that shows no ids does not tell an action from a post that lost its text.
            if post.state != "present" or (not post.html and not post.native_id):
                return
            if not place(self.conn, post_id, version):
                return
            changes.edited_posts += bool(before["html"])
        if post.html:
            changes.texts.append(rendered.text)
        self._links(post_id)

    def _insert(self, thread_id: int, post: SeenPost, version: Version, capture: Capture) -> int:
        moment, native_id = version.moment, post.native_id or self._known_id(thread_id, post.number)
        listed_at, left_at = self._listing(thread_id, native_id, moment)
        text_since = moment if post.state == "present" else None
        values = {
            "thread_id": thread_id,
            "native_id": native_id,
            "number": post.number,
            "author_id": self._author(post, capture),
            "created_at": post.created_at,
            "updated_at": post.updated_at,
            "text": version.text,
            "html": version.html,
            "digest": version.digest,
            "state": "deleted" if left_at else post.state,
            "listed": left_at is None,
            "kind": post.kind,
            "action": post.action,
            "reply_to_number": post.reply_to_number,
            "likes": post.likes,
            "first_seen_at": moment,
            "last_seen_at": max(moment, listed_at or ""),
            "state_since": left_at or moment,
            "text_since": text_since,
            "text_seen_at": text_since,
            "capture_id": capture.id,
        }
        marks = ", ".join("?" * len(values))
        cursor = self.conn.execute(f"insert into posts ({', '.join(values)}) values ({marks})", tuple(values.values()))
        self._arrived(thread_id, native_id)
        return int(cursor.lastrowid or 0)

    def _known_id(self, thread_id: int, number: int) -> str:
        """The id for a post that is shown without one: its own where that is known by the number."""
        ids = self.conn.execute(
            "select n.native_id from post_numbers n where thread_id = ? and number = ? and not exists"
            " (select 1 from posts p where p.thread_id = n.thread_id and p.native_id = n.native_id)",
            (thread_id, number),
        ).fetchall()
        return str(ids[0][0]) if len(ids) == 1 else f"{NUMBERED}{number}"

    def _name(self, thread_id: int, post_id: int, native_id: str, seen_at: str) -> None:
        """A post that was known by its number only turns out to have this id, by which the source may list it.
        `seen_at`: of the capture that shows it."""
        listed_at, left_at = self._listing(thread_id, native_id, seen_at)
        self.conn.execute(
            "update posts set native_id = ?, last_seen_at = max(last_seen_at, ?) where id = ?",
            (native_id, listed_at or "", post_id),
        )
        if left_at:
            self.vanish(thread_id, [native_id], left_at, Changes(), left=True)
        self._arrived(thread_id, native_id)

    def _listing(self, thread_id: int, native_id: str, seen_at: str) -> tuple[str | None, str | None]:
        """When the source's latest list of ids, newer than the capture, named the post; or when it did not."""
        row = self.conn.execute(
            "select stream_at, exists (select 1 from missing_posts where thread_id = ?1 and native_id = ?2),"
            " exists (select 1 from missing_posts where thread_id = ?1) from threads where id = ?1 and stream_at > ?3",
            (thread_id, native_id, seen_at),
        ).fetchone()
        if row is None:
            return None, None
        if row[1]:
            return row[0], None
        # Without an id, a post may be any of those that are missing.
        return None, None if native_id.startswith(NUMBERED) and row[2] else row[0]

    def _update(self, before: sqlite3.Row, post: SeenPost, capture: Capture, changes: Changes) -> None:
        """What is known of a post besides its text. An older capture, or one that is not the source's own answer, only
        fills gaps."""
        post_id, moment = before["id"], capture.captured_at
        newer = moment >= before["last_seen_at"]
        if before["state"] != post.state:
            if newer and moment >= (before["state_since"] or ""):
                self.conn.execute(
                    "update posts set state = ?, state_since = ? where id = ?", (post.state, moment, post_id)
                )
                changes.vanished_posts += post.state != "present"
        elif moment < before["first_seen_at"] == before["state_since"]:
            self.conn.execute("update posts set state_since = ? where id = ?", (moment, post_id))
        hints = {"updated_at": post.updated_at, "likes": post.likes, "reply_to_number": post.reply_to_number}
        known = "{0} = ?" if newer and capture.live else "{0} = coalesce(?, {0})" if newer else "{0} = coalesce({0}, ?)"
        self.conn.execute(
            f"update posts set {', '.join(known.format(name) for name in hints)}, number = ?, kind = ?, action = ?,"
            f"{' missed_at = null,' if newer else ''} first_seen_at = min(first_seen_at, ?), last_seen_at = max(last_seen_at, ?),"
            " author_id = coalesce(author_id, ?), created_at = coalesce(created_at, ?) where id = ?",
            (
                *hints.values(),
                *self._identity(post_id, post, newer),
                moment,
                moment,
                self._author(post, capture),
                post.created_at,
                post_id,
            ),
        )

    def _identity(self, post_id: int, post: SeenPost, newer: bool) -> tuple[int, str, str | None]:
        """Number, kind and action that a post is to have."""
        row = self.conn.execute("select number, kind, action from posts where id = ?", (post_id,)).fetchone()
        number = post.number if newer and post.number else row[0]
        # Only where ids are shown are actions told from posts.
        return (number, post.kind, post.action) if newer and post.native_id else (number, row[1], row[2])

    def _number(self, thread_id: int) -> None:
        """Numbers for posts whose source has none: by time. The first post of the thread is known, and is 1."""
        rows = self.conn.execute(
            "select id, number from posts where thread_id = ? and number != 1 order by created_at is null, created_at,"
            " native_id",
            (thread_id,),
        ).fetchall()
        self.conn.executemany(
            "update posts set number = ? where id = ?",
            [(number, row[0]) for number, row in enumerate(rows, start=2) if row[1] != number],
        )

    def _author(self, post: SeenPost, capture: Capture) -> int | None:
        """The row of the author. What the source itself says of a role holds; else one capture that says staff does."""
        if not post.author:
            return None
        known = self.conn.execute(
            "select id, role from authors where site_id = ? and name = ?", (self.site.id, post.author)
        ).fetchone()
        if known is None:
            cursor = self.conn.execute(
                "insert into authors (site_id, name, role) values (?, ?, ?)",
                (self.site.id, post.author, post.role or "member"),
            )
            return int(cursor.lastrowid or 0)
        if post.role and post.role != known[1]:
            change = capture.live or (post.role == "staff" and not self._seen_live(known[0]))
            if change:
                self.conn.execute("update authors set role = ? where id = ?", (post.role, known[0]))
        return int(known[0])

    def _seen_live(self, author_id: int) -> bool:
        row = self.conn.execute(
            "select 1 from posts join captures on captures.id = capture_id where author_id = ? and route = ? limit 1",
            (author_id, LIVE),
        ).fetchone()
        return row is not None

    def _links(self, post_id: int) -> None:
        row = self.conn.execute("select html from posts where id = ?", (post_id,)).fetchone()
        self.linker.write(post_id, row[0])


def _another(row: sqlite3.Row, post: SeenPost) -> bool:
    """Whether a post that is held under the same number is another one: written by somebody else at another time. Of
    one alone captures may differ (a new name, another way to write the time)."""
    differ = [
        known and seen and known != seen
        for known, seen in zip((row["author"], row["created_at"]), (post.author, post.created_at), strict=True)
    ]
    return all(differ)
