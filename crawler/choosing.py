"""Which of a thread's captures to fetch: the few that add posts, not all that there are.

First the newest capture of each page of the thread that shows it (it holds most), then the oldest (what was edited or
removed since), then captures around posts that lie behind all that is held. After that only what may fill a gap:
captures that were taken around a missing post, and those in between.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from crawler.webarchives import Capture, Excluded, Refused, Unshown

# More captures than this are not fetched of one thread in one run.
MOST = 40
# After so many captures of a page in a row that are none of it, the forum is taken for dead by then, and the last one
# before its end is looked for by halving.
DEAD_AFTER = 3
# Before and after every timestamp.
NEVER, END = "", "~"
TEXT = re.compile(r"html|json|^(?:unk|warc/revisit|-)?$")
NOT_NEEDED = "not needed"
LEFT = f"not fetched, as one look-up fetches {MOST} or the archive failed (--again goes on)"
HELD = "held already"


def around(number: int) -> frozenset[int]:
    """The numbers that a page shows which was asked for at one (Discourse: TopicView, a quarter of 20 before it)."""
    return frozenset(range(max(1, number - 5), number + 15))


@dataclass(frozen=True)
class Held:
    """What is held of a thread. `numbers`: of its posts; `missing`: how many more the source is known to have;
    `stated`: the source said how many there are; `listed`: it said which. Without either, what its pages show is a
    lower bound, and proves of no thread that it is whole."""

    numbers: frozenset[int] = frozenset()
    missing: int = 0
    stated: bool = False
    listed: bool = False

    @property
    def gaps(self) -> int:
        """How many numbers below the highest one are not held; 0 where the source said which posts there are."""
        return 0 if self.listed else max(max(self.numbers, default=0) - len(self.numbers), 0)

    @property
    def lacking(self) -> bool:
        """Whether something is known to be missing."""
        return not self.numbers or self.missing > 0 or self.gaps > 0

    @property
    def whole(self) -> bool:
        """Whether all is held that the source says it has."""
        return (self.stated or self.listed) and not self.lacking


@dataclass
class _Page:
    """The captures of one page that were not tried, oldest first; `number` of the post around which it was asked for.

    `newest`, `oldest`: when it is known to show the thread, at the latest and at the earliest; `dead`: from when on it
    is taken to show nothing of it; `bad`: how many in a row showed nothing, the last of them at `tried`; `too_old`: how
    many before `oldest` did.
    """

    number: int | None
    captures: list[Capture] = field(default_factory=list)
    newest: str = NEVER
    oldest: str = END
    dead: str = END
    bad: int = 0
    tried: str = END
    too_old: int = 0

    def towards_newest(self) -> Capture | None:
        """The next one to try in search of the newest that shows the thread; None if that is found, or is none."""
        between = self._between()
        if self.bad:
            between = [capture for capture in between if capture.timestamp < self.tried]
        if not between:
            return None
        return between[-1] if self.bad or self.dead == END else between[len(between) // 2]

    def towards_oldest(self) -> Capture | None:
        """The next one to try in search of the oldest; None if that is found."""
        older = self.captures and self.captures[0].timestamp < self.oldest
        return self.captures[0] if older and self.newest and self.too_old < DEAD_AFTER else None

    def came(self, capture: Capture, good: bool) -> None:
        """Learn from one that was tried."""
        at = capture.timestamp
        if good:
            self.newest, self.oldest, self.bad = max(self.newest, at), min(self.oldest, at), 0
        elif at <= self.newest:
            self.too_old += at < self.oldest
        else:
            self.tried, self.bad = at, self.bad + 1
            if self.bad >= DEAD_AFTER or self.towards_newest() is None:
                self.dead, self.bad = min(self.dead, at), 0

    def _between(self) -> list[Capture]:
        return [capture for capture in self.captures if self.newest < capture.timestamp < self.dead]


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
        self.number_of, self.worthless, self.is_held = number_of, worthless, is_held
        self.held = self.listed = self.failures = 0
        self.passed: Counter[str] = Counter()
        self.redirects: list[Capture] = []
        self.fetched = 0
        self._by_key: dict[tuple[str, str], _Page] = {}
        self._digests: set[str] = set()
        self.add(captures)

    def add(self, captures: Iterable[Capture]) -> None:
        """Take more captures into consideration."""
        for capture in sorted(captures, key=lambda capture: capture.timestamp):
            self.listed += 1
            if capture.status is not None and 300 <= capture.status < 400:
                self.redirects.append(capture)
            elif capture.status not in (200, None):
                self.passed[f"archived answer of status {capture.status}"] += 1
            elif not TEXT.search(capture.mime):
                self.passed[f"of type {capture.mime}"] += 1
            elif capture.digest in self._digests:
                self.passed["same bytes as an earlier capture"] += 1
            else:
                self._digests |= {capture.digest} if capture.digest else set()
                page = self._by_key.setdefault(_key(capture.url), _Page(self.number_of(capture.url)))
                page.captures.append(capture)
                page.captures.sort(key=lambda other: other.timestamp)
        self._pages = [self._by_key[key] for key in sorted(self._by_key)]

    def next(self, held: Held) -> Capture | None:
        """The next capture worth fetching, given what is held now; None if there is none. Say `used` or `failed` after
        it."""
        while self.fetched < MOST and (found := self._next(held)):
            page, capture = found
            page.captures.remove(capture)
            self._page = page
            if reason := self.worthless.get(capture.digest or ""):
                self.used(capture, reason)
            elif self.is_held(capture):
                self.held += 1
                self.passed[HELD] += 1
                self.used(capture, None)
            else:
                self.fetched += 1
                return capture
        return None

    def used(self, capture: Capture, refusal: str | None) -> None:
        """What came of the capture that `next` gave: content, or why it is none."""
        if refusal:
            self.passed[refusal] += 1
            if capture.digest:
                self.worthless[capture.digest] = refusal
        self._page.came(capture, good=refusal is None)

    def failed(self, capture: Capture, error: Refused | Excluded) -> None:
        """The archive did not show the capture that `next` gave: nothing is known of its bytes."""
        self.passed[str(error)] += 1
        self.failures += isinstance(error, Unshown)
        self._page.came(capture, good=False)

    def left(self, held: Held) -> int:
        """No more is fetched. How many captures are left that might add posts; the others are counted as not needed."""
        rest = sum(len(page.captures) for page in self._pages)
        wanted = self._next(held) is not None
        if rest:
            self.passed[LEFT if wanted else NOT_NEEDED] += rest
        return (rest if wanted else 0) + (0 if held.whole else self.failures)

    def _next(self, held: Held) -> tuple[_Page, Capture] | None:
        whole = [page for page in self._pages if page.number is None]
        around_posts = [(page.number, page) for page in self._pages if page.number is not None and page.captures]
        behind = [pair for pair in around_posts if pair[0] > max(held.numbers, default=0)]
        searched = [page for _, page in sorted(behind, key=lambda pair: -pair[0])]
        for page in whole:
            if capture := page.towards_newest():
                return page, capture
        for page in whole:
            if capture := page.towards_oldest():
                return page, capture
        for page in searched:
            if capture := page.towards_newest():
                return page, capture
        if not held.lacking:
            return None
        for number, page in around_posts:
            if number not in held.numbers:
                return page, page.towards_newest() or page.captures[-1]
        for page in whole:
            if page.captures:
                return page, page.captures[0]
        # A page around a post that is held shows its neighbours too.
        for number, page in around_posts:
            if not around(number) <= held.numbers:
                return page, page.captures[-1]
        return None


def _key(url: str) -> tuple[str, str]:
    """Captures with the same key are of the same page: scheme, `www.`, port, fragment and order do not matter."""
    parts = urlsplit(url.lower())
    return parts.path.rstrip("/"), "&".join(sorted("=".join(pair) for pair in parse_qsl(parts.query)))
