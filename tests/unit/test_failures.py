"""What the machine does not allow is said as such, and is no defect; what is a defect is not hidden behind it."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backwright import pipeline
from backwright.cli import app
from backwright.cli.failures import said
from backwright.console import Exit, Terminal
from backwright.verify.results import GateResult, Status


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.ENOTDIR])
def test_a_file_that_the_machine_does_not_let_us_write(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    error = OSError(number, os.strerror(number), "/there/file")
    code, values = said(Terminal(json=False), "report", error)
    assert (code, values) == (Exit.FOUND, {"error": f"/there/file: {os.strerror(number)}"})
    assert capsys.readouterr().out == f"report: /there/file: {os.strerror(number)}\n"


@pytest.mark.parametrize(
    "error", [FileNotFoundError(errno.ENOENT, "gone", "a"), OSError("no number"), KeyError("a")]
)
def test_what_nobody_expected_is_a_defect(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(Terminal(json=False), "report", error)[0] is Exit.INTERNAL
    assert "defect" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statuses", "named", "code"),
    [
        ({"vulnerabilities": "not_run"}, ["vulnerabilities"], Exit.NOT_RUN),
        ({"vulnerabilities": "not_run"}, ["vulnerabilities", "--target"], Exit.NOT_RUN),
        ({"vulnerabilities": "not_run", "lint": "failed"}, ["vulnerabilities", "lint"], Exit.FOUND),
        ({"lint": "passed", "unit": "not_run"}, [], Exit.OK),
        ({"lint": "passed"}, ["lint"], Exit.OK),
    ],
)
def test_a_gate_that_was_named_and_could_not_run_is_no_success(
    statuses: dict[str, Status], named: list[str], code: Exit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    results = [
        GateResult(
            gate=gate, title=gate, status=status, summary="", build="", started=datetime.now(UTC), seconds=0.0
        )
        for gate, status in statuses.items()
    ]
    monkeypatch.setattr(pipeline, "verify", lambda *given, **also: results)
    monkeypatch.setattr(pipeline, "verify_target", lambda *given, **also: (results, tmp_path))
    target = tmp_path / "target.yaml"
    (tmp_path / "backwright.yaml").write_text("", "utf-8")
    target.write_text("", "utf-8")
    given = [*named, str(target)] if "--target" in named else [*named, "--project", str(tmp_path)]
    done = CliRunner().invoke(app, ["verify", *given])
    assert done.exit_code == code, done.output
    missing = [gate for gate, status in statuses.items() if status == "not_run"]
    assert all(f"Not run: {gate}." in done.output for gate in missing)
