"""Rows as CSV, JSON and NDJSON: bytes for the beginning, for each chunk of rows, and for the end."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from math import isinf
from typing import Protocol

from publish.exports.reading import Row

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}".encode()
# A spreadsheet takes a cell that begins so for a formula, also in full width (https://owasp.org/www-community/attacks/
# CSV_Injection). An apostrophe before it makes it text. Cells that begin with apostrophes and then one of these signs
# get one more, so that taking away one apostrophe before such a beginning gives every text back as it was.
FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
DOUBTFUL = frozenset("'=+-@\t\r\n＝＋－＠")
# What a cell cannot have unless it is quoted; one longer than LONG is quoted unseen.
QUOTED = re.compile('[",\r\n]').search
LONG = 60
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "ndjson": "application/x-ndjson; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


class Format(Protocol):
    """A way to write rows as a stream of bytes."""

    def head(self, columns: Sequence[str], total: int) -> bytes: ...
    def rows(self, rows: Iterable[Row]) -> bytes: ...
    def tail(self) -> bytes: ...


class Csv:
    """CSV after RFC 4180 in UTF-8. `bom` puts the mark before it by which Excel knows UTF-8; `raw` leaves formulas."""

    def __init__(self, *, bom: bool = False, raw: bool = False) -> None:
        self._bom = bom
        self._doubtful: frozenset[str] = frozenset() if raw else DOUBTFUL

    def head(self, columns: Sequence[str], total: int) -> bytes:
        return (BOM if self._bom else b"") + self.rows([columns])

    def rows(self, rows: Iterable[Row]) -> bytes:
        cell = self._cell
        # A line of one empty cell would be no line to some readers.
        lines = [",".join([cell(value) for value in row]) or '""' for row in rows]
        lines.append("")
        return "\r\n".join(lines).encode("utf-8", "surrogatepass")

    def _cell(self, value: object) -> str:
        if type(value) is str:
            if value[:1] in self._doubtful:
                value = defuse(value)
            # Looking for a reason to quote takes longer than quoting what is long.
            if len(value) > LONG or QUOTED(value):
                return '"' + value.replace('"', '""') + '"'
            return value
        return "" if value is None else _base64(value) if type(value) is bytes else str(value)

    def tail(self) -> bytes:
        return b""


class Ndjson:
    """One JSON object a line."""

    def head(self, columns: Sequence[str], total: int) -> bytes:
        self._columns = tuple(columns)
        return b""

    def rows(self, rows: Iterable[Row]) -> bytes:
        return "".join(self._object(row) + "\n" for row in rows).encode("utf-8", "surrogatepass")

    def tail(self) -> bytes:
        return b""

    def _object(self, row: Row) -> str:
        named = zip(self._columns, map(_finite, row), strict=True)
        return json.dumps(dict(named), ensure_ascii=False, default=_base64)


class Json(Ndjson):
    """One JSON document: `{"columns": [...], "total_rows": N, "rows": [{...}, ...]}`."""

    def head(self, columns: Sequence[str], total: int) -> bytes:
        self._columns = tuple(columns)
        self._first = True
        names = json.dumps(list(columns), ensure_ascii=False)
        return f'{{"columns": {names}, "total_rows": {total}, "rows": ['.encode()

    def rows(self, rows: Iterable[Row]) -> bytes:
        text = ",\n".join(self._object(row) for row in rows)
        before, self._first = "\n" if self._first else ",\n", False
        return (before + text).encode("utf-8", "surrogatepass")

    def tail(self) -> bytes:
        return b"\n]}\n"


def streamed(name: str, *, bom: bool = False, raw: bool = False) -> Format:
    """The format `csv`, `json` or `ndjson`."""
    return Csv(bom=bom, raw=raw) if name == "csv" else Json() if name == "json" else Ndjson()


def defuse(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "'" + text if FORMULA.match(text) else text


def undefuse(text: str) -> str:
    """The text that `defuse` was given."""
    return text[1:] if text.startswith("'") and FORMULA.match(text[1:]) else text


def _finite(value: object) -> object:
    """None for an infinite number, which JSON does not have."""
    return None if type(value) is float and isinf(value) else value


def _base64(value: object) -> str:
    """Bytes, which no published column has but readers' SQL can, as base64."""
    assert isinstance(value, bytes)
    return base64.b64encode(value).decode()
