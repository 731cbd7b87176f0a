"""How far two words are apart, as people mistype them and as the two kinds of English spell them."""

from __future__ import annotations

import re
from functools import lru_cache

LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Distances above this are other words.
MOST_EDITS = 2
# British ending -> American one; the doubled letter of "labelled" and "fulfill" goes in both.
ENDINGS = (
    (re.compile(r"(?<=\w\w)([iy])s(?=(?:e|ed|er|ers|es|ing|ation|ations|ational)$)"), r"\1z"),
    (re.compile(r"(?<=\w\w)our(?=(?:s|ed|ing|ite|able)?$)"), "or"),
    (re.compile(r"(?<=\w\w)tre(?=s?$)"), "ter"),
    (re.compile(r"(?<=\w\w)ence(?=[sd]?$)"), "ense"),
    (re.compile(r"(?<=\w\w)ogue(?=s?$)"), "og"),
    (re.compile(r"ll"), "l"),
)


@lru_cache(maxsize=4096)
def folded(word: str) -> str:
    """The word in lower case, the same for both spellings of it: `optimisation`, `Optimization`."""
    word = word.lower()
    for british, american in ENDINGS:
        word = british.sub(american, word)
    return word


def one_edit(word: str) -> list[str]:
    """All words one letter away: one gone, one more, one other, or two neighbours exchanged."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    found = {a + b[1:] for a, b in cuts if b} | {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    found |= {a + letter + b[1:] for a, b in cuts if b for letter in LETTERS}
    found |= {a + letter + b for a, b in cuts for letter in LETTERS}
    return sorted(found - {word})


def distance(a: str, b: str) -> int:
    """Edits from one word to the other (a letter more, less or other, neighbours exchanged), to `MOST_EDITS` + 1."""
    if abs(len(a) - len(b)) > MOST_EDITS:
        return MOST_EDITS + 1
    older: list[int] = []
    row = list(range(len(b) + 1))
    for at, letter in enumerate(a, 1):
        next_row = [at]
        for to, other in enumerate(b, 1):
            edits = min(row[to] + 1, next_row[to - 1] + 1, row[to - 1] + (letter != other))
            if at > 1 and to > 1 and letter == b[to - 2] and other == a[at - 2]:
                edits = min(edits, older[to - 2] + 1)
            next_row.append(edits)
        if min(next_row) > MOST_EDITS:
            return MOST_EDITS + 1
        older, row = row, next_row
    return row[-1]


@lru_cache(maxsize=4096)
def alike(a: str, b: str) -> int | None:
    """The edits between two folded words, None if they are two words: a short one has no room for slips."""
    if a == b:
        return 0
    allowed = 0 if min(len(a), len(b)) < 4 else 1 if min(len(a), len(b)) < 7 else MOST_EDITS
    edits = distance(a, b) if allowed else MOST_EDITS + 1
    return edits if edits <= allowed else None
