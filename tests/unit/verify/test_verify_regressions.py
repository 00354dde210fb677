"""A disagreement is kept as a file, disagrees again when played, and is skipped by name once it is left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from built_project import Broken, broken_copy, built
from mock_backend import MockBackend, mocked
from models import todos

from backwright.emit import project as emitted
from backwright.emit.project import OutsideProject
from backwright.emit.testing.values import NOW
from backwright.model.types import Model
from backwright.pipeline import verifying
from backwright.project import Project
from backwright.reference import Opaque, Reference, Request, Response
from backwright.reference.sessions import Session
from backwright.verify import regressions
from backwright.verify.behaviour import compare_backends
from backwright.verify.gate import GateInput
from backwright.verify.gates import behaviour, secrets
from backwright.verify.judging import judged
from backwright.verify.regressions import Case, Unreadable, Unusable
from backwright.verify.results import GateResult
from backwright.verify.staged import SignIn
from backwright.verify.traffic import Sent

EVERYBODYS = Broken(
    name="a todo is everybody's",
    file="repositories/todos.py",
    right="""    WHERE todo.id = :id
      AND owner_id = :caller  -- Todo read: this.owner == caller
\"\"\")""",
    wrong="""    WHERE todo.id = :id
\"\"\")""",
)


def forbidding(reference: Reference, request: Request) -> Response:
    """The reference, but what may not be seen is forbidden instead of not there."""
    answer = reference.answer(request)
    hidden = request.method == "GET" and request.path.startswith("/todos/") and answer.status == 404
    return msgspec.structs.replace(answer, status=403) if hidden else answer


@contextmanager
def signing(model: Model, *, wrong: bool) -> Iterator[tuple[MockBackend, SignIn]]:
    """A mock, and what signs accounts in on it."""
    with mocked(model, wrong=forbidding if wrong else None) as backend:

        def sign_in(subject: Any) -> tuple[str, str | None]:
            token = Opaque("token-of-the-caller")
            session = Session(token=token, subject=subject, expires=NOW.replace(year=2031))
            backend._mock.reference.sessions[token] = session
            return token, None

        yield backend, sign_in


@pytest.fixture(scope="module")
def cases() -> tuple[Case, Case]:
    """What is kept of a scene and of random requests that disagree."""
    with signing(todos(), wrong=True) as (backend, sign_in):
        scene = compare_backends(todos(), backend, seed=1, requests=900, seconds=60, sign_in=sign_in).scene
        found = compare_backends(todos(), backend, seed=1, requests=900, seconds=60).disagreement
        assert scene is not None and found is not None
        made = (regressions.of_scene(scene), regressions.of_sequence(found))
        again = [regressions.replay(case, todos(), backend, sign_in) for case in made]
    assert all("404 expected, 403" in each.differences[0] for each in again)
    first, second = (regressions.confirmed(*pair) for pair in zip(made, again, strict=True))
    return first, second


def test_a_kept_case_disagrees_again_and_agrees_once_it_is_mended(
    cases: tuple[Case, Case], tmp_path: Path
) -> None:
    project = Project(tmp_path)
    for case in cases:
        path = regressions.keep(project, regressions.encoded(case), "#!/bin/sh\n")
        assert path.startswith(f"tests/regressions/{case.operation}-")
        assert (tmp_path / path).with_suffix(".sh").is_file()
    kept = [regressions.read(file) for file in regressions.kept(project)]
    assert len(kept) == 2
    for wrong in (True, False):
        with signing(todos(), wrong=wrong) as (backend, sign_in):
            found = [regressions.replay(case, todos(), backend, sign_in) for case in kept]
        assert [bool(each.differences) for each in found] == [wrong, wrong]


def renamed(model: Model, operation: str) -> Model:
    changed = [
        msgspec.structs.replace(each, name="another") if each.name == operation else each
        for each in model.operations
    ]
    return msgspec.structs.replace(model, operations=tuple(changed))


