"""Do the tests that are delivered with the backend pass, and how much of it do they reach?"""

from __future__ import annotations

import tempfile
from pathlib import Path
from xml.etree import ElementTree as Xml

import msgspec

from backwright.verify.gate import Gate, Given, Verdict
from backwright.verify.results import Finding
from backwright.verify.tools import last_line, run_tool

LEAST_COVERAGE = 80.0


class _Totals(msgspec.Struct):
    percent_covered: float


class _Coverage(msgspec.Struct):
    totals: _Totals


def judge(given: Given) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="backwright-unit-") as folder:
        place = Path(folder)
        environment = {"COVERAGE_FILE": str(place / "coverage"), "TEST_DATABASE_URL": _database(given)}
        tests = [
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--junit-xml={place / 'tests.xml'}",
            "tests",
        ]
        source = ["--source", given.package, "--omit", "*/__main__.py"]
        done = run_tool(given.project.root, ["coverage", "run", *source, *tests], environment)
        if not (place / "tests.xml").is_file():
            return Verdict(status="failed", summary=f"pytest: {last_line(done.stdout or done.stderr)}")
        run_tool(
            given.project.root, ["coverage", "json", "-q", "-o", str(place / "coverage.json")], environment
        )
        coverage = msgspec.json.decode((place / "coverage.json").read_bytes(), type=_Coverage)
        number, findings = _tests(place / "tests.xml")
    percent = round(coverage.totals.percent_covered, 1)
    if percent < LEAST_COVERAGE:
        findings.append(
            Finding(what=f"coverage is {percent} %, under {LEAST_COVERAGE:.0f} %", where=given.package)
        )
    if not number:
        findings.append(Finding(what="there are no tests", where="tests/"))
    return Verdict(
        status="failed" if findings or done.returncode else "passed",
        summary=f"{number} tests, {len(findings)} findings, coverage {percent} %",
        figures={"tests": number, "coverage %": percent},
        findings=tuple(findings),
    )


def _database(given: Given) -> str:
    """The tests make their own SQLite files; on PostgreSQL they empty the database that they are given."""
    return "" if given.url.startswith("sqlite:") else given.url


def _tests(path: Path) -> tuple[int, list[Finding]]:
    """How many tests ran, and those that failed or were skipped: a skipped test proves nothing."""
    cases = list(Xml.parse(path).getroot().iter("testcase"))  # noqa: S314  pytest wrote it just now
    findings = []
    for case in cases:
        for kind in ("failure", "error", "skipped"):
            problem = case.find(kind)
            if problem is not None:
                where = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
                findings.append(Finding(what=f"{kind}: {problem.get('message', '')[:300]}", where=where))
    return len(cases), findings


UNIT = Gate(
    name="unit",
    title="Delivered tests and coverage",
    why="The team keeps these tests: they have to run, and to reach the code they are about.",
    decides="pytest in the project: all pass, none is skipped, and they cover at least 80 % of the package.",
    example="An endpoint answers 200 where its test expects 201.",
    on_database=True,
    judge=judge,
)
