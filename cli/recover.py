"""`optout recover`: bring back from web archives what is gone."""

from __future__ import annotations

from collections.abc import Sequence

import click

from archive.database import Paths, open_archive, write_lock
from archive.errors import InputError
from archive.version import VERSION
from archive.warc import WarcStore
from cli.crawl import known_sites, moment
from cli.options import db_option, lock_option, quiet_option, stop_flag
from cli.progress import CrawlProgress
from crawler.catalogue import resolve
from crawler.lookups import Wanted
from crawler.recover import Recovery, Task
from crawler.sites import Site
from crawler.webarchives import PACE, WAYBACK, Pace, WebArchive
from taxonomy import load
from taxonomy.interest import hints, interest

# What is known of a forum that nobody can ask any more.
DEAD_KIND = "discourse_html"


@click.command()
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option(
    "--forum",
    metavar="SITE",
    help="A whole dead forum, by what the archive lists of it: a name from data/sites.yml, or its address. Threads are taken that match the taxonomy: by the words of their addresses, by captured lists, or, where these say too little, by title and opening post in one capture; and those that held posts link to.",
)
@click.option("--all", "everything", is_flag=True, help="With --forum: every thread that the archive lists.")
@click.option(
    "--deep",
    is_flag=True,
    help="With --forum: look at one capture also of threads whose addresses have words and none that match.",
)
@click.option(
    "--most",
    type=click.IntRange(min=0),
    default=Task.most,
    show_default=True,
    metavar="N",
    help="With --forum: look at one capture each of at most N threads in this run. The same command goes on behind them.",
)
@click.option(
    "--from",
    "since",
    type=click.DateTime(["%Y-%m-%d", "%Y"]),
    callback=moment,
    metavar="DATE",
    help="Only captures from then on, e.g. 2018.",
)
@click.option(
    "--archive",
    "bases",
    multiple=True,
    default=[WAYBACK],
    show_default=True,
    metavar="BASE",
    help="Where to look: wayback (the Internet Archive), or the address of a pywb collection, http://127.0.0.1:8080/coll. Several are tried in turn.",
)
@click.option(
    "--media/--no-media",
    default=True,
    show_default=True,
    help="Also look for pictures and attachments in recovered posts, from the forum's own hosts.",
)
@click.option("--again", is_flag=True, help="Also look for what was looked for in the last 90 days.")
@click.option(
    "--contact",
    envvar="OPTOUT_CONTACT",
    metavar="ADDRESS",
    help="How the archive's operator can reach you; sent with every request. Also $OPTOUT_CONTACT.",
)
@db_option
@lock_option
@quiet_option
@click.pass_context
def recover(
    context: click.Context,
    urls: tuple[str, ...],
    forum: str | None,
    everything: bool,
    deep: bool,
    most: int,
    since: str | None,
    bases: tuple[str, ...],
    media: bool,
    again: bool,
    contact: str | None,
    paths: Paths,
    wait: float,
    quiet: bool,
) -> None:
    """Bring threads back from web archives.

    Without URL: every thread that a post links to and that is not there any more, and every held thread that is gone
    and incomplete. With URL: these threads. Captures of different days are merged post by post; each recovered post
    names the capture that proves it, and a text that differs from the held one is kept as an earlier version. What
    was looked for and not found is said too, and again by `optout status`.

    The Internet Archive is asked at most 24 times a minute for lists and 480 times for captures, across restarts;
    after a 429 the program is silent for a minute, and after a second one it gives up for now. Run the same command
    again to go on: threads that were looked for are not looked for again.

    \b
    Examples:
      optout recover
      optout recover https://sellercentral.amazon.com/forums/t/some-thread/645202
      optout recover --forum osfe-us --from 2018
      optout recover --archive http://127.0.0.1:8080/coll --archive wayback
    """  # fmt: skip
    if forum and urls:
        raise InputError("either URL or --forum: a forum is looked through as a whole")
    if not forum and (everything or deep):
        raise InputError(f"{'--all' if everything else '--deep'} goes with --forum")
    with write_lock(paths, "recover", wait=wait, tell=lambda text: click.echo(text, err=True)):
        sites = known_sites(paths)
        threads = tuple(_thread(url, sites) for url in urls)
        site = resolve(forum, sites, DEAD_KIND).site if forum else None
        task = Task(threads, site, everything, since, again, deep, most, media)
        context.exit(recover_threads(paths, task, sites, bases, contact=contact, quiet=quiet))


def recover_threads(
    paths: Paths,
    task: Task,
    sites: Sequence[Site],
    bases: Sequence[str],
    *,
    quiet: bool,
    contact: str | None = None,
    pace: Pace = PACE,
) -> int:
    """One recovery, with its progress and its report; the exit code. The caller holds the lock."""
    taxonomy = load()
    db = open_archive(paths.database, create=True)
    try:
        with CrawlProgress("recover", quiet=quiet) as listener, stop_flag() as stop:
            archives = [
                WebArchive(db.conn, base, pace=pace, contact=contact, stop=stop, waiting=listener.waiting)
                for base in dict.fromkeys(bases)
            ]
            report = Recovery(
                db,
                WarcStore(paths.warcs, software=f"optout-archive {VERSION}"),
                archives,
                sites,
                task,
                interest=lambda title, tags, text: interest(taxonomy, title, tags, text),
                hints=lambda words: hints(taxonomy, words),
                taxonomy_version=taxonomy.version,
                listener=listener,
                stop=stop,
            ).run()
    finally:
        db.close()
    click.echo(report.text)
    return report.exit_code


def _thread(url: str, sites: list[Site]) -> Wanted:
    target = resolve(url, sites, DEAD_KIND)
    if target.thread is None:
        raise InputError(f"{url} is not the address of a thread. For a whole forum: optout recover --forum SITE")
    return Wanted(target.site, target.thread, "named", [url])
