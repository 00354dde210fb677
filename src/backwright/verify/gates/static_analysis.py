"""The static security scan finds nothing of high or medium severity."""

from __future__ import annotations

import msgspec

from backwright.verify.gate import GateInput, Verdict, found
from backwright.verify.results import Finding
from backwright.verify.tools import last_lines, python_tool

NAME = "static-analysis"
TITLE = "Static security scan (bandit)"
WHY = (
    "Statements put together from text, shells and unsafe loaders are known mistakes that a machine can see."
)
EXAMPLE = "A file of logic/ calls eval with what a caller sent: failed, with file and line."
DATABASE = False
SEVERE = ("HIGH", "MEDIUM")


class _Issue(msgspec.Struct):
    filename: str
    line_number: int
    issue_severity: str
    issue_text: str
    test_id: str


class _Report(msgspec.Struct):
    results: list[_Issue]
    errors: list[dict[str, str]]
    metrics: dict[str, dict[str, int | float]]


def judge(given: GateInput) -> Verdict:
    """`bandit` over the package, the user's logic included: nothing of high or medium severity.

    Exceptions are those that the code itself states (`# nosec`); they are counted in the figures.
    """
    package = given.model.service.package
    done = python_tool(given.project.root, "bandit", ["-q", "-r", package, "-f", "json"])
    if done.returncode not in (0, 1):
        return found([Finding(what=f"bandit failed: {last_lines(done)}")], "")
    report = msgspec.json.decode(done.stdout, type=_Report)
    findings = [
        Finding(
            what=f"{issue.test_id} {issue.issue_severity.lower()}: {issue.issue_text}",
            where=f"{issue.filename}:{issue.line_number}",
        )
        for issue in report.results
        if issue.issue_severity in SEVERE
    ]
    findings += [
        Finding(what=f"not scanned: {error.get('reason', '')}", where=error.get("filename", ""))
        for error in report.errors
    ]
    totals = report.metrics["_totals"]
    lines, exceptions = int(totals["loc"]), int(totals["nosec"] + totals["skipped_tests"])
    if not lines:
        findings.append(Finding(what="there was no code to scan", where=package))
    figures: dict[str, int | float | str] = {
        "lines": lines,
        "exceptions": exceptions,
        "low severity": len(report.results) - sum(issue.issue_severity in SEVERE for issue in report.results),
    }
    return found(findings, f"nothing severe in {lines} lines, {exceptions} stated exceptions", figures)
