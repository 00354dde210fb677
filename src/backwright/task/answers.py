"""Recording an answer: a decision goes to the event log, a rule into the specification (`spec/answers.yaml`).

Only the role that decides may answer. An expression is parsed before it is written, and taken back when the
specification is worse with it than without.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from backwright.expr.parse import parse
from backwright.project import Project
from backwright.spec.diagnostics import (
    Code,
    Diagnostic,
    Place,
    SpecificationError,
    diagnose,
    register,
    relative_to_project,
)
from backwright.task.clarifications import ROLES
from backwright.task.events import AnswerRecorded, Entry, Role, append
from backwright.task.questions import ACCESS_CODE, Question, entity_of
from backwright.task.roles import DEFAULT, FILE, Roles
from backwright.task.wording import listing

UNKNOWN_QUESTION = register(
    "BW920",
    "There is no such question",
    "Questions are computed from the current state: one whose cause is gone no longer exists.",
)
WRONG_ROLE = register(
    "BW921",
    "This role does not decide the question",
    "Each question belongs to one role: an access rule is not decided by whoever is at hand.",
)
UNUSABLE_ANSWER = register(
    "BW922",
    "The answer cannot become part of the specification",
    "A rule that is no expression, `public`, `none`, or one of these for each verb cannot be checked.",
)
ANSWERED = register(
    "BW923",
    "The question is answered already",
    "A decision that a second answer could replace in silence would be nobody's.",
)
NOT_LEFT_OUT = register(
    "BW924",
    "The answer leaves open whether the requirement is in this delivery",
    "Such an answer takes a requirement out of what is built: it has to be meant.",
)
WRONG_PERSON = register(
    "BW925",
    "This person does not hold the role",
    "The team wrote down who decides; another name would make the record say what nobody agreed on.",
    "backwright answer Q-3f2a91 … --by eve --role security, with people: {security: [sam]}",
)
LEFT_OUT = "not in this delivery"
VERBS = ("create", "read", "update", "delete", "write")


def answer(
    project: Project,
    questions: Iterable[Question],
    question_id: str,
    text: str,
    *,
    by: str,
    role: str,
    decide: Roles = DEFAULT,
    examine: Callable[[Project], Iterable[Diagnostic]] | None = None,
) -> Entry:
    """Records who answered what. Raises SpecificationError (BW920 to BW925) and then changes nothing.

    `examine` says what is wrong with the specification on disk; an answer that adds to it is taken back.
    """
    question = _find(tuple(questions), question_id)
    text = text.strip()
    answering = _decider(question, role, by, decide)
    if not text:
        raise _refused(UNUSABLE_ANSWER, question, "the answer is empty", "Say what was decided.")
    if question.answer is not None:
        message = f"{question.id} was answered by {question.answered_by}: {question.answer}"
        raise _refused(ANSWERED, question, message, "Change the feature folder if the decision has changed.")
    if question.kind == "requirement" and not text.lower().startswith(LEFT_OUT):
        message = f"{text!r} does not say that the requirement is left out"
        mend = (
            f"Begin with “{LEFT_OUT}”, or write a scenario that covers it (specs/<feature>/acceptance.yaml)."
        )
        raise _refused(NOT_LEFT_OUT, question, message, mend)
    if question.form == "expression":
        _write_rule(project, question, text, examine)
    return append(
        project,
        AnswerRecorded(question=question.id, subject=question.subject, text=text, by=by, role=answering),
    )


def _decider(question: Question, role: str, by: str, decide: Roles) -> Role:
    """The role in which somebody answers: the one that was asked, or one that may decide in its place."""
    found = next((known for known in ROLES if known == role and decide.may_decide(role, question.role)), None)
    if found is None:
        deputies = decide.deputies.get(question.role, ())
        raise _refused(
            WRONG_ROLE,
            question,
            f"{question.id} is decided by {listing([question.role, *deputies])}, not by {role}",
            f"Ask the {question.role} and pass `--role {question.role}`.",
        )
    if not decide.holds(by, found):
        message = f"{by} is not among those who hold the role {found}"
        raise _refused(
            WRONG_PERSON, question, message, f"Ask {listing(decide.people[found])}, or change {FILE}."
        )
    return found


def _find(questions: tuple[Question, ...], question_id: str) -> Question:
    for question in questions:
        if question.id.lower() == question_id.strip().lower():
            return question
    known = ", ".join(question.id for question in questions if question.open) or "none"
    problem = diagnose(
        UNKNOWN_QUESTION,
        Place("", 0, 0),
        f"there is no question {question_id} (open: {known})",
        "`backwright check` lists the open questions.",
    )
    raise SpecificationError([problem])


def _refused(code: Code, question: Question, message: str, mend: str) -> SpecificationError:
    return SpecificationError([diagnose(code, question.place, message, mend)])


def _write_rule(
    project: Project,
    question: Question,
    text: str,
    examine: Callable[[Project], Iterable[Diagnostic]] | None,
) -> None:
    """Adds `entities: {X: {access: …}}` to the answers file, keeping what people wrote around it."""
    rule = _rule(project, question, text)
    file = project.answers
    old = file.read_bytes() if file.exists() else None
    before = set(examine(project)) if examine else set()
    document = _document(project, question, old)
    entities = document.setdefault("entities", {})
    entities.setdefault(question.subject, {})["access"] = rule
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_dumped(document))
    added = _added(question, before, examine(project)) if examine else []
    if added:
        if old is None:
            file.unlink()
        else:
            file.write_bytes(old)
        raise SpecificationError(added)


def _added(question: Question, before: set[Diagnostic], after: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What the answer broke. Complaints about other files may come to light with it and are not its own."""
    after = [diagnostic for diagnostic in after if diagnostic.severity == "error"]
    still = [d for d in after if d.code == ACCESS_CODE and entity_of(d) == question.subject]
    return still or [d for d in after if d not in before and d.place.file.endswith("spec/answers.yaml")]


