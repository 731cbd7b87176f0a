"""Masking: private names and numbers leave a text, and every offset into it moves along."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

from ahocorasick_rs import AhoCorasick, MatchKind

from publish.names import Names

# Groups that a forum lets one address with @: no persons.
GROUPS = frozenset("all everyone here staff admin admins moderator moderators mods team support".split())
MENTION = re.compile(r"(?<![\w@.])@(?=[\w.-]*[^\W\d_])([\w](?:[\w.-]{0,58}\w)?)(?![\w@])")
# The new seller forums call everybody who chose no name so.
SELLER_HANDLE = re.compile(r"(?<!\w)Seller_[0-9A-Za-z]{13}(?!\w)")
PROFILE = re.compile(r"(/(?:u|users|user_avatar/[^/?#]+|members?|profile)/)([^/?#\s]+)", re.IGNORECASE)
# What may stand between a bare name and the end of its word: an s (of more than one, or theirs), a number.
NAME_ENDING = re.compile(r"(?:s|\d+)?(?!\w)", re.IGNORECASE)
E_MAIL = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
# Each of these, or a sign of it, is looked for before the pattern that takes its time: most texts have none.
HANDLE_SIGN, PROFILE_SIGNS = "Seller_", ("/u/", "/users/", "/user_avatar/", "/member", "/profile/")
# What stands instead, what is looked for, and without how many digits there is none of it: looking takes time.
PATTERNS: tuple[tuple[str, re.Pattern[str], int], ...] = (
    ("[order id]", re.compile(r"(?<![\w-])(?:\d{3}-\d{7}-\d{7}|\d{2}-\d{5}-\d{5})(?![\w-])"), 12),
    ("[case id]", re.compile(r"(?i)\b(?:case|ticket|claim)\s*(?:id|no\.?|number|nr\.?|#)?\s*[:#=]?\s*(\d{8,14})\b"), 8),
    ("[tracking number]", re.compile(r"(?<!\w)1Z[0-9A-Z]{16}(?!\w)"), 1),
)
PHONES: tuple[re.Pattern[str], ...] = (
    re.compile(r"(?<![\w+])\+\d{1,3}(?:[ ().\u00a0/-]{0,2}\d){7,13}(?!\w)"),
    re.compile(r"(?<![\w.-])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])"),
    re.compile(r"(?<![\w.-])\(?0\d{2,4}\)?[ /-]\d{3,8}(?:[ -]\d{2,8}){0,3}(?![\w-])"),
    re.compile(
        r"(?i)\b(?:tele)?(?:phone|tel|call|mobile|cell|whatsapp|fax|dial|ring)\b[^\w+]{0,10}"
        r"(?:me at |us at |at |on |no\.? |number )?(\+?\d(?:[ ().\u00a0/-]{0,2}\d){6,14})(?!\w)"
    ),
)
DIGITS = re.compile(r"\d+")
FEWEST_DIGITS_OF_A_PHONE = 6
TOKEN = re.compile(r"(?<![0-9A-Za-z])A[0-9A-Z]{12,13}(?![0-9A-Za-z])")
TOKEN_SIGN = re.compile(r"A[0-9A-Z]{12}")
# English words in capitals have more vowels than tokens without a digit do.
VOWELS_OF_A_WORD = 0.25


@dataclass(frozen=True)
class Edit:
    """`text[start:end]` becomes `replacement`. Offsets in code points."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True)
