"""Every command of the README does what it says, against the demonstration; those of other pages are at least commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.docs.pages import README, ROOT, Block, arguments, blocks, markdown, parse

OPTOUT = [sys.executable, "-c", "from cli import main; main()"]
# Where the README says that things are, and what stands for them here.
ADDRESS, DATABASE = "http://127.0.0.1:8001", "data/demo.db"
SHELL = [block for block in blocks(README, "sh") if not block.info]
NETWORK = [block for block in blocks(README, "sh") if block.info == "network"]
LINES = [line for block in SHELL for line in block.lines]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The demonstration, as `make run` has it, but on free ports and in a temporary folder: address and archive."""
    database = tmp_path_factory.mktemp("readme") / "demo.db"
    options = ["--port", "0", "--forum-port", "0", "--rate", "none", "--quiet", "--db", str(database)]
    server = subprocess.Popen(
        [*OPTOUT, "demo", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    try:
        assert server.stdout
        address = next(line.split(" at ")[1].split(" ")[0] for line in server.stdout if line.startswith("Serving"))
        yield address.rstrip("/"), database
    finally:
        server.terminate()
        server.wait(30)


def test_the_readme_shows_the_two_commands_first() -> None:
    assert SHELL[0].lines == ["make run", "make test"]


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("make ")])
def test_a_target_of_make_that_the_readme_names_exists(line: str) -> None:
    ended = subprocess.run(["make", "--dry-run", *line.split()[1:]], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("line", [line for line in LINES if arguments(line) is not None])
def test_a_command_of_the_readme_works_on_the_demonstration(line: str, served: tuple[str, Path]) -> None:
    words = [word.replace(DATABASE, str(served[1])) for word in arguments(line) or []]
    ended = subprocess.run([*OPTOUT, *words], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("curl ")])
def test_what_the_readme_fetches_is_there(line: str, served: tuple[str, Path]) -> None:
    assert ADDRESS in line
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    command = line.replace("curl ", "curl --fail --silent --show-error ", 1).replace(ADDRESS, served[0])
    ended = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, env=environment)
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.splitlines()) > 1 or len(ended.stdout) > 50


def test_the_readme_has_no_other_commands() -> None:
    assert [line for line in LINES if not line.startswith(("make ", "curl ")) and arguments(line) is None] == []


@pytest.mark.parametrize("line", [line for block in NETWORK for line in block.lines])
def test_a_command_that_needs_the_internet_has_options_that_exist(line: str) -> None:
    words = arguments(line)
    assert words is not None
    parse(words)


def get(served: tuple[str, Path], path: str, **values: str) -> Any:
    answer = httpx.get(served[0] + path, params=values, follow_redirects=True, trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer


class TestTour:
    """The five minutes: what the README promises at each step is on the page."""

    def test_the_search_finds_words_and_shows_the_programs(self, served: tuple[str, Path]) -> None:
        assert 'action="/search"' in get(served, "/").text
        found = get(served, "/search", q="merchant token").text
        assert "<mark>merchant</mark> <mark>token</mark>" in found and "Promise Optimization" in found

    def test_the_first_page_leads_to_the_program(self, served: tuple[str, Path]) -> None:
        assert "Promise Optimization" in get(served, "/").text
        row = get(served, "/archive/programs/amz~2Epromise_optimization").text
        assert "mentions" in row

    def test_the_thread_shows_evidence_edits_removals_and_proof(self, served: tuple[str, Path]) -> None:
        page = get(served, "/thread/demo/1001").text
        assert "named: “" in page and "sha256:" in page and "captured" in page
        threads = "select distinct t.permalink from threads t join posts p on p.thread_id = t.id where "
        for condition, words in (("p.revisions > 0", "edited"), ("p.state = 'deleted'", "removed")):
            links = get(served, "/archive.json", sql=threads + condition, _shape="arrayfirst").json()
            assert any(words in get(served, link.split("#")[0]).text.lower() for link in links), words

    def test_the_first_crawl_and_the_second_are_in_the_archive(self, served: tuple[str, Path]) -> None:
        runs = get(served, "/archive/runs.json", verb="crawl", _shape="array").json()
        assert len(runs) == 2


def test_recovery_can_be_tried_while_the_demonstration_is_served(served: tuple[str, Path], tmp_path: Path) -> None:
    (line,) = (line for block in other_pages() for line in block.lines if line.endswith("--db try.db"))
    printed = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
    archive = get(served, "/archive/lookups.json", _shape="array").json()[0]["archive"]
    words = arguments(line.replace(printed, archive).replace("try.db", str(tmp_path / "try.db"))) or []
    ended = subprocess.run([*OPTOUT, *words, "--quiet"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert "looked for 4 threads: 3 recovered" in ended.stdout


def other_pages() -> list[Block]:
    return [block for page in markdown() if page != README for block in blocks(page, "sh")]


def test_every_command_of_optout_on_any_page_is_one_that_click_accepts() -> None:
    lines = [(block.page.name, line) for block in other_pages() for line in block.lines]
    for page, line in lines:
        words = arguments(line)
        if words is not None:
            try:
                parse(words)
            except Exception as error:
                pytest.fail(f"{page}: {line}: {error}")


def test_what_the_readme_says_of_the_tags_is_what_was_measured() -> None:
    figures = json.loads((ROOT / "data" / "model" / "figures.json").read_text(encoding="utf-8"))["figures"]
    programs, themes = (figures[what]["all"] for what in ("programs", "themes"))
    words = ("", "one", "two", "three", "four", "five")

    def said(share: float) -> str:
        nearest = Fraction(share).limit_denominator(5)
        return f"{words[nearest.numerator]} in {words[nearest.denominator]}"

    text = " ".join(README.read_text(encoding="utf-8").split())
    assert f"{said(programs['precision']['value'])} program tags" in text
    assert f"{said(themes['precision']['value'])} complaint tags are right" in text
    assert f"{said(1 - themes['recall']['value'])} complaints are missed" in text
