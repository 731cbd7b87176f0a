"""`optout import`: take in what people saved themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from archive.database import Paths, open_archive, write_lock
from archive.errors import InputError
from archive.version import VERSION
from archive.warc import WarcStore
from cli.crawl import crawl_targets, known_sites, moment, sites_to_ask
from cli.options import db_option, lock_option, quiet_option, stop_flag
from cli.progress import CrawlProgress
from crawler.catalogue import resolve
from crawler.imports.take import Import, Options, files
from crawler.report import some
from crawler.sites import ADAPTERS, Site


@click.command("import")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--url", metavar="URL", help="Where a single page or a topic's JSON comes from, if the file does not say it."
)
@click.option(
    "--saved-at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    callback=moment,
    metavar="DATE",
    help="When it was saved (UTC), if the file does not say it; otherwise the file's own time is taken.",
)
@click.option(
    "--forum", metavar="SITE", help="The forum whose pages these are, if it is not in data/sites.yml: its address."
)
@click.option("--no-crawl", is_flag=True, help="Do not crawl the addresses of a list; only count them.")
@db_option
@lock_option
@quiet_option
@click.pass_context
def import_(
    context: click.Context,
    sources: tuple[Path, ...],
    url: str | None,
    saved_at: str | None,
    forum: str | None,
    no_crawl: bool,
    paths: Paths,
    wait: float,
    quiet: bool,
) -> None:
    """Take into the archive what people saved themselves.

    PATH is a file, or a folder that is read whole: WARC (wget --warc-file, grab-site), WACZ (ArchiveWeb.page,
    browsertrix), HAR (a browser's developer tools), a saved page (plain or SingleFile), the JSON of a Discourse
    topic, or a list of addresses, one a line, which are then crawled. Kinds are told by content, not by name.

    This is the way in for pages that need a login: the program never logs in. Of a HAR no cookies, no authorisation
    and nothing that was typed into a form is read. Pictures that the posts show are taken too, if the files hold them.
    Of addresses only the parameters that name a page are kept. Pages of other sites are passed over and counted.
    Importing a file twice changes nothing. A broken file says where it breaks; what is whole in it, before that place
    and behind it, is kept. The exit code is 2 if a file was broken, if a PATH holds nothing that the archive can use, or
    if an address of a list cannot be crawled; the others are.

    \b
    Examples:
      optout import saved-pages/ session.har
      optout import crawl.wacz --forum https://forum.example
      optout import topic.json --url https://forum.example --saved-at 2022-01-24
      optout import addresses.txt
    """  # fmt: skip
    files(sources)
    with write_lock(paths, "import", wait=wait, tell=lambda text: click.echo(text, err=True)):
        code, listed = import_files(paths, sources, Options(url, saved_at), forum=forum, quiet=quiet)
        if listed and no_crawl:
            click.echo(f"{len(listed)} addresses in lists, not crawled")
        elif listed and code != 130:
            code = max(code, crawl_listed(paths, listed, quiet=quiet))
    context.exit(code)


def import_files(
    paths: Paths, sources: Sequence[Path], options: Options, *, forum: str | None, quiet: bool
) -> tuple[int, list[str]]:
    """One import, with its report; the exit code, and the addresses in lists. The caller holds the lock."""
    sites = known_sites(paths)
    sites += [site for name in (forum, options.url) if name and (site := _site(name, sites)) not in sites]
    db = open_archive(paths.database, create=True)
    try:
        with CrawlProgress("import", quiet=quiet) as listener, stop_flag() as stop:
            warcs = WarcStore(paths.warcs, software=f"optout-archive {VERSION}")
            imports = Import(db, warcs, sites, options, say=listener.say, stop=stop)
            report = imports.run(sources)
    finally:
        db.close()
    click.echo(report.text)
    return report.exit_code, imports.addresses


def crawl_listed(paths: Paths, urls: Sequence[str], *, quiet: bool) -> int:
    """Crawl the addresses of lists, and say which cannot be; the worst exit code."""
    sites = sites_to_ask(paths)
    good: list[str] = []
    refused: list[str] = []
    dead: Counter[Site] = Counter()
    for url in dict.fromkeys(urls):
        try:
            site = resolve(url, sites).site
        except InputError as error:
            refused.append(str(error))
            continue
        if ADAPTERS[site.kind].NOT_LIVE:
            dead[site] += 1
        else:
            good.append(url)
    for site, number in dead.items():
        reason = (ADAPTERS[site.kind].NOT_LIVE or "").format(site=site.id)
        refused.append(f"{number} addresses of {site.id} cannot be crawled: {reason}")
    for line in some(refused):
        click.echo(f"optout: {line}", err=True)
    code = InputError.exit_code if refused else 0
    if good:
        code = max(code, crawl_targets(paths, tuple(good), quiet=quiet, rate=None, contact=None, media=True))
    return code


def _site(name: str, sites: list[Site]) -> Site:
    return resolve(name, sites).site
