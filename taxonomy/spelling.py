"""The spellings that one listed name stands for."""

from __future__ import annotations

import re
from itertools import product

from taxonomy.normalise import fold

# American and British forms of the endings and words that occur in names of programs.
SWAPS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"^(\w{3,}[iy])[sz](e|ed|es|er|ing|ation|ations)$", r"\1{}\2"),
        (r"^(enrol|fulfil|instal)l?(s|ment|ments)?$", r"\1{}\2"),
        (r"^(program)(?:me)?(s?)$", r"\1{}\2"),
        (r"^(catalog)(?:ue)?(s?)$", r"\1{}\2"),
        (r"^(label|cancel|travel)l?(ed|ing)$", r"\1{}\2"),
        (r"^(colo|favo|hono)u?(r\w*)$", r"\1{}\2"),
    )
)
FILLINGS = (("s", "z"), ("", "l"), ("", "me"), ("", "ue"), ("", "l"), ("", "u"))
HYPHENED = re.compile(r"(?<=\w)[-\u2010-\u2013](?=\w)")
MOST = 64
# So many characters make a name that is still known with one letter wrong.
LONG = 14
# Words so short have others that differ from them in a letter.
SHORT = 4


def spellings(name: str) -> tuple[str, ...]:
    """The folded forms of `name`: as listed, American and British, hyphen or blank or neither, singular and plural,
    `&` or `and`; of an acronym its plural too. At most `MOST`, the listed one first."""
    forms: dict[str, None] = {}
    for text in (name, HYPHENED.sub("", name)):
        words = fold(text).text.strip().split(" ")
        choices = [_word(word) for word in words]
        last = words[-1]
        if name != name.upper() and len(last) > 3 and last.isalpha():
            choices[-1] += tuple(number for form in choices[-1] for number in _number(form))
        for combination in product(*choices):
            forms.setdefault(" ".join(combination))
            if len(forms) >= MOST:
                return tuple(forms)
    if plural := acronym_plural(name):
        forms.setdefault(plural.lower())
    return tuple(forms)


def acronym_plural(name: str) -> str:
    """`PRLs` of `PRL`; empty for what is no acronym of three letters or more."""
    return name + "s" if len(name) >= 3 and name.isascii() and name.isalpha() and name.isupper() else ""


def halves(name: str) -> tuple[str, ...]:
    """The two halves of a long name, folded: whoever mistypes one letter of it leaves one of them as it is. None of a
    short name, which with another letter is another word."""
    text = fold(name).text.strip()
    return (text[: len(text) // 2], text[len(text) // 2 :]) if len(text) >= LONG else ()


def one_letter_off(text: str, name: str) -> bool:
    """Whether `text` is `name` with one letter too many, too few, or another, or with two neighbours swapped; its first
    letter is seldom the wrong one, and another in a short word makes another word (`save`, `safe`)."""
    if text == name or text[:1] != name[:1] or abs(len(text) - len(name)) > 1:
        return False
    shorter = min(len(text), len(name))
    start = next((place for place in range(shorter) if text[place] != name[place]), shorter)
    end = next((place for place in range(shorter - start) if text[-1 - place] != name[-1 - place]), shorter - start)
    typed, meant = text[start : len(text) - end], name[start : len(name) - end]
    if not all(char.isalpha() or char == " " for char in typed + meant):
        return False
    if len(typed) == len(meant) == 1:
        return len(name[:start].rpartition(" ")[2]) + len(name[start:].partition(" ")[0]) > SHORT
    return max(len(typed), len(meant)) == 1 or (len(typed) == len(meant) == 2 and typed == meant[::-1])


def _word(word: str) -> tuple[str, ...]:
    if word in ("&", "and"):
        return (word, "and" if word == "&" else "&")
    for (pattern, to), fillings in zip(SWAPS, FILLINGS, strict=True):
        if pattern.match(word):
            return tuple(dict.fromkeys((word, *(pattern.sub(to.format(filling), word) for filling in fillings))))
    return (word,)


def _number(word: str) -> tuple[str, ...]:
    """The plural of a singular, the singular of a plural."""
    if word.endswith("ss") or word.endswith(("ing", "ed")):
        return ()
    if word.endswith("s"):
        return (word[:-1],)
    if word.endswith("y") and word[-2] not in "aeiou":
        return (word[:-1] + "ies",)
    return (word + "s",)
