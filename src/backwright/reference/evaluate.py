"""The value of a typed expression. Semantics 6 (null), 7 (numbers) and 8 (text) of LANGUAGE.md are here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, assert_never
from uuid import UUID

import msgspec

from backwright.expr.typed import (
    And,
    Arithmetic,
    Compare,
    Comparison,
    Conditional,
    Constant,
    Expression,
    Filtered,
    In,
    Input,
    Member,
    Name,
    Not,
    Operator,
    Or,
    Quantified,
    Related,
    Size,
    Type,
)

Row = dict[str, Any]
"""A stored row: field name to value. References are the key (UUID) of the row that they point to."""

LEAST, GREATEST = -(2**63), 2**63 - 1


class Overflow(ArithmeticError):
    """An integer left 64 bits: the operation fails."""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What names mean. `rows` and `keys` (the key field of each entity) resolve references.

    `variables` are the rows that the macros around the expression look at.

    `params` and `body` hold only what is present. `rows` is the state before the write, so that a row cannot
    vouch for its own insertion.
    """

    now: datetime
    keys: Mapping[str, str]
    rows: Mapping[str, Sequence[Row]]
    this: Row | None = None
    caller: Row | None = None
    params: Mapping[str, Any] = {}
    body: Mapping[str, Any] = {}
    bindings: Mapping[str, Any] = {}
    variables: Mapping[str, Row] = {}


def evaluate(expression: Expression, environment: Environment) -> Any:
    """The value of an expression. A row of an entity is its key. Raises Overflow."""
    match expression:
        case Constant(value=value):
            return constant(value, expression.type)
        case Name(root="now"):
            return environment.now
        case Name():
            value = named(expression, environment)
            return value[environment.keys[expression.type.entity or ""]] if isinstance(value, dict) else value
        case Input(source="params", name=name):
            return environment.params.get(name)
        case Input(name=name):
            return environment.body.get(name)
        case Member(field=field):
            row = row_of(expression.of, environment)
            return None if row is None else row[field]
        case Compare(op=op):
            return compare(
                op, evaluate(expression.left, environment), evaluate(expression.right, environment)
            )
        case And(parts=parts):
            return all(holds(part, environment) for part in parts)
        case Or(parts=parts):
            return any(holds(part, environment) for part in parts)
        case Not(of=of):
            return not holds(of, environment)
        case In(options=options):
            item = evaluate(expression.item, environment)
            return any(item == evaluate(option, environment) for option in options)
        case Arithmetic(op=op):
            return calculate(
                op, evaluate(expression.left, environment), evaluate(expression.right, environment)
            )
        case Conditional():
            branch = expression.then if holds(expression.when, environment) else expression.otherwise
            return evaluate(branch, environment)
        case Size(of=of) if of.type.kind == "rows":
            return len(rows_of(of, environment))
        case Size(of=of):
            text = evaluate(of, environment)
            return None if text is None else len(text)
        case Quantified(quantifier=quantifier, variable=variable, condition=condition):
            answers = [
                holds(condition, looking_at(variable, row, environment))
                for row in rows_of(expression.of, environment)
            ]
            return any(answers) if quantifier == "exists" else all(answers)
        case Related() | Filtered():
            return rows_of(expression, environment)
        case _:
            assert_never(expression)


def rows_of(expression: Expression, environment: Environment) -> list[Row]:
    """The rows that an expression of kind "rows" stands for. No rule hides any of them."""
    match expression:
        case Related(of=of, entity=entity, field=field):
            key = evaluate(of, environment)
            return [row for row in environment.rows[entity] if key is not None and row[field] == key]
        case Filtered(of=of, variable=variable, condition=condition):
            rows = rows_of(of, environment)
            return [row for row in rows if holds(condition, looking_at(variable, row, environment))]
        case _:
            raise TypeError(f"not a set of rows: {type(expression).__name__}")


def looking_at(variable: str, row: Row, environment: Environment) -> Environment:
    """The same names, and the variable of a macro."""
    return msgspec.structs.replace(environment, variables={**environment.variables, variable: row})


def holds(expression: Expression, environment: Environment) -> bool:
    """Whether a condition is true; null is not."""
    return evaluate(expression, environment) is True


def constant(value: Any, type: Type) -> Any:
    """A literal: dates, times and UUIDs are written as text in expressions."""
    if not isinstance(value, str):
        return value
    if type.kind == "date":
        return date.fromisoformat(value)
    if type.kind == "timestamp":
        return datetime.fromisoformat(value)
    return UUID(value) if type.kind == "uuid" else value


def named(name: Name, environment: Environment) -> Any:
    """What a name stands for: a row for entities."""
    match name.root:
        case "this":
            return environment.this
        case "caller":
            return environment.caller
        case "now":
            return environment.now
        case "binding":
            return environment.bindings[name.binding or ""]
        case "variable":
            return environment.variables[name.binding or ""]


def row_of(expression: Expression, environment: Environment) -> Row | None:
    """The row that an entity expression stands for; None for null."""
    if isinstance(expression, Name):
        row = named(expression, environment)
        assert row is None or isinstance(row, dict)
        return row
    entity = expression.type.entity or ""
    key = evaluate(expression, environment)
    rows = environment.rows[entity]
    return next((row for row in rows if row[environment.keys[entity]] == key), None)


def compare(op: Comparison, left: Any, right: Any) -> bool:
    """Two-valued: null equals null only, and every ordering against null is false."""
    if op == "==":
        return bool(left == right)
    if op == "!=":
        return bool(left != right)
    if left is None or right is None:
        return False
    match op:
        case "<":
            return bool(left < right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
        case ">=":
            return bool(left >= right)


def calculate(op: Operator, left: int | None, right: int | None) -> int | None:
    """Integers of 64 bits. Null with anything is null, and so is division by zero."""
    if left is None or right is None or (op in {"/", "%"} and right == 0):
        return None
    match op:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case "/":
            result = truncated(left, right)
        case "%":
            result = left - right * truncated(left, right)
    if not LEAST <= result <= GREATEST:
        raise Overflow(f"{left} {op} {right}")
    return result


def truncated(left: int, right: int) -> int:
    """The quotient rounded toward zero."""
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def parameters(expression: Expression) -> frozenset[str]:
    """The request parameters that an expression mentions."""
    match expression:
        case Input(source="params", name=name):
            return frozenset({name})
        case Constant() | Name() | Input():
            return frozenset()
        case Member(of=of) | Not(of=of) | Size(of=of) | Related(of=of):
            return parameters(of)
        case Filtered(of=of, condition=condition) | Quantified(of=of, condition=condition):
            return parameters(of) | parameters(condition)
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return parameters(left) | parameters(right)
        case And(parts=parts) | Or(parts=parts):
            return frozenset[str]().union(*map(parameters, parts))
        case In(item=item, options=options):
            return parameters(item).union(*map(parameters, options))
        case Conditional(when=when, then=then, otherwise=otherwise):
            return parameters(when) | parameters(then) | parameters(otherwise)
        case _:
            assert_never(expression)
