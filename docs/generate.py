"""Writes the reference pages of `docs/` from the program itself, so that they cannot say anything else.

    python docs/generate.py            write them
    python docs/generate.py --check    write nothing; exit code 1 and the names of those that are out of date

The same program gives the same pages, wherever it lies and whenever it runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The rooms lie beside docs/ and need not be installed.
sys.path.insert(0, str(HERE.parent))

from reference import commands, dictionary, index, programs, settings  # noqa: E402

PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands.page,
    "data-dictionary.md": dictionary.page,
    "taxonomy.md": programs.page,
    "settings.md": settings.page,
}


INDEX = "README.md"


def stale(folder: Path) -> dict[str, str]:
    """The pages that `folder` does not hold as they should be: name -> what they should be."""
    made = {name: page() for name, page in PAGES.items()}
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md") if path.name != INDEX}
    made[INDEX] = index.page(written | made)
    return {name: text for name, text in made.items() if _held(folder / name) != text}


def _held(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str] | None = None) -> int:
    """Write or check the pages; the exit code."""
    parser = argparse.ArgumentParser(description="Write the reference pages of docs/ from the program itself.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a page is out of date")
    parser.add_argument("--folder", type=Path, default=HERE, help="where the pages lie (default: docs/)")
    options = parser.parse_args(arguments)
    changed = stale(options.folder)
    if options.check:
        for name in changed:
            print(f"{options.folder / name} is out of date. Write it again with: make docs", file=sys.stderr)
        return 1 if changed else 0
    for name, text in changed.items():
        (options.folder / name).write_text(text, encoding="utf-8")
        print(f"wrote {options.folder / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
