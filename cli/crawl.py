"""`optout crawl`: bring threads in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import click

from archive import clock
from archive.database import Paths, open_archive, write_lock
from archive.errors import RefusedError, UnreachableError
from archive.version import VERSION
from archive.warc import WarcStore
from cli.options import db_option, lock_option, quiet_option, stop_flag
from cli.progress import CrawlProgress
from crawler import catalogue
from crawler.catalogue import Target, load_sites, resolve
from crawler.crawl import Crawl
from crawler.limits import Limits, parse_rate
from crawler.scope import Scope
from crawler.sites import Site
from taxonomy import load
from taxonomy.interest import interest


def _rate(_context: click.Context, _option: click.Parameter, value: str | None) -> Limits | None:
    try:
        return None if value is None else parse_rate(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def moment(_context: click.Context, _option: click.Parameter, value: datetime | None) -> str | None:
    """A date of the command line in the archive's form."""
    return clock.iso(value.replace(tzinfo=UTC)) if value else None


LOOPBACK = ("127.0.0.1", "localhost", "::1")

rate_option: Callable[..., Any] = click.option(
    "--rate", callback=_rate, metavar="N/Ss", help="For your own server: another limit, e.g. 100/10s, or none."
)
SCOPE_OPTIONS: list[Callable[..., Any]] = [
    click.option("--all", "everything", is_flag=True, help="Take every listed thread, not only those that match."),
    click.option("--deep", is_flag=True, help="Also read threads whose title does not match, and follow those whose text does."),
    click.option("--depth", default=1, show_default=True, metavar="N", help="How many links far to follow from a matching thread."),
    click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y"]), callback=moment, metavar="DATE", help="Only threads active since then, e.g. 2024-03-01."),
    click.option("--recheck", is_flag=True, help="Ask for every held thread again: finds edits that no list shows."),
    click.option("--media/--no-media", default=True, show_default=True, help="Also capture pictures and attachments in the posts, from the forum's own hosts."),
    rate_option,
    click.option("--contact", envvar="OPTOUT_CONTACT", metavar="ADDRESS", help="How the forum's operator can reach you; sent with every request. Also $OPTOUT_CONTACT."),
]  # fmt: skip


def scope_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say what of a forum to take."""
    for option in reversed(SCOPE_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="FORUM...")
@scope_options
@db_option
@lock_option
@quiet_option
@click.pass_context
def crawl(
    context: click.Context, /, targets: tuple[str, ...], paths: Paths, wait: float, quiet: bool, **options: Any
) -> None:
    """Bring threads of FORUM into the archive.

    FORUM is a name from data/sites.yml (sas), a host (sellersasksellers.com), or the address of a forum, a category
    or a thread; any Discourse works. By default only threads that match the taxonomy are taken, and what they link
    to. Run it again at any time: it asks for the lists, and then only for what may have changed. After an
    interruption of any kind the same command goes on where it stopped. Threads that are named and not there are listed;
    the exit code is 2 if none of those named is there.

    \b
    Examples:
      optout crawl sas
      optout crawl https://forum.example --all --db forum.db
      optout crawl https://forum.example/t/some-thread/123
      optout crawl sas --since 2024-01-01 --depth 2
      optout crawl http://127.0.0.1:4200 --all --rate none
    """
    with write_lock(paths, "crawl", wait=wait, tell=lambda text: click.echo(text, err=True)):
        context.exit(crawl_targets(paths, targets, quiet=quiet, **options))


def crawl_targets(
    paths: Paths,
    targets: tuple[str, ...],
    *,
    quiet: bool,
    rate: Limits | None,
    contact: str | None,
    **scope: Any,
) -> int:
    """Crawl each target in turn; the worst exit code. The caller holds the lock."""
    sites = sites_to_ask(paths)
    worst = 0
    for site, category_path, threads, names in _group([(name, resolve(name, sites)) for name in targets]):
        if not contact and not quiet and urlsplit(site.base_url).hostname not in LOOPBACK:
            click.echo("no --contact given: the forum's operator cannot reach you", err=True)
        what = Scope(threads=threads, category_path=category_path, **scope)
        try:
            code = crawl_site(paths, site, what, target=" ".join(names), quiet=quiet, rate=rate, contact=contact)
        except (UnreachableError, RefusedError) as error:
            # The others are not to suffer for it, nor what is saved already.
            click.echo(f"optout: {site.id}: {error}", err=True)
            code = error.exit_code
        worst = max(worst, code)
        if code == 130:
            break
    return worst


def known_sites(paths: Paths) -> list[Site]:
    """The forums of data/sites.yml, and those that the archive has met beside them."""
    listed = load_sites()
    if not paths.database.exists():
        return listed
    db = open_archive(paths.database)
    try:
        return catalogue.known_sites(db.conn, listed)
    finally:
        db.close()


def sites_to_ask(paths: Paths) -> list[Site]:
    """The same, as a crawl takes them."""
    return catalogue.to_ask(known_sites(paths), load_sites())


def crawl_site(
    paths: Paths,
    site: Site,
    scope: Scope,
    *,
    target: str,
    quiet: bool,
    rate: Limits | None = None,
    contact: str | None = None,
) -> int:
    """One crawl, with its progress and its report; the exit code. The caller holds the lock."""
    taxonomy = load()
    db = open_archive(paths.database, create=True)
    try:
        with CrawlProgress(f"crawl {site.id}", quiet=quiet) as listener, stop_flag() as stop:
            report = Crawl(
                db,
                WarcStore(paths.warcs, software=f"optout-archive {VERSION}"),
                site,
                scope,
                interest=lambda title, tags, text: interest(taxonomy, title, tags, text),
                taxonomy_version=taxonomy.version,
                listener=listener,
                target=target,
                rate=rate,
                contact=contact,
                stop=stop,
            ).run()
    finally:
        db.close()
    click.echo(report.text)
    return report.exit_code


Job = tuple[Site, str | None, tuple[str, ...], list[str]]


def _group(targets: list[tuple[str, Target]]) -> list[Job]:
    """Targets by site: threads of one forum are one job, a whole forum or a category is one each."""
    jobs: dict[tuple[str, str | None, bool], Job] = {}
    for name, target in targets:
        key = (target.site.id, target.category_path, target.thread is not None)
        site, path, threads, names = jobs.get(key, (target.site, target.category_path, (), []))
        jobs[key] = (site, path, (*threads, target.thread) if target.thread else threads, [*names, name])
    return list(jobs.values())
