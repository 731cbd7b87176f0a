"""Labels of posts in the full-text index, by which a search is narrowed.

A filter on a column would make SQLite look at every match of the words; as one more term of the full-text query it is
merged with them, which stays quick at millions of posts. A label is one token that nobody writes: kind and value in
letters and digits, ending in a digit, so that the stemmer leaves it alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

# The kinds, in the order in which they are shown.
KINDS = ("program", "theme", "site", "year", "voice", "how", "state")
OTHER = re.compile("[^a-z1-9]")
# A post that names one program and means another has the labels `named` and `inherited` and those of both programs. What
# is not so of a program is one more label, which few posts need: with it a search for posts that name a program leaves
# out those that name only the other.
BUT = "but"
BETWEEN = "0200"


def token(kind: str, value: str) -> str:
    """The token of a label, e.g. `how0named0`. Different values have different tokens, but for the case of letters."""
    return f"{kind}0{OTHER.sub(lambda sign: f'0{ord(sign[0]):x}0', value.lower())}0"


def but(hows: Mapping[str, Collection[str]]) -> set[tuple[str, str]]:
    """Kind and value of the labels that say of a post how it is not about a program, by the ways of each of its programs."""
    every = {how for each in hows.values() for how in each}
    return {(BUT, f"{how} {program}") for program, each in hows.items() for how in every - set(each)}


def match(wanted: Mapping[str, str]) -> list[str]:
    """Terms of an FTS5 query that posts with all of these labels match; empty values want nothing.

    A program and a way (`how`) want posts that are about this program in this way.
    """
    terms = [f'labels : "{token(kind, value)}"' for kind, value in wanted.items() if value]
    program, how = wanted.get("program"), wanted.get("how")
    if program and how:
        terms[-1] += f' NOT labels : "{token(BUT, f"{how} {program}")}"'
    return terms


def settle(counted: Counter[tuple[str, str]], wanted: Mapping[str, str]) -> None:
    """Take out of posts counted by label (see `key`) those that have the label for another program than is wanted, or of
    whose programs one is not so in the way that is wanted."""
    program, how = (key(kind, wanted.get(kind, ""))[1] for kind in ("program", "how"))
    for (kind, rest), posts in list(counted.items()):
        if kind == BUT:
            way, _, about = rest.partition(BETWEEN)
            if about == program:
                counted["how", f"{way}0"] -= posts
            if f"{way}0" == how:
                counted["program", about] -= posts


def key(kind: str, value: str) -> tuple[str, str]:
    """What a token is counted under: its kind and the rest of it."""
    return kind, token(kind, value).removeprefix(f"{kind}0")
