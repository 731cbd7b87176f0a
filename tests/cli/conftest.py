"""Running `optout` in the test process: what it prints and the exit code it ends with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cli import main


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Optout = Callable[..., Ended]


@pytest.fixture
def optout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Optout:
    """`optout("crawl", url, ...)`: the command as a user runs it, without a process of its own."""
    monkeypatch.setattr("crawler.frontier.BACKOFF_SECONDS", 0.01)

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["optout", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return run
