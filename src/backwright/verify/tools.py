"""Runs the tools that gates rely on: as a child process, in the project, with a time limit."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from backwright.verify.gate import NotRun
from backwright.verify.server import python_path

SECONDS = 300.0


class ToolTimeout(Exception):
    """A tool did not end in time."""


def python_tool(
    root: Path,
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    seconds: float | None = None,
    with_project: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m module` in the project. Raises NotRun when it is not installed, ToolTimeout.

    No module of the project stands in for the tool or for what it imports, unless it is to be run `with_project`: then
    the project's modules come first, as they do for its users.
    """
    if importlib.util.find_spec(module) is None:
        raise NotRun(f"{module} is not installed")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    command = [sys.executable, "-P", "-m", module, *arguments]
    path = python_path(root) if with_project else python_path()
    limit = SECONDS if seconds is None else seconds
    try:
        return subprocess.run(
            command,
            cwd=root,
            env=kept | {"PYTHONPATH": path, "NO_COLOR": "1"} | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolTimeout(f"{module} did not end within {limit:.0f} s") from error


def last_lines(completed: subprocess.CompletedProcess[str], lines: int = 15) -> str:
    """The end of what the tool printed."""
    return "\n".join((completed.stdout + completed.stderr).strip().splitlines()[-lines:])
