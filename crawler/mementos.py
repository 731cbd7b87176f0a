"""What a memento says of a thread that is looked for, or why it says nothing of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from archive.warc import Exchange
from crawler.identity import identify, key
from crawler.ingest import read
from crawler.lookups import Wanted
from crawler.observations import NotContent, PostBatch, ThreadGone, ThreadPage
from crawler.sites import Site
from crawler.webarchives import Memento


@dataclass(frozen=True)
class Seen:
    """A memento that shows posts of the thread. `site`: the forum at whose address it was captured."""

    site: Site
    exchange: Exchange
    observation: ThreadPage | PostBatch
    uri: str


def understand(memento: Memento, wanted: Wanted, sites: Iterable[Site]) -> Seen | str:
    """What a memento shows of the thread, or why it shows nothing of it."""
    exchange = memento.exchange
    if exchange.status != 200:
        return f"archived answer of status {exchange.status}"
    site = same(wanted, exchange.url, sites)
    if site is None:
        return "a capture of another address"
    try:
        observation = read(site, exchange)
    except NotContent as error:
        return f"no page of the thread: {error}"
    if isinstance(observation, ThreadGone):
        return "soft 404: another page, as the thread was gone by then"
    if not isinstance(observation, ThreadPage | PostBatch) or not observation.posts:
        return "no page of the thread"
    return Seen(site, exchange, observation, memento.uri)


def same(wanted: Wanted, url: str, sites: Iterable[Site]) -> Site | None:
    """The forum at whose address `url` names the wanted thread, None if it names another."""
    named = identify(url, sites)
    if named is None or named[1].thread is None:
        return None
    site, reference = named
    return site if key(site, reference.thread or "") == key(wanted.site, wanted.native_id) else None


def number(site: Site, url: str) -> int | None:
    """The number of the post that an address asks for."""
    named = identify(url, (site,))
    return named[1].post_number if named else None
