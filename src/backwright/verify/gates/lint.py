"""The emitted package passes ruff."""

from __future__ import annotations

import msgspec

from backwright.verify.gate import GateInput, Verdict, found
from backwright.verify.results import Finding
from backwright.verify.tools import last_lines, python_tool

NAME = "lint"
TITLE = "Lint (ruff)"
WHY = "Unused names, shadowed builtins and mutable defaults are defects that a reviewer should not have to look for."
EXAMPLE = "An import that nothing uses: failed, with file, line and rule."
DATABASE = False


class _Position(msgspec.Struct):
    row: int


class _Violation(msgspec.Struct):
    filename: str
    message: str
    location: _Position
    code: str | None = None


def judge(given: GateInput) -> Verdict:
    """`ruff check` and `ruff format --check`, with the project's own settings."""
    root, package = given.project.root, given.model.service.package
    checked = python_tool(root, "ruff", ["check", "--no-cache", "--output-format", "json", package])
    if checked.returncode not in (0, 1):
        return found([Finding(what=f"ruff failed: {last_lines(checked)}")], "")
    violations = msgspec.json.decode(checked.stdout, type=list[_Violation])
    findings = [
        Finding(
            what=f"{v.code or 'syntax'} {v.message}",
            where=f"{_relative(v.filename, package)}:{v.location.row}",
        )
        for v in violations
    ]
    formatted = python_tool(root, "ruff", ["format", "--no-cache", "--check", "--exclude", "logic", package])
    if formatted.returncode != 0:
        findings.append(Finding(what=f"not formatted: {last_lines(formatted, 5)}"))
    return found(findings, "no violations", {"violations": len(findings)})


def _relative(filename: str, package: str) -> str:
    return package + filename.rpartition(f"/{package}/")[2].join(("/", ""))
