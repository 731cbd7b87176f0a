"""`optout demo`: the whole program at work on the bundled forum, without a network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import click

from archive import clock
from archive.database import Paths, open_archive, write_lock
from archive.errors import DataFileError
from cli.candidates import note_candidates
from cli.crawl import crawl_site, known_sites, rate_option
from cli.options import db_option_for, lock_option, quiet_option, stop_flag
from cli.recover import recover_threads
from cli.serve import publish_if_stale, serve_archive, serve_options
from cli.tag import tag_posts
from crawler.limits import Limits
from crawler.recover import Task
from crawler.scope import Scope
from crawler.sites import Site
from crawler.store import Store
from demo import DemoDataError, DemoForum, Forum, load_forum
from demo import Limits as ForumLimits
from demo.vanished import load_vanished, write_web_archive
from demo.web_archive import WebArchiveServer
from publish.serve import free_port

DEMO_DB = Path(__file__).parent.parent / "data" / "demo.db"
FORUM_PORT, WEB_ARCHIVE_PORT = 4200, 4201


@click.command()
@click.option("--forum-only", is_flag=True, help="Only serve the forum, for crawls of your own, until Ctrl-C.")
@click.option("--forum-port", default=FORUM_PORT, show_default=True, help="Port of the forum; 0 takes any free one.")
@click.option(
    "--at",
    type=click.DateTime(),
    metavar="DATE",
    help="With --forum-only: the forum as of then. Its clock can be moved: see its first page.",
)
@rate_option
@click.option("--no-serve", is_flag=True, help="Stop after publishing.")
@serve_options
@db_option_for("data/demo.db of the program's folder", DEMO_DB)
@lock_option
@quiet_option
@click.pass_context
def demo(
    context: click.Context,
    /,
    paths: Paths,
    forum_only: bool,
    forum_port: int,
    at: datetime | None,
    rate: Limits | None,
    no_serve: bool,
    host: str,
    port: int,
    no_sql: bool,
    exports: bool,
    wait: float,
    quiet: bool,
) -> None:
    """Show the program at work: start the bundled forum on loopback, crawl it, bring back from a web archive what it
    links to and what is gone, tag it, serve the archive.

    The forum is synthetic: written for this project, with invented people. It behaves as a Discourse does. It is
    crawled twice, as of two dates, so that the archive shows edits, removals and a thread that vanished. While the
    archive is served, forum and web archive answer too, for crawls and recoveries of your own.

    \b
    Examples:
      optout demo
      optout demo --forum-only --forum-port 4200 --at 2026-10-01
    """
    try:
        forum, neighbour = load_forum(), load_vanished()
    except DemoDataError as error:
        raise DataFileError(str(error)) from error
    moment = clock.parse(at.isoformat()) if at else None
    if forum_port and free_port("127.0.0.1", forum_port) != forum_port:
        click.echo(f"port {forum_port} is taken; taking another for the forum", err=True)
        forum_port = 0
    with DemoForum(forum, port=forum_port, clock=moment, limits=None if rate == () else ForumLimits()) as server:
        click.echo(f"the demonstration forum (synthetic) is at {server.url}")
        if forum_only:
            with stop_flag() as stop:
                while not stop():
                    time.sleep(0.2)
            return
        # Posts link to the forum by its address in print.
        site = Site("demo", "discourse", server.url, forum.title, hosts=(urlsplit(forum.address).netloc,))
        vanished = Site("oldquay", "discourse_html", neighbour.address, neighbour.title)
        first = not paths.database.exists()
        with _web_archive(neighbour) as archive:
            click.echo(f"a web archive of its neighbour that is gone ({neighbour.address}) is at {archive.url}")
            with write_lock(paths, "demo", wait=wait, tell=lambda text: click.echo(text, err=True)):
                _meet(paths, vanished)
                scope = Scope(everything=True, media=True)
                code = 0
                if first:
                    click.echo(f"crawling it as of {clock.iso(server.clock)}")
                    code = crawl_site(paths, site, scope, target="demo", quiet=quiet, rate=rate)
                if code == 0:
                    server.move_clock(forum.later)
                    click.echo(f"crawling it again as of {clock.iso(server.clock)}")
                    again = Scope(everything=True, recheck=True, media=True)
                    code = crawl_site(paths, site, again, target="demo", quiet=quiet, rate=rate)
                if code == 0:
                    click.echo("looking for vanished threads in the web archive")
                    code = recover_threads(paths, Task(), known_sites(paths), [archive.url], quiet=quiet)
                if code == 130:
                    context.exit(code)
                tag_posts(paths, again=False, quiet=quiet)
                note_candidates(paths)
            if no_serve:
                publish_if_stale(paths, exports=exports, quiet=quiet)
                context.exit(code)
            served = serve_archive(paths, host=host, port=port, no_sql=no_sql, exports=exports, quiet=quiet)
            context.exit(code or served)


def _meet(paths: Paths, site: Site) -> None:
    """Enter the vanished neighbour, so that links to it are known for what they are."""
    db = open_archive(paths.database, create=True)
    try:
        with db.atomic():
            Store(db.conn, site).add_site(clock.now())
    finally:
        db.close()


@contextmanager
def _web_archive(neighbour: Forum) -> Iterator[WebArchiveServer]:
    """What a web archive has of the vanished neighbour, on loopback."""
    with TemporaryDirectory() as folder:
        warc = Path(folder) / "oldquay.warc.gz"
        write_web_archive(neighbour, warc)
        with WebArchiveServer(warc, port=free_port("127.0.0.1", WEB_ARCHIVE_PORT)) as archive:
            yield archive
