"""The demonstration's vanished forum, in a web archive of its own and in a real pywb over the same WARC file."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from archive import clock
from demo.vanished import Shot, load_vanished, write_web_archive
from demo.web_archive import WebArchiveServer
from tests.crawler.conftest import Time

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Warc:
    path: Path
    shots: list[Shot]


@dataclass(frozen=True)
class Pywb:
    """A collection of a running pywb, and its log."""

    url: str
    log: Path

    def requests(self, part: str) -> list[str]:
        """The lines of the log for requests from outside whose path holds `part`."""
        return [line for line in self.log.read_text().splitlines() if f'"GET /coll/{part}' in line]


@pytest.fixture(scope="session")
def oldquay(tmp_path_factory: pytest.TempPathFactory) -> Warc:
    """What a web archive holds of the vanished forum."""
    path = tmp_path_factory.mktemp("oldquay") / "oldquay.warc.gz"
    return Warc(path, write_web_archive(load_vanished(), path))


@pytest.fixture
def server(oldquay: Warc) -> Iterator[WebArchiveServer]:
    """The demonstration's own web archive."""
    with WebArchiveServer(oldquay.path) as opened:
        yield opened


@pytest.fixture(scope="session")
def pywb(oldquay: Warc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pywb]:
    """A real pywb, in a process of its own."""
    folder = tmp_path_factory.mktemp("pywb")
    for arguments in (["init", "coll"], ["add", "coll", str(oldquay.path)]):
        subprocess.run([BIN / "wb-manager", *arguments], cwd=folder, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "log"
    with open(log, "wb") as output:
        process = subprocess.Popen([BIN / "wayback", "-p", str(port), "-b", "127.0.0.1"], cwd=folder, stdout=output, stderr=output)  # fmt: skip
        try:
            _wait(f"http://127.0.0.1:{port}/coll/", process)
            yield Pywb(f"http://127.0.0.1:{port}/coll", log)
        finally:
            process.terminate()
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("pywb did not start")


@pytest.fixture
def virtual_time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time of doors and web archives in this test: it passes when they wait."""
    virtual = Time()
    for module in ("crawler.door", "crawler.webarchives"):
        monkeypatch.setattr(f"{module}.time", virtual)
    monkeypatch.setattr(clock, "now", lambda: clock.iso(datetime.fromtimestamp(virtual.at, UTC)))
    return virtual
