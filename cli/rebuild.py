"""`optout rebuild`: make the tables again from the WARC files."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import Progress, TextColumn

from archive import runs
from archive.database import Paths, open_archive, write_lock
from archive.errors import InputError
from archive.version import VERSION
from archive.warc import WarcStore
from cli.options import db_option, lock_option, quiet_option
from cli.tag import tag_posts
from crawler import rebuild as rebuilding


@click.command()
@click.option("--accept-loss", is_flag=True, help="Go on even though WARC files no longer hold what the archive knows.")
@db_option
@lock_option
@quiet_option
def rebuild(paths: Paths, accept_loss: bool, wait: float, quiet: bool) -> None:
    """Make every forum table again from the WARC files alone, without a network, and tag it.

    For a parser that has improved, or a database that was lost: the WARC files beside it are enough. Decisions of
    people are kept.

    \b
    Example:
      optout rebuild --db forum.db
    """
    warcs = WarcStore(paths.warcs, software=f"optout-archive {VERSION}")
    if not warcs.files():
        raise InputError(f"there are no WARC files in {paths.warcs}; nothing to rebuild from")
    console = Console(stderr=True)
    with write_lock(paths, "rebuild", wait=wait, tell=lambda text: click.echo(text, err=True)):
        db = open_archive(paths.database, create=True)
        try:
            with db.atomic():
                runs.close_killed(db.conn, "rebuild")
                run_id = runs.start(db.conn, "rebuild")
            bar = Progress(
                TextColumn("rebuild"), *Progress.get_default_columns(), console=console,
                disable=quiet or not console.is_terminal,
            )  # fmt: skip
            with runs.told(db, run_id), bar:
                task = bar.add_task("captures", total=None)
                done = rebuilding.rebuild(
                    db, warcs, accept_loss=accept_loss, progress=lambda count: bar.update(task, completed=count)
                )
            report = f"rebuilt {done.threads} threads and {done.posts} posts from {done.captures} captures"
            report += f"; {done.lost} captures are lost" if done.lost else ""
            with db.atomic():
                runs.end(db.conn, run_id, "finished", 0, report)
        finally:
            db.close()
        click.echo(report)
        tag_posts(paths, again=False, quiet=quiet)
