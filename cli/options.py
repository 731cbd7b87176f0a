"""Options and helpers that several verbs share."""

from __future__ import annotations

import getpass
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

from archive.database import Paths

DEFAULT_DB = Path(__file__).parent.parent / "data" / "archive.db"
# How long a second writer waits for the first, in seconds.
LOCK_WAIT = 10.0


def _paths(_context: click.Context, _option: click.Parameter, value: str) -> Paths:
    return Paths(Path(value).expanduser().resolve())


def _somebody(_context: click.Context, _option: click.Parameter, name: str | None) -> str:
    if name is not None and not name.strip():
        raise click.BadParameter("a decision is somebody's: give a name")
    return (name or getpass.getuser()).strip()


def db_option_for(shown: str, default: Path, envvar: str | None = None) -> Callable[..., Any]:
    """The option `--db`, with a default."""
    return click.option(
        "--db",
        "paths",
        default=str(default),
        envvar=envvar,
        show_default=shown,
        metavar="PATH",
        callback=_paths,
        help="The archive. Its WARC files, published copy and lock lie beside it.",
    )


db_option = db_option_for("data/archive.db of the program's folder, or $OPTOUT_DB", DEFAULT_DB, "OPTOUT_DB")
by_option: Callable[..., Any] = click.option(
    "--by", metavar="NAME", callback=_somebody, help="Who decides (your user name by default)."
)
quiet_option: Callable[..., Any] = click.option(
    "-q", "--quiet", is_flag=True, help="Print only the final report and errors."
)
exports_option: Callable[..., Any] = click.option(
    "--exports/--no-exports",
    default=True,
    show_default=True,
    help="Make every table a file for download, with its number of rows and SHA-256, whenever a copy is made.",
)
lock_option: Callable[..., Any] = click.option(
    "--wait",
    default=LOCK_WAIT,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait if another optout is writing to this archive.",
)


@contextmanager
def stop_flag() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM ask for an orderly end: the request in flight is finished and stored. A second one ends the
    program at once, which costs nothing either. Outside the main thread nothing is caught."""
    asked = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        click.echo("stopping after the request in flight; once more ends at once", err=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
