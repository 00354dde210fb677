"""Questions to the people who decide, computed from the specification and the feature folders as they are.

A question exists while its cause exists: nothing is stored but that it was asked and what was answered. It is
open until its cause is gone or, where the answer is a decision, until the deciding role has answered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Literal as OneOf

import msgspec

from backwright.project import Project
from backwright.spec.diagnostics import NOWHERE, Diagnostic, Place
from backwright.task import events, features
from backwright.task.cards import Card
from backwright.task.events import AnswerRecorded, Log, QuestionAsked, Role, append
from backwright.task.features import Feature

Kind = OneOf["access", "requirement", "clarification", "scenario", "card"]
AnswerForm = OneOf["expression", "decision"]

ACCESS_CODE = "BW501"
_CARD_QUESTIONS: dict[str, tuple[Role, str]] = {
    "acceptance criteria": ("product-manager", "By which acceptance criteria is {task} judged?"),
    "requirement reference": ("product-manager", "Which requirement does {task} serve?"),
    "dependencies": ("team-lead", "Which tasks does {task} wait for? (`none` is an answer.)"),
    "priority": ("team-lead", "Which priority does {task} have?"),
}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody has to decide.

    `id` is derived from kind and subject, so it stays the same for as long as the question exists. An answer
    of form "expression" becomes part of the specification; a "decision" is recorded in the event log. A
    blocking question stops the build; the others are told and assumed.
    """

    id: str
    kind: Kind
    subject: str
    role: Role
    form: AnswerForm
    text: str
    why: str
    blocking: bool
    place: Place = NOWHERE
    answer: str | None = None
    answered_by: str | None = None

    @property
    def open(self) -> bool:
        """An answered expression question is open for as long as its cause is still in the specification."""
        return self.form == "expression" or self.answer is None


def identity(kind: Kind, subject: str) -> str:
    """The stable id of a question."""
    return "Q-" + hashlib.sha256(f"{kind}:{subject}".encode()).hexdigest()[:6]


def compute(
    diagnostics: Iterable[Diagnostic], specified: Iterable[Feature], log: Log, card: Card | None = None
) -> tuple[Question, ...]:
    """Every question that the current state raises, answered ones included; blocking ones come first."""
    answers = {e.question: e for e in log.events if isinstance(e, AnswerRecorded)}
    specified = tuple(specified)
    raised: dict[str, Question] = {}
    for question in (
        *_about_access(diagnostics),
        *(question for feature in specified for question in _about_feature(feature)),
        *_about_card(card, specified),
    ):
        raised.setdefault(question.id, _answered(question, answers.get(question.id)))
    return tuple(sorted(raised.values(), key=lambda question: not question.blocking))


def current(
    project: Project, diagnostics: Iterable[Diagnostic] = (), card: Card | None = None
) -> tuple[Question, ...]:
    """Every question about a project as it lies on disk. `diagnostics` are what its check found."""
    return compute(diagnostics, features.every(project), events.read(project), card)


def blocking(
    project: Project, diagnostics: Iterable[Diagnostic] = (), card: Card | None = None
) -> tuple[Question, ...]:
    """The questions that stop the build."""
    return tuple(q for q in current(project, diagnostics, card) if q.open and q.blocking)


def ask(project: Project, questions: Iterable[Question], log: Log) -> tuple[Question, ...]:
    """Records the open questions that were not asked before, and returns them."""
    asked = {event.question for event in log.events if isinstance(event, QuestionAsked)}
    new = tuple(question for question in questions if question.open and question.id not in asked)
    for question in new:
        append(
            project,
            QuestionAsked(
                question=question.id,
                subject=question.subject,
                role=question.role,
                text=question.text,
                blocking=question.blocking,
            ),
        )
    return new


def _answered(question: Question, answer: AnswerRecorded | None) -> Question:
    if answer is None:
        return question
    return msgspec.structs.replace(question, answer=answer.text, answered_by=f"{answer.by} ({answer.role})")


def _about_access(diagnostics: Iterable[Diagnostic]) -> Iterator[Question]:
    for diagnostic in diagnostics:
        if diagnostic.code == ACCESS_CODE:
            entity = entity_of(diagnostic)
            yield _question(
                "access",
                entity,
                "security",
                f"Who may create, read, update and delete rows of {entity}?",
                why=diagnostic.why,
                place=diagnostic.place,
                form="expression",
            )


def entity_of(diagnostic: Diagnostic) -> str:
    """The entity that a diagnostic about access names."""
    name = r"[`'\"]?([A-Za-z][A-Za-z0-9_]*)\b"
    named = re.search(rf"\bentity {name}", diagnostic.message, re.IGNORECASE)
    named = named or re.match(r"[`'\"]?([A-Z][A-Za-z0-9_]*)\b", diagnostic.message)
    named = named or re.search(r"[`'\"]([A-Za-z][A-Za-z0-9_]*)[`'\"]", diagnostic.message)
    return named[1] if named else diagnostic.message


def _about_feature(feature: Feature) -> Iterator[Question]:
    for requirement in feature.requirements:
        if not feature.covering(requirement.id):
            yield _question(
                "requirement",
                f"{feature.name}/{requirement.id}",
                "product-manager",
                f"{requirement.id} of {feature.name} has no acceptance scenario: “{requirement.text}”. "
                "Write a scenario that shows it, or answer “not in this delivery” with the reason.",
                why="A requirement that nothing checks cannot be reported as done.",
                place=requirement.place,
            )
    for unclear in feature.clarifications:
        yield _question(
            "clarification",
            f"{feature.name}/{' '.join(unclear.text.lower().split())}",
            "product-manager",
            f"{feature.name} leaves this open: {unclear.text or 'a marked place'}",
            why="Building on a guess is an architectural decision made in silence.",
            place=unclear.place,
        )
    for line in feature.written:
        if not line.scenario:
            yield _question(
                "scenario",
                f"{feature.name}/{' '.join(line.text.lower().split())}",
                "product-manager",
                f"This line of {feature.name} has no executable scenario: “{line.text}”",
                why="A line that is not executed is reported as not done.",
                place=line.place,
                blocking=False,
            )


def _about_card(card: Card | None, specified: tuple[Feature, ...]) -> Iterator[Question]:
    """What the card does not say. Without criteria and scenarios nothing can be judged: that blocks."""
    judged = any(feature.scenarios for feature in specified)
    for field in card.missing if card else ():
        if card and field in _CARD_QUESTIONS:
            role, text = _CARD_QUESTIONS[field]
            yield _question(
                "card",
                f"{card.id}/{field}",
                role,
                text.format(task=card.id),
                why=f"The card of {card.id} does not say it.",
                place=Place(card.file, 1, 1),
                blocking=field == "acceptance criteria" and not judged,
            )


def _question(
    kind: Kind,
    subject: str,
    role: Role,
    text: str,
    *,
    why: str,
    place: Place,
    form: AnswerForm = "decision",
    blocking: bool = True,
) -> Question:
    return Question(
        id=identity(kind, subject),
        kind=kind,
        subject=subject,
        role=role,
        form=form,
        text=text,
        why=why,
        blocking=blocking,
        place=place,
    )
