"""The files for cron and systemd are well formed, and the commands in them are commands of the program."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, arguments, blocks, parse, text

UNITS = sorted((DOCS / "systemd").iterdir())
CRON = (DOCS / "cron" / "optout").read_text(encoding="utf-8")


def unit(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser


def test_the_page_shows_the_line_that_is_in_the_file_for_cron() -> None:
    (line,) = [line for line in CRON.splitlines() if re.match(r"[\d*]", line)]
    assert line in [shown for block in blocks(DOCS / "unattended.md", "text") for shown in block.lines]


def test_the_line_for_cron_runs_a_command_of_the_program(tmp_path: Path) -> None:
    (line,) = [line for line in CRON.splitlines() if re.match(r"[\d*]", line)]
    *schedule, user, command = line.split(None, 6)
    assert len(schedule) == 5 and user == "optout"
    assert "%" not in line, "cron takes a % for the end of the line"
    values = dict(line.split("=", 1) for line in CRON.splitlines() if re.match(r"[A-Z]+(?:_[A-Z]+)*=", line))
    script = tmp_path / "optout"
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 4\n', encoding="utf-8")
    script.chmod(0o755)
    log = tmp_path / "log"
    environment = {**os.environ, **values, "OPTOUT": str(script), "LOG": str(log)}
    ended = subprocess.run(["/bin/sh", "-c", command], env=environment, capture_output=True, text=True)
    words = log.read_text(encoding="utf-8").splitlines()
    assert parse(words).params["no_serve"] is True
    assert f"exit code 4, see {log}" in ended.stdout


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_named_by_the_page_and_runs_a_command_of_the_program(path: Path) -> None:
    assert f"systemd/{path.name}" in text("unattended.md")
    if path.suffix == ".service":
        words = arguments(unit(path)["Service"]["ExecStart"])
        assert words is not None
        parse(words)
        assert not shlex.split(unit(path)["Service"]["ExecStart"])[0].startswith("-")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    for path in UNITS:
        held = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        (tmp_path / path.name).write_text(held, encoding="utf-8")
    units = [str(tmp_path / path.name) for path in UNITS]
    ended = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    said = [line for line in ended.stderr.splitlines() if str(tmp_path) in line or "optout" in line]
    assert ended.returncode == 0 and said == [], ended.stderr
