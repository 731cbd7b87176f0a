"""Labels of posts in the full-text index, by which a search is narrowed.

A filter on a column would make SQLite look at every match of the words; as one more term of the full-text query it is
merged with them, which stays quick at millions of posts. A label is one token that nobody writes: kind and value in
letters and digits, ending in a digit, so that the stemmer leaves it alone.
"""

from __future__ import annotations

import re

# The kinds, in the order in which they are shown.
KINDS = ("program", "theme", "site", "year", "voice", "how", "state")
OTHER = re.compile("[^a-z1-9]")


def token(kind: str, value: str) -> str:
    """The token of a label, e.g. `how0named0`. Different values have different tokens, but for the case of letters."""
    return f"{kind}0{OTHER.sub(lambda sign: f'0{ord(sign[0]):x}0', value.lower())}0"


def match(wanted: dict[str, str]) -> list[str]:
    """Terms of an FTS5 query that posts with all of these labels match; empty values want nothing."""
    return [f'labels : "{token(kind, value)}"' for kind, value in wanted.items() if value]


def key(kind: str, value: str) -> tuple[str, str]:
    """What a token is counted under: its kind and the rest of it."""
    return kind, token(kind, value).removeprefix(f"{kind}0")
