"""What of a forum the user wants, and what a list entry therefore means."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from crawler.observations import ListedThread

Interest = Callable[[str, tuple[str, ...], str], str | None]
"""(title, the forum's tags, excerpt or text) -> the words that make a thread worth taking, None if there are none."""


HELD = "held already"
"""Why a thread is taken that does not match itself."""


@dataclass(frozen=True)
class Scope:
    """`threads`, `category_path`: only these. `everything`: all that is listed; otherwise what matches the taxonomy
    and what that links to, `depth` steps far. `deep`: read the threads that do not match by title as well, and follow
    those whose text does. `since`: only threads active since then (ISO 8601). `recheck`: ask for every held thread
    again, whatever the lists say. `media`: also the pictures and attachments of what was asked for."""

    everything: bool = False
    deep: bool = False
    depth: int = 1
    since: str | None = None
    recheck: bool = False
    threads: tuple[str, ...] = ()
    category_path: str | None = None
    media: bool = False

    @property
    def whole_forum(self) -> bool:
        """Whether the lists of the whole forum are read, so that absence from them means something."""
        return not self.threads and self.category_path is None

    def settings(self) -> str:
        """As JSON: two runs with equal settings can continue one another."""
        return json.dumps(asdict(self), sort_keys=True)


def decide(scope: Scope, thread: ListedThread, held: bool, interest: Interest) -> tuple[str, str]:
    """`taken` or `passed`, and why."""
    if scope.since and thread.last_activity_at and thread.last_activity_at < scope.since:
        return "passed", f"no activity since {scope.since[:10]}"
    if scope.everything:
        return "taken", "all"
    if words := interest(thread.title, thread.tags, thread.excerpt or ""):
        return "taken", words
    if held:
        return "taken", HELD
    return "passed", "no match"
