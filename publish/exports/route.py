"""Exports on the web: `/-/export/NAME.FORMAT`, and every `.csv` of Datasette's own pages.

NAME is a table, a ready-made question, `search` (with the parameters of the search page) or `sql` (with `sql=`).
Filters are those of the table's page, parameters those of the question. The number of rows is in `X-Total-Rows`;
what cannot be delivered whole is refused with 4xx before the first byte, and a stream that fails later breaks off, so
that no client takes it for whole. `bom=1` is for Excel, `raw=1` leaves cells that spreadsheets take for formulas.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import tempfile
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from datasette import NotFound, Response
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils import InvalidSql, derive_named_parameters, tilde_decode, tilde_encode, validate_sql_select
from datasette.utils.asgi import Request

from archive.errors import InputError
from publish import tables
from publish.exports import dictionary, formats, parquet, searches
from publish.exports.reading import LeftError, Reader, Selection, TooSlowError
from publish.exports.selection import labelled, unlimited
from publish.schema import DATABASE

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
ROUTE = r"^/-/export/(?P<name>[^/.]+)\.(?P<format>csv|json|ndjson|parquet)(?P<dictionary>-metadata\.json)?$"
TABLE_CSV = rf"^/(?P<database>{DATABASE})/(?P<name>[^/.]+)\.(?P<format>csv)$"
SQL_CSV = rf"^/(?P<database>{DATABASE})\.(?P<format>csv)$"
# Exports at one time: each reads on a connection of its own and takes what a core has left.
AT_ONCE = 4
# Seconds after which one who was refused may ask again.
RETRY = 15
# What narrows or orders a table; the rest of Datasette's parameters is about pages.
KEPT = ("_search", "_searchmode", "_where", "_sort", "_sort_desc", "_col", "_nocol", "_through")
# Bytes that are sent at once.
BLOCK = 1 << 18
# Seconds that a reader may take for one block: slower than any line in use, and short enough that readers who stand
# still do not keep the places of others for long.
LONGEST_STANDSTILL = 60.0

_pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="export")
_places = threading.BoundedSemaphore(AT_ONCE)


class RefusedError(Exception):
    """An answer other than the rows: a status and a sentence."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


async def answer(datasette: Datasette, request: Request, receive: Receive, send: Send) -> Response | None:
    """Send an export; a Response where it is refused. NotFound for a name that is none."""
    try:
        if not _places.acquire(blocking=False):
            raise RefusedError(503, f"{AT_ONCE} exports are under way. Ask again in a moment.", retry_after=str(RETRY))
        try:
            selection = await _select(datasette, request)
            await _send(datasette, request, selection, receive, send)
        finally:
            _places.release()
    except RefusedError as refused:
        return Response.text(refused.message + "\n", status=refused.status, headers=refused.headers)
    return None


async def _select(datasette: Datasette, request: Request) -> Selection:
    """The rows that an address asks for, after the same checks of permission as Datasette's own pages."""
    database = datasette.databases.get(DATABASE) or datasette.get_database()
    name = tilde_decode(request.url_vars.get("name") or "sql")
    arguments = {key: request.args.get(key) or "" for key in request.args}
    if name == "sql":
        return await _of_sql(datasette, request, database, arguments)
    if name == "search":
        await datasette.ensure_permissions(request.actor, [("view-database", database.name), "view-instance"])
        return searches.read(arguments)
    query = await datasette.get_canned_query(database.name, name, request.actor)
    if query is None:
        return await _of_table(datasette, request, database, name)
    await datasette.ensure_permissions(
        request.actor, [("view-query", (database.name, name)), ("view-database", database.name), "view-instance"]
    )
    if query.get("write"):
        raise RefusedError(400, f"{name} has no rows to export.")
    sql = unlimited(query["sql"])
    wanted = query.get("params") or derive_named_parameters(database, sql)
    wanted = await wanted if isinstance(wanted, Awaitable) else wanted
    return Selection(name, sql, {parameter: arguments.get(parameter, "") for parameter in wanted})


async def _of_sql(datasette: Datasette, request: Request, database: Database, arguments: dict[str, str]) -> Selection:
    await datasette.ensure_permissions(
        request.actor, [("execute-sql", database.name), ("view-database", database.name), "view-instance"]
    )
    sql = arguments.get("sql", "").strip().rstrip(";")
    if not sql:
        raise RefusedError(400, "Say what to export: sql=select ...")
    try:
        validate_sql_select(sql)
    except InvalidSql as error:
        raise RefusedError(400, str(error)) from error
    return Selection(
        "query", sql, {name: arguments.get(name, "") for name in await derive_named_parameters(database, sql)}
    )


async def _of_table(datasette: Datasette, request: Request, database: Database, name: str) -> Selection:
    """The rows of a table's page. Datasette itself says which they are: all its filters mean here what they mean there."""
    kept = [
        (key, value)
        for key in request.args
        for value in request.args.getlist(key)
        if (key not in ("bom", "raw") and not key.startswith("_")) or key.startswith("_search_") or key in KEPT
    ]
    if not any(key == "_col" for key, _ in kept):
        kept += [("_nocol", column) for column in tables.PLUMBING.get(name, ())]
    page = f"/{tilde_encode(database.name)}/{tilde_encode(name)}.json?" + urlencode(
        [*kept, ("_size", "1"), ("_nofacet", "1"), ("_nosuggest", "1"), ("_nocount", "1")]
    )
    carried = {key: value for key in ("cookie", "authorization") if (value := request.headers.get(key))}
    found = await datasette.client.get(page, headers=carried)
    if found.status_code == 404:
        raise NotFound(f"There is nothing called {name} to export.")
    told = found.json()
    if found.status_code != 200:
        # Datasette answers 500 to a column that there is not.
        status = found.status_code if found.status_code < 500 else 400
        raise RefusedError(status, str(told.get("error", "")) or f"{name} cannot be exported.")
    selection = Selection(name, unlimited(told["query"]["sql"]), told["query"]["params"], name)
    if (request.args.get("_labels") or "") not in ("on", "1", "true"):
        return selection
    return labelled(selection, [
        (key["column"], key["other_table"], key["other_column"], label)
        for key, label in told["expandable_columns"] if label and key["column"] in told["columns"]
    ])  # fmt: skip


