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


def spellings(name: str) -> tuple[str, ...]:
    """The folded forms of `name`: as listed, American and British, hyphen or blank or neither, singular and plural,
    `&` or `and`. At most `MOST`, the listed one first."""
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
    return tuple(forms)


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
