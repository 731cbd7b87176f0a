"""Which threads of a whole forum are worth bringing back, when all that is known of it is what an archive lists.

A thread is taken if the words of its address match the taxonomy, if the title and excerpt do under which a list shows
it, or if a held post links to it. Where an address says too little (an id, a placeholder) or has words that programs'
names share, one capture is looked at, and title and opening post decide as they do in a crawl. How many are looked at
in a run is bounded; every one of them is remembered, so that the next run goes on behind it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from archive.markup import flattened, render
from crawler import lookups
from crawler.choosing import Choice, Held
from crawler.door import Stopped
from crawler.ingest import read
from crawler.intake import Intake
from crawler.linking import find_thread
from crawler.lookups import Wanted
from crawler.mementos import Seen, number, understand
from crawler.observations import ListPage, NotContent, ThreadPage
from crawler.scope import Interest
from crawler.sites import ADAPTERS, Site
from crawler.webarchives import Capture, Excluded, OutOfOrder, Refused, WebArchive

Hints = Callable[[str], Sequence[str]]
"""The words of an address -> those that may speak of a program."""

# A list shows the same threads for days, so few of its captures add titles.
MOST_LISTS = 100
# Captures of a thread that are tried before it is left undecided.
TRIES = 4
# Discourse's words for a title that it could not put into an address, and those of links made by hand.
PLACEHOLDERS = frozenset(("", "topic", "t"))
SAME_BYTES = "same bytes under the addresses of several threads"


@dataclass(frozen=True)
class Settings:
    """`everything`: take all. `deep`: look also at threads whose addresses have words and none that match. `most`: how
    many threads to look at in this run. `since`: only captures from then on. `again`: also what was looked for lately.
    """

    everything: bool = False
    deep: bool = False
    most: int = 1000
    since: str | None = None
    again: bool = False


@dataclass
class Account:
    """What became of the threads that archives list. `decided`, `unreadable`, `left`: their ids."""

    decided: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    looked: int = 0
    by_address: int = 0
    by_list: int = 0
    by_link: int = 0
    by_holding: int = 0
    by_look: int = 0
    passed_by_address: int = 0
    passed_by_list: int = 0
    passed_by_look: int = 0
    passed_before: int = 0
    lists: int = 0

    def lines(self) -> Iterator[str]:
        """For the report: what was taken, looked at, passed over, and what is left."""
        taken = self.by_address + self.by_list + self.by_link + self.by_holding + self.by_look
        yield (
            f"  {len(self.decided | self.unreadable | self.left)} threads listed: {taken} wanted ({self.by_address} by their addresses, {self.by_list}"
            f" by {self.lists} captured lists, {self.by_link} linked, {self.by_holding} held,"
            f" {self.by_look} by title or opening post)"
        )
        yield (
            f"  passed over: {self.passed_by_address} by their addresses, {self.passed_by_list} by lists,"
            f" {self.passed_by_look} after a look at one capture, {self.passed_before} looked at before"
            " (--all takes them too)"
        )
        if self.unreadable:
            yield (
                f"  {len(self.unreadable)} undecided: the captures that were tried do not show the thread (optout recover"
                " URL tries all)"
            )
        if self.left:
            yield f"  {len(self.left)} not looked at yet: the same command goes on (--most N looks at more in one run)"


@dataclass
class _Listed:
    """A thread as lists show it."""

    title: str
    tags: tuple[str, ...]
    excerpt: str


@dataclass
class Survey:
    """The survey of one forum in one archive. `worthless`: digests that are no content, with the reason; added to.
    `account`: of all archives; threads that were decided on in an earlier one are left alone."""

    conn: sqlite3.Connection
    archive: WebArchive
    site: Site
    settings: Settings
    intake: Intake
    interest: Interest
    hints: Hints
    taxonomy_version: str
    worthless: dict[str, str]
    say: Callable[[str], None]
    stop: Callable[[], bool]
    account: Account

    def wanted(self) -> list[Wanted]:
        """The threads to bring back, each with its captures."""
        captures = list(self._listing())
        found = lookups.in_forum(self.site, captures)
        # Other threads' addresses cannot have answered with the same bytes, unless these are no thread's.
        owners: dict[str, set[str]] = {}
        for item in found:
            for capture in item.captures:
                owners.setdefault(capture.digest or "", set()).add(item.native_id)
        self.worthless.update({digest: SAME_BYTES for digest, ids in owners.items() if digest and len(ids) > 1})
        self.say(f"{len(captures)} captures of {len(found)} threads")
        found = [item for item in found if item.native_id not in self.account.decided]
        for item in found:
            item.listed_in = self.archive.name
        if self.settings.everything:
            self.account.by_address += len(found)
            self.account.decided.update(item.native_id for item in found)
            for item in found:
                item.reason = "in the archive: all"
            return found
        if ADAPTERS[self.site.kind].NAMELESS:
            self._read_lists(captures)
        wanted, open_ = self._sort(found)
        return wanted + self._look_at(open_)

    def _listing(self) -> Iterator[Capture]:
        for prefix in lookups.forum_prefixes(self.site):
            self.say(f"asking {self.archive.name} what it holds below {prefix}")
            yield from self.archive.listing(prefix, prefix=True, since=self.settings.since)

    def _read_lists(self, captures: Sequence[Capture]) -> None:
        """Take in what captured lists show: titles and excerpts of many threads at once."""
        path = urlsplit(ADAPTERS[self.site.kind].list_request(self.site)).path
        lists: dict[str, Capture] = {}
        for capture in sorted(captures, key=lambda capture: capture.timestamp, reverse=True):
            if capture.status in (200, None) and urlsplit(capture.url).path.rstrip("/") == path:
                lists.setdefault(capture.digest or f"{capture.timestamp} {capture.url}", capture)
        for capture in list(lists.values())[:MOST_LISTS]:
            self._heed()
            if self.intake.holds_memento(capture):
                self.account.lists += 1
                continue
            try:
                memento = self.archive.memento(capture)
                observation = read(self.site, memento.exchange)
            except OutOfOrder as error:
                self.say(f"lists are left: {error}")
                return
            except (Refused, Excluded, NotContent):
                continue
            if isinstance(observation, ListPage) and observation.threads:
                self.account.lists += 1
                self.intake.take(self.site, memento.exchange, observation, "memento", memento.uri)

    def _sort(self, found: Sequence[Wanted]) -> tuple[list[Wanted], list[tuple[int, Wanted]]]:
        """Threads that are wanted, and those that must be looked at, with how much speaks for each."""
        linked = {item.native_id: item.reason for item in lookups.dead(self.conn, (self.site,))}
        listed = self._listed()
        wanted: list[Wanted] = []
        open_: list[tuple[int, Wanted]] = []
        for item in found:
            titles = dict.fromkeys(lookups.words_of(address, item.native_id) for address in item.addresses)
            titles = {words: None for words in titles if words not in PLACEHOLDERS}
            shown = listed.get(item.native_id)
            if words := next((hit for title in titles if (hit := self.interest(title, (), ""))), None):
                self.account.by_address += 1
                item.reason = f"in the archive: {words}"
            elif shown and (words := self.interest(shown.title, shown.tags, shown.excerpt)):
                self.account.by_list += 1
                item.reason = f"in the archive: {words} (list)"
                self._decide(item, "taken", words)
            elif item.native_id in linked:
                self.account.by_link += 1
                item.reason = linked[item.native_id]
            elif find_thread(self.conn, item.site, item.native_id):
                self.account.by_holding += 1
                item.reason = "in the archive: held in part"
            else:
                says = " ".join((*titles, shown.title if shown else "", shown.excerpt if shown else "")).strip()
                hits = len(self.hints(says)) if says else 0
                if hits or self.settings.deep or not says:
                    open_.append((hits, item))
                    continue
                self.account.decided.add(item.native_id)
                if shown:
                    self.account.passed_by_list += 1
                    self._decide(item, "passed", "no match")
                else:
                    self.account.passed_by_address += 1
                continue
            self.account.decided.add(item.native_id)
            wanted.append(item)
        return wanted, sorted(open_, key=lambda pair: -pair[0])

    def _look_at(self, open_: Sequence[tuple[int, Wanted]]) -> list[Wanted]:
        wanted = []
        account = self.account
        for _, item in open_:
            account.left.discard(item.native_id)
            before = None
            if not self.settings.again:
                before = lookups.lately(self.conn, self.archive.name, item, self.settings.since)
            if before and before.state == "passed" and before.taxonomy_version == self.taxonomy_version:
                account.passed_before += 1
                account.decided.add(item.native_id)
            elif before and before.state != "passed":
                account.unreadable.add(item.native_id)
            elif account.looked >= self.settings.most:
                account.left.add(item.native_id)
            else:
                account.looked += 1
                self._heed()
                if self._judge(item):
                    wanted.append(item)
        account.unreadable -= account.decided
        return wanted

    def _judge(self, item: Wanted) -> bool:
        """Look at one capture of a thread: is it about a program?"""
        choice = Choice(item.captures, lambda url: number(self.site, url), self.worthless)
        seen: Seen | str = "no capture of it that could be a page"
        for _ in range(TRIES):
            capture = choice.next(Held())
            if capture is None:
                break
            try:
                seen = understand(self.archive.memento(capture), item, (self.site,))
            except (Refused, Excluded) as error:
                seen = str(error)
                choice.failed(capture, error)
                continue
            choice.used(capture, seen if isinstance(seen, str) else None)
            if isinstance(seen, Seen):
                break
        if isinstance(seen, str):
            self.account.unreadable.add(item.native_id)
            self._note(item, "refused", seen, choice.fetched, choice.left(Held()))
            return False
        self.account.decided.add(item.native_id)
        title, words = self._words(seen)
        if words:
            self.account.by_look += 1
            item.reason = f"in the archive: {words} (looked at)"
            if not self.intake.holds(seen.exchange):
                self.intake.take(seen.site, seen.exchange, seen.observation, "memento", seen.uri)
            return True
        self.account.passed_by_look += 1
        self._note(item, "passed", f"neither title nor opening post is about a program: {title}", choice.fetched, 0)
        return False

    def _words(self, seen: Seen) -> tuple[str, str | None]:
        """The title of a thread and the words that make it worth taking. A page without the opening post is judged by
        the posts that it has."""
        page = seen.observation
        title = page.title
        opening = [post for post in page.posts if post.number == 1] if isinstance(page, ThreadPage) else []
        texts = (render(flattened(post.html)).text for post in opening or page.posts)
        return title, next((hit for text in texts if (hit := self.interest(title, (), text))), None)

    def _listed(self) -> dict[str, _Listed]:
        """What lists show, those captured and those of earlier crawls."""
        shared = ADAPTERS[self.site.kind].GLOBAL_IDS
        rows = self.conn.execute(
            "select native_id, l.title, tags, excerpt from listed_threads l join sites on sites.id = site_id"
            " where site_id = ? or (? and kind = ?)",
            (self.site.id, shared, self.site.kind),
        )
        return {row[0]: _Listed(row[1], tuple(json.loads(row[2])), row[3] or "") for row in rows}

    def _decide(self, item: Wanted, decision: str, reason: str) -> None:
        with self.intake.db.atomic():
            self.conn.execute(
                "update listed_threads set decision = ?, reason = ?, taxonomy_version = ? where site_id = ?"
                " and native_id = ?",
                (decision, reason, self.taxonomy_version, self.site.id, item.native_id),
            )

    def _note(self, item: Wanted, state: str, detail: str, fetched: int, left: int) -> None:
        item.reason = lookups.LOOK
        with self.intake.db.atomic():
            lookups.note(
                self.conn,
                self.intake.run.id,
                self.archive.name,
                item,
                state,
                detail,
                since=self.settings.since,
                captures_listed=len(item.captures),
                captures_fetched=fetched,
                captures_left=left,
                new_posts=0,
            )

    def _heed(self) -> None:
        if self.stop():
            raise Stopped
