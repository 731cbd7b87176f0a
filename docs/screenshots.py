"""Takes the screenshots of the README from the demonstration archive, with a headless Chromium.

    python docs/screenshots.py [--browser /usr/bin/chromium]

The demonstration is crawled, tagged and served from a temporary folder; nothing outside docs/screenshots/ is written.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "screenshots"
OPTOUT = [sys.executable, "-c", "from cli import main; main()"]
# File -> page of the demonstration, width and height of the window in pixels.
SHOTS = {
    "home.png": ("", 1100, 900),
    "thread.png": ("thread/demo/1001", 1100, 1000),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Seconds that a page may take to be drawn.
PATIENCE = 120


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The demonstration, crawled into `folder` and served; its address."""
    database = str(folder / "demo.db")
    make = ["demo", "--no-serve", "--rate", "none", "--forum-port", "0", "--quiet", "--db", database]
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent.parent)}
    subprocess.run([*OPTOUT, *make], check=True, stdout=subprocess.DEVNULL, env=environment)
    server = subprocess.Popen(
        [*OPTOUT, "serve", "--port", "0", "--quiet", "--db", database],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert server.stdout
        yield next(line.split(" at ")[1].split(" ")[0] for line in server.stdout if line.startswith("Serving"))
    finally:
        server.terminate()
        server.wait()


def shoot(browser: str, address: str, target: Path, width: int, height: int) -> None:
    """One page into one file. Without a sandbox: the page is our own, and containers often forbid one."""
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                "--run-all-compositor-stages-before-draw", "--virtual-time-budget=5000",
                f"--user-data-dir={profile}", f"--window-size={width},{height}", f"--screenshot={target}", address,
            ],
            check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description="Take the screenshots of the README from the demonstration.")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    parser.add_argument("--browser", default=found, help="a Chromium (default: the one on the path)")
    options = parser.parse_args()
    if not options.browser:
        print("no Chromium on the path; name one with --browser", file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as address:
        for name, (page, width, height) in SHOTS.items():
            shoot(options.browser, address + page, FOLDER / name, width, height)
            print(f"wrote {FOLDER / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
