"""The one door to the network.

Everything that leaves goes through `Door.fetch`: it says who asks, obeys robots.txt and the host's limits, waits when
told to, bounds time and size, and says in one exception why an answer cannot be used. It sends one request a call:
whether and when to repeat is the frontier's business. One worker a host, so that a 429 stops all there is.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
from protego import Protego

from archive import clock
from archive.warc import Exchange, decoded
from crawler.limits import LONGEST_SILENCE, RateLimit

PRODUCT = "optout-archive"
MAX_BODY_BYTES = 64 * 1024 * 1024
CONNECT_SECONDS, READ_SECONDS, WHOLE_ANSWER_SECONDS = 15.0, 30.0, 180.0
# A 429 without any word on how long: Discourse's longest default window, and what the Internet Archive asks for.
SILENCE_WITHOUT_WORD = 60.0


class Transient(Exception):
    """The answer cannot be used, but the same request may work later.

    `limited`: it was a 429. `refusal`: a person would say that the server said no. `no_contact`: nothing answered at
    all.
    """

    def __init__(self, reason: str, *, limited: bool = False, refusal: bool = False, no_contact: bool = False) -> None:
        super().__init__(reason)
        self.limited, self.refusal, self.no_contact = limited, refusal, no_contact


class Disallowed(Exception):
    """robots.txt asks programs not to fetch this address."""


class Stopped(Exception):
    """The user asked the program to stop while it was waiting."""


@dataclass
class Door:
    """Requests to one host. `limit` carries the host's state; `stop` tells whether the user wants to stop."""

    limit: RateLimit
    version: str
    contact: str | None = None
    stop: Callable[[], bool] = lambda: False
    waiting: Callable[[float, str], None] = lambda seconds, why: None
    archive: bool = False
    """It is a web archive's: an answer with Memento-Datetime is an archived one, and its status says nothing of today."""
    requests: int = 0
    robots: Protego | None = None
    _client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        contact = f"; +{self.contact}" if self.contact else ""
        self.user_agent = f"{PRODUCT}/{self.version} (forum preservation{contact})"
        self._client = httpx.Client(
            headers={"User-Agent": self.user_agent, "Accept": "application/json, */*;q=0.5", "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
        )

    def close(self) -> None:
        self._client.close()

    def obey(self, robots_txt: str) -> None:
        """Take on a host's robots.txt ("" allows everything)."""
        self.robots = Protego.parse(robots_txt)
        self.limit.pause = min(float(self.robots.crawl_delay(PRODUCT) or 0.0), LONGEST_SILENCE)

    def allows(self, url: str) -> bool:
        """Whether robots.txt lets us fetch `url`."""
        return self.robots is None or self.robots.can_fetch(url, PRODUCT)

    def fetch(self, url: str) -> Exchange:
        """One request, one answer: any status but 429 and 5xx. Transient, Disallowed or Stopped otherwise."""
        if not self.allows(url):
            raise Disallowed(f"robots.txt of {urlsplit(url).netloc} asks programs not to fetch {url}")
        self._wait_for_turn()
        self.limit.sent(time.time())
        self.requests += 1
        try:
            exchange = self._send(url)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise Transient(f"not an address that can be asked: {error}") from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Transient(f"no connection: {error or type(error).__name__}", no_contact=True) from error
        except httpx.TimeoutException as error:
            raise Transient(f"no answer in {READ_SECONDS:.0f} s ({type(error).__name__})") from error
        except httpx.HTTPError as error:
            raise Transient(f"the answer broke off: {error or type(error).__name__}") from error
        if not (self.archive and exchange.header("memento-datetime")):
            self._check(exchange)
        return exchange

    def _wait_for_turn(self) -> None:
        seconds = self.limit.wait(time.time())
        if seconds > 1:
            self.waiting(seconds, "the host's limit")
        while seconds > 0:
            if self.stop():
                raise Stopped
            time.sleep(min(seconds, 0.25))
            seconds = self.limit.wait(time.time())
        if self.stop():
            raise Stopped

    def _send(self, url: str) -> Exchange:
        # A session cookie would make one visit of many: every request is a stranger's.
        self._client.cookies.clear()
        deadline = time.monotonic() + WHOLE_ANSWER_SECONDS
        with self._client.stream("GET", url) as response:
            chunks, size = [], 0
            for chunk in response.iter_raw():
                chunks.append(chunk)
                size += len(chunk)
                if size > MAX_BODY_BYTES:
                    raise Transient(f"the answer is longer than {MAX_BODY_BYTES} bytes")
                if time.monotonic() > deadline:
                    raise Transient(f"the answer took longer than {WHOLE_ANSWER_SECONDS:.0f} s")
            return Exchange(
                url=url,
                captured_at=clock.now(),
                status=response.status_code,
                reason=response.reason_phrase,
                headers=response.headers.multi_items(),
                body=b"".join(chunks),
                request_headers=response.request.headers.multi_items(),
            )

    def _check(self, exchange: Exchange) -> None:
        """Raise Transient for answers that are none: 429 in its three shapes, 5xx, a body cut off."""
        if exchange.status == 429:
            wait = asked_to_wait(exchange) or SILENCE_WITHOUT_WORD
            # A little more than asked, so that clocks that differ do not bring the next 429.
            self.limit.hold(time.time(), wait + random.uniform(0.5, 1.5), too_fast=True)
            raise Transient(f"429 too many requests, wait {wait:.0f} s", limited=True)
        if exchange.status >= 500:
            if seconds := asked_to_wait(exchange):
                self.limit.hold(time.time(), seconds, too_fast=False)
            raise Transient(f"status {exchange.status}")
        try:
            decoded(exchange)
        except ValueError as error:
            raise Transient(str(error)) from error


def asked_to_wait(exchange: Exchange) -> float | None:
    """Seconds that a 429 or 503 asks for, at most an hour: Retry-After (seconds or a date), or Discourse's
    `extras.wait_seconds`; None if it says nothing. An unreadable value is the same as none."""
    waits = []
    if header := exchange.header("retry-after"):
        try:
            waits.append(float(header))
        except ValueError:
            try:
                moment = parsedate_to_datetime(header)
                waits.append((moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
            except (ValueError, OverflowError):
                pass
    try:
        extras = json.loads(decoded(exchange)).get("extras") or {}
        waits.append(float(extras["wait_seconds"]))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        pass
    sensible = [wait for wait in waits if wait > 0]
    return min(max(sensible), LONGEST_SILENCE) if sensible else None
