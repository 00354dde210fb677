"""Commands load what they need: the smallest ones start at once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backwright import pipeline

EXAMPLES = Path(__file__).parents[3] / "examples"
LOADED = """
import sys
from backwright.cli import app
try:
    app(sys.argv[1:], standalone_mode=False)
finally:
    print("\\n" + " ".join({name.partition(".")[0] for name in sys.modules}))
"""
HEAVY = {
    "asyncpg", "cryptography", "httpx", "joserfc", "jsonschema", "mypy",
    "openapi_spec_validator", "schemathesis", "starlette", "uvicorn",
}  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "-p", str(EXAMPLES / "conduit")],
        ["explain", "favorite", "-p", str(EXAMPLES / "conduit")],
        ["schema"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_commands_about_the_specification_load_no_server_and_no_gates(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert not done.returncode, done.stderr
    assert HEAVY & set(done.stdout.splitlines()[-1].split()) == set()


@pytest.mark.parametrize("command", ["status", "verify"])
def test_commands_about_gates_load_only_what_those_need_that_run(command: str, tmp_path: Path) -> None:
    """JSON Schema with all its formats takes seconds to load, for every command."""
    shutil.copytree(EXAMPLES / "todos", tmp_path / "todos")
    arguments = [command, *(["lint"] if command == "verify" else []), "-p", str(tmp_path / "todos")]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert not done.returncode, done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    assert loaded & {"hypothesis", "jsonschema", "openapi_spec_validator", "schemathesis"} == set()


@pytest.mark.parametrize("name", pipeline.__all__)
def test_every_name_of_the_pipeline_is_found_where_it_is_said_to_be(name: str) -> None:
    assert getattr(pipeline, name) is not None


def test_other_names_of_the_pipeline_are_errors() -> None:
    with pytest.raises(AttributeError):
        _ = pipeline.nothing  # type: ignore[attr-defined]
