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
from backwright.task import events, features, roles, stack
from backwright.task.cards import Card
from backwright.task.events import AnswerRecorded, Log, QuestionAsked, Role, append
from backwright.task.features import Clarification, Feature
from backwright.task.roles import Roles

Kind = OneOf["access", "requirement", "clarification", "stack", "scenario", "card"]
AnswerForm = OneOf["expression", "decision"]

ACCESS_CODE = "BW501"
_CARD_QUESTIONS: dict[str, str] = {
    "acceptance criteria": "By which acceptance criteria is {task} judged?",
    "requirement reference": "Which requirement does {task} serve?",
    "dependencies": "Which tasks does {task} wait for? (`none` is an answer.)",
    "priority": "Which priority does {task} have?",
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


def identity(kind: Kind, subject: str, length: int = 6) -> str:
    """The stable id of a question."""
    return "Q-" + hashlib.sha256(f"{kind}:{subject}".encode()).hexdigest()[:length]


def compute(
    diagnostics: Iterable[Diagnostic],
    specified: Iterable[Feature],
    log: Log,
    card: Card | None = None,
    decide: Roles = roles.DEFAULT,
) -> tuple[Question, ...]:
    """Every question that the current state raises, answered ones included; blocking ones come first."""
    answers = {(e.question, e.subject): e for e in log.events if isinstance(e, AnswerRecorded)}
    specified = tuple(specified)
    raised: dict[str, Question] = {}
    for question in (
        *_about_access(diagnostics, decide),
        *(question for feature in specified for question in _about_feature(feature, decide)),
        *_about_card(card, specified, decide),
    ):
        told = _told_apart(question, raised)
        raised.setdefault(told.id, _answered(told, answers.get((told.id, told.subject))))
    return tuple(sorted(raised.values(), key=lambda question: not question.blocking))


def _told_apart(question: Question, raised: dict[str, Question]) -> Question:
    """The question with an id that no other one has: nobody can word one so that it hides another."""
    length = 6
    while other := raised.get(question.id):
        if (other.kind, other.subject) == (question.kind, question.subject):
            break
        length += 6
        longer = identity(question.kind, question.subject, length)
        question = msgspec.structs.replace(question, id=longer)
    return question


def current(
    project: Project, diagnostics: Iterable[Diagnostic] = (), card: Card | None = None
) -> tuple[Question, ...]:
    """Every question about a project as it lies on disk. `diagnostics` are what its check found.

    Raises SpecificationError where the file that says who decides cannot be used.
    """
    found = features.every(project)
    return compute(diagnostics, found, events.read(project), card, roles.read(project))


def blocking(
    project: Project, diagnostics: Iterable[Diagnostic] = (), card: Card | None = None
) -> tuple[Question, ...]:
    """The questions that stop the build. Raises SpecificationError as `current` does."""
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


def _about_access(diagnostics: Iterable[Diagnostic], decide: Roles) -> Iterator[Question]:
    for diagnostic in diagnostics:
        if diagnostic.code == ACCESS_CODE:
            entity = entity_of(diagnostic)
            yield _question(
                "access",
                entity,
                decide.decides["access"],
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


def _about_feature(feature: Feature, decide: Roles) -> Iterator[Question]:
    for requirement in feature.requirements:
        if not feature.covering(requirement):
            yield _question(
                "requirement",
                feature.subject(requirement),
                decide.decides["requirement"],
                f"{requirement.id} of {feature.name} has no acceptance scenario: “{requirement.text}”. "
                "Write a scenario that shows it, or answer “not in this delivery” with the reason.",
                why="A requirement that nothing checks cannot be reported as done.",
                place=requirement.place,
                blocking="requirement" not in decide.defers,
            )
    for unclear in feature.clarifications:
        yield _question(
            "clarification",
            clarification_subject(feature, unclear),
            decide.clarifies(unclear),
            f"{_where(feature, unclear)} leaves this open: {unclear.text}",
            why="Building on a guess is an architectural decision made in silence.",
            place=unclear.place,
            blocking="clarification" not in decide.defers,
        )
    for found in stack.foreign(feature.stated):
        line_of_plan = f"{found.stated.name}: {found.stated.value}"
        yield _question(
            "stack",
            f"{feature.name}/plan.md/{_normal(line_of_plan)}",
            decide.decides["stack"],
            f"plan.md of {feature.name} says “{line_of_plan}”, and nothing is built on {found.name} here: "
            f"what is built is {stack.BUILT_ON}. Change the plan, or say what is built here all the same.",
            why="Another stack in the place of the one that was planned is an architectural decision made in silence.",
            place=found.stated.place,
            blocking="stack" not in decide.defers,
        )
    for line in feature.written:
        if not line.scenario:
            yield _question(
                "scenario",
                f"{feature.name}/{_normal(line.text)}",
                decide.decides["scenario"],
                f"This line of {feature.name} has no executable scenario: “{line.text}”",
                why="A line that is not executed is reported as not done.",
                place=line.place,
                blocking="scenario" not in decide.defers,
            )


def clarification_subject(feature: Feature, unclear: Clarification) -> str:
    """What an answer is filed under: the words of the mark, and what it is about where several say the same."""
    words = _normal(unclear.text)
    where = [
        (other.file, other.story, other.about)
        for other in feature.clarifications
        if _normal(other.text) == words
    ]
    place = f"/{unclear.file}:{unclear.story}:{unclear.about}" if len(set(where)) > 1 else ""
    return f"{feature.name}/{words}{place}"


def _normal(text: str) -> str:
    return " ".join(text.lower().split())


def _where(feature: Feature, unclear: Clarification) -> str:
    file = "" if unclear.file == "spec.md" else f" in {unclear.file}"
    return f"{unclear.about} of {feature.name}{file}" if unclear.about else f"{feature.name}{file}"


def _about_card(card: Card | None, specified: tuple[Feature, ...], decide: Roles) -> Iterator[Question]:
    """What the card does not say. Without criteria and scenarios nothing can be judged: that blocks."""
    judged = any(feature.scenarios for feature in specified) or "acceptance criteria" in decide.defers
    for field in card.missing if card else ():
        if card and field in _CARD_QUESTIONS:
            yield _question(
                "card",
                f"{card.id}/{field}",
                decide.decides[field],
                _CARD_QUESTIONS[field].format(task=card.id),
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
