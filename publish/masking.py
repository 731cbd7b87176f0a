"""Masking: private names and numbers leave a text, and every offset into it moves along."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import category
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
E_MAIL = re.compile(
    r"(?i)[\w.+'-]{1,64}(?:[@＠]| ?[(\[{] ?at ?[)\]}] ?)[\w-]{1,63}(?:(?:[.．]| ?[(\[{] ?dot ?[)\]}] ?)[\w-]{1,63})+"
)
E_MAIL_SIGN = re.compile(r"[@＠]|(?i:[(\[{] ?at ?[)\]}])")
# Each of these, or a sign of it, is looked for before the pattern that takes its time: most texts have none.
HANDLE_SIGN, PROFILE_SIGNS = "Seller_", ("/u/", "/users/", "/user_avatar/", "/member", "/profile/")
# Numbers are looked for with all dashes as one and all blanks as one; each stays one character, so that offsets do.
PLAIN = {
    code: "-" if kind == "Pd" else " " for code in range(0x10000) if (kind := category(chr(code))) in ("Pd", "Zs")
} | str.maketrans("\t−＋（）．", " -+().")
# A number stands for itself if it is neither part of a longer one nor of a word in Latin letters.
BEGIN, END, GAP = r"(?<![0-9A-Za-z_])(?<!\d[.-])", r"(?![\dA-Za-z_]|-\d)", r"(?: ?- ?| )"
# What stands instead, what is looked for, and without how many digits there is none of it: looking takes time.
PATTERNS: tuple[tuple[str, re.Pattern[str], int], ...] = (
    ("[order id]", re.compile(rf"{BEGIN}(?:\d{{3}}{GAP}\d{{7}}{GAP}\d{{7}}|\d{{2}} ?- ?\d{{5}} ?- ?\d{{5}}){END}"), 12),
    ("[tracking number]", re.compile(r"(?<!\w)1Z[0-9A-Z]{16}(?!\w)"), 1),
)
PHONES: tuple[re.Pattern[str], ...] = (
    re.compile(rf"(?<![\w+])\+\d{{1,3}}(?:[ ()./-]{{0,2}}\d){{7,13}}{END}"),
    re.compile(rf"{BEGIN}(?:1[ .-])?(?:\(\d{{3}}\)[ .-]?|\d{{3}}(?:{GAP}|\.))\d{{3}}(?:{GAP}|\.)\d{{4}}{END}"),
    re.compile(rf"{BEGIN}(?=(?:[ ()/-]{{0,2}}\d){{8}})\(?0\d{{2,4}}\)?[ /-]\d{{3,8}}(?:[ -]\d{{2,8}}){{0,3}}{END}"),
    # British ones in one run (no other number of eleven digits begins with a nought), French, Chinese ones.
    re.compile(rf"{BEGIN}(?:0[1-9]\d{{9}}|0[1-9](?:[ .-]\d\d){{4}}|1[3-9]\d[ -]\d{{4}}[ -]\d{{4}}){END}"),
)
# A run of digits alone may be anything: a word before it says what it is, of one or of several.
DATE = (
    r"(?:\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|(?:19|20)\d\d ?[/-] ?(?:19|20)\d\d)(?![./-]?\d)"
)
BETWEEN = (
    r"(?:[^\w+/]{0,10}(?:_|ids?|nos?|n[°º]|nr|num|numbers?|nummern?|num[eé]ros?|n[uú]meros?|ref|reference|is|are|was|were|ist"
    r"|war|lautet|est|[eé]tait|es|era|de|le|the|my|our|me|us|at|on|to|under|back|unter|auf|au|al)){0,4}[^\w+/]{0,10}"
)
NEXT = r"[\s,;&]+(?:(?:and|or|und|oder|et|ou|y|o|e)\s+)?#?"
CASE_WORDS = r"cases?|tickets?|claims?|fall|fälle|vorgangs?|dossiers?|casos?|expedientes?"
PHONE_WORDS = (
    r"(?:tele)?phone[ds]?|tel|call(?:ed|ing)?|mobile?|cell|whats ?app|wa\.me/|fax|dial|ring|text(?:ed)?|sms|contact|reach (?:me|us)"
    r"|telefon|handy|ruf|portable|t[eé]l[eé]phone|appelez|tel[eé]fono|m[oó]vil|cellulare|电话|電話|手机|微信"
)
ANNOUNCED: tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (
        mask,
        re.compile(rf"(?i)(?<![A-Za-zÀ-ɏ])(?:{words}){BETWEEN}{number}(?:{NEXT}{number})*"),
        re.compile(number),
    )
    for mask, words, number in (
        ("[case id]", CASE_WORDS, rf"(?<!\d)\d{{8,14}}{END}"),
        ("[phone]", PHONE_WORDS, rf"(?<!\d)(?!{DATE})\+?\d(?:[ ()./-]{{0,2}}\d){{6,14}}{END}"),
    )
)
LONG_NUMBER = re.compile(r"\d(?:[ ()./-]{0,2}\d){6}")
DIGITS = re.compile(r"\d+")
FEWEST_DIGITS_OF_A_PHONE = 7
TOKEN = re.compile(r"(?<![0-9A-Za-zÀ-ɏ])[Aa][0-9A-Za-z]{12,13}(?![0-9A-Za-zÀ-ɏ])")
TOKEN_SIGN = re.compile(r"[Aa][0-9A-Za-z]{12}")
# English words have more vowels than tokens without a digit do.
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
    if E_MAIL_SIGN.search(text):
        for match in E_MAIL.finditer(text):
            yield Edit(*match.span(), "[e-mail]")
    digits = _digits(text)
    plain = _plain(text) if digits >= FEWEST_DIGITS_OF_A_PHONE else text
    for mask, pattern, fewest in PATTERNS:
        if digits >= fewest:
            for match in pattern.finditer(plain):
                yield Edit(*match.span(), mask)
    for mask, phrase, number in ANNOUNCED if digits >= FEWEST_DIGITS_OF_A_PHONE and LONG_NUMBER.search(plain) else ():
        for match in phrase.finditer(plain):
            for each in number.finditer(plain, *match.span()):
                yield Edit(*each.span(), mask)
    for match in TOKEN.finditer(text) if TOKEN_SIGN.search(text) else ():
        if _is_token(match[0]):
            yield Edit(*match.span(), "[merchant token]")


def _is_token(word: str) -> bool:
    """No word of a language, nor one with a year or another number behind it in small letters."""
    runs = len(DIGITS.findall(word))
    few_vowels = sum(c in "AEIOU" for c in word.upper()) < VOWELS_OF_A_WORD * len(word)
    return runs > 1 or few_vowels or (runs == 1 and word.isupper())


def _plain(text: str) -> str:
    """The text with one kind of dash and one of blank, in as many characters."""
    return text.translate(PLAIN) if not text.isascii() or "\t" in text else text


def _digits(text: str) -> int:
    """How many digits of any script. Counting ten characters is quicker than finding, where there are no others."""
    return sum(map(text.count, "0123456789")) if text.isascii() else sum(map(len, DIGITS.findall(text)))


def _has_profile(text: str) -> bool:
    if "/" not in text:
        return False
    lower = text.lower()
    return any(sign in lower for sign in PROFILE_SIGNS)


def _phones(text: str) -> Iterable[Edit]:
    if _digits(text) < FEWEST_DIGITS_OF_A_PHONE:
        return
    plain = _plain(text)
    for pattern in PHONES:
        for match in pattern.finditer(plain):
            yield Edit(*match.span(), "[phone]")


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
