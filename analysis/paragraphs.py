"""Cutting a post into paragraphs, the unit that is tagged."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from itertools import pairwise

from archive.markup import render

EMPTY_LINES = re.compile(r"\n[^\S\n]*\n\s*")
# "-- " alone on a line opens a signature since the days of mail; "__" and a run of dashes do on forums.
SIGNATURE_MARK = re.compile(r"(?:--|__+|—|-{3,})[ \t]*(?:\n|$)|-- \S")
# What people write below a line of dashes and is no signature: a later addition, or talk.
ADDED = re.compile(r"[\s_—-]*\[?(?:edit|update|eta|p\.?\s?s|mod(?:erator)?|admin|staff)\b", re.I)
TALK = re.compile(r"\b(?:i|i'm|i’m|we|they|he|she|it|me|us|them|you)\b", re.I)
SIGNATURE_WORDS = 40
FAREWELL = re.compile(
    r"(?:(?:best|kind|warm|many) )?(?:regards|wishes|thanks|cheers|sincerely|yours(?: truly| sincerely)?)\b[.!]?"
    r"(?:(?:,|[^\S\n]*\n)(?P<name>.*))?",
    re.I | re.S,
)
NAME_WORDS = 4
# What stands small inside names ("Ann of Harbour Soap").
NAME_LINKS = frozenset(("and", "at", "by", "de", "from", "of", "the", "van", "von", "&", "-"))
# A longer word in capitals is a shout, a shorter one can be initials.
INITIALS = 3
ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
# The address of a thread, on any of the forums' systems.
THREAD_ADDRESS = re.compile(r"https?://\S*/(?:t|td-p|m-p|discussions/t)/\S+|https?://\S*thread\.jspa\S*")
# So few words beside a thread's address only point at it ("was here, but it is gone"), unless they are about what
# sellers write about.
POINTING_WORDS = 14
SUBSTANCE = re.compile(
    r"\b(?:me|us|never|nobody|no one|without|(?:opt|enrol|sign|agree|ask|told|tell|charg|refund|return|switch|turn|forc"
    r"|fee|cost|label|setting|toggle|notice|warn|support|default)\w*)\b",
    re.I,
)
TAG = r"[^\s,;.!?]+(?: [^\s,;.!?]+){0,3}"
# What the interface of a forum leaves in copied text: counters, buttons, banners, place in the thread. After "Re:" stands
# a title: a few words, no second clause.
RESIDUE = re.compile(
    r"(?:\d+ (?:likes?|replies|reply|views?|posts?)|reply|quote|share|report|sign in|log ?in|read only|read more"
    r"|load more|latest reply|back to top|message \d+ of \d+|page \d+ of \d+|re: (?:\S*[^\s,;.:!?] ){0,9}\S+"
    rf"|tags?: ?{TAG}(?:[,;] ?{TAG})*"
    r"|seller forums|countries|country changed|edited .{0,60}\d{4}.{0,20})",
    re.I,
)
# How a marketplace's letters open, and close.
LETTER_OPENING = re.compile(
    r"[\"'“‘*]*(?:dear (?:\w+ ){0,3}(?:seller|partner|merchant|customer|member)s?\b"
    r"|(?:hello|hi|greetings),? (?:from amazon|valued |selling partner|sellers\b)"
    r"|subject: |from: .{0,80}@|(?:good|great|exciting) news[!,]|welcome aboard|introducing [A-Z])",
    re.I,
)
LETTER_CLOSING = re.compile(
    r"(?:sincerely|(?:(?:best|kind|warm) )?regards\b(?! to\b)|thank you for selling|the .{1,40} team[.!]?[ \t]*(?=\n|\Z)"
    r"|please do not reply|©|you are receiving this)",
    re.I,
)
LINE = re.compile(r"[^\n]+")
QUOTED_LINE = re.compile(r"[ \t]*>")
# "On Mon, Jan 3, 2024 at 9:00 AM Bob wrote:", as programs for mail put it before what is answered.
ATTRIBUTION = re.compile(r"on [^\n]{0,30}\d[^\n]{0,100} wrote:", re.I)
BBCODE = re.compile(r"\[(?:(?P<opens>quote\b[^\]\n]*)|/quote)\]", re.I)
OWN_WORDS = frozenset(("text", "heading", "list", "table"))
# Shorter opening texts are repeated by chance ("Thanks!").
DOUBLED_AT_LEAST = 60


@dataclass(frozen=True)
class Paragraph:
    """A stretch of a post, `text[start:end]` in code points, without blanks at its ends.

    `kind`: `text`, `heading`, `list` (all its items), `table` (all its rows), `quote`, `preview`, `code`, `image`,
    `signature`, `navigation` (interface words, titles of other threads, a second copy of the opening text).
    `source`: of a quotation or preview, as in `archive.markup.Block`.
    """

    kind: str
    start: int
    end: int
    source: dict[str, str] = field(default_factory=dict)


def paragraphs(html: str, text: str, link_titles: Collection[str] = ()) -> list[Paragraph]:
    """The paragraphs of a post, in order, without overlap; every visible character is in one.

    `text` is the post's as archived, into which all offsets point. If its markup is missing, or does not render to just
    this text, the text is cut at empty lines. `link_titles` are the words of the post's links: several lines, or all of
    a post, of which every line is one are navigation.
    """
    rendered = render(html)
    if rendered.text == text:
        found = [Paragraph(block.kind, block.start, block.end, block.source) for block in rendered.blocks]
        found = _joined(found)
    else:
        found = [Paragraph("text", 0, len(text))]
    quotations = _bbcode(text)
    cut = _quoted([piece for paragraph in found for piece in _cut(paragraph, text, quotations)], text, quotations)
    return _signed(_told_apart(cut, text, frozenset(title.strip() for title in link_titles if title.strip())), text)


def without_addresses(text: str) -> str:
    """The text with its addresses masked character by character, so that offsets hold: the words of an address are its
    forum's, not the author's."""
    return ADDRESS.sub(lambda address: "\ufffc" * len(address[0]), text)


def _joined(blocks: list[Paragraph]) -> list[Paragraph]:
    """The items of a list as one paragraph, and the rows of a table: `render` parts them by one line end only."""
    joined: list[Paragraph] = []
    for block in blocks:
        last = joined[-1] if joined else None
        if last and block.kind == last.kind and block.kind in ("list", "table") and block.start == last.end + 1:
            joined[-1] = replace(last, end=block.end)
        else:
            joined.append(block)
    return joined


def _cut(paragraph: Paragraph, text: str, quotations: list[tuple[int, int]]) -> list[Paragraph]:
    """The pieces between empty lines (code keeps its own), and of text what others wrote and the author, trimmed."""
    places = [(paragraph.start, paragraph.start)]
    if paragraph.kind != "code":
        places += [gap.span() for gap in EMPTY_LINES.finditer(text, paragraph.start, paragraph.end)]
    if paragraph.kind == "text":
        borders = [*_borders(text, paragraph), *(border for quotation in quotations for border in quotation)]
        places += [(border, border) for border in borders if paragraph.start < border < paragraph.end]
    places.append((paragraph.end, paragraph.end))
    places.sort()
    pieces = []
    for (_, start), (end, _) in pairwise(places):
        piece = text[start:end]
        start += len(piece) - len(piece.lstrip())
        end = start + len(piece.strip())
        if start < end:
            pieces.append(replace(paragraph, start=start, end=end))
    return pieces


def _borders(text: str, paragraph: Paragraph) -> list[int]:
    """Where a line begins or ends what somebody else wrote: a pasted letter, a mail that is answered."""
    borders: list[int] = []
    quoted = letter = closing = False
    for line in LINE.finditer(text, paragraph.start, paragraph.end):
        words = line[0].strip()
        if (QUOTED_LINE.match(line[0]) is not None) != quoted:
            quoted = not quoted
            borders.append(line.start())
        if ATTRIBUTION.fullmatch(words):
            borders += line.span()
        closes = letter and LETTER_CLOSING.match(words) is not None
        if closing and not closes:
            borders.append(line.start())
            letter = False
        closing = closes
        if not letter and LETTER_OPENING.match(words):
            borders.append(line.start())
            letter = True
    return borders


def _bbcode(text: str) -> list[tuple[int, int]]:
    """The outermost quotations in forum code (`[quote="jo"]...[/quote]`) that nobody rendered."""
    spans: list[tuple[int, int]] = []
    open_at: list[int] = []
    for tag in BBCODE.finditer(text):
        if tag["opens"]:
            open_at.append(tag.start())
        elif open_at:
            start = open_at.pop()
            while spans and spans[-1][0] > start:
                spans.pop()
            spans.append((start, tag.end()))
    return spans


def _quoted(found: list[Paragraph], text: str, quotations: list[tuple[int, int]]) -> list[Paragraph]:
    """What stands in forum code, or after "Bob wrote:" (to the end, unless its lines are marked), as quotations."""
    result = []
    answered = False
    for place, paragraph in enumerate(found):
        attribution = paragraph.kind == "text" and ATTRIBUTION.fullmatch(text, paragraph.start, paragraph.end)
        if attribution:
            after = found[place + 1] if place + 1 < len(found) else None
            answered = after is not None and after.kind in OWN_WORDS and not QUOTED_LINE.match(text, after.start)
        inside = any(start <= paragraph.start and paragraph.end <= end for start, end in quotations)
        if paragraph.kind in OWN_WORDS and (attribution or answered or inside):
            paragraph = replace(paragraph, kind="quote")
        result.append(paragraph)
    return result


def _told_apart(found: list[Paragraph], text: str, link_titles: frozenset[str]) -> list[Paragraph]:
    """Interface words, titles of threads and the second copy of a doubled opening marked as navigation."""
    result = []
    marked = _doubled(found, text) | _lists_of_links(found, text, link_titles)
    for place, paragraph in enumerate(found):
        if paragraph.kind in OWN_WORDS and (place in marked or _is_navigation(text[paragraph.start : paragraph.end])):
            paragraph = replace(paragraph, kind="navigation")
        result.append(paragraph)
    return result


def _is_navigation(words: str) -> bool:
    if RESIDUE.fullmatch(words):
        return True
    if ADDRESS.search(words):
        others = ADDRESS.sub(" ", words)
        count = len(others.split())
        return count == 0 or (
            count <= POINTING_WORDS and THREAD_ADDRESS.search(words) is not None and not SUBSTANCE.search(others)
        )
    return False


def _lists_of_links(found: list[Paragraph], text: str, link_titles: frozenset[str]) -> frozenset[int]:
    """Places of neighbouring paragraphs in which every line is a link. One linked sentence among others can be the
    author's own; several lines of nothing but links, or a post of nothing else, point at other threads."""
    if not link_titles:
        return frozenset()
    marked: set[int] = set()
    run: list[int] = []
    lines_in_run = 0
    for place, paragraph in enumerate([*found, None]):
        lines = (
            [] if paragraph is None else [line.strip() for line in text[paragraph.start : paragraph.end].split("\n")]
        )
        lines = [line for line in lines if line]
        if paragraph is not None and paragraph.kind in OWN_WORDS and lines and link_titles.issuperset(lines):
            run.append(place)
            lines_in_run += len(lines)
            continue
        if lines_in_run > 1 or len(run) == len(found):
            marked.update(run)
        run, lines_in_run = [], 0
    return frozenset(marked)


