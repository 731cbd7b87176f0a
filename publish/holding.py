"""The copy that a server holds: the published files in a folder of its own, which no later publishing replaces.

Readers of a database open it again and again, one connection a thread and one an export. A path that a publishing
replaces would give them the old copy and the new one by turns.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from archive.errors import InputError
from publish.build import inspect_file

LOCK = "lock"


@contextmanager
def hold(published: Path) -> Iterator[tuple[Path, int]]:
    """The copy under a path that stays as it is, and the descriptor of the lock that says it is in use.

    The path ends in the same name. A process that is given the descriptor keeps the folder from being cleaned away for
    as long as it runs, whatever becomes of its parent. Folders that nobody uses any more are removed on the way.
    InputError if nothing is published, or if nothing can be written beside it.
    """
    if not published.exists():
        raise InputError(f"nothing is published yet: there is no {published}. Make it with: optout publish")
    held = published.parent / "serving"
    with ExitStack() as leaving:
        try:
            held.mkdir(mode=0o700, exist_ok=True)
            with open(held / LOCK, "w", encoding="utf-8") as door:
                fcntl.flock(door, fcntl.LOCK_EX)
                _clean(held)
                folder = Path(tempfile.mkdtemp(dir=held))
                leaving.callback(shutil.rmtree, folder, ignore_errors=True)
                lock = leaving.enter_context(open(folder / LOCK, "w", encoding="utf-8"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            _fill(folder, published)
        except OSError as error:
            raise InputError(f"cannot hold the copy in {held} for the server: {error.strerror or error}") from error
        yield folder / published.name, lock.fileno()


def _fill(folder: Path, published: Path) -> None:
    for file in (published, inspect_file(published)):
        if file.exists():
            _link(file, folder / file.name)
    # Files for download have a manifest of their own, and a web server in front delivers those that there are.
    (folder / "exports").symlink_to(published.parent.resolve() / "exports", target_is_directory=True)


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:
        # Some file systems have no links, and some systems allow them to a file's owner only.
        shutil.copy2(file, target)


def _clean(held: Path) -> None:
    """Remove what killed servers left."""
    for folder in held.iterdir():
        if folder.is_dir() and not _in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _in_use(folder: Path) -> bool:
    with open(folder / LOCK, "a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
