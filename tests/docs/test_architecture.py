"""The map of the rooms is the truth: what is named exists, and nothing is imported that the map does not allow."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT, markdown, text

ROW = re.compile(r"^\| `(\w+)/` \| .+ \| (.+) \|$", re.MULTILINE)
MAP = {room: set(re.findall(r"`(\w+)/`", allowed)) for room, allowed in ROW.findall(text("architecture.md"))}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = {name.split(".")[0] for name in PROJECT["tool"]["setuptools"]["packages"]}


def imported(path: Path) -> set[str]:
    """The top-level names that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_the_map_has_every_room_that_the_package_is_made_of() -> None:
    assert set(MAP) == ROOMS


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_only_what_the_map_allows(room: str) -> None:
    for path in sorted((ROOT / room).rglob("*.py")):
        forbidden = (imported(path) & (ROOMS | {"tests", "docs"})) - {room} - MAP[room]
        assert not forbidden, f"{path.relative_to(ROOT)} imports {', '.join(sorted(forbidden))}"


def test_the_map_has_no_circles() -> None:
    assert len(list(TopologicalSorter(MAP).static_order())) == len(MAP)


def test_the_rooms_on_the_way_of_a_post_never_import_each_other() -> None:
    way = {"crawler", "analysis", "publish"}
    for room in way:
        assert not MAP[room] & way


def names(page: Path) -> set[str]:
    """Names of modules, functions and classes in a page, in code spans: `crawler.door.Door.fetch`."""
    spans = re.findall(r"`([\w.]+)(?:\(\))?`", page.read_text(encoding="utf-8"))
    return {span for span in spans if span.split(".")[0] in ROOMS and "." in span and not span.endswith((".db", ".py"))}


def resolved(name: str) -> bool:
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        found: Any
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            if not hasattr(found, part) and part not in getattr(found, "__annotations__", ()):
                return False
            found = getattr(found, part, None)
        return True
    return False


def test_every_function_that_the_architecture_names_exists() -> None:
    found = names(ROOT / "docs" / "architecture.md")
    assert len(found) > 20
    assert [name for name in sorted(found) if not resolved(name)] == []


@pytest.mark.parametrize(
    "page", [path for path in markdown() if "labelled" not in path.parts], ids=lambda path: path.name
)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    tops = ROOMS | {"data", "docs", "tests", "requirements", "benchmarks"}
    # Made by the program, and not in a fresh checkout.
    made = re.compile(r"data/(?:archive|demo)\.\w+")
    spans = re.findall(r"`((?:\w+/)[\w./-]*)`", page.read_text(encoding="utf-8"))
    named = {span for span in spans if span.split("/")[0] in tops and not made.match(span)}
    assert [span for span in sorted(named) if not (ROOT / span).exists()] == []
