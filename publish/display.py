"""A post's markup, made safe to show: a small set of elements, no pictures from elsewhere, masked, evidence marked.

Written out anew from the parsed tree; what is not named here does not come through. Elements of a fragment keep no
attributes but the address of a link, which is http(s) only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from itertools import islice, pairwise
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from publish import shortcodes
from publish.layout import Layout, lay, text_nodes
from publish.masking import Masked, Masker

# Element in the source -> element on the page.
ELEMENTS = {
    tag: tag
    for tag in (
        "p blockquote pre code strong b em i u s del ins sub sup ul ol li table thead tbody tr th td dl dt dd"
        " details summary kbd small div"
    ).split()
} | {
    "strike": "s",
    "mark": "em",
    "section": "div",
    "article": "div",
    "figure": "div",
    "figcaption": "div",
    "center": "div",
    "tfoot": "tbody",
}
# A post is headed by its author, at the second level; its own headings stand below that, and skip no level.
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
HIGHEST_HEADING = 3
VOID = frozenset(("br", "hr"))
# Dropped with all that is in them.
DROPPED = frozenset(
    "script style template svg math object embed applet noscript noembed noframes head title meta link base form input"
    " button select option textarea canvas map area frame frameset plaintext xmp".split()
)
EMBEDDED = frozenset(("iframe", "video", "audio"))
# Interface words among the author's: sizes of pictures, buttons.
DROPPED_CLASSES = frozenset(("meta", "quote-controls", "expand-post", "cooked-selection-barrier"))
DEEPEST = 40
# What joins a word to its neighbour: a name may be masked with them, or only without.
SIGNS_OF_NAMES = "_@.-+'’/#"
# Characters that a reader takes in without losing the post around them.
SHORT_QUOTATION = 280


@dataclass(frozen=True)
class Evidence:
    """Words of a text that a tag rests on. `label` says to a reader what they are evidence for."""

    start: int
    end: int
    kind: str
    label: str


@dataclass(frozen=True)
class Target:
    """What a link leads to: the state of that thread, its address on this site if it is held, and the name of the place
    on the page of the linking thread that says what became of it."""

    state: str
    here: str | None
    place: str | None = None


@dataclass(frozen=True)
class Shown:
    """A post as it is published."""

    text: Masked
    html: str


@dataclass
class _Piece:
    start: int
    end: int
    replacement: str | None = None
    labels: list[tuple[str, str]] = field(default_factory=list)


class Display:
    """Makes posts of one forum fit to show."""

    def __init__(self, masker: Masker, site_id: str, base_url: str) -> None:
        self._masker = masker
        self._site = site_id
        self._base = base_url.rstrip("/") + "/"

    def show(
        self,
        text: str,
        html: str,
        evidence: tuple[Evidence, ...] = (),
        targets: Mapping[str, Target] | None = None,
        paragraphs: tuple[tuple[int, int, int], ...] = (),
        pictures: Mapping[str, str] | None = None,
    ) -> Shown:
        """A post's text and markup, masked and safe, the words of `evidence` (spans of `text`) marked.

        `targets` says of a link's absolute address what it leads to. Of `paragraphs` (number, start, end in `text`)
        each gets an empty `<span data-par="number">` where it begins. `pictures` says of a picture's absolute address
        where it is on this site; the others become words.
        """
        masked = self._masker.mask(self._site, text)
        pieces: defaultdict[int, list[_Piece]] = defaultdict(list)
        starts: defaultdict[int, list[int]] = defaultdict(list)
        if html and (evidence or masked.edits or paragraphs):
            layout = lay(html, text)
            if layout is not None:
                self._place(layout, masked, evidence, pieces)
                for number, start, end in paragraphs:
                    for node, _, _ in islice(layout.pieces(start, end), 1):
                        starts[node].append(number)
        return Shown(masked, _Writer(self, masked.text, pieces, targets or {}, starts, pictures or {}).write(html))

    def _place(
        self,
        layout: Layout,
        masked: Masked,
        evidence: tuple[Evidence, ...],
        pieces: defaultdict[int, list[_Piece]],
    ) -> None:
        for edit in masked.edits:
            replacement = edit.replacement
            for node, start, end in layout.pieces(edit.start, edit.end):
                pieces[node].append(_Piece(start, end, replacement))
                replacement = ""
        for words in evidence:
            for node, start, end in layout.pieces(words.start, words.end):
                pieces[node].append(_Piece(start, end, None, [(words.kind, words.label)]))

    def text(self, text: str) -> str:
        return self._masker.text(self._site, text)

    def person(self, name: str) -> str:
        return self._masker.person(self._site, name)

    def address(self, url: str | None) -> str | None:
        """An absolute http(s) address, masked; None for any other."""
        if not url:
            return None
        try:
            absolute = urljoin(self._base, url.strip())
            parts = urlsplit(absolute)
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
            return None
        return self._masker.url(self._site, absolute)

    def absolute(self, url: str) -> str:
        """The address as the archive's table of links has it, to look it up there."""
        try:
            return urljoin(self._base, url.strip())
        except ValueError:
            return url


