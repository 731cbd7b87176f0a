"""Reads HAR 1.2, what a browser's developer tools save.

A HAR holds everything of a session: cookies, authorisation, what was typed into forms. Of each entry only address,
time, status, the few headers of `saved.KEPT_HEADERS` and the body of the answer are read; nothing of the request.
Answers to anything but GET are passed over.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from pathlib import Path
from typing import Any

from archive import clock
from crawler.imports.saved import Broken, Parts, Passed, Saved, kept, saved

NOT_MODIFIED = 304


def read(path: Path) -> Parts:
    """The answers to GET requests in a HAR file. One that is cut off has no whole entry list: what is whole is found
    entry by entry."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        entries = json.loads(text)["log"]["entries"]
        broken = None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        entries, broken = _whole_entries(text), error
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        where = f"{path.name} entry {index + 1}"
        try:
            yield _entry(entry, where)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            # The message itself may quote what is secret.
            yield Passed(where, f"not as HAR 1.2 describes it ({type(error).__name__})")
    if broken:
        yield Broken(f"{path.name} is broken after entry {len(entries)}: {broken}")


def _entry(entry: Any, where: str) -> Saved | Passed:
    request, response = entry["request"], entry["response"]
    if request["method"] != "GET":
        return Passed(where, "not a GET request")
    content, text = response["content"], response["content"].get("text")
    if not isinstance(text, str):
        return Passed(where, "the answer's body was not saved")
    try:
        body = base64.b64decode(text, validate=True) if content.get("encoding") == "base64" else text.encode()
    except (binascii.Error, UnicodeEncodeError) as error:
        return Passed(where, f"its body cannot be read: {error}")
    status = int(response["status"])
    if status == NOT_MODIFIED and body:
        # The browser asked whether its copy still holds, and that is what it saved.
        status = 200
    headers = kept([(str(header["name"]), str(header["value"])) for header in response.get("headers") or ()])
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", str(content.get("mimeType") or "")))
    moment = clock.normal(entry.get("startedDateTime"))
    return saved(where, str(request["url"]), moment, status, headers, body)


def _whole_entries(text: str) -> list[Any]:
    found: list[Any] = []
    start = re.search(r'"entries"\s*:\s*\[', text)
    at = start.end() if start else len(text)
    decoder = json.JSONDecoder()
    while begin := re.compile(r"[\s,]*(?=\{)").match(text, at):
        try:
            entry, at = decoder.raw_decode(text, begin.end())
        except (ValueError, RecursionError):
            break
        found.append(entry)
    return found
