"""The text of a post, and its blocks: what is the author's own words, what is quoted, previewed, code.

`posts.text` is `render(posts.html).text`; whoever needs the structure renders again and gets the same offsets. So
the crawler and the analysis agree on every span without importing each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

BLOCK_TAGS = frozenset(
    "address article aside blockquote dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6"
    " header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
SKIPPED_TAGS = frozenset("button head iframe input noscript object script select style svg template textarea".split())
CELLS = frozenset(("td", "th"))
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
# Interface words that Discourse puts among the author's: a quotation's title bar, a picture's size and file name.
SKIPPED_CLASSES = frozenset(("meta", "quote-controls", "expand-post", "cooked-selection-barrier"))

# Deeper than any page of a forum.
DEEPEST = 1000
ELEMENT = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>?")
# Elements that have no end tag, or may lack it.
UNCLOSED_TAGS = frozenset(
    "area base br col dd dt embed hr img input li link meta option p param rp rt source tbody td tfoot th thead tr track"
    " wbr".split()
)

SPACES = re.compile(r"[ \t\r\n\f]+")
SPACES_IN_LINE = re.compile(r" {2,}")
AROUND_BREAK = re.compile(r" *\n *")


@dataclass(frozen=True)
class Block:
    """A stretch of a post's text, `text[start:end]` in code points.

    `kind`: `text` (the author's own words), `heading`, `list` (one item), `table` (one row), `quote`, `preview` (of a
    link), `code`, `image` (its caption or alternative text).
    `source`: for a quotation `username`, `topic`, `post` as far as the markup says; for a preview `url`, `topic`,
    `post`; for a picture `url`.
    """

    kind: str
    start: int
    end: int
    source: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rendered:
    """A post's text and its blocks, in order, without overlap."""

    text: str
    blocks: tuple[Block, ...]


def too_deep(html: str) -> bool:
    """Whether elements nest deeper than any page of a forum does. Parsers take the square of the depth in time, so that
    a megabyte of `<div>` would stop the program for minutes."""
    if html.count("<") <= DEEPEST:
        return False
    depth = 0
    for tag in ELEMENT.finditer(html):
        if tag[3].endswith("/") or tag[2].lower() in UNCLOSED_TAGS:
            continue
        depth = max(0, depth - 1) if tag[1] else depth + 1
        if depth > DEEPEST:
            return True
    return False


def flattened(html: str) -> str:
    """`html` if it can be parsed in time, otherwise its text without any tags (the capture has the original)."""
    return ELEMENT.sub(" ", html) if too_deep(html) else html


def render(html: str) -> Rendered:
    """Turn a post's HTML (a fragment, from anyone) into text with blocks. Any input at all gives a result.

    Paragraphs are separated by an empty line, list items and table rows by a line end. Emoji become their shortcode,
    other pictures their alternative text. White space is folded as a browser does; no-break spaces are kept.
    """
    if not html:
        return Rendered("", ())
    return _Writer().write(LexborHTMLParser(html, is_fragment=True).root)


@dataclass
class _Context:
    """`foreign`: inside a quotation or a preview, whose own structure does not matter."""

    kind: str
    source: dict[str, str]
    foreign: bool = False


