"""Broken on purpose, a delivered backend is noticed to be: a fast sample of what `backwright mutate` does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from backwright.cli import app
from backwright.pipeline import build_digest, check
from backwright.project import Project
from backwright.verify.gate import GateInput, Verdict
from backwright.verify.mutation import run as running
from backwright.verify.mutation import show
from backwright.verify.mutation.results import Judged, MutationResult
from backwright.verify.mutation.run import Choice, Ready
from backwright.verify.mutation.types import Edit, Mutant

EXAMPLE = Path(__file__).parents[2] / "examples" / "todos"
# The emitted tests alone have to notice each of them: a quick sample, one of each of some families.
SAMPLED = (
    "read-rule-dropped",
    "password-not-verified",
    "page-off-by-one",
    "wrong-status",
    "token-of-another-service",
    "secret-logged",
    "contract-without-member",
    "transaction-kept-after-failure",
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "todos"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Project(folder)


def mutated(project: Project, choice: Choice) -> tuple[Ready, MutationResult]:
    digest = build_digest(project)
    assert digest is not None
    ready, *_, result = running.run(project, check(project).model, digest, choice)
    assert isinstance(ready, Ready) and isinstance(result, MutationResult)
    return ready, result


def files_of(project: Project) -> dict[str, bytes]:
    return {
        path.relative_to(project.root).as_posix(): path.read_bytes()
        for path in project.root.rglob("*")
        if path.is_file() and ".backwright" not in path.parts
    }


def test_each_of_a_sample_is_caught_and_the_project_is_not_touched(project: Project) -> None:
    before = files_of(project)
    _, result = mutated(project, Choice(operators=SAMPLED, gates=("unit",)))
    missed = [f"{each.operator}: {each.what}" for each in result.mutants if each.outcome != "caught"]
    assert missed == []
    assert result.caught == result.caught_by_tests == 100.0
    assert files_of(project) == before


def test_what_no_gate_looks_at_survives_and_is_shown(project: Project) -> None:
    choice = Choice(operators=("read-rule-dropped", "lock-forgotten"), gates=("contract",))
    ready, result = mutated(project, choice)
    assert ready.gates == ("contract",)
    survived, equivalent = result.mutants
    assert (survived.outcome, survived.gate, survived.tests) == ("survived", None, None)
    assert equivalent.outcome == "equivalent" and "one writer" in equivalent.reason
    assert result.caught == 0.0 and len(result.counted) == 1
    text = show.markdown([result])
    assert "### Survivors" in text and "owner_id = :caller" in text and "one writer" in text


def test_a_gate_that_fails_already_does_not_judge(project: Project) -> None:
    (project.root / "todos" / "openapi.json").write_text('{"openapi": "3.1.0", "paths": {}}')
    ready, result = mutated(project, Choice(operators=("contract-outdated",), gates=("contract",)))
    assert ready.gates == () and result.unused[0].reason.startswith("failed before anything was broken")


def test_gates_that_see_any_edit_do_not_judge_unless_they_are_named() -> None:
    assert set(running.DO_NOT_JUDGE) == {"integrity", "lint", "load", "memory", "sbom"}


def test_what_does_not_even_load_is_no_mutant(project: Project) -> None:
    edit = Edit("todos/app.py", (project.root / "todos/app.py").read_text(), "import nothing_of_this_name\n")
    ready, given = (
        running.Ready((), (), 1),
        running.GateInput(project=project, model=check(project).model, build=""),
    )
    assert ready.mutants == 1
    judged = running.judge(Mutant("made-up", (edit,), "does not load"), given, [], Choice())
    assert judged.outcome == "stillborn"
    assert (project.root / "todos/app.py").read_text() == edit.before


class Patient:
    """Stands in for the behaviour gate: it notices a mistake with a thousand requests or more."""

    NAME = "behaviour"
    TITLE = WHY = EXAMPLE = ""
    DATABASE = True

    @staticmethod
    def judge(given: GateInput) -> Verdict:
        return Verdict(status="failed" if given.requests >= 1000 else "passed", summary="")


@pytest.mark.parametrize(("again", "outcome"), [(1000, "caught"), (999, "survived"), (0, "survived")])
def test_what_nothing_noticed_is_asked_again_with_more_requests(
    project: Project, again: int, outcome: str
) -> None:
    text = (project.root / "todos/app.py").read_text()
    mutant = Mutant("owner-not-stamped", (Edit("todos/app.py", text, f"{text}\n"),), "nothing")
    given = GateInput(project=project, model=check(project).model, build="", requests=100)
    assert running.judge(mutant, given, [Patient], Choice(requests=100, again=again)).outcome == outcome


def test_what_only_another_database_runs_is_not_broken(project: Project) -> None:
    ends = {path.rpartition("/")[2] for path in running.texts(project.root, "postgresql")}
    assert "up.postgresql.sql" in ends and "up.sqlite.sql" not in ends


def test_the_same_seed_draws_the_same_mutants(project: Project) -> None:
    sources = running.Sources(running.texts(project.root, "sqlite"), "todos")
    _, one = running.draw(sources, Choice(seed=5))
    _, two = running.draw(sources, Choice(seed=5))
    _, other = running.draw(sources, Choice(seed=6))
    assert one == two != other
    assert len(running.draw(sources, Choice(sample=7))[1]) == 7


def test_when_the_time_is_over_what_was_not_judged_is_counted(project: Project) -> None:
    _, result = mutated(project, Choice(gates=("secrets",), sample=None, within=0.0))
    assert result.mutants == () and result.left > 60
    assert "not judged" in show.headline(result) and "this is a sample" in show.markdown([result])


def test_the_command_answers_with_an_artifact(project: Project, tmp_path: Path) -> None:
    arguments = [
        "mutate",
        "-p",
        str(project.root),
        "--operator",
        "contract-reference-broken",
        "--gate",
        "contract",
    ]
    done = CliRunner().invoke(
        app, [*arguments, "--least", "100", "--result", str(tmp_path / "r.json"), "--json"]
    )
    assert done.exit_code == 0, done.output
    artifact = Path(json.loads(done.stdout)["artifact"])
    stored = msgspec.json.decode(artifact.read_bytes(), type=MutationResult)
    assert (
        stored.version == 1 and isinstance(stored.mutants[0], Judged) and stored.mutants[0].gate == "contract"
    )
    assert (tmp_path / "r.json").read_bytes() == artifact.read_bytes()


def test_fewer_than_asked_for_is_a_failure_and_an_unknown_operator_is_named(project: Project) -> None:
    run = CliRunner().invoke
    arguments = ["mutate", "-p", str(project.root), "--gate", "contract", "--operator"]
    assert run(app, [*arguments, "read-rule-dropped", "--least", "50"]).exit_code == 1
    unknown = run(app, [*arguments, "no-such-operator"])
    assert unknown.exit_code == 1 and "BW980" in unknown.output + unknown.stderr
