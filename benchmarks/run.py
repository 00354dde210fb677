"""Requests per second of the emitted todo backend beside a bare Starlette handler, as ratios from one run.

`python benchmarks/run.py` prints a table; `--write` also puts it into benchmarks/results.md. Uses `wrk` (Debian
package) because a client in Python would be the slowest part. One worker process, 16 connections on loopback, rounds
interleaved, medians. The token is checked and cross-cutting work is on, but access log lines go to a null device.
Everything runs on disposable databases and ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median

import asyncpg
import httpx

from backwright.migrate import disposable
from backwright_runtime import migrations

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "examples" / "todos"
KEY = "benchmark:0123456789abcdef0123456789abcdef"
ROWS = 500
OPERATIONS = ("read one", "list 20", "create")
CREATE = 'wrk.method = "POST"\nwrk.body = \'{"title": "Milk", "due": "2026-12-24"}\'\n'


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=3, help="length of one measurement")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--write", action="store_true", help="write benchmarks/results.md")
    given = arguments.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("needs wrk (apt-get install wrk)")
    tables = [measured(kind, given.rounds, given.seconds) for kind in ("sqlite", "postgresql")]
    text = "\n\n".join(table for table in tables if table)
    print(text)
    if given.write:
        results = HERE / "results.md"
        others = results.read_text("utf-8").partition("\n## ") if results.is_file() else ("", "", "")
        kept = "".join(others[1:])  # the sections of the other benchmarks
        results.write_text(f"# Results\n\n{conditions(given)}\n\n{text}\n{kept}", "utf-8")


def conditions(given: argparse.Namespace) -> str:
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores shared by client, server and database; one "
        f"worker; wrk with 16 connections, {given.rounds} interleaved rounds of {given.seconds} s, medians. "
        "Absolute figures drift with the machine; the ratios are what is measured.\n\n"
        "Written by `python benchmarks/run.py --write`."
    )


def measured(kind: str, rounds: int, seconds: int) -> str:
    with ExitStack() as stack:
        url = stack.enter_context(database(kind))
        if url is None:
            return f"{kind}: not run, no server"
        asyncio.run(migrations.up(url, EXAMPLE / "migrations"))
        emitted = stack.enter_context(server(["-m", "todos", "serve"], EXAMPLE, url))
        token, key = populated(emitted)
        bare = stack.enter_context(server([str(HERE / "bare.py")], HERE, url))
        samples: dict[tuple[str, str], list[float]] = {}
        for number in range(rounds):
            settle(url)
            for name, base in (("emitted", emitted), ("bare", bare)):
                for operation in OPERATIONS:
                    rate = wrk(base, operation, token, key, seconds)
                    samples.setdefault((operation, name), []).append(rate)
                    print(f"{kind} round {number + 1}: {name} {operation} {rate:.0f}/s", file=sys.stderr)
    lines = [f"| {kind} | emitted | bare handler | ratio |", "|---|---|---|---|"]
    for operation in OPERATIONS:
        ours, theirs = median(samples[operation, "emitted"]), median(samples[operation, "bare"])
        lines.append(f"| {operation} | {ours:,.0f}/s | {theirs:,.0f}/s | {ours / theirs:.2f} |")
    return "\n".join(lines)


def settle(url: str) -> None:
    """The same rows at the start of every round, and statistics about them."""
    statements = ("DELETE FROM todo WHERE title = 'Milk'", "ANALYZE")
    if url.startswith("sqlite:"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
            for statement in statements:
                file.execute(statement)
        return

    async def work() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(work())


@contextmanager
def database(kind: str) -> Iterator[str | None]:
    if kind == "sqlite":
        with disposable.sqlite_url() as url:
            yield url
    else:
        with disposable.postgres_url() as (url, _):
            yield url


@contextmanager
def server(arguments: list[str], folder: Path, url: str) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environment = {**os.environ, "DATABASE_URL": url, "TOKEN_KEYS": KEY, "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(base, timeout=1)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        else:
            sys.exit(f"{arguments} did not start")
        yield base
    finally:
        process.terminate()
        process.wait(15)


def populated(base: str) -> tuple[str, str]:
    """A user with some rows: the token, and the key of one of them."""
    with httpx.Client(base_url=base, timeout=10) as client:
        account = {"email": "ann@example.com", "password": "correct horse"}
        token: str = client.post("/auth/register", json=account).json()["data"]["token"]
        client.headers["authorization"] = f"Bearer {token}"
        keys = [client.post("/todos", json={"title": f"Todo {n}"}).json()["data"]["id"] for n in range(ROWS)]
    return token, keys[ROWS // 2]


def wrk(base: str, operation: str, token: str, key: str, seconds: int) -> float:
    """Requests per second. Ends the benchmark when an answer is not a success."""
    path = f"/todos/{key}" if operation == "read one" else "/todos"
    headers = ["-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(CREATE if operation == "create" else "")
        script.flush()
        command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-s", script.name, *headers, base + path]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output:
        sys.exit(f"{operation} at {base} did not succeed:\n{output}")
    return float(re.findall(r"Requests/sec:\s+([\d.]+)", output)[0])


if __name__ == "__main__":
    main()
