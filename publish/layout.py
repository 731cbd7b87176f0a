"""Where each stretch of a post's text stands in its markup.

`archive.markup.render` makes the text from the markup; tags and masks are spans of that text. To mark or mask the
same words in the markup, every text node is given two signs that no post uses, the result is rendered, and the signs
that come out tell which node each character is from. White space is folded on the way, so only the other characters
are matched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from archive.markup import render

# Signs from the two private planes of Unicode: one character a node, begin and end.
BEGIN, END = 0xF0000, 0x100000
MOST_NODES = 0xFFFD
SPACE = frozenset(" \t\r\n\f")


def text_nodes(tree: LexborHTMLParser) -> list[LexborNode]:
    """The text nodes of a fragment, in document order. Their place in this list is their number."""
    root = tree.root
    return [] if root is None else [node for node in root.traverse(include_text=True) if node.tag == "-text"]


class Layout:
    """The characters of a text (white space aside) and where in the markup they stand."""

    def __init__(self, positions: list[int], places: list[tuple[int, int] | None], lengths: list[int]) -> None:
        self._positions = positions
        self._places = places
        self._lengths = lengths

    def pieces(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """The parts of text nodes that make up `text[start:end]`: number of the node, begin and end in it.

        White space at the edge of a node, within the span, is part of it.
        """
        parts: defaultdict[int, list[int]] = defaultdict(list)
        for position, place in zip(self._positions, self._places, strict=True):
            if start <= position < end and place is not None:
                parts[place[0]].append(place[1])
        nodes = sorted(parts)
        for node in nodes:
            begin = 0 if node != nodes[0] else min(parts[node])
            yield node, begin, self._lengths[node] if node != nodes[-1] else max(parts[node]) + 1


def lay(html: str, text: str) -> Layout | None:
    """The layout of `text` in `html`, None if the text is not the rendering of this markup."""
    tree = LexborHTMLParser(html, is_fragment=True)
    nodes = text_nodes(tree)
    if len(nodes) > MOST_NODES or any(ord(character) >= BEGIN for character in html):
        return None
    contents = [node.text_content or "" for node in nodes]
    for number, (node, content) in enumerate(zip(nodes, contents, strict=True)):
        if not SPACE.issuperset(content):
            node.replace_with(chr(BEGIN + number) + content + chr(END + number))
    characters: list[str] = []
    places: list[tuple[int, int] | None] = []
    visible = [[at for at, character in enumerate(content) if character not in SPACE] for content in contents]
    node_number, seen = None, 0
    for character in render(tree.html or "").text:
        code = ord(character)
        if code >= END:
            node_number = None
        elif code >= BEGIN:
            node_number, seen = code - BEGIN, 0
        elif character not in SPACE:
            characters.append(character)
            if node_number is None or seen >= len(visible[node_number]):
                places.append(None)
            else:
                places.append((node_number, visible[node_number][seen]))
                seen += 1
    positions = [at for at, character in enumerate(text) if character not in SPACE]
    if "".join(characters) != "".join(text[at] for at in positions):
        return None
    return Layout(positions, places, [len(content) for content in contents])
