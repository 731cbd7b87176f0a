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
from crawler.identity import identify
from crawler.imports import detect, har, page, topic_json, url_list, wacz, warc
from crawler.imports.saved import BrokenFile, Parts, Passed, Saved
from crawler.ingest import read
from crawler.intake import Intake
from crawler.observations import NotContent, Nothing
from crawler.report import Report, some
from crawler.runs import Run
from crawler.sites import Site


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
    passed: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


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

    def run(self, paths: Sequence[Path]) -> Report:
        """Read the files. A broken one says where it breaks, what is whole in it is kept, and the exit code is 2."""
        self.intake.adopt()
        for path in paths:
            if self.stop():
                return self._end("interrupted", 130)
            try:
                for part in self._parts(path):
                    self._part(path, part)
            except BrokenFile as error:
                self.account.broken.append(str(error))
            except OSError as error:
                self.account.broken.append(f"{path} cannot be read: {error.strerror}")
            self.say(f"{path.name} read; {self.account.taken} captures taken so far")
        return self._end("finished", InputError.exit_code if self.account.broken else 0)

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
            self._pass(part.where, "not a page of a forum that the program knows")
            return
        site = named[0]
        try:
            observation = read(site, exchange)
        except NotContent as error:
            self._pass(part.where, f"no content: {error}")
            return
        if isinstance(observation, Nothing):
            self._pass(part.where, "says nothing of threads")
        elif self.intake.holds(exchange):
            self.account.held += 1
        else:
            self.intake.take(site, exchange, observation, "import", path.name)
            self.account.taken += 1

    def _pass(self, where: str, reason: str) -> None:
        self.account.passed[reason] += 1
        if "--url" in reason or reason.startswith(("no content", "a file of")):
            self.account.notes.append(f"  passed over: {where}: {reason}")

    def _end(self, state: str, exit_code: int) -> Report:
        account = self.account
        run = self.conn.execute("select * from runs where id = ?", (self.run_id,)).fetchone()
        lines = [
            f"import: {state}; {account.taken} captures taken, {account.held} held already,"
            f" {sum(account.passed.values())} passed over",
            f"  new: {run['new_threads']} threads, {run['new_posts']} posts; {run['edited_posts']} posts with other texts",
            *(f"  {number} passed over: {reason}" for reason, number in account.passed.most_common(10)),
            *some(account.notes),
            *(f"  {text}. What is whole before that place was taken" for text in account.broken),
        ]
        if account.passed and not account.taken and not account.held:
            lines.append(
                "  nothing was taken. If these are pages of a forum that is not in data/sites.yml, name it: --forum URL"
            )
        report = Report(self.run_id, state, exit_code, "\n".join(lines))
        with self.db.atomic():
            runs.end(self.conn, self.run_id, state, exit_code, report.text)
        return report