class Masked:
    """A masked text, and the way from offsets in the original to offsets in it."""

    text: str
    edits: tuple[Edit, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `original[start:end]` went. A span that cuts into something masked takes in the whole mask."""
        return self._move(start, after=False), self._move(end, after=True)

    def words(self, start: int, end: int) -> str:
        """What stands there now."""
        start, end = self.span(start, end)
        return self.text[start:end]

    def _move(self, offset: int, *, after: bool) -> int:
        index = bisect_right(self.edits, offset, key=lambda edit: edit.start) - 1
        shift = sum(len(edit.replacement) - (edit.end - edit.start) for edit in self.edits[: max(index, 0)])
        if index < 0:
            return offset
        edit = self.edits[index]
        if offset >= edit.end:
            return offset + shift + len(edit.replacement) - (edit.end - edit.start)
        if offset == edit.start or not after:
            return edit.start + shift
        return edit.start + shift + len(edit.replacement)


class Masker:
    """Masks texts, addresses and names for all forums. Deterministic: the same text always gives the same."""

    def __init__(self, names: Names) -> None:
        self.names = names
        anywhere = {_lower(name): inside for name, inside in sorted(names.plain.items())}
        self._plain = list(anywhere)
        self._inside_words = list(anywhere.values())
        self._near: re.Pattern[str] | None = None
        self._automaton = AhoCorasick(self._plain, matchkind=MatchKind.Standard) if self._plain else None

    def within(self, thread_id: int) -> Masker:
        """The masker for what is written in a thread of the archive: it knows the short names of those who write there."""
        near = self.names.near.get(thread_id)
        if not near:
            return self
        found = copy(self)
        words = "|".join(map(re.escape, sorted(near, key=len, reverse=True)))
        found._near = re.compile(rf"(?<![\w@])(?:{words})(?=(?:['’]?s)?(?!\w))", re.IGNORECASE)
        return found

    def mask(self, site_id: str, text: str) -> Masked:
        """`text`, written on that forum, without private names and numbers."""
        edits = tuple(_disjoint(self._find(site_id, text)))
        return Masked(_apply(text, edits), edits) if edits else Masked(text, ())

    def text(self, site_id: str, text: str) -> str:
        """The masked text alone."""
        return self.mask(site_id, text).text

    def person(self, site_id: str, name: str) -> str:
        """The published name of a user name."""
        return self.names.person(site_id, name)

    def url(self, site_id: str, url: str) -> str:
        """An address without private names and numbers. It may then lead nowhere."""
        masked = (
            PROFILE.sub(lambda match: match[1] + self._segment(site_id, match[2]), url) if _has_profile(url) else url
        )
        decoded = unquote(masked)
        edits = [*_numbers(decoded), *self._plain_names(site_id, decoded)]
        edits += [
            Edit(*match.span(1), self.person(site_id, match[1]))
            for match in _mentions(decoded)
            if (site_id, match[1].casefold()) not in self.names.staff and self.names.is_known(site_id, match[1])
        ]
        if not edits:
            return masked
        return quote(_apply(decoded, tuple(_disjoint(edits))), safe="/:?#[]@!$&'()*+,;=%~")

    def _segment(self, site_id: str, segment: str) -> str:
        name, dot, ending = unquote(segment).partition(".")
        if dot and ending.casefold() in ("json", "rss"):
            return quote(self.person(site_id, name)) + dot + ending
        return quote(self.person(site_id, unquote(segment)))

    def _find(self, site_id: str, text: str) -> Iterable[Edit]:
        yield from _numbers(text)
        yield from _phones(text)
        if "@" in text:
            for match in _mentions(text):
                name = match[1]
                if name.casefold() not in GROUPS or self.names.is_known(site_id, name):
                    yield Edit(*match.span(1), self.person(site_id, name))
        for match in SELLER_HANDLE.finditer(text) if HANDLE_SIGN in text else ():
            yield Edit(*match.span(), self.person(site_id, match[0]))
        for match in PROFILE.finditer(text) if _has_profile(text) else ():
            yield Edit(*match.span(2), self._segment(site_id, match[2]))
        yield from self._plain_names(site_id, text)

    def _plain_names(self, site_id: str, text: str) -> Iterable[Edit]:
        for match in self._near.finditer(text) if self._near else ():
            yield Edit(*match.span(), self.person(site_id, match[0]))
        if self._automaton is None:
            return
        for index, start, end in self._automaton.find_matches_as_indexes(_lower(text), overlapping=True):
            ending = NAME_ENDING.match(text, end)
            if ending is not None:
                end = ending.end()
            if not self._inside_words[index] and (_in_word(text, start - 1) or ending is None):
                continue
            name = text[start : start + len(self._plain[index])]
            published = self.person(site_id, name)
            if published != name:
                yield Edit(start, end, published)


def _mentions(text: str) -> Iterable[re.Match[str]]:
    return MENTION.finditer(text)


def _numbers(text: str) -> Iterable[Edit]:
    if "@" in text:
        for match in E_MAIL.finditer(text):
            yield Edit(*match.span(), "[e-mail]")
    digits = _digits(text)
    for mask, pattern, fewest in PATTERNS:
        if digits >= fewest:
            for match in pattern.finditer(text):
                yield Edit(*match.span(match.lastindex or 0), mask)
    for match in TOKEN.finditer(text) if TOKEN_SIGN.search(text) else ():
        token = match[0]
        if any(c.isdigit() for c in token) or sum(c in "AEIOU" for c in token) < VOWELS_OF_A_WORD * len(token):
            yield Edit(*match.span(), "[merchant token]")


def _digits(text: str) -> int:
    """How many digits of any script. Counting ten characters is quicker than finding, where there are no others."""
    return sum(map(text.count, "0123456789")) if text.isascii() else sum(map(len, DIGITS.findall(text)))


def _has_profile(text: str) -> bool:
    if "/" not in text:
        return False
    lower = text.lower()
    return any(sign in lower for sign in PROFILE_SIGNS)


def _phones(text: str) -> Iterable[Edit]:
    for pattern in PHONES if _digits(text) >= FEWEST_DIGITS_OF_A_PHONE else ():
        for match in pattern.finditer(text):
            yield Edit(*match.span(match.lastindex or 0), "[phone]")


def _disjoint(edits: Iterable[Edit]) -> Iterable[Edit]:
    """Edits in order. Where some overlap, all that they cover goes, and the first and longest says what comes."""
    last: Edit | None = None
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if last is not None and edit.start < last.end:
            last = Edit(last.start, max(last.end, edit.end), last.replacement)
            continue
        if last is not None:
            yield last
        last = edit
    if last is not None:
        yield last


def _apply(text: str, edits: tuple[Edit, ...]) -> str:
    parts, at = [], 0
    for edit in edits:
        parts += [text[at : edit.start], edit.replacement]
        at = edit.end
    return "".join([*parts, text[at:]])


def _in_word(text: str, index: int) -> bool:
    return 0 <= index < len(text) and (text[index].isalnum() or text[index] == "_")


def _lower(text: str) -> str:
    """Lower case of the same length, so that offsets stay (`İ` would become two characters)."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(_lower_one(c) for c in text)


@lru_cache(maxsize=4096)
def _lower_one(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 else character
