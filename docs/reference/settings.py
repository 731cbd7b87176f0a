"""settings.md: environment variables, data/sites.yml, the numbers in the code, and Datasette's settings."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
from datasette.app import SETTINGS as DATASETTE_SETTINGS

from cli import optout
from crawler.sites import ADAPTERS
from publish.serve import SETTINGS
from reference.commands import walk
from reference.markdown import NOTICE, ROOT, code, join, plain, relative, table

INTRO = """# Settings

Everything that can be set, and every number that decides how the program behaves. There is no settings file. What differs between two uses is said on the command line ([commands.md](commands.md)) or in
the environment; what differs between forums stands in `data/sites.yml`; what is looked for stands in `data/taxonomy/`.
Numbers that decide how the program behaves are constants in the code, each in the one place that uses it; they are
listed here so that they can be found and argued about.
"""
ENVIRONMENT = """## Environment variables

An option on the command line wins over the variable.
"""
PROXIES = """`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR` are read by the HTTP
library (httpx) as everywhere else. `make` takes `PYTHON`: the interpreter of which the environment is made
(`make PYTHON=/path/to/python3.11`).
"""
SITES = """## data/sites.yml

The forums that the program knows by name. The head of the file says what may stand there:
"""
NUMBERS = """## Numbers in the code

By room and module. Sizes are in bytes, times in seconds, unless the name or the words beside it say otherwise.
"""
DATASETTE = """## Datasette

`optout serve` starts Datasette with these settings (`publish/serve.py`); `--no-sql` adds `default_allow_sql off`.
"""
# What a number may be written with, beside digits.
PARTS_OF_NUMBERS = (
    ast.UnaryOp,
    ast.BinOp,
    ast.Tuple,
    ast.Call,
    ast.keyword,
    ast.operator,
    ast.unaryop,
    ast.expr_context,
)
NAME = re.compile(r"[A-Z][A-Z0-9_]*")
# Forums of the demonstration, and tools, are no settings of the program.
LEFT_OUT = ("demo", "publish/plugins")


def page() -> str:
    lines = [NOTICE, "", *INTRO.splitlines(), "", *ENVIRONMENT.splitlines(), ""]
    lines += table(
        ["variable", "stands for", "in", "what it says"],
        [
            (code(name), code(option), ", ".join(code(path) for path in paths), plain(text))
            for (name, option, text), paths in sorted(variables().items())
        ],
    )
    lines += [
        *PROXIES.splitlines(),
        "",
        *SITES.splitlines(),
        "",
        "```text",
        *_head(ROOT / "data" / "sites.yml"),
        "```",
        "",
    ]
    lines += [f"Kinds of forum: {', '.join(code(kind) for kind in ADAPTERS)}.", "", *NUMBERS.splitlines(), ""]
    for path in modules():
        rows = [(code(name), code(value), plain(note)) for name, value, note in constants(path)]
        if rows:
            lines += [f"### {path.relative_to(ROOT)}", "", *table(["name", "value", "why"], rows)]
    helps = {setting.name: (setting.default, setting.help) for setting in DATASETTE_SETTINGS}
    lines += [*DATASETTE.splitlines(), ""]
    lines += table(
        ["setting", "here", "Datasette's default", "what it is"],
        [
            (code(name), code(value), code(_shown(helps[name][0])), plain(helps[name][1]))
            for name, value in SETTINGS.items()
        ],
    )
    return join(lines)


def variables() -> dict[tuple[str, str, str], list[str]]:
    """Environment variables that click reads: (name, option, help) -> the commands that take it."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for path, command in walk(optout, "optout"):
        for option in command.params:
            names = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
            for name in names:
                text = option.help if isinstance(option, click.Option) else ""
                found.setdefault((name, max(option.opts, key=len), relative(text or "")), []).append(path)
    return found


def modules() -> list[Path]:
    """The modules of every room that the package is made of, in order."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = [name.replace(".", "/") for name in project["tool"]["setuptools"]["packages"]]
    kept = [room for room in rooms if not room.startswith(LEFT_OUT)]
    return sorted(path for room in kept for path in (ROOT / room).glob("*.py"))


def constants(path: Path) -> Iterator[tuple[str, str, str]]:
    """Name, value and comment (above it, or the docstring below) of a module's numeric constants."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    body = ast.parse(source).body
    for place, node in enumerate(body):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        names = ast.unparse(target).strip("()")
        if all(NAME.fullmatch(name) for name in names.split(", ")) and _is_numeric(node.value):
            note = _comment(lines, node.lineno - 1) or _docstring(body[place + 1 : place + 2])
            yield names, ast.unparse(node.value), note


def _is_numeric(value: ast.expr) -> bool:
    """Whether a value is written as numbers: `5`, `64 * 1024`, `(3, 5)`, `timedelta(days=1)`."""
    numbers = 0
    for node in ast.walk(value):
        if isinstance(node, ast.Constant):
            if not isinstance(node.value, int | float):
                return False
            numbers += 1
        elif isinstance(node, ast.Name):
            if node.id != "timedelta":
                return False
        elif not isinstance(node, PARTS_OF_NUMBERS):
            return False
    return numbers > 0


def _comment(lines: list[str], line: int) -> str:
    found: list[str] = []
    while line and lines[line - 1].startswith("#"):
        line -= 1
        found.insert(0, lines[line].lstrip("# "))
    return " ".join(found)


def _docstring(following: list[ast.stmt]) -> str:
    for node in following:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return " ".join(node.value.value.split())
    return ""


def _head(path: Path) -> list[str]:
    """The comment at the head of a file."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        found.append(line.removeprefix("#").removeprefix(" "))
    return found


def _shown(value: object) -> str:
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