def test_a_case_that_the_specification_left_behind_says_why(cases: tuple[Case, Case]) -> None:
    scene, sequence = cases
    model = todos()
    with pytest.raises(Unusable, match="no operation"):
        regressions.expect_known(scene, renamed(model, scene.operation))
    moved = [msgspec.structs.replace(each, path="/elsewhere/{id}") for each in model.operations]
    with pytest.raises(Unusable, match="is at"):
        regressions.expect_known(sequence, msgspec.structs.replace(model, operations=tuple(moved)))
    row = scene.rows[0]
    for values, why in (({}, "has a field"), ({**row.values, "gone": 1}, "no field gone")):
        other = msgspec.structs.replace(row, values=values)
        with pytest.raises(Unusable, match=why):
            regressions.expect_known(msgspec.structs.replace(scene, rows=(other,)), model)
    with pytest.raises(Unusable, match="no entity Ghost"):
        ghost = msgspec.structs.replace(row, entity="Ghost")
        regressions.expect_known(msgspec.structs.replace(scene, rows=(ghost,)), model)


def test_a_case_whose_way_is_barred_is_skipped_and_not_passed(cases: tuple[Case, Case]) -> None:
    """A later rule refuses what came first: then that nothing differs says nothing."""
    case = msgspec.structs.replace(cases[1], answered=(418, *cases[1].answered[1:]))
    with (
        signing(todos(), wrong=False) as (backend, sign_in),
        pytest.raises(Unusable, match="was answered 418 on the way"),
    ):
        regressions.replay(case, todos(), backend, sign_in)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 5000,
        "{}",
        '{"operation": "x", "what": "", "events": []}',
        '{"operation": "x", "what": "", "events": [{"type": "shell", "number": 1}]}',
        '{"version": 2, "operation": "x", "what": "", "events": [{"type": "sent", "number": 1,'
        ' "operation": "x", "method": "GET", "path": "/"}]}',
    ],
)
def test_a_file_that_is_no_case_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "case.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable):
        regressions.read(file)


def test_a_proof_of_the_session_is_kept_as_the_text_that_it_is(cases: tuple[Case, Case]) -> None:
    *before, last = cases[1].events
    assert isinstance(last, Sent)
    proved = msgspec.structs.replace(last, headers=(("x-csrf-token", Opaque("csrf-v-1-2")),))
    text = regressions.encoded(msgspec.structs.replace(cases[1], events=(*before, proved)))
    assert json.loads(text)["events"][-1]["headers"] == [["x-csrf-token", "csrf-v-1-2"]]


def test_nothing_is_read_or_written_through_links(cases: tuple[Case, Case], tmp_path: Path) -> None:
    text = regressions.encoded(cases[0])
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "case.json").write_text(text, encoding="utf-8")
    (outside / "link.json").symlink_to(outside / "case.json")
    with pytest.raises(Unreadable):
        regressions.read(outside / "link.json")
    root = tmp_path / "project"
    (root / "tests").mkdir(parents=True)
    (root / "tests" / "regressions").symlink_to(outside)
    with pytest.raises(OutsideProject):
        regressions.keep(Project(root), text, "")
    with pytest.raises(OutsideProject):
        list(regressions.kept(Project(root)))


def test_the_gate_keeps_what_it_finds_and_plays_it_first(tmp_path: Path) -> None:
    """From the first run over a build to the mended one: the file outlives it, and is named each time."""
    (tmp_path / "right").mkdir()
    delivered = built(todos(), tmp_path / "right")
    project = broken_copy(delivered, "todos", tmp_path / "wrong", EVERYBODYS)

    def result() -> GateResult:
        given = GateInput(
            project=project, model=todos(), build="abc", database="sqlite", requests=60, seconds=60
        )
        return judged(behaviour, given)

    first = verifying.with_cases(project, result())
    assert first.status == "failed" and "kept as tests/regressions/get_todo-" in first.summary
    (file,) = regressions.kept(project)
    assert not list(secrets.secrets_of(file)) and not list(secrets.secrets_of(file.with_suffix(".sh")))
    second = result()
    assert second.status == "failed" and second.findings[0].where == f"tests/regressions/{file.name}"
    assert "curl" in second.findings[0].replay and not second.findings[0].case

    lock = json.loads(project.lock.read_bytes())
    emitted.write(
        project,
        {path: (delivered.root / path).read_text(encoding="utf-8") for path in lock["files"]},
        discard_edits=True,
    )
    assert file.is_file()
    mended = result()
    assert mended.status == "passed", mended.summary
    assert mended.figures["regression cases that agree"] == file.name
    moved = file.read_text("utf-8").replace('"/todos/', '"/notes/')
    file.write_text(moved, encoding="utf-8")
    skipped = result()
    assert skipped.status == "passed" and "1 regression case skipped" in skipped.summary
    assert f"{file.name} (get_todo is at GET" in str(skipped.figures["regression cases skipped"])
