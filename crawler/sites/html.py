"""What readers of HTML pages share: text, counts, and telling a page from what answers in its place."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archive import clock
from archive.markup import too_deep
from crawler.observations import NotContent
from crawler.sites.base import Site, path_below
from crawler.sites.discourse import CHALLENGE, LOGIN, LONE_SURROGATES

# Names under which Amazon's own people write, on the old forums and the new ones.
STAFF_NAME = re.compile(r".*_(?:Amazon|Amzn)$", re.I)
COUNT = re.compile(r"(\d[\d.,\u00a0\u202f' ]*)\s*([KkMm](?![a-z])|万)?")
UNITS = {"k": 1_000, "m": 1_000_000, "万": 10_000}
MOST_POSTS = 10_000_000
# The old forums' addresses have led to the new forums' home page since these replaced them.
NEW_FORUM_HOME = re.compile(rb"Welcome to Seller Forums|data-testid=.?search(?:Listing-container|-post-)")
# Browser extensions that save a page in one file leave out optional tags, the last one among them.
SAVED_BY_BROWSER = re.compile(rb"SingleFile|saved from url=", re.I)


def parse(body: bytes) -> LexborHTMLParser:
    """The page. NotContent if it is empty, or nested too deep to be a forum's."""
    if not body.strip():
        raise NotContent("an empty body")
    page = LONE_SURROGATES.sub("\ufffd", body.decode("utf-8", "replace"))
    if too_deep(page):
        raise NotContent("elements nested deeper than in any forum's page")
    return LexborHTMLParser(page)


def cut_off(body: bytes) -> bool:
    """Whether the end of the page is missing."""
    return b"</html" not in body[-2000:].lower() and not SAVED_BY_BROWSER.search(body[:4000])


def refuse(body: bytes) -> NotContent:
    """Why a page has no posts."""
    if CHALLENGE.search(body[:20_000]):
        return NotContent("a challenge page for browsers came instead of the thread", refusal=True)
    if LOGIN.search(body[:20_000]):
        return NotContent("a login page came instead of the thread", refusal=True)
    return NotContent("the page has no posts in any markup that is known")


def words(node: LexborNode | None) -> str:
    """The text of a node on one line, "" if there is none."""
    return " ".join((node.text() or "").split()) if node is not None else ""


def attribute(node: LexborNode | None, name: str) -> str | None:
    return (node.attributes.get(name) or None) if node is not None else None


def moment(node: LexborNode | None, name: str = "datetime") -> str | None:
    """The time that an attribute gives, in the archive's form."""
    return clock.normal(attribute(node, name))


def title_of(page: LexborHTMLParser, *selectors: str) -> str:
    """The first text that the selectors find, else the page's own title. NotContent if it has none."""
    for selector in selectors:
        if text := words(page.css_first(selector)):
            return text
    if meta := " ".join((attribute(page.css_first('meta[property="og:title"]'), "content") or "").split()):
        return meta
    if text := words(page.css_first("title")):
        return text
    raise NotContent("the page has posts but no title")


def canonical(page: LexborHTMLParser, site: Site) -> str | None:
    """The address on this forum that the page gives as its own."""
    for selector, name in (('link[rel="canonical"]', "href"), ('meta[property="og:url"]', "content")):
        if address := attribute(page.css_first(selector), name):
            try:
                url = urljoin(site.base_url + "/", address)
            except ValueError:
                continue
            if path_below(site, url) is not None:
                return url
    return None


def count_of(text: str) -> tuple[int, int] | None:
    """The number in `36 respuestas` or `1.2K replies` as (number, the most by which it may be rounded).

    A point or comma before K or M is a decimal sign; without them, before three digits, it groups thousands.
    """
    match = COUNT.search(text)
    if not match:
        return None
    digits, unit = match[1].strip(" \u00a0\u202f'.,"), (match[2] or "").lower()
    if unit:
        whole, _, part = re.sub(r"[\u00a0\u202f' ]", "", digits).replace(",", ".").partition(".")
        if not part.isdecimal() and part:
            return None
        step = UNITS[unit] // 10 ** len(part)
        number = int(whole) * UNITS[unit] + (int(part) * step if part and step else 0)
        return (number, max(step, 1)) if number <= MOST_POSTS else None
    groups = re.split(r"[.,\u00a0\u202f' ]", digits)
    if len(groups) > 1 and any(len(group) != 3 for group in groups[1:]):
        groups = groups[:1]
    number = int("".join(groups)[:12])
    return (number, 0) if number <= MOST_POSTS else None
