"""How fast a host may be asked.

Sliding windows over the times of the latest requests, not refilling buckets: a bucket that holds 45 and refills at
4.5 a second lets 90 through in its first ten seconds, and Discourse counts exactly that (its limits are windows).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Limits = Sequence[tuple[int, float]]
"""(requests, seconds): at most so many requests in any stretch of so many seconds. All hold at once."""

# Share of what a kind of server allows by default that is used, so that clocks that differ and other visitors from the
# same address fit in.
MARGIN = 0.9
# After a 429 less is used, and slowly more again: the server's real limits are then lower than we believed.
CUT = 0.6
LEAST_SHARE = 0.1
GROWTH_PER_REQUEST = 0.001

LONGEST_SILENCE = 3600.0
"""Seconds that a server may make us wait, whatever it says."""

RATE = re.compile(r"(\d+)\s*/\s*(\d+(?:\.\d+)?)\s*s?")


def with_margin(limits: Limits) -> Limits:
    """What a server allows -> what we use of it: 50 in 10 s -> 45 in 10 s."""
    return tuple((max(1, int(requests * MARGIN)), seconds) for requests, seconds in limits)


def parse_rate(text: str) -> Limits:
    """`45/10s`, `45/10s, 180/60s` or `none` -> limits. ValueError with what is wrong."""
    if text.strip().lower() == "none":
        return ()
    limits = []
    for part in text.split(","):
        match = RATE.fullmatch(part.strip())
        if not match or not int(match[1]) or not float(match[2]):
            raise ValueError(f"{part.strip()!r} is no rate. Write REQUESTS/SECONDS, as in 45/10s, or none")
        limits.append((int(match[1]), float(match[2])))
    return tuple(limits)


@dataclass
class RateLimit:
    """The state of one host's limit. Times are seconds since 1970, so that the state can be kept over a restart."""

    limits: Limits
    recent: deque[float] = field(default_factory=deque)
    share: float = 1.0
    resume_at: float = 0.0
    pause: float = 0.0
    """Least seconds between two requests (robots.txt's Crawl-delay)."""

    def wait(self, now: float) -> float:
        """Seconds to wait before the next request may be sent, 0 if it may be sent now."""
        if self.recent and self.recent[-1] > now:
            # The clock was set back: what lies in its future happened just now at the latest.
            self.recent = deque(min(moment, now) for moment in self.recent)
        self.resume_at = min(self.resume_at, now + LONGEST_SILENCE)
        until = self.resume_at
        if self.recent:
            until = max(until, self.recent[-1] + self.pause)
        for requests, seconds in self.limits:
            allowed = max(1, int(requests * self.share))
            if len(self.recent) >= allowed:
                until = max(until, self.recent[-allowed] + seconds)
        return max(0.0, until - now)

    def sent(self, now: float) -> None:
        """A request is sent."""
        self.recent.append(now)
        most = max([requests for requests, _ in self.limits], default=1)
        while len(self.recent) > most:
            self.recent.popleft()
        self.share = min(1.0, self.share + GROWTH_PER_REQUEST)

    def hold(self, now: float, seconds: float, *, too_fast: bool) -> None:
        """The server asked for silence of so many seconds; `too_fast` if because of us (429), so less afterwards."""
        self.resume_at = max(self.resume_at, now + seconds)
        if too_fast:
            self.share = max(LEAST_SHARE, self.share * CUT)


def restored(limits: Limits, recent: Iterable[float], share: float, resume_at: float) -> RateLimit:
    """A limit with the state that an earlier run left."""
    return RateLimit(limits, deque(recent), share if 0 < share <= 1 else 1.0, resume_at)
