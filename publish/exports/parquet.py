"""Rows as Parquet: typed, compressed columns. Needs pyarrow, which is an extra of this program."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path

from archive.errors import InputError
from publish.exports.reading import Reader, Row

# Rows in one group: what a reader of the file takes into memory at once.
GROUP = 50_000


def require() -> None:
    """InputError if Parquet cannot be written here."""
    if find_spec("pyarrow") is None:
        raise InputError(
            f"Parquet needs pyarrow, which is not installed. Get it, with the Python that runs optout: pip install '{_wanted()}'"
        )


def _wanted() -> str:
    """The package, in the versions that pyproject.toml names."""
    try:
        found = [each.partition(";")[0].strip() for each in requires("optout-archive") or [] if "parquet" in each]
    except PackageNotFoundError:
        found = []
    return found[0] if found else "pyarrow"


def write(reader: Reader, path: Path) -> None:
    """All rows of `reader` into a file. Integers and reals keep their types; a column of several is text."""
    require()
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    kinds = [_kind(kinds) for kinds in reader.kinds()]
    types = {"integer": pa.int64(), "real": pa.float64(), "text": pa.string(), "blob": pa.binary()}
    schema = pa.schema([(name, types[kind]) for name, kind in zip(reader.columns, kinds, strict=True)])
    with ParquetWriter(path, schema, compression="zstd") as writer:
        group: list[Row] = []
        for rows in reader.chunks():
            group += rows
            if len(group) >= GROUP:
                writer.write_table(_table(pa, group, kinds, schema))
                group = []
        if group or not reader.total:
            writer.write_table(_table(pa, group, kinds, schema))


def _table(pa, rows: list[Row], kinds: list[str], schema):  # type: ignore[no-untyped-def]
    columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
    return pa.table(
        [
            pa.array([_text(value) for value in column] if kind == "text" else column, type=field.type)
            for column, kind, field in zip(columns, kinds, schema, strict=True)
        ],
        schema=schema,
    )


def _kind(kinds: set[str]) -> str:
    if kinds == {"integer", "real"}:
        return "real"
    return next(iter(kinds)) if len(kinds) == 1 else "text"


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
