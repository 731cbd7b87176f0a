from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from archive.database import Paths
from archive.errors import InputError
from publish import serve

ROOT = Path(serve.__file__).resolve().parents[1]
SERVE = (
    "from pathlib import Path; from archive.database import Paths; from publish.serve import serve;"
    " import sys; sys.exit(serve(Paths(Path(sys.argv[1])), port=int(sys.argv[2]), tell=lambda t: print(t, flush=True)))"
)


def test_the_command_has_the_copy_the_counts_the_metadata_and_the_plugin(published: Paths) -> None:
    command = serve.command(published, "127.0.0.1", 8001)
    for flag, value in (
        ("-i", published.published), ("--inspect-file", published.published.with_suffix(".inspect.json")),
        ("-m", serve.METADATA), ("--plugins-dir", serve.PLUGINS), ("--template-dir", serve.TEMPLATES),
    ):  # fmt: skip
        assert (flag, str(value)) in set(pairwise(command))
        assert Path(value).is_absolute() and Path(value).exists()


def test_readers_sql_can_be_refused(published: Paths) -> None:
    assert "default_allow_sql" in serve.command(published, allow_sql=False)
    assert "default_allow_sql" not in serve.command(published)


def test_serving_nothing_says_how_to_publish(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="optout publish"):
        serve.command(Paths(tmp_path / "archive.db"))


def test_a_taken_port_gives_the_next_free_one_and_zero_any() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serve.free_port("127.0.0.1", port) > port
    assert serve.free_port("127.0.0.1", 0) > 0


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70000), ("127.0.0.1", -1), ("no.such.host.invalid", 8001)])
def test_an_impossible_address_is_said_plainly(host: str, port: int) -> None:
    with pytest.raises(InputError):
        serve.free_port(host, port)


def test_it_serves_from_any_folder_says_where_and_stops_when_told(published: Paths, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(published.database), str(port)], cwd=tmp_path, text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        guard = threading.Timer(60, server.kill)
        guard.start()
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith(f"Port {port} is taken; taking ")
            address = next(word for word in server.stdout.readline().split() if word.startswith("http://"))
            with build_opener(ProxyHandler({})).open(address + "thread/sas/3686", timeout=10) as answer:
                assert answer.status == 200
            server.send_signal(signal.SIGTERM)
            assert server.wait(20) == 130
        finally:
            guard.cancel()
            server.kill()
            server.wait()
            server.stdout.close() if server.stdout else None


def test_datasette_by_hand_with_the_same_folders_works(published: Paths) -> None:
    datasette = Path(sys.executable).with_name("datasette")
    answer = subprocess.run(
        [str(datasette), str(published.published), "-m", "metadata.yml", "--plugins-dir", "publish/plugins",
         "--template-dir", "publish/templates", "--get", "/thread/sas/3686"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "Promise Optimization" in answer.stdout
