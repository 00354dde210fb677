"""Where a write rule is judged: by the statement that found the row, by the values assigned, or in Python."""

from __future__ import annotations

from typing import Literal as OneOf

import msgspec

from backwright.emit.judge import (
    holds,
    is_caller,
    is_now,
    known_from,
    never,
    row_fields,
)
from backwright.emit.names import snake
from backwright.expr.fold import substitute
from backwright.expr.typed import Constant
from backwright.expr.walk import is_local, mentions_caller
from backwright.model.types import Create, Delete, Entity, Find, Model, Operation, Rule, Step, Update

Moment = OneOf["candidate", "before", "after"]
Verb = OneOf["create", "update", "delete"]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, at one moment of one operation, and how it is decided.

    "proven" needs no code and says why in `reason`, "never" always refuses, "judged" calls a function: of
    `rules.py`, or of the repository where the rule reaches over relations.
    """

    step: int
    verb: Verb
    entity: str
    rule: Rule
    moment: Moment
    outcome: OneOf["proven", "never", "judged"]
    reason: str = ""

    @property
    def by_statement(self) -> bool:
        """Whether the rule reaches over relations, so that only the database can judge it."""
        return not is_local(self.rule.condition)

    @property
    def function(self) -> str:
        """The function that judges it: of the entity's repository, or of `rules.py`."""
        verb = f"may_{self.verb}"
        return verb if self.by_statement else f"{verb}_{snake(self.entity)}"


def judgements(operation: Operation, model: Model) -> list[Judgement]:
    """Every rule that a writing step of the operation stands under, in order."""
    found: list[Judgement] = []
    for number, step in enumerate(operation.steps):
        match step:
            case Create(allowed=Rule() as rule):
                found.append(_candidate(number, step, rule, operation, model))
            case Update(allowed=Rule() as rule):
                before = _before(number, step, "update", rule, operation)
                found.append(before)
                if before.outcome != "never":
                    found.append(_after(number, step, rule, before, model))
            case Delete(allowed=Rule() as rule):
                found.append(_before(number, step, "delete", rule, operation))
            case _:
                pass
    return found


def signed_in(operation: Operation) -> bool:
    """Whether the operation is only reached by a signed-in caller."""
    return operation.caller == "required"


def found_by(operation: Operation, binding: str) -> Find | None:
    """The step that found a row."""
    steps = (step for step in operation.steps if isinstance(step, Find) and step.bind == binding)
    return next(steps, None)


def touched(step: Update) -> frozenset[str]:
    """The fields that a change may write."""
    return frozenset((*step.changes, *(assignment.field for assignment in step.values)))


def _candidate(number: int, step: Create, rule: Rule, operation: Operation, model: Model) -> Judgement:
    values = {assignment.field: assignment.value.meaning for assignment in step.values}
    condition = substitute(rule.condition, values)
    reason = ""
    outcome: OneOf["proven", "never", "judged"] = "judged"
    if never(condition, signed_in=signed_in(operation)):
        outcome = "never"
    elif holds(condition, signed_in=signed_in(operation)):
        outcome = "proven"
        reason = _why(rule, step, model.entity(step.entity))
    return Judgement(
        step=number,
        verb="create",
        entity=step.entity,
        rule=rule,
        moment="candidate",
        outcome=outcome,
        reason=reason,
    )


def _why(rule: Rule, step: Create, entity: Entity) -> str:
    needed = row_fields(rule.condition, entity.key)
    said = [
        said_of(assignment.field, assignment.value.meaning)
        for assignment in step.values
        if assignment.field in needed
    ]
    if said:
        return f"holds because {' and '.join(said)}"
    return "holds for everyone who is signed in" if mentions_caller(rule.condition) else "holds for everyone"


def said_of(field: str, value: object) -> str:
    """What is known of an assigned field, in prose."""
    match value:
        case Constant(value=constant):
            return f"{field} is set to {constant!r}"
        case _ if is_caller(value):  # type: ignore[arg-type]
            return f"{field} is set to the caller"
        case _ if is_now(value):  # type: ignore[arg-type]
            return f"{field} is set to now"
        case _:
            return f"of {field}"


def _before(number: int, step: Update | Delete, verb: Verb, rule: Rule, operation: Operation) -> Judgement:
    found = found_by(operation, step.bind)
    known = known_from(found.readable if found else None)
    outcome: OneOf["proven", "never", "judged"] = "judged"
    if never(rule.condition, signed_in=signed_in(operation)):
        outcome = "never"
    elif holds(rule.condition, known=known, signed_in=signed_in(operation)):
        outcome = "proven"
    return Judgement(
        step=number,
        verb=verb,
        entity=step.entity,
        rule=rule,
        moment="before",
        outcome=outcome,
        reason="true of the row found" if outcome == "proven" else "",
    )


def _after(number: int, step: Update, rule: Rule, before: Judgement, model: Model) -> Judgement:
    entity = model.entity(step.entity)
    fields = row_fields(rule.condition, entity.key)
    changing = fields & touched(step)
    always = holds(rule.condition, signed_in=False)
    outcome: OneOf["proven", "never", "judged"] = "judged" if changing and not always else "proven"
    listed = [field.name for field in entity.fields if field.name in fields - {entity.key}]
    stays = (
        f"{' and '.join(listed)} {'does' if len(listed) == 1 else 'do'} not change"
        if listed
        else "it stays so"
    )
    return Judgement(
        step=number,
        verb="update",
        entity=step.entity,
        rule=rule,
        moment="after",
        outcome=outcome,
        reason=stays if outcome == "proven" else "",
    )


def is_public(rule: Rule | None) -> bool:
    """Whether a rule lets everyone pass."""
    return rule is None or holds(rule.condition, signed_in=False)


def step_of(operation: Operation, judgement: Judgement) -> Step:
    """The step that a judgement belongs to."""
    return operation.steps[judgement.step]
