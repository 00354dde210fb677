"""What is certain about rules before any row is there: those that cannot refuse what a step does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from backwright.expr.fold import fold, rebuilt, substitute
from backwright.expr.typed import TRUE, And, Constant, Expression, Linked, Member, Name, Or
from backwright.expr.walk import nodes
from backwright.model.types import (
    Assignment,
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Find,
    Group,
    Operation,
    Require,
    Rule,
    Select,
    SignIn,
    Step,
    Update,
    UpdateAll,
    Upsert,
    VerifyPassword,
)

Writing = Create | Update | Delete | UpdateAll | DeleteAll | Ensure | Upsert


def may_refuse(step: Writing, operation: Operation) -> bool:
    """Whether a rule of the step can be in the way of a caller who came so far."""
    signed_in = operation.caller == "required"
    match step:
        case Create() | Ensure():
            if step.allowed is None:
                return False
            before = takewhile(lambda each: each is not step, operation.steps)
            condition = of_new_row(step.allowed.condition, step.values, rows_made(before))
            return not holds(condition, signed_in=signed_in)
        case Update() | UpdateAll():
            changed = frozenset(each.field for each in step.values)
            changed |= frozenset(step.changes) if isinstance(step, Update) else frozenset()
            known = _found(step, operation)
            after = step.after or step.allowed
            return _refuses(step.allowed, known, signed_in) or _breaks(after, changed, known, signed_in)
        case Delete() | DeleteAll():
            return _refuses(step.allowed, _found(step, operation), signed_in)
        case Upsert():
            return any(_refuses(rule, (), signed_in) for rule in (step.created, step.updated, step.after))


Made = Mapping[tuple[str, str], Constant]


def rows_made(steps: Iterable[Step]) -> Made | None:
    """The constants that steps gave to the rows they made, by binding and field.

    None where one of the steps may have changed rows: then bindings are not known to be as they were.
    """
    made: dict[tuple[str, str], Constant] = {}
    for step in steps:
        if isinstance(step, Create):
            constants = (each for each in step.values if step.each is None and step.when is None)
            made |= {
                (step.bind, each.field): each.value.meaning
                for each in constants
                if isinstance(each.value.meaning, Constant)
            }
        elif not isinstance(step, Find | Select | Require | VerifyPassword | SignIn | Group):
            return None
    return made


def of_new_row(condition: Expression, given: Sequence[Assignment], made: Made | None) -> Expression:
    """A condition about a new row, in terms of what it is given and of what earlier steps gave to other new rows."""
    known = made or {}

    def constant(node: Expression) -> Expression:
        match node:
            case Member(of=Name(root="binding", binding=str(bind)), field=field):
                return known.get((bind, field), node)
            case _:
                return node

    return rebuilt(substitute(condition, {each.field: each.value.meaning for each in given}), constant)


def holds(condition: Expression, known: Iterable[Expression] = (), *, signed_in: bool) -> bool:
    """Whether a condition is certain where these are true."""
    folded = fold(condition, caller_known=signed_in)
    if folded == TRUE:
        return True
    given = [part for each in known for part in _parts(fold(each, caller_known=signed_in))]
    return _follows(folded, given)


def _follows(condition: Expression, given: Sequence[Expression]) -> bool:
    match condition:
        case And(parts=parts):
            return all(_follows(part, given) for part in parts)
        case Or(parts=parts):
            return condition in given or any(_follows(part, given) for part in parts)
        case _:
            return condition in given


def _parts(condition: Expression) -> tuple[Expression, ...]:
    return condition.parts if isinstance(condition, And) else (condition,)


def _found(step: Update | Delete | UpdateAll | DeleteAll, operation: Operation) -> tuple[Expression, ...]:
    """What is true of the rows that the step writes: by which they were found, and no step has changed them."""
    if isinstance(step, UpdateAll | DeleteAll):
        readable = () if step.readable is None else (step.readable.condition,)
        return (*readable, step.where.meaning)
    known: tuple[Expression, ...] = ()
    for each in operation.steps:
        if each is step:
            return known
        if isinstance(each, Find) and each.bind == step.bind:
            readable = () if each.readable is None else (each.readable.condition,)
            known = (*readable, each.where.meaning)
        elif not isinstance(each, Select | Require | VerifyPassword | SignIn | Group):
            known = ()  # it may have written what the conditions are about
    return known


def _refuses(rule: Rule | None, known: Iterable[Expression], signed_in: bool) -> bool:
    return rule is not None and not holds(rule.condition, known, signed_in=signed_in)


def _breaks(rule: Rule | None, changed: frozenset[str], known: Iterable[Expression], signed_in: bool) -> bool:
    """Whether a rule can fail of the row after these fields have changed."""
    if rule is None or holds(rule.condition, signed_in=signed_in):
        return False
    return _refuses(rule, known, signed_in) or bool(_named(rule) & changed)


def _named(rule: Rule) -> frozenset[str]:
    """The fields of the row itself that a rule names."""
    return frozenset(
        node.field
        for node in nodes(rule.condition)
        if isinstance(node, Member | Linked) and isinstance(node.of, Name) and node.of.root == "this"
    )
