"""A real pywb replays what a real crawl stored."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from demo import DemoForum
from tests.crawling import crawl, opened
from tests.forums import small_forum

BIN = Path(sys.executable).parent


@pytest.fixture
def archived(tmp_path: Path) -> str:
    """A small forum was crawled and is gone; its address."""
    with DemoForum(small_forum({7: 2, 8: 30})) as forum:
        crawl(forum.url, tmp_path, everything=True)
        return forum.url


@contextmanager
def serving(folder: Path, warcs: Iterable[Path]) -> Iterator[str]:
    """pywb, set up in `folder`, with these WARC files as its collection `forum`; the collection's address."""
    for arguments in (["init", "forum"], ["add", "forum", *map(str, warcs)]):
        subprocess.run([str(BIN / "wb-manager"), *arguments], cwd=folder, check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = subprocess.Popen(
        [str(BIN / "wayback"), "-b", "127.0.0.1", "-p", str(port)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                httpx.get(f"http://127.0.0.1:{port}/")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/forum"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def pywb(tmp_path: Path, archived: str) -> Iterator[str]:
    """pywb with the archive's WARC files; the collection's address."""
    with serving(tmp_path, (tmp_path / "archive.warc").glob("*.warc.gz")) as address:
        yield address


def test_pywb_serves_every_capture_with_its_time_and_its_bytes(tmp_path: Path, archived: str, pywb: str) -> None:
    listed = httpx.get(f"{pywb}/cdx", params={"url": f"{archived}/*", "output": "json"}).text.splitlines()
    captures = opened(tmp_path).conn.execute("select url, captured_at, size from captures order by id").fetchall()
    assert sorted(json.loads(line)["url"] for line in listed) == sorted(row["url"] for row in captures)
    for row in captures:
        stamp = row["captured_at"].translate(str.maketrans("", "", "-:TZ"))
        answer = httpx.get(f"{pywb}/{stamp}id_/{row['url']}")
        assert answer.status_code == 200
        assert "memento-datetime" in answer.headers
        assert len(answer.content) == row["size"]
    assert any(answer.json()["id"] == 8 for answer in [httpx.get(f"{pywb}/id_/{archived}/t/8.json")])
