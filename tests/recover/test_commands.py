"""`optout recover` and `optout import` on the command line."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from archive.database import open_archive
from archive.errors import InputError
from cli import optout
from cli.recover import DEAD_KIND
from crawler.catalogue import resolve
from crawler.store import Store
from demo import DemoForum
from demo.web_archive import WebArchiveServer
from tests.forums import small_forum
from tests.imports import files

SURVEY = "https://sellers.oldquay.example/forums/t/survey-opt-out-again/45210/3"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(optout, [str(argument) for argument in arguments])


def test_an_address_of_an_unknown_dead_forum_is_recovered_and_shown_in_status(
    tmp_path: Path, server: WebArchiveServer
) -> None:
    db = tmp_path / "archive.db"
    result = run("recover", SURVEY, "--archive", server.url, "--db", db, "--quiet")
    assert result.exit_code == 0 and "1 recovered" in result.output
    status = json.loads(run("status", "--json", "--lookups", "--db", db).output)
    assert [(look["state"], look["native_id"], look["new_posts"]) for look in status["lookups"]] == [
        ("recovered", "45210", 10)
    ]
    assert status["sites"][0]["threads_recovered"] == 1


def test_a_dead_forum_is_named_by_its_address(tmp_path: Path, server: WebArchiveServer) -> None:
    forum = "https://sellers.oldquay.example/forums"
    result = run(
        "recover", "--forum", forum, "--from", "2019", "--archive", server.url, "--db", tmp_path / "a.db", "--quiet"
    )
    assert result.exit_code == 0
    assert "recovered: https://sellers.oldquay.example/forums/t/45210" in result.output
    assert "5 threads listed: 4 wanted (1 by their addresses" in result.output
    assert "3 by title or opening post" in result.output and "passed over: 1 by their addresses" in result.output


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["https://sellers.oldquay.example/forums"], "is not the address of a thread"),
        ([SURVEY, "--forum", "osfe-us"], "either URL or --forum"),
        (["--all"], "--all goes with --forum"),
        (["--deep"], "--deep goes with --forum"),
        (["--archive", "archive.org"], "is no web archive"),
    ],
)
def test_wrong_arguments_are_explained(tmp_path: Path, arguments: list[str], words: str) -> None:
    result = run("recover", *arguments, "--db", tmp_path / "a.db")
    assert isinstance(result.exception, InputError) and words in str(result.exception)


def test_nothing_to_look_for_is_no_error(tmp_path: Path, server: WebArchiveServer) -> None:
    result = run("recover", "--archive", server.url, "--db", tmp_path / "a.db", "--quiet")
    assert result.exit_code == 0 and "looked for 0 threads" in result.output


def test_an_import_of_a_forum_that_is_not_listed_names_it(tmp_path: Path) -> None:
    path, db = tmp_path / "saved.warc.gz", tmp_path / "archive.db"
    path.write_bytes(files.warc((f"{files.FORUM}/t/7.json", files.topic_bytes())))
    result = run("import", path, "--db", db, "--quiet")
    assert result.exit_code == 2 and "0 captures taken" in result.output
    assert f"nothing usable in {path}" in result.output and "name it: --forum URL" in result.output
    result = run("import", path, "--forum", files.FORUM, "--db", db, "--quiet")
    assert result.exit_code == 0 and "1 captures taken" in result.output
    opened = open_archive(db)
    assert opened.conn.execute("select state, posts_held from threads").fetchone()[:] == ("saved", 2)
    opened.close()


def presume_gone(db: Path, url: str) -> None:
    """As a look-up of a thread in web archives leaves a forum that is not in data/sites.yml."""
    with closing(open_archive(db, create=True)) as opened, opened.atomic():
        Store(opened.conn, resolve(url, [], DEAD_KIND).site).add_site("2026-01-01T00:00:00Z")


def the_site(db: Path) -> tuple[str, dict[str, int]]:
    """Kind of the one forum, and its threads by what became of them."""
    (site,) = json.loads(run("status", "--json", "--db", db).output)["sites"]
    return site["kind"], {name: site[f"threads_{name}"] for name in ("gone", "recovered", "saved")}


LOST, SAVED, THERE = ({"gone": n, "recovered": n, "saved": m} for n, m in ((1, 0), (0, 1), (0, 0)))


@pytest.mark.parametrize("what", ["", "/t/7"], ids=["the forum", "the thread"])
@pytest.mark.parametrize("presumed", [False, True], ids=["never asked", "presumed gone"])
def test_a_saved_thread_of_a_living_forum_is_no_loss_and_the_forum_can_be_crawled(
    tmp_path: Path, presumed: bool, what: str
) -> None:
    path, db = tmp_path / "7.json", tmp_path / "archive.db"
    with DemoForum(small_forum({7: 3})) as forum:
        path.write_bytes(httpx.get(f"{forum.url}/t/7.json").content)
        if presumed:
            presume_gone(db, forum.url)
        assert run("import", path, "--url", forum.url, "--saved-at", "2026-11-01", "--db", db, "--quiet").exit_code == 0
        assert the_site(db) == (("discourse_html", LOST) if presumed else ("discourse", SAVED))
        crawled = run("crawl", forum.url + what, "--all", "--rate", "none", "--db", db, "--quiet")
        assert crawled.exit_code == 0, crawled.output
        assert the_site(db) == ("discourse", THERE)


def test_a_forum_that_is_presumed_gone_stays_so_until_it_answers(tmp_path: Path) -> None:
    path, db = tmp_path / "7.json", tmp_path / "archive.db"
    path.write_bytes(files.topic_bytes())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    presume_gone(db, url)
    assert run("import", path, "--url", url, "--db", db, "--quiet").exit_code == 0
    assert "does not answer" in run("crawl", url, "--rate", "none", "--db", db, "--quiet").output
    assert the_site(db) == ("discourse_html", LOST)


def test_the_whole_forum_s_crawl_asks_for_what_is_known_from_saved_copies_only(tmp_path: Path) -> None:
    path, db = tmp_path / "9.json", tmp_path / "archive.db"
    with DemoForum(small_forum({7: 3, 9: 2})) as forum:
        path.write_bytes(httpx.get(f"{forum.url}/t/9.json").content)
    with DemoForum(small_forum({7: 3})) as later:
        assert run("import", path, "--url", later.url, "--db", db, "--quiet").exit_code == 0
        assert run("crawl", later.url, "--all", "--rate", "none", "--db", db, "--quiet").exit_code == 0
    assert the_site(db) == ("discourse", LOST)


def test_a_list_of_addresses_may_be_counted_only(tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    path.write_text(f"{files.FORUM}/t/7\n")
    result = run("import", path, "--no-crawl", "--db", tmp_path / "a.db", "--quiet")
    assert result.exit_code == 0 and "1 addresses in lists, not crawled" in result.output
