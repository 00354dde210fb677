"""Copies of a project for code that nobody has judged yet: without secrets, history, state, and what tools keep."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

LEFT_OUT = (
    ".git", ".hg", ".backwright", ".venv", "venv", "node_modules", "__pycache__", ".env", ".env.*", "*.db", "*.db-*",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", "*.pyc", "*.pem", "*.key",
)  # fmt: skip
EXAMPLE = ".env.example"
"""What is like a secret by its name, and is none."""


def copy(source: Path, target: Path) -> None:
    """The files of `source` that may be seen. Links are left out, which may lead anywhere, pipes and sockets, too."""
    ignored = shutil.ignore_patterns(*LEFT_OUT)

    def ignore(directory: str, names: list[str]) -> Collection[str]:
        strange = {name for name in names if not _is_plain(Path(directory) / name)}
        return (ignored(directory, names) - {EXAMPLE}) | strange

    shutil.copytree(source, target, ignore=ignore, dirs_exist_ok=True)


def _is_plain(path: Path) -> bool:
    return not path.is_symlink() and (path.is_file() or path.is_dir())


@contextmanager
def copied(root: Path) -> Iterator[Path]:
    """A copy that is gone afterwards. What runs there still has the rights of whoever started it."""
    with tempfile.TemporaryDirectory(prefix="backwright-copy-") as folder:
        place = Path(folder) / "project"
        copy(root, place)
        yield place
