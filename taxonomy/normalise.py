"""Text as the matchers read it, with the way back to the author's own characters.

Names are written with no-break spaces, curly quotes, full-width letters, soft hyphens and line ends inside them. All
matching runs on a folded form; every span found there maps back to code points of the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Characters that take no room on the page: soft hyphen, zero-width ones, direction marks, variation selectors.
INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"
# What folding takes out: the invisible, and all but the first of a run of blanks.
DROPPED = re.compile(rf"(?<= )[ {INVISIBLE}]+|[{INVISIBLE}]+")
BETWEEN_WORDS = re.compile(r"(?<=\w)[-\u2010-\u2013](?=\w)")
BLANK = re.compile(r"[\t\n\r\f\v\x1c-\x1f]")
NOT_ASCII = re.compile(r"[^\x00-\x7f]")
QUOTES = dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u00b4", "'") | dict.fromkeys(
    "\u201c\u201d\u201e\u201f\u00ab\u00bb", '"'
)


class _Plain(dict[str, str]):
    """One character for one character: quotes, blanks, compatibility forms, `İ` (whose lower case is longer), halves of
    surrogate pairs (which cannot be encoded)."""

    def __missing__(self, char: str) -> str:
        if "\ud800" <= char <= "\udfff":
            return "\ufffd"
        plain = " " if char.isspace() else unicodedata.normalize("NFKC", char)
        self[char] = plain if len(plain) == 1 else char
        return self[char]


PLAIN = _Plain(QUOTES | {"\u0130": "I"})


@dataclass(frozen=True)
class Folded:
    """A text in folded form: `text` in lower case, `cased` the same in its own case, of equal length.

    `offsets[i]` is where character i of it stands in the original; None where the lengths are the same.
    """

    text: str
    cased: str
    offsets: Sequence[int] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` (not empty) stands in the original, in code points."""
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1


def fold(text: str) -> Folded:
    """`text` with quotes, blanks and letter forms made alike, hyphens between words as blanks, runs of blanks as one.

    Invisible characters go, line ends become blanks. The original is any Unicode at all.
    """
    offsets: Sequence[int] | None = None
    plain = text.isascii()
    if not plain:
        text = NOT_ASCII.sub(lambda match: PLAIN[match[0]], text)
    text = BLANK.sub(" ", text)
    if "  " in text or (not plain and DROPPED.search(text)):
        kept: list[int] = []
        parts: list[str] = []
        place = 0
        for gap in DROPPED.finditer(text):
            parts.append(text[place : gap.start()])
            kept.extend(range(place, gap.start()))
            place = gap.end()
        parts.append(text[place:])
        kept.extend(range(place, len(text)))
        text, offsets = "".join(parts), kept
    if not plain or "-" in text:
        text = BETWEEN_WORDS.sub(" ", text)
    return Folded(text.lower(), text, offsets)


def is_word(char: str) -> bool:
    """Whether `char` continues a word: a letter, a digit, an underscore, or a mark on a letter."""
    return char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"


def whole(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` begins and ends where words do, in any script."""
    if start > 0 and is_word(text[start]) and is_word(text[start - 1]):
        return False
    return not (end < len(text) and is_word(text[end - 1]) and is_word(text[end]))
