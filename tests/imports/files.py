"""Files as other programs write them, small and synthetic."""

from __future__ import annotations

import base64
import gzip
import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

FORUM = "https://quay.example"


def topic(topic_id: int = 7, posts: int = 2, words: str = "They opted me in") -> dict[str, Any]:
    """A Discourse topic's JSON."""
    stream = [topic_id * 100 + number for number in range(1, posts + 1)]
    return {
        "id": topic_id,
        "title": f"Topic {topic_id}",
        "created_at": "2022-01-24T08:00:00.000Z",
        "post_stream": {
            "stream": stream,
            "posts": [
                {
                    "id": post_id,
                    "post_number": number,
                    "post_type": 1,
                    "username": "ada",
                    "created_at": "2022-01-24T08:00:00.000Z",
                    "cooked": f"<p>{words}, {number}.</p>",
                }
                for number, post_id in enumerate(stream, start=1)
            ],
        },
    }


def topic_bytes(*args: Any, **options: Any) -> bytes:
    return json.dumps(topic(*args, **options)).encode()


def warc(*pages: tuple[str, bytes], packed: bool = True, coding: str = "", date: str = "2022-02-01T10:00:00Z") -> bytes:
    """A WARC file with a response a page, and the request records that crawlers write beside them."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("x.warc", {"software": "test"}))
    for url, body in pages:
        headers = [("Content-Type", "application/json"), ("Set-Cookie", "_t=secret")]
        if coding:
            headers.append(("Content-Encoding", coding))
            body = gzip.compress(body) if coding == "gzip" else body
        http = StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1")
        dated = {"WARC-Date": date}
        request = StatusAndHeaders("GET / HTTP/1.1", [("Cookie", "_t=secret")], is_http_request=True)
        writer.write_record(writer.create_warc_record(url, "request", http_headers=request, warc_headers_dict=dated))
        writer.write_record(
            writer.create_warc_record(
                url, "response", payload=BytesIO(body), http_headers=http, warc_headers_dict=dated
            )
        )
    return out.getvalue()


def response(url: str, payload: bytes, *headers: tuple[str, str]) -> bytes:
    """A packed response record whose body is stored as it is given, codings and all."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=True)
    http = StatusAndHeaders("200 OK", [("Content-Type", "application/json"), *headers], protocol="HTTP/1.1")
    dated = {"WARC-Date": "2022-02-01T10:00:00Z"}
    record = writer.create_warc_record(
        url, "response", payload=BytesIO(payload), http_headers=http, warc_headers_dict=dated
    )
    writer.write_record(record)
    return out.getvalue()


def chunked(body: bytes) -> bytes:
    """A body in HTTP chunks of 1,000 bytes."""
    chunks = (body[at : at + 1000] for at in range(0, len(body), 1000))
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


class Pipe(BytesIO):
    """Where a zip is written to that cannot be sought in: sizes then follow the files."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_place: int) -> int:
        raise OSError("a pipe")

    def tell(self) -> int:
        raise OSError("a pipe")


def streamed_wacz(*members: bytes) -> bytes:
    """A WACZ as programs write it that send it while they make it."""
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for serial, member in enumerate(members):
            archive.writestr(f"archive/data-{serial}.warc.gz", member)
        archive.writestr("pages/pages.jsonl", '{"format": "json-pages-1.0"}\n')
    return pipe.getvalue()


def wacz(path: Path, *members: bytes) -> Path:
    """A WACZ with a WARC file a member, stored unpacked, and the files that its writers add."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for serial, member in enumerate(members):
            archive.writestr(f"archive/data-{serial}.warc.gz", member)
        archive.writestr("pages/pages.jsonl", '{"format": "json-pages-1.0"}\n')
        archive.writestr("datapackage.json", "{}")
    return path


def har(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}})


def har_entry(url: str, body: bytes, *, method: str = "GET", encoded: bool = False, **content: Any) -> dict[str, Any]:
    """An entry with everything secret that a browser saves."""
    text = base64.b64encode(body).decode() if encoded else body.decode()
    return {
        "startedDateTime": "2022-02-03T04:05:06.789Z",
        "request": {
            "method": method,
            "url": url,
            "headers": [
                {"name": "Cookie", "value": "_t=SECRET1"},
                {"name": "Authorization", "value": "Bearer SECRET2"},
            ],
            "cookies": [{"name": "_t", "value": "SECRET1"}],
            "postData": {"mimeType": "application/x-www-form-urlencoded", "text": "password=SECRET3"},
        },
        "response": {
            "status": 200,
            "headers": [
                {"name": "Content-Type", "value": "application/json"},
                {"name": "Set-Cookie", "value": "_t=SECRET4"},
                {"name": "X-CSRF-Token", "value": "SECRET5"},
            ],
            "cookies": [{"name": "_t", "value": "SECRET4"}],
            "content": {
                "text": text,
                "mimeType": "application/json",
                **({"encoding": "base64"} if encoded else {}),
                **content,
            },
        },
    }
