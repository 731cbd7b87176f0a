"""`optout serve`: publish and serve with Datasette."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from archive.database import Paths
from archive.errors import InputError
from cli.options import db_option, exports_option, quiet_option
from cli.publish import make_exports, publish_copy
from publish.build import is_stale
from publish.exports import bulk
from publish.serve import serve as serve_copy

SERVE_OPTIONS = [
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 for all."),
    click.option("-p", "--port", default=8001, show_default=True, help="Port; 0 takes any free one."),
    click.option("--no-sql", is_flag=True, help="Refuse readers' own SQL: for a public site."),
    exports_option,
]


def serve_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where and what to serve."""
    for option in reversed(SERVE_OPTIONS):
        command = option(command)
    return command


@click.command()
@serve_options
@db_option
@quiet_option
@click.pass_context
def serve(context: click.Context, paths: Paths, host: str, port: int, no_sql: bool, exports: bool, quiet: bool) -> None:
    """Serve the archive with Datasette until Ctrl-C; the published copy is made first where it is missing or old.

    \b
    Examples:
      optout serve
      optout serve --db forum.db --port 0
    """
    context.exit(serve_archive(paths, host=host, port=port, no_sql=no_sql, exports=exports, quiet=quiet))


def publish_if_stale(paths: Paths, *, exports: bool, quiet: bool) -> None:
    """Make the published copy, and its files for download, where they are missing or older than the archive."""
    if not paths.database.exists():
        raise InputError(f"there is no archive at {paths.database}. Make one with: optout crawl SITE")
    if is_stale(paths):
        publish_copy(paths, public_url=None, quiet=quiet, exports=exports)
    elif exports and not bulk.are_current(paths):
        make_exports(paths, quiet=quiet)


def serve_archive(paths: Paths, *, host: str, port: int, no_sql: bool, exports: bool, quiet: bool) -> int:
    """Publish where needed, then serve; the server's exit code."""
    publish_if_stale(paths, exports=exports, quiet=quiet)
    code = serve_copy(paths, host, port, allow_sql=not no_sql, tell=click.echo)
    return 0 if code == 130 else code
