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
# A number and the word that follows it.
COUNT = re.compile(r"(\d[\d.,\u00a0\u202f' ]*)([^\s\d]*)")
GROUPING = re.compile(r"[.,\u00a0\u202f' ]")
AROUND_WORDS = ".,:;·|()[]#"
# How interfaces shorten numbers in the languages of the listed forums (Unicode CLDR, compact decimal forms).
UNITS = {
    **dict.fromkeys(("k", "mil", "mila", "tsd", "tausend", "tys", "тыс", "हज़ार", "ألف", "千", "천"), 1_000),
    **dict.fromkeys(("万", "萬", "만"), 10_000),
    **dict.fromkeys(("lakh", "lakhs", "lac", "लाख"), 100_000),
    **dict.fromkeys(("m", "mi", "mln", "mio"), 1_000_000),
}
# What is counted, in the same languages. Any other word may be a unit.
COUNTED = re.compile(
    r"repl(?:y|ies)|answers?|comments?|likes?|views?|votes?|respuestas?|respostas?|coment[aá]rios?|antwort(?:en)?|kommentare?"
    r"|r[eé]ponses?|commentaires?|rispost[ae]|comment[oi]|antwoord(?:en)?|reacties?|odpowied(?:ź|zi)|svar|yanıt|cevap"
    r"|ответ(?:а|ов)?|उत्तर|जवाब|رد|ردود|رد[اً]{1,2}|[条條个個则則]?(?:回[复覆應]|评论)|件?の?返信|개?의?(?:답글|댓글)",
    re.I,
)
MOST_POSTS = 10_000_000
# The old forums' addresses have led to the new forums' home page since these replaced them.
NEW_FORUM_HOME = re.compile(rb"Welcome to Seller Forums|data-testid=.?search(?:Listing-container|-post-)")
END = re.compile(rb"</(?:body|html)\b", re.I)
# SingleFile leaves out optional tags, the last ones among them. Its comment is the first thing below `html`.
SINGLE_FILE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<!doctype[^>]*>\s*)?(?:<html[^>]*>\s*)?<!--\s*"
    rb"(?:Page saved with|Archive processed by) SingleFile",
    re.I,
)


def parse(body: bytes) -> LexborHTMLParser:
    """The page. NotContent if it is empty, or nested too deep to be a forum's."""
    if not body.strip():
        raise NotContent("an empty body")
    page = LONE_SURROGATES.sub("\ufffd", body.decode("utf-8", "replace"))
    if too_deep(page):
        raise NotContent("elements nested deeper than in any forum's page")
    return LexborHTMLParser(page)


def ended(body: bytes) -> bool:
    """Whether the end of the page is there."""
    return END.search(body[-2000:]) is not None


def cut_off(body: bytes) -> bool:
    """Whether the end of the page is missing. Of a page saved by SingleFile that cannot be told by its last tags."""
    return not ended(body) and not SINGLE_FILE.match(body)


def open_at_end(page: LexborHTMLParser) -> frozenset[int]:
    """The elements behind which nothing follows, by `mem_id`: if the page stops too early, then in one of them."""
    found: set[int] = set()
    node = page.root
    while node is not None:
        found.add(node.mem_id)
        node = node.last_child
        while node is not None and _is_nothing(node):
            node = node.prev
    return frozenset(found)


def _is_nothing(node: LexborNode) -> bool:
    """White space, a comment, or the beginning of a tag that was cut off."""
    if node.tag == "-text":
        return (node.text_content or "").strip() in ("", "<", "</")
    return node.tag is None or node.tag.startswith(("-", "_", "!"))


def has_foot(page: LexborHTMLParser, posts: str) -> bool:
    """Whether a footer of the page stands behind its last post; `posts` selects these."""
    parts = {node.mem_id for node in page.css(posts)}
    inside = {node.mem_id for node in page.css(", ".join(f"{post} footer" for post in posts.split(", ")))}
    found = False
    for node in page.root.traverse() if page.root else ():
        if node.mem_id in parts:
            found = False
        elif node.tag == "footer" and node.mem_id not in inside:
            found = True
    return found


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


def count_of(text: str) -> tuple[int, int | None] | None:
    """The number in `36 respuestas` or `1.2K replies` as (number, the most by which it may be rounded). The latter is None
    where the number is only a lower bound: it has decimals and no known unit, or stands beside words that are not known.

    A point or comma before a unit is a decimal sign; without one, before three digits, it groups thousands (in India also
    hundreds of thousands: 1,00,000).
    """
    match = COUNT.search(text)
    if not match:
        return None
    digits, word = match[1].strip(" \u00a0\u202f'.,"), match[2].strip(AROUND_WORDS).lower()
    words_beside = [part.strip(AROUND_WORDS) for part in text[: match.start()].split()]
    unit = UNITS.get(word)
    if unit is None and not word[:1].isascii():
        unit = UNITS.get(word[:1])
    whole, *parts = GROUPING.split(digits)
    number, rounded_by = int(whole[:12]), None
    if unit:
        decimals = "".join(parts)
        if len(parts) < 2 and 10 ** len(decimals) <= unit:
            rounded_by = unit // 10 ** len(decimals)
            number = number * unit + int(decimals or 0) * rounded_by
    else:
        words_beside.append(word)
        if _grouped(parts):
            number, rounded_by = int("".join((whole, *parts))[:12]), 0
    if number > MOST_POSTS:
        return 0, None
    if rounded_by is None or not all(COUNTED.fullmatch(part) for part in words_beside if part):
        return number - (rounded_by or 0), None
    return number, rounded_by


def _grouped(parts: list[str]) -> bool:
    """Whether these are the digits behind the first separator of a whole number."""
    *middle, last = parts or ["000"]
    return len(last) == 3 and ({len(part) for part in middle} <= {3} or {len(part) for part in middle} == {2})
