"""Did you mean: other ways to write a search that find more, and the programs and themes that it may be about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from datasette.database import Database

from publish import query
from publish.spelling import MOST_EDITS, alike, distance, folded, one_edit

WORD = re.compile(r"(?<![-\w\"])[^\W\d_]{4,24}(?![\w*])")
TOKEN = re.compile(r"[^\W_]+")
# A spelling is offered only if so many times as many posts have it as have the typed one.
BETTER = 20
# Words that begin alike and are held against a typed one, at most.
COMPARED = 600
# Names shorter than this are too likely to be part of any word; within a sentence they must be longer.
SHORTEST_NAME = 2
SHORTEST_WITHIN = 8
# Letters that a name must have to be recognised with slips in it.
SHORTEST_WITH_SLIPS = 6
# A word that so many posts have is no slip.
NO_SLIP = 5
# Programs and themes shown.
SHOWN = 4
# Words of a search that are held against names, at most.
MOST_WORDS = 16
# Words of a question that say nothing of what it is about; left out, the others find more.
QUESTION = frozenset(
    "a about am an and any anyone are as at be been but by can could did do does for from get getting had has have how i"
    " if in into is it its just me my of off on one or our out should so some that the their them then there they this"
    " to turn up us was way we were what when where which who why will with without would you your".split()
)

KNOWN = "select word, posts from words where word in ({marks}) order by posts desc limit 5"
ALIKE = """
select word, posts from words where word >= :start and word < :end and length(word) between :least and :most
order by posts desc limit {limit}
"""
FOUND = "select count(*) as posts from (select 1 from posts_fts where posts_fts match :match limit 1000)"
NAMES = """
select 'program' as kind, p.id, p.name, p.posts, a.alias as written, a.ambiguous from aliases a join programs p on p.id = a.program_id
union all select 'program', id, name, posts, name, 0 from programs
union all select 'theme', id, name, posts, name, 0 from themes
"""


async def spellings(database: Database, q: str, count: int) -> list[tuple[str, int]]:
    """Up to three other ways to write `q` that find more than the `count` posts it finds, with how many they find.

    First all words that seem misspelt at once, then each; without the words of a question; the name of a program in it
    alone. Nothing is offered for a search that found plenty.
    """
    if count >= BETTER:
        return []
    written = {}
    for typed in list(dict.fromkeys(match[0] for match in WORD.finditer(q)))[:4]:
        if typed.lower() not in QUESTION and (others := await _others(database, typed.lower())):
            written[typed] = others
    ways = [_rewritten(q, {typed: others[0] for typed, others in written.items()})] if written else []
    ways += [_rewritten(q, {typed: other}) for typed, others in written.items() for other in others]
    ways = ways[:4]
    if not count:
        ways += [_told(q), *(f'"{name}"' for name in await _named(database, q))]
    found = []
    different = {way.replace('"', "").lower(): way for way in (*ways, q)}
    for way in (way for words, way in different.items() if words != q.replace('"', "").lower()):
        row = (await database.execute(FOUND, {"match": query.fts_query(way)})).rows[0]
        if row["posts"] > count:
            found.append((way, row["posts"]))
    return found[:3]


def _rewritten(q: str, words: dict[str, str]) -> str:
    for typed, word in words.items():
        q = re.sub(rf"(?<!\w){re.escape(typed)}(?!\w)", word, q)
    return q


def _told(q: str) -> str:
    """A question without the words that say nothing of what it is about; "out" stays behind "opt"."""
    words = [word.strip("?!.,;:") for word in q.split()]
    return " ".join(
        word for word, before in zip(words, ["", *words], strict=False)
        if word.lower() not in QUESTION or before.lower().startswith("opt")
    )  # fmt: skip


@dataclass(frozen=True)
class _Meant:
    """A program or theme that a search may be about; of two, the one with the lower `rank` is meant more likely."""

    rank: tuple[int, int, int]
    kind: str
    id: str
    name: str
    posts: int
    written: str


async def meant(database: Database, q: str) -> list[dict[str, Any]]:
    """Programs and themes that are called what was typed, whose name is in it or has it in it, in either English.

    Only where there is none: those whose name was typed with slips.
    """
    return [
        {"kind": each.kind, "id": each.id, "name": each.name, "posts": each.posts}
        for each in (await _meant(database, q))[:SHOWN]
    ]


async def _named(database: Database, q: str) -> list[str]:
    """The ways to write a program that stand in a longer `q`."""
    words = len(TOKEN.findall(q))
    return [each.written for each in await _meant(database, q) if len(TOKEN.findall(each.written)) < words][:2]


async def _meant(database: Database, q: str) -> list[_Meant]:
    raw = " ".join(q.lower().replace('"', " ").split())
    words = [folded(word) for word in TOKEN.findall(q)[:MOST_WORDS]]
    if len(raw) < SHORTEST_NAME or QUESTION.issuperset(words):
        return []
    names = [dict(row) for row in (await database.execute(NAMES)).rows]
    for name in names:
        name["words"] = _folded(name["written"])
    best: dict[tuple[str, str], _Meant] = {}
    for slips in (False, True):
        # A word that posts do have is taken as it was typed.
        certain = await _certain(database, q) if slips else frozenset[str]()
        for name in names:
            rank = _with_slips(name, words, certain) if slips else _plainly(name, q, raw, words)
            if rank is not None:
                found = _Meant(rank, *(name[key] for key in ("kind", "id", "name", "posts", "written")))
                known = best.get((found.kind, found.id))
                if known is None or found.rank < known.rank:
                    best[found.kind, found.id] = found
        if best:
            break
    return sorted(best.values(), key=lambda each: (each.rank, each.name))


def _abbreviated(written: str, typed: str) -> bool:
    """True if an abbreviation stands in what was typed, in capitals as it is written."""
    return len(written) > SHORTEST_NAME and written.isupper() and written in TOKEN.findall(typed)


@lru_cache(maxsize=4096)
def _folded(written: str) -> list[str]:
    return [folded(word) for word in TOKEN.findall(written)]


def _plainly(name: dict[str, Any], typed: str, raw: str, words: list[str]) -> tuple[int, int, int] | None:
    """How well a name fits what was typed without slips; None if it does not."""
    letters = sum(map(len, name["words"]))
    if name["words"] == words or name["written"].lower() == raw:
        return 0, -letters, -name["posts"]
    long = letters >= SHORTEST_WITHIN or (len(name["words"]) > 1 and not name["ambiguous"])
    if (long and _at(words, name["words"]) is not None) or _abbreviated(name["written"], typed):
        return 1, -letters, -name["posts"]
    # A word can be the end of any other, and a short one the beginning; of several the name need only have them all.
    begun = len(raw) > 3 and re.search(rf"(?<!\w){re.escape(raw)}", name["written"].lower())
    if begun or (len(min(words, key=len)) > 1 and set(words) <= set(name["words"])):
        return 2, len(name["written"]), -name["posts"]
    return None


def _with_slips(name: dict[str, Any], words: list[str], certain: frozenset[str]) -> tuple[int, int, int] | None:
    """How well a name fits what was typed with slips: it is in it, or has it in it; None if neither."""
    own: list[str] = name["words"]
    shorter, longer = (own, words) if len(own) <= len(words) else (words, own)
    if sum(map(len, shorter)) < SHORTEST_WITH_SLIPS or (len(own) <= len(words) and name["ambiguous"]):
        return None
    edits = _at(longer, shorter, slips=True, certain=certain)
    return None if edits is None else (3 + edits, abs(len(own) - len(words)), -name["posts"])


def _at(
    words: Sequence[str], part: Sequence[str], *, slips: bool = False, certain: frozenset[str] = frozenset()
) -> int | None:
    """How many edits `part` is away from a stretch of `words`; None if it is in none."""
    fewest: int | None = None
    for first in range(len(words) - len(part) + 1):
        edits = 0
        for a, b in zip(part, words[first : first + len(part)], strict=True):
            one = 0 if a == b else alike(a, b) if slips and not certain.intersection((a, b)) else None
            if one is None:
                break
            edits += one
        else:
            fewest = edits if fewest is None else min(fewest, edits)
    return fewest


async def _certain(database: Database, q: str) -> frozenset[str]:
    typed = list({word.lower() for word in TOKEN.findall(q)})[:20]
    rows = (await database.execute(
        f"select word from words where posts >= {NO_SLIP} and word in ({', '.join('?' * len(typed))})", typed)).rows  # fmt: skip
    return frozenset(folded(row["word"]) for row in rows)


async def _others(database: Database, typed: str) -> list[str]:
    own = (await database.execute(KNOWN.format(marks="?"), [typed])).rows
    posts = own[0]["posts"] if own else 0
    near = one_edit(typed)
    rows = (await database.execute(KNOWN.format(marks=", ".join("?" * len(near))), near)).rows
    if not rows:
        start = typed[:3]
        values = {"start": start, "end": start + "\U0010ffff", "least": len(typed) - 2, "most": len(typed) + 2}
        begun = (await database.execute(ALIKE.format(limit=COMPARED), values)).rows
        rows = [row for row in begun if distance(typed, row["word"]) <= MOST_EDITS] if len(typed) > 5 else []
    parts = [(typed[:cut], typed[cut:]) for cut in range(3, len(typed) - 1)]
    apart = []
    if not own and parts:
        known = (await database.execute(
            f"select word, posts from words where word in ({', '.join('?' * 2 * len(parts))})",
            [word for pair in parts for word in pair])).rows  # fmt: skip
        counts = {row["word"]: row["posts"] for row in known}
        apart = [(f"{a} {b}", min(counts[a], counts[b])) for a, b in parts if a in counts and b in counts]
    # The other English spells it otherwise: no slip, but not what these posts have.
    better = [
        (row["word"], row["posts"]) for row in rows
        if row["word"] != typed and (row["posts"] >= max(1, BETTER * posts) or folded(row["word"]) == folded(typed))
    ]  # fmt: skip
    return [word for word, _ in sorted(better + apart, key=lambda pair: -pair[1])[:2]]
