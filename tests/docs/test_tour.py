"""The tour shows every page, with the pictures that the script makes."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
SHOWN = re.compile(r"^!\[([^\]]+)\]\(screenshots/([\w.-]+)\)\n\n(\S.*)$", re.MULTILINE)
# Bytes that all pictures together may have: they are in every clone.
MOST = 3_000_000


@pytest.fixture(scope="module")
def script() -> ModuleType:
    pytest.importorskip("playwright")
    spec = importlib.util.spec_from_file_location("screenshots", DOCS / "screenshots.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["screenshots"] = module
    spec.loader.exec_module(module)
    return module


def test_every_picture_of_the_script_is_shown_once_and_explained(script: ModuleType) -> None:
    found = SHOWN.findall((DOCS / "tour.md").read_text(encoding="utf-8"))
    assert [name for _, name, _ in found] == [f"{shot.name}.webp" for shot in script.SHOTS]
    assert all(len(words) > 10 and re.search(r"[a-z]", said) for words, _, said in found)


def test_the_pictures_are_there_and_small(script: ModuleType) -> None:
    pictures = [DOCS / "screenshots" / f"{shot.name}.webp" for shot in script.SHOTS]
    assert [picture.name for picture in pictures if not picture.is_file()] == []
    assert all(picture.read_bytes()[8:12] == b"WEBP" for picture in pictures)
    assert sum(picture.stat().st_size for picture in pictures) < MOST


def test_every_kind_of_page_is_in_it_wide_narrow_light_and_dark(script: ModuleType) -> None:
    kinds = {urlsplit(shot.path).path.strip("/").partition("/")[0] for shot in script.SHOTS}
    assert kinds >= {
        "", "search", "programs", "program", "theme", "forum", "matrix", "thread", "coverage", "method", "corrections", "-",
        "archive",
    }  # fmt: skip
    assert script.PACKAGE in {shot.path for shot in script.SHOTS}
    assert {shot.width for shot in script.SHOTS} >= {360, 768, 1440} and {shot.scheme for shot in script.SHOTS} == {
        "light",
        "dark",
    }
