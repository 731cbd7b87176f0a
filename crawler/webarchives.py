"""Web archives: what they hold of an address (CDX), and the captures themselves (mementos, RFC 7089).

Two services are spoken to: the Internet Archive's Wayback Machine, and any collection of pywb (which national archives
run too). Facts about the first: its CDX server's README and EDGI's `wayback` 0.5.1, whose order of decisions on
redirects is followed here; why that library is not called is in `docs/recovery.md`.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from archive import clock
from archive.errors import InputError, UnreachableError
from archive.version import VERSION
from archive.warc import Exchange, decoded
from crawler import limits
from crawler.door import Door, Transient

WAYBACK = "wayback"
WAYBACK_CDX, WAYBACK_REPLAY = "https://web.archive.org/cdx/search/cdx", "https://web.archive.org/web"
# A memento that was taken further away than this from the one asked for is another one (EDGI's target_window).
WINDOW = timedelta(hours=24)
# Rows of one answer. The Wayback Machine goes on behind them with a resumption key; pywb has none and lists at most
# as many as it is asked for.
ROWS, PYWB_ROWS = 5_000, 150_000
ATTEMPTS = 4
BACKOFF_SECONDS = 2.0
# When it could not show so many captures in a row, an archive is taken to be out of order.
FAILURES = 6
REDIRECTS = 5

FIELDS = {
    WAYBACK: ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"),
    "pywb": ("urlkey", "timestamp", "url", "mime", "status", "digest", "length"),
}
REPLAY_URL = re.compile(r"/([0-9]{14})(?:[a-z]{2}_)?/(https?:.+)$")
ORIGINAL_LINK = re.compile(r'<([^>]+)>\s*;\s*rel="?original\b')
STAMP = re.compile(r"[0-9]{14}")
DEFAULT_PORT = re.compile(r"^(http://[^/:]+):80(?=/|$)|^(https://[^/:]+):443(?=/|$)")
# Things that a crawler once took for an address and that have no memento (EDGI's is_malformed_url).
NO_ADDRESS = re.compile(r"^https?://(?:<*mailto:|[^/]*@)|^(?:mailto|data):", re.I)
# Headers that an archive adds to an answer, or that were true of its transfer.
NOT_ORIGINAL = frozenset(
    "memento-datetime link content-location content-encoding content-length transfer-encoding connection date server".split()
)
EXCLUSIONS = (b"RobotAccessControlException", b"AdministrativeAccessControlException", b"URL has been excluded")


@dataclass(frozen=True)
class Pace:
    """How fast an archive may be asked, and how long to be silent after a 429 (seconds).

    The Internet Archive allows 30 CDX requests and 600 mementos a minute, asks programs to use 80 % of that, sends no
    Retry-After, and shuts out for an hour whoever goes on for a minute after a 429 (EDGI's `_client.py`). Other
    archives state no numbers, so these hold for them too.
    """

    listings: limits.Limits = ((24, 60.0),)
    mementos: limits.Limits = ((480, 60.0),)
    silence: float = 60.0


PACE = Pace()


@dataclass(frozen=True)
class Capture:
    """A line of a CDX listing. `timestamp`: 14 digits, UTC, as the archive writes them and wants to be asked for them.
    `status` is None where the archive does not say (a revisit
    that it did not resolve). `digest`: of the body, the archive's own, None where it does not say."""

    url: str
    timestamp: str
    status: int | None
    mime: str
    digest: str | None

    @property
    def moment(self) -> datetime:
        """When it was taken. ValueError if the timestamp is no time: then it is in no listing of `WebArchive`."""
        return _stamp(self.timestamp)


@dataclass(frozen=True)
class Memento:
    """An archived answer as its server once gave it: address, time of capture, status, headers, body (no coding).
    `uri` proves it; `location` is where a redirect led, absolute, "" if it is none."""

    exchange: Exchange
    uri: str
    location: str


class Refused(Exception):
    """The archive gave nothing, or something else than was asked for."""


class Unshown(Refused):
    """The archive itself failed, at every attempt, to show a capture that it lists: another time it may."""


class OutOfOrder(UnreachableError):
    """The archive answers, but could not show several captures in a row."""


class Excluded(Exception):
    """The archive does not show this address, because its owner asked for that."""


class WebArchive:
    """One web archive, asked politely. The state of its limits is kept in `hosts`, so that a restart stays polite.

    `base` is `wayback` or the address of a pywb collection, `http://127.0.0.1:8080/coll`; InputError for anything else.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        base: str = WAYBACK,
        *,
        pace: Pace = PACE,
        contact: str | None = None,
        stop: Callable[[], bool] = lambda: False,
        waiting: Callable[[float, str], None] = lambda seconds, why: None,
    ) -> None:
        self.conn, self.pace = conn, pace
        self.name, self.cdx, self.replay = _service(base)
        self.kind = WAYBACK if self.name == WAYBACK else "pywb"
        self.silenced, self.rate_limited = False, 0
        self.timeless = 0
        """Lines of its lists that were left out, as they name no possible time."""
        self._failures = 0
        self.lister, self.player = (
            Door(self._restored(key, allowed), VERSION, contact, stop, waiting, archive=True)
            for key, allowed in (("listings", pace.listings), ("mementos", pace.mementos))
        )

    @property
    def requests(self) -> int:
        return self.lister.requests + self.player.requests

    def close(self) -> None:
        self.lister.close()
        self.player.close()

    def check(self) -> None:
        """pywb answers for a collection that does not exist as if it were empty, so ask for its page first.
        UnreachableError if there is none."""
        if self.kind == WAYBACK:
            return
        exchange = self._ask(self.lister, self.replay + "/")
        if exchange.status >= 400:
            raise UnreachableError(f"there is no collection at {self.replay} (status {exchange.status})")

    def listing(self, url: str, *, prefix: bool = False, since: str | None = None) -> Iterator[Capture]:
        """The captures of an address, or of all that begin with it, in the archive's order, no line twice.

        `since`: ISO 8601. Excluded if the owner asked for that, UnreachableError if the archive gives no answer.
        """
        query: dict[str, Any] = {
            "url": url,
            "matchType": "prefix" if prefix else "exact",
            "output": "json",
            "fl": ",".join(FIELDS[self.kind]),
            "resolveRevisits": "true",
            "limit": ROWS if self.kind == WAYBACK else PYWB_ROWS,
        }
        if self.kind == WAYBACK:
            query["showResumeKey"] = "true"
        if since:
            query["from"] = re.sub(r"\D", "", since)[:14]
        key: str | None = None
        seen: set[tuple[str, str, str | None]] = set()
        while True:
            # The key comes URL-encoded and is sent back encoded once more.
            exchange = self._ask(self.lister, f"{self.cdx}?{urlencode(query | ({'resumeKey': key} if key else {}))}")
            rows, next_key = self._rows(exchange, url)
            for row in rows:
                if not _is_time(row.timestamp):
                    self.timeless += 1
                    continue
                mark = (row.url, row.timestamp, row.digest)
                if mark not in seen and not NO_ADDRESS.match(row.url):
                    seen.add(mark)
                    yield row
            if not next_key or next_key == key:
                return
            key = next_key

    def memento(self, capture: Capture, *, window: timedelta | None = WINDOW) -> Memento:
        """The capture itself. Refused if the archive has not got it, or gives one instead that is further away than
        `window` (None: any will do, as of a picture, whose address is made from its bytes); Unshown, or in the end
        OutOfOrder, if the archive fails."""
        url = self.memento_uri(capture)
        asked: set[str] = set()
        for _ in range(REDIRECTS):
            asked.add(url)
            exchange = self._ask(self.player, url)
            if exchange.header("memento-datetime"):
                return self._memento(capture, exchange, window)
            moved = REPLAY_URL.search(urljoin(url, exchange.header("location") or ""))
            if not 300 <= exchange.status < 400 or not moved or not _is_time(moved[1]):
                raise _refusal(exchange)
            # The archive sends on to the nearest capture that it has.
            if window and _apart(capture, _stamp(moved[1])) > window:
                raise Refused(f"the archive sent on to a capture of {_stamp(moved[1]):%Y-%m-%d}, another one")
            url = urljoin(url, exchange.header("location") or "")
            if url in asked or not url.startswith(self.replay):
                raise Refused("the archive sent on in a circle" if url in asked else "the archive sent on elsewhere")
        raise Refused("the archive sent on too often")

    def memento_uri(self, capture: Capture) -> str:
        """Address of a capture with its bytes as they were (`id_`)."""
        return f"{self.replay}/{capture.timestamp}id_/{capture.url}"

    def _memento(self, capture: Capture, exchange: Exchange, window: timedelta | None) -> Memento:
        try:
            moment = parsedate_to_datetime(exchange.header("memento-datetime") or "")
            moment = moment.replace(tzinfo=moment.tzinfo or UTC)
            body = _plain(exchange)
        except ValueError as error:
            raise Refused(f"not readable: {error}") from error
        if window and _apart(capture, moment) > window:
            raise Refused(f"the archive gave its capture of {moment:%Y-%m-%d} instead, another one")
        original = ORIGINAL_LINK.search(exchange.header("link") or "")
        url = DEFAULT_PORT.sub(r"\1\2", original[1] if original else capture.url)
        location = exchange.header("x-archive-orig-location") or exchange.header("location") or ""
        replayed = REPLAY_URL.search(location)
        location = urljoin(url, replayed[2] if replayed else location) if 300 <= exchange.status < 400 else ""
        headers = _original_headers(exchange, location)
        return Memento(
            Exchange(url, clock.iso(moment), exchange.status, exchange.reason, headers, body),
            exchange.url,
            location,
        )

    def _rows(self, exchange: Exchange, url: str) -> tuple[list[Capture], str | None]:
        body = decoded(exchange)
        if any(mark in body for mark in EXCLUSIONS):
            raise Excluded(f"{self.name} does not show {url}: its owner asked for that")
        if exchange.status in (400, 404):  # how CDX servers say that they hold nothing (cdx_toolkit, myrequests.py)
            return [], None
        if exchange.status != 200:
            raise UnreachableError(f"{self.cdx} answered with status {exchange.status}")
        try:
            return _parse(body.decode("utf-8", "replace"), FIELDS[self.kind])
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise UnreachableError(f"{self.cdx} gave no CDX listing: {error}. Is it the right address?") from error

    def _ask(self, door: Door, url: str) -> Exchange:
        """One answer. After the last attempt UnreachableError, or, of a single capture at which the archive fails,
        Unshown; UnreachableError also at a 429 that follows a silence kept after one."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                exchange = door.fetch(url)
            except Transient as error:
                trouble = error
                if error.limited:
                    self.rate_limited += 1
                    for other in (self.lister, self.player):
                        other.limit.hold(time.time(), self.pace.silence, too_fast=other is not door)
                    if self.silenced:
                        raise UnreachableError(
                            f"{self.name} said 429 again after a silence; giving up for now"
                        ) from error
                    self.silenced = True
                else:
                    door.limit.hold(time.time(), BACKOFF_SECONDS * 2 ** (attempt - 1), too_fast=False)
            else:
                self.silenced = False
                if door is self.player:
                    self._failures = 0
                return exchange
            finally:
                self._keep()
        if door is self.lister or trouble.limited or trouble.no_contact:
            raise UnreachableError(f"{self.name} does not answer: {trouble}")
        self._failures += 1
        if self._failures >= FAILURES:
            raise OutOfOrder(f"{self.name} could not show {self._failures} captures in a row: {trouble}")
        raise Unshown(f"the archive cannot show it: {trouble}")

    def _restored(self, what: str, allowed: limits.Limits) -> limits.RateLimit:
        row = self.conn.execute(
            "select recent, share, resume_at from hosts where host = ?", (f"{self._host} {what}",)
        ).fetchone()
        return limits.restored(allowed, json.loads(row[0]), row[1], row[2]) if row else limits.RateLimit(allowed)

    def _keep(self) -> None:
        """At once, not with what the answer leads to: a killed program must remember that it was told to be silent."""
        with self.conn:
            self.conn.executemany(
                "insert or replace into hosts (host, recent, share, resume_at) values (?, ?, ?, ?)",
                [
                    (f"{self._host} {what}", json.dumps(list(limit.recent)), limit.share, limit.resume_at)
                    for what, limit in (("listings", self.lister.limit), ("mementos", self.player.limit))
                ],
            )

    @property
    def _host(self) -> str:
        return urlsplit(self.replay).netloc


def _service(base: str) -> tuple[str, str, str]:
    """Name, address of the CDX server, and what comes before timestamp and address of a memento."""
    if base == WAYBACK:
        return WAYBACK, WAYBACK_CDX, WAYBACK_REPLAY
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query:
        raise InputError(
            f"{base!r} is no web archive. Write wayback, or the address of a pywb collection: http://127.0.0.1:8080/coll"
        )
    if parts.hostname == "web.archive.org":
        raise InputError("the Wayback Machine is called: --archive wayback")
    base = base.rstrip("/")
    return base, f"{base}/cdx", base


def _parse(text: str, fields: tuple[str, ...]) -> tuple[list[Capture], str | None]:
    """A listing as a JSON list of lists with a head (Wayback Machine) or as a JSON object a line (pywb)."""
    key = None
    rows: list[dict[str, Any]]
    if text.lstrip().startswith("["):
        lines = json.loads(text)
        # Behind an empty list stands the resumption key.
        if [] in lines:
            at = lines.index([])
            key = lines[at + 1][0] if len(lines) > at + 1 else None
            lines = lines[:at]
        rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]] if lines else []
    else:
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    _, timestamp, url, mime, status, digest, _ = fields
    return [
        Capture(
            DEFAULT_PORT.sub(r"\1\2", row[url]),
            str(row[timestamp]),
            int(row[status]) if str(row.get(status, "-")).isdecimal() else None,
            str(row.get(mime) or ""),
            row.get(digest) if row.get(digest) not in (None, "-", "") else None,
        )
        for row in rows
    ], key


