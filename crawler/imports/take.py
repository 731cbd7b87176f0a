"""Takes what people saved into the archive: each capture once, and an account of everything else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlite_utils import Database

from archive import clock, runs
from archive.errors import InputError
from archive.warc import WarcStore
from crawler import media
from crawler.catalogue import archived_sites
from crawler.door import Disallowed
from crawler.identity import identify
from crawler.imports import detect, har, page, topic_json, url_list, wacz, warc
from crawler.imports.saved import Broken, Listed, Part, Parts, Passed, Saved, plain, without_secrets
from crawler.ingest import read
from crawler.intake import Intake
from crawler.linking import find_thread
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
    broken: dict[str, None] = field(default_factory=dict)
    """Where files are broken: each place once, although a file may be read twice."""
    noted: set[str] = field(default_factory=set)
    useful: set[Path] = field(default_factory=set)
    """Files that hold something that the archive can use."""
    useless: list[str] = field(default_factory=list)
    """What was named and holds nothing of the kind."""


def files(paths: Iterable[Path]) -> list[Path]:
    """The files that `paths` mean: folders are read whole. InputError if one does not exist."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise InputError(f"there is no file {path}")
        found += sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


class Import:
    """One run of `optout import`. The caller holds the write lock. `addresses`: what lists among the files name, to be
    crawled."""

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
        self.db, self.conn, self.sites, self.say, self.stop = db, db.conn, sites, say, stop
        try:
            self.options = replace(options, url=without_secrets(options.url) if options.url else None)
        except ValueError as error:
            raise InputError(f"--url: {error}") from error
        with db.atomic():
            self.run_id = runs.start(self.conn, "import", settings=json.dumps({"url": self.options.url}))
        self.intake = Intake(db, warcs, Run(self.run_id, clock.now(), continued=False))
        self.account = Account()
        self.addresses: list[str] = []
        self.threads: dict[Site, set[int]] = {}
        # What may be a picture that a post shows, by file and address, with the reason for which it was passed over.
        self.aside: dict[tuple[Path, str], str] = {}

    def run(self, sources: Iterable[Path]) -> Report:
        """Read the files that `sources` mean. A broken one says where it breaks, and what is whole in it is kept. The exit
        code is 2 if one was broken, or if one of the sources holds nothing that the archive can use."""
        self.intake.adopt()
        of_source: dict[Path, list[Path]] = {}
        for source in sources:
            of_source[source] = files([source])
            for path in of_source[source]:
                if not self._read(path, self._part):
                    return self._end("interrupted", 130)
                self.say(f"{plain(path.name)} read; {self.account.taken} captures taken so far")
        if not self._pictures():
            return self._end("interrupted", 130)
        account = self.account
        account.useless = [str(source) for source, paths in of_source.items() if account.useful.isdisjoint(paths)]
        failed = account.broken or account.useless
        return self._end("finished", InputError.exit_code if failed else 0)

    def _read(self, path: Path, each: Callable[[Path, Part], None]) -> bool:
        """Give the parts of a file to `each`; False if the user wants to stop."""
        for part in self._parts(path):
            if self.stop():
                return False
            each(path, part)
        return True

    def _parts(self, path: Path) -> Parts:
        try:
            yield from self._reader(path)
        except OSError as error:
            yield Broken(f"{path} cannot be read: {error.strerror}")

    def _reader(self, path: Path) -> Parts:
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
                return url_list.read(path)
        return iter((Passed(path.name, "a file of an unknown kind"),))

    def _part(self, path: Path, part: Part) -> None:
        match part:
            case Passed():
                self._pass(part.where, part.reason)
            case Broken():
                self.account.broken[part.text] = None
            case Listed():
                self.addresses.append(part.url)
                self.account.useful.add(path)
            case Saved():
                self._capture(path, part)

    def _capture(self, path: Path, part: Saved) -> None:
        exchange = part.exchange
        named = identify(exchange.url, self.sites)
        if named is None:
            self._set_aside(path, part, UNKNOWN)
            return
        site, reference = named
        try:
            observation = read(site, exchange)
        except NotContent as error:
            self._pass(part.where, f"no content: {error}")
            return
        if isinstance(observation, Nothing):
            self._set_aside(path, part, "says nothing of threads")
            return
        if self.intake.holds(exchange):
            self.account.held += 1
        else:
            self.intake.take(site, exchange, observation, "import", plain(path.name))
            self.account.taken += 1
        self.account.useful.add(path)
        found = find_thread(self.conn, site, reference.thread) if reference.thread else None
        if found is not None:
            self.threads.setdefault(site, set()).add(found[0])

    def _set_aside(self, path: Path, part: Saved, reason: str) -> None:
        """Pass over what is no page of a thread; if it is a picture, it may be one that a post shows."""
        self._pass(part.where, reason)
        if part.exchange.status == 200 and media.kept_type(part.exchange):
            self.aside.setdefault((path, part.asked), reason)

    def _pictures(self) -> bool:
        """What posts show, of this import and of the archive, as far as the files hold it: they are read once more. False
        if the user wants to stop."""
        with self.db.atomic():
            for site, thread_ids in self.threads.items():
                Media(self.conn, site).note(sorted(thread_ids), again=False)
        sites = archived_sites(self.conn)

        def take(path: Path, part: Part) -> None:
            if isinstance(part, Saved) and part.exchange.status == 200 and (path, part.asked) in self.aside:
                self._picture(path, part, sites)

        return all(self._read(path, take) for path in dict.fromkeys(path for path, _ in self.aside))

    def _picture(self, path: Path, part: Saved, sites: Sequence[Site]) -> None:
        """Take a picture if a post shows it, under the address that the post has."""
        for site in sites:
            request = media.at_home(part.asked, site)
            lacking = Media(self.conn, site).lacks(request) if request else None
            if request is None or lacking is None:
                continue
            if lacking:
                try:
                    observation = media.read(part.exchange)
                except Disallowed:
                    return
                exchange = replace(part.exchange, url=request)
                capture_id = self.intake.held_as(exchange)
                if capture_id is None:
                    capture_id = self.intake.take(site, exchange, observation, "import", plain(path.name)).capture_id
                    self.account.taken += 1
                    self.account.media += 1
                with self.db.atomic():
                    Media(self.conn, site).came(request, capture_id)
            else:
                self.account.held += 1
            self.account.useful.add(path)
            self.account.passed[self.aside[path, part.asked]] -= 1
            return

    def _pass(self, where: str, reason: str) -> None:
        self.account.passed[reason] += 1
        if "--url" in reason or reason.startswith(("no content", "a file of")):
            self.account.notes.append(f"  passed over: {where}: {reason}")
            self.account.noted.add(reason)

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
            *some([f"  {text}" for text in account.broken]),
            *(["  all that is whole in these files was taken"] if account.broken else []),
            *some([f"  nothing usable in {source}" for source in account.useless]),
        ]
        if account.media:
            lines.insert(2, f"  {account.media} of the captures are pictures and attachments that posts show")
        if account.passed[UNKNOWN] and not account.taken and not account.held:
            lines.append(
                "  nothing was taken. If these are pages of a forum that is not in data/sites.yml, name it: --forum URL"
            )
        report = Report(self.run_id, state, exit_code, "\n".join(plain(line) for line in lines))
        with self.db.atomic():
            runs.end(self.conn, self.run_id, state, exit_code, report.text)
        return report
