"""The Markdown pages of the project as tests read them."""

from __future__ import annotations

import re
import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path

import click

from cli import optout

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
FENCE = re.compile(r"^( *)```(\w*)([^\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
# What ends a command on a shell's line.
ENDS = frozenset(("|", "||", "&&", ";", ">", ">>", "2>&1", "&"))


def markdown() -> list[Path]:
    """Every page: at the top, in docs/ and in data/."""
    return sorted([*ROOT.glob("*.md"), *DOCS.glob("**/*.md"), *(ROOT / "data").glob("**/*.md")])


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what else its info string says, and the lines inside."""

    page: Path
    language: str
    info: str
    body: str

    @property
    def lines(self) -> list[str]:
        """Logical lines: what ends in a backslash goes on."""
        return [line for line in self.body.replace("\\\n", " ").splitlines() if line.strip()]


def blocks(page: Path, language: str) -> list[Block]:
    """The fenced blocks of a page in one language."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [
        Block(page, tongue, info.strip(), textwrap.dedent(body))
        for _, tongue, info, body in found
        if tongue == language
    ]


def without_code(markup: str) -> str:
    """A page without its fenced blocks and code spans."""
    return re.sub(r"`+[^`\n]*`+", "", FENCE.sub("", markup))


def arguments(line: str) -> list[str] | None:
    """The arguments of the `optout` command that a shell line begins with, None if it is another command."""
    words = shlex.split(line, comments=True)
    if not words or Path(words[0]).name != "optout":
        return None
    end = next((place for place, word in enumerate(words) if word in ENDS), len(words))
    return words[1:end]


def parse(words: list[str]) -> click.Context:
    """Have click read the arguments of `optout`, and run nothing. click.ClickException if it would refuse them."""
    command: click.Command = optout
    while isinstance(command, click.Group):
        if command.invoke_without_command and (not words or words[0].startswith("-")):
            break
        name, *words = words
        found = command.commands.get(name)
        assert found is not None, f"optout {name}: no such command"
        command = found
    return command.make_context(command.name, words)
