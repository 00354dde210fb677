"""Where the work stands, task by task, and the boxes that say so."""

from __future__ import annotations

import msgspec

from backwright.model.build import examine
from backwright.pipeline.building import build_digest
from backwright.pipeline.tasks import EXPECTED, current_questions
from backwright.project import Project
from backwright.report import progress
from backwright.spec import read as read_specification
from backwright.task import events, features, roles, status, ticking
from backwright.task.evidence import gather
from backwright.verify.gates import GATES, NAMED

NAMES = tuple(gate.NAME for gate in (*GATES, *NAMED))


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The phases of the work, and the progress of every feature folder."""

    status: status.TaskStatus
    features: tuple[progress.FeatureProgress, ...]


class BoxesOf(msgspec.Struct, frozen=True, kw_only=True):
    """The boxes of a feature's `tasks.md` that were ticked and opened. Tasks are named by id, or by line."""

    feature: str
    ticked: tuple[str, ...]
    opened: tuple[str, ...]


def standing(project: Project) -> Standing:
    """Where the work stands, from the event log and the files. Raises SpecificationError."""
    log = events.read(project)
    asked = current_questions(project)
    decide = roles.read(project)
    build = build_digest(project)
    model, _ = examine(read_specification(project))
    folders = features.every(project)
    evidence = gather(project, log, build, EXPECTED)
    return Standing(
        status=status.compute(
            project, log, asked, build, EXPECTED, decide, roles.unknown_gates(decide, NAMES)
        ),
        features=progress.compute(project, model, evidence, folders, asked, log, NAMES),
    )


def set_boxes(project: Project) -> tuple[BoxesOf, ...]:
    """Tick the boxes of what is done, open the others, and record it.

    Raises SpecificationError; Changed or OutsideProject where a `tasks.md` cannot be written.
    """
    current = {each.name: each for each in standing(project).features}
    found = []
    for feature in features.every(project):
        tasks = current[feature.name].tasks if feature.name in current else ()
        wrong = [task for task in tasks if task.ticked != (task.state == "done")]
        if wrong:
            ticking.tick(project, feature, {task.offset: not task.ticked for task in wrong})
            ticked = tuple(task.id for task in wrong if not task.ticked)
            opened = tuple(task.id for task in wrong if task.ticked)
            events.append(
                project,
                events.BoxesSet(
                    feature=feature.name, build=build_digest(project) or "", ticked=ticked, opened=opened
                ),
            )
            found.append(BoxesOf(feature=feature.name, ticked=ticked, opened=opened))
    return tuple(found)
