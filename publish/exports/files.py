"""Exports into files: whole or not at all, with the data dictionary beside them."""

from __future__ import annotations

import gzip
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from archive.database import Paths
from archive.errors import InputError
from publish.exports import dictionary, formats, parquet
from publish.exports.reading import Reader, Selection

# Little slower than no compression at all, and a quarter of the size.
COMPRESSION = 4
# No page waits for a file: sorting a whole archive may take its time (seconds).
NO_HURRY = 24 * 3600.0


@contextmanager
def opened(paths: Paths) -> Iterator[sqlite3.Connection]:
    """The published copy; InputError if there is none."""
    if not paths.published.exists():
        raise InputError(f"nothing is published yet: there is no {paths.published}. Make it with: optout publish")
    with closing(sqlite3.connect(f"{paths.published.absolute().as_uri()}?immutable=1", uri=True)) as connection:
        yield connection


def write(
    copy: Path,
    selection: Selection,
    kind: str,
    target: Path | BinaryIO,
    *,
    bom: bool = False,
    raw: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write all rows as `kind` to a file or a stream; how many there were.

    A file appears when it is whole, its dictionary with it; one that ends in `.gz` is compressed. InputError if
    the file cannot be written, or if `kind` is Parquet and its package is not installed.
    """
    with Reader(copy, selection, patience=NO_HURRY) as reader:
        if not isinstance(target, Path):
            _stream(reader, formats.streamed(kind, bom=bom, raw=raw), target, progress)
            return reader.total
        unfinished = target.with_name(f".{target.name}.part")
        try:
            if kind == "parquet":
                parquet.write(reader, unfinished)
            else:
                with _file(unfinished, compressed=target.suffix == ".gz") as file:
                    _stream(reader, formats.streamed(kind, bom=bom, raw=raw), file, progress)
            text = dictionary.describe(
                dictionary.published(), target.name, selection.name, reader.columns, rows=reader.total,
                defused=kind == "csv" and not raw,
            )  # fmt: skip
            target.with_name(target.name + dictionary.ENDING).write_text(text, encoding="utf-8")
            os.replace(unfinished, target)
        except OSError as error:
            raise InputError(f"cannot write {target}: {error.strerror or error}") from error
        finally:
            unfinished.unlink(missing_ok=True)
        return reader.total


@contextmanager
def _file(path: Path, *, compressed: bool) -> Iterator[BinaryIO]:
    with path.open("wb") as file:
        if not compressed:
            yield file
            return
        # Without a time and a name in its header the same rows give the same file.
        with gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as zipped:
            yield cast(BinaryIO, zipped)


def _stream(reader: Reader, form: formats.Format, file: BinaryIO, progress: Callable[[int, int], None]) -> None:
    done = 0
    file.write(form.head(reader.columns, reader.total))
    for rows in reader.chunks():
        file.write(form.rows(rows))
        done += len(rows)
        progress(done, reader.total)
    file.write(form.tail())
