"""The official Conduit collection of the RealWorld project, run by newman against the backend in examples/conduit.

newman comes from npm; `npm.py` says how.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from npm import installed
from production import serving

EXAMPLE = Path(__file__).parents[2] / "examples" / "conduit"
NEWMAN = "newman@6.2.2"
ASSERTIONS = 311


@pytest.fixture(scope="module")
def newman() -> Path:
    return installed(NEWMAN) / ".bin" / "newman"


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
