"""Task cards, questions and answers, and where the work stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from backwright.model.build import examine
from backwright.project import Project
from backwright.spec import read as read_specification
from backwright.spec.diagnostics import Diagnostic
from backwright.task import acknowledge, answers, cards, events, features, questions, roles
from backwright.task.evidence import Expected
from backwright.task.questions import Question
from backwright.verify import runner
from backwright.verify.gates import GATES, NAMED

EXPECTED = tuple(
    Expected(gate.NAME, gate.TITLE, database, named=gate in NAMED)
    for gate in (*GATES, *NAMED)
    for database in (runner.DATABASES.values() if gate.DATABASE else (None,))
)
"""Every run that a delivery needs: each gate, on each database that it is for; those, too, that have to be named."""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a task card or feature folder, and the questions that stop its build."""

    acknowledgement: acknowledge.Acknowledgement
    blocking: tuple[Question, ...]


def receive(project: Project, path: Path) -> Received:
    """Read a task card, put its questions to those who decide, and answer it. Raises SpecificationError.

    A feature folder is a task of its own: then only what it asks for is acknowledged, and what it leaves open is asked.
    """
    decide = roles.read(project)
    if path.is_dir():
        folders: tuple[features.Feature, ...] = (features.one(project, path),)
        card = cards.of_feature(folders[0])
    else:
        folders = features.every(project)
        card = cards.read(path, project)
    model, diagnostics = examine(read_specification(project))
    events.append(
        project, events.TaskReceived(task=card.id, name=card.name, file=card.file, sha256=card.sha256)
    )
    asked = questions.compute(diagnostics, folders, events.read(project), card, decide)
    questions.ask(project, asked, events.read(project))
    answered = acknowledge.acknowledge(card, model, folders, asked, events.read(project))
    events.append(project, events.TaskAcknowledged(task=card.id))
    return Received(acknowledgement=answered, blocking=tuple(q for q in asked if q.open and q.blocking))


def current_questions(project: Project) -> tuple[Question, ...]:
    """Every question that the files raise as they are now; the card is the one that was received last."""
    log = events.read(project)
    _, diagnostics = examine(read_specification(project))
    card = received_card(project, log)
    return questions.compute(diagnostics, features.every(project), log, card, roles.read(project))


def answer(project: Project, question: str, text: str, *, by: str, role: str) -> None:
    """Record an answer. Raises SpecificationError when the question is not open or another role decides it."""

    def examined(project: Project) -> Sequence[Diagnostic]:
        return examine(read_specification(project))[1]

    answers.answer(
        project,
        current_questions(project),
        question,
        text,
        by=by,
        role=role,
        decide=roles.read(project),
        examine=examined,
    )


def received_card(project: Project, log: events.Log) -> cards.Card | None:
    """The card or feature folder that was received last, as it is now."""
    received = [e for e in log.events if isinstance(e, events.TaskReceived)]
    path = project.root / received[-1].file if received else None
    if path and path.is_dir():
        named = [feature for feature in features.every(project) if feature.folder == received[-1].file]
        return cards.of_feature(named[0]) if named else None
    return cards.read(path, project) if path and path.is_file() else None
