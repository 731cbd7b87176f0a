"""`optout publish`: make the read-only copy that is served."""

from __future__ import annotations

from contextlib import closing

import click
from rich.console import Console
from rich.progress import Progress

from analysis import summaries
from archive.database import Paths, open_archive, write_lock
from archive.errors import LockedError
from cli.options import db_option, quiet_option
from publish.build import build, public_url_of
from publish.exports import bulk
from taxonomy import load


@click.command()
@click.option(
    "--public-url",
    default=None,
    metavar="URL",
    help="Address at which the site will be reached, for links in CSV files; '' for none. By default that of the last time.",
)
@click.option(
    "--exports", is_flag=True, help="Also make every table as a file for download; from then on at every publishing."
)
@db_option
@quiet_option
def publish(paths: Paths, public_url: str | None, exports: bool, quiet: bool) -> None:
    """Make the published copy: a read-only database for reading, with pseudonyms instead of user names.

    `optout serve` does this by itself when the copy is missing or out of date.

    \b
    Example:
      optout publish --public-url https://archive.example.org --exports
    """
    publish_copy(paths, public_url=public_url, quiet=quiet, exports=exports)


def publish_copy(paths: Paths, *, public_url: str | None, quiet: bool, exports: bool = False) -> None:
    """Build the copy and say what it holds. Files for download are made again where there are any.

    `public_url` None: the address that the present copy has.
    """
    if public_url is None:
        public_url = public_url_of(paths)
    _count(paths)
    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("publish", total=None)

        def tell(stage: str, done: int, total: int) -> None:
            bar.update(task, description=f"publish: {stage}", completed=done, total=total or None)

        built = build(paths, load(), public_url=public_url, progress=tell)
        manifest = bulk.make(paths, tell) if exports or bulk.there(paths) else None
    click.echo(f"published {built.posts} posts of {built.threads} threads in {built.path}")
    if manifest:
        click.echo(f"made {len(manifest['files'])} files for download in {bulk.folder(paths.published)}")


def _count(paths: Paths) -> None:
    """Count what the tags say, in an archive in which nobody has yet."""
    if not paths.database.exists():
        return
    with closing(open_archive(paths.database).conn) as connection:
        if not summaries.are_missing(connection):
            return
        try:
            with write_lock(paths, "publish"), connection:
                summaries.summarise(connection, load())
        except LockedError as error:
            click.echo(f"the counts of programs and complaints are not made yet, and cannot be now: {error}", err=True)
