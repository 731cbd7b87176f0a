"""The words of a post around what was searched, its author's own first: what others say in it is set off as theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from publish import shortcodes
from publish.wording import VOICES, word

# Signs around a matching word, as full-text search sets them.
OPEN, CLOSE = "\x02", "\x03"
# Words shown of the author, words of somebody else beside them, and words before the first match.
OWN_WORDS, OTHER_WORDS, BEFORE = 40, 20, 6
# Matches of a passage that are tried as its beginning; a long post can have thousands.
TRIED = 50
# The voices that are a person's own, by the person's role.
OWN = {"staff": ("staff", "announcement")}
WORD = re.compile(r"\S+")
Span = tuple[int, int]


@dataclass(frozen=True)
class _Stretch:
    """`text[start:end]` in one voice, and the matches in it."""

    start: int
    end: int
    voice: str
    matches: tuple[Span, ...]


def snippet(marked: str, role: str | None, paragraphs: Sequence[Any]) -> Markup:
    """What to show of a post: its text with the matches `marked`, the role of its author, and rows of its paragraphs
    (`voice`, `start`, `end`; code points of the text) in their order. No words of two voices run into each other."""
    text, matches = _unmarked(marked)
    own = OWN.get(role or "", ("seller",))
    stretches = list(_stretches(text, matches, paragraphs, own))
    mine = _best(text, [stretch for stretch in stretches if stretch.voice in own], OWN_WORDS)
    others = _best(text, [stretch for stretch in stretches if stretch.voice not in own], OTHER_WORDS)
    if mine is None or (others and others.said and not mine.said):
        chosen = [others] if others else []
    else:
        chosen = [mine, others] if others and others.said - mine.said else [mine]
    return Markup(" ").join(_shown(text, passage, passage.stretch.voice not in own) for passage in chosen)


@dataclass(frozen=True)
class _Passage:
    """A part of a stretch to show; `said` are the different words in it that match, in small letters."""

    stretch: _Stretch
    start: int
    end: int
    said: frozenset[str]


def _unmarked(marked: str) -> tuple[str, list[Span]]:
    parts, matches, at, start = [], [], 0, 0
    for part in re.split(f"([{OPEN}{CLOSE}])", marked):
        if part == OPEN:
            start = at
        elif part == CLOSE:
            matches.append((start, at))
        else:
            parts.append(part)
            at += len(part)
    return "".join(parts), matches


def _stretches(text: str, matches: list[Span], paragraphs: Sequence[Any], own: Sequence[str]) -> Iterator[_Stretch]:
    """Paragraphs in one voice that follow each other, as one; all of a post that has none yet is its author's."""
    runs: list[tuple[int, int, str]] = []
    for row in paragraphs:
        if runs and runs[-1][2] == row["voice"]:
            runs[-1] = (runs[-1][0], row["end"], row["voice"])
        else:
            runs.append((row["start"], row["end"], row["voice"]))
    for start, end, voice in runs or [(0, len(text), own[0])]:
        yield _Stretch(start, end, voice, tuple(span for span in matches if start <= span[0] and span[1] <= end))


def _best(text: str, stretches: Sequence[_Stretch], words: int) -> _Passage | None:
    """The passage of so many words with the most different matches, the first of equals."""
    passages = [passage for stretch in stretches for passage in _passages(text, stretch, words)]
    return max(passages, key=lambda passage: len(passage.said), default=None)


def _passages(text: str, stretch: _Stretch, words: int) -> Iterator[_Passage]:
    spans = [match.span() for match in WORD.finditer(text, stretch.start, stretch.end)]
    if not spans:
        return
    for match in stretch.matches[:TRIED] or [spans[0]]:
        at = next((place for place, span in enumerate(spans) if span[1] > match[0]), 0)
        first = max(0, min(at - BEFORE, len(spans) - words))
        start, end = spans[first][0], spans[min(first + words, len(spans)) - 1][1]
        within = (span for span in stretch.matches if start <= span[0] and span[1] <= end)
        yield _Passage(stretch, start, end, frozenset(text[slice(*span)].casefold() for span in within))


def _shown(text: str, passage: _Passage, foreign: bool) -> Markup:
    parts, at = [], passage.start
    codes = shortcodes.spans(text)
    for match in passage.stretch.matches:
        # A word of an emoji's name stands for all of it.
        start, end = next((code for code in codes if code[0] <= match[0] and match[1] <= code[1]), match)
        if at <= start and end <= passage.end:
            parts += [text[at:start], Markup("<mark>{}</mark>").format(shortcodes.shown(text[start:end]))]
            at = end
    parts.append(text[at : passage.end])
    shown = Markup("").join(part if isinstance(part, Markup) else shortcodes.shown(part) for part in parts)
    before = "…" if text[passage.stretch.start : passage.start].strip() else ""
    after = "…" if text[passage.end : passage.stretch.end].strip() else ""
    if not foreign:
        return Markup("{}{}{}").format(before, shown, after)
    name = word(VOICES, passage.stretch.voice)
    return Markup('<span class="quiet">{}:</span> “{}{}{}”').format(name, before, shown, after)
