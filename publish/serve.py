"""Serving the published copy: Datasette with the settings that this site needs."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from archive.database import Paths
from archive.errors import InputError, UnreachableError
from publish.build import inspect_file
from publish.holding import hold

HERE = Path(__file__).resolve().parent
METADATA = HERE.parent / "metadata.yml"
PLUGINS = HERE / "plugins"
TEMPLATES = HERE / "templates"

# Without facet suggestion a page of a big table takes tens of milliseconds instead of a second; the time limits are
# above what facets and searches take at ten million posts; a streamed CSV is never cut (0 is no limit).
SETTINGS = {
    "suggest_facets": "off",
    "sql_time_limit_ms": "3000",
    "facet_time_limit_ms": "1500",
    "default_page_size": "50",
    "max_returned_rows": "1000",
    "truncate_cells_html": "600",
    "allow_download": "on",
    "allow_csv_stream": "on",
    "max_csv_mb": "0",
    "num_sql_threads": "3",
}
# Ports after the wanted one that are tried when it is taken.
PORTS_TRIED = 20
# Seconds that the server may take to answer for the first time.
STARTUP = 60.0


def command(copy: Path, host: str = "127.0.0.1", port: int = 8001, *, allow_sql: bool = True) -> list[str]:
    """The command line that serves a published copy. It works from any folder.

    `allow_sql=False` leaves tables, facets and the ready-made queries, and refuses readers' own SQL.
    """
    settings = SETTINGS | ({} if allow_sql else {"default_allow_sql": "off"})
    arguments = [sys.executable, "-m", "datasette", "serve", "-i", str(copy.resolve())]
    counts = inspect_file(copy)
    if counts.exists():
        arguments += ["--inspect-file", str(counts.resolve())]
    arguments += ["-m", str(METADATA), "--plugins-dir", str(PLUGINS), "--template-dir", str(TEMPLATES)]
    for name, value in settings.items():
        arguments += ["--setting", name, value]
    return [*arguments, "--host", host, "--port", str(port)]


def serve(
    paths: Paths,
    host: str = "127.0.0.1",
    port: int = 8001,
    *,
    allow_sql: bool = True,
    tell: Callable[[str], None] = print,
) -> int:
    """Serve the present copy until interrupted, whatever is published meanwhile; the exit code of the server.

    Says the address when the server answers. Port 0 takes any free one, and a taken port the next free one, which is
    said too. InputError if nothing is published or no port is free; UnreachableError if the server does not start.
    """
    free = free_port(host, port)
    # By this note the server that answers is known to be the one that was started.
    note = secrets.token_hex(8)
    if port not in (0, free):
        tell(f"Port {port} is taken; taking {free}.")
    previous = signal.signal(signal.SIGTERM, _stop)
    try:
        with hold(paths.published) as (copy, lock):
            arguments = [*command(copy, host, free, allow_sql=allow_sql), "--version-note", note]
            server = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, pass_fds=[lock])
            try:
                shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
                address = f"http://{f'[{shown}]' if ':' in shown else shown}:{free}/"
                _wait(server, address, note)
                tell(f"Serving {paths.published} at {address} (Ctrl-C stops it)")
                return server.wait()
            finally:
                _end(server)
    except KeyboardInterrupt:
        return 130
    finally:
        signal.signal(signal.SIGTERM, previous)


def free_port(host: str, port: int) -> int:
    """`port` if it can be bound, else the next that can; any free one for 0. InputError if there is none."""
    if not 0 <= port <= 65535:
        raise InputError(f"{port} is no port: ports go from 0 (any free one) to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    reason: OSError | None = None
    for candidate in [0] if port == 0 else range(port, min(port + PORTS_TRIED, 65536)):
        try:
            with socket.create_server((host, candidate), family=family) as listener:
                bound: int = listener.getsockname()[1]
                return bound
        except OSError as error:
            reason = error
    raise InputError(f"cannot listen at {host}, port {port} or the next {PORTS_TRIED - 1}: {reason}")


def _wait(server: subprocess.Popen[bytes], address: str, note: str) -> None:
    # A proxy of the environment has nothing to do with this machine's own server.
    opener = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + STARTUP
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise UnreachableError(f"the server ended with exit code {server.returncode}: see its message above")
        with suppress(URLError, OSError), opener.open(f"{address}-/versions.json", timeout=2) as answer:
            if note.encode() in answer.read(100_000):
                return
        time.sleep(0.1)
    raise UnreachableError(f"the server does not answer at {address} after {STARTUP:.0f} seconds")


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            # A stream whose reader is gone can keep Datasette from stopping.
            server.kill()
            server.wait()


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
