"""How far each feature folder is: requirement by requirement and task by task, done, open, or blocked by what.

Nothing is taken from anybody's word: a box that a person ticked says nothing here, and is told where it is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal as OneOf

import msgspec

from backwright.model.types import Model
from backwright.project import Project
from backwright.report import alignment, parts
from backwright.report.parts import Ground, Part
from backwright.report.types import Requirement
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.task.events import BoxesSet, Log
from backwright.task.evidence import Evidence
from backwright.task.features import Box, Feature
from backwright.task.naming import Known, named, waits_for
from backwright.task.questions import Question, clarification_subject
from backwright.task.wording import count

HAND_TICKED = register(
    "BW918",
    "A box is ticked and nothing shows that the task is done",
    "Whoever reads the list believes it: a box is ticked by results, and not by hand.",
    "- [x] T001 Ownership (FR-004), when no scenario that covers FR-004 has passed on this build",
)
NOT_COMPUTABLE = "not computable: no path, requirement or gate named"
TOO_LONG = "not computable: its text is longer than is read"

State = OneOf["done", "open", "left out", "not computable"]


class RequirementProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement. `blocked_by` are the ids of open questions."""

    id: str
    story: str
    text: str
    state: State
    reason: str
    blocked_by: tuple[str, ...] = ()


class TaskProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A box of `tasks.md`: what it names, how that stands, and whether it is ticked as the file lies there.

    `blocked_by` are open questions and the tasks that it says it waits for.
    """

    id: str
    text: str
    story: str
    line: int
    offset: int
    ticked: bool
    state: State
    reason: str
    parts: tuple[Part, ...] = ()
    blocked_by: tuple[str, ...] = ()


class FeatureProgress(msgspec.Struct, frozen=True, kw_only=True):
    """One feature folder. `questions` are its open ones, `answers` what was decided about it."""

    name: str
    title: str
    requirements: tuple[RequirementProgress, ...]
    tasks: tuple[TaskProgress, ...]
    questions: tuple[Question, ...]
    answers: tuple[Question, ...]
    notes: tuple[Diagnostic, ...]


def compute(
    project: Project,
    model: Model | None,
    evidence: tuple[Evidence, ...],
    features: tuple[Feature, ...],
    questions: tuple[Question, ...],
    log: Log,
    gates: Iterable[str],
) -> tuple[FeatureProgress, ...]:
    """The progress of every feature, as the files and the event log stand."""
    scenarios = alignment.scenarios(features, evidence)
    requirements = alignment.requirements(features, scenarios, questions)
    ground = parts.ground(project, model, evidence, requirements, scenarios)
    gates = tuple(gates)
    return tuple(_feature(feature, ground, requirements, questions, log, gates) for feature in features)


def _feature(
    feature: Feature,
    ground: Ground,
    asked_for: tuple[Requirement, ...],
    questions: tuple[Question, ...],
    log: Log,
    gates: tuple[str, ...],
) -> FeatureProgress:
    mine = [question for question in questions if question.subject.startswith(f"{feature.name}/")]
    operations = ground.model.operations if ground.model else ()
    known = Known(
        operations={operation.name: f"{operation.method} {operation.path}" for operation in operations},
        gates=gates,
        scenarios=frozenset(scenario.id for scenario in feature.scenarios),
        files=frozenset(ground.lock),
    )
    requirements = tuple(
        _requirement(feature, found, mine) for found in asked_for if found.feature == feature.name
    )
    by_id: dict[str, list[RequirementProgress]] = {}
    for requirement in requirements:
        by_id.setdefault(requirement.id, []).append(requirement)
    judged = [_task(feature, box, ground, known, mine, by_id) for box in feature.boxes]
    done = {task.id for task in judged if task.state == "done"}
    tasks = tuple(_waiting(box, task, done) for box, task in zip(feature.boxes, judged, strict=True))
    return FeatureProgress(
        name=feature.name,
        title=feature.title,
        requirements=requirements,
        tasks=tasks,
        questions=tuple(question for question in mine if question.open),
        answers=tuple(question for question in mine if question.answer is not None),
        notes=(*feature.diagnostics, *_hand_ticked(feature, tasks, log)),
    )


def _requirement(feature: Feature, found: Requirement, questions: list[Question]) -> RequirementProgress:
    blocking = _blocking(feature, "spec.md", found.id, found.story, questions)
    asked = [q.id for q in questions if q.open and q.kind == "requirement" and _is_about(feature, q, found)]
    state: State = "left out" if found.decision and found.state != "done" else "open"
    if found.state == "done" and not blocking:
        state = "done"
    return RequirementProgress(
        id=found.id,
        story=found.story,
        text=found.text,
        state=state,
        reason=found.decision if state == "left out" else found.reason,
        blocked_by=(*blocking, *asked),
    )


def _meant(same: list[RequirementProgress], story: str) -> list[RequirementProgress]:
    """Of the requirements of one id those that a task means: that of its story, else all."""
    return [requirement for requirement in same if requirement.story == story] or same


def _is_about(feature: Feature, question: Question, found: Requirement) -> bool:
    same = [
        asked for asked in feature.named(found.id) if (asked.text, asked.story) == (found.text, found.story)
    ]
    return any(question.subject == feature.subject(asked) for asked in same)


def _blocking(
    feature: Feature, file: str, about: str, story: str, questions: list[Question]
) -> tuple[str, ...]:
    """The open blocking questions about the marks that stand in a requirement or task."""
    subjects = {
        clarification_subject(feature, unclear)
        for unclear in feature.clarifications
        if about and (unclear.file, unclear.about, unclear.story) == (file, about, story)
    }
    return tuple(q.id for q in questions if q.open and q.blocking and q.subject in subjects)


def _task(
    feature: Feature,
    box: Box,
    ground: Ground,
    known: Known,
    questions: list[Question],
    requirements: Mapping[str, list[RequirementProgress]],
) -> TaskProgress:
    names = named(box, known)
    found = tuple(parts.judged(ground, feature, name, box.story) for name in names)
    asked = [each.name for each in found if each.kind == "requirement"]
    blocked = _blocking(feature, "tasks.md", box.name, "", questions)
    for name in asked:
        for requirement in _meant(requirements.get(name, []), box.story):
            blocked += requirement.blocked_by
    state, reason = _state(found, blocked) if not box.cut else ("not computable", TOO_LONG)
    return TaskProgress(
        id=box.name,
        text=box.text,
        story=box.story,
        line=box.place.line,
        offset=box.offset,
        ticked=box.done,
        state=state,
        reason=reason,
        parts=found,
        blocked_by=tuple(dict.fromkeys(blocked)),
    )


def _state(found: tuple[Part, ...], blocked: tuple[str, ...]) -> tuple[State, str]:
    """A task is done when all that it names is, and nothing is asked about it."""
    if not found:
        return "not computable", NOT_COMPUTABLE
    for each in found:
        if each.state == "not computable":
            return "not computable", f"not computable: {each.reason}"
    for each in found:
        if each.state != "done":
            return "open", each.reason
    if blocked:
        return "open", "what it names is there, and a question about it is open"
    return "done", "; ".join(each.reason for each in found)


def _waiting(box: Box, task: TaskProgress, done: set[str]) -> TaskProgress:
    """An open task with the unfinished ones that it says it waits for."""
    if task.state == "done":
        return task
    waits = tuple(each for each in waits_for(box) if each not in done and each != task.id)
    return msgspec.structs.replace(task, blocked_by=(*task.blocked_by, *waits))


def _hand_ticked(feature: Feature, tasks: Iterable[TaskProgress], log: Log) -> Iterator[Diagnostic]:
    ours = {
        name
        for event in log.events
        if isinstance(event, BoxesSet) and event.feature == feature.name
        for name in event.ticked
    }
    places = {box.offset: box.place for box in feature.boxes}
    for task in tasks:
        if task.ticked and task.state != "done":
            why = "its evidence is gone" if task.id in ours else "no event records a result that ticked it"
            message = f"{task.id} is ticked, but {why}: {task.reason}"
            mend = "`backwright status --write` opens the box; `backwright verify` makes evidence."
            yield diagnose(HAND_TICKED, places[task.offset], message, mend, "warning")


_MARKS: dict[State, str] = {"done": "[x]", "open": "[ ]", "left out": "[-]", "not computable": "[?]"}


def text(features: Iterable[FeatureProgress]) -> str:
    """The progress for a terminal."""
    return "\n".join(line for feature in features for line in _lines(feature))


def _lines(feature: FeatureProgress) -> Iterator[str]:
    finished = sum(requirement.state == "done" for requirement in feature.requirements)
    ticked = sum(task.state == "done" for task in feature.tasks)
    yield ""
    yield (
        f"{feature.name}: {feature.title} — {finished} of {count(len(feature.requirements), 'requirement')}, "
        f"{ticked} of {count(len(feature.tasks), 'task')} done"
    )
    for requirement in feature.requirements:
        yield f"  {_MARKS[requirement.state]} {requirement.id}: {requirement.reason}{_blocked(requirement.blocked_by)}"
    for task in feature.tasks:
        yield f"  {_MARKS[task.state]} {task.id} {_short(task.text)}: {task.reason}{_blocked(task.blocked_by)}"
    for question in feature.questions:
        stops = "blocks" if question.blocking else "open"
        place = f"{question.place.file}:{question.place.line}"
        yield f"  {stops}: {question.id} → {question.role}: {question.text} ({place})"
    for question in feature.answers:
        yield f"  answered: {question.id}: {question.answer} — {question.answered_by}"
    said = [note for note in feature.notes if note.severity == "error" or note.code == HAND_TICKED.code]
    for note in said:
        yield f"  {note.severity}: {note.place}: {note.code}: {note.message}"
    if len(said) < len(feature.notes):
        left = count(len(feature.notes) - len(said), "note")
        yield f"  {left} about the files: `backwright task specs/{feature.name}` lists them"


def _blocked(by: tuple[str, ...]) -> str:
    return f" (blocked by {', '.join(by)})" if by else ""


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
