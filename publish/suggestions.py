"""Did you mean: other spellings of words that no post has, and programs or themes of the name that was typed."""

from __future__ import annotations

import re
from typing import Any

from datasette.database import Database

from publish import query

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORD = re.compile(r"(?<![-\w\"])[^\W\d_]{4,24}(?![\w*])")
# A spelling is offered only if so many times as many posts have it as have the typed one.
BETTER = 20
# Distances above this are other words.
MOST_EDITS = 2
# Words that begin alike and are held against a typed one, at most.
COMPARED = 600
# Names shorter than this are too likely to be part of any word.
SHORTEST_NAME = 2

KNOWN = "select word, posts from words where word in ({marks}) order by posts desc limit 5"
ALIKE = """
select word, posts from words where word >= :start and word < :end and length(word) between :least and :most
order by posts desc limit {limit}
"""
FOUND = "select count(*) as posts from (select 1 from posts_fts where posts_fts match :match limit 1000)"
MEANT = """
select 'program' as kind, p.id, p.name, p.posts, min(length(a.alias)) as length from aliases a join programs p on p.id = a.program_id
where lower(a.alias) = :words or lower(p.name) like :within escape '~' or (length(:words) > 3 and lower(a.alias) like :within escape '~')
group by p.id
union all
select 'theme', id, name, posts, length(name) from themes where lower(name) like :within escape '~'
order by 1, 5, 4 desc limit 4
"""


async def spellings(database: Database, q: str, count: int) -> list[tuple[str, int]]:
    """Up to three other ways to write `q` that find more than the `count` posts it finds, with how many they find.

    First all words that seem misspelt at once, then each. Nothing is offered for a search that found plenty.
    """
    if count >= BETTER:
        return []
    written = {}
    for typed in list(dict.fromkeys(match[0] for match in WORD.finditer(q)))[:4]:
        if others := await _others(database, typed.lower()):
            written[typed] = others
    ways = [_rewritten(q, {typed: others[0] for typed, others in written.items()})] if written else []
    ways += [_rewritten(q, {typed: other}) for typed, others in written.items() for other in others]
    found = []
    for way in list(dict.fromkeys(ways))[:5]:
        row = (await database.execute(FOUND, {"match": query.fts_query(way)})).rows[0]
        if row["posts"] > count:
            found.append((way, row["posts"]))
    return found[:3]


def _rewritten(q: str, words: dict[str, str]) -> str:
    for typed, word in words.items():
        q = re.sub(rf"(?<!\w){re.escape(typed)}(?!\w)", word, q)
    return q


async def meant(database: Database, q: str) -> list[dict[str, Any]]:
    """Programs and themes whose name or alias is or contains what was typed."""
    words = " ".join(q.lower().replace('"', " ").split())
    if len(words) < SHORTEST_NAME:
        return []
    within = "%" + re.sub("([~%_])", r"~\1", words) + "%"
    return [dict(row) for row in (await database.execute(MEANT, {"words": words, "within": within})).rows]


async def _others(database: Database, typed: str) -> list[str]:
    own = (await database.execute(KNOWN.format(marks="?"), [typed])).rows
    posts = own[0]["posts"] if own else 0
    near = one_edit(typed)
    rows = (await database.execute(KNOWN.format(marks=", ".join("?" * len(near))), near)).rows
    if not rows:
        start = typed[:3]
        values = {"start": start, "end": start + "\U0010ffff", "least": len(typed) - 2, "most": len(typed) + 2}
        alike = (await database.execute(ALIKE.format(limit=COMPARED), values)).rows
        rows = [row for row in alike if distance(typed, row["word"]) <= MOST_EDITS] if len(typed) > 5 else []
    parts = [(typed[:cut], typed[cut:]) for cut in range(3, len(typed) - 1)]
    apart = []
    if not own and parts:
        known = (await database.execute(
            f"select word, posts from words where word in ({', '.join('?' * 2 * len(parts))})",
            [word for pair in parts for word in pair])).rows  # fmt: skip
        counts = {row["word"]: row["posts"] for row in known}
        apart = [(f"{a} {b}", min(counts[a], counts[b])) for a, b in parts if a in counts and b in counts]
    better = [
        (row["word"], row["posts"]) for row in rows if row["posts"] >= max(1, BETTER * posts) and row["word"] != typed
    ]
    return [word for word, _ in sorted(better + apart, key=lambda pair: -pair[1])[:2]]


def one_edit(word: str) -> list[str]:
    """All words one letter away: one gone, one more, one other, or two neighbours exchanged."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    found = {a + b[1:] for a, b in cuts if b} | {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    found |= {a + letter + b[1:] for a, b in cuts if b for letter in LETTERS}
    found |= {a + letter + b for a, b in cuts for letter in LETTERS}
    return sorted(found - {word})


def distance(a: str, b: str) -> int:
    """Edits from one word to the other (one letter more, less or other), counted no further than `MOST_EDITS` + 1."""
    row = list(range(len(b) + 1))
    for at, letter in enumerate(a, 1):
        before, row[0] = row[0], at
        for to, other in enumerate(b, 1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (letter != other))
        if min(row) > MOST_EDITS:
            return MOST_EDITS + 1
    return row[-1]
