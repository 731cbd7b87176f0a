"""Crawls an address and kills itself, with SIGKILL, at a chosen moment: `driver.py URL FOLDER MOMENT COUNT SHARE`.

MOMENT: `before send`, `after answer` (nothing stored yet), `half written` (SHARE of the capture's bytes are in the
file), `after append` (the capture is on the disk, the database does not know), `in transaction`, `after commit`.
COUNT: at its how many-th occurrence.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import archive.warc
import crawler.crawl
from crawler.door import Door
from tests.crawling import crawl


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, folder: str, moment: str, count: int, share: float) -> None:
    left = count

    def now() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    def before(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if now():
                die()
            return function(*args, **kwargs)

        return wrapper

    def after(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            if now():
                die()
            return result

        return wrapper

    def half(file: BinaryIO, data: bytes) -> None:
        if now():
            file.write(data[: int(len(data) * share)])
            file.flush()
            os.fsync(file.fileno())
            die()
        whole(file, data)

    whole = archive.warc.write_all
    match moment:
        case "before send":
            Door._send = before(Door._send)  # type: ignore[method-assign]
        case "after answer":
            Door._send = after(Door._send)  # type: ignore[method-assign]
        case "half written":
            archive.warc.write_all = half
        case "after append":
            archive.warc.write_all = after(whole)
        case "in transaction":
            crawler.crawl.ingest = after(crawler.crawl.ingest)
        case "after commit":
            crawler.crawl.Crawl._progress = after(crawler.crawl.Crawl._progress)  # type: ignore[method-assign]
    crawl(url, Path(folder), everything=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
