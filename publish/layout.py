"""Where each stretch of a post's text stands in its markup.

`archive.markup.render` makes the text from the markup; tags and masks are spans of that text. To mark or mask the
same words in the markup, every text node is given two signs that no post uses, the result is rendered, and the signs
that come out tell which node each character is from. White space is folded on the way, so only the other characters
are matched.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archive.markup import render

# Signs from the two private planes of Unicode: one character a node, begin and end.
BEGIN, END = 0xF0000, 0x100000
MOST_NODES = 0xFFFD
SIGNS_OF_SPACE = " \n\t\r\f"
SPACE = re.compile(r"[ \t\r\n\f]+")
SIGNS = re.compile(f"[{chr(BEGIN)}-\U0010ffff]")
PIECES = re.compile(f"[{chr(BEGIN)}-\U0010ffff]|[^{chr(BEGIN)}-\U0010ffff]+")


def text_nodes(tree: LexborHTMLParser) -> list[LexborNode]:
    """The text nodes of a fragment, in document order. Their place in this list is their number."""
    root = tree.root
    return [] if root is None else [node for node in root.traverse(include_text=True) if node.tag == "-text"]


@dataclass(frozen=True)
class _Run:
    """A stretch of the text's characters (white space aside): where it begins and ends among them, and which node has
    it, from which of the node's own characters on. Characters that no node has (a bullet, an emoji's name) are in none.
    """

    start: int
    end: int
    node: int
    first: int


class Layout:
    """The characters of a text (white space aside) and where in the markup they stand."""

    def __init__(self, text: str, runs: list[_Run], contents: list[str]) -> None:
        self._text = text
        self._runs = runs
        self._contents = contents

    def pieces(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """The parts of text nodes that make up `text[start:end]`: number of the node, begin and end in it.

        White space at the edge of a node, within the span, is part of it.
        """
        begin, until = _before(self._text, start), _before(self._text, end)
        parts: defaultdict[int, list[int]] = defaultdict(list)
        for run in self._runs:
            if run.start < until and begin < run.end:
                parts[run.node].append(run.first + max(begin - run.start, 0))
                parts[run.node].append(run.first + min(until, run.end) - run.start - 1)
        nodes = sorted(parts)
        for node in nodes:
            content = self._contents[node]
            first = 0 if node != nodes[0] else _place(content, min(parts[node]))
            yield node, first, len(content) if node != nodes[-1] else _place(content, max(parts[node])) + 1


def lay(html: str, text: str) -> Layout | None:
    """The layout of `text` in `html`, None if the text is not the rendering of this markup."""
    tree = LexborHTMLParser(html, is_fragment=True)
    nodes = text_nodes(tree)
    if len(nodes) > MOST_NODES or SIGNS.search(html):
        return None
    contents = [node.text_content or "" for node in nodes]
    visible = [_before(content, len(content)) for content in contents]
    for number, (node, content) in enumerate(zip(nodes, contents, strict=True)):
        if visible[number]:
            node.replace_with(chr(BEGIN + number) + content + chr(END + number))
    runs: list[_Run] = []
    at, current, seen = 0, None, 0
    rendered = _visible(render(tree.html or "").text)
    for found in PIECES.finditer(rendered):
        piece = found[0]
        code = ord(piece[0])
        if code >= END:
            current = None
        elif code >= BEGIN:
            current, seen = code - BEGIN, 0
        else:
            if current is not None:
                own = min(len(piece), visible[current] - seen)
                if own > 0:
                    runs.append(_Run(at, at + own, current, seen))
                seen += len(piece)
            at += len(piece)
    if SIGNS.sub("", rendered) != _visible(text):
        return None
    return Layout(text, runs, contents)


def _visible(text: str) -> str:
    return SPACE.sub("", text)


def _before(text: str, offset: int) -> int:
    """How many visible characters stand before an offset."""
    return min(offset, len(text)) - sum([text.count(sign, 0, offset) for sign in SIGNS_OF_SPACE])


def _place(text: str, number: int) -> int:
    """Where the so-manieth visible character stands, counted from 0."""
    at = number
    while missing := number + 1 - _before(text, at + 1):
        at += missing
    return at
