"""A backend of any make is started, signed in at, explored and judged, as its target file says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from outside import target_file, within
from typer.testing import CliRunner

from backwright.cli import app
from backwright.spec.diagnostics import SpecificationError
from backwright.verify.fuzzing import fuzzed
from backwright.verify.gate import NotRun, Verdict
from backwright.verify.gates import access_from_outside, conformance, owasp
from backwright.verify.observed import Bounds, Observed
from backwright.verify.outside import OUTSIDE
from backwright.verify.probes.probe import world_of
from backwright.verify.target.judging import chosen, judge
from backwright.verify.target.observing import observed
from backwright.verify.target.reading import read_target

FEW = '\noperations: [POST /accounts, GET /notes, POST /notes, "DELETE /notes/{noteId}"]\n'
QUICK = Bounds(requests=120, seconds=300)
"""Few requests, and time enough for them however busy the machine is."""


def test_the_command_judges_a_backend_that_it_starts(tmp_path: Path) -> None:
    path = target_file(tmp_path, "delete_others")
    done = CliRunner().invoke(app, ["verify", "access-from-outside", "--target", str(path), "--json"])
    assert done.exit_code == 1, done.output
    (result,) = json.loads(done.stdout)["results"]
    assert [each["where"] for each in result["findings"]] == ["DELETE /notes/{noteId}"]
    folder = tmp_path / ".backwright-target"
    assert json.loads((folder / "access-from-outside.json").read_text())["status"] == "failed"
    summary = (folder / "summary.md").read_text()
    assert "**failed**" in summary
    assert "curl -i -X DELETE" in summary
    token = re.compile(r"eyJ[\w-]+\.")
    assert not any(token.search(each.read_text()) for each in folder.iterdir())


def test_a_backend_that_is_right_passes(tmp_path: Path) -> None:
    path = target_file(tmp_path)
    out = tmp_path / "results"
    done = CliRunner().invoke(
        app, ["verify", "access-from-outside", "--target", str(path), "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert (out / "access-from-outside.json").is_file()


def test_every_operation_is_reached(tmp_path: Path) -> None:
    with within(tmp_path) as seen:
        assert seen.unreached == ()
        reached = {each.operation for each in seen.accepted()}
    assert reached >= {
        "POST /accounts",
        "POST /sessions",
        "GET /notes",
        "PUT /notes/{noteId}",
        "DELETE /notes/{noteId}",
    }


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (("POST /accounts", "POST /nowhere"), "BW968", "answered 404"),
        (("token: token", "token: tokn"), "BW968", "no `tokn`"),
        (("notes_backend.py", "no_such_file.py"), "BW967", "No such file"),
    ],
)
def test_what_does_not_start_or_sign_in_is_told(
    tmp_path: Path, change: tuple[str, str], code: str, told: str
) -> None:
    path = target_file(tmp_path)
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(SpecificationError) as caught, observed(read_target(path), tmp_path / "server.log"):
        pass
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == code
    assert told in diagnostic.message
    assert diagnostic.place.line


def test_an_unknown_gate_is_refused() -> None:
    with pytest.raises(SpecificationError, match="no gate 'behaviour' that looks from outside"):
        chosen(["behaviour"])
    assert [gate.NAME for gate in chosen([])] == [gate.NAME for gate in OUTSIDE]


class Crashing:
    NAME, TITLE, WHY, EXAMPLE = "crashing", "Crashing", "", ""

    @staticmethod
    def observe(seen: Observed, bounds: Bounds) -> Verdict:
        raise ZeroDivisionError


def test_a_gate_that_crashes_has_not_passed(tmp_path: Path) -> None:
    with within(tmp_path):
        (result,) = judge(read_target(tmp_path / "target.yaml"), [], tmp_path, QUICK, [Crashing()])
    assert result.status == "failed"
    assert "ZeroDivisionError" in result.summary


def test_without_callers_access_is_not_run(tmp_path: Path) -> None:
    with within(tmp_path) as seen, pytest.raises(NotRun, match="no callers"):
        access_from_outside.observe(
            Observed(name="", url=seen.url, contract=seen.contract, callers=(), exchanges=()), QUICK
        )


def test_every_id_of_the_list_is_accounted_for(tmp_path: Path) -> None:
    with within(tmp_path) as seen:
        verdict = owasp.observe(seen, QUICK)
    assert verdict.status == "passed", verdict.findings
    assert [verdict.figures[f"API{number}:2023"] for number in range(1, 11)]
    assert "not observable" in str(verdict.figures["API6:2023"])


def test_a_backend_that_keeps_its_contract_conforms(tmp_path: Path) -> None:
    with within(tmp_path, more=FEW) as seen:
        verdict = conformance.observe(seen, QUICK)
    assert verdict.findings == ()
    assert verdict.status == "passed"
    assert int(verdict.figures["accepted"]) > 20
    assert int(verdict.figures["forbidden by the contract"]) > 20


def test_what_there_is_no_time_for_is_not_sent_and_is_named(tmp_path: Path) -> None:
    with within(tmp_path, more=FEW) as seen, world_of(seen, QUICK) as world:
        total = fuzzed(world, QUICK, deadline=0.0)
    assert (total.sent, len(total.unjudged)) == (0, len(world.operations))


def test_what_is_not_as_the_contract_says_is_found(tmp_path: Path) -> None:
    defects = ("wrong_status", "wrong_schema", "unvalidated", "wrong_type_of_lists")
    with within(tmp_path, *defects, more=FEW) as seen:
        found = conformance.observe(seen, QUICK).findings
    told = {(each.where, each.what.partition(":")[0]) for each in found}
    assert told >= {
        ("POST /accounts", "Undocumented status code"),
        ("POST /notes", "Response violates schema"),
        ("POST /notes", "Schema-violating request accepted"),
        ("GET /notes", "Undocumented Content-Type"),
    }
    assert all(each.replay.startswith("curl -i -X") for each in found)


def test_a_document_that_is_not_valid_is_found(tmp_path: Path) -> None:
    wrong = {"openapi": "3.1.0", "info": {"title": "Notes"}, "paths": {"/x": {"get": {"responses": {}}}}}
    assert any("version" in each.what for each in conformance.invalid(wrong))
