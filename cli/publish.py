"""`optout publish`: make the read-only copy that is served."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import Progress

from archive.database import Paths
from cli.options import db_option, quiet_option
from publish.build import build
from publish.exports import bulk
from taxonomy import load


@click.command()
@click.option(
    "--public-url", default="", metavar="URL", help="Address at which the site will be reached, for links in CSV files."
)
@click.option(
    "--exports", is_flag=True, help="Also make every table as a file for download; from then on at every publishing."
)
@db_option
@quiet_option
def publish(paths: Paths, public_url: str, exports: bool, quiet: bool) -> None:
    """Make the published copy: a read-only database for reading, with pseudonyms instead of user names.

    `optout serve` does this by itself when the copy is missing or out of date.

    \b
    Example:
      optout publish --public-url https://archive.example.org --exports
    """
    publish_copy(paths, public_url=public_url, quiet=quiet, exports=exports)


def publish_copy(paths: Paths, *, public_url: str, quiet: bool, exports: bool = False) -> None:
    """Build the copy and say what it holds. Files for download are made again where there are any."""
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
