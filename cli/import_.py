"""`optout import`: take in what people saved themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from archive.database import Paths, open_archive, write_lock
from archive.version import VERSION
from archive.warc import WarcStore
from cli.crawl import crawl_targets, known_sites, moment
from cli.options import db_option, lock_option, quiet_option, stop_flag
from cli.progress import CrawlProgress
from cli.recover import DEAD_KIND
from crawler.catalogue import resolve
from crawler.imports.take import Import, Options, addresses, files
from crawler.sites import Site


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
    Pages of other sites are passed over and counted. Importing a file twice changes nothing. A broken file says where
    it breaks; what is whole in it is kept. The exit code is 2 if a file was broken, or if a PATH holds nothing that the
    archive can use.

    \b
    Examples:
      optout import saved-pages/ session.har
      optout import crawl.wacz --forum https://forum.example
      optout import topic.json --url https://forum.example --saved-at 2022-01-24
      optout import addresses.txt
    """  # fmt: skip
    found = files(sources)
    with write_lock(paths, "import", wait=wait, tell=lambda text: click.echo(text, err=True)):
        code = import_files(paths, sources, Options(url, saved_at), forum=forum, quiet=quiet)
        listed = addresses(found)
        if listed and no_crawl:
            click.echo(f"{len(listed)} addresses in lists, not crawled")
        elif listed and code != 130:
            code = max(code, crawl_listed(paths, tuple(listed), quiet=quiet))
    context.exit(code)


def import_files(paths: Paths, sources: Sequence[Path], options: Options, *, forum: str | None, quiet: bool) -> int:
    """One import, with its report; the exit code. The caller holds the lock."""
    sites = known_sites(paths)
    sites += [site for name in (forum, options.url) if name and (site := _site(name, sites)) not in sites]
    db = open_archive(paths.database, create=True)
    try:
        with CrawlProgress("import", quiet=quiet) as listener, stop_flag() as stop:
            warcs = WarcStore(paths.warcs, software=f"optout-archive {VERSION}")
            report = Import(db, warcs, sites, options, say=listener.say, stop=stop).run(sources)
    finally:
        db.close()
    click.echo(report.text)
    return report.exit_code


def crawl_listed(paths: Paths, urls: tuple[str, ...], *, quiet: bool) -> int:
    """Crawl the addresses of lists."""
    return crawl_targets(paths, urls, quiet=quiet, rate=None, contact=None, media=True)


def _site(name: str, sites: list[Site]) -> Site:
    return resolve(name, sites, DEAD_KIND).site
