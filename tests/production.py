"""A delivered backend as it is run in production: its own command line, configured by the environment."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

SECONDS_TO_START = 60


def environment(database_url: str, **more: str) -> dict[str, str]:
    """What a service is configured by, and nothing of the process that starts it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return {
        **kept,
        "DATABASE_URL": database_url,
        "TOKEN_KEYS": f"first:{secrets.token_hex(32)}",
        "ENCRYPTION_KEYS": f"first:{secrets.token_hex(32)}",
        "LOG_LEVEL": "warning",
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


@contextmanager
def serving(
    project: Path, package: str, database_url: str, python: str = sys.executable, **more: str
) -> Iterator[str]:
    """Migrates and serves; yields the address. The server is stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = environment(database_url, PORT=str(port), **more)
    command = [python, "-m", package]
    migrated = subprocess.run(
        [*command, "migrate", "up"], cwd=project, env=variables, capture_output=True, text=True, check=False
    )
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr
    server = subprocess.Popen(
        [*command, "serve"], cwd=project, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_until_ready(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        assert server.poll() is None, f"the server ended with {server.returncode}"
        try:
            if httpx.get(f"{address}/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server did not become ready")
