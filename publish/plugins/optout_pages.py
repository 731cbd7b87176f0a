"""Datasette plugin: the site's own pages. Everything it answers is made in the package `publish`."""

# Datasette has no types, and its decorator none either.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

# `datasette --plugins-dir` loads this file alone, from wherever it is started.
if (ROOT := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, ROOT)

import click
import datasette.handle_exception as handle_exception_module
from datasette import Forbidden, Response, hookimpl
from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.utils.asgi import Request
from datasette.views.base import DatasetteError
from jinja2 import Environment

from publish import connections, data_pages, failures, pages
from publish.exports import downloads, route
from publish.schema import DATABASE
from publish.shared import share_metadata
from publish.shortcodes import shown
from publish.site import STYLE_PATH, style_url

App = Callable[[Any, Any, Any], Awaitable[None]]


@hookimpl
def startup(datasette: Datasette) -> None:
    # Datasette strips base_url from an address also where the proxy has done so, and then takes /archive/posts for /posts.
    first = datasette.setting("base_url").strip("/").partition("/")[0]
    if first in {DATABASE, *(path.split("/")[1] for path, _ in register_routes())}:
        raise click.ClickException(
            f"base_url cannot begin with /{first}/: addresses of the site itself do. Take another, e.g. /optout/"
        )
    share_metadata(datasette)
    # Where rich is installed Datasette prints every error with all local variables, and fails for an address of no
    # route, which has no traceback to print.
    handle_exception_module.rich = None


# After Datasette's own functions, of which one is replaced.
@hookimpl(trylast=True)
def prepare_connection(conn: sqlite3.Connection) -> None:
    connections.prepare(conn)


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    env.filters["emoji"] = shown


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    return [
        (r"^/$", answer(pages.first_page)),
        (r"^/thread/(?P<site>[^/]+)/(?P<native_id>[^/]+)$", answer(pages.thread)),
        (
            r"^/thread/(?P<site>[^/]+)/(?P<native_id>[^/]+)/cite/(?P<number>[0-9]{1,9})(?P<form>|\.txt|\.bib)$",
            answer(pages.cite),
        ),
        (r"^/search(\.atom)?$", answer(pages.search_answer)),
        (r"^/programs$", answer(pages.programs)),
        (r"^/program/(?P<id>[^/]+)$", answer(pages.program)),
        (r"^/theme/(?P<id>[^/]+)$", answer(pages.theme)),
        (r"^/forum/(?P<id>[^/]+)$", answer(pages.forum)),
        (r"^/(?P<name>themes|forums|matrix|coverage|method)$", answer(pages.overview)),
        (r"^/corrections$", answer(pages.corrections)),
        (r"^/feed\.atom$", answer(pages.feed)),
        (r"^/robots\.txt$", answer(pages.robots)),
        (r"^/sitemap(-(?P<part>pages|[0-9]{1,6}))?\.xml$", answer(pages.sitemap)),
        (rf"^{STYLE_PATH}$", pages.style_sheet),
        (r"^/-/media/(?P<digest>[0-9a-f]{64})\.(?:png|jpg|gif|webp)$", answer(pages.picture)),
        (downloads.PAGE, exports),
        (downloads.FILE, exported_file),
        (route.ROUTE, export),
        # Datasette's own CSV is cut, with status 200: these come before it.
        (route.TABLE_CSV, export),
        (route.SQL_CSV, export),
        # Where the files lie and what the server is doing is nobody's business.
        (r"^/-/(databases|threads)(\.json)?$", refuse),
    ]


def answer(page: Callable[[Datasette, Request], Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """A page as Datasette calls it: by the names of its parameters."""

    async def view(datasette: Datasette, request: Request) -> Response:
        return await page(datasette, request)

    return view


def refuse() -> Response:
    raise Forbidden("This would tell about the machine, not about the archive.")


async def export(datasette: Datasette, request: Request, receive: Any, send: Any) -> Response | None:
    return await route.answer(datasette, request, receive, send)


async def exports(datasette: Datasette, request: Request) -> Response:
    return await downloads.page(datasette, request)


async def exported_file(datasette: Datasette, request: Request, send: Any) -> Response | None:
    return await downloads.file(datasette, request, send)


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request, template: str) -> Any:
    contexts = {
        "query.html": pages.query_context, "database.html": data_pages.context,
        "table.html": data_pages.context, "row.html": data_pages.context,
    }  # fmt: skip
    if template not in contexts:
        return None

    async def context() -> dict[str, Any]:
        return await contexts[template](datasette, request)

    return context


@hookimpl
def handle_exception(datasette: Datasette, request: Request, exception: Exception) -> Any:
    status = getattr(exception, "status", None)
    message = str(exception.args[0] if exception.args else status)

    async def answer() -> Response | None:
        if status == 404:
            return await pages.not_found(datasette, request, message)
        if isinstance(exception, QueryInterrupted):
            return await failures.too_slow(datasette, request)
        if not isinstance(exception, DatasetteError):
            return None
        if failures.of_raw_search(request, status):
            return await pages.misunderstood(datasette, request, failures.RAW_SEARCH.format(error=message))
        # Datasette answers 500 to what an address asks wrongly, e.g. to sort by a column that there is not.
        return await pages.misunderstood(datasette, request, message) if status == 500 else None

    return answer


@hookimpl
def extra_css_urls(datasette: Datasette) -> list[str]:
    return [style_url(datasette)]


@hookimpl
def render_cell(datasette: Datasette, column: str, value: object, table: str | None) -> Any:
    return data_pages.cell(datasette, column, value, table)


@hookimpl
def table_actions(datasette: Datasette, request: Request, database: str, table: str) -> Any:
    async def links() -> list[dict[str, str]]:
        return await data_pages.table_links(datasette, request, database, table)

    return links


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    base = datasette.setting("base_url")

    def wrap(app: App) -> App:
        async def with_headers(scope: Any, receive: Any, send: Any) -> None:
            async def send_more(message: Any) -> None:
                if message["type"] == "http.response.start":
                    kind = dict(message["headers"]).get(b"content-type", b"").decode("latin-1")
                    message = {
                        **message,
                        "headers": [
                            *message["headers"],
                            *pages.headers(base, scope["path"], scope["query_string"], kind),
                        ],
                    }
                await send(message)

            await app(scope, receive, send_more if scope["type"] == "http" else send)

        return with_headers

    return wrap
