"""A small web archive on loopback over one WARC file: lists what it holds (CDX) and plays it back (mementos).

    with WebArchiveServer(Path("oldquay.warc.gz")) as archive:
        httpx.get(archive.url + "/cdx", params={"url": "https://gone.example/t/", "matchType": "prefix"})

It answers as a collection of pywb does, in the parts that the program asks for, and a test holds it against a real
pywb: ``/coll/cdx`` (`url`, `matchType`, `from`, `to`, `limit`, `fl`, JSON lines) and ``/coll/<timestamp>id_/<url>``
(the nearest capture, whatever its status, with Memento-Datetime). Beside that it answers as the Wayback Machine does,
as described in its CDX server's README and by EDGI's `wayback`: ``/cdx/search/cdx`` (lists of lists, `resumeKey`,
revisits resolved) and ``/web/<timestamp>id_/<url>`` (a redirect to the nearest capture, ``X-Archive-Orig-*``).

Not like them: nothing is rewritten, no other collections, exact and prefix matches only.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from urllib.parse import parse_qs, quote, urlsplit

from warcio.archiveiterator import ArchiveIterator

COLLECTION = "/coll"
PYWB_FIELDS = ("urlkey", "timestamp", "url", "mime", "status", "digest", "length")
REPLAY = re.compile(r"^/(?P<service>coll|web)/(?P<timestamp>\d{14})id_/(?P<url>https?:.+)$")


@dataclass(frozen=True)
class Held:
    """One record of the WARC file. ``status`` is "" for a revisit, whose body is that of another record."""

    urlkey: str
    timestamp: str
    url: str
    mime: str
    status: str
    digest: str
    length: str
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def moment(self) -> datetime:
        return datetime.strptime(self.timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def read_warc(path: Path) -> list[Held]:
    """What a WARC file holds, in the order of a CDX index; revisits with the body that they repeat."""
    found: list[Held] = []
    bodies: dict[str, bytes] = {}
    with open(path, "rb") as file:
        records = ArchiveIterator(file)
        for record in records:
            if record.rec_type not in ("response", "revisit"):
                continue
            head = record.rec_headers
            url, digest = head.get_header("WARC-Target-URI"), head.get_header("WARC-Payload-Digest").split(":")[1]
            revisit = record.rec_type == "revisit"
            body = bodies[digest] if revisit else bodies.setdefault(digest, record.content_stream().read())
            http = record.http_headers
            status, _, reason = http.statusline.partition(" ")
            mime = (http.get_header("Content-Type") or "").partition(";")[0]
            stamp = re.sub(r"\D", "", head.get_header("WARC-Date"))[:14]
            records.read_to_end()
            found.append(
                Held(
                    surt(url),
                    stamp,
                    url,
                    mime,
                    "" if revisit else status,
                    digest,
                    str(records.get_record_length()),
                    reason,
                    tuple(http.headers),
                    body,
                )
            )
    return sorted(found, key=lambda held: (held.urlkey, held.timestamp))


def surt(url: str) -> str:
    """The key under which an address is found: `https://www.a.example/B?c` -> `example,a)/b?c`."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    query = f"?{'&'.join(sorted(parts.query.split('&')))}" if parts.query else ""
    path = parts.path if parts.path == "/" else parts.path.rstrip("/")
    return f"{','.join(reversed(host.split('.')))}){path or '/'}{query}".lower()


