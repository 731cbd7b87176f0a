"""Messages in troubleshooting are the program's own."""

from __future__ import annotations

import ast
from functools import lru_cache

import pytest

from tests.docs.pages import DOCS, ROOT, blocks

ROOMS = ("archive", "analysis", "cli", "crawler", "demo", "publish", "taxonomy")
MESSAGES = [line for block in blocks(DOCS / "troubleshooting.md", "text") for line in block.lines]


@lru_cache
def strings() -> frozenset[str]:
    """Every string in the program, with the values in f-strings left out."""
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    found.add("…".join(str(part.value) for part in node.values if isinstance(part, ast.Constant)))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return frozenset(found)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_one_that_the_program_says(message: str) -> None:
    fragments = [part.strip(" :.,") for part in message.split("…")]
    fragments = [part for part in fragments if len(part) > 2]
    assert fragments
    one = any(all(part in text for part in fragments) for text in strings())
    several = all(any(part in text for text in strings()) for part in fragments)
    assert one or several, message
