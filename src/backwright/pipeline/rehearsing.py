"""The acceptance scenarios against the meaning of the specification."""

from __future__ import annotations

from backwright.pipeline.checking import check
from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError
from backwright.verify import acceptance
from backwright.verify.results import ScenarioResult


def rehearse(project: Project) -> list[ScenarioResult]:
    """Execute the acceptance scenarios against the reference, before anything is built.

    Raises SpecificationError with what is wrong in the specification or in the scenarios.
    """
    model = check(project).model
    scenarios = [
        each
        for path in acceptance.scenario_files(project)
        for each in acceptance.read_scenarios(path, project)
    ]
    mistakes = acceptance.check(scenarios, model)
    if mistakes:
        raise SpecificationError(mistakes)
    return acceptance.rehearse(scenarios, model)
