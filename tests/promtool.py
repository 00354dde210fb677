"""`promtool`, which runs Prometheus' rules on figures that a test makes up.

It is the one of the machine, or the one of Debian's package `prometheus`, unpacked into a cache and not installed.
https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


def promtool() -> str:
    """The program. A test is skipped, loudly, where neither is to be had."""
    found = shutil.which("promtool")
    if found is not None:
        return found
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = caches / "backwright" / "promtool"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            _unpack(Path(folder))
            (Path(folder) / "usr" / "bin" / "promtool").rename(kept)
    return str(kept)


def _unpack(folder: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        pytest.skip("NO promtool: neither it nor Debian's packages are at hand")
    command = ["apt-get", "download", "prometheus"]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=120)
    packages = list(folder.glob("prometheus_*.deb"))
    if done.returncode or not packages:
        pytest.skip(f"NO promtool: {done.stderr.strip()[-200:]}")
    subprocess.run(["dpkg-deb", "-x", str(packages[0]), str(folder)], check=True, timeout=120)
