"""Do the acceptance scenarios, written by people from the stories, hold over HTTP?"""

from __future__ import annotations

from backwright.spec.diagnostics import SpecificationError
from backwright.verify import acceptance
from backwright.verify.gate import Gate, Given, Verdict, not_run
from backwright.verify.results import Finding
from backwright.verify.scenarios import Scenario
from backwright.verify.server import running


def judge(given: Given) -> Verdict:
    scenarios: list[Scenario] = []
    try:
        for path in acceptance.scenario_files(given.project):
            scenarios += acceptance.read_scenarios(path, given.project)
    except SpecificationError as error:
        return _unusable(error.diagnostics)
    problems = acceptance.check(scenarios, given.model)
    if problems:
        return _unusable(problems)
    if not scenarios:
        return not_run("there are no scenarios (specs/<feature>/acceptance.yaml)")
    with running(given.project.root, given.package, given.url) as server:
        results = acceptance.execute(scenarios, given.model, server)
    failed = [result for result in results if result.status != "passed"]
    return Verdict(
        status="failed" if failed else "passed",
        summary=f"{len(results) - len(failed)} of {len(results)} scenarios hold",
        figures={"scenarios": len(results), "failed": len(failed)},
        findings=tuple(Finding(what=result.detail, where=result.id) for result in failed),
        scenarios=tuple(results),
    )


def _unusable(diagnostics: object) -> Verdict:
    assert isinstance(diagnostics, list | tuple)
    findings = tuple(
        Finding(what=f"{d.code}: {d.message}; {d.mend}", where=str(d.place)) for d in diagnostics
    )
    return Verdict(status="failed", summary=f"{len(findings)} mistakes in the scenarios", findings=findings)


ACCEPTANCE = Gate(
    name="acceptance",
    title="Acceptance scenarios",
    why="Everything derived from the specification shares its mistakes; people's own examples do not.",
    decides="Executes each scenario over HTTP on an empty database and compares what was written with the answers.",
    example="A stranger's change is answered 200.",
    on_database=True,
    judge=judge,
)