class WebArchiveServer:
    """Serves a WARC file on ``http://127.0.0.1:<port>/coll`` from entering the ``with`` block until leaving it."""

    def __init__(self, warc: Path, *, port: int = 0) -> None:
        self.held = read_warc(warc)
        self.requests: list[tuple[float, str]] = []
        self.rows_per_answer = 5
        """The Wayback Machine's way of listing ends an answer after so many lines, with a resumption key."""
        self.faults: list[Answer] = []
        """Answers to give instead, to the next requests, one each."""
        self._port = port
        self._lock = threading.Lock()

    def __enter__(self) -> WebArchiveServer:
        self._server = _Server(self, self._port)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The collection, without a slash at the end."""
        return self.address + COLLECTION

    def answer(self, target: str) -> Answer:
        """The answer to a GET of `target`."""
        with self._lock:
            self.requests.append((datetime.now(UTC).timestamp(), target))
            if self.faults:
                return self.faults.pop(0)
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.path == f"{COLLECTION}/":
            return _text(200, "A demonstration web archive of optout-archive (synthetic).\n")
        if parts.path == f"{COLLECTION}/cdx":
            return self._pywb_listing(query)
        if parts.path == "/cdx/search/cdx":
            return self._wayback_listing(query)
        replay = REPLAY.match(target)
        return self._replay(**replay.groupdict()) if replay else _text(404, "Not found\n")

    def _matching(self, query: Mapping[str, str]) -> list[Held]:
        key = surt(query.get("url", ""))
        prefix = query.get("matchType") == "prefix"
        if prefix and query.get("url", "").endswith("/"):
            key = key.rstrip("/") + "/"
        since, until = query.get("from", "").ljust(14, "0"), query.get("to", "").ljust(14, "9")
        found = [
            held
            for held in self.held
            if (held.urlkey.startswith(key) if prefix else held.urlkey == key) and since <= held.timestamp <= until
        ]
        return found[: int(query.get("limit", 100_000))]

    def _pywb_listing(self, query: Mapping[str, str]) -> Answer:
        names = query.get("fl", ",".join(PYWB_FIELDS)).split(",")
        lines = []
        for held in self._matching(query):
            if not held.status and query.get("resolveRevisits") != "true":
                held = replace(held, mime="warc/revisit")
            line = {name: getattr(held, name) for name in names if getattr(held, name) or name != "status"}
            lines.append(json.dumps(line) + "\n")
        return Answer(200, "OK", (("Content-Type", "text/x-ndjson"),), "".join(lines).encode())

    def _wayback_listing(self, query: Mapping[str, str]) -> Answer:
        found = self._matching(query)
        start = int(query.get("resumeKey", "key 0").split()[1])
        shown = found[start : start + self.rows_per_answer]
        rows: list[list[str]] = [["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]]
        for held in shown:
            # Revisits are resolved to what they repeat; ports that go without saying are in many old lines.
            original = held.url.replace(".example/", ".example:443/", 1)
            rows.append(
                [held.urlkey, held.timestamp, original, held.mime, held.status or "-", held.digest, held.length]
            )
        if start + len(shown) < len(found):
            rows += [[], [f"key {start + len(shown)}"]]
        return Answer(200, "OK", (("Content-Type", "application/json"),), json.dumps(rows if found else []).encode())

    def _replay(self, service: str, timestamp: str, url: str) -> Answer:
        captures = [held for held in self.held if held.urlkey == surt(url)]
        if not captures:
            return _text(404, "Not found\n")
        wanted = datetime.strptime(timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        nearest = min(captures, key=lambda held: abs(held.moment - wanted))
        status = nearest.status or next(
            held.status for held in self.held if held.digest == nearest.digest and held.status
        )
        dated = (
            ("Memento-Datetime", format_datetime(nearest.moment, usegmt=True)),
            ("Link", f'<{nearest.url}>; rel="original"'),
        )
        if service == "coll":
            return Answer(int(status), nearest.reason, (*nearest.headers, *dated), nearest.body)
        if nearest.timestamp != timestamp:
            return Answer(
                302, "Found", (("Location", f"{self.address}/web/{nearest.timestamp}id_/{nearest.url}"),), b""
            )
        headers = tuple((f"X-Archive-Orig-{name}", value) for name, value in nearest.headers)
        mime = (("Content-Type", dict(nearest.headers).get("Content-Type", "text/html")),)
        return Answer(int(status), nearest.reason, (*mime, *headers, *dated), nearest.body)


def _text(status: int, text: str) -> Answer:
    return Answer(status, "OK" if status == 200 else "Not Found", (("Content-Type", "text/plain"),), text.encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, archive: WebArchiveServer, port: int) -> None:
        self.archive = archive
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in one piece, and without waiting until the piece before was acknowledged.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        answer = cast(_Server, self.server).archive.answer(self.path)
        self.send_response(answer.status, answer.reason)
        for name, value in answer.headers:
            if name.lower() not in ("content-length", "content-encoding", "transfer-encoding"):
                self.send_header(name, quote(value, safe="%/:=&?~#+!$,;'@()*[]<>\" -."))
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are kept in `WebArchiveServer.requests`, not printed."""
