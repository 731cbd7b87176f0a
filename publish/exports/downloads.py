"""The page of ready-made exports, and the files themselves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from datasette import NotFound, Response
from datasette.app import Datasette
from datasette.utils.asgi import Request

from publish import pages
from publish.exports import bulk

Send = Callable[[dict[str, Any]], Awaitable[None]]
PAGE = r"^/-/exports/?$"
FILE = r"^/-/exports/(?P<file>[A-Za-z0-9_][A-Za-z0-9_.-]*)$"
TYPES = {
    ".gz": "application/gzip",
    ".json": "application/json; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}
BLOCK = 1 << 18


async def page(datasette: Datasette, request: Request) -> Response:
    """What there is to download, with row counts and digests."""
    database = pages.database_of(datasette)
    manifest = bulk.listed(Path(database.path))
    tables = datasette.metadata("tables", database=database.name, fallback=False) or {}
    titles = {name: table.get("title", name) for name, table in tables.items()}
    return await pages.page(datasette, request, "exports.html", {"manifest": manifest, "titles": titles})


async def file(datasette: Datasette, request: Request, send: Send) -> Response | None:
    """One file of the exports. NotFound for anything else."""
    folder = bulk.folder(Path(pages.database_of(datasette).path))
    path = folder / request.url_vars["file"]
    if not path.is_file():
        raise NotFound(f"There is no ready-made export {path.name}.")
    size, begin = path.stat().st_size, 0
    headers = {
        "content-type": TYPES.get(path.suffix, "text/plain; charset=utf-8"),
        "accept-ranges": "bytes",
    }
    # A long download goes on where it broke off.
    asked = re.fullmatch(r"bytes=(\d{1,18})-", request.headers.get("range", ""))
    if asked and 0 < int(asked[1]) < size:
        begin = int(asked[1])
        headers["content-range"] = f"bytes {begin}-{size - 1}/{size}"
    headers["content-length"] = str(size - begin)
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 206 if begin else 200, "headers": lines})
    with path.open("rb") as stream:
        stream.seek(begin)
        while request.method != "HEAD" and (block := await asyncio.to_thread(stream.read, BLOCK)):
            await send({"type": "http.response.body", "body": block, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    return None
