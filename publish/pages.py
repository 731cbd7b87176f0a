"""Answers of the site's own pages, and what Datasette's tables need to link to them. The plugin only wires these."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from datasette import NotFound, Response
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils.asgi import Request
from markupsafe import Markup, escape

from publish import addresses, home, search, thread_page
from publish.schema import DATABASE

STATIC = Path(__file__).parent / "static"
STYLE_PATH = "/-/optout.css"
# The site's own pages run no script at all; Datasette's have a few inline ones. Nothing comes from other hosts.
POLICY = (
    "default-src 'none'; style-src 'self'{inline}; script-src {scripts}; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
OWN_POLICY = POLICY.format(inline="", scripts="'none'")
CORE_POLICY = POLICY.format(inline=" 'unsafe-inline'", scripts="'self' 'unsafe-inline'")
OWN_PATHS = re.compile(r"(search|thread/.*|-/optout\.css)?")


def database_of(datasette: Datasette) -> Database:
    """The published database, under whatever name it is served."""
    return datasette.databases.get(DATABASE) or datasette.get_database()


async def thread(datasette: Datasette, request: Request) -> Response:
    """`/thread/<site>/<native id>?page=`. NotFound if the archive holds no such thread."""
    site_id, native_id = (addresses.read_part(request.url_vars[name]) for name in ("site", "native_id"))
    page = request.args.get("page") or "1"
    number = int(page) if re.fullmatch("[0-9]{1,6}", page) else 1
    base = str(datasette.urls.path("/")).rstrip("/")
    found = await thread_page.read(database_of(datasette), site_id, native_id, number, base)
    if found is None:
        raise NotFound(f"The archive holds no thread {native_id} of {site_id}.")
    return await _answer(datasette, request, "thread.html", found | {"here": _here(datasette)})


async def search_page(datasette: Datasette, request: Request) -> Response:
    """`/search?q=&program=&theme=&site=&sort=&page=`."""
    question = search.Question.read({key: request.args.get(key) or "" for key in request.args})
    database = database_of(datasette)
    found = await search.find(database, question)
    asked = {name: getattr(question, name) for name in ("q", "program", "theme", "site") if getattr(question, name)}

    def link(**changes: str | int) -> str:
        sort = {} if question.sort == "best" else {"sort": question.sort}
        return str(datasette.urls.path("/search")) + "?" + urlencode(asked | sort | changes)

    csv = str(datasette.urls.path("/-/export/search.csv")) + "?" + urlencode(
        asked | ({} if question.sort == "best" else {"sort": question.sort})
    )
    context = found | {
        "question": question, "choices": await home.choices(database), "csv": csv, "link": link,
        "here": _here(datasette), "ranked": search.RANKED,
    }  # fmt: skip
    return await _answer(datasette, request, "search.html", context)


async def not_found(datasette: Datasette, request: Request, message: str) -> Response:
    """The answer for an address that leads nowhere."""
    if request.path.split("?")[0].endswith(".json"):
        return Response.json({"ok": False, "error": message, "status": 404, "title": None}, status=404)
    answer = await _answer(datasette, request, "not_found.html", {"message": message, "here": _here(datasette)})
    answer.status = 404
    return answer


async def home_context(datasette: Datasette, request: Request) -> dict[str, Any]:
    """What `index.html` needs beyond Datasette's own."""
    database = database_of(datasette)
    queries = await datasette.get_canned_queries(database.name, None)
    return await home.read(database) | {
        "home_queries": [query | {"name": name} for name, query in queries.items() if name != "search"],
        "db_path": str(datasette.urls.database(database.name)),
        "here": _here(datasette),
        "style": style_url(datasette),
    }


def cell(datasette: Datasette, column: str, value: object) -> Markup | None:
    """A link for a cell that holds an address on this site; None for any other."""
    if column != "permalink" or not isinstance(value, str) or not value.startswith("/thread/"):
        return None
    return Markup(f'<a href="{escape(_here(datasette)(value))}">{escape(value)}</a>')


async def table_links(datasette: Datasette, request: Request, database: str, table: str) -> list[dict[str, str]]:
    """For the menu of a table: a CSV of all rows that the reader's filters leave, however many they are."""
    served = datasette.get_database(database)
    if table not in await served.table_names():
        return []
    kept = [
        (key, value) for key in request.args for value in request.args.getlist(key)
        if not key.startswith("_") or key in ("_search", "_where", "_sort", "_sort_desc", "_col", "_nocol")
    ]  # fmt: skip
    address, query = str(datasette.urls.table(database, table, format="csv")), urlencode(kept)
    return [{"href": f"{address}?{query}" if query else address, "label": "All these rows as CSV"}]


@lru_cache(maxsize=1)
def style() -> tuple[str, str]:
    """The style sheet and its digest."""
    text = (STATIC / "optout.css").read_text(encoding="utf-8")
    return text, hashlib.sha256(text.encode()).hexdigest()[:8]


def style_url(datasette: Datasette) -> str:
    """Address of the style sheet; it changes with its content, so that browsers may keep it."""
    return f"{datasette.urls.path(STYLE_PATH)}?{style()[1]}"


def style_sheet() -> Response:
    """The style sheet."""
    headers = {"cache-control": "max-age=31536000, immutable"}
    return Response(style()[0], headers=headers, content_type="text/css; charset=utf-8")


def headers(base: str, path: str) -> list[tuple[bytes, bytes]]:
    """Security headers of a page; `base` is the path under which the site is served, e.g. `/`."""
    own = OWN_PATHS.fullmatch(path.removeprefix(base).removeprefix("/")) is not None
    return [
        (b"content-security-policy", (OWN_POLICY if own else CORE_POLICY).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    ]


async def page(datasette: Datasette, request: Request, template: str, context: dict[str, Any]) -> Response:
    """A page of the site that another module fills."""
    return await _answer(datasette, request, template, context | {"here": _here(datasette)})


async def _answer(datasette: Datasette, request: Request, template: str, context: dict[str, Any]) -> Response:
    context |= {"style": style_url(datasette), "db_path": str(datasette.urls.database(database_of(datasette).name))}
    return Response.html(await datasette.render_template(template, context, request=request))


def _here(datasette: Datasette) -> Any:
    """A function that puts the path under which the site is served before one of its own addresses."""
    base = str(datasette.urls.path("/")).rstrip("/")

    def here(address: str) -> str:
        return base + address if address.startswith("/") else address

    return here