class _Writer:
    def __init__(
        self,
        display: Display,
        published: str,
        pieces: Mapping[int, list[_Piece]],
        targets: Mapping[str, Target],
        starts: Mapping[int, list[int]],
        pictures: Mapping[str, str],
    ) -> None:
        self._display = display
        self._published = published
        self._pieces = pieces
        self._targets = targets
        self._starts = starts
        self._pictures = pictures
        self._waiting: list[int] = []
        self._parts: list[str] = []
        self._open: list[str] = []
        # The headings of the source that what is being written stands under.
        self._under: list[str] = []
        self._links = 0

    def write(self, html: str) -> str:
        if not html:
            return ""
        tree = LexborHTMLParser(html, is_fragment=True)
        self._numbers = {node.mem_id: number for number, node in enumerate(text_nodes(tree))}
        # Iterative, because hostile markup nests deeper than Python's stack.
        stack: list[LexborNode | Callable[[], None]] = list(reversed(_children(tree.root)))
        while stack:
            node = stack.pop()
            if not isinstance(node, LexborNode):
                node()
                continue
            leave = self._enter(node)
            if leave is not None:
                stack.append(leave)
                stack.extend(reversed(_children(node)))
        return "".join(self._parts).strip()

    def _enter(self, node: LexborNode) -> Callable[[], None] | None:
        """Write what the node begins with; None if its children are not wanted, else what to do after them."""
        tag = node.tag or ""
        if tag == "-text":
            self._text(node)
            return None
        if tag.startswith(("-", "_", "!")) or tag in DROPPED:
            return None
        attributes = node.attributes
        classes = frozenset((attributes.get("class") or "").split())
        if classes & DROPPED_CLASSES or (self._open[-1:] == ["quote"] and "title" in classes):
            return None
        if tag in VOID:
            self._parts.append(f"<{tag}>")
        elif tag == "img":
            self._picture(attributes, classes)
        elif tag in EMBEDDED:
            self._reference(attributes.get("src"), "embedded", attributes.get("title") or "")
            return None
        elif tag == "a":
            return self._link(attributes.get("href"))
        elif tag == "aside":
            return self._aside(node, attributes, classes)
        elif tag in HEADINGS:
            return self._element(self._heading(tag))
        elif tag in ELEMENTS:
            return self._element(ELEMENTS[tag])
        return _nothing

    def _heading(self, tag: str) -> str:
        """The element for a heading: one level below the heading that it stands under."""
        self._under = [*(above for above in self._under if above < tag), tag]
        return HEADINGS[min(HIGHEST_HEADING - 2 + len(self._under), len(HEADINGS) - 1)]

    def _element(self, name: str, before: str = "", after: str = "", kind: str = "") -> Callable[[], None]:
        if len(self._open) >= DEEPEST:
            return _nothing
        self._parts.append(f'<{name} class="{kind}">{before}' if kind else f"<{name}>{before}")
        self._open.append(kind or name)

        def leave() -> None:
            self._open.pop()
            self._parts.append(f"{after}</{name}>")

        return leave

    def _aside(
        self, node: LexborNode, attributes: Mapping[str, str | None], classes: frozenset[str]
    ) -> Callable[[], None]:
        if "quote" in classes:
            length = len(node.text(deep=True))
            name, post = attributes.get("data-username"), attributes.get("data-post") or ""
            thread = node.css_first(".title a[href]")
            if not name and thread is not None:
                # The forum's own preview of another thread: nobody is quoted.
                title = self._display.text(" ".join(thread.text(deep=True).split()))
                return self._quotation(f"The thread “{title}”", thread.attributes.get("href") or "", length)
            who = self._display.person(name) if name else "somebody"
            number = f", post {post}" if post.isdigit() else ""
            return self._quotation(f"From {who}{number}", f"/t/{attributes.get('data-topic') or ''}/{post}", length)
        if "onebox" in classes:
            address = self._display.address(attributes.get("data-onebox-src"))
            before = f'<p class="said">{self._anchor(address)}{escape(address)}</a></p>' if address else ""
            return self._element("blockquote", before, kind="preview")
        return self._element("div")

    def _quotation(self, said: str, address: str, length: int) -> Callable[[], None]:
        """A quotation with the way to its source, where that is held; a long one is folded."""
        if len(self._open) >= DEEPEST:
            return _nothing
        target = self._targets.get(self._display.absolute(address))
        source = ""
        if target:
            source = (
                f' <a class="held" href="{escape(target.here)}">to the source</a>' if target.here else _fate(target)
            )
        self._parts.append(
            f'<details class="quote"{" open" if length <= SHORT_QUOTATION else ""}><summary>{escape(said)}</summary><div>'
        )
        self._open.append("quote")

        def leave() -> None:
            self._open.pop()
            self._parts.append(f"{source}</div></details>")

        return leave

    def _link(self, href: str | None) -> Callable[[], None]:
        address = self._display.address(href)
        if address is None or self._links:
            return _nothing
        self._links += 1
        begin = len(self._parts)
        self._parts.append(self._anchor(address))
        target = self._targets.get(self._display.absolute(href or ""))

        def leave() -> None:
            self._links -= 1
            # An anchor of a heading has no words: nobody could say where it leads.
            if "".join(self._parts[begin + 1 :]).strip():
                self._parts.append("</a>")
            else:
                del self._parts[begin]
            if target:
                self._parts.append(_fate(target))
            self._mark_paragraphs()

        return leave

    def _picture(self, attributes: Mapping[str, str | None], classes: frozenset[str]) -> None:
        label = attributes.get("title") or attributes.get("alt") or ""
        if "emoji" in classes:
            character = shortcodes.shown(label)
            known = character != label or not shortcodes.CODE.fullmatch(label)
            words = escape(self._display.text(character))
            self._parts.append(words if known else f"<small>{words}</small>")
        elif "avatar" in classes or "site-icon" in classes:
            return
        elif here := self._pictures.get(self._display.absolute(attributes.get("src") or "")):
            alt = escape(self._display.text(" ".join(label.split())))
            self._parts.append(f'<img src="{here}" alt="{alt}" loading="lazy">')
        else:
            self._reference(attributes.get("src"), "picture", attributes.get("alt") or label)

    def _reference(self, src: str | None, what: str, label: str) -> None:
        """A word in place of something that would be loaded from another host, and where it is."""
        label = self._display.text(" ".join(label.split()))
        words = escape(f"[{what}: {label}]" if label else f"[{what}]")
        address = self._display.address(src)
        linked = f"{self._anchor(address)}{words}</a>" if address and not self._links else words
        self._parts.append(f'<span class="elsewhere">{linked}</span>')

    def _anchor(self, address: str) -> str:
        return f'<a href="{escape(address)}" rel="nofollow noreferrer ugc">'

    def _text(self, node: LexborNode) -> None:
        text = node.text_content or ""
        pieces = self._pieces.get(self._numbers.get(node.mem_id, -1), [])
        self._waiting += self._starts.get(self._numbers.get(node.mem_id, -1), [])
        if not self._links:
            self._mark_paragraphs()
        at = 0
        for start, end, replacement, labels in _segments(pieces):
            self._words(text[at:start])
            self._mark(text[start:end], replacement, labels)
            at = end
        self._words(text[at:])

    def _mark_paragraphs(self) -> None:
        # Not within a link: what stands there later can be pressed itself.
        self._parts += [f'<span data-par="{number}"></span>' for number in self._waiting]
        self._waiting.clear()

    def _words(self, text: str) -> None:
        if text:
            # What stands in the post's text, masked as that is, needs no mask; that of one line takes a tenth of the time.
            words = text if stands_in(text.strip(), self._published) else self._display.text(text)
            self._parts.append(escape(words, quote=False))

    def _mark(self, text: str, replacement: str | None, labels: list[tuple[str, str]]) -> None:
        words = self._display.text(text) if replacement is None else replacement
        if not labels or not words:
            self._parts.append(escape(words, quote=False))
            return
        kinds = " ".join(sorted({kind for kind, _ in labels}))
        title = "; ".join(dict.fromkeys(label for _, label in labels))
        self._parts.append(f'<mark class="{escape(kinds)}" title="{escape(title)}">{escape(words, quote=False)}</mark>')


