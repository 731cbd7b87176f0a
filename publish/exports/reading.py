"""Reading the rows of an export: how many there are, then all of them, within limits of time and at any size."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from publish.connections import prepare

Row = Sequence[Any]
# Rows that are read and written at once: few enough that a reader who leaves is noticed soon.
CHUNK = 2000
# Seconds of work on one chunk or one count. A sort or a join that needs longer is refused before the first byte.
PATIENCE = 30.0
# Instructions of SQLite's virtual machine between two looks at the clock.
STEPS = 10_000


class TooSlowError(Exception):
    """The database needs longer than PATIENCE for the count, the first rows or the next."""


class LeftError(Exception):
    """Nobody reads any more."""


@dataclass(frozen=True)
class Selection:
    """Which rows: a name for the file, one SELECT without a limit, and its parameters."""

    name: str
    sql: str
    values: dict[str, Any] | list[Any] = field(default_factory=dict)
    table: str | None = None
    """The table that the columns are those of, if they are."""


class Reader:
    """One pass over the rows of a selection, on a connection of its own. For one thread at a time; `leave` for any.

    `columns` and `total` are known at once. sqlite3.Error if the SQL is wrong, TooSlowError if it is slow.
    """

    def __init__(self, path: Path, selection: Selection, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._left = False
        self._deadline = 0.0
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?immutable=1", uri=True, check_same_thread=False, isolation_level=None
        )
        prepare(self._connection)
        # Readers' SQL can make texts that are no UTF-8.
        self._connection.text_factory = _decoded
        self._connection.set_progress_handler(self._overdue, STEPS)
        self.selection = selection
        try:
            self.total: int = self._run(f"select count(*) from ({selection.sql}\n)").fetchone()[0]
            self._cursor = self._run(selection.sql)
        except BaseException:
            self._connection.close()
            raise
        names = tuple(str(column[0]) for column in self._cursor.description)
        # A column of a table that is there twice is the same twice.
        self.columns = names if selection.table else _numbered(names)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def leave(self) -> None:
        """Stop the reading, from whatever thread: the next chunk, or the one under way, raises LeftError."""
        self._left = True

    def chunk(self) -> list[Row]:
        """The next rows, at most CHUNK; none at the end."""
        return self._timed(lambda: self._cursor.fetchmany(CHUNK))  # type: ignore[no-any-return]

    def chunks(self) -> Iterator[list[Row]]:
        """All rows in lists of at most CHUNK."""
        while rows := self.chunk():
            yield rows

    def kinds(self) -> list[set[str]]:
        """SQLite's types of the values of each column, `null` left out. Reads all rows once."""
        names = [f"c{at}" for at in range(len(self.columns))]
        kinds = ", ".join(f"max(typeof({name}) = '{kind}')" for name in names for kind in KINDS)
        found = self._run(f"with q({', '.join(names)}) as ({self.selection.sql}\n) select {kinds} from q").fetchone()
        width = len(KINDS)
        return [
            {kind for kind, there in zip(KINDS, found[at * width : (at + 1) * width], strict=True) if there}
            for at in range(len(self.columns))
        ]

    def _run(self, sql: str) -> sqlite3.Cursor:
        return self._timed(lambda: self._connection.execute(sql, self.selection.values))  # type: ignore[no-any-return]

    def _timed(self, work: Any) -> Any:
        self._deadline = time.monotonic() + self._patience
        try:
            return work()
        except sqlite3.OperationalError as error:
            if str(error) != "interrupted":
                raise
            if self._left:
                raise LeftError from error
            raise TooSlowError(f"needs more than {self._patience:g} seconds") from error

    def _overdue(self) -> bool:
        return self._left or time.monotonic() > self._deadline


KINDS = ("integer", "real", "text", "blob")


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Names of columns each of which is another: of two called `a` the second is `a_2`."""
    found: dict[str, None] = {}
    for name in names:
        number, unique = 1, name
        while unique in found or (number > 1 and unique in names):
            number += 1
            unique = f"{name}_{number}"
        found[unique] = None
    return tuple(found)


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")