def _doubled(found: list[Paragraph], text: str) -> frozenset[int]:
    """Places of the second copy where a post begins with the same paragraphs twice (Amazon's new forum prints so)."""
    if len(found) < 2:
        return frozenset()
    words = [text[paragraph.start : paragraph.end] for paragraph in found]
    for length in range(1, len(words) // 2 + 1):
        if words[length] == words[0] and words[:length] == words[length : 2 * length]:
            if sum(map(len, words[:length])) >= DOUBLED_AT_LEAST:
                return frozenset(range(length, 2 * length))
            return frozenset()
    return frozenset()


def _signed(found: list[Paragraph], text: str) -> list[Paragraph]:
    """What stands at and after a signature mark near the end, or a farewell as the last paragraph, is a signature."""
    first = len(found)
    for place in range(max(1, len(found) - 3), len(found)):
        if found[place].kind == "text" and SIGNATURE_MARK.match(text, found[place].start, found[place].end):
            first = place if _is_signature(text[found[place].start : found[-1].end]) else first
            break
    else:
        if len(found) > 1 and found[-1].kind == "text" and _is_farewell(text[found[-1].start : found[-1].end]):
            first = len(found) - 1
    return found[:first] + [
        replace(paragraph, kind="signature") if paragraph.kind == "text" else paragraph for paragraph in found[first:]
    ]


def _is_signature(words: str) -> bool:
    """Whether what stands from a mark to the end of a post is its author's signature."""
    return not ADDED.match(words) and not TALK.search(words) and len(words.split()) <= SIGNATURE_WORDS


def _is_farewell(words: str) -> bool:
    """Whether `words` are a greeting at the end, with a name or without."""
    farewell = FAREWELL.fullmatch(words)
    if farewell is None:
        return False
    name = (farewell["name"] or "").replace(",", " ").split()
    return len(name) <= 1 or (len(name) <= NAME_WORDS and all(map(_in_a_name, name)))


def _in_a_name(word: str) -> bool:
    return word in NAME_LINKS or (not word[0].islower() and not (word.isupper() and len(word) > INITIALS))
