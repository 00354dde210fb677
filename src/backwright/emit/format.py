"""Formats emitted Python with ruff, all files in one call, in a directory of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from backwright.emit.source import WIDTH, EmissionError


def formatted(tree: dict[str, str], package: str) -> dict[str, str]:
    """The tree with its Python files formatted. Raises EmissionError when ruff does not understand one."""
    python = {path: text for path, text in tree.items() if path.endswith(".py")}
    with tempfile.TemporaryDirectory(prefix="backwright-format-") as name:
        folder = Path(name)
        for path, text in python.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        command = [sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache"]
        command += ["--line-length", str(WIDTH), "--target-version", "py311", "."]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise EmissionError(f"{package}: what was emitted cannot be formatted:\n{done.stderr}")
        return {
            path: (folder / path).read_text(encoding="utf-8") if path in python else text
            for path, text in tree.items()
        }
