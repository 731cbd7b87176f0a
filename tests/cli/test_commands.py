"""The commands as a user meets them."""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import click
import httpx
import pytest

from cli import optout as group
from demo import DemoForum
from tests.cli.conftest import Optout
from tests.forums import small_forum

OPTOUT = [sys.executable, "-c", "from cli import main; main()"]


def commands(group: click.Group, prefix: str = "") -> dict[str, click.Command]:
    """Every command that does something, by what one types."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        found |= commands(command, f"{prefix}{name} ") if isinstance(command, click.Group) else {prefix + name: command}
    return found


COMMANDS = commands(group)
# These work on files alone.
WITHOUT_ARCHIVE = {"evaluate", "taxonomy check", "taxonomy show"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_teaches_itself(name: str) -> None:
    command = COMMANDS[name]
    assert command.help and "Example" in command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"optout {name} {parameter.opts[0]} has no help"
    if name not in WITHOUT_ARCHIVE:
        assert any(parameter.name == "paths" for parameter in command.params), f"optout {name} has no --db"


def test_the_demonstration_shows_edits_tombstones_and_a_vanished_thread(optout: Optout, tmp_path: Path) -> None:
    ended = optout("demo", "--db", tmp_path / "d.db", "--no-serve", "--forum-port", "0", "--rate", "none", "--quiet")
    assert ended.code == 0
    state = json.loads(optout("status", "--json", "--db", tmp_path / "d.db").out)
    site = next(site for site in state["sites"] if site["id"] == "demo")
    assert site["posts_held"] == site["posts_listed"] > 250
    assert site["threads"] >= 30
    # What was recovered is a part of what is gone, in words too.
    vanished = next(site for site in state["sites"] if site["id"] == "oldquay")
    assert vanished["threads_gone"] == vanished["threads_recovered"] == vanished["threads"] == 4
    said = optout("status", "--db", tmp_path / "d.db").out
    assert "threads: 4 held, 4 of them gone from the source, 4 of these recovered;" in said
    assert site["threads_gone"] and site["tombstones"] and site["posts_hidden"] and site["revisions"]
    assert site["posts_missing"] == state["posts_to_tag"] == 0
    assert [run["state"] for run in state["runs"]] == ["finished"] * 3
    # What readers get holds the name of no seller, whether in a text, an address or the index of the search.
    with sqlite3.connect(tmp_path / "d.db") as archive:
        sellers = [row[0] for row in archive.execute("select distinct name from authors where role != 'staff'")]
    for file in (path for path in (tmp_path / "d.public").rglob("*") if path.is_file()):
        data = file.read_bytes()
        held = (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8", "replace").lower()
        assert [name for name in sellers if name.lower() in held] == [] and len(sellers) > 50


def test_one_command_crawls_tags_and_publishes_from_any_folder(
    optout: Optout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    with DemoForum(small_forum({7: 3})) as forum:
        ended = optout("run", forum.url, "--all", "--no-serve", "--db", tmp_path / "x.db")
    assert ended.code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.db", "x.key", "x.lock", "x.public", "x.warc"]
    with sqlite3.connect(tmp_path / "x.public" / "archive.db") as published:
        assert published.execute("select count(*) from posts").fetchone() == (3,)


def test_each_run_leaves_a_row_with_its_report(optout: Optout, tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 3})) as forum:
        printed = optout("crawl", forum.url, "--all", "--db", tmp_path / "x.db").out
    with sqlite3.connect(tmp_path / "x.db") as archive:
        row = archive.execute(
            "select verb, state, exit_code, requests, new_threads, new_posts, report from runs"
        ).fetchone()
    assert row[:6] == ("crawl", "finished", 0, 4, 1, 3)
    assert row[6] == printed.rstrip("\n")
    assert "next thread due for a re-check" in row[6]


def test_a_focused_crawl_says_what_it_passed_over(optout: Optout, tmp_path: Path) -> None:
    written = small_forum({7: 2, 8: 2}, title="Parcel tape number {id}")
    with DemoForum(written) as forum:
        optout("crawl", forum.url, "--db", tmp_path / "x.db")
    ended = optout("status", "--passed", "--db", tmp_path / "x.db")
    assert "2 threads looked at, 2 passed over" in ended.out
    assert "Parcel tape number 7 (no match)" in ended.out


def test_quiet_prints_the_report_only(optout: Optout, tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 3})) as forum:
        ended = optout("crawl", forum.url, "--all", "--quiet", "--db", tmp_path / "x.db")
    assert ended.err == ""
    assert ended.out.splitlines()[0].endswith("finished with 4 requests (0 answered 429, 0 retries)")


def test_serve_publishes_says_its_address_and_stops_when_told_to(tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 3})) as forum:
        subprocess.run([*OPTOUT, "crawl", forum.url, "--all", "-q", "--db", str(tmp_path / "x.db")], check=True)
    server = subprocess.Popen(
        [*OPTOUT, "serve", "--port", "0", "--db", str(tmp_path / "x.db")],
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout
    address = next(line.split(" at ")[1].split(" ")[0] for line in server.stdout if line.startswith("Serving"))
    posts = httpx.get(f"{address}archive/posts.json", params={"_shape": "array"}).json()
    assert len(posts) == 3
    server.terminate()
    assert server.wait(20) is not None
    for _ in range(100):
        try:
            httpx.get(address)
            time.sleep(0.1)
        except httpx.TransportError:
            break
    else:
        pytest.fail("the server goes on after the command ended")
