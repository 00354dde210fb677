"""The acceptance scenarios against the meaning of the specification."""

from __future__ import annotations

from backwright.model.types import Model
from backwright.pipeline.checking import check
from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError
from backwright.verify import acceptance
from backwright.verify.results import ScenarioResult
from backwright.verify.scenarios import Scenario


def rehearse(project: Project) -> list[ScenarioResult]:
    """Execute the acceptance scenarios against the reference, before anything is built.

    Raises SpecificationError with what is wrong in the specification or in the scenarios.
    """
    model = check(project).model
    return acceptance.rehearse(scenarios(project, model), model)


def scenarios(project: Project, model: Model) -> list[Scenario]:
    """The acceptance scenarios of a project. Raises SpecificationError with what is wrong in them."""
    found = [
        each
        for path in acceptance.scenario_files(project)
        for each in acceptance.read_scenarios(path, project)
    ]
    mistakes = acceptance.check(found, model)
    if mistakes:
        raise SpecificationError(mistakes)
    return found
