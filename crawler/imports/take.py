"""Takes what people saved into the archive: each capture once, and an account of everything else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlite_utils import Database

from archive import clock, runs
from archive.errors import InputError
from archive.warc import WarcStore
from crawler import media
from crawler.door import Disallowed
from crawler.identity import identify
from crawler.imports import detect, har, page, topic_json, url_list, wacz, warc
from crawler.imports.saved import BrokenFile, Parts, Passed, Saved
from crawler.ingest import read
from crawler.intake import Intake
from crawler.media import Media
from crawler.observations import NotContent, Nothing
from crawler.report import Report, some
from crawler.runs import Run
from crawler.sites import Site

UNKNOWN = "not a page of a forum that the program knows"


@dataclass(frozen=True)
class Options:
    """`url`, `saved_at` (ISO 8601): for single files that do not say it themselves."""

    url: str | None = None
    saved_at: str | None = None


@dataclass
class Account:
    """What became of the parts of the files."""

    taken: int = 0
    held: int = 0
    media: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    noted: set[str] = field(default_factory=set)
    useless: list[str] = field(default_factory=list)
    """What was named and holds nothing that the archive can use."""

    @property
    def useful(self) -> int:
        return self.taken + self.held

    def note_broken(self, text: str) -> None:
        """A file may be read twice, and is broken once."""
        if text not in self.broken:
            self.broken.append(text)


def files(paths: Iterable[Path]) -> list[Path]:
    """The files that `paths` mean: folders are read whole. InputError if one does not exist."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise InputError(f"there is no file {path}")
        found += sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def addresses(paths: Iterable[Path]) -> list[str]:
    """What the lists of addresses among the files name, to be crawled."""
    return [url for path in paths if detect.kind(path) == "urls" for url in url_list.read(path)]


