"""The authorization matrix passes on what was built, and goes red where a rule was broken on purpose."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from built_project import Broken, broken_copy, built
from mock_backend import MockBackend, mocked
from models import todos
from mutants import mutants
from relations_models import workspace

from backwright.emit.testing.values import NOW
from backwright.model.types import Model
from backwright.project import Project
from backwright.reference import Opaque, Reference, Request, Response
from backwright.reference.sessions import Session
from backwright.verify.authorization import OUT_OF_TIME, Exercised, exercise
from backwright.verify.gate import GateInput
from backwright.verify.gates import authorization
from backwright.verify.judging import judged
from backwright.verify.matrix import OWN_VALUES, matrix
from backwright.verify.results import Cell, Finding
from backwright.verify.server import running
from backwright.verify.staged import TOKEN_KEYS, SignIn, Staging


def signing_in(backend: MockBackend) -> SignIn:
    """Signs accounts in on a mock."""

    def sign_in(subject: Any) -> tuple[str, str | None]:
        token = Opaque("token-of-the-caller")
        session = Session(token=token, subject=subject, expires=NOW.replace(year=2031))
        backend._mock.reference.sessions[token] = session
        return token, None

    return sign_in


def exercised(model: Model, backend: MockBackend) -> Exercised:
    """The matrix of a model, exercised on a mock that may be of another."""
    return exercise(model, Staging(model, backend, signing_in(backend)), 600)


def test_a_matrix_holds_all_callers_and_both_sides_of_a_rule() -> None:
    with mocked(todos()) as backend:
        found = exercised(todos(), backend)
    assert found.findings == ()
    cells = {(c.operation, c.caller, c.relation): c.expected for c in found.cells}
    assert cells["update_todo", "anonymous", "the same request"] == 401
    assert cells["update_todo", "stranger", "the same request"] == 404
    assert cells["update_todo", "account", "this.owner == caller"] == 200
    assert {c.expected for c in found.cells if c.operation == "get_todo"} == {200, 401, 404}
    assert all(cell.reason for cell in found.cells if not cell.requests)


OF_RULES = ("access", "allowed", "after", "readable", "created", "updated")
EQUIVALENT = {"create_org: step 0 allowed without && 1", "create_org: step 0 allowed && 1 always"}
"""`this.owner == caller` at a creation that sets the owner to the caller: nothing can make it false."""

NOT_FOUND_YET = {"update_member: step 1 allowed && 1 && 0 without || 1"}
"""A change that is refused to an admin who is not the owner: no scene is found in which such a one may."""


def test_every_weakened_rule_is_noticed() -> None:
    """Each way of weakening each rule of a service whose rules reach over relations, by its own operation's cells."""
    model = workspace()
    cells = [asked for asked in matrix(model) if asked.scene is not None]
    missed, tried = set(), 0
    for name, mutant in mutants(model):
        operation, _, what = name.partition(": ")
        if not any(word in OF_RULES for word in what.split()):
            continue
        tried += 1
        with mocked(mutant) as backend:
            staging = Staging(model, backend, signing_in(backend))
            mine = (
                asked.scene for asked in cells if asked.operation == operation and asked.scene is not None
            )
            if not any(staging.play(scene).differences for scene in mine):
                missed.add(name)
    assert tried > 200
    assert missed == EQUIVALENT | NOT_FOUND_YET


def test_an_answer_that_gives_a_hidden_row_away_is_noticed() -> None:
    """403 where 404 is due, and 404 in other words."""

    def telling(status: int, words: str) -> Any:
        def answer(reference: Reference, request: Request) -> Response:
            response = Reference.answer(reference, request)
            hidden = any(str(row["id"]) in request.path for row in reference.rows["Todo"])
            if response.status != 404 or not hidden:
                return response
            body = msgspec.json.decode(msgspec.json.encode(response.body, enc_hook=str))
            body["error"]["message"] = words
            return msgspec.structs.replace(response, status=status, body=body)

        return answer

    for status, words in ((403, "Forbidden."), (404, "That is somebody else's.")):
        with mocked(todos(), wrong=telling(status, words)) as backend:
            found = exercised(todos(), backend)
        assert found.findings, status
        assert any(not cell.agrees for cell in found.cells)


