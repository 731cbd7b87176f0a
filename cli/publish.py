"""`optout publish`: make the read-only copy that is served."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import Progress

from archive.database import Paths
from cli.options import db_option, quiet_option
from publish.build import build
from taxonomy import load


@click.command()
@click.option(
    "--public-url", default="", metavar="URL", help="Address at which the site will be reached, for links in CSV files."
)
@db_option
@quiet_option
def publish(paths: Paths, public_url: str, quiet: bool) -> None:
    """Make the published copy: a read-only database for reading, with pseudonyms instead of user names.

    `optout serve` does this by itself when the copy is missing or out of date.

    \b
    Example:
      optout publish --public-url https://archive.example.org
    """
    publish_copy(paths, public_url=public_url, quiet=quiet)


def publish_copy(paths: Paths, *, public_url: str, quiet: bool) -> None:
    """Build the copy and say what it holds."""
    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("publish", total=None)

        def tell(stage: str, done: int, total: int) -> None:
            bar.update(task, description=f"publish: {stage}", completed=done, total=total or None)

        built = build(paths, load(), public_url=public_url, progress=tell)
    click.echo(f"published {built.posts} posts of {built.threads} threads in {built.path}")
