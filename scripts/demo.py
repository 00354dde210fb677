"""The README's first command: from specification to a running backend with its first requests answered.

Everything happens in a temporary directory on embedded SQLite; the server is stopped at the end.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

BACKWRIGHT = [sys.executable, "-m", "backwright"]
SECONDS_TO_START = 30


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="backwright-demo-") as folder:
        say("backwright new notes")
        subprocess.run([*BACKWRIGHT, "new", "notes", "--in", folder], check=True)
        project = Path(folder) / "notes"
        say("backwright run --database sqlite")
        subprocess.run([*BACKWRIGHT, "run", "-d", "sqlite", "--requests", "300"], cwd=project, check=True)
        port = free_port()
        say(f"backwright serve --port {port}")
        server = subprocess.Popen(
            [*BACKWRIGHT, "serve", "--port", str(port)],
            cwd=project,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            env={key: value for key, value in os.environ.items() if key != "DATABASE_URL"},
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
                wait_until_ready(client, server)
                first_requests(client)
        finally:
            server.terminate()
            server.wait(timeout=15)
    say("done; everything was in a temporary directory")


def first_requests(client: httpx.Client) -> None:
    """An account, a note, the list, and what a stranger is told."""
    account = {"email": "ann@example.com", "password": "correct horse"}
    token = shown(client.post("/auth/register", json=account), 201)["data"]["token"]
    ann = {"Authorization": f"Bearer {token}"}
    shown(client.post("/notes", json={"title": "Hello"}, headers=ann), 201)
    shown(client.get("/notes", headers=ann), 200)
    shown(client.post("/notes", json={"title": "", "pinned": "maybe"}, headers=ann), 422)
    shown(client.get("/notes"), 401)


def shown(response: httpx.Response, expected: int) -> dict:
    request = response.request
    print(f"\n{request.method} {request.url.path}  {request.content.decode()}")
    print(f"  {response.status_code} {response.text}")
    if response.status_code != expected:
        sys.exit(f"expected {expected}")
    return json.loads(response.text)


def wait_until_ready(client: httpx.Client, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if client.get("/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    sys.exit("the server did not become ready")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def say(text: str) -> None:
    print(f"\n$ {text}", flush=True)


if __name__ == "__main__":
    main()
