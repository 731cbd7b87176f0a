"""What the readers of files give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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


def kept(headers: Headers) -> Headers:
    """The headers of a saved answer that are kept."""
    return [(name, value) for name, value in headers if name.lower() in KEPT_HEADERS]
