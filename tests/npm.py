"""Programs and libraries from npm, each in one version, in a cache beside those of other programs.

Where npm is not at hand a test is skipped, loudly; in CI that is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest


def installed(*packages: str) -> Path:
    """The folder `node_modules` with these packages, installed once.

    Two processes may install at the same time: one of them is kept.
    """
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    named = "-".join(package.strip("@").replace("@", "-").replace("/", "-") for package in packages)
    kept = caches / "backwright" / named
    if not (kept / "node_modules").is_dir():
        npm = shutil.which("npm")
        if npm is None:
            _unavailable(f"NO {packages[0]}: npm is not installed")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            _install(str(npm), Path(folder) / "place", packages)
            if not kept.exists():
                (Path(folder) / "place").rename(kept)
    return kept / "node_modules"


def _install(npm: str, place: Path, packages: tuple[str, ...]) -> None:
    place.mkdir()
    command = [npm, "install", "--prefix", str(place), "--no-audit", "--no-fund", *packages]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        _unavailable(f"NO {packages[0]}: npm cannot install it: {done.stderr[-500:]}")


def _unavailable(reason: str) -> NoReturn:
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)
