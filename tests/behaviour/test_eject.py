"""An ejected project needs nothing of Backwright: it is installed and served where neither tool nor runtime is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import httpx
import pytest
from production import environment, serving

import backwright_runtime

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "conduit"
RUNTIME = Path(backwright_runtime.__file__).parent


def backwright(project: Path, *arguments: str) -> dict[str, object]:
    """The JSON answer of a command that succeeds."""
    command = [sys.executable, "-m", "backwright", *arguments, "--json"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def ejected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("ejected") / "conduit"
    shutil.copytree(EXAMPLE, project)
    backwright(project, "eject")
    return project


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python that has what the project names as its dependencies, and nothing of ours.

    They are linked from here, which takes a second where installing them takes a minute.
    """
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, symlinks=True)
    library = Path(sysconfig.get_path("purelib"))
    mine = next((folder / "lib").glob("python*")) / "site-packages"
    for package in library.iterdir():
        if "backwright" not in package.name and package.suffix != ".pth":
            (mine / package.name).symlink_to(package)
    return str(folder / "bin" / "python")


def test_the_runtime_is_copied_whole_with_its_licence_and_is_known_to_the_lock(ejected: Path) -> None:
    locked = json.loads((ejected / "backwright.lock").read_text("utf-8"))["files"]
    for file in RUNTIME.rglob("*.py"):
        path = file.relative_to(RUNTIME.parent).as_posix()
        assert (ejected / path).read_bytes() == file.read_bytes()
        assert path in locked
    assert (ejected / "backwright_runtime" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    (gate,) = backwright(ejected, "verify", "integrity")["results"]
    assert gate["status"] == "passed"


def test_it_names_what_the_runtime_needs_instead_of_the_runtime(ejected: Path) -> None:
    project = tomllib.loads((ejected / "pyproject.toml").read_text("utf-8"))
    runtime = tomllib.loads((RUNTIME / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["dependencies"] == [
        each.replace("'", '"') for each in runtime["project"]["dependencies"]
    ]
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert wheel == ["conduit", "backwright_runtime"]
    for name in ("README.md", "Dockerfile", "compose.yaml"):
        text = (ejected / name).read_text("utf-8")
        assert "PIP_EXTRA_INDEX_URL" not in text and "backwright-runtime" not in text, name
    assert "COPY backwright_runtime ./backwright_runtime" in (ejected / "Dockerfile").read_text("utf-8")


def test_a_later_build_keeps_it_and_it_can_be_taken_back(ejected: Path, tmp_path: Path) -> None:
    project = tmp_path / "conduit"
    shutil.copytree(ejected, project)
    assert backwright(project, "build")["written"] == []
    backwright(project, "eject", "--undo")
    assert not (project / "backwright_runtime").exists()
    for path in ("pyproject.toml", "Dockerfile", "README.md", "compose.yaml", "backwright.lock"):
        assert (project / path).read_bytes() == (EXAMPLE / path).read_bytes(), path


def test_it_is_linted_and_typed_as_before(ejected: Path) -> None:
    for command in (["ruff", "check", "--no-cache", "."], ["ruff", "format", "--no-cache", "--check", "."]):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=ejected, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_it_answers_where_nothing_of_backwright_is_installed(
    ejected: Path, bare_python: str, database_url: str
) -> None:
    for name in ("backwright", "backwright_runtime"):
        looked = subprocess.run(
            [bare_python, "-c", f"import {name}"], cwd="/", capture_output=True, text=True, check=False,
            env=environment(database_url),
        )  # fmt: skip
        assert f"No module named '{name}'" in looked.stderr
    with (
        serving(ejected, "conduit", database_url, bare_python) as address,
        httpx.Client(timeout=20) as client,
    ):
        account = {"username": "ann", "email": "ann@example.com", "password": "correct horse"}
        made = client.post(f"{address}/users", json={"user": account})
        assert made.status_code == 201, made.text
        ann = {"Authorization": f"Token {made.json()['user']['token']}"}
        article = {"title": "Ejected", "description": "d", "body": "b", "tagList": ["free"]}
        created = client.post(f"{address}/articles", json={"article": article}, headers=ann)
        assert created.status_code == 201, created.text
        assert client.get(f"{address}/tags").json() == {"tags": ["free"]}
        listed = client.get(f"{address}/articles").json()
        assert (listed["articlesCount"], listed["articles"][0]["slug"]) == (1, "ejected")
        assert client.get(f"{address}/docs").status_code == 200
