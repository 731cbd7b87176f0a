"""What a post points to, read from its markup."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archive.markup import Rendered
from crawler.sites import Adapter, Site

# Links that are part of a picture or of the page, not of what the author says.
PAGE_CLASSES = frozenset(("lightbox", "anchor", "hashtag", "hashtag-cooked", "mention-group"))
RESIZED = re.compile(r"_\d+_\d+x\d+(?=\.\w+$)")


@dataclass(frozen=True)
class PostLink:
    """`kind`: `link`, `quote` (of a post), `preview` (of a page), `mention` (of a person). `url` is absolute."""

    url: str
    kind: str
    title: str | None


def post_links(html: str, adapter: Adapter, site: Site) -> list[PostLink]:
    """The links of a post, in order, each once."""
    if "<a" not in html:
        return []
    found: dict[tuple[str, str], PostLink] = {}
    for node in LexborHTMLParser(html, is_fragment=True).css("a[href], aside.quote, aside.onebox"):
        link = _link(node, adapter, site)
        if link:
            found.setdefault((link.url, link.kind), link)
    return list(found.values())


def _link(node: LexborNode, adapter: Adapter, site: Site) -> PostLink | None:
    attributes = node.attributes
    if node.tag == "aside":
        topic, post = attributes.get("data-topic"), attributes.get("data-post")
        if attributes.get("data-username") and topic and topic.isdecimal():
            url = adapter.thread_url(site, topic) + (f"/{post}" if post and post.isdecimal() else "")
            return PostLink(url, "quote", None)
        title = node.css_first("div.title a[href], h3 a[href], h4 a[href]")
        href = attributes.get("data-onebox-src") or (title.attributes.get("href") if title else None)
        return _absolute(href, "preview", title.text().strip() if title else None, site)
    classes = (attributes.get("class") or "").split()
    if not PAGE_CLASSES.isdisjoint(classes) or _inside_aside(node):
        return None
    kind = "link"
    if "mention" in classes:
        kind = "mention"
    elif "onebox" in classes or "inline-onebox" in classes:
        kind = "preview"
    return _absolute(attributes.get("href"), kind, node.text().strip(), site)


def _inside_aside(node: LexborNode) -> bool:
    """Whether the link is a preview's own, or in the title bar of a quotation (the aside itself stands for those)."""
    parent = node.parent
    while parent is not None:
        if parent.tag == "blockquote" and "onebox" not in (parent.attributes.get("class") or ""):
            return False
        if parent.tag == "aside":
            return True
        parent = parent.parent
    return False


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

    Counted: the author's words and quotations, where links lead, which pictures. Not counted: the text of link
    previews, sizes and hosts of pictures, classes and attributes, all of which servers change by themselves.
    """
    words = [rendered.text[block.start : block.end] for block in rendered.blocks if block.kind != "preview"]
    things: list[str] = []
    if "<a" in html or "<img" in html:
        for node in LexborHTMLParser(html, is_fragment=True).css(
            "a[href]:not(.lightbox), img[src]:not(.emoji, .avatar)"
        ):
            source = node.attributes.get("href") or node.attributes.get("src") or ""
            things.append(RESIZED.sub("", source.rpartition("/")[2]) if node.tag == "img" else source)
    return hashlib.sha256(json.dumps([words, things], ensure_ascii=False).encode()).hexdigest()[:32]
