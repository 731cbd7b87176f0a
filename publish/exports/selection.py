"""Which rows of the published copy are asked for: on the command line, by a search, or by a page of Datasette."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from archive.errors import InputError
from publish.exports.reading import Selection
from publish.tables import PLUMBING

# The limit that ready-made questions put on their pages, and Datasette on tables; an export has all rows.
LAST_LIMIT = re.compile(r"\s+limit\s+\d+\s*;?\s*$", re.IGNORECASE)
# The column of a table that says when what the row is about happened.
WHEN = ("created_at", "captured_at", "observed_at", "started_at", "first_missed_at", "month")


@dataclass(frozen=True)
class Filters:
    """What narrows a table. Empty is all; days are as 2024-05-01, both included."""

    program: str = ""
    theme: str = ""
    site: str = ""
    since: str = ""
    until: str = ""


def unlimited(sql: str) -> str:
    """A SELECT without the limit at its end."""
    return LAST_LIMIT.sub("", sql)


def labelled(selection: Selection, labels: list[tuple[str, str, str, str]]) -> Selection:
    """The same rows with names beside ids: (column, table it points to, key there, name there), as `COLUMN_label`."""
    if not labels:
        return selection
    extra = ", ".join(
        f"(select t.{_quoted(name)} from {_quoted(table)} t where t.{_quoted(key)} = q.{_quoted(column)})"
        f" as {_quoted(column + '_label')}"
        for column, table, key, name in labels
    )
    return Selection(selection.name, f"select q.*, {extra} from ({selection.sql}\n) q", selection.values)


def of_table(copy: sqlite3.Connection, table: str, filters: Filters) -> Selection:
    """The rows of a table that `filters` leave, in the order of their keys; columns of plumbing are left out.

    InputError if there is no such table, program, theme or forum, if a day is none, or if the table's rows have
    nothing to do with what is asked.
    """
    tables = names(copy)
    if table not in tables:
        raise InputError(f"the published copy has no table {table!r}. It has: {', '.join(tables)}")
    every = [row[1] for row in copy.execute(f"select * from pragma_table_info({_literal(table)})")]
    columns = set(every)
    _check(copy, filters)
    conditions: list[str] = []
    values: dict[str, Any] = {}
    about = {kind: value for kind, value in (("program", filters.program), ("theme", filters.theme)) if value}
    if about:
        conditions.append(_about(table, columns, about))
        values.update(about)
    if filters.site:
        conditions.append(_of_site(table, columns))
        values["site"] = filters.site
    for name, sign, value in (("since", ">=", _day(filters.since)), ("until", "<", _day(filters.until, 1))):
        if value:
            conditions.append(_when(table, columns, sign, name))
            values[name] = value
    where = f" where {' and '.join(conditions)}" if conditions else ""
    order = "" if not (key := _key(copy, table)) else f" order by {', '.join(map(_quoted, key))}"
    told = ", ".join(_quoted(column) for column in every if column not in PLUMBING.get(table, ()))
    return Selection(table, f"select {told} from {_quoted(table)}{where}{order}", values, table)


def names(copy: sqlite3.Connection) -> list[str]:
    """The published tables, but for the pictures themselves, which are no rows to read."""
    found = copy.execute(
        "select name from sqlite_master where type = 'table' and name != 'media_files' and name not like 'sqlite\\_%' escape '\\' and name not in"
        " (select s.name from pragma_table_list s where s.type in ('shadow', 'virtual')) order by name"
    )
    return [row[0] for row in found]


def _check(copy: sqlite3.Connection, filters: Filters) -> None:
    for table, value in (("programs", filters.program), ("themes", filters.theme), ("sites", filters.site)):
        if value and not copy.execute(f"select 1 from {table} where id = ?", [value]).fetchone():
            ids = ", ".join(row[0] for row in copy.execute(f"select id from {table} order by id limit 200"))
            raise InputError(f"there is no {table[:-1]} {value!r}. There are: {ids}")


def _about(table: str, columns: set[str], kinds: Collection[str]) -> str:
    """Rows about a program, a theme, or both in one paragraph."""
    if table in ("programs", "themes"):
        if set(kinds) != {table[:-1]}:
            raise InputError(f"rows of {table} can be narrowed by {table[:-1]} only")
        return f"id = :{table[:-1]}"
    conditions = " and ".join(f"{kind}_id = :{kind}" for kind in kinds)
    if {f"{kind}_id" for kind in kinds} <= columns:
        return conditions
    here, there = _link(table, columns, "have nothing to do with programs or themes")
    return f"{here} in (select {there[:-1]}_id from mentions where {conditions})"


def _of_site(table: str, columns: set[str]) -> str:
    if table == "sites":
        return "id = :site"
    if "site_id" in columns:
        return "site_id = :site"
    here, there = _link(table, columns, "belong to no forum")
    return f"{here} in (select id from {there} where site_id = :site)"


def _when(table: str, columns: set[str], sign: str, name: str) -> str:
    for column in WHEN:
        if column in columns:
            # A month counts whole if one of its days is asked for.
            if column == "month":
                return f"month >= substr(:{name}, 1, 7)" if sign == ">=" else f"month || '-01' < :{name}"
            return f"{column} {sign} :{name}"
    here, there = _link(table, columns, "have no time")
    return f"{here} in (select id from {there} where created_at {sign} :{name})"


def _link(table: str, columns: set[str], complaint: str) -> tuple[str, str]:
    """The column by which rows hang on posts or on threads, and which of the two; InputError if on neither."""
    if table in ("posts", "threads"):
        return "id", table
    if "post_id" in columns:
        return "post_id", "posts"
    if "thread_id" in columns:
        return "thread_id", "threads"
    raise InputError(f"rows of {table} {complaint}")


def _day(text: str, later: int = 0) -> str:
    """A day, or the one so many days later; empty if none is given."""
    if not text:
        return ""
    try:
        return date.fromordinal(date.fromisoformat(text).toordinal() + later).isoformat()
    except (ValueError, OverflowError):
        raise InputError(f"{text!r} is no day: write it as 2024-05-01") from None


def _key(copy: sqlite3.Connection, table: str) -> list[str]:
    rows: list[Any] = copy.execute(
        f"select name from pragma_table_info({_literal(table)}) where pk order by pk"
    ).fetchall()
    return [row[0] for row in rows]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
