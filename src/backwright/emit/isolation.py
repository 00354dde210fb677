"""Which operations must run as if alone: rules over relations depend on rows that an operation does not lock."""

from __future__ import annotations

from backwright.expr.typed import Expression, Member, Name, Related
from backwright.expr.walk import is_local, nodes
from backwright.model.types import (
    Create,
    Delete,
    Find,
    Model,
    Operation,
    ReferenceType,
    Rule,
    Select,
    Step,
    Update,
)


def serializable(operation: Operation, model: Model) -> bool:
    """Whether it writes under a rule over relations, or writes rows that such a rule of another one reads.

    Both sides have to be serializable: PostgreSQL only sees a conflict between transactions that are.
    """
    if not writing(operation):
        return False
    if any(not is_local(condition) for condition in conditions(operation, model)):
        return True
    related, reached = depended_on(model)
    return any(
        step.entity in related or (step.entity in reached and not isinstance(step, Create))
        for step in writing(operation)
    )


def writing(operation: Operation) -> list[Create | Update | Delete]:
    """The steps that write."""
    return [step for step in operation.steps if isinstance(step, Create | Update | Delete)]


def conditions(operation: Operation, model: Model) -> list[Expression]:
    """What decides about the operation: its rules, and those of the rows that the body refers to."""
    found = [rule.condition for step in operation.steps if (rule := rule_of(step)) is not None]
    for field in operation.body.fields if operation.body else ():
        if isinstance(field.type, ReferenceType):
            found.append(model.entity(field.type.entity).access["read"].condition)
    return found


def rule_of(step: Step) -> Rule | None:
    """The rule that a step stands under."""
    match step:
        case Find(readable=rule) | Select(readable=rule):
            return rule
        case Create(allowed=rule) | Update(allowed=rule) | Delete(allowed=rule):
            return rule
        case _:
            return None


def depended_on(model: Model) -> tuple[set[str], set[str]]:
    """The entities whose rows rules of writing operations look for, and those that they follow references to.

    A new row is never at the end of a reference that was there before it.
    """
    related: set[str] = set()
    reached: set[str] = set()
    for operation in model.operations:
        for condition in conditions(operation, model) if writing(operation) else ():
            for each in nodes(condition):
                match each:
                    case Related(entity=entity):
                        related.add(entity)
                    case Member(of=of, entity=entity) if not isinstance(of, Name):
                        reached.add(entity)
                    case _:
                        pass
    return related, reached
