"""Exit codes tell classes of trouble apart, and each message says what was wrong and what to do."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from archive.database import Paths, write_lock
from demo import DemoForum, faults
from tests.cli.conftest import Optout
from tests.forums import small_forum


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_0_when_everything_is_accounted_for(optout: Optout, tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 3})) as forum:
        ended = optout("crawl", forum.url, "--all", "--db", tmp_path / "x.db")
    assert ended.code == 0
    assert "new: 1 threads, 3 posts" in ended.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("crawl",), "Missing argument 'FORUM...'"),
        (("crawl", "no-such-site"), "neither a known site (sas"),
        (("crawl", "ftp://forum.example/"), "neither a known site"),
        (("crawl", "sas", "--rate", "fast"), "'fast' is no rate. Write REQUESTS/SECONDS, as in 45/10s, or none"),
        (("tag",), "there is no archive at"),
        (("status",), "there is no archive at"),
        (("serve",), "there is no archive at"),
        (("rebuild",), "there are no WARC files in"),
    ],
)
def test_2_for_what_the_user_can_mend_on_the_command_line(
    optout: Optout, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    ended = optout(*arguments, "--db", tmp_path / "x.db")
    assert ended.code == 2
    assert words in ended.err
    assert "Traceback" not in ended.err


def test_2_when_nothing_is_there_of_what_the_user_named(optout: Optout, tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 3})) as forum:
        db = ("--rate", "none", "--db", tmp_path / "x.db")
        ended = optout("crawl", f"{forum.url}/t/999999", *db)
        assert ended.code == 2
        assert f"no such thread at {forum.url}/t/999999 (HTTP 404)" in ended.out
        # What only a typing mistake named is nobody's loss.
        assert "gone before" not in ended.out
        assert '"threads_absent": 0' in optout("status", "--json", *db[2:]).out
        ended = optout("crawl", f"{forum.url}/t/999999", f"{forum.url}/t/7", *db)
        assert ended.code == 0
        assert f"no such thread at {forum.url}/t/999999 (HTTP 404)" in ended.out


def test_0_when_a_thread_that_is_held_is_there_no_more(optout: Optout, tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 3})) as forum:
        named = ("crawl", f"{forum.url}/t/7", "--rate", "none", "--db", tmp_path / "x.db")
        assert optout(*named).code == 0
        forum.faults.append(faults.answer("/t/7.json", 404, "{}", {"Content-Type": "application/json"}))
        ended = optout(*named)
    assert ended.code == 0
    assert "1 threads gone" in ended.out and "no such thread" not in ended.out


def test_3_when_a_thread_could_not_be_had_and_the_others_are_there(optout: Optout, tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 3, 8: 2})) as forum:
        forum.faults.append(faults.answer(r"^/t/7\.json", 500, times=None))
        ended = optout("crawl", forum.url, "--all", "--db", tmp_path / "x.db")
        assert ended.code == 3
        assert f"failed: {forum.url}/t/7.json: status 500" in ended.out
        assert "held: 1 threads, 2 of 2 listed posts" in ended.out
        forum.faults.clear()
        assert optout("crawl", forum.url, "--all", "--db", tmp_path / "x.db").code == 0


def test_4_when_nothing_answers(optout: Optout, tmp_path: Path) -> None:
    ended = optout("crawl", f"http://127.0.0.1:{free_port()}", "--all", "--db", tmp_path / "x.db")
    assert ended.code == 4
    assert "the host does not answer" in ended.err


def test_5_when_robots_txt_forbids_the_forum(optout: Optout, tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 3})) as forum:
        forum.faults.append(faults.answer(r"^/robots\.txt", 200, "User-agent: *\nDisallow: /\n", times=None))
        ended = optout("crawl", forum.url, "--all", "--db", tmp_path / "x.db")
        assert [request.path for request in forum.requests] == ["/robots.txt"]
    assert ended.code == 5
    assert "robots.txt of" in ended.err


def test_5_when_a_challenge_page_comes_instead_of_the_list(optout: Optout, tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 3})) as forum:
        forum.faults.append(faults.challenge(r"^/(latest|site)", times=None))
        ended = optout("crawl", forum.url, "--all", "--db", tmp_path / "x.db")
    assert ended.code == 5
    assert "a challenge page for browsers came instead of data" in ended.err


def test_6_when_another_writer_does_not_end_in_time_and_says_who_it_is(optout: Optout, tmp_path: Path) -> None:
    with write_lock(Paths(tmp_path / "x.db"), "crawl"):
        ended = optout("crawl", "sas", "--wait", "0.3", "--db", tmp_path / "x.db")
    assert ended.code == 6
    assert f"is being written by optout crawl (process {os.getpid()}" in ended.err


def test_a_second_writer_waits_for_the_first(optout: Optout, tmp_path: Path) -> None:
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with write_lock(Paths(tmp_path / "x.db"), "tag"):
            held.set()
            release.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    threading.Timer(0.5, release.set).start()
    with DemoForum(small_forum({7: 3})) as forum:
        ended = optout("crawl", forum.url, "--all", "--db", tmp_path / "x.db")
    thread.join()
    assert ended.code == 0
    assert "waiting for optout tag" in ended.err


def test_7_when_a_warc_file_lost_what_the_archive_knows(optout: Optout, tmp_path: Path) -> None:
    with DemoForum(small_forum({7: 3})) as forum:
        optout("crawl", forum.url, "--all", "--db", tmp_path / "x.db")
        (path,) = (tmp_path / "x.warc").glob("*.warc.gz")
        path.write_bytes(path.read_bytes()[:-10])
        ended = optout("crawl", forum.url, "--all", "--db", tmp_path / "x.db")
    assert ended.code == 7
    assert str(path) in ended.err


def test_7_when_the_file_is_no_archive(optout: Optout, tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("not a database, and long enough to be sure about that " * 30)
    ended = optout("status", "--db", tmp_path / "x.db")
    assert ended.code == 7
    assert "cannot be opened as an archive" in ended.err


def test_8_when_sites_yml_has_a_mistake(optout: Optout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "sites.yml"
    broken.write_text("sites:\n  - id: a\n    kind: discourse\n    base_url: https://a.example\n  - id: b\n    kind: dscourse\n    base_url: https://b.example\n")  # fmt: skip
    monkeypatch.setattr("crawler.catalogue.load_sites.__defaults__", (broken,))
    ended = optout("crawl", "a", "--db", tmp_path / "x.db")
    assert ended.code == 8
    assert f"{broken}:5: unknown kind 'dscourse'. Known: discourse" in ended.err


def test_130_when_interrupted_and_the_same_command_goes_on(optout: Optout, tmp_path: Path) -> None:
    with DemoForum(small_forum(dict.fromkeys(range(1, 13), 2))) as forum:
        forum.faults.append(faults.stall(r"^/t/6\.json", 0.5))

        def interrupt() -> None:
            while not any(request.path == "/t/5.json" for request in forum.requests):
                pass
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        first = optout("crawl", forum.url, "--all", "--db", tmp_path / "x.db")
        asked = len(forum.requests)
        second = optout("crawl", forum.url, "--all", "--db", tmp_path / "x.db")
        assert len(forum.requests) == 3 + 12
    assert first.code == 130
    assert "known addresses are left; the same command goes on from here" in first.out
    assert asked < 15
    assert second.code == 0
    assert "held: 12 threads, 24 of 24 listed posts" in second.out


def test_a_forum_that_does_not_answer_does_not_keep_the_others_from_being_crawled(
    optout: Optout, tmp_path: Path
) -> None:
    with DemoForum(small_forum({7: 3})) as forum:
        dead = f"http://127.0.0.1:{free_port()}"
        ended = optout("run", dead, forum.url, "--all", "--no-serve", "--db", tmp_path / "x.db")
    assert ended.code == 4
    assert "held: 1 threads, 3 of 3 listed posts" in ended.out
    assert "published 3 posts" in ended.out
