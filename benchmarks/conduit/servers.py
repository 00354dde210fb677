"""The servers that are compared: the emitted backend and its rivals, one process each."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from msgspec import Struct

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "conduit"
KEY = "benchmark:0123456789abcdef0123456789abcdef"


class Server(Struct, frozen=True):
    """How a server is started."""

    name: str
    arguments: tuple[str, ...]
    folder: Path
    needs_rivals_packages: bool = False


def all_of(scratch: Path) -> tuple[Server, ...]:
    """The emitted backend, which lies in the folder, and its rivals."""
    return (
        Server("emitted", ("-m", "conduit", "serve"), scratch),
        Server("bare", ("app.py",), HERE / "bare"),
        Server("FastAPI + ORM", ("app.py",), HERE / "fastapi_orm", True),
        Server("Django REST", ("app.py",), HERE / "django_rest", True),
    )


def built(folder: Path, *, row_level: bool = False) -> Path:
    """A copy of the example in the folder, built; with row-level security as a first build of its own."""
    project = folder / "project"
    shutil.copytree(EXAMPLE, project)
    if row_level:
        specification = project / "backwright.yaml"
        text = specification.read_text("utf-8")
        specification.write_text(f"{text}\nsecurity: {{row_level: on}}\n", "utf-8")
        shutil.rmtree(project / "migrations")
    # Other files than those of the example are wanted, and none of them is anybody's work.
    command = [str(Path(sys.executable).with_name("backwright")), "build", "--discard-edits"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return project


def rivals_python() -> Path:
    """The interpreter that has the rivals' packages; they are installed once."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "backwright" / "benchmarks"
    wanted = (HERE / "requirements.txt").read_text("utf-8")
    python, mark = cache / "bin" / "python", cache / "requirements.txt"
    if not mark.is_file() or mark.read_text("utf-8") != wanted:
        print(f"installing the rivals' packages into {cache} ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(cache)], check=True)
        requirements = ["-r", str(HERE / "requirements.txt")]
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *requirements], check=True)
        mark.write_text(wanted, "utf-8")
    return python


class Running(Struct, frozen=True):
    """A server that answers at an address."""

    base: str
    process: int


@contextmanager
def running(server: Server, url: str) -> Iterator[Running]:
    """The server on this database."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    python = rivals_python() if server.needs_rivals_packages else Path(sys.executable)
    environment: Mapping[str, str] = {
        **os.environ,
        "DATABASE_URL": url,
        "TOKEN_KEYS": KEY,
        "PORT": str(port),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # The log is written, to where it costs nothing more.
    process = subprocess.Popen(
        [str(python), *server.arguments], cwd=server.folder, env=environment, stdout=subprocess.DEVNULL
    )
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx.get(f"{base}/articles?limit=1", timeout=10)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        else:
            sys.exit(f"{server.name} did not start")
        yield Running(base, process.pid)
    finally:
        process.terminate()
        process.wait(20)