class _Writer:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.blocks: list[Block] = []
        self.inline: list[str] = []
        self.pictures: list[tuple[str, str]] = []
        self.contexts: list[_Context] = [_Context("text", {})]

    def write(self, root: LexborNode | None) -> Rendered:
        # Iterative, because hostile markup nests deeper than Python's stack. An entry is an element to enter, or one
        # to leave, with the number of contexts to go back to.
        stack: list[tuple[LexborNode, int]] = [(node, 0) for node in reversed(list(_children(root)))]
        while stack:
            node, contexts = stack.pop()
            if contexts:
                self._flush()
                del self.contexts[contexts:]
                continue
            contexts = len(self.contexts)
            if self._enter(node):
                if node.tag in BLOCK_TAGS - CELLS:
                    stack.append((node, contexts))
                stack.extend((child, 0) for child in reversed(list(_children(node))))
        self._flush()
        return Rendered("".join(self.parts), tuple(self.blocks))

    def _enter(self, node: LexborNode) -> bool:
        """Take in what the node itself says; True if its children are wanted."""
        tag = node.tag
        if tag == "-text":
            text = node.text_content or ""
            self.inline.append(text if self._in("code") else SPACES.sub(" ", text))
            return False
        if tag is None or tag.startswith(("-", "_", "!")) or tag in SKIPPED_TAGS:
            return False
        attributes = node.attributes
        classes = (attributes.get("class") or "").split()
        if not SKIPPED_CLASSES.isdisjoint(classes) or (tag == "div" and "title" in classes and self._in("quote")):
            return False
        if tag == "header" and "source" in classes and self._in("preview"):
            return False
        if tag == "br":
            self.inline.append("\n")
        elif tag == "img":
            self._picture(attributes, classes)
        elif tag in CELLS:
            self.inline.append(" | " if self.inline else "")
        elif tag in BLOCK_TAGS:
            self._flush()
            context = self._context(node, tag, attributes, classes)
            if context:
                foreign = self.contexts[-1].foreign or context.kind in ("quote", "preview")
                self.contexts.append(replace(context, foreign=foreign))
        return True

    def _in(self, kind: str) -> bool:
        return self.contexts[-1].kind == kind

    def _context(
        self, node: LexborNode, tag: str, attributes: dict[str, str | None], classes: list[str]
    ) -> _Context | None:
        """The context that this element opens, None if none."""
        if tag == "aside" and "quote" in classes:
            source = _data(attributes, username="data-username", topic="data-topic", post="data-post")
            # A quotation without a name that links to a topic is Discourse's preview of one of its own topics.
            title = node.css_first("div.title a[href]") if "username" not in source and "topic" in source else None
            if title is not None:
                return _Context("preview", source | {"url": title.attributes.get("href") or ""})
            return _Context("quote", source)
        if tag == "aside" and "onebox" in classes:
            return _Context("preview", _data(attributes, url="data-onebox-src"))
        if self.contexts[-1].foreign:
            return None
        if tag == "blockquote":
            return _Context("quote", {})
        if tag == "pre":
            return _Context("code", {})
        if tag == "li":
            return _Context("list", {})
        if tag == "tr":
            return _Context("table", {})
        if tag in HEADINGS:
            return _Context("heading", {})
        return None

    def _picture(self, attributes: dict[str, str | None], classes: list[str]) -> None:
        label = attributes.get("title") or attributes.get("alt") or ""
        if "emoji" in classes:
            self.inline.append(label)
        elif "avatar" not in classes and "site-icon" not in classes:
            self.pictures.append((attributes.get("alt") or label, attributes.get("src") or ""))

    def _flush(self) -> None:
        context = self.contexts[-1]
        text = "".join(self.inline)
        self.inline.clear()
        if context.kind == "code":
            text = text.strip("\n")
        else:
            text = AROUND_BREAK.sub("\n", SPACES_IN_LINE.sub(" ", text)).strip(" \n")
        if text.strip():
            self._block(context.kind, text, context.source)
        pictures, self.pictures = self.pictures, []
        for caption, url in pictures:
            caption = SPACES.sub(" ", caption).strip()
            if caption:
                inside = context.kind in ("quote", "preview")
                self._block(context.kind if inside else "image", caption, context.source if inside else {"url": url})

    def _block(self, kind: str, text: str, source: dict[str, str]) -> None:
        if self.blocks:
            tight = kind == self.blocks[-1].kind and kind in ("list", "table")
            gap = "\n" if tight else "\n\n"
            self.parts.append(gap)
            self.length += len(gap)
        start = self.length
        self.parts.append(text)
        self.length += len(text)
        self.blocks.append(Block(kind, start, self.length, source))


def _children(node: LexborNode | None) -> Iterator[LexborNode]:
    return iter(()) if node is None else node.iter(include_text=True)


def _data(attributes: dict[str, str | None], **names: str) -> dict[str, str]:
    return {key: value for key, name in names.items() if (value := attributes.get(name))}
