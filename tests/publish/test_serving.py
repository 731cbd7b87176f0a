from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

import pytest

from archive.database import Paths, open_archive
from archive.errors import InputError
from publish import serve
from publish.build import build, inspect_file
from publish.exports import bulk
from publish.holding import hold
from taxonomy import Taxonomy

ROOT = Path(serve.__file__).resolve().parents[1]
SERVE = (
    "from pathlib import Path; from archive.database import Paths; from publish.serve import serve;"
    " import sys; sys.exit(serve(Paths(Path(sys.argv[1])), port=int(sys.argv[2]), tell=lambda t: print(t, flush=True)))"
)


def test_the_command_has_the_copy_the_counts_the_metadata_and_the_plugin(published: Paths) -> None:
    command = serve.command(published.published, "127.0.0.1", 8001)
    for flag, value in (
        ("-i", published.published), ("--inspect-file", published.published.with_suffix(".inspect.json")),
        ("-m", serve.METADATA), ("--plugins-dir", serve.PLUGINS), ("--template-dir", serve.TEMPLATES),
    ):  # fmt: skip
        assert (flag, str(value)) in set(pairwise(command))
        assert Path(value).is_absolute() and Path(value).exists()


def test_readers_sql_can_be_refused(published: Paths) -> None:
    assert "default_allow_sql" in serve.command(published.published, allow_sql=False)
    assert "default_allow_sql" not in serve.command(published.published)


def test_serving_nothing_says_how_to_publish(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="optout publish"):
        serve.serve(Paths(tmp_path / "archive.db"), port=0)


def test_a_taken_port_gives_the_next_free_one_and_zero_any() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serve.free_port("127.0.0.1", port) > port
    assert serve.free_port("127.0.0.1", 0) > 0


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70000), ("127.0.0.1", -1), ("no.such.host.invalid", 8001)])
def test_an_impossible_address_is_said_plainly(host: str, port: int) -> None:
    with pytest.raises(InputError):
        serve.free_port(host, port)


@contextmanager
def served(paths: Paths, folder: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A server that is running, and what it said until it was."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(paths.database), str(port)], cwd=folder, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    guard = threading.Timer(60, server.kill)
    guard.start()
    try:
        assert server.stdout is not None
        said = [server.stdout.readline()]
        while said[-1] and "Serving" not in said[-1]:
            said.append(server.stdout.readline())
        yield server, said
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 130
    finally:
        guard.cancel()
        server.kill()
        server.wait()
        server.stdout.close() if server.stdout else None


def read(said: list[str], path: str) -> str:
    address = next(word for word in said[-1].split() if word.startswith("http://"))
    with build_opener(ProxyHandler({})).open(address + path, timeout=20) as answer:
        assert answer.status == 200
        return str(answer.read().decode())


def test_it_serves_from_any_folder_says_where_and_stops_when_told(published: Paths, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with served(published, tmp_path, port) as (_, said):
            assert said[0].startswith(f"Port {port} is taken; taking ")
            assert "Promise Optimization" in read(said, "thread/sas/3686")


def test_a_copy_that_is_published_meanwhile_is_seen_on_no_page_and_in_no_export(
    archived: Paths, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    def threads() -> int:
        build(archived, taxonomy)
        with sqlite3.connect(archived.published) as connection:
            return int(connection.execute("select count(*) from threads").fetchone()[0])

    before = threads()
    with served(archived, tmp_path) as (_, said):
        with open_archive(archived.database).conn as connection:
            connection.execute(
                "insert into threads (site_id, native_id, url, title, tags, state, first_seen_at, last_seen_at,"
                " capture_id)"
                " select site_id, '4711', url || '-', 'A later thread', tags, state, first_seen_at,"
                " last_seen_at, capture_id from threads limit 1"
            )
        assert threads() == before + 1
        sql = quote("select count(*) as threads from threads")
        with ThreadPoolExecutor(4) as readers:
            pages = [readers.submit(read, said, f"archive.json?_shape=array&sql={sql}&n={n}") for n in range(24)]
            exports = [readers.submit(read, said, "-/export/threads.csv") for _ in range(6)]
        assert {json.loads(page.result())[0]["threads"] for page in pages} == {before}
        assert {len(list(csv.reader(io.StringIO(export.result())))) for export in exports} == {before + 1}
    with served(archived, tmp_path) as (_, said):
        assert json.loads(read(said, f"archive.json?_shape=array&sql={sql}"))[0]["threads"] == before + 1


class TestHolding:
    def test_the_copy_and_its_counts_keep_their_names_and_go_when_the_server_ends(self, archived: Paths) -> None:
        publish(archived)
        with hold(archived.published) as (copy, _):
            assert copy.name == "archive.db" and copy.samefile(archived.published)
            assert copy.with_suffix(".inspect.json").samefile(inspect_file(archived.published))
        assert not copy.parent.exists() and archived.published.exists()

    def test_where_links_do_not_work_the_copy_is_copied(self, archived: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError("no links here")

        publish(archived)
        monkeypatch.setattr(os, "link", refuse)
        with hold(archived.published) as (copy, _):
            assert copy.read_bytes() == archived.published.read_bytes() and not copy.samefile(archived.published)

    def test_files_for_download_are_those_that_there_are(self, archived: Paths) -> None:
        publish(archived)
        with hold(archived.published) as (copy, _):
            assert bulk.listed(copy) is None
            bulk.folder(archived.published).mkdir()
            (bulk.folder(archived.published) / bulk.MANIFEST).write_text("{}")
            assert bulk.listed(copy) == {}
        assert bulk.there(archived)

    def test_what_a_killed_server_left_is_removed_and_what_is_in_use_is_not(self, archived: Paths) -> None:
        publish(archived)
        with hold(archived.published) as (first, lock):
            orphan = subprocess.Popen(["sleep", "60"], pass_fds=[lock])
            (left := first.parent.parent / "left").mkdir()
            with hold(archived.published) as (second, _):
                assert first.exists() and second.exists() and not left.exists()
            kept = first.parent.rename(first.parent.with_name("kept"))
        try:
            with hold(archived.published):
                assert kept.exists()
        finally:
            orphan.kill()
            orphan.wait()
        with hold(archived.published):
            assert not kept.exists()

    def test_where_nothing_can_be_written_it_says_so(self, archived: Paths) -> None:
        publish(archived)
        (archived.published.parent / "serving").write_text("")
        with pytest.raises(InputError, match="cannot hold the copy"), hold(archived.published):
            pass


def publish(paths: Paths) -> None:
    """Files in the places of a copy and its counts."""
    paths.published.parent.mkdir()
    paths.published.write_bytes(b"copy")
    inspect_file(paths.published).write_text("{}")


def test_datasette_by_hand_with_the_same_folders_works(published: Paths) -> None:
    datasette = Path(sys.executable).with_name("datasette")
    answer = subprocess.run(
        [str(datasette), str(published.published), "-m", "metadata.yml", "--plugins-dir", "publish/plugins",
         "--template-dir", "publish/templates", "--get", "/thread/sas/3686"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "Promise Optimization" in answer.stdout
