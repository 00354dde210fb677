"""What the machine does not allow is said as such, and is no defect; what is a defect is not hidden behind it."""

from __future__ import annotations

import errno
import os

import pytest

from backwright.cli.failures import said
from backwright.console import Exit, Terminal


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
