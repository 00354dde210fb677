"""Starts the emitted backend on a free loopback port and a migrated database, and stops exactly that process."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import msgspec

import backwright
import backwright_runtime
from backwright.reference.calling import Scripts
from backwright.verify.serve_under_test import FRESH
from backwright_runtime import migrations

__all__ = ["ENCRYPTION_KEYS", "FRESH", "Server", "ServerFailed", "running"]

ENCRYPTION_KEYS = f"test:{secrets.token_urlsafe(48)}"
"""What encrypts the fields of every backend under test; the verifier puts rows in with it."""

READY_SECONDS = 60.0
STOP_SECONDS = 5.0


class ServerFailed(Exception):
    """The backend did not start, or is gone. The message ends with the last lines of its log."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A running backend: where it listens, where its database is, where it writes its log."""

    url: str
    database_url: str
    log: Path
    process: subprocess.Popen[bytes]

    def log_tail(self, lines: int = 12) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])


@contextmanager
def running(
    root: Path,
    package: str,
    database_url: str,
    *,
    token_keys: str = "",
    scripts: Scripts | None = None,
    extra: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """The backend that lies in `root`, migrated and ready. Raises ServerFailed when it does not come up.

    Several of one database share `token_keys`; otherwise they are made for this run. `scripts` stand in for custom
    logic; without them it is run as it is written. `extra` joins the environment.
    """
    asyncio.run(migrations.up(database_url, root / "migrations"))
    with tempfile.TemporaryDirectory(prefix="backwright-server-") as folder:
        log = Path(folder) / "server.log"
        script = Path(folder) / "logic.json" if scripts else None
        if script is not None:
            script.write_bytes(msgspec.json.encode(scripts))
        with socket.socket() as listening, log.open("wb") as output:
            listening.bind(("127.0.0.1", 0))
            listening.listen(128)
            port = listening.getsockname()[1]
            environment = service_environment(root, database_url, token_keys) | dict(extra or {})
            process = _start(root, package, environment, listening.fileno(), output, script)
        server = Server(url=f"http://127.0.0.1:{port}", database_url=database_url, log=log, process=process)
        try:
            _wait(server)
            yield server
        finally:
            _stop(process)


def python_path(*first: Path) -> str:
    """Where a child process finds the runtime and the tool, behind the folders that are to come `first`."""
    sources = [
        Path(module.__file__).parent.parent for module in (backwright, backwright_runtime) if module.__file__
    ]
    return os.pathsep.join(dict.fromkeys(str(path.resolve()) for path in (*first, *sources)))


def service_environment(root: Path, database_url: str, token_keys: str = "") -> dict[str, str]:
    """The environment of a backend under test: only what a process needs, and a key made for this run."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return kept | {
        "PYTHONPATH": python_path(root),
        "DATABASE_URL": database_url,
        "TOKEN_KEYS": token_keys or f"test:{secrets.token_urlsafe(48)}",
        "ENCRYPTION_KEYS": ENCRYPTION_KEYS,
        "LOG_LEVEL": "warning",
    }


def _start(
    root: Path,
    package: str,
    environment: dict[str, str],
    descriptor: int,
    output: IO[bytes],
    script: Path | None,
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "backwright.verify.serve_under_test", package, f"fd:{descriptor}"]
    command += [] if script is None else [str(script)]
    return subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        pass_fds=(descriptor,),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def _wait(server: Server) -> None:
    """Until the backend says that it is ready. The port accepts at once: the socket listens already."""
    deadline = time.monotonic() + READY_SECONDS
    said = "nothing"
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise ServerFailed(f"the backend ended with {server.process.returncode}\n{server.log_tail()}")
        try:
            answer = httpx.get(f"{server.url}/ready", timeout=2.0)
        except httpx.TransportError as error:
            said = repr(error)
        else:
            if answer.status_code == 200:
                return
            said = f"{answer.status_code} {answer.text[:200]}"
        time.sleep(0.02)
    raise ServerFailed(f"not ready within {READY_SECONDS:.0f} s: {said}\n{server.log_tail()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)
