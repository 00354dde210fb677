"""Do the tests that are delivered with the backend pass, and how much of it do they reach?"""

from __future__ import annotations

import tempfile
from pathlib import Path
from xml.etree import ElementTree as Xml

import msgspec

from backwright.verify import look_first
from backwright.verify.copies import copied
from backwright.verify.gate import GateInput, Verdict, database, found
from backwright.verify.results import Finding
from backwright.verify.tools import SECONDS, ToolTimeout, last_lines, python_tool

LEAST_COVERAGE = 80.0
SECONDS_A_TEST = 1.0
"""Most of them take a twentieth of it; a test with tables of bad values, on a busy machine, can take all of it."""


class _Totals(msgspec.Struct):
    percent_covered: float


class _Coverage(msgspec.Struct):
    totals: _Totals


NAME = "unit"
TITLE = "Delivered tests and coverage"
WHY = "The team keeps these tests: they have to run, and to reach the code they are about."
EXAMPLE = "An endpoint answers 200 where its test expects 201: failed, with the test and the assertion."
DATABASE = True


def judge(given: GateInput) -> Verdict:
    """pytest in a copy of the project: all pass, none is skipped, and they cover at least 80 % of the package.

    The copy has no `.env` (nor keys, links, state or history), and the process none of the environment: tests may be
    an agent's, and what they say is shown.
    """
    try:
        return _judged(given)
    except ToolTimeout as late:
        return found([Finding(what=f"the tests took too long: {late}", where="tests/")], "")


def _judged(given: GateInput) -> Verdict:
    package = given.model.service.package
    with (
        copied(given.project.root) as root,
        tempfile.TemporaryDirectory(prefix="backwright-unit-") as folder,
        database(given.database) as url,
    ):
        place = Path(folder)
        # The tests make their own SQLite files; on PostgreSQL they empty the database that they are given.
        named = "" if given.database == "sqlite" else url
        environment = {"COVERAGE_FILE": str(place / "coverage"), "TEST_DATABASE_URL": named}
        if given.first:
            return _first(given, root, place / "tests.xml", environment)
        source = ["--source", package, "--omit", "*/__main__.py"]
        tests = ["-m", "pytest", *_quietly(place / "tests.xml"), "tests"]
        done = python_tool(
            root, "coverage", ["run", *source, *tests], environment, seconds=patience(root / "tests")
        )
        if not (place / "tests.xml").is_file():
            return found([Finding(what=f"pytest did not run: {last_lines(done)}")], "")
        written = ["json", "-q", "-o", str(place / "coverage.json")]
        python_tool(root, "coverage", written, environment)
        coverage = msgspec.json.decode((place / "coverage.json").read_bytes(), type=_Coverage)
        number, findings = outcomes(place / "tests.xml")
    percent = round(coverage.totals.percent_covered, 1)
    if not number:
        findings.append(Finding(what="there are no tests", where="tests/"))
    if done.returncode and not findings:
        findings.append(Finding(what=f"pytest ended with {done.returncode}: {last_lines(done)}"))
    if percent < LEAST_COVERAGE:
        findings.append(Finding(what=f"coverage is {percent} %, under {LEAST_COVERAGE:.0f} %", where=package))
    return found(findings, f"{number} tests, coverage {percent} %", {"tests": number, "coverage %": percent})


def patience(tests: Path) -> float:
    """How many seconds tests may take: the more there are, the longer, so that a large service is judged, too."""
    written = sum(path.read_bytes().count(b"def test_") for path in tests.rglob("test_*.py"))
    return max(SECONDS, SECONDS_A_TEST * written)


def _quietly(results: Path) -> list[str]:
    return ["-q", "-p", "no:cacheprovider", f"--junit-xml={results}"]


def _first(given: GateInput, root: Path, results: Path, environment: dict[str, str]) -> Verdict:
    """Until the first test fails, those named after what has changed before the others; coverage is not measured."""
    named = [f"tests/test_{Path(path).stem}.py" for path in given.changed]
    first = [path for path in dict.fromkeys(named) if (root / path).is_file()]
    arguments = [*_quietly(results), "-x", "-p", look_first.__name__, *first, "tests"]
    environment = environment | {look_first.NAMES: ",".join(given.reached)}
    done = python_tool(root, "pytest", arguments, environment, seconds=patience(root / "tests"))
    if not results.is_file():
        return found([Finding(what=f"pytest did not run: {last_lines(done)}")], "")
    number, findings = outcomes(results)
    if done.returncode and not findings:
        findings.append(Finding(what=f"pytest ended with {done.returncode}: {last_lines(done)}"))
    return found(findings, f"{number} tests", {"tests": number})


def outcomes(path: Path) -> tuple[int, list[Finding]]:
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