def _document(project: Project, question: Question, old: bytes | None) -> Any:
    if old is None:
        return {}
    try:
        document = _yaml().load(old)
    except YAMLError as error:
        name = relative_to_project(project.answers, project.root)
        message = f"{name} cannot be read: {' '.join(str(error).split())}"
        raise _refused(UNUSABLE_ANSWER, question, message, "Mend the file first.") from error
    return {} if document is None else document


def _dumped(document: Any) -> bytes:
    out = io.BytesIO()
    _yaml().dump(document, out)
    return out.getvalue()


def _yaml() -> YAML:
    yaml = YAML()  # round trip: comments and order stay
    yaml.width = 4096  # an expression stays on one line
    return yaml


def _rule(project: Project, question: Question, text: str) -> str | dict[str, str]:
    """The rule as it is written: one expression for all verbs, or one for each named verb."""
    if not re.match(rf"^(\{{|({'|'.join(VERBS)})\s*:\s)", text):
        _check(project, question, text)
        return text
    try:
        rules = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        message = f"the rules are not YAML: {' '.join(str(error).split())}"
        raise _refused(UNUSABLE_ANSWER, question, message, "Quote each expression.") from error
    for verb, rule in rules.items() if isinstance(rules, dict) else [("", None)]:
        if verb not in VERBS or not isinstance(rule, str):
            message = f"`{verb}` is not a rule for one of {', '.join(VERBS)}"
            raise _refused(UNUSABLE_ANSWER, question, message, 'Write `{read: "…", write: "…"}` with quotes.')
        _check(project, question, rule)
    return dict(rules)


def _check(project: Project, question: Question, source: str) -> None:
    if "\n" in source:
        raise _refused(UNUSABLE_ANSWER, question, "the expression has several lines", "Write it on one line.")
    if source not in {"public", "none"}:
        parse(source, Place(relative_to_project(project.answers, project.root), 1, 1))
