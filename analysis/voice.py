"""Whose words a paragraph holds. Themes are coded for the author's own voice (`seller`) only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ahocorasick_rs import AhoCorasick

from analysis.literals import required
from analysis.paragraphs import Paragraph

STAFF_HANDLES = re.compile(r".+_amazon|.+@(?:ebay|etsy|walmart|amazon)|(?:news|seller_?support)_.+", re.I)
BY_KIND = {"quote": "quotation", "preview": "press", "navigation": "navigation"}

# How a marketplace's letters open, and close.
OPENING = re.compile(
    r"[\"'“‘*]*(?:dear (?:\w+ ){0,3}(?:seller|partner|merchant|customer|member)s?\b"
    r"|(?:hello|hi|greetings),? (?:from amazon|valued |selling partner|sellers\b)"
    r"|subject: |from: .{0,80}@|(?:good|great|exciting) news[!,]|welcome aboard|introducing [A-Z])",
    re.I,
)
CLOSING = re.compile(
    r"(?:sincerely|regards|thank you for selling|the .{1,40} team\b|please do not reply|©|you are receiving this)", re.I
)
# Sentences that a platform writes and a seller does not.
OFFICIAL = (
    r"(?:starting|beginning|effective|as of|from) (?:on )?(?:january|february|march|april|may|june|july|august"
    r"|september|october|november|december|today)\b",
    r"we(?: are|'re|’re) (?:pleased|excited|happy|introducing|updating|simplifying|making|extending|launching|writing)",
    r"we(?:'ll|’ll| will) (?:promote|provide|automatically|manage|issue|enrol|charge|continue to)",
    r"your (?:eligible|default|professional|selling|individual) \w+",
    r"you (?:may|can) (?:now |disable|opt out|change|update|set|manage)",
    r"no action is (?:needed|required)",
    r"there is (?:nothing you need|no need) to ",
    r"you (?:do not|don't|don’t) need to (?:do|take)",
    r"participation is (?:required|mandatory|optional)",
    r"to learn more",
    r"for more information",
    r"(?:sellers?|units|products|items|accounts) (?:\w+ ){0,8}will (?:no longer )?be ",
    r"exemptions will\b",
    r"you(?:'ll|’ll| will) be (?:charged|enrolled|included|able)",
    r"customers will be able",
)
ANY_OFFICIAL = re.compile(rf"\b(?:{'|'.join(OFFICIAL)})")
# Every such sentence holds one of these: most paragraphs need not be looked through.
OFFICIAL_WORDS = AhoCorasick(sorted(set().union(*(required(pattern)[0] for pattern in OFFICIAL))))
PERSONAL = re.compile(r"\b(?:i|i'm|i’m|i've|i’ve|my|me|imho|lol)\b", re.I)
WHOLLY_QUOTED = re.compile(r"[\"“«](?:[^\"“”«»]{40,})[\"”»][.)]?", re.S)
QUOTED_LINES = re.compile(r"(?:[ \t]*>[^\n]*(?:\n|$))+")
STAFF_NOTE = re.compile(r"\[?(?:mod(?:erator)?|admin|staff)(?:'s)? (?:edit|note)\b", re.I)
# A pasted letter goes on for at most so many paragraphs after its opening.
LETTER = 15


def voices(found: Sequence[Paragraph], text: str, *, author: str, role: str) -> list[tuple[str, str]]:
    """For each paragraph the voice and the rule that decided it.

    `author` is the name that the forum shows, `role` as in `authors.role`. The last resort is the author's own voice:
    `seller`, or `staff`.
    """
    own = ("staff", "role") if role == "staff" else ("staff", "handle") if STAFF_HANDLES.fullmatch(author) else None
    result = [_voice(paragraph, text[paragraph.start : paragraph.end], own) for paragraph in found]
    _letters(found, text, result, own)
    if own is None:
        _neighbours(found, text, result)
    return result


def _voice(paragraph: Paragraph, words: str, own: tuple[str, str] | None) -> tuple[str, str]:
    if paragraph.kind in BY_KIND:
        return BY_KIND[paragraph.kind], f"kind {paragraph.kind}"
    if QUOTED_LINES.fullmatch(words):
        return "quotation", "lines that begin with >"
    if STAFF_NOTE.match(words):
        return "staff", "moderator's note"
    if paragraph.kind in ("text", "list") and not own:
        official = _official(words)
        quoted = WHOLLY_QUOTED.fullmatch(words.strip())
        if (quoted or official >= 2) and not PERSONAL.search(words):
            if not quoted:
                return "announcement", "official sentences"
            return ("announcement", "quoted official words") if official else ("quotation", "in quotation marks")
    return own or ("seller", "author")


def _official(words: str) -> int:
    """How many sentences that only a platform writes there are."""
    words = words.lower()
    return len(ANY_OFFICIAL.findall(words)) if OFFICIAL_WORDS.find_matches_as_indexes(words) else 0


def _letters(found: Sequence[Paragraph], text: str, result: list[tuple[str, str]], own: tuple[str, str] | None) -> None:
    """Mark pasted e-mails: from an opening to a closing, or as far as nobody speaks for himself."""
    place = 0
    while place < len(found):
        paragraph = found[place]
        if own or paragraph.kind != "text" or not OPENING.match(text, paragraph.start, paragraph.end):
            place += 1
            continue
        last = place
        for other in range(place, min(place + LETTER, len(found))):
            words = text[found[other].start : found[other].end]
            if found[other].kind not in ("text", "list", "heading") or (other > place and PERSONAL.search(words)):
                break
            if CLOSING.search(words):
                last = other
                break
            if _official(words) or other == place:
                last = other
        first_words = text[paragraph.start : paragraph.end]
        # "Dear seller," can be irony: a letter has official sentences, or a closing.
        if any(
            _official(text[p.start : p.end]) or CLOSING.search(text[p.start : p.end]) for p in found[place : last + 1]
        ) and not (last == place and PERSONAL.search(first_words)):
            for number in range(place, last + 1):
                result[number] = ("email", "pasted letter")
        place = last + 1


def _neighbours(found: Sequence[Paragraph], text: str, result: list[tuple[str, str]]) -> None:
    """A pasted announcement takes in the headings, lists and official sentences that stand next to it."""
    for step in (1, -1):
        order = range(len(found)) if step == 1 else range(len(found) - 1, -1, -1)
        for place in order:
            before = place - step
            if not 0 <= before < len(found) or result[place][0] != "seller":
                continue
            if result[before] not in (("announcement", "official sentences"), ("announcement", "beside official ones")):
                continue
            words = text[found[place].start : found[place].end]
            if not PERSONAL.search(words) and (
                found[place].kind in ("heading", "list", "table") or _official(words) or words.endswith(":")
            ):
                result[place] = ("announcement", "beside official ones")
