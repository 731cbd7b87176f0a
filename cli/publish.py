"""`optout publish`: make the read-only copy that is served."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import click
from rich.console import Console
from rich.progress import Progress

from analysis import summaries
from archive.database import Paths, open_archive, write_lock
from archive.errors import LockedError
from cli.options import db_option, exports_option, quiet_option
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
@exports_option
@db_option
@quiet_option
def publish(paths: Paths, public_url: str | None, exports: bool, quiet: bool) -> None:
    """Make the published copy: a read-only database for reading, with pseudonyms instead of user names.

    `optout serve` does this by itself when the copy is missing or out of date.

    \b
    Example:
      optout publish --public-url https://archive.example.org
    """
    publish_copy(paths, public_url=public_url, quiet=quiet, exports=exports)


def publish_copy(paths: Paths, *, public_url: str | None, quiet: bool, exports: bool) -> None:
    """Build the copy and say what it holds; then the files for download, or none: those of an earlier copy go.

    `public_url` None: the address that the present copy has.
    """
    if public_url is None:
        public_url = public_url_of(paths)
    _count(paths)
    with _progress(quiet=quiet) as tell:
        built = build(paths, load(), public_url=public_url, progress=tell)
    click.echo(f"published {built.posts} posts of {built.threads} threads in {built.path}")
    if exports:
        make_exports(paths, quiet=quiet)
    else:
        bulk.discard(paths)


def make_exports(paths: Paths, *, quiet: bool) -> None:
    """Make the files for download of the present copy, and say what they take."""
    started = time.monotonic()
    with _progress(quiet=quiet) as tell:
        made = bulk.make(paths, tell)["files"]
    size, seconds = sum(entry["bytes"] for entry in made) / 1e6, time.monotonic() - started
    click.echo(
        f"made {len(made)} files for download ({size:.1f} MB, {seconds:.1f} s) in {bulk.folder(paths.published)}"
    )


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("publish", total=None)

        def tell(stage: str, done: int, total: int) -> None:
            bar.update(task, description=f"publish: {stage}", completed=done, total=total or None)

        yield tell


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