LIST = Broken(
    "a list shows everybody's rows",
    "repositories/todos.py",
    "WHERE owner_id = :caller  -- Todo read: this.owner == caller\n      {",
    "WHERE :caller = :caller\n      {",
)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return built(todos(), tmp_path_factory.mktemp("delivered"))


def test_the_gate_fails_with_a_script_that_shows_it(delivered: Project, tmp_path: Path) -> None:
    """The script exits with 1 on the broken backend, and with 0 on the right one."""
    project = broken_copy(delivered, "todos", tmp_path / "project", LIST)
    result = judged(authorization, GateInput(project=project, model=todos(), build="b", database="sqlite"))
    assert result.status == "failed"
    assert result.findings[0].what.startswith("list_todos by stranger")
    for judged_project, code, said in ((project, 1, "DIFFERS"), (delivered, 0, "as expected")):
        url = f"sqlite:///{tmp_path}/{code}.db"
        with running(judged_project.root, "todos", url, token_keys=TOKEN_KEYS) as server:
            environment = {**os.environ, "BASE": server.url, "DATABASE_URL": url, "PYTHON": sys.executable}
            done = subprocess.run(
                ["sh", "-c", result.findings[0].replay],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr


def test_the_matrix_of_a_delivered_backend_agrees(delivered: Project, database_url: str) -> None:
    kind = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    result = judged(authorization, GateInput(project=delivered, model=todos(), build="b", database=kind))
    assert result.status == "passed"
    assert [cell.reason for cell in result.matrix if not cell.requests] == [OWN_VALUES]
    assert all(cell.expected == cell.observed for cell in result.matrix)


def cells(exercised: int, late: int, *, agrees: bool = True) -> Exercised:
    one = Cell(operation="get", caller="", relation="", requests=1)
    found = () if agrees else (Finding(what="answered 200 instead of 404"),)
    unbrought = msgspec.structs.replace(one, requests=0, reason=OWN_VALUES)
    left = msgspec.structs.replace(one, requests=0, reason=OUT_OF_TIME)
    return Exercised((one,) * exercised + (left,) * late + (unbrought,) * 50, found, exercised)


def test_a_matrix_whose_time_was_over_is_not_passed() -> None:
    """Cells without a scene are not counted: no time would bring them about."""
    assert authorization.verdict(cells(100, 0)).status == "passed"
    enough = authorization.verdict(cells(80, 20))
    assert (enough.status, enough.figures["not exercised in time"]) == ("passed", 20)
    assert "20 left when the time was over" in enough.summary
    few = authorization.verdict(cells(79, 21))
    assert few.status == "not_run"
    assert few.summary.startswith("incomplete: 79 of 150 cells exercised, 21 left when the time was over")
    assert len(few.matrix) == 150
    assert authorization.verdict(cells(0, 100)).status == "not_run"
    assert authorization.verdict(cells(0, 0)).status == "failed"
    assert authorization.verdict(cells(10, 90, agrees=False)).status == "failed"


def test_without_time_the_rest_of_the_matrix_is_left() -> None:
    with mocked(todos()) as backend:
        found = exercise(todos(), Staging(todos(), backend, signing_in(backend)), -1)
    assert authorization.verdict(found).status == "not_run"


def test_the_time_grows_with_the_matrix_but_not_where_one_finding_is_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = GateInput(project=Project(Path()), model=todos(), build="b", database="sqlite")
    [one] = [asked for asked in matrix(todos()) if asked.scene is not None][:1]
    unbrought = msgspec.structs.replace(one, scene=None)
    times = []
    for number in (10, 2000, 1_000_000):
        monkeypatch.setattr(authorization, "matrix", lambda _, n=number: (one,) * n + (unbrought,) * 5000)
        times.append(authorization.time_for(given))
    assert times == [60, 500, authorization.MOST_SECONDS]
    assert authorization.time_for(msgspec.structs.replace(given, first=True)) == 60


def test_finding_the_scenes_takes_none_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def slowly(model: Model) -> Any:
        now[0] += 1000
        return matrix(model)

    monkeypatch.setattr("backwright.verify.authorization.matrix", slowly)
    monkeypatch.setattr("backwright.verify.authorization.time.monotonic", lambda: now[0])
    with mocked(todos()) as backend:
        found = exercise(todos(), Staging(todos(), backend, signing_in(backend)), 60)
    assert not any(cell.reason == OUT_OF_TIME for cell in found.cells)
