"""The official Conduit collection of the RealWorld project, run by newman against the backend in examples/conduit.

newman comes from npm, in one version, into a cache beside those of other programs. Where npm is not at hand the test is
skipped, loudly; in CI that is a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest
from production import serving

EXAMPLE = Path(__file__).parents[2] / "examples" / "conduit"
NEWMAN = "newman@6.2.2"
ASSERTIONS = 311


def unavailable(reason: str) -> NoReturn:
    """Skips, loudly; in CI that is a failure."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def newman() -> Path:
    """The program, installed once. Two processes may install at the same time: one of them is kept."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = caches / "backwright" / NEWMAN.replace("@", "-")
    program = kept / "node_modules" / ".bin" / "newman"
    if program.exists():
        return program
    npm = shutil.which("npm")
    if npm is None:
        unavailable("NO NEWMAN: npm is not installed")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        place = Path(folder) / "newman"
        place.mkdir()
        command = [str(npm), "install", "--prefix", str(place), "--no-audit", "--no-fund", NEWMAN]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            unavailable(f"NO NEWMAN: npm cannot install {NEWMAN}: {done.stderr[-500:]}")
        if not kept.exists():
            place.rename(kept)
    return program


def test_every_assertion_of_the_official_collection_holds(
    realworld: Path, newman: Path, database_url: str, tmp_path: Path
) -> None:
    collection, written = realworld / "Conduit.postman_collection.json", tmp_path / "run.json"
    with serving(EXAMPLE, "conduit", database_url) as address:
        variables = {"APIURL": address, "USERNAME": "ann", "EMAIL": "ann@example.com", "PASSWORD": "password"}
        command = [str(newman), "run", str(collection), "--reporters", "json"]
        command += ["--reporter-json-export", str(written)]
        for name, value in variables.items():
            command += ["--global-var", f"{name}={value}"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert written.is_file(), done.stdout + done.stderr
    run = json.loads(written.read_text("utf-8"))["run"]
    told = [f"{each['source']['name']}: {each['error']['message']}" for each in run["failures"]]
    assert told == []
    stats = run["stats"]
    assert (stats["assertions"]["total"], stats["assertions"]["failed"]) == (ASSERTIONS, 0)
    for kind in ("testScripts", "prerequestScripts", "scripts", "requests"):
        assert stats[kind]["failed"] == 0, kind
    assert done.returncode == 0
