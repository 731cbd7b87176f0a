"""Makes the pictures of `docs/tour.md`: every page of the site, as served from the demonstration archive.

    .venv/bin/python docs/screenshots.py                write docs/screenshots/
    .venv/bin/python docs/screenshots.py --only thread  only those whose name begins so

Needs what the browser tests need: Chromium on the path, or named by OPTOUT_BROWSER. No network beyond this machine.
"""

from __future__ import annotations

import argparse
import base64
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).resolve().parent
IMAGES = HERE / "screenshots"
OPTOUT = [sys.executable, "-c", "from cli import main; main()"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# The pages are our own, and containers forbid the sandbox.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
# Readable text at a tenth of the bytes of PNG.
QUALITY = 55
PROGRAM = "amz.promise_optimization"
# Stands for the page of an evidence package, which is a file and not on the site.
PACKAGE = "package:"


@dataclass(frozen=True)
class Shot:
    """A picture: the name of its file, the address, the window in CSS pixels, and what is pressed before."""

    name: str
    path: str
    width: int = 1440
    height: int = 1000
    scheme: Any = "light"
    press: str = ""


SHOTS = (
    Shot("home", "/"),
    Shot("home-phone", "/", 360, 760),
    Shot("search", "/search?q=return+label&sort=newest"),
    Shot("search-nothing", "/search?q=how+do+I+get+out+of+Automated+Handeling+Time", height=560),
    Shot("search-phone", "/search?q=return+label", 360, 760, "dark"),
    Shot("programs", "/programs"),
    Shot("program", f"/program/{PROGRAM}", height=1500),
    Shot("program-dark", f"/program/{PROGRAM}", scheme="dark"),
    Shot("theme", "/theme/optout_offplatform"),
    Shot("forum", "/forum/demo"),
    Shot("matrix", "/matrix", height=900),
    Shot("thread", "/thread/demo/1001", height=1200),
    Shot("thread-evidence", "/thread/demo/1001", height=640, press="#p1 .note button.theme"),
    Shot("thread-phone", "/thread/demo/1001", 360, 760),
    Shot("thread-dark", "/thread/demo/1001", 768, 900, "dark"),
    Shot("thread-recovered", "/thread/oldquay/50333", height=800),
    Shot("miss", "/thread/oldquay/61002", height=700),
    Shot("cite", "/thread/demo/1001/cite/1", height=800),
    Shot("coverage", "/coverage"),
    Shot("method", "/method"),
    Shot("corrections", "/corrections", height=900),
    Shot("data", "/archive", height=1200),
    Shot("question", "/archive/ways_out?marketplace=amazon"),
    Shot("table", f"/archive/mentions?program_id={PROGRAM}"),
    Shot("row", "/archive/mentions/40"),
    Shot("exports", "/-/exports", height=900),
    Shot("evidence", PACKAGE, height=1100),
)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the demonstration archive, made and served from `folder`, and an evidence package beside it."""
    archive = ["--db", str(folder / "demo.db"), "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    for arguments in (
        ["demo", "--no-serve", "--rate", "none", "--forum-port", "0"],
        ["export", "evidence", "--program", PROGRAM, "--public", "-o", str(folder / "evidence")],
    ):
        subprocess.run([*OPTOUT, *arguments, *archive], check=True, stdout=subprocess.DEVNULL, env=environment)
    server = subprocess.Popen(
        [*OPTOUT, "serve", "--port", "0", *archive],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
    )  # fmt: skip
    try:
        assert server.stdout
        line = next(line for line in server.stdout if line.startswith("Serving"))
        yield line.split(" at ")[1].split(" ")[0].rstrip("/")
    finally:
        server.terminate()
        server.wait()


def take(browser: Browser, shot: Shot, site: str, package: Path) -> bytes:
    """One picture, as WebP."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height}, color_scheme=shot.scheme, reduced_motion="reduce"
    )
    try:
        page = context.new_page()
        page.goto(package.as_uri() if shot.path == PACKAGE else site + shot.path)
        if shot.press:
            page.locator(shot.press).first.click()
        # Until the page is painted there is nothing to take.
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        taken = context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
        return base64.b64decode(taken["data"])
    finally:
        context.close()


def main() -> int:
    """Take the pictures; the exit code."""
    parser = argparse.ArgumentParser(description="Make the pictures of docs/tour.md from the demonstration archive.")
    parser.add_argument("--only", default="", metavar="NAME", help="only those whose name begins so")
    parser.add_argument("--folder", type=Path, default=IMAGES, help="where they go (default: docs/screenshots)")
    options = parser.parse_args()
    found = os.environ.get("OPTOUT_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        print(
            f"no browser: none of {', '.join(BROWSERS)} is on the path, and OPTOUT_BROWSER names none", file=sys.stderr
        )
        return 2
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, served(Path(temporary)) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        for shot in (shot for shot in SHOTS if shot.name.startswith(options.only)):
            picture = take(browser, shot, site, Path(temporary) / "evidence" / "data" / "index.html")
            (options.folder / f"{shot.name}.webp").write_bytes(picture)
            print(f"{shot.name}.webp: {len(picture) // 1024} KB")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
