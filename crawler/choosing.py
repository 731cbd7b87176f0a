"""Which of a thread's captures to fetch: the few that add posts, not all that there are.

First the newest capture of each page of the thread (it holds most), then the oldest (what was edited or removed
since). After that only what may fill a gap: captures that were taken around a missing post, and those in between.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from crawler.webarchives import Capture

# More captures than this are not fetched of one thread in one run.
MOST = 40
# After so many captures of a page in a row that are none of it, the forum is taken for dead by then.
DEAD_AFTER = 3
TEXT = re.compile(r"html|json|^(?:unk|warc/revisit|-)?$")
NOT_NEEDED = "not needed"
TOO_MANY = f"not fetched, as one look-up fetches {MOST} (--again goes on)"
HELD = "held already"


def around(number: int) -> frozenset[int]:
    """The numbers that a page shows which was asked for at one (Discourse: TopicView, a quarter of 20 before it)."""
    return frozenset(range(max(1, number - 5), number + 15))


@dataclass(frozen=True)
class Held:
    """What is held of a thread. `numbers`: of its posts; `missing`: how many the source lists beyond those, None if
    nothing says how many there are."""

    numbers: frozenset[int] = frozenset()
    missing: int | None = None

    @property
    def gaps(self) -> int:
        """How many numbers below the highest one are not held."""
        return max(self.numbers, default=0) - len(self.numbers)

    @property
    def whole(self) -> bool:
        """Whether nothing is known to be missing. A gap alone proves nothing where the source says what it has."""
        return bool(self.numbers) and (self.gaps <= 0 if self.missing is None else self.missing <= 0)


@dataclass
class _Page:
    """The captures of one page, oldest first; `number` of the post around which it was asked for."""

    number: int | None
    captures: list[Capture] = field(default_factory=list)
    newest: bool = False
    oldest: bool = False
    bad: int = 0


class Choice:
    """The captures of one thread in one archive. `number_of`: the post that an address names, None if none;
    `worthless`: digests of bytes that are known to be no content, with the reason; `is_held`: whether a capture was
    fetched before."""

    def __init__(
        self,
        captures: Iterable[Capture],
        number_of: Callable[[str], int | None],
        worthless: dict[str, str],
        is_held: Callable[[Capture], bool] = lambda capture: False,
    ) -> None:
        self.worthless, self.is_held = worthless, is_held
        self.held = 0
        self.passed: Counter[str] = Counter()
        self.redirects: list[Capture] = []
        self.fetched = 0
        pages: dict[tuple[str, str], _Page] = {}
        digests: set[str] = set()
        for capture in sorted(captures, key=lambda capture: capture.timestamp):
            if capture.status is not None and 300 <= capture.status < 400:
                self.redirects.append(capture)
            elif capture.status not in (200, None):
                self.passed[f"archived answer of status {capture.status}"] += 1
            elif not TEXT.search(capture.mime):
                self.passed[f"of type {capture.mime}"] += 1
            elif capture.digest in digests:
                self.passed["same bytes as an earlier capture"] += 1
            else:
                digests |= {capture.digest} if capture.digest else set()
                page = pages.setdefault(_key(capture.url), _Page(number_of(capture.url)))
                page.captures.append(capture)
        self._pages = [pages[key] for key in sorted(pages)]

    def next(self, held: Held) -> Capture | None:
        """The next capture worth fetching, given what is held now; None if there is none. Say `used` after it."""
        while self.fetched < MOST and (found := self._next(held)):
            page, capture = found
            page.captures.remove(capture)
            if reason := self.worthless.get(capture.digest or ""):
                self.passed[reason] += 1
                page.bad += 1
                continue
            self._last = page
            if self.is_held(capture):
                self.held += 1
                self.passed[HELD] += 1
                self.used(capture, None)
                continue
            self.fetched += 1
            return capture
        return None

    def used(self, capture: Capture, refusal: str | None) -> None:
        """What came of the capture that `next` gave: content, or why it is none."""
        page = self._last
        if refusal:
            self.passed[refusal] += 1
            page.bad += 1
            if capture.digest:
                self.worthless[capture.digest] = refusal
        elif page.newest or page.bad >= DEAD_AFTER:
            page.oldest = True
        else:
            page.newest, page.bad = True, 0

    def rest(self, held: Held) -> int:
        """No more is fetched: count what is left as not needed, or, where posts are missing, as too many. How many of
        these there are."""
        left = sum(len(page.captures) for page in self._pages)
        too_many = left if self.fetched >= MOST and self._next(held) else 0
        if left:
            self.passed[TOO_MANY if too_many else NOT_NEEDED] += left
        return too_many

    def _next(self, held: Held) -> tuple[_Page, Capture] | None:
        whole = [page for page in self._pages if page.number is None and page.captures]
        for page in whole:
            if not page.newest and page.bad < DEAD_AFTER:
                return page, page.captures[-1]
        for page in whole:
            if not page.oldest:
                return page, page.captures[0]
        if held.whole:
            return None
        for page in self._pages:
            if page.number is not None and page.captures and page.number not in held.numbers:
                return page, page.captures[-1]
        if whole:
            return whole[0], whole[0].captures[0]
        # A page around a post that is held shows its neighbours too.
        for page in self._pages:
            if page.captures and page.number is not None and not around(page.number) <= held.numbers:
                return page, page.captures[-1]
        return None


def _key(url: str) -> tuple[str, str]:
    """Captures with the same key are of the same page: scheme, `www.`, port, fragment and order do not matter."""
    parts = urlsplit(url.lower())
    return parts.path.rstrip("/"), "&".join(sorted("=".join(pair) for pair in parse_qsl(parts.query)))
