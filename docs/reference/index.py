"""README.md of docs/: every page with its first sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reference.markdown import NOTICE, join, table

INTRO = """# Documentation

Begin with the [README](../README.md) above this folder. Pages marked *generated* are made from the program by `make docs`.
"""
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
SENTENCE = re.compile(r"(.+?[.!?])(?:\s|$)", re.DOTALL)


def page(pages: Mapping[str, str]) -> str:
    """The list of `pages`: file name -> its text."""
    rows = [(f"[{_title(name, text)}]({name})", _about(text)) for name, text in sorted(pages.items())]
    return join([NOTICE, "", *INTRO.splitlines(), "", *table(["page", "what it says"], rows)])


def _title(name: str, text: str) -> str:
    found = TITLE.search(text)
    return found[1] if found else name


def _about(text: str) -> str:
    """The first sentence after the title."""
    body = TITLE.split(text, maxsplit=1)[-1].strip()
    found = SENTENCE.match(body.split("\n\n")[0])
    sentence = " ".join((found[1] if found else body.split("\n\n")[0]).split())
    return sentence + (" *generated*" if text.startswith(NOTICE) else "")
