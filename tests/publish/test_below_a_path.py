"""The site below a path: a proxy strips it, and every address on the pages has it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import click
import pytest
from datasette.utils import PrefixedUrlString
from selectolax.lexbor import LexborHTMLParser

from archive.database import Paths
from tests.publish.conftest import datasette

HOST = "http://localhost"
# Pages that between them have every kind of link.
PAGES = (
    "", "search?q=shipping", "programs", "themes", "forums", "matrix", "coverage", "method", "-/exports",
    "thread/sas/3686", "archive", "archive/posts?_size=1&_facet=kind", "archive/mentions?_size=1", "archive/posts/1",
)  # fmt: skip


def behind_a_proxy(paths: Paths, metadata: dict[str, Any], base: str) -> Callable[[str], Any]:
    """Asks for an address as readers know it; the site is asked for what is left when `base` is stripped."""
    site = datasette(paths, metadata, base_url=base)

    def ask(address: str) -> Any:
        assert address.startswith(HOST + base), f"{address} is outside of {base}"

        async def answer() -> Any:
            await site.invoke_startup()
            return await site.client.get(PrefixedUrlString("/" + address.removeprefix(HOST + base)))

        return asyncio.run(answer())

    return ask


def addresses(page: str, text: str) -> list[str]:
    """What a page links to on its own host."""
    found = (node.attributes["href"] or "" for node in LexborHTMLParser(text).css("a[href], link[href]"))
    absolute = (urljoin(page, href).partition("#")[0] for href in found)
    return list(dict.fromkeys(address for address in absolute if address.startswith(HOST)))


def test_every_link_stays_below_the_path_and_leads_somewhere(published: Paths, metadata: dict[str, Any]) -> None:
    base = "/optout/"
    ask = behind_a_proxy(published, metadata, base)
    links: dict[str, str] = {}
    for path in PAGES:
        answer = ask(HOST + base + path)
        assert answer.status_code == 200, path
        for address in addresses(HOST + base + path, answer.text):
            # Of links that differ in their values alone, one.
            links.setdefault(re.sub(r"=[^&]*|[0-9]+", "", address), address)
    for kind in ("_facet=", "_next=", ".json", "kind=", "/thread/", "/search"):
        assert any(kind in address for address in links.values()), kind
    assert {address: status for address in links.values() if (status := ask(address).status_code) != 200} == {}


@pytest.mark.parametrize("base", ["/archive/", "/archive/posts/", "/thread/", "/-/"])
def test_a_path_with_which_addresses_of_the_site_begin_is_refused(
    published: Paths, metadata: dict[str, Any], base: str
) -> None:
    with pytest.raises(click.ClickException, match="base_url cannot begin with"):
        behind_a_proxy(published, metadata, base)(HOST + base)
