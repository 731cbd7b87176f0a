"""Recovery: threads that are gone, looked for in web archives and brought back from their captures.

Each thread is looked for in each archive in turn, until nothing of it is known to be missing. Captures are stored and
read on the same road as a crawl's; every thread that was looked for gets a row in `lookups`, whatever came of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from archive import clock, runs
from archive.errors import UnreachableError
from archive.warc import WarcStore
from crawler import lookups
from crawler.choosing import Choice, Held
from crawler.crawl import Listener
from crawler.door import Stopped
from crawler.identity import identify, key
from crawler.ingest import read
from crawler.intake import Intake
from crawler.linking import find_thread
from crawler.lookups import Wanted
from crawler.observations import NotContent, PostBatch, ThreadGone, ThreadPage
from crawler.report import Report, some
from crawler.runs import Run
from crawler.scope import Interest
from crawler.sites import Site
from crawler.store import Store
from crawler.webarchives import WINDOW, Capture, Excluded, Memento, Refused, WebArchive

# Redirects of one thread that are followed where its pages themselves bring too little.
MOST_REDIRECTS = 3
REDIRECT_STEPS = 5


@dataclass(frozen=True)
class Task:
    """What to look for: `threads` by address, or what is dead; or, with `forum`, a whole forum by its listing, of which
    those threads are taken that match (`everything`: all). `since`: only captures from then on (ISO 8601). `again`:
    also what was looked for lately."""

    threads: tuple[Wanted, ...] = ()
    forum: Site | None = None
    everything: bool = False
    since: str | None = None
    again: bool = False


class Recovery:
    """One run of `optout recover` on one archive. The caller holds the write lock."""

    def __init__(
        self,
        db: Database,
        warcs: WarcStore,
        archives: Sequence[WebArchive],
        sites: Iterable[Site],
        task: Task,
        *,
        interest: Interest,
        taxonomy_version: str,
        listener: Listener,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.db, self.conn, self.archives, self.task = db, db.conn, archives, task
        named = [wanted.site for wanted in task.threads] + ([task.forum] if task.forum else [])
        self.sites = tuple({site.id: site for site in (*sites, *named)}.values())
        self.interest, self.listener, self.stop = interest, listener, stop
        settings = {"archives": [archive.name for archive in archives], "since": task.since, "all": task.everything}
        with db.atomic():
            run_id = runs.start(
                self.conn,
                "recover",
                settings=json.dumps(settings),
                taxonomy_version=taxonomy_version,
                site_id=task.forum.id if task.forum else None,
                target=" ".join(wanted.url for wanted in task.threads) or None,
            )
        self.run_row = Run(run_id, clock.now(), continued=False)
        self.intake = Intake(db, warcs, self.run_row)
        # Bytes that were no content under one address are none under another: the soft 404s of a dead forum.
        self.worthless: dict[str, str] = {}
        self.passed_over = 0
        self.lately = 0

    def run(self) -> Report:
        """Look for everything. UnreachableError: an archive was given up; what came is saved, and the same command goes
        on with what was not looked for yet."""
        try:
            self.intake.adopt()
            for archive in self.archives:
                archive.check()
            wanted = self._wanted()
            with self.db.atomic():
                for site in {item.site.id: item.site for item in wanted}.values():
                    Store(self.conn, site).add_site(clock.now())
            for done, item in enumerate(wanted):
                self._look_for(item)
                new_posts = self.conn.execute("select new_posts from runs where id = ?", (self.run_row.id,)).fetchone()[
                    0
                ]
                self.listener.progress(done + 1, len(wanted) - done - 1, new_posts, self._requests())
        except Stopped:
            return self._end("interrupted", 130)
        except UnreachableError as error:
            self._end("interrupted", error.exit_code)
            raise
        finally:
            for archive in self.archives:
                archive.close()
        return self._end("finished", 0)

    def _wanted(self) -> list[Wanted]:
        if self.task.threads:
            return list(self.task.threads)
        if self.task.forum is None:
            return lookups.dead(self.conn, self.sites)
        return self._in_forum(self.task.forum)

    def _in_forum(self, site: Site) -> list[Wanted]:
        """A dead forum by its listing; the captures that it names are then looked for in the first archive only once."""
        captures: list[Capture] = []
        for prefix in lookups.forum_prefixes(site):
            self.listener.say(f"asking {self.archives[0].name} what it holds below {prefix}")
            captures += self.archives[0].listing(prefix, prefix=True, since=self.task.since)
        found = list(lookups.in_forum(site, captures, None if self.task.everything else self.interest))
        linked = {item.native_id: item.reason for item in lookups.dead(self.conn, (site,))}
        for item in found:
            item.reason = item.reason or linked.get(item.native_id, "")
        wanted = [item for item in found if item.reason]
        self.passed_over = len(found) - len(wanted)
        # Other threads' addresses cannot have answered with the same bytes, unless these are no thread's.
        owners: dict[str, set[str]] = {}
        for item in found:
            for capture in item.captures:
                owners.setdefault(capture.digest or "", set()).add(item.native_id)
        same = "same bytes under the addresses of several threads"
        self.worthless |= {digest: same for digest, ids in owners.items() if digest and len(ids) > 1}
        self.listener.say(f"{len(captures)} captures of {len(found)} threads, {len(wanted)} of them wanted")
        return wanted

    def _look_for(self, wanted: Wanted) -> None:
        for place, archive in enumerate(self.archives):
            if self.stop():
                raise Stopped
            if self._held(wanted).whole and place:
                return
            if not self.task.again and lookups.lately(self.conn, archive.name, wanted):
                self.lately += 1
                continue
            self._look_in(archive, wanted, wanted.captures if place == 0 else [])

    def _look_in(self, archive: WebArchive, wanted: Wanted, captures: list[Capture]) -> None:
        before = len(self._held(wanted).numbers)
        try:
            captures = captures or self._listing(archive, wanted)
        except Excluded as error:
            return self._note(archive, wanted, "excluded", str(error), 0, 0, 0)
        choice = Choice(captures, lambda url: self._number(wanted.site, url), self.worthless)
        good = 0
        while capture := choice.next(self._held(wanted)):
            if self.stop():
                raise Stopped
            refusal = self._fetch(archive, wanted, capture)
            choice.used(capture, refusal)
            good += refusal is None
        if not self._held(wanted).whole:
            good += self._follow_redirects(archive, wanted, choice)
        elif choice.redirects:
            choice.passed["redirect, not needed"] += len(choice.redirects)
        choice.rest()
        held = self._held(wanted)
        state = "none" if not captures else "refused" if not good else "recovered" if held.whole else "partly"
        self._note(
            archive,
            wanted,
            state,
            _detail(choice, held, len(captures)),
            len(captures),
            choice.fetched,
            len(held.numbers) - before,
        )

    def _listing(self, archive: WebArchive, wanted: Wanted) -> list[Capture]:
        found: dict[tuple[str, str], Capture] = {}
        for prefix in wanted.prefixes():
            for capture in archive.listing(prefix, prefix=True, since=self.task.since):
                if self._same(wanted, capture.url):
                    found[capture.url, capture.timestamp] = capture
        return list(found.values())

    def _fetch(self, archive: WebArchive, wanted: Wanted, capture: Capture) -> str | None:
        """Fetch a capture and take in what it says of the thread; why not, if it says nothing of it."""
        try:
            memento = archive.memento(capture)
            return self._take(wanted, memento)
        except (Refused, Excluded) as error:
            return str(error)

    def _take(self, wanted: Wanted, memento: Memento) -> str | None:
        exchange = memento.exchange
        if exchange.status != 200:
            return f"archived answer of status {exchange.status}"
        site = self._same(wanted, exchange.url)
        if site is None:
            return "a capture of another address"
        try:
            observation = read(site, exchange)
        except NotContent as error:
            return f"no page of the thread: {error}"
        if isinstance(observation, ThreadGone):
            return "soft 404: another page, as the thread was gone by then"
        if not isinstance(observation, ThreadPage | PostBatch) or not observation.posts:
            return "no page of the thread"
        if not self.intake.holds(exchange):
            self.intake.take(site, exchange, observation, "memento", memento.uri)
        return None

    def _follow_redirects(self, archive: WebArchive, wanted: Wanted, choice: Choice) -> int:
        """Where the thread's own pages brought too little: what its archived redirects lead to."""
        good = 0
        for capture in choice.redirects[:MOST_REDIRECTS]:
            refusal = self._follow(archive, wanted, capture)
            choice.fetched += 1
            if refusal:
                choice.passed[refusal] += 1
            good += refusal is None
        if (rest := len(choice.redirects) - MOST_REDIRECTS) > 0:
            choice.passed["redirect, not followed"] += rest
        return good

    def _follow(self, archive: WebArchive, wanted: Wanted, capture: Capture) -> str | None:
        seen = {capture.url}
        for _ in range(REDIRECT_STEPS):
            try:
                memento = archive.memento(capture)
                if not memento.location:
                    return self._take(wanted, memento)
                if not self._same(wanted, memento.location):
                    return "redirect to another page"
                if memento.location in seen:
                    return "redirects in a circle"
                seen.add(memento.location)
                nearest = min(
                    archive.listing(memento.location),
                    key=lambda other: abs(other.moment - capture.moment),
                    default=None,
                )
            except (Refused, Excluded) as error:
                return str(error)
            if nearest is None or abs(nearest.moment - capture.moment) > WINDOW:
                return "redirect to a page that was not captured within a day"
            capture = nearest
        return "redirects without end"

    def _same(self, wanted: Wanted, url: str) -> Site | None:
        """The forum at whose address `url` names the wanted thread, None if it names another."""
        named = identify(url, self.sites)
        if named is None or named[1].thread is None:
            return None
        site, reference = named
        return site if key(site, reference.thread or "") == key(wanted.site, wanted.native_id) else None

    def _number(self, site: Site, url: str) -> int | None:
        named = identify(url, (site,))
        return named[1].post_number if named else None

    def _held(self, wanted: Wanted) -> Held:
        found = find_thread(self.conn, wanted.site, wanted.native_id)
        if found is None:
            return Held()
        thread_id = found[0]
        numbers = self.conn.execute("select number from posts where thread_id = ?", (thread_id,)).fetchall()
        listed, held, missing = self.conn.execute(
            "select posts_listed, posts_held, (select count(*) from missing_posts where thread_id = threads.id)"
            " from threads where id = ?",
            (thread_id,),
        ).fetchone()
        return Held(frozenset(row[0] for row in numbers), None if listed is None else max(listed - held, missing, 0))

    def _note(
        self, archive: WebArchive, wanted: Wanted, state: str, detail: str, listed: int, fetched: int, new: int
    ) -> None:
        with self.db.atomic():
            lookups.note(
                self.conn,
                self.run_row.id,
                archive.name,
                wanted,
                state,
                detail,
                captures_listed=listed,
                captures_fetched=fetched,
                new_posts=new,
            )
        self.listener.say(f"{state}: {wanted.url} ({new} new posts): {detail}")

    def _requests(self) -> int:
        return sum(archive.requests for archive in self.archives)

    def _end(self, state: str, exit_code: int) -> Report:
        with self.db.atomic():
            self.conn.execute(
                "update runs set requests = ?, rate_limited = ? where id = ?",
                (self._requests(), sum(archive.rate_limited for archive in self.archives), self.run_row.id),
            )
        report = Report(self.run_row.id, state, exit_code, "\n".join(self._lines(state)))
        with self.db.atomic():
            runs.end(self.conn, self.run_row.id, state, exit_code, report.text)
        return report

    def _lines(self, state: str) -> list[str]:
        run = self.conn.execute("select * from runs where id = ?", (self.run_row.id,)).fetchone()
        looked = self.conn.execute(
            "select url, archive, state, detail from lookups where run_id = ? order by state = 'recovered', id",
            (self.run_row.id,),
        ).fetchall()
        counts = {name: sum(row[2] == name for row in looked) for name in lookups.STATES}
        lines = [
            f"recover: {state} with {run['requests']} requests ({run['rate_limited']} answered 429)",
            f"  looked for {len(looked)} threads: " + ", ".join(f"{number} {name}" for name, number in counts.items()),
            f"  new: {run['new_threads']} threads, {run['new_posts']} posts; {run['edited_posts']} posts with other texts",
        ]
        if self.passed_over:
            lines.append(f"  {self.passed_over} threads of the listing did not match (--all takes them too)")
        if self.lately:
            lines.append(f"  {self.lately} were looked for in the last {lookups.AGAIN_AFTER.days} days (--again)")
        return lines + some([f"  {what}: {url} in {archive}: {detail}" for url, archive, what, detail in looked])


def _detail(choice: Choice, held: Held, listed: int) -> str:
    """What the captures were that brought nothing, and what is missing."""
    if not listed:
        return "no captures"
    parts = [f"{listed} captures, {choice.fetched} fetched"]
    parts += [f"{number} {reason}" for reason, number in sorted(choice.passed.items())]
    if held.missing:
        parts.append(f"{held.missing} posts missing")
    elif held.missing is None and held.gaps > 0:
        parts.append(f"{held.gaps} numbers without a post")
    return "; ".join(parts)
