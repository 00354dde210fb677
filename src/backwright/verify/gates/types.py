"""The emitted package passes mypy --strict."""

from __future__ import annotations

import re

from backwright.verify.gate import GateInput, Verdict, found
from backwright.verify.results import Finding
from backwright.verify.tools import last_lines, python_tool

NAME = "types"
TITLE = "Types (mypy --strict)"
WHY = (
    "A value of the wrong type is an error 500 on the day a caller sends it; the type checker finds it today."
)
EXAMPLE = "A nullable date is used as a date: failed, with file and line."
DATABASE = False

ERROR = re.compile(r"^(?P<where>.+?:\d+(?::\d+)?): error: (?P<what>.+)$", re.MULTILINE)


def judge(given: GateInput) -> Verdict:
    """`mypy --strict` over the package."""
    arguments = ["--strict", "--no-color-output", "--no-error-summary", "--cache-dir", "/dev/null"]
    done = python_tool(given.project.root, "mypy", [*arguments, "-p", given.model.service.package])
    findings = [Finding(what=match["what"], where=match["where"]) for match in ERROR.finditer(done.stdout)]
    if done.returncode != 0 and not findings:
        findings = [Finding(what=f"mypy failed: {last_lines(done)}")]
    return found(findings, "no errors", {"errors": len(findings)})
