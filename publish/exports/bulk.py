"""Every table as a file for download, made once with the published copy: nobody has to stream a million rows.

They lie in `exports/` beside the copy: compressed CSV, Parquet where its package is installed, a dictionary for each,
`manifest.json` with row counts and digests, and `SHA256SUMS` for `sha256sum -c`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archive.database import Paths
from archive.errors import InputError
from publish.exports import files, parquet
from publish.exports.selection import Filters, names, of_table

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
BLOCK = 1 << 20


def folder(copy: Path) -> Path:
    """Where the exports of a published copy lie."""
    return copy.parent / "exports"


def make(paths: Paths, progress: Callable[[str, int, int], None] = lambda stage, done, total: None) -> dict[str, Any]:
    """Make them again, in place of earlier ones; gives the manifest. InputError if nothing is published."""
    with files.opened(paths) as copy:
        tables = names(copy)
        selections = [of_table(copy, table, Filters()) for table in tables]
        about = dict(copy.execute("select key, value from about").fetchall())
    kinds = ["csv.gz"]
    try:
        parquet.require()
        kinds.append("parquet")
    except InputError:
        pass
    unfinished = folder(paths.published).with_suffix(".building")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    made: list[dict[str, Any]] = []
    for at, selection in enumerate(selections):
        progress(f"export {selection.name}", at, len(selections))
        for kind in kinds:
            target = unfinished / f"{selection.name}.{kind}"
            rows = files.write(paths.published, selection, kind.removesuffix(".gz"), target)
            made.append({
                "file": target.name, "table": selection.name, "rows": rows, "bytes": target.stat().st_size,
                "sha256": _digest(target),
            })  # fmt: skip
    manifest = {"fingerprint": about.get("fingerprint", ""), "built_at": about.get("built_at", ""), "files": made}
    (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    listed = sorted(path for path in unfinished.iterdir())
    (unfinished / SUMS).write_text("".join(f"{_digest(path)}  {path.name}\n" for path in listed), encoding="utf-8")
    discard(paths)
    unfinished.rename(folder(paths.published))
    return manifest


def there(paths: Paths) -> bool:
    """True if there are exports, of whatever copy."""
    return folder(paths.published).is_dir()


def are_current(paths: Paths) -> bool:
    """True if there are exports of the present copy. InputError if nothing is published."""
    with files.opened(paths) as copy:
        fingerprint = copy.execute("select value from about where key = 'fingerprint'").fetchone()
    manifest = listed(paths.published)
    return manifest is not None and fingerprint is not None and manifest.get("fingerprint") == fingerprint[0]


def discard(paths: Paths) -> None:
    """Remove them: they may hold what the next copy no longer does."""
    shutil.rmtree(folder(paths.published), ignore_errors=True)


def listed(copy: Path) -> dict[str, Any] | None:
    """The manifest of a copy's exports, None if there are none."""
    try:
        manifest: dict[str, Any] = json.loads((folder(copy) / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
