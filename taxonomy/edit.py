"""Writing into the taxonomy's files what a person decided, with every comment and the order of the rest kept."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from archive.errors import ArchiveError, InputError
from taxonomy.datafile import DataFile
from taxonomy.load import FOLDER, load
from taxonomy.normalise import fold

MARKETPLACES = {
    "amz": "amazon", "ebay": "ebay", "etsy": "etsy", "wmt": "walmart", "walmart": "walmart", "tiktok": "tiktok_shop",
    "shopify": "shopify",
}  # fmt: skip
VERSION_LINE = re.compile(r"^version: (\d+)", re.M)
WATCHLIST = re.compile(r"^watchlist:", re.M)


def stop_names(folder: Path | None = None) -> list[str]:
    """The names in `stop_names.yml`; DataFileError if it has a mistake."""
    file = DataFile((folder or FOLDER) / "stop_names.yml", FOLDER / "stop_names.schema.json")
    return [entry["name"] for entry in file.data["names"]]


def add_stop_name(name: str, *, by: str, on: date, why: str | None = None, folder: Path | None = None) -> None:
    """Add a name to the end of `stop_names.yml`."""
    path = (folder or FOLDER) / "stop_names.yml"
    if fold(name).text in {fold(known).text for known in stop_names(folder)}:
        raise InputError(f"{name!r} is in {path} already.")
    reason = f", why: {_quoted(why)}" if why else ""
    line = f'  - {{name: {_quoted(name)}{reason}, by: {_quoted(by)}, decided_on: "{on.isoformat()}"}}\n'
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^names: \[\]\n?", "names:\n", text, flags=re.M)
    _write(path, _raised(text.rstrip("\n") + "\n" + line), lambda: stop_names(folder))


def add_program(
    program_id: str,
    name: str,
    aliases: Iterable[str],
    *,
    url: str,
    mode: str,
    description: str,
    note: str,
    folder: Path | None = None,
) -> None:
    """Add a program, `unverified`, to the end of those in `programs.yml`. `url` is where it was met (a forum).

    InputError if the id is taken or its marketplace is not known; DataFileError, and the file as before, if the result
    would not be a taxonomy.
    """
    path = (folder or FOLDER) / "programs.yml"
    prefix = program_id.partition(".")[0]
    if prefix not in MARKETPLACES or not re.fullmatch(r"[a-z]+\.[a-z0-9_]+", program_id):
        raise InputError(
            f"{program_id!r} is no id: it is marketplace.name_in_small_letters, with one of {', '.join(MARKETPLACES)}"
        )
    taxonomy = load(folder)
    if program_id in {program.id for program in taxonomy.programs} | {watched.id for watched in taxonomy.watchlist}:
        raise InputError(f"{program_id} is in {path} already. Choose another id, or add the alias there by hand.")
    lines = [
        f"  - id: {program_id}",
        f"    name: {_quoted(name)}",
        f"    marketplace: {MARKETPLACES[prefix]}",
        "    status: unverified",
        f"    description: {_quoted(description)}",
        f"    note: {_quoted(note)}",
        "    aliases:",
        # Acronyms are other words in small letters.
        *(
            f"      - {{text: {_quoted(text)}, observed: true{', case: exact' if text.isupper() else ''}}}"
            for text in aliases
        ),
        "    history:",
        f"      - {{date: null, mode: {mode}, sources: [{prefix}-forum]}}",
        "    sources:",
        f"      - {{key: {prefix}-forum, url: {_quoted(url)}, tier: F}}",
    ]
    text = path.read_text(encoding="utf-8")
    place = WATCHLIST.search(text)
    if place is None:
        raise InputError(f"{path} has no line that begins with `watchlist:`, before which programs are added.")
    entry = "\n".join(lines) + "\n"
    before = text[: place.start()].rstrip("\n") + "\n\n"
    _write(path, _raised(before + entry + text[place.start() :]), lambda: load(folder))


def _write(path: Path, text: str, check: Callable[[], object]) -> None:
    """Put `text` in the file's place, and the old file back if `check` finds that it is wrong."""
    before = path.read_bytes()
    _replace(path, text.encode("utf-8"))
    try:
        check()
    except ArchiveError:
        _replace(path, before)
        raise


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(content)
    os.replace(beside, path)


def _raised(text: str) -> str:
    return VERSION_LINE.sub(lambda match: f"version: {int(match[1]) + 1}", text, count=1)


def _quoted(text: str) -> str:
    """As a YAML scalar: JSON strings are."""
    return json.dumps(text, ensure_ascii=False)
