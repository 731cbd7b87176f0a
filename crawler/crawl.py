"""The crawl of one forum: take the next address, fetch it, store the answer, see what it leads to.

One response is one transaction: the capture, what it says, what to fetch next, the state of the host's limit. So the
crawl may be killed at any moment; the next one continues it and repeats at most the request that was in flight.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from sqlite_utils import Database

from archive import clock
from archive.errors import ArchiveError, IncompleteError, InputError, RefusedError, UnreachableError
from archive.version import VERSION
from archive.warc import Exchange, Origin, Stored, WarcStore, decoded
from crawler import limits, media, runs
from crawler.catalogue import archived_sites
from crawler.changes import Changes
from crawler.door import Disallowed, Door, Stopped, Transient
from crawler.follow import Follower
from crawler.frontier import Frontier, Item, backoff
from crawler.ingest import Ingested, ingest, ingest_stored, read
from crawler.observations import ForumInfo, ListPage, NotContent, Nothing, ThreadPage
from crawler.report import Report, make_report
from crawler.scope import Interest, Scope
from crawler.sites import ADAPTERS, Site
from crawler.store import Store

# A host is given up when nothing answers so many times in a row (fewer if it never did), ...
SILENCES_BEFORE_FIRST_ANSWER, SILENCES = 3, 5
# ... when so many different addresses in a row fail in any way, ...
BROKEN_IN_A_ROW = 25
# ... when so many in a row bring a challenge or a login page, or it says 429 so often in a row.
REFUSALS_IN_A_ROW = 5
LIMITED_IN_A_ROW = 10
REDIRECTS = 5
REDIRECTED = ", redirected"


class Listener(Protocol):
    """Who is told what goes on."""

    def say(self, text: str) -> None:
        """A line for the log."""

    def progress(self, done: int, queued: int, posts: int, requests: int) -> None:
        """After each response: addresses done and known to be queued, posts new in this run, requests sent."""

    def waiting(self, seconds: float, why: str) -> None:
        """The crawl pauses."""


@dataclass
class _Troubles:
    """Failures since the last good answer."""

    answered: bool = False
    silences: int = 0
    limited: int = 0
    refusals: set[int] = field(default_factory=set)
    broken: set[int] = field(default_factory=set)
    last: str = ""

    def over(self) -> None:
        self.answered, self.silences, self.limited = True, 0, 0
        self.refusals.clear()
        self.broken.clear()

    def note(self, item: Item, trouble: Transient) -> None:
        """Count a failure. UnreachableError or RefusedError if the host is to be given up."""
        self.last = str(trouble)
        if trouble.limited:
            self.limited += 1
            if self.limited >= LIMITED_IN_A_ROW:
                raise UnreachableError(
                    f"the host answered {self.limited} requests in a row with 429; giving up for now"
                )
            return
        self.limited = 0
        self.broken.add(item.id)
        if trouble.no_contact:
            self.silences += 1
            if self.silences >= (SILENCES if self.answered else SILENCES_BEFORE_FIRST_ANSWER):
                raise UnreachableError(f"the host does not answer: {self.last}")
        if trouble.refusal:
            self.refusals.add(item.id)
            if len(self.refusals) >= REFUSALS_IN_A_ROW:
                raise RefusedError(f"the host refuses: {self.last}")
        if len(self.broken) >= BROKEN_IN_A_ROW:
            raise UnreachableError(f"{len(self.broken)} addresses in a row failed, the last with: {self.last}")


def _is_redirect(exchange: Exchange) -> bool:
    return 300 <= exchange.status < 400


class Crawl:
    """A crawl of one site into one archive. The caller holds the write lock."""

    def __init__(
        self,
        db: Database,
        warcs: WarcStore,
        site: Site,
        scope: Scope,
        *,
        interest: Interest,
        taxonomy_version: str,
        listener: Listener,
        target: str,
        rate: limits.Limits | None = None,
        contact: str | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.db, self.conn, self.warcs, self.scope = db, db.conn, warcs, scope
        self.interest, self.taxonomy_version = interest, taxonomy_version
        self.listener, self.target, self.stop = listener, target, stop
        self.troubles = _Troubles()
        self.adapter = ADAPTERS[site.kind]
        if self.adapter.NOT_LIVE:
            raise InputError(f"{site.id} cannot be crawled: {self.adapter.NOT_LIVE.format(site=site.id)}")
        same = self.conn.execute("select id from sites where base_url = ?", (site.base_url,)).fetchone()
        # A forum that was crawled by its address before it got a name keeps the id that its rows have.
        site = replace(site, id=same[0]) if same else site
        known = next((other for other in archived_sites(self.conn) if other.id == site.id), None)
        if known:
            site = replace(site, hosts=site.hosts or known.hosts)
            # An earlier crawl may have learnt where the forum really answers (https, with or without www).
            if self.adapter.reference(replace(site, hosts=()), known.base_url) is not None:
                site = replace(site, base_url=known.base_url)
        self.site = site
        # A forum that is presumed gone is so until it answers.
        self.presumed = known.kind if known and known.kind != site.kind else None
        self.door = Door(limit=self._limit(rate), version=VERSION, contact=contact, stop=stop, waiting=listener.waiting)

    def run(self) -> Report:
        """Crawl until nothing is left to do, or the user stops it. The exit code is 2 if the user named threads and none of
        them is there.

        UnreachableError, RefusedError: the host was given up; what came is saved, and a later run continues.
        """
        with self.db.atomic():
            self._enter_site()
            self.run_row = runs.begin(self.conn, self.site.id, self.target, self.scope, self.taxonomy_version)
            self.frontier = Frontier(self.conn, self.run_row.id, self.site.id)
            self.follower = Follower(
                self.conn, self.site, self.scope, self.frontier, self.interest, self.taxonomy_version, self.run_row
            )
            if not self.run_row.continued:
                self.follower.seed()
            else:
                self.frontier.revive()
        if self.run_row.continued:
            self.listener.say(f"continuing the run of {self.run_row.started_at}")
        try:
            self._adopt()
            self._restore_robots()
            self._loop()
        except Stopped:
            return self._end("interrupted", 130)
        except (UnreachableError, RefusedError) as error:
            self._end("failed" if self._forgotten() else "interrupted", error.exit_code)
            raise
        finally:
            self.door.close()
        absent = self.follower.absent()
        nothing = bool(absent) and len(absent) == len(set(self.scope.threads))
        code = IncompleteError.exit_code if self.follower.incomplete() else InputError.exit_code if nothing else 0
        return self._end("finished", code, absent)

    def _loop(self) -> None:
        planned = False
        while True:
            if self.stop():
                raise Stopped
            item = self.frontier.next(time.time())
            if not planned and self.frontier.count("queued", "robots", "site", "list") == 0:
                with self.db.atomic():
                    planned = not self.follower.plan()
                continue
            if item is not None:
                self._step(item)
            elif (seconds := self.frontier.wait(time.time())) is not None:
                self._pause(seconds)
            else:
                with self.db.atomic():
                    if not self.follower.expand() and not self.follower.picture():
                        return

    def _step(self, item: Item) -> None:
        before = self.door.requests
        try:
            exchange = self.door.fetch(item.url)
            observation = media.read(exchange) if item.kind == "media" else read(self.site, exchange)
            if isinstance(observation, Nothing) and item.kind not in ("robots", "media") and not _is_redirect(exchange):
                raise NotContent("a redirect led to a page that is no data of the forum", refusal=True)
        except Disallowed as error:
            with self.db.atomic():
                self.frontier.refuse(item, str(error))
                self.follower.given_up(item, str(error))
            self.listener.say(str(error))
            self._stop_if_vital(item, RefusedError(str(error)))
        except Transient as error:
            self._failed(item, error, self.door.requests - before)
        except NotContent as error:
            self._failed(item, Transient(str(error), refusal=error.refusal), self.door.requests - before)
        else:
            site = self.site
            answers = self.presumed is not None and isinstance(observation, ForumInfo | ListPage | ThreadPage)
            if answers:
                self.presumed = None
            kind = self.presumed or site.kind
            origin = Origin(site.id, kind, site.base_url, "live", item.reason, site.hosts)
            stored = Stored(exchange, origin, self.warcs.append(exchange, origin))
            with self.db.atomic():
                if answers:
                    self._enter_site()
                ingested = ingest(self.conn, self.site, stored, observation, self.run_row.id)
                self._enter(item, exchange, ingested)
                self._count(ingested.changes, requests=self.door.requests - before, retries=int(item.attempts > 0))
            self.troubles.over()
            self._progress()

    def _enter_site(self) -> None:
        Store(self.conn, replace(self.site, kind=self.presumed or self.site.kind)).add_site(clock.now())

    def _enter(self, item: Item, exchange: Exchange, ingested: Ingested) -> None:
        """What a stored answer means for the crawl, inside the transaction that stores it."""
        if _is_redirect(exchange):
            if error := self._redirect(item, exchange):
                self.frontier.fail(item, error)
                self.follower.given_up(item, error)
                return
        elif item.kind == "robots":
            self._obey(exchange)
        else:
            self.follower.follow(item, ingested)
        self.frontier.done(item, exchange.status, ingested.capture_id)

    def _failed(self, item: Item, trouble: Transient, requests: int) -> None:
        """Try again later, or give up: the address, or the host."""
        with self.db.atomic():
            again = self.frontier.postpone(item, str(trouble), time.time(), counts=not trouble.limited)
            if not again:
                self.follower.given_up(item, str(trouble))
            self._count(
                Changes(),
                requests=requests,
                retries=int(item.attempts > 0),
                rate_limited=int(trouble.limited),
                failures=int(not again),
            )
        if trouble.no_contact:
            # The whole host is away: it gets longer and longer to come back, not one attempt for every address.
            self.door.limit.hold(time.time(), backoff(self.troubles.silences + 1), too_fast=False)
        self.listener.say(f"{'will try again' if again else 'given up'}: {item.url[:200]}: {trouble}")
        self.troubles.note(item, trouble)
        if not again:
            error = f"{item.url}: {trouble}"
            self._stop_if_vital(item, RefusedError(error) if trouble.refusal else UnreachableError(error))

    def _stop_if_vital(self, item: Item, error: ArchiveError) -> None:
        """Without robots.txt nothing may be fetched, and without the first page of the list nothing is known."""
        first_list = item.kind == "list" and self.frontier.count("done", "list") == 0
        if item.kind == "robots" or first_list:
            raise error

    def _redirect(self, item: Item, exchange: Exchange) -> str | None:
        """Queue where a redirect leads, if that is on the same forum and no circle; otherwise say why not."""
        try:
            target = urljoin(item.url, exchange.header("location") or "")
            self._follow_move(item.url, target)
            here, there = (self.adapter.reference(self.site, url) for url in (item.url, target))
        except ValueError as error:
            return f"redirected to what is no address: {error}"
        if item.kind != "robots" and there is None:
            return f"redirected to another site: {target[:200]}"
        kind = item.kind
        if here and here.thread and there and there.thread and here.thread != there.thread:
            # Merged into another thread, which is asked for as such, unless this run has it already.
            kind, target = "thread", self.adapter.thread_request(self.site, there.thread)
            if self.frontier.answered(kind, target):
                return None
        circle = item.reason.count(REDIRECTED) >= REDIRECTS
        if circle or not self.frontier.add(kind, target, item.reason + REDIRECTED, depth=item.depth):
            return f"redirected in a circle: {target[:200]}"
        return None

    def _follow_move(self, asked: str, target: str) -> None:
        """Take on the forum's real address where it only adds https or `www.` to the one that was asked."""
        here, there = urlsplit(asked), urlsplit(target)
        moved = (here.scheme, here.netloc) != (there.scheme, there.netloc)
        if moved and self.adapter.reference(self.site, target) is not None and here.path == there.path:
            base = urlsplit(self.site.base_url)
            self.site = replace(self.site, base_url=base._replace(scheme=there.scheme, netloc=there.netloc).geturl())
            self._enter_site()
            self.follower.move(self.site)
            self.listener.say(f"the forum answers at {self.site.base_url}")

    def _obey(self, exchange: Exchange) -> None:
        """RFC 9309: a robots.txt that does not exist (4xx) allows everything."""
        self.door.obey(decoded(exchange).decode("utf-8", "replace") if exchange.status == 200 else "")

    def _restore_robots(self) -> None:
        """A continued run goes by the robots.txt that it has already fetched."""
        row = self.conn.execute(
            "select warc_filename, warc_record_offset from frontier join captures on captures.id = capture_id"
            " where frontier.run_id = ? and frontier.kind = 'robots' and frontier.state = 'done'"
            " order by frontier.id desc limit 1",
            (self.run_row.id,),
        ).fetchone()
        if row:
            self._obey(self.warcs.read(*row))

    def _adopt(self) -> None:
        """Enter what a killed process stored but could not commit."""
        for path in self.warcs.files():
            row = self.conn.execute(
                "select max(warc_record_offset) from captures where warc_filename = ?", (path.name,)
            ).fetchone()
            for stored in self.warcs.tail(path, row[0]):
                with self.db.atomic():
                    ingested = ingest_stored(self.conn, stored, self.run_row.id)
                    item = self.frontier.find(stored.exchange.url) if stored.origin.site_id == self.site.id else None
                    if item:
                        self._enter(item, stored.exchange, ingested)
                    self._count(ingested.changes)
                self.listener.say(f"taken over from the interrupted run: {stored.exchange.url[:200]}")

    def _pause(self, seconds: float) -> None:
        if seconds > 1:
            self.listener.waiting(seconds, "failed requests are tried again later")
        until = time.monotonic() + seconds
        while (rest := until - time.monotonic()) > 0:
            if self.stop():
                raise Stopped
            time.sleep(min(rest, 0.25))

    def _limit(self, rate: limits.Limits | None) -> limits.RateLimit:
        """The host's limit as an earlier run left it."""
        if rate is None:
            # A site's own limit holds beside the default, so it can only be lower.
            own = limits.parse_rate(self.site.rate) if self.site.rate else ()
            rate = (*limits.with_margin(self.adapter.LIMITS), *own)
        row = self.conn.execute(
            "select recent, share, resume_at from hosts where host = ?", (urlsplit(self.site.base_url).netloc,)
        ).fetchone()
        return limits.restored(rate, json.loads(row[0]), row[1], row[2]) if row else limits.RateLimit(rate)

    def _count(self, changes: Changes, **requests: int) -> None:
        """Add to the run's counters and keep the state of the host's limit."""
        runs.count(self.conn, self.run_row, changes, **requests)
        limit = self.door.limit
        self.conn.execute(
            "insert or replace into hosts (host, recent, share, resume_at) values (?, ?, ?, ?)",
            (urlsplit(self.site.base_url).netloc, json.dumps(list(limit.recent)), limit.share, limit.resume_at),
        )

    def _progress(self) -> None:
        row = self.conn.execute("select new_posts, requests from runs where id = ?", (self.run_row.id,)).fetchone()
        self.listener.progress(self.frontier.count("done"), self.frontier.count("queued"), row[0], row[1])

    def _forgotten(self) -> bool:
        """Leave no trace but the run where nothing at all ever came from a site: a mistyped address is no forum."""
        ever = self.conn.execute(
            "select 1 from captures where site_id = ?1 union all select 1 from lookups where site_id = ?1"
            " union all select 1 from links where target_site_id = ?1 limit 1",
            (self.site.id,),
        ).fetchone()
        if ever:
            return False
        with self.db.atomic():
            self.conn.execute("delete from frontier where site_id = ?", (self.site.id,))
            self.conn.execute("delete from sites where id = ?", (self.site.id,))
        return True

    def _end(self, state: str, exit_code: int, absent: Sequence[tuple[str, int]] = ()) -> Report:
        report = make_report(self.conn, self.run_row, state, exit_code, absent)
        with self.db.atomic():
            runs.end(self.conn, self.run_row, state, exit_code, report.text)
        return report