def _refusal(exchange: Exchange) -> Refused | Excluded:
    error = exchange.header("x-archive-wayback-runtime-error") or ""
    if any(mark in exchange.body[:50_000] or mark.decode() in error for mark in EXCLUSIONS):
        return Excluded("the archive does not show it: its owner asked for that")
    if exchange.status == 404:
        return Refused("the archive lists this capture but does not have it")
    return Refused(f"no archived answer (status {exchange.status}{f', {error}' if error else ''})")


def _plain(exchange: Exchange) -> bytes:
    """The body without codings. The Wayback Machine may send a body that its server had packed, with or without a
    coding of its own around it, and two Content-Encoding headers of which one is empty."""
    codings = {
        value.strip().lower()
        for name, value in exchange.headers
        if name.lower() in ("content-encoding", "x-archive-orig-content-encoding") and value.strip()
    } - {"identity"}
    if unknown := codings - {"gzip", "x-gzip"}:
        raise ValueError(f"content coding {', '.join(sorted(unknown))}")
    body = exchange.body
    for _ in range(2):
        if codings and body[:2] == b"\x1f\x8b":
            body = decoded(replace(exchange, headers=[("Content-Encoding", "gzip")], body=body))
    return body


def _original_headers(exchange: Exchange, location: str) -> list[tuple[str, str]]:
    prefix = "x-archive-orig-"
    kept = [(name[len(prefix) :], value) for name, value in exchange.headers if name.lower().startswith(prefix)]
    if not kept:
        kept = [(name, value) for name, value in exchange.headers if not name.lower().startswith("x-archive-")]
    named = {name.lower() for name, _ in kept}
    if "content-type" not in named and (mime := exchange.header("content-type")):
        kept.append(("Content-Type", mime))
    kept = [(name, value) for name, value in kept if name.lower() not in NOT_ORIGINAL | {"location"}]
    return [*kept, ("Location", quote(location, safe="%/:=&?~#+!$,;'@()*[]"))] if location else kept


def _stamp(digits: str) -> datetime:
    """The moment that 14 digits name. Some of the Wayback Machine's, of the year 2000, have `00` put in before month or
    day, and have lost their seconds at the end (EDGI's `wayback`, `parse_timestamp`). ValueError if they name none."""
    for place in (4, 6):
        if digits[place : place + 2] == "00":
            digits = f"{digits[:place]}{digits[place + 2 :]}00"
            break
    return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _is_time(digits: str) -> bool:
    try:
        return STAMP.fullmatch(digits) is not None and _stamp(digits) is not None
    except ValueError:
        return False


def _apart(capture: Capture, moment: datetime) -> timedelta:
    return abs(capture.moment - moment)
