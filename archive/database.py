"""Opening an archive: connection settings, migrations, the one-writer lock, and where its other files lie."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from archive import clock
from archive.errors import DamagedError, InputError, LockedError
from archive.migrations import migrations

# A reader that starts while a writer commits waits this long for it (milliseconds).
BUSY_TIMEOUT = 10_000


@dataclass(frozen=True)
class Paths:
    """The files of one archive. Everything lies beside the database and is named after it."""

    database: Path

    @property
    def warcs(self) -> Path:
        """The folder of the WARC files."""
        return self.database.with_suffix(".warc")

    @property
    def lock(self) -> Path:
        return self.database.with_suffix(".lock")

    @property
    def key(self) -> Path:
        """The key of the pseudonyms: outside the archive, so that publishing it does not publish names."""
        return self.database.with_suffix(".key")

    @property
    def published(self) -> Path:
        """The read-only copy that Datasette serves. Its stem is its name in every address of the site."""
        return self.database.with_suffix(".public") / "archive.db"


def open_archive(path: Path, *, create: bool = False) -> Database:
    """The archive at `path`, with its schema brought up to date.

    InputError if it does not exist and `create` is False; DamagedError if the file is no SQLite database.
    """
    if not path.exists() and not create:
        raise InputError(f"there is no archive at {path}. Make one with: optout crawl SITE --db {path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        db = Database(sqlite3.connect(path, timeout=BUSY_TIMEOUT / 1000, check_same_thread=False))
        db.conn.row_factory = sqlite3.Row
        db.conn.execute("pragma journal_mode = wal")
        db.conn.execute("pragma synchronous = normal")
        db.conn.execute("pragma foreign_keys = on")
        if migrations.pending(db):
            migrations.apply(db)
    except sqlite3.DatabaseError as error:
        raise DamagedError(f"{path} cannot be opened as an archive: {error}") from error
    return db


@contextmanager
def write_lock(
    paths: Paths, purpose: str, *, wait: float = 0.0, tell: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Hold the archive's write lock. The operating system frees it when the process ends, however it ends.

    `wait` is how many seconds to wait for another writer; LockedError after that, saying who holds it.
    """
    paths.lock.parent.mkdir(parents=True, exist_ok=True)
    with open(paths.lock, "a+", encoding="utf-8") as file:
        deadline = time.monotonic() + wait
        told = False
        while not _try_lock(file.fileno()):
            writer = _holder(paths.lock)
            if time.monotonic() >= deadline:
                raise LockedError(f"{paths.database} is being written by {writer}. Try again when it is done.")
            if not told:
                tell(f"waiting for {writer}, which is writing to {paths.database}")
                told = True
            time.sleep(0.2)
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "purpose": purpose, "since": clock.now()}))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def holder(paths: Paths) -> str | None:
    """Who is writing to the archive, None if nobody is."""
    if not paths.lock.exists():
        return None
    with open(paths.lock, "a+", encoding="utf-8") as file:
        return None if _try_lock(file.fileno()) else _holder(paths.lock)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(path: Path) -> str:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return f"optout {record['purpose']} (process {record['pid']}, since {record['since']})"
    except (ValueError, KeyError, TypeError):
        return "another optout"