async def _send(datasette: Datasette, request: Request, selection: Selection, receive: Receive, send: Send) -> None:
    kind = request.url_vars["format"]
    filename = f"{selection.name}.{kind}"
    raw = bool(request.args.get("raw"))
    run = asyncio.get_running_loop().run_in_executor
    path = Path((datasette.databases.get(DATABASE) or datasette.get_database()).path)
    try:
        if kind == "parquet":
            parquet.require()
        reader = await run(_pool, Reader, path, selection)
    except InputError as error:
        raise RefusedError(501, str(error)) from error
    except TooSlowError as error:
        raise _too_slow(selection, error) from error
    except sqlite3.Error as error:
        raise RefusedError(400, f"The database refuses: {error}") from error
    leaving = asyncio.create_task(_until_left(receive, reader))
    headers = {
        "x-total-rows": str(reader.total),
        "content-type": formats.TYPES[kind],
        "content-disposition": f'attachment; filename="{_plain(filename)}"',
        "link": f'<{_described_by(datasette, request, selection, kind)}>; rel="describedby"; type="application/csvm+json"',
    }
    try:
        if request.url_vars.get("dictionary"):
            text = dictionary.describe(
                dictionary.published(), filename, selection.name, reader.columns, rows=reader.total,
                defused=kind == "csv" and not raw,
            )  # fmt: skip
            await _begin(
                send,
                headers | {"content-type": "application/csvm+json; charset=utf-8", "content-disposition": "inline"},
            )
            await _body(send, text.encode(), more=False)
        elif request.method == "HEAD":
            await _begin(send, headers)
            await _body(send, b"", more=False)
        elif kind == "parquet":
            await _send_parquet(reader, headers, send)
        else:
            await _stream(reader, formats.streamed(kind, bom=bool(request.args.get("bom")), raw=raw), headers, send)
    except LeftError:
        pass
    except TooSlowError as error:
        raise _too_slow(selection, error) from error
    finally:
        leaving.cancel()
        reader.close()


async def _stream(reader: Reader, form: formats.Format, headers: dict[str, str], send: Send) -> None:
    """The rows as they are read. What fails after the first of them leaves the answer without its end."""
    run = asyncio.get_running_loop().run_in_executor
    sent = 0

    def block() -> tuple[int, bytes]:
        rows = reader.chunk()
        return len(rows), form.rows(rows) if rows else b""

    head = form.head(reader.columns, reader.total)
    count, rows = await run(_pool, block)
    await _begin(send, headers)
    await _body(send, head)
    try:
        while count:
            sent += count
            await _body(send, rows)
            count, rows = await run(_pool, block)
    except (TooSlowError, sqlite3.Error):
        return
    if sent == reader.total:
        await _body(send, form.tail(), more=False)


async def _send_parquet(reader: Reader, headers: dict[str, str], send: Send) -> None:
    """A file that is made whole before it is sent: Parquet's types and index need all rows."""
    run = asyncio.get_running_loop().run_in_executor
    with tempfile.TemporaryDirectory(prefix="optout-export-") as folder:
        path = Path(folder) / "rows.parquet"
        await run(_pool, parquet.write, reader, path)
        await _begin(send, headers | {"content-length": str(path.stat().st_size)})
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                await _body(send, block)
        await _body(send, b"", more=False)


async def _until_left(receive: Receive, reader: Reader) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.leave()


async def _begin(send: Send, headers: dict[str, str]) -> None:
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": lines})


async def _body(send: Send, body: bytes, *, more: bool = True) -> None:
    """Send a part of the answer. LeftError for a reader who does not take it."""
    for at in range(0, len(body) or 1, BLOCK):
        block = {
            "type": "http.response.body", "body": body[at : at + BLOCK], "more_body": more or at + BLOCK < len(body),
        }  # fmt: skip
        try:
            await asyncio.wait_for(send(block), LONGEST_STANDSTILL)
        except TimeoutError as error:
            raise LeftError(f"nothing was taken for {LONGEST_STANDSTILL:g} seconds") from error


def _too_slow(selection: Selection, error: TooSlowError) -> RefusedError:
    return RefusedError(
        422,
        f"{selection.name} so filtered or sorted {error}. Leave out the sort, narrow the filters, or take the whole table"
        " from the ready-made exports.",
    )


def _described_by(datasette: Datasette, request: Request, selection: Selection, kind: str) -> str:
    name = "sql" if selection.name == "query" else selection.name
    address = datasette.urls.path(f"/-/export/{tilde_encode(name)}.{kind}{dictionary.ENDING}")
    return f"{address}?{quote(request.query_string, safe='&=%+~*')}"


def _plain(filename: str) -> str:
    return re.sub(r"[^\w.-]", "_", filename, flags=re.ASCII)
