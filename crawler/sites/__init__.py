"""The kinds of forum that can be read. A new kind is one new module here, and one line in `ADAPTERS`."""

from __future__ import annotations

from crawler.sites import amazon_nsfe, discourse, discourse_html, jive
from crawler.sites.base import Adapter, Reference, Site

ADAPTERS: dict[str, Adapter] = {
    "discourse": discourse,
    "discourse_html": discourse_html,
    "amazon_nsfe": amazon_nsfe,
    "jive": jive,
}


def reader(site: Site, url: str, body: bytes) -> Adapter:
    """What reads a response: a page that an archive or a browser kept of a live Discourse is HTML like a dead one's."""
    page = site.kind == "discourse" and not url.partition("?")[0].endswith(".json")
    markup = body[:2000].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"
    return discourse_html if page and markup else ADAPTERS[site.kind]


__all__ = ["ADAPTERS", "Adapter", "Reference", "Site", "reader"]
