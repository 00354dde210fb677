"""Formats emitted Python with ruff, all files at once, in a directory of its own.

What is composed of parts that are right each by itself is not always what one would write: `not a == b`, a name that
nothing goes on to use. Ruff mends these before it formats.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from backwright.emit.source import WIDTH, EmissionError

MENDED = (
    "E713",
    "E714",
    "F401",
    "F841",
    "RUF021",
    "SIM102",
    "SIM201",
    "SIM202",
    "SIM208",
    "SIM222",
    "SIM223",
)
"""Rules whose findings are mended and not only reported."""


def formatted(tree: dict[str, str], package: str) -> dict[str, str]:
    """The tree with its Python files formatted. Raises EmissionError when ruff does not understand one."""
    python = {path: text for path, text in tree.items() if path.endswith(".py")}
    with tempfile.TemporaryDirectory(prefix="backwright-format-") as name:
        folder = Path(name)
        for path, text in python.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        safe = f"lint.extend-safe-fixes = {list(MENDED)}"
        _ruff(folder, "check", "--fix-only", "--quiet", "--select", ",".join(MENDED), "--config", safe)
        done = _ruff(folder, "format")
        if done.returncode != 0:
            raise EmissionError(f"{package}: what was emitted cannot be formatted:\n{done.stderr}")
        return {
            path: (folder / path).read_text(encoding="utf-8") if path in python else text
            for path, text in tree.items()
        }


def _ruff(folder: Path, verb: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "ruff", verb, "--isolated", "--no-cache", *options]
    command += ["--line-length", str(WIDTH), "--target-version", "py311", "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
