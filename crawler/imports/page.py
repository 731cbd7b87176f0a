"""Reads a saved HTML page: by SingleFile, by a browser's "Save page as", by hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from archive import clock
from archive.markup import too_deep
from crawler.imports.saved import Parts, Passed, saved

HEAD_BYTES = 20_000
# SingleFile writes a comment at the head: "Page saved with SingleFile", `url: ...`, `saved date: ...` (its
# page-serialisation code), the date in the form of JavaScript's Date.toString(). Elsewhere the words are somebody's text.
SINGLE_FILE = re.compile(
    r"\ufeff?\s*(?:<!doctype[^>]*>\s*)?(?:<html[^>]*>\s*)?<!--\s*Page saved with SingleFile\s+url:\s*(\S+)\s+"
    r"saved date:\s*([^\n(]+)",
    re.I,
)
JAVASCRIPT_DATE = "%a %b %d %Y %H:%M:%S GMT%z"
# What browsers write, after Internet Explorer's "mark of the web": <!-- saved from url=(0042)https://... -->.
MARK_OF_THE_WEB = re.compile(r"<!--\s*saved from url=\(\d+\)\s*(\S+?)\s*-->", re.I)


def read(path: Path, *, url: str | None = None, saved_at: str | None = None) -> Parts:
    """The page. `url`, `saved_at` (ISO 8601) go before what the file says; without any the file's own time is taken."""
    body = path.read_bytes()
    head = body[:HEAD_BYTES].decode("utf-8", "replace")
    single = SINGLE_FILE.match(head)
    address = url or (single[1] if single else None) or _marked(head) or _canonical(body)
    if not address or not address.startswith(("http://", "https://")):
        yield Passed(path.name, "the page does not say where it comes from. Say it with --url")
        return
    moment = saved_at or (_javascript_date(single[2]) if single else None)
    moment = moment or clock.iso(datetime.fromtimestamp(path.stat().st_mtime, UTC))
    headers = [("Content-Type", "text/html; charset=utf-8")]
    yield saved(path.name, address, moment, 200, headers, body)


def _javascript_date(text: str) -> str | None:
    try:
        return clock.iso(datetime.strptime(text.strip(), JAVASCRIPT_DATE))
    except ValueError:
        return clock.normal(text)


def _marked(head: str) -> str | None:
    found = MARK_OF_THE_WEB.search(head)
    return found[1] if found else None


def _canonical(body: bytes) -> str | None:
    if too_deep(body.decode("utf-8", "replace")):
        return None
    tree = LexborHTMLParser(body)
    for selector, attribute in (('link[rel="canonical"]', "href"), ('meta[property="og:url"]', "content")):
        node = tree.css_first(selector)
        if node is not None and node.attributes.get(attribute):
            return str(node.attributes[attribute]).strip()
    return None
