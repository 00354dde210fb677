"""From the id of a request to operation, rule, statement and place in the specification."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest

from backwright import pipeline
from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError
from backwright_runtime.logs import LOG, AccessLog, JsonFormatter

EXAMPLE = Path(__file__).parents[3] / "examples" / "todos"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "todos"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("runs", "__pycache__"))
    return Project(root)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log as the runtime writes it: a request that found nothing, and one that met a defect."""
    stream = io.StringIO()
    access = AccessLog(stream)
    access.write("missing-1", "PATCH", "/todos/{id}", 404, 0.0023)
    access.write("defect-1", "GET", "/todos", 500, 0.1)
    try:
        raise KeyError("a secret")
    except KeyError:
        record = LOG.makeRecord(
            LOG.name, 40, "", 0, "a defect", (), sys.exc_info(), extra={"request_id": "defect-1"}
        )
    path = tmp_path / "service.log"
    path.write_text(
        f"not json missing-1\n{stream.getvalue()}{JsonFormatter().format(record)}\n", encoding="utf-8"
    )
    return path


def test_a_status_leads_to_the_rules_that_answer_it(project: Project, log: Path) -> None:
    found = pipeline.trace(project, pipeline.check(project).model, "missing-1", [log])
    assert (found.operation, found.status, found.milliseconds) == ("update_todo", 404, 2.3)
    assert {each.words for each in found.causes} == {"this.id == params.id", "this.owner == caller"}
    assert {each.place.file for each in found.causes} == {"backwright.yaml"}
    lines = (project.root / "todos/repositories/todos.py").read_text(encoding="utf-8").splitlines()
    (statement,) = [each for each in found.code if each.endswith("FIND_FOR_UPDATE")]
    assert lines[int(statement.split(":")[1].split()[0]) - 1].startswith("FIND_FOR_UPDATE = sql(")
    assert "this.owner == caller" in found.text()


def test_a_defect_leads_to_its_lines_and_not_to_its_message(project: Project, log: Path) -> None:
    found = pipeline.trace(project, pipeline.check(project).model, "defect-1", [log])
    assert (found.exception, found.operation) == ("builtins.KeyError", "list_todos")
    assert found.places
    assert "secret" not in found.text()


def test_a_failing_case_leads_to_its_replay(project: Project) -> None:
    run = project.runs / "20300101T000000"
    run.mkdir(parents=True)
    finding = {"what": "status: 200 != 404", "replay": "echo; echo '# v-17 update_todo'\ncurl …\n"}
    (run / "behaviour-sqlite.json").write_text(json.dumps({"findings": [finding]}), encoding="utf-8")
    found = pipeline.trace(project, pipeline.check(project).model, "v-17", [])
    assert found.operation == "update_todo"
    assert "status: 200 != 404" in found.replay


def test_what_the_reference_expected_leads_to_the_rule(project: Project) -> None:
    run = project.runs / "20300101T000000"
    run.mkdir(parents=True)
    what = "status: 404 expected, 200 answered (error not_found)"
    script = f"#!/bin/sh\n# {what}\necho; echo '# v-1 create_todo'\ncurl …\necho; echo '# v-2 update_todo'\ncurl …\n"
    finding = {"what": what, "replay": script}
    (run / "behaviour-sqlite.json").write_text(json.dumps({"findings": [finding]}), encoding="utf-8")
    model = pipeline.check(project).model
    found = pipeline.trace(project, model, "v-2", [])
    assert (found.status, found.expected, found.replay) == (200, 404, script)
    assert "What should have answered 404 here:" in found.text()
    assert "this.owner == caller" in found.text()
    before = pipeline.trace(project, model, "v-1", [])  # the one that differs is the last
    assert (before.status, before.expected, before.causes) == (None, None, ())


def test_what_collects_logs_may_put_its_names_first(project: Project, log: Path) -> None:
    log.write_text("".join(f"service-1  | {line}\n" for line in log.read_text("utf-8").splitlines()), "utf-8")
    found = pipeline.trace(project, pipeline.check(project).model, "missing-1", [log])
    assert (found.operation, found.status) == ("update_todo", 404)


def test_an_unknown_request_is_said_to_be_unknown(project: Project, log: Path) -> None:
    with pytest.raises(SpecificationError) as raised:
        pipeline.trace(project, pipeline.check(project).model, "never-1", [log])
    assert raised.value.diagnostics[0].code == "BW706"
