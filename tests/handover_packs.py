"""Hand-over packs of the examples, as a team gets them, and a mock to call."""

from __future__ import annotations

import atexit
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import uvicorn

from backwright import pipeline
from backwright.mock import mock
from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec.reader import read

ROOT = Path(__file__).parents[1]


def copied(example: str, folder: Path) -> Project:
    """An example of its own, to write into."""
    left_out = shutil.ignore_patterns("__pycache__", ".backwright", "*.db", "handover")
    shutil.copytree(ROOT / "examples" / example, folder / example, ignore=left_out)
    return Project(folder / example)


def handed(project: Project, *to: str) -> Path:
    """The folder of the packs."""
    return Path(pipeline.hand_over(project, to=to).folder)


@cache
def packs_of(example: str) -> Path:
    """The folder of all packs of an example, for everybody to look at and nobody to change."""
    folder = Path(tempfile.mkdtemp(prefix="handover-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return handed(copied(example, folder))


def specified(project: Project) -> Model:
    """What the project's specification means."""
    return build(read(project))


@contextmanager
def mock_serving(model: Model) -> Iterator[str]:
    """What `backwright mock` serves, on a loopback port; yields the address."""
    config = uvicorn.Config(mock(model), log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(10)
