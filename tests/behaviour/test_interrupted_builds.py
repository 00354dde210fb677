"""A build that is killed at any moment loses nothing, and the next one finishes it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from crowd import EXAMPLES

COMMAND = [sys.executable, "-m", "backwright", "build"]
ENVIRONMENT = {**os.environ, "SOURCE_DATE_EPOCH": "1795219200"}
NAME = "inventory"
KILLS = 8


def build(root: Path) -> float:
    """Seconds that it took."""
    started = time.monotonic()
    done = subprocess.run(COMMAND, cwd=root, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return time.monotonic() - started


def tree(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not {".backwright", "__pycache__"} & set(path.parts)
    }


def specified(root: Path) -> Path:
    """The specification of an example, and nothing that was built from it."""
    unbuilt = shutil.ignore_patterns("migrations", "tests", NAME, "*.lock", ".backwright", "Dockerfile")
    shutil.copytree(EXAMPLES / NAME, root, ignore=unbuilt)
    for name in ("README.md", "pyproject.toml", "compose.yaml", ".env.example", ".gitignore"):
        (root / name).unlink(missing_ok=True)
    return root


def interrupted(root: Path, seconds: float) -> None:
    """A build that is killed after so many seconds, or sooner where it would have finished by then."""
    while True:
        process = subprocess.Popen(
            COMMAND, cwd=root, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(seconds)
        if process.poll() is None:
            process.kill()
            process.wait()
            return
        seconds *= 0.8


def test_builds_that_were_killed_are_finished_by_the_next(tmp_path: Path) -> None:
    whole = specified(tmp_path / "whole")
    seconds = build(whole)
    killed = specified(tmp_path / "killed")
    (killed / "notes.txt").write_text("mine\n")
    for number in range(KILLS):
        interrupted(killed, seconds * (0.5 + number / KILLS / 2))
        own = killed / NAME / "logic" / "__init__.py"
        if own.exists() and number > KILLS / 2:
            own.write_text("# mine\n")
    build(killed)
    built, expected = tree(killed), tree(whole)
    assert built.pop("notes.txt") == b"mine\n"
    if built[f"{NAME}/logic/__init__.py"] == b"# mine\n":
        expected[f"{NAME}/logic/__init__.py"] = b"# mine\n"
    assert built == expected
    before = tree(killed)
    build(killed)
    assert tree(killed) == before
