"""Progress: a live bar on a terminal, plain lines with a time otherwise."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from archive import clock

# Seconds between two plain lines.
LINE_EVERY = 10.0


class CrawlProgress:
    """Tells how a crawl goes on; a `crawler.crawl.Listener`. Everything goes to stderr, one event a line:
    `2026-11-23T05:06:07Z crawl sas: ...`, so that logs can be searched."""

    def __init__(self, name: str, *, quiet: bool = False) -> None:
        self.name, self.quiet = name, quiet
        self.console = Console(stderr=True)
        self.live = self.console.is_terminal and not quiet
        self.started = self.told_at = time.monotonic()
        self.done_before: int | None = None
        self.bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.live,
        )

    def __enter__(self) -> CrawlProgress:
        self.bar.start()
        self.task = self.bar.add_task(self.name, total=None, note="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def say(self, text: str) -> None:
        if self.live:
            self.bar.console.print(text, markup=False, highlight=False)
        elif not self.quiet:
            print(f"{clock.now()} {self.name}: {text}", file=sys.stderr, flush=True)

    def progress(self, done: int, queued: int, posts: int, requests: int) -> None:
        if self.done_before is None:
            self.done_before = done - 1
        now = time.monotonic()
        rate = (done - self.done_before) / max(now - self.started, 0.001)
        note = f"{posts} new posts, {requests} requests, {rate:.1f}/s"
        self.bar.update(self.task, completed=done, total=done + queued, note=note)
        if not self.live and now - self.told_at >= LINE_EVERY:
            self.told_at = now
            self.say(f"{done} of {done + queued} addresses, {note}, about {queued / max(rate, 0.01):.0f} s left")

    def waiting(self, seconds: float, why: str) -> None:
        if self.live:
            self.bar.update(self.task, note=f"waiting {seconds:.0f} s: {why}")
        elif seconds >= LINE_EVERY:
            self.say(f"waiting {seconds:.0f} s: {why}")
