"""What the readers of files give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from archive.errors import InputError
from archive.warc import Exchange, Headers


@dataclass(frozen=True)
class Saved:
    """A capture in a file. `exchange.body` carries no content coding. `where`: for people, `x.warc.gz at byte 123`."""

    exchange: Exchange
    where: str


@dataclass(frozen=True)
class Passed:
    """A part of a file that is no capture of a page, and why."""

    where: str
    reason: str


class BrokenFile(InputError):
    """A file ends early or contradicts itself. All that was whole before that place has been given."""


Parts = Iterator[Saved | Passed]
"""The parts of a file, in order; raises BrokenFile after the last whole one."""

# Of a saved answer only these say something of the page; the rest may identify a person.
KEPT_HEADERS = frozenset(("content-type", "date", "last-modified", "location", "content-language"))
# Names of parameters that open an account or name a person.
SECRET_PARAMETER = re.compile(
    r"token|api_?key|secret|session|passw|auth|signature|csrf|e-?mail|^(?:sid|key|code|jwt|sso|sig)$", re.I
)


def kept(headers: Headers) -> Headers:
    """The headers of a saved answer that are kept; of where a redirect leads, nothing secret."""
    found = []
    for name, value in headers:
        if name.lower() == "location":
            try:
                value = without_secrets(value)
            except ValueError:
                continue
        if name.lower() in KEPT_HEADERS:
            found.append((name, value))
    return found


def without_secrets(url: str) -> str:
    """An address without its fragment, name, password, and parameters that open an account."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    harmless = [(name, value) for name, value in pairs if not SECRET_PARAMETER.search(name)]
    query = parts.query if harmless == pairs else urlencode(harmless)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))
