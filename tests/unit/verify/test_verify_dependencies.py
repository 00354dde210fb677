"""What a project runs on is listed completely, and held against advisories by a source that answers about all of it."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from advisories import Answer, advisory, none_known, source
from models import todos

from backwright.model.types import Model
from backwright.project import Project
from backwright.verify.dependencies import closure
from backwright.verify.gate import GateInput
from backwright.verify.gates import GATES, NAMED, sbom, vulnerabilities
from backwright.verify.judging import judged
from backwright.verify.results import GateResult

NEEDS = ["msgspec", "uvicorn>=0.20", "jsonschema[format-nongpl]"]


@pytest.fixture(scope="module")
def model() -> Model:
    return todos()


def given(folder: Path, model: Model, needs: list[str]) -> GateInput:
    (folder / "pyproject.toml").write_text(
        f"[project]\nname = 'p'\ndependencies = {json.dumps(needs)}\n", "utf-8"
    )
    return GateInput(project=Project(folder), model=model, build="b")


def test_everything_that_is_needed_is_in_the_bill(tmp_path: Path, model: Model) -> None:
    asked = given(tmp_path, model, NEEDS)
    result = judged(sbom, asked)
    assert result.status == "passed", result.summary
    bill = json.loads((tmp_path / ".backwright" / "sbom.cdx.json").read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    names = {each["name"] for each in bill["components"]}
    assert {"msgspec", "uvicorn", "h11", "jsonschema", "rfc3339-validator"} <= names  # and what extras need
    assert {"pytest", "uvloop"}.isdisjoint(names)
    edges = {each["ref"].partition("==")[0]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert any(each.startswith("h11==") for each in edges["uvicorn"])
    assert all(each["purl"].startswith("pkg:pypi/") for each in bill["components"])
    assert names == {each.name for each in closure(Project(tmp_path)).components}


@pytest.mark.parametrize("needs", [["no-such-distribution"], ["msgspec<0.1"], ["x y"]])
def test_a_list_that_would_be_wrong_fails(needs: list[str], tmp_path: Path, model: Model) -> None:
    assert judged(sbom, given(tmp_path, model, needs)).status == "failed"


def test_no_requirements_at_all_are_no_bill(tmp_path: Path, model: Model) -> None:
    assert judged(sbom, GateInput(project=Project(tmp_path), model=model, build="b")).status == "failed"


def test_only_what_stays_here_runs_without_being_named() -> None:
    assert vulnerabilities not in GATES
    assert vulnerabilities in NAMED


# Advisories -------------------------------------------------------------------------------------------


def knows_nothing(name: str, version: str) -> tuple[int, bytes]:
    return 200, b"{}"


def of_another_time(name: str, version: str) -> tuple[int, bytes]:
    """An advisory of a form that does not exist yet: pip-audit leaves it out of its report."""
    return advisory(name, schema_version="2.0.0") if name == "msgspec" else none_known(name, version)


def one_known(name: str, version: str) -> tuple[int, bytes]:
    return advisory(name) if name == "msgspec" else none_known(name, version)


def out_of_order(name: str, version: str) -> tuple[int, bytes]:
    return 500, b"{}"


def nonsense(name: str, version: str) -> tuple[int, bytes]:
    return 200, b"<html>"


def asked(folder: Path, model: Model, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> GateResult:
    with source(answer) as url:
        monkeypatch.setenv("BACKWRIGHT_ADVISORIES", url)
        # the gate's own process is started with a short list of variables; the address is an argument of the tool
        return judged(vulnerabilities, given(folder, model, ["msgspec"]))


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (none_known, "passed"),
        (one_known, "failed"),
        (knows_nothing, "not_run"),
        (of_another_time, "not_run"),
        (out_of_order, "not_run"),
        (nonsense, "not_run"),
    ],
)
def test_a_source_is_believed_only_where_it_answers(
    answer: Answer, status: str, tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = asked(tmp_path, model, answer, monkeypatch)
    assert result.status == status, result.summary
    if status == "passed":
        assert result.summary.startswith("none in 1 distributions, says 127.0.0.1:"), "not what OSV said"
    if status == "failed":
        [finding] = result.findings
        assert finding.what == "GHSA-0000-0000-0000: mended in 99.0"
        assert (finding.where or "").startswith("msgspec ")


def test_no_source_is_not_run(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKWRIGHT_ADVISORIES", "http://127.0.0.1:9/v1/query")
    result = judged(vulnerabilities, given(tmp_path, model, ["msgspec"]))
    assert result.status == "not_run"


def test_a_source_that_has_never_heard_of_it_is_not_run(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip-audit then says "no known vulnerabilities", and leaves the distribution out."""
    skipped = '{"dependencies": [{"name": "msgspec", "skip_reason": "not found"}], "fixes": []}'
    done = CompletedProcess([], 0, skipped, "")
    monkeypatch.setattr(vulnerabilities, "python_tool", lambda *arguments, **named: done)
    result = judged(vulnerabilities, given(tmp_path, model, ["msgspec"]))
    assert result.status == "not_run"
    assert "msgspec" in result.summary


def test_a_project_cannot_answer_in_the_place_of_the_tool(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pip_audit"
    folder.mkdir()
    (folder / "__init__.py").write_text("", "utf-8")
    forged = '{"dependencies": [{"name": "msgspec", "version": "1", "vulns": []}]}'
    (folder / "__main__.py").write_text(f"print({forged!r})", "utf-8")
    assert asked(tmp_path, model, one_known, monkeypatch).status == "failed"
