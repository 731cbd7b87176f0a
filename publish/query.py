"""What people type, as a query of the full-text index."""

from __future__ import annotations

import re

from publish import labels

# An FTS5 query that is valid and matches no row.
NOTHING = '""'
TERM = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')


def fts_query(words: str | None) -> str:
    """A valid FTS5 query for what people type: words, "phrases", -unwanted words. Never a syntax error.

    All words are wanted, in any order; a * at the end of a word matches any ending. Without any wanted word the query
    matches nothing.
    """
    wanted, unwanted = _terms(words)
    if not wanted:
        return NOTHING
    return " AND ".join(wanted) + "".join(f" NOT {term}" for term in unwanted)


def search_query(words: str | None, **wanted: str) -> str:
    """The FTS5 query for words (see `fts_query`) among the posts with these labels; without words, all of those."""
    terms = labels.match({kind: value for kind, value in wanted.items() if value})
    asked = fts_query(words)
    if asked != NOTHING:
        return " AND ".join([f"{{title text}} : ({asked})", *terms])
    if not terms:
        return NOTHING
    return " AND ".join(terms) + "".join(f" NOT {{title text}} : {term}" for term in _terms(words)[1])


def has_word(words: str) -> bool:
    """True if there is a word to look for, or one to leave out, in what people type."""
    return any(_terms(words))


def _terms(words: str | None) -> tuple[list[str], list[str]]:
    """The terms that are wanted and those that are not, quoted."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for minus, phrase, word in TERM.findall((words or "").replace("\0", " ")):
        text = phrase or word
        if not any(character.isalnum() for character in text):
            continue
        prefix = "*" if word.endswith("*") else ""
        quoted = '"' + text.replace('"', '""') + '"' + prefix
        (unwanted if minus else wanted).append(quoted)
    return wanted, unwanted
