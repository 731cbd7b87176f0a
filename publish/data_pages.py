"""What Datasette's pages of the database, of a table and of a row need to stand in this site, and what cells show."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode, urlsplit

from datasette.app import Datasette
from datasette.utils import tilde_encode
from datasette.utils.asgi import Request
from markupsafe import Markup, escape

from publish import tables, wording
from publish.site import Row, Site


async def context(datasette: Datasette, request: Request) -> Row:
    """What Datasette's pages of the database, of a table and of a row need beyond their own."""
    site = Site(datasette, request)
    known = datasette.metadata("tables", database=site.database.name, fallback=False) or {}
    # `table` is the name of the table on these pages.
    common = {name: value for name, value in site.context().items() if name != "table"}
    return common | {
        "label": tables.label, "unshown": tables.unshown, "grouped_tables": tables.grouped_tables,
        "grouped_questions": tables.grouped_questions,
        "name_of": partial(_name_of, site), "shown": tables.shown,
        "title_of": lambda name: known.get(name, {}).get("title") or name,
    }  # fmt: skip


async def _name_of(site: Site, table: str, column: str, value: object) -> Markup | None:
    """A link to the row that a key points to, by its name; None for a column that is no such key."""
    for key in await site.database.foreign_keys_for_table(table):
        if key["column"] == column:
            other = key["other_table"]
            named = await site.database.label_column_for_table(other)
            address = f"{site.table(tilde_encode(other))}/{tilde_encode(str(value))}"
            found = named and await site.row(
                f'select "{named}" as name from "{other}" where "{key["other_column"]}" = ?', [value]
            )
            name = escape(found["name"] if found and found["name"] else value)
            return Markup(f'<a href="{escape(address)}">{name}</a> <em>{escape(value)}</em>')
    return None


def cell(datasette: Datasette, column: str, value: object, table: str | None) -> Markup | None:
    """Links for a cell that holds an address on this site or a list of sources, and in an answer to a question the words
    for a code, which tables show as it is; None for any other."""
    if not isinstance(value, str):
        return None
    if column == "permalink" and value.startswith("/thread/"):
        base = str(datasette.urls.path("/")).rstrip("/")
        return Markup(f'<a href="{escape(base + value)}">{escape(value)}</a>')
    if column == "sources" and all(part.startswith(("https://", "http://")) for part in value.split()):
        return Markup("<br>").join(
            Markup(f'<a href="{escape(url)}" rel="nofollow noreferrer">{escape(urlsplit(url).netloc)}</a>')
            for url in value.split()
        )
    words = {"mode": wording.MODES, "exit_method": wording.EXITS, "marketplace": wording.MARKETPLACES}.get(column)
    return Markup(escape(wording.word(words, value))) if words and table is None else None


async def table_links(datasette: Datasette, request: Request, database: str, table: str) -> list[dict[str, str]]:
    """Exports of all rows that the reader's filters leave, however many they are."""
    served = datasette.get_database(database)
    if table not in await served.table_names():
        return []
    kept = [
        (key, value) for key in request.args for value in request.args.getlist(key)
        if not key.startswith("_") or key in ("_search", "_where", "_sort", "_sort_desc", "_col", "_nocol")
    ]  # fmt: skip
    base = str(datasette.urls.path("/")).rstrip("/")
    exports = {
        "CSV": (str(datasette.urls.table(database, table, format="csv")), []),
        "CSV with names beside ids": (str(datasette.urls.table(database, table, format="csv")), [("_labels", "on")]),
        "JSON": (f"{base}/-/export/{tilde_encode(table)}.json", []),
        "NDJSON": (f"{base}/-/export/{tilde_encode(table)}.ndjson", []),
    }
    return [
        {"href": f"{address}?{asked}" if (asked := urlencode(kept + more)) else address, "label": label}
        for label, (address, more) in exports.items()
    ]
