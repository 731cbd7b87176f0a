"""`optout run`: crawl, tag, publish and serve, in one go."""

from __future__ import annotations

from typing import Any

import click

from archive.database import Paths, write_lock
from cli.crawl import crawl_targets, scope_options
from cli.options import db_option, lock_option, quiet_option
from cli.serve import publish_if_stale, serve_archive, serve_options
from cli.tag import tag_posts


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="FORUM...")
@scope_options
@click.option("--no-serve", is_flag=True, help="Stop after publishing; for a timer that updates a site.")
@serve_options
@db_option
@lock_option
@quiet_option
@click.pass_context
def run(
    context: click.Context,
    /,
    targets: tuple[str, ...],
    paths: Paths,
    wait: float,
    quiet: bool,
    no_serve: bool,
    host: str,
    port: int,
    no_sql: bool,
    exports: bool,
    **options: Any,
) -> None:
    """Crawl FORUM, tag what came, publish it, and serve it.

    The same as `optout crawl FORUM`, `optout tag` and `optout serve`. FORUM is what `optout crawl` takes.

    \b
    Examples:
      optout run sellersasksellers.com
      optout run https://forum.example --all --db forum.db --port 0
    """
    with write_lock(paths, "run", wait=wait, tell=lambda text: click.echo(text, err=True)):
        code = crawl_targets(paths, targets, quiet=quiet, **options)
        if code == 130:
            context.exit(code)
        tag_posts(paths, again=False, quiet=quiet)
    if no_serve:
        publish_if_stale(paths, exports=exports, quiet=quiet)
        context.exit(code)
    served = serve_archive(paths, host=host, port=port, no_sql=no_sql, exports=exports, quiet=quiet)
    context.exit(code or served)
