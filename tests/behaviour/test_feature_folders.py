"""A feature folder from its questions to its last box, by the command line, on what was really built and run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backwright.cli import app
from backwright.starter import lay_down

FOLDER = "specs/001-notes"
MARK = "- **FR-003**: Notes are kept for [NEEDS CLARIFICATION: how many days?].\n"
TASKS = (
    "\ufeff# Aufgaben\r\n\r\n"
    "- [ ] T001 [US1] Schreiben und lesen (FR-001)\r\n"
    "- [x] T002 [US1] „Privat“ (FR-002, AC-2)\t\r\n"
    "- [x] T003 Nachdenken\r\n"
    "* [ ] T004 `list_notes`, when its gates have run\r\n"
    "- [ ] T005 Aufbewahren (FR-003)"
)


def run(project: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON answer of a command."""
    done = CliRunner().invoke(app, [*arguments, "--project", str(project), "--json"])
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture(scope="module")
def environment(postgres_server: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BACKWRIGHT_TEST_POSTGRES", postgres_server)
        patch.delenv("DATABASE_URL", raising=False)
        yield


@pytest.fixture(scope="module")
def asked(environment: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter's service, with a place that nobody decided and a list of tasks."""
    root = lay_down("notes", tmp_path_factory.mktemp("folders"))
    spec = root / FOLDER / "spec.md"
    spec.write_text(spec.read_text("utf-8") + MARK, "utf-8")
    (root / FOLDER / "tasks.md").write_bytes(TASKS.encode())
    return root


@pytest.fixture(scope="module")
def built(asked: Path) -> Path:
    """The same, once the question was put, refused to the wrong role, answered, and the scenarios have run."""
    before = (asked / FOLDER / "spec.md").read_bytes()
    code, received = run(asked, "task", str(asked / FOLDER))
    assert code == 3
    assert run(asked, "build")[0] == 3
    assert not (asked / "notes").exists()
    for question in received["blocking"]:
        others = {"architect", "product-manager", "team-lead", "security"} - {question["role"]}
        code, refused = _answer(asked, question["id"], min(others))
        assert (code, [d["code"] for d in refused["diagnostics"]]) == (1, ["BW921"])
        assert _answer(asked, question["id"], question["role"])[0] == 0
    assert run(asked, "task", str(asked / FOLDER))[0] == 0
    assert (asked / FOLDER / "spec.md").read_bytes() == before
    assert run(asked, "build")[0] == 0
    assert run(asked, "verify", "acceptance")[0] == 0
    return asked


def _answer(project: Path, question: str, role: str) -> tuple[int, dict[str, Any]]:
    return run(project, "answer", question, "Not in this delivery: 30 days", "--by", "sam", "--role", role)


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(built, tmp_path / "notes", symlinks=True))


def _ticked(project: Path) -> list[str]:
    text = (project / FOLDER / "tasks.md").read_bytes().decode()
    return [line[6:10] for line in text.splitlines() if line[3:4] in ("x", "X")]


def _states(answer: dict[str, Any]) -> dict[str, str]:
    return {task["id"]: task["state"] for task in answer["features"][0]["tasks"]}


def test_what_is_asked_goes_to_who_decides_and_the_answer_is_in_the_status(asked: Path, built: Path) -> None:
    _, answer = run(built, "status")
    (feature,) = answer["features"]
    assert {q["kind"] for q in feature["answers"]} == {"clarification", "requirement"}
    assert [line["kind"] for line in answer["status"]["history"]] == ["answer", "answer"]
    assert [(r["id"], r["state"]) for r in feature["requirements"]] == [
        ("FR-001", "done"),
        ("FR-002", "done"),
        ("FR-003", "left out"),
    ]


def test_boxes_follow_results_and_the_file_keeps_its_bytes(project: Path) -> None:
    code, seen = run(project, "status")
    assert code == 0
    assert (project / FOLDER / "tasks.md").read_bytes() == TASKS.encode(), "looking changes nothing"
    assert [n["code"] for n in seen["features"][0]["notes"] if n["code"] != "BW913"] == ["BW918"]
    _, written = run(project, "status", "--write")
    assert written["boxes"] == [{"feature": "001-notes", "ticked": ["T001"], "opened": ["T003"]}]
    wanted = TASKS.replace("[ ] T001", "[x] T001").replace("[x] T003", "[ ] T003")
    assert (project / FOLDER / "tasks.md").read_bytes() == wanted.encode()
    assert _states(written) == {
        "T001": "done",
        "T002": "done",
        "T003": "not computable",
        "T004": "open",
        "T005": "open",
    }
    assert run(project, "status", "--write")[1]["boxes"] == []


def test_a_box_opens_when_its_artifact_is_gone_and_closes_when_it_is_back(project: Path) -> None:
    run(project, "status", "--write")
    artifact = next(project.glob(".backwright/runs/*/acceptance-postgresql.json"))
    data = artifact.read_bytes()
    artifact.write_bytes(data.replace(b'"passed"', b'"passed" ', 1))
    _, answer = run(project, "status", "--write")
    assert (_ticked(project), answer["boxes"][0]["opened"]) == ([], ["T001", "T002"])
    artifact.write_bytes(data)
    run(project, "status", "--write")
    assert _ticked(project) == ["T001", "T002"]


@pytest.mark.parametrize("path", ["notes/services/notes.py", "backwright.yaml", f"{FOLDER}/acceptance.yaml"])
def test_a_box_opens_when_what_was_judged_is_not_what_lies_there(project: Path, path: str) -> None:
    run(project, "status", "--write")
    with (project / path).open("a") as file:
        file.write("# another line\n")
    _, answer = run(project, "status", "--write")
    assert _ticked(project) == []
    assert answer["status"]["gates"][0]["stale"]


def test_a_new_question_about_a_requirement_opens_its_boxes(project: Path) -> None:
    run(project, "status", "--write")
    spec = project / FOLDER / "spec.md"
    text = spec.read_text("utf-8").replace("keep every note", "keep [NEEDS CLARIFICATION: every?] note")
    spec.write_text(text, "utf-8")
    _, answer = run(project, "status", "--write")
    assert _ticked(project) == ["T001"]
    (task,) = [task for task in answer["features"][0]["tasks"] if task["id"] == "T002"]
    (blocker,) = answer["status"]["blockers"]
    assert (task["blocked_by"], blocker["who"]) == ([blocker["what"].split(":")[0]], "product-manager")
    assert run(project, "build")[0] == 3


def test_a_log_that_was_cut_in_the_middle_is_told_and_goes_on(project: Path) -> None:
    log = project / ".backwright" / "events.jsonl"
    data = log.read_bytes()
    log.write_bytes(data[:-40])  # the acceptance run on the last database was about to be recorded
    code, answer = run(project, "status", "--write")
    assert (code, [w["code"] for w in answer["status"]["warnings"]]) == (0, ["BW912"])
    assert _ticked(project) == [], "what the lost event would have proved counts as not having happened"
    assert log.read_bytes().startswith(data[:-40])
    kinds = [json.loads(line)["event"]["kind"] for line in log.read_bytes().splitlines()[-2:]]
    assert kinds == ["tail_lost", "boxes_set"]


def test_a_file_that_cannot_be_read_stops_the_build(project: Path) -> None:
    (project / FOLDER / "plan.md").write_bytes(b"**Storage**: \xff\n")
    code, answer = run(project, "build")
    assert (code, [(d["code"], d["place"]["line"]) for d in answer["diagnostics"]]) == (1, [("BW905", 1)])


def test_roles_that_are_not_as_they_must_be_stop_every_decision(project: Path) -> None:
    (project / "backwright.roles.yaml").write_text("decides: {access: everybody}\n")
    for arguments in (["status"], ["check"], ["build"], ["task", str(project / FOLDER)]):
        code, answer = run(project, *arguments)
        assert (code, answer["diagnostics"][0]["code"]) == (1, "BW205")


def test_the_report_and_the_boxes_say_the_same(project: Path) -> None:
    assert run(project, "report")[1]["outcome"] == "not done"
    assert _ticked(project) == ["T001", "T002"]
    written = json.loads(next(project.glob(".backwright/report/*.json")).read_bytes())
    assert [r["state"] for r in written["requirements"]] == ["done", "done", "not done"]
    assert written["task"]["id"] == "001-notes"


def test_a_migration_that_is_taken_back_says_why(project: Path) -> None:
    url = ["--database-url", f"sqlite:///{project / 'work.db'}"]
    assert run(project, "migrate", "up", *url)[0] == 0
    assert run(project, "migrate", "down", *url, "--reason", "it was slow")[0] == 0
    line = run(project, "status")[1]["status"]["history"][-1]
    assert (line["kind"], line["what"].endswith("on sqlite: it was slow")) == ("rollback", True)
