"""What the readers of files give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from archive.warc import Exchange, Headers


@dataclass(frozen=True)
class Saved:
    """A capture in a file. `exchange.body` carries no content coding. `where`: for people, `x.warc.gz at byte 123`.

    `asked` is the address as the file has it, by which a picture is told to be the one that a post shows. It may hold
    secrets and is never stored.
    """

    exchange: Exchange
    where: str
    asked: str = field(repr=False)


@dataclass(frozen=True)
class Passed:
    """A part of a file that is no capture of a page, and why."""

    where: str
    reason: str


@dataclass(frozen=True)
class Broken:
    """A place where a file ends early, contradicts itself or cannot be read. What is whole behind it may follow."""

    text: str


@dataclass(frozen=True)
class Listed:
    """An address to crawl."""

    url: str


Part = Saved | Passed | Broken | Listed
Parts = Iterator[Part]
"""The parts of a file, in order."""

# Of a saved answer only these say something of the page; the rest may identify a person.
KEPT_HEADERS = frozenset(("content-type", "date", "last-modified", "location", "content-language"))
# The parameters that name a page or a part of one. Only these are kept: what else stands in the address of a saved page
# may open an account or name a person, under names that nobody can list.
CONTENT_PARAMETERS = frozenset(
    # Discourse: routes.rb, topic_view.rb, list_controller.rb; among them all that make an answer less than the thread.
    "page print post_ids[] post_number asc filter username_filters replies_to_post_number filter_upwards_post_id"
    " filter_top_level_replies order ascending"
    # Amazon's new forums.
    " postid categories[] sortby daterange replies contenttype"
    # Jive.
    " threadid messageid forumid categoryid start tstart".split()
)
# Neither an address nor anything else that has parts of its own.
PLAIN_VALUE = re.compile(r"[\w.,-]{0,100}")
# Parameters may follow a path, too: `thread.jspa;jsessionid=...`.
IN_PATH = re.compile(r"(?:;|%3b)[^/]*", re.I)
# What quoting leaves as it is: all that may stand in an address, and what is quoted already.
IN_ADDRESS = "%/:=&?~#+!$,;'@()*[]"


def saved(where: str, url: str, moment: str | None, status: int, headers: Headers, body: bytes) -> Saved | Passed:
    """A capture without anything secret, or why there is none."""
    if moment is None or not url.startswith(("http://", "https://")):
        return Passed(where, "without a time or an address")
    if not 100 <= status <= 599:
        return Passed(where, "without an HTTP status")
    try:
        address = without_secrets(url)
    except ValueError:
        return Passed(where, "an address that is none")
    return Saved(Exchange(address, moment, status, "", kept(headers), body), where, url)


def kept(headers: Headers) -> Headers:
    """The headers of a saved answer that are kept, those that could stand in an answer; of where a redirect leads, nothing
    secret."""
    found = []
    for name, value in headers:
        if name.lower() not in KEPT_HEADERS:
            continue
        if name.lower() == "location":
            try:
                value = quote(without_secrets(value), safe=IN_ADDRESS)
            except ValueError:
                continue
        if value.isascii() and value.isprintable():
            found.append((name, value))
    return found


def without_secrets(url: str) -> str:
    """An address without its fragment, name, password, and all parameters but those that name content. ValueError if it
    is none."""
    if not url.isprintable():
        raise ValueError("an address with characters that cannot stand in one")
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query.replace(";", "&"), keep_blank_values=True)
    named = [
        (name, value) for name, value in pairs if name.lower() in CONTENT_PARAMETERS and PLAIN_VALUE.fullmatch(value)
    ]
    query = parts.query if named == pairs else urlencode(named)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], IN_PATH.sub("", parts.path), query, ""))


def plain(text: str) -> str:
    """What comes from a file, as it can be shown and stored: on one line, without control characters."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