def _fate(target: Target) -> str:
    """What became of the thread that a link leads to, behind the link."""
    if target.here is None:
        words = {"gone": "vanished", "recovered": "vanished"}.get(target.state, "not held")
        if target.place is None:
            return f' <span class="fate {escape(target.state)}">[{words}]</span>'
        return f' <a class="fate {escape(target.state)}" href="#{escape(target.place)}">[{words}]</a>'
    words = {"gone": "vanished, held here", "recovered": "vanished, recovered here"}.get(target.state, "held here")
    return f' <a class="held {escape(target.state)}" href="{escape(target.here)}">[{words}]</a>'


def stands_in(words: str, text: str) -> bool:
    """True if `words` stand in `text` by themselves, with no letter, digit or sign of a name at either side."""
    at = text.find(words)
    if at < 0:
        return False
    around = text[max(at - 1, 0) : at] + text[at + len(words) : at + len(words) + 1]
    return not any(sign.isalnum() or sign in SIGNS_OF_NAMES for sign in around)


def _segments(pieces: list[_Piece]) -> list[tuple[int, int, str | None, list[tuple[str, str]]]]:
    """Stretches of a text node, in order and disjoint, with what stands there instead and what they are evidence of."""
    masks = [piece for piece in pieces if piece.replacement is not None]
    cuts = sorted({offset for piece in pieces for offset in (piece.start, piece.end)})
    # A mask is never cut: it stands for its words as a whole.
    cuts = [cut for cut in cuts if not any(mask.start < cut < mask.end for mask in masks)]
    segments = []
    for start, end in pairwise(cuts):
        over = [piece for piece in pieces if piece.start < end and start < piece.end]
        if over:
            replacement = next((piece.replacement for piece in over if piece.replacement is not None), None)
            segments.append((start, end, replacement, [label for piece in over for label in piece.labels]))
    return segments


def _children(node: LexborNode | None) -> list[LexborNode]:
    return [] if node is None else list(node.iter(include_text=True))


def _nothing() -> None:
    return None
