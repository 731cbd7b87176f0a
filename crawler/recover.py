"""Recovery: threads that are gone, looked for in web archives and brought back from their captures.

Each thread is looked for in each archive in turn, until nothing of it is known to be missing. Captures are stored and
read on the same road as a crawl's; every thread that was looked for gets a row in `lookups`, whatever came of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlite_utils import Database

from archive import clock, runs
from archive.errors import IncompleteError, UnreachableError
from archive.warc import WarcStore
from crawler import lookups, media
from crawler.choosing import Choice, Held
from crawler.crawl import Listener
from crawler.door import Disallowed, Stopped
from crawler.intake import Intake
from crawler.linking import find_thread
from crawler.lookups import Wanted
from crawler.media import Media
from crawler.mementos import Seen, number, same, understand
from crawler.report import Report, some
from crawler.runs import Run
from crawler.scope import Interest
from crawler.sites import ADAPTERS, Site
from crawler.store import Store
from crawler.survey import Account, Hints, Settings, Survey
from crawler.webarchives import WINDOW, Capture, Excluded, OutOfOrder, Refused, Unshown, WebArchive

# Redirects of one thread that are followed where its pages themselves bring too little.
MOST_REDIRECTS = 3
REDIRECT_STEPS = 5
# Pictures and attachments of one thread that are looked for in one run.
MOST_PICTURES = 100


@dataclass(frozen=True)
class Task:
    """What to look for: `threads` by address, or what is dead; or, with `forum`, a whole forum by its listing, of which
    those threads are taken that match (`everything`: all), after a look at one capture each of `most` whose addresses
    say too little (`deep`: of others too). `since`: only captures from then on (ISO 8601). `again`: also what was looked
    for lately. `media`: also the pictures and attachments that recovered posts show."""

    threads: tuple[Wanted, ...] = ()
    forum: Site | None = None
    everything: bool = False
    since: str | None = None
    again: bool = False
    deep: bool = False
    most: int = 1000
    media: bool = True

    @property
    def survey(self) -> Settings:
        return Settings(self.everything, self.deep, self.most, self.since, self.again)


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
        hints: Hints = lambda words: (),
        taxonomy_version: str,
        listener: Listener,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.db, self.conn, self.archives, self.task = db, db.conn, archives, task
        named = [wanted.site for wanted in task.threads] + ([task.forum] if task.forum else [])
        self.sites = tuple({site.id: site for site in (*sites, *named)}.values())
        self.interest, self.hints, self.taxonomy_version = interest, hints, taxonomy_version
        self.listener, self.stop = listener, stop
        settings = {
            "archives": [archive.name for archive in archives],
            "since": task.since,
            "all": task.everything,
            "deep": task.deep,
            "most": task.most,
        }
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
        self.survey: Account | None = None
        self.lately = 0
        self.pictures = self.pictures_missing = 0

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
                if self.task.media:
                    self._pictures(item)
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
        return self._end("finished", IncompleteError.exit_code if self._unexplained() else 0)

    def _wanted(self) -> list[Wanted]:
        if self.task.threads:
            return list(self.task.threads)
        if self.task.forum is None:
            return lookups.dead(self.conn, self.sites)
        with self.db.atomic():
            Store(self.conn, self.task.forum).add_site(clock.now())
        self.survey = Account()
        wanted: list[Wanted] = []
        for archive in self.archives:
            wanted += Survey(
                self.conn,
                archive,
                self.task.forum,
                self.task.survey,
                self.intake,
                self.interest,
                self.hints,
                self.taxonomy_version,
                self.worthless,
                self.listener.say,
                self.stop,
                self.survey,
            ).wanted()
        return wanted

    def _look_for(self, wanted: Wanted) -> None:
        for place, archive in enumerate(self.archives):
            if self.stop():
                raise Stopped
            if self._held(wanted).whole and place:
                return
            captures = wanted.captures if wanted.listed_in == archive.name else []
            before = None if self.task.again else lookups.lately(self.conn, archive.name, wanted, self.task.since)
            # The list of a whole forum may have captures under addresses that were not known before.
            if before and not before.look and before.listed >= len(captures):
                self.lately += 1
                continue
            self._look_in(archive, wanted, captures)

    def _look_in(self, archive: WebArchive, wanted: Wanted, captures: list[Capture]) -> None:
        before = len(self._held(wanted).numbers)
        choice = Choice((), lambda url: number(wanted.site, url), self.worthless, self.intake.holds_memento)
        good, trouble = 0, None
        try:
            for more in self._listings(archive, wanted, captures):
                choice.add(more)
                good += self._fetch(archive, wanted, choice)
            if self._held(wanted).lacking:
                good += self._follow_redirects(archive, wanted, choice)
            elif choice.redirects:
                choice.passed["redirect, not needed"] += len(choice.redirects)
        except Excluded as error:
            return self._note(archive, wanted, "excluded", str(error))
        except OutOfOrder as error:
            # The thread is noted all the same, so that the next run goes on behind it.
            trouble = error
        held = self._held(wanted)
        left = choice.left(held)
        whole = not held.lacking and not left
        found = good or choice.held
        state = "none" if not choice.listed else "refused" if not found else "recovered" if whole else "partly"
        self._note(
            archive,
            wanted,
            state,
            _detail(choice, held) + (_not_looked_for(wanted) if not found else ""),
            captures_listed=choice.listed,
            captures_fetched=choice.fetched,
            captures_left=left,
            new_posts=len(held.numbers) - before,
        )
        if trouble:
            raise trouble

    def _listings(self, archive: WebArchive, wanted: Wanted, captures: list[Capture]) -> Iterator[list[Capture]]:
        """What the archive holds of a thread: under its known addresses; then, while something of it is missing, on other
        hosts."""
        if captures:
            yield captures
            return
        found: dict[tuple[str, str], Capture] = {}
        for prefix in wanted.prefixes():
            found |= self._listing(archive, wanted, prefix)
        yield list(found.values())
        for prefix in wanted.elsewhere(self.sites):
            if not self._held(wanted).lacking:
                return
            with suppress(Excluded):
                yield list(self._listing(archive, wanted, prefix).values())

    def _listing(self, archive: WebArchive, wanted: Wanted, prefix: str) -> dict[tuple[str, str], Capture]:
        captures = archive.listing(prefix, prefix=True, since=self.task.since)
        return {(c.url, c.timestamp): c for c in captures if same(wanted, c.url, self.sites)}

    def _fetch(self, archive: WebArchive, wanted: Wanted, choice: Choice) -> int:
        """Fetch the captures that are worth it and take in what they say of the thread; how many say something."""
        good = 0
        while capture := choice.next(self._held(wanted)):
            if self.stop():
                raise Stopped
            try:
                refusal = self._take(understand(archive.memento(capture), wanted, self.sites))
            except (Refused, Excluded) as error:
                choice.failed(capture, error)
            else:
                choice.used(capture, refusal)
                good += refusal is None
        return good

    def _take(self, seen: Seen | str) -> str | None:
        if isinstance(seen, str):
            return seen
        if not self.intake.holds(seen.exchange):
            self.intake.take(seen.site, seen.exchange, seen.observation, "memento", seen.uri)
        return None

    def _pictures(self, wanted: Wanted) -> None:
        """What the posts of a thread show, from the first archive that has it."""
        found = find_thread(self.conn, wanted.site, wanted.native_id)
        if found is None or found[1] not in ("recovered", "saved"):
            return
        shelf = Media(self.conn, wanted.site)
        with self.db.atomic():
            addresses = shelf.note([found[0]], again=self.task.again)
        (seen_at,) = self.conn.execute("select last_seen_at from threads where id = ?", (found[0],)).fetchone()
        for address in addresses[:MOST_PICTURES]:
            reasons = []
            for archive in self.archives:
                if self.stop():
                    raise Stopped
                reason = self._picture(archive, wanted, shelf, address, seen_at)
                if reason is None:
                    self.pictures += 1
                    break
                reasons.append(f"{archive.name}: {reason}")
            else:
                self.pictures_missing += 1
                with self.db.atomic():
                    shelf.given_up(address, "; ".join(reasons))

    def _picture(self, archive: WebArchive, wanted: Wanted, shelf: Media, address: str, seen_at: str) -> str | None:
        """Take a picture's capture, the nearest to the thread's; why not, if there is none that can be kept."""
        near = Capture(address, re.sub(r"\D", "", seen_at), None, "", None)
        try:
            memento = archive.memento(near, window=None)
            observation = media.read(memento.exchange)
        except Unshown as error:
            return str(error)
        except (Refused, Excluded):
            return "not held there"
        except Disallowed as error:
            return f"archived answer of {error}"
        if memento.location:
            return "archived answer: a redirect"
        ingested = self.intake.take(wanted.site, memento.exchange, observation, "memento", memento.uri)
        with self.db.atomic():
            shelf.came(address, ingested.capture_id)
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
                    return self._take(understand(memento, wanted, self.sites))
                if not same(wanted, memento.location, self.sites):
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

    def _held(self, wanted: Wanted) -> Held:
        found = find_thread(self.conn, wanted.site, wanted.native_id)
        if found is None:
            return Held()
        thread_id = found[0]
        numbers = self.conn.execute("select number from posts where thread_id = ?", (thread_id,)).fetchall()
        missing, stated, listed = self.conn.execute(
            "select max(coalesce(posts_listed, 0) - posts_held, (select count(*) from missing_posts"
            " where thread_id = threads.id), 0), posts_counted is not null, stream_at is not null"
            " from threads where id = ?",
            (thread_id,),
        ).fetchone()
        return Held(frozenset(row[0] for row in numbers), missing, bool(stated), bool(listed))

    def _note(self, archive: WebArchive, wanted: Wanted, state: str, detail: str, **counts: int) -> None:
        none = dict.fromkeys(("captures_listed", "captures_fetched", "captures_left", "new_posts"), 0)
        counts = none | counts
        with self.db.atomic():
            lookups.note(
                self.conn, self.run_row.id, archive.name, wanted, state, detail, since=self.task.since, **counts
            )
        self.listener.say(f"{state}: {wanted.url} ({counts['new_posts']} new posts): {detail}")

    def _unexplained(self) -> bool:
        """Whether something of a thread that was looked for is missing for no known reason."""
        row = self.conn.execute(
            "select 1 from lookups l left join coverage c using (site_id, native_id) where l.run_id = ?"
            " and (captures_left > 0 or posts_unexplained > 0) limit 1",
            (self.run_row.id,),
        ).fetchone()
        return row is not None

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
            "select url, archive, state, detail from lookups where run_id = ? order by state = 'passed',"
            " state = 'recovered', id",
            (self.run_row.id,),
        ).fetchall()
        counts = {name: sum(row[2] == name for row in looked) for name in lookups.STATES}
        if self.survey is None:
            del counts["passed"]
        lines = [
            f"recover: {state} with {run['requests']} requests ({run['rate_limited']} answered 429)",
            f"  looked for {len(looked)} threads: " + ", ".join(f"{number} {name}" for name, number in counts.items()),
            f"  new: {run['new_threads']} threads, {run['new_posts']} posts; {run['edited_posts']} posts with other texts",
        ]
        lines += self.survey.lines() if self.survey else ()
        if self.lately:
            lines.append(f"  {self.lately} were looked for in the last {lookups.AGAIN_AFTER.days} days (--again)")
        lines += [
            f"  {archive.name}: {archive.timeless} lines of its lists name no possible time, and were left out"
            for archive in self.archives
            if archive.timeless
        ]
        if self.pictures or self.pictures_missing:
            lines.append(
                f"  pictures and attachments: {self.pictures} recovered, {self.pictures_missing} not held there"
            )
        return lines + some([f"  {what}: {url} in {archive}: {detail}" for url, archive, what, detail in looked])


def _detail(choice: Choice, held: Held) -> str:
    """What the captures were that brought nothing, and what is missing."""
    parts = [f"{choice.listed} captures, {choice.fetched} fetched" if choice.listed else "no captures"]
    parts += [f"{number} {reason}" for reason, number in sorted(choice.passed.items())]
    if held.missing:
        parts.append(f"{held.missing} posts missing")
    elif held.gaps:
        parts.append(f"{held.gaps} numbers without a post")
    return "; ".join(parts)


def _not_looked_for(wanted: Wanted) -> str:
    """An archive lists by how addresses begin, and a title that was changed, or is not known, stands before the id."""
    if wanted.captures or ADAPTERS[wanted.site.kind].NAMELESS:
        return ""
    return f"; other words in its address were not looked for (--forum {wanted.site.id} does)"
