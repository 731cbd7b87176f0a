"""A forum served over HTTP on loopback, as a Discourse would serve it.

    with DemoForum(load_forum()) as forum:
        httpx.get(forum.url + "/latest.json")
        forum.move_clock(datetime(2026, 11, 20, tzinfo=UTC))

Not like a real one: answers are never kept in a cache, so that a moved clock shows at once
(``X-Discourse-Cached`` says what a real one would say); the limits count loopback, which Discourse leaves
out; nobody can log in; there are no revisions, profiles, feeds, tag or top lists, nested replies, print view,
or crawler layouts older than 2022.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, cast
from uuid import uuid4

from demo.answers import CHUNK, PER_PAGE, Source, stamp
from demo.faults import SEARCH_LIMIT, Fault, limit_headers, limit_text
from demo.limits import Limiter, Limits
from demo.model import Forum
from demo.routes import Ask, Reply, ask, reply
from demo.written import WrittenForum

# How long Discourse keeps an anonymous reader's answer, in seconds (discourse_expires_in 1.minute).
CACHE_SECONDS = 60
# A control request's body is a time; nothing longer is read.
MOST_BODY = 200


@dataclass(frozen=True)
class Request:
    """A request that was answered.

    ``time`` is in seconds of `time.monotonic`, ``path`` has its query, ``status`` is 0 where the connection
    was reset, and the names in ``headers`` are in small letters.
    """

    time: float
    method: str
    path: str
    status: int
    headers: Mapping[str, str]


class DemoForum:
    """A forum on ``http://127.0.0.1:<port>``, from entering the ``with`` block until leaving it.

    ``forum`` is a written `Forum` or any other `Source`; ``port`` 0 takes a free one; ``clock`` is the moment
    that the forum is shown as of (None: the one it names itself); ``limits`` None means no limits; ``chunk``
    and ``per_page`` are the posts and topics of a page. ``faults`` may be changed at any time.
    """

    def __init__(
        self,
        forum: Forum | Source,
        *,
        port: int = 0,
        clock: datetime | None = None,
        limits: Limits | None = None,
        chunk: int = CHUNK,
        per_page: int = PER_PAGE,
    ) -> None:
        self.source: Source = WrittenForum(forum) if isinstance(forum, Forum) else forum
        self.chunk, self.per_page = chunk, per_page
        self.faults: list[Fault] = []
        self._clock = clock or self.source.start
        self._port = port
        self._limiters = _limiters(limits)
        self._search_limiters = _search_limiters(limits)
        self._lock = threading.RLock()
        self._requests: list[Request] = []
        self._asked: dict[str, tuple[float, int]] = {}
        self._connections: set[socket.socket] = set()
        self._closing = threading.Event()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> DemoForum:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Starts to serve. Raises OSError where the port is taken."""
        self._server = _Server(self, self._port)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops to serve and closes all connections."""
        self._closing.set()
        if self._server and self._thread:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
        with self._lock:
            for connection in self._connections:
                _hang_up(connection)

    @property
    def url(self) -> str:
        """The address, without a slash at the end. Raises RuntimeError before the forum is open."""
        if self._server is None:
            raise RuntimeError("the forum is not open: use it in a with block, or call open()")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def clock(self) -> datetime:
        """The moment that the forum is shown as of (UTC)."""
        return self._clock

    def move_clock(self, moment: datetime) -> None:
        """Shows the forum as of another moment. Raises ValueError for a time without a zone."""
        if moment.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        with self._lock:
            self._clock = moment.astimezone(UTC)
            self._asked.clear()

    @property
    def requests(self) -> list[Request]:
        """All requests so far, in the order of their answers; those to ``/__demo__/`` are not among them."""
        with self._lock:
            return list(self._requests)

    def answer(self, target: str, headers: Mapping[str, str]) -> tuple[Reply, Fault | None]:
        """The answer to a GET of ``target``, and the fault that it meets on its way."""
        fault = self._fault(target)
        if fault and fault.kind == "answer":
            return _faulty(fault, headers.get("host", ""), target), None
        limited = self._limited(target)
        if limited:
            return limited, None
        vanished = frozenset({fault.post_id}) if fault and fault.kind == "vanish" else frozenset[int]()
        asked = ask(
            target,
            headers.get("accept", ""),
            headers.get("host", ""),
            self.source,
            self._clock,
            self.chunk,
            self.per_page,
            vanished,
        )
        return self._with_headers(asked, target, reply(asked)), fault

    def record(self, request: Request) -> None:
        """Adds a request to `requests`."""
        with self._lock:
            self._requests.append(request)

    def wait(self, seconds: float) -> None:
        """Waits, but not longer than the forum is open."""
        self._closing.wait(seconds)

    def keep(self, connection: socket.socket, *, until_closed: bool) -> None:
        """Remembers a connection, or forgets it, so that `close` can end those that clients keep alive."""
        with self._lock:
            (self._connections.add if until_closed else self._connections.discard)(connection)

    def _fault(self, target: str) -> Fault | None:
        with self._lock:
            fault = next((fault for fault in self.faults if fault.matches(target)), None)
            if fault and fault.times is not None:
                fault.times -= 1
            return fault

    def _limited(self, target: str) -> Reply | None:
        for code, limiter in self._limiters:
            wait = limiter.wait()
            if wait:
                return Reply(429, limit_text(wait, code).encode(), limit_headers(wait, code))
        if target.startswith("/search") and any(limiter.wait() for limiter in self._search_limiters):
            return Reply(429, SEARCH_LIMIT.encode(), {"Content-Type": "application/json; charset=utf-8"}).on(
                "search/show"
            )
        return None

    def _with_headers(self, asked: Ask, target: str, answered: Reply) -> Reply:
        headers = {
            "Cache-Control": "no-cache, no-store",
            "X-Frame-Options": "SAMEORIGIN",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "X-Request-Id": str(uuid4()),
            "Vary": "Accept-Encoding",
        }
        if answered.status == 200 and not asked.path.startswith(("/uploads", "/robots", "/images")):
            headers["X-Discourse-Cached"] = self._cached(f"{asked.json} {target}")
        return replace(answered, headers={**headers, **answered.headers})

    def _cached(self, key: str) -> str:
        """AnonymousCache computes two answers, keeps the second one, and gives that to later readers."""
        with self._lock:
            now = time.monotonic()
            first, count = self._asked.get(key, (now, 0))
            if now - first > CACHE_SECONDS:
                first, count = now, 0
            self._asked[key] = (first, count + 1)
            return ("skip", "store")[count] if count < 2 else "true"


def _limiters(limits: Limits | None) -> list[tuple[str, Limiter]]:
    if limits is None:
        return []
    return [
        ("ip_10_secs_limit", Limiter(limits.per_10_seconds, 10, aggressive=True)),
        ("ip_60_secs_limit", Limiter(limits.per_minute, 60, aggressive=True)),
    ]


def _search_limiters(limits: Limits | None) -> list[Limiter]:
    if limits is None:
        return []
    return [
        Limiter(limits.search_per_second, 1, aggressive=False),
        Limiter(limits.search_per_minute, 60, aggressive=False),
    ]


def _faulty(fault: Fault, host: str, target: str) -> Reply:
    headers = dict(fault.headers)
    if "Location" in headers and not headers["Location"]:
        headers["Location"] = f"http://{host}{target}"
    return Reply(fault.status, fault.body.encode(), headers)


def _hang_up(connection: socket.socket) -> None:
    # The other side may have been faster.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, forum: DemoForum, port: int) -> None:
        self.forum = forum
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing to report."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in one piece, and without waiting until the piece before was acknowledged.
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def _forum(self) -> DemoForum:
        return cast(_Server, self.server).forum

    def setup(self) -> None:
        super().setup()
        self._forum.keep(self.connection, until_closed=True)

    def finish(self) -> None:
        self._forum.keep(self.connection, until_closed=False)
        super().finish()

    def do_GET(self) -> None:
        if self.path.startswith("/__demo__"):
            self._send(self._about())
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        answered, fault = self._forum.answer(self.path, headers)
        if fault and fault.kind == "stall":
            self._forum.wait(fault.seconds)
        broken = fault is not None and fault.kind == "reset"
        self._forum.record(
            Request(time.monotonic(), self.command, self.path, 0 if broken else answered.status, headers)
        )
        if broken:
            self._reset()
        elif fault and fault.kind == "half":
            self._send(replace(answered, body=answered.body[: len(answered.body) // 2]))
        else:
            self._send(answered, truncated=fault is not None and fault.kind == "truncated")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(min(MOST_BODY, int(self.headers.get("Content-Length") or 0)))
        if self.path != "/__demo__/clock":
            self.close_connection = True
            self._send(Reply(403, b'["BAD CSRF"]', {"Content-Type": "application/json; charset=utf-8"}))
            return
        try:
            moment = datetime.fromisoformat(body.decode().strip())
        except ValueError:
            self._send(
                Reply(
                    400,
                    b"The body must be a time such as 2026-11-20T12:00:00Z\n",
                    {"Content-Type": "text/plain; charset=utf-8"},
                )
            )
            return
        self._forum.move_clock(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        self._send(self._about())

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are kept in `DemoForum.requests`, not printed."""

    def _about(self) -> Reply:
        forum = self._forum
        text = (
            f"{forum.source.title}\n\n"
            "A demonstration forum of optout-archive, on this machine only. It answers as a Discourse does.\n"
            f"Its clock stands at {stamp(forum.clock)}. "
            "POST another time to /__demo__/clock to move it.\n"
        )
        return Reply(200, text.encode(), {"Content-Type": "text/plain; charset=utf-8"})

    def _send(self, answered: Reply, *, truncated: bool = False) -> None:
        headers = dict(answered.headers)
        body = answered.body
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 1000:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 1, mtime=0)
        self.send_response(answered.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if truncated else body)
        if truncated:
            self.close_connection = True

    def version_string(self) -> str:
        """What real forums say of themselves."""
        return "nginx"

    def _reset(self) -> None:
        # Lingering for 0 s makes closing send a reset instead of an end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
