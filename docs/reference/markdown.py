"""Small helpers to write Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NOTICE = "<!-- Made by docs/generate.py; edit what it reads, then: make docs -->"
CODE = re.compile(r"(`+[^`]*`+)")
# Names of environment variables and of things in code, which read better as code.
NAME = re.compile(r"(?<![\w`])(\$[A-Z_]+|[a-z]+(?:_[a-z0-9]+)+)(?![\w`])")
# What Markdown would take for emphasis, a link or an element.
SPECIAL = re.compile(r"([\\*<\[\]]|(?<!\w)_|_(?!\w))")
TAG = re.compile(r"<[^>]+>")


def plain(text: str) -> str:
    """Running text on one line, with signs that mean something in Markdown escaped; `code` stays code."""
    words = "".join(
        part if part.startswith("`") else NAME.sub(r"`\1`", part) for part in CODE.split(" ".join(text.split()))
    )
    parts = CODE.split(words)
    return "".join(part if part.startswith("`") else SPECIAL.sub(r"\\\1", part) for part in parts)


def code(text: object) -> str:
    """A code span; "" for nothing."""
    return f"`{text}`" if text not in (None, "") else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table. Bars inside cells are escaped, line ends become spaces."""
    lines = [_row(head), "|" + "---|" * len(head)]
    return [*lines, *(_row(row) for row in rows), ""]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def from_html(text: str) -> str:
    """Markdown of the little HTML that `metadata.yml` may hold: code and emphasis stay, links leave their words."""
    text = re.sub(r"</?code>", "`", text)
    return plain(html.unescape(TAG.sub("", text)))


def relative(text: str) -> str:
    """Paths without the folder in which the program happens to lie."""
    return text.replace(f"{ROOT}/", "")


def join(lines: Iterable[str]) -> str:
    """The page: lines with one line end each, no two blank lines in a row, one line end at the end."""
    text = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
