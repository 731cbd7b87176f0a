"""A real browser on the demonstration archive, served as readers get it.

Without Chromium these tests are skipped and say so; with `OPTOUT_REQUIRE_BROWSER=1` (continuous integration) a missing
browser is a failure. `OPTOUT_BROWSER` names another one than the Chromium on the path.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from archive.database import Paths

ROOT = Path(__file__).resolve().parents[2]
OPTOUT = [sys.executable, "-c", "from cli import main; main()"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing is asked of the network, and no sandbox, which containers forbid: the pages are our own.
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-prefers-reduced-motion",
]  # fmt: skip
# Milliseconds that a page may take on a busy machine.
PATIENCE = 30_000


@dataclass(frozen=True)
class Site:
    """The served demonstration: its address, and the copy that it serves."""

    address: str
    copy: Path

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        connection = sqlite3.connect(self.copy)
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]
        finally:
            connection.close()


@dataclass
class Watched:
    """What a page asked for and complained about."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def hosts(self) -> set[str]:
        return {urlsplit(url).netloc for url in self.requests if url.startswith(("http:", "https:", "ws:", "wss:"))}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    paths = Paths(tmp_path_factory.mktemp("browser") / "demo.db")
    make = ["demo", "--no-serve", "--rate", "none", "--forum-port", "0", "--quiet", "--db", str(paths.database)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([*OPTOUT, *make], check=True, capture_output=True, env=environment)
    server = subprocess.Popen(
        [*OPTOUT, "serve", "--port", "0", "--quiet", "--db", str(paths.database)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
    )  # fmt: skip
    guard = threading.Timer(300, server.kill)
    guard.start()
    try:
        assert server.stdout
        line = next(line for line in server.stdout if line.startswith("Serving"))
        guard.cancel()
        yield Site(line.split(" at ")[1].split(" ")[0].rstrip("/"), paths.published)
    finally:
        guard.cancel()
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Of one module, not of the session: while Playwright runs, no other test of this process can run an event loop.
    found = os.environ.get("OPTOUT_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        message = f"no browser: none of {', '.join(NAMES)} is on the path, and OPTOUT_BROWSER names none"
        if os.environ.get("OPTOUT_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield opened
        opened.close()


Open = Callable[..., Page]


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def visit(browser: Browser, site: Site, watched: Watched) -> Iterator[Open]:
    """Opens a path of the site in a fresh window; `watched` sees what it asks for and what it complains about."""
    contexts = []

    def visit(path: str = "/", *, width: int = 1440, scheme: Any = "light") -> Page:
        context = browser.new_context(
            base_url=site.address, viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True,
            reduced_motion="reduce",
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("request", lambda request: watched.requests.append(request.url))
        page.on("requestfailed", lambda request: watched.complaints.append(f"{request.url}: {request.failure}"))
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        page.on(
            "console", lambda said: watched.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
