"""`optout tag`: say which programs and complaint themes each paragraph is about."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.progress import Progress

from analysis.tag import CODE_VERSION, TagCounts, tag_archive
from archive import runs
from archive.database import Paths, open_archive, write_lock
from cli.options import db_option, lock_option, quiet_option
from taxonomy import load


@click.command()
@click.option("--again", is_flag=True, help="Tag every post, not only what changed since the last time.")
@db_option
@lock_option
@quiet_option
def tag(paths: Paths, again: bool, wait: float, quiet: bool) -> None:
    """Tag the paragraphs of all posts with programs and complaint themes, with the evidence for each tag.

    Only what changed is tagged: new and edited posts, posts whose context changed, and everything after a change of
    the taxonomy or of the tagger. An archive in which nothing changed is not read.

    \b
    Examples:
      optout tag
      optout tag --db forum.db
    """
    with write_lock(paths, "tag", wait=wait, tell=lambda text: click.echo(text, err=True)):
        tag_posts(paths, again=again, quiet=quiet)


def tag_posts(paths: Paths, *, again: bool, quiet: bool) -> None:
    """Tag what changed, and print what was done. The caller holds the lock."""
    taxonomy = load()
    db = open_archive(paths.database)
    console = Console(stderr=True)
    try:
        with db.atomic():
            runs.close_killed(db.conn, "tag")
            settings = json.dumps({"tagger": CODE_VERSION, "again": again})
            run_id = runs.start(db.conn, "tag", settings=settings, taxonomy_version=taxonomy.version)
        bar = Progress(console=console, disable=quiet or not console.is_terminal)
        with runs.told(db, run_id), bar:
            task = bar.add_task("tag", total=None)

            def tell(done: TagCounts) -> None:
                bar.update(task, completed=done.threads, total=done.threads_in_all)

            counts = tag_archive(db, taxonomy, run_id=run_id, all_posts=again, progress=tell)
        report = (
            f"tagged {counts.posts} posts in {counts.threads} threads: {counts.paragraphs} paragraphs,"
            f" {counts.named} programs named, {counts.described} described, {counts.inherited} inherited, {counts.themes} themes"
            f" (taxonomy {taxonomy.version})"
        )
        with db.atomic():
            runs.end(db.conn, run_id, "finished", 0, report)
    finally:
        db.close()
    click.echo(report)
