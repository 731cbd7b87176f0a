"""Discourse's rate limits: sliding windows in which a refused request counts too."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How many requests one IP may make.

    ``per_10_seconds`` and ``per_minute`` are Discourse's defaults (max_reqs_per_ip_per_10_seconds and
    _per_minute in config/discourse_defaults.conf). Those of the anonymous search are from memory of
    config/site_settings.yml.
    """

    per_10_seconds: int = 50
    per_minute: int = 200
    search_per_second: int = 2
    search_per_minute: int = 8


class Limiter:
    """One sliding window: ``most`` requests in ``seconds``. Thread safe.

    As lib/rate_limiter.rb does it: a ring of the last ``most`` times; a request passes if the ring is not
    full or its oldest time has left the window. An aggressive limiter puts refused requests into the ring as
    well, which makes the wait longer for whoever does not stop. ``clock`` gives seconds; Discourse counts
    whole ones.
    """

    def __init__(
        self, most: int, seconds: int, *, aggressive: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._times: deque[int] = deque(maxlen=most)
        self._most, self._seconds, self._aggressive, self._clock = most, seconds, aggressive, clock
        self._lock = threading.Lock()

    def wait(self) -> int:
        """Counts a request. 0 if it may pass, or else the seconds (at least 1) until one may."""
        with self._lock:
            now = int(self._clock())
            passes = len(self._times) < self._most or now - self._times[0] >= self._seconds
            if passes or self._aggressive:
                self._times.append(now)
            return 0 if passes else max(1, self._seconds - (now - self._times[0]))
