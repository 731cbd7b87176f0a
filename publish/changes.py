"""What an edit changed: words that went struck out, words that came underlined."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from html import escape

TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
# Unchanged stretches longer than this are cut to their edges (characters).
CONTEXT = 160
# Beyond this many tokens a comparison word by word takes seconds; lines are compared then.
MOST_TOKENS = 4000
# Texts that share less than this are shown one after the other: their common words are chance.
LIKENESS = 0.5


def changes(before: str, after: str) -> str:
    """Markup (`del`, `ins`, `br`) of the way from one text to the other; empty if they are equal."""
    if before == after:
        return ""
    old, new = TOKEN.findall(before), TOKEN.findall(after)
    if max(len(old), len(new)) > MOST_TOKENS:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < LIKENESS:
        return "".join(f"<{name}>{_lines(text)}</{name}>" for name, text in (("del", before), ("ins", after)) if text)
    parts = []
    operations = matcher.get_opcodes()
    for index, (operation, begin, end, new_begin, new_end) in enumerate(operations):
        if operation == "equal":
            parts.append(_same("".join(old[begin:end]), first=index == 0, last=index == len(operations) - 1))
            continue
        for element, words in (("del", "".join(old[begin:end])), ("ins", "".join(new[new_begin:new_end]))):
            if words:
                parts.append(f"<{element}>{_lines(words)}</{element}>")
    return "".join(parts)


def _same(words: str, *, first: bool, last: bool) -> str:
    if len(words) <= CONTEXT:
        return _lines(words)
    head = "" if first else words[: CONTEXT // 2]
    tail = "" if last else words[-CONTEXT // 2 :]
    return f"{_lines(head)} … {_lines(tail)}"


def _lines(words: str) -> str:
    return escape(words, quote=False).replace("\n", "<br>")
