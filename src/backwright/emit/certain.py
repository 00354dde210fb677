"""What is certain about rules before any row is there: those that cannot refuse what a step does."""

from __future__ import annotations

from backwright.expr.fold import fold, substitute
from backwright.expr.typed import TRUE, And, Expression, Linked, Member, Name
from backwright.expr.walk import nodes
from backwright.model.types import (
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Find,
    Operation,
    Rule,
    Update,
    UpdateAll,
    Upsert,
)

Writing = Create | Update | Delete | UpdateAll | DeleteAll | Ensure | Upsert


def may_refuse(step: Writing, operation: Operation) -> bool:
    """Whether a rule of the step can be in the way of a caller who came so far."""
    signed_in = operation.caller == "required"
    match step:
        case Create() | Ensure():
            values = {each.field: each.value.meaning for each in step.values}
            return step.allowed is not None and not _holds(
                substitute(step.allowed.condition, values), None, signed_in
            )
        case Update() | UpdateAll():
            changed = frozenset(each.field for each in step.values)
            changed |= frozenset(step.changes) if isinstance(step, Update) else frozenset()
            known = _found(step, operation) if isinstance(step, Update) else step.readable
            return _refuses(step.allowed, known, signed_in) or _changes(
                step.after or step.allowed, changed, known if step.after is None else None, signed_in
            )
        case Delete():
            return _refuses(step.allowed, _found(step, operation), signed_in)
        case DeleteAll():
            return _refuses(step.allowed, step.readable, signed_in)
        case Upsert():
            rules = (step.created, step.updated, step.after)
            return any(_refuses(rule, None, signed_in) for rule in rules)


def _found(step: Update | Delete, operation: Operation) -> Rule | None:
    """The read rule by which the row was found, which no step before has changed."""
    found = None
    for each in operation.steps:
        if each is step:
            return found
        if isinstance(each, Find) and each.bind == step.bind:
            found = each.readable
        elif getattr(each, "bind", None) == step.bind:
            found = None
    return None


def _refuses(rule: Rule | None, known: Rule | None, signed_in: bool) -> bool:
    return rule is not None and not _holds(rule.condition, known, signed_in)


def _changes(rule: Rule | None, changed: frozenset[str], known: Rule | None, signed_in: bool) -> bool:
    """Whether a rule that held before can fail after these fields are changed."""
    if rule is None or _holds(rule.condition, None, signed_in):
        return False
    return known is None or not _holds(rule.condition, known, signed_in) or bool(_named(rule) & changed)


def _holds(condition: Expression, known: Rule | None, signed_in: bool) -> bool:
    folded = fold(condition, caller_known=signed_in)
    if folded == TRUE:
        return True
    if known is None:
        return False
    given = fold(known.condition, caller_known=signed_in)
    return folded == given or (isinstance(given, And) and folded in given.parts)


def _named(rule: Rule) -> frozenset[str]:
    """The fields of the row itself that a rule names."""
    return frozenset(
        node.field
        for node in nodes(rule.condition)
        if isinstance(node, Member | Linked) and isinstance(node.of, Name) and node.of.root == "this"
    )
