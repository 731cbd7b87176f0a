"""What a post points to, read from its markup."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archive.markup import Rendered
from crawler.sites import Adapter, Site

# Links that are part of a picture or of the page, not of what the author says.
PAGE_CLASSES = frozenset(("lightbox", "anchor", "hashtag", "hashtag-cooked", "mention-group"))
PAGE_PICTURES = frozenset(("lightbox", "emoji", "avatar"))
ASIDE_SOURCES = ("data-topic", "data-post", "data-onebox-src")
RESIZED = re.compile(r"_\d+_\d+x\d+(?=\.\w+$)")


@dataclass(frozen=True)
class PostLink:
    """`kind`: `link`, `quote` (of a post), `preview` (of a page), `mention` (of a person). `url` is absolute."""

    url: str
    kind: str
    title: str | None


@dataclass(eq=False)
class _Aside:
    """A quotation or preview that is being read. `untitled`: where its link stands while its title is to come."""

    source: str | None = None
    untitled: int | None = None


@dataclass(frozen=True)
class _Place:
    """Where a mark stands: in the frame of an aside (not in what it quotes), and in that frame's title."""

    aside: _Aside | None = None
    title: bool = False


def post_links(html: str, adapter: Adapter, site: Site) -> list[PostLink]:
    """The links of a post, in order, each once."""
    if "<a" not in html:
        return []
    found: list[PostLink | None] = []
    for node, place in _marks(html):
        attributes = node.attributes
        if node.tag == "aside" and place.aside is not None:
            quotation = _quotation(attributes, adapter, site)
            if quotation is None:
                place.aside.source = attributes.get("data-onebox-src")
                place.aside.untitled = len(found)
            found.append(quotation or _absolute(place.aside.source, "preview", None, site))
        elif node.tag == "a" and place.title and place.aside and place.aside.untitled is not None:
            href = place.aside.source or attributes.get("href")
            found[place.aside.untitled] = _absolute(href, "preview", node.text().strip(), site)
            place.aside.untitled = None
        elif node.tag == "a" and place.aside is None:
            found.append(_anchor(node, attributes, site))
    once: dict[tuple[str, str], PostLink] = {}
    for link in filter(None, found):
        once.setdefault((link.url, link.kind), link)
    return list(once.values())


def _marks(html: str) -> Iterator[tuple[LexborNode, _Place]]:
    """Links, pictures, and the asides that quote or preview something, in order. An aside stands in its own frame."""
    root = LexborHTMLParser(html, is_fragment=True).root
    # Iterative, and each node once: hostile markup nests deep.
    stack = [(node, _Place()) for node in reversed(list(root.iter()))] if root else []
    while stack:
        node, place = stack.pop()
        attributes = node.attributes
        classes = (attributes.get("class") or "").split()
        if node.tag == "aside":
            place = _Place(_Aside())
            if "quote" in classes or "onebox" in classes:
                yield node, place
        elif node.tag == "blockquote" and "onebox" not in classes:
            place = _Place()
        elif node.tag in ("h3", "h4") or (node.tag == "div" and "title" in classes):
            place = _Place(place.aside, title=True)
        elif (node.tag == "a" and attributes.get("href")) or (node.tag == "img" and attributes.get("src")):
            yield node, place
        stack.extend((child, place) for child in reversed(list(node.iter())))


def _quotation(attributes: dict[str, str | None], adapter: Adapter, site: Site) -> PostLink | None:
    topic, post = attributes.get("data-topic"), attributes.get("data-post")
    if not attributes.get("data-username") or not topic or not topic.isdecimal():
        return None
    url = adapter.thread_url(site, topic) + (f"/{post}" if post and post.isdecimal() else "")
    return PostLink(url, "quote", None)


def _anchor(node: LexborNode, attributes: dict[str, str | None], site: Site) -> PostLink | None:
    classes = (attributes.get("class") or "").split()
    if not PAGE_CLASSES.isdisjoint(classes):
        return None
    kind = "link"
    if "mention" in classes:
        kind = "mention"
    elif "onebox" in classes or "inline-onebox" in classes:
        kind = "preview"
    return _absolute(attributes.get("href"), kind, node.text().strip(), site)


def _absolute(href: str | None, kind: str, title: str | None, site: Site) -> PostLink | None:
    if not href or href.startswith("#"):
        return None
    try:
        url = urljoin(site.base_url + "/", href.strip())
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    return PostLink(url, kind, " ".join(title.split())[:300] if title else None)


def content_digest(html: str, rendered: Rendered) -> str:
    """Digest of what a reader sees of a post, by which edits are told from rebuilt pages.

    Counted: the author's words and quotations, where links lead, which pictures, what is quoted and previewed. Not
    counted: what stands in link previews and over quotations, sizes and hosts of pictures, classes and attributes, all
    of which servers change by themselves.
    """
    words = [rendered.text[block.start : block.end] for block in rendered.blocks if block.kind != "preview"]
    things: list[str] = []
    for node, place in _marks(html) if "<a" in html or "<img" in html else ():
        attributes = node.attributes
        if node.tag == "aside":
            things.append(" ".join(attributes.get(name) or "" for name in ASIDE_SOURCES))
        elif place.aside is None and PAGE_PICTURES.isdisjoint((attributes.get("class") or "").split()):
            source = attributes.get("href") or attributes.get("src") or ""
            things.append(RESIZED.sub("", source.rpartition("/")[2]) if node.tag == "img" else source)
    return hashlib.sha256(json.dumps([words, things], ensure_ascii=False).encode()).hexdigest()[:32]