class Import:
    """One run of `optout import`. The caller holds the write lock."""

    def __init__(
        self,
        db: Database,
        warcs: WarcStore,
        sites: Sequence[Site],
        options: Options,
        *,
        say: Callable[[str], None],
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.db, self.conn, self.sites, self.options, self.say, self.stop = db, db.conn, sites, options, say, stop
        with db.atomic():
            self.run_id = runs.start(self.conn, "import", settings=json.dumps({"url": options.url}))
        self.intake = Intake(db, warcs, Run(self.run_id, clock.now(), continued=False))
        self.account = Account()
        self.threads: dict[Site, set[int]] = {}
        # Pictures, by address, with the reason for which they were passed over.
        self.aside: dict[str, str] = {}

    def run(self, sources: Iterable[Path]) -> Report:
        """Read the files that `sources` mean. A broken one says where it breaks, and what is whole in it is kept. The exit
        code is 2 if one was broken, or if one of the sources holds nothing that the archive can use."""
        self.intake.adopt()
        read: list[Path] = []
        for source in sources:
            useful = False
            for path in files([source]):
                before = self.account.useful
                if not self._read(path, self._part):
                    return self._end("interrupted", 130)
                self.say(f"{path.name} read; {self.account.taken} captures taken so far")
                useful |= self.account.useful > before or detect.kind(path) == "urls"
                read.append(path)
            if not useful:
                self.account.useless.append(str(source))
        if not self._pictures(read):
            return self._end("interrupted", 130)
        failed = self.account.broken or self.account.useless
        return self._end("finished", InputError.exit_code if failed else 0)

    def _read(self, path: Path, each: Callable[[Path, Saved | Passed], None]) -> bool:
        """Give the parts of a file to `each`; False if the user wants to stop."""
        try:
            for part in self._parts(path):
                if self.stop():
                    return False
                each(path, part)
        except BrokenFile as error:
            self.account.note_broken(str(error))
        except OSError as error:
            self.account.note_broken(f"{path} cannot be read: {error.strerror}")
        return True

    def _parts(self, path: Path) -> Parts:
        url, saved_at = self.options.url, self.options.saved_at
        match detect.kind(path):
            case "warc":
                return warc.read(path)
            case "wacz":
                return wacz.read(path)
            case "har":
                return har.read(path)
            case "page":
                return page.read(path, url=url, saved_at=saved_at)
            case "topic":
                return topic_json.read(path, url=url, saved_at=saved_at)
            case "urls":
                return iter(())
        return iter((Passed(path.name, "a file of an unknown kind"),))

    def _part(self, path: Path, part: Saved | Passed) -> None:
        if isinstance(part, Passed):
            self._pass(part.where, part.reason)
            return
        exchange = part.exchange
        named = identify(exchange.url, self.sites)
        if named is None:
            self._set_aside(part, UNKNOWN)
            return
        site = named[0]
        try:
            observation = read(site, exchange)
        except NotContent as error:
            self._pass(part.where, f"no content: {error}")
            return
        if isinstance(observation, Nothing):
            if self.intake.holds(exchange):
                self.account.held += 1
            else:
                self._set_aside(part, "says nothing of threads")
            return
        if self.intake.holds(exchange):
            self.account.held += 1
            return
        ingested = self.intake.take(site, exchange, observation, "import", path.name)
        self.account.taken += 1
        if ingested.changes.thread_id is not None:
            self.threads.setdefault(site, set()).add(ingested.changes.thread_id)

    def _pictures(self, paths: Sequence[Path]) -> bool:
        """What the posts that came show, as far as the files hold it: they are read once more. False if the user wants
        to stop."""
        wanted: dict[str, Site] = {}
        with self.db.atomic():
            for site, thread_ids in self.threads.items():
                wanted |= dict.fromkeys(Media(self.conn, site).note(sorted(thread_ids), again=True), site)

        def take(path: Path, part: Saved | Passed) -> None:
            if isinstance(part, Passed) or part.exchange.url not in self.aside:
                return
            asked = (media.at_home(part.exchange.url, site) for site in self.threads)
            url = next((url for url in asked if url in wanted), None)
            try:
                observation = media.read(part.exchange)
            except Disallowed:
                return
            if url is None:
                return
            site = wanted.pop(url)
            ingested = self.intake.take(site, part.exchange, observation, "import", path.name)
            with self.db.atomic():
                Media(self.conn, site).came(url, ingested.capture_id)
            self.account.media += 1
            self.account.taken += 1
            self.account.passed[self.aside.pop(part.exchange.url)] -= 1

        for path in paths:
            if wanted and detect.kind(path) in ("warc", "wacz", "har") and not self._read(path, take):
                return False
        return True

    def _pass(self, where: str, reason: str) -> None:
        self.account.passed[reason] += 1
        if "--url" in reason or reason.startswith(("no content", "a file of")):
            self.account.notes.append(f"  passed over: {where}: {reason}")
            self.account.noted.add(reason)

    def _set_aside(self, part: Saved, reason: str) -> None:
        """Pass over what is no page of a thread; if it is a picture, it may be one that a post shows."""
        self._pass(part.where, reason)
        if media.kept_type(part.exchange):
            self.aside.setdefault(part.exchange.url, reason)

    def _end(self, state: str, exit_code: int) -> Report:
        account = self.account
        run = self.conn.execute("select * from runs where id = ?", (self.run_id,)).fetchone()
        lines = [
            f"import: {state}; {account.taken} captures taken, {account.held} held already,"
            f" {sum(account.passed.values())} passed over",
            f"  new: {run['new_threads']} threads, {run['new_posts']} posts; {run['edited_posts']} posts with other texts",
            *(
                f"  {number} passed over: {reason}"
                for reason, number in account.passed.most_common(10)
                if number and reason not in account.noted
            ),
            *some(account.notes),
            *(f"  {text}. What is whole before that place was taken" for text in account.broken),
            *some([f"  nothing usable in {source}" for source in account.useless]),
        ]
        if account.media:
            lines.insert(2, f"  {account.media} of the captures are pictures and attachments that posts show")
        if account.passed[UNKNOWN] and not account.taken and not account.held:
            lines.append(
                "  nothing was taken. If these are pages of a forum that is not in data/sites.yml, name it: --forum URL"
            )
        report = Report(self.run_id, state, exit_code, "\n".join(lines))
        with self.db.atomic():
            runs.end(self.conn, self.run_id, state, exit_code, report.text)
        return report
