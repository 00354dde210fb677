"""Which conditions a change cannot break: each number that it changes only moves to the side where they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backwright.expr.typed import And, Arithmetic, Compare, Constant, Expression, Input, Member, Name, Or
from backwright.expr.walk import nodes
from backwright.model.types import Assignment, Operation, ScalarType

UP, STAYS, DOWN = 1, 0, -1


def still_holds(condition: Expression, values: Sequence[Assignment], operation: Operation) -> bool:
    """Whether a condition that a row satisfies is satisfied when these fields have changed.

    Only plain comparisons are looked at, whose sides are fields or constants: to compute anything else may fail.
    """
    moves = {each.field: _move(each, operation) for each in values}
    return _holds(condition, moves)


def _move(assignment: Assignment, operation: Operation) -> int | None:
    """Whereto a field goes that gets more, or less, by what is never negative; None where that is not known."""
    match assignment.value.meaning:
        case Arithmetic(op="+" | "-" as op, left=Member(of=Name(root="this"), field=field), right=by) if (
            field == assignment.field and _is_never_negative(by, operation)
        ):
            return UP if op == "+" else DOWN
        case _:
            return None


def _is_never_negative(value: Expression, operation: Operation) -> bool:
    match value:
        case Constant(value=int(number)) if not isinstance(number, bool):
            return number >= 0
        case Input(source="body", name=name) if operation.body is not None and not operation.body.partial:
            members = [each for each in operation.body.fields if each.name == name]
            return any(
                each.required
                and not each.nullable
                and isinstance(each.type, ScalarType)
                and each.type.scalar == "integer"
                and each.type.min is not None
                and each.type.min >= 0
                for each in members
            )
        case _:
            return False


def _holds(condition: Expression, moves: Mapping[str, int | None]) -> bool:
    match condition:
        case And(parts=parts) | Or(parts=parts):
            return all(_holds(part, moves) for part in parts)
        case Compare(op="<" | "<=" | ">" | ">=" as op, left=left, right=right):
            larger, smaller = (left, right) if op in (">", ">=") else (right, left)
            return _goes(larger, moves) in (STAYS, UP) and _goes(smaller, moves) in (STAYS, DOWN)
        case _:
            return _goes(condition, moves) == STAYS


def _goes(side: Expression, moves: Mapping[str, int | None]) -> int | None:
    """Whereto a side of a comparison goes; None where that is not known."""
    match side:
        case Member(of=Name(root="this"), field=field):
            return moves.get(field, STAYS)
        case _:
            named = {node.field for node in nodes(side) if isinstance(node, Member)}
            return None if named & moves.keys() else STAYS
