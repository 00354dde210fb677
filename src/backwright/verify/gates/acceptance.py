"""The acceptance scenarios, written by people from the stories, hold over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from backwright.spec.diagnostics import Diagnostic, SpecificationError
from backwright.verify import acceptance
from backwright.verify.gate import GateInput, NotRun, Verdict, backend, found
from backwright.verify.results import Finding
from backwright.verify.scenarios import Scenario

NAME = "acceptance"
TITLE = "Acceptance scenarios"
WHY = "Everything derived from the specification shares its mistakes; people's own examples do not."
EXAMPLE = "A stranger's change is answered 200: failed, with the step and the answer."
DATABASE = True


def judge(given: GateInput) -> Verdict:
    """Each scenario is executed on an empty database; what was written is compared with the answers."""
    scenarios: list[Scenario] = []
    try:
        for path in acceptance.scenario_files(given.project):
            scenarios += acceptance.read_scenarios(path, given.project)
    except SpecificationError as error:
        return _mistaken(error.diagnostics)
    mistakes = acceptance.check(scenarios, given.model)
    if mistakes:
        return _mistaken(mistakes)
    if not scenarios:
        raise NotRun("there are no scenarios (specs/<feature>/acceptance.yaml)")
    with backend(given, as_written=True) as server:
        results = acceptance.execute_over_http(scenarios, given.model, server)
    failed = [result for result in results if result.status != "passed"]
    return Verdict(
        status="failed" if failed else "passed",
        summary=f"{len(results) - len(failed)} of {len(results)} scenarios hold",
        figures={"scenarios": len(results), "failed": len(failed)},
        findings=tuple(Finding(what=result.detail, where=result.id) for result in failed),
        scenarios=tuple(results),
    )


def _mistaken(diagnostics: Sequence[Diagnostic]) -> Verdict:
    return found(
        [Finding(what=f"{d.code}: {d.message}; {d.mend}", where=str(d.place)) for d in diagnostics], ""
    )
