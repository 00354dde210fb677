"""Reading and understanding a specification: all that `check` and `explain` need, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter

import msgspec

from backwright.model import show_operations
from backwright.model.build import examine
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec import read as read_specification
from backwright.spec.diagnostics import Diagnostic, SpecificationError
from backwright.task import events, features, questions, roles
from backwright.task.features import Feature
from backwright.task.questions import ACCESS_CODE, Question
from backwright.task.wording import count
from backwright.verify import scenario_check, scenarios


class Blocked(Exception):
    """Somebody has to decide before this can go on: the open questions, and what is not approved."""

    def __init__(self, questions: Sequence[Question] = (), diagnostics: Sequence[Diagnostic] = ()) -> None:
        self.questions = tuple(questions)
        self.diagnostics = tuple(diagnostics)
        super().__init__(", ".join([*(q.id for q in self.questions), *(d.code for d in self.diagnostics)]))


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A specification without errors: its model, what is doubtful, and every question that is still open."""

    model: Model
    warnings: tuple[Diagnostic, ...]
    questions: tuple[Question, ...]

    def summary(self) -> str:
        """How much there is, and how much of it is doubtful."""
        entities = count(len(self.model.entities), "entity", "entities")
        said = f"{entities}, {count(len(self.model.operations), 'operation')}"
        return f"{said}, {count(len(self.warnings), 'warning')}" if self.warnings else said


def check(project: Project) -> Checked:
    """Read and understand the specification. Raises SpecificationError with everything that is wrong.

    An entity without a rule is a question and not an error here: `Blocked` carries it.
    """
    started = perf_counter()
    decide = roles.read(project)
    folders = features.every(project)
    model, diagnostics = examine(read_specification(project))
    diagnostics = [*diagnostics, *_unread(folders)]
    errors = [d for d in diagnostics if d.severity == "error"]
    asked = questions.compute(diagnostics, folders, events.read(project), decide=decide)
    events.append(project, events.CheckFinished(errors=len(errors), seconds=perf_counter() - started))
    if any(d.code != ACCESS_CODE for d in errors):
        raise SpecificationError(diagnostics)
    if errors or model is None:
        raise Blocked([q for q in asked if q.open and q.form == "expression"], errors)
    return Checked(
        model=model,
        warnings=(
            *(d for d in diagnostics if d.severity == "warning"),
            *_scenario_mistakes(project, model),
        ),
        questions=tuple(q for q in asked if q.open),
    )


def _unread(folders: Iterable[Feature]) -> Iterator[Diagnostic]:
    """What of the feature folders could not be read: a question might stand there, so nothing is built past it."""
    for feature in folders:
        for found in feature.diagnostics:
            if found.severity == "error" and found.code != features.UNREADABLE_ACCEPTANCE.code:
                yield found


def _scenario_mistakes(project: Project, model: Model) -> list[Diagnostic]:
    """What is wrong with the acceptance scenarios. The gate fails on it; for the specification it is a warning."""
    found: list[Diagnostic] = []
    for path in scenarios.scenario_files(project):
        try:
            found += scenario_check.check(scenarios.read_scenarios(path, project), model)
        except SpecificationError as error:
            found += error.diagnostics
    return [msgspec.structs.replace(each, severity="warning") for each in found]


def explain(model: Model, operation: str) -> str:
    """What an operation means, with all sugar expanded."""
    return show_operations.operation_text(model, operation)
