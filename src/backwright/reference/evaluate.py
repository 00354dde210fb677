"""The value of a typed expression. Semantics 6 (null), 7 (numbers) and 8 (text) of LANGUAGE.md are here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, assert_never
from uuid import UUID

import msgspec

from backwright.expr.typed import (
    Aggregate,
    And,
    Arithmetic,
    Compare,
    Comparison,
    Conditional,
    Constant,
    Convert,
    Distinct,
    Expression,
    Filtered,
    Flattened,
    In,
    Input,
    Linked,
    ListOf,
    Mapped,
    Member,
    Name,
    Not,
    Or,
    Part,
    Quantified,
    Related,
    Rows,
    Size,
    Sorted,
    Text,
    Type,
    Within,
)
from backwright.reference.numbers import GREATEST, LEAST, Overflow, aggregate, calculate
from backwright.reference.texts import convert, text

__all__ = ["GREATEST", "LEAST", "Environment", "Overflow", "Page", "Row", "evaluate", "holds", "parameters"]

Row = dict[str, Any]
"""A stored row: field name to value. References are the key of the row that they point to, lists are lists."""


class Page(msgspec.Struct, frozen=True):
    """Rows of one page, the cursor of the next (None: this is the last), and how many there are in all."""

    rows: list[Row]
    next: str | None = None
    total: int = 0


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What names mean. `rows` and `keys` (the key fields of each entity) resolve references.

    `variables` are what the macros around the expression look at: rows, or elements of lists. `group` are the
    rows of one group.

    `params` and `body` hold only what is present. `rows` is the state before the write, so that a row cannot
    vouch for its own insertion.
    """

    now: datetime
    keys: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, Sequence[Row]]
    this: Row | None = None
    caller: Row | None = None
    params: Mapping[str, Any] = {}
    body: Mapping[str, Any] = {}
    session: Mapping[str, Any] = {}
    bindings: Mapping[str, Any] = {}
    variables: Mapping[str, Any] = {}
    group: Sequence[Row] = ()

    def key_of(self, row: Row, entity: str) -> Any:
        """The key of a row: one value, or all of them where there are several."""
        found = tuple(row[name] for name in self.keys[entity])
        return found if len(found) > 1 else found[0]


def evaluate(expression: Expression, environment: Environment) -> Any:
    """The value of an expression. A row of an entity is its key, rows are a list of rows. Raises Overflow."""
    match expression:  # what is most frequent comes first: a run asks this millions of times
        case Compare(op=op, left=left, right=right):
            return compare(op, evaluate(left, environment), evaluate(right, environment))
        case Member(field=field):
            row = row_of(expression.of, environment)
            return None if row is None else row[field]
        case Name():
            value = named(expression, environment)
            entity = expression.type.entity
            single = expression.type.kind == "entity" and isinstance(value, dict)
            return environment.key_of(value, entity or "") if single else value
        case Input(source=source, name=name):
            return getattr(environment, source).get(name)
        case Constant(value=value):
            return constant(value, expression.type)
        case Rows() | Related() | Linked() | Filtered():
            return elements(expression, environment)
        case Quantified() | Mapped() | Aggregate() | Distinct() | Sorted() | Flattened() | ListOf():
            return of_list(expression, environment)
        case Part(of=of, name=name):
            record = evaluate(of, environment)
            return None if record is None else record.get(name)
        case And(parts=parts):
            return all(holds(part, environment) for part in parts)
        case Or(parts=parts):
            return any(holds(part, environment) for part in parts)
        case Not(of=of):
            return not holds(of, environment)
        case In(item=item, options=options):
            value = evaluate(item, environment)
            return any(value == evaluate(option, environment) for option in options)
        case Within(item=item, of=of):
            value = evaluate(item, environment)
            return any(value == plain(each, of, environment) for each in elements(of, environment))
        case Arithmetic(op=op, left=left, right=right):
            return calculate(op, evaluate(left, environment), evaluate(right, environment), expression.type)
        case Conditional(when=when, then=then, otherwise=otherwise):
            return evaluate(then if holds(when, environment) else otherwise, environment)
        case Size(of=of):
            value = evaluate(of, environment)
            return None if value is None else len(value)
        case Text(function=function, arguments=arguments):
            return text(function, [evaluate(each, environment) for each in arguments])
        case Convert(to=to, of=of):
            return convert(to, evaluate(of, environment))
        case _:
            assert_never(expression)


def of_list(
    expression: Quantified | Mapped | Aggregate | Distinct | Sorted | Flattened | ListOf,
    environment: Environment,
) -> Any:
    """What is asked of a list, or made of one."""
    match expression:
        case Quantified(quantifier=quantifier, of=of, variable=variable, condition=condition):
            answers = [
                holds(condition, looking_at(variable, each, environment))
                for each in elements(of, environment)
            ]
            return any(answers) if quantifier == "exists" else all(answers)
        case Mapped(of=of, variable=variable, value=value):
            return [
                evaluate(value, looking_at(variable, each, environment)) for each in elements(of, environment)
            ]
        case Aggregate(function=function, of=of):
            return aggregate(function, elements(of, environment), expression.type)
        case Distinct(of=of):
            return list(dict.fromkeys(elements(of, environment)))
        case Sorted(of=of):
            return sorted(elements(of, environment), key=lambda value: (value is not None, value))
        case Flattened(of=of):
            return [each for inner in elements(of, environment) for each in unrolled(inner, of, environment)]
        case ListOf(items=items):
            return [evaluate(item, environment) for item in items]
        case _:
            assert_never(expression)


def unrolled(inner: Any, of: Expression, environment: Environment) -> Iterator[Any]:
    """The elements of a list in a list; rows as their keys."""
    element = of.type.element
    for each in inner or ():
        if isinstance(each, dict) and element is not None and element.kind == "rows":
            yield environment.key_of(each, element.entity or "")
        else:
            yield each


def elements(expression: Expression, environment: Environment) -> list[Any]:
    """Rows, or the elements of a list; null has none."""
    match expression:
        case Rows(entity=entity):
            return list(environment.rows[entity])
        case Related(of=of, entity=entity, field=field):
            key = evaluate(of, environment)
            return [row for row in environment.rows[entity] if key is not None and refers(row[field], key)]
        case Linked(of=of, field=field):
            holder = row_of(of, environment)
            return listed_rows(holder[field] if holder is not None else [], expression.type, environment)
        case Filtered(of=of, variable=variable, condition=condition):
            return [
                each
                for each in elements(of, environment)
                if holds(condition, looking_at(variable, each, environment))
            ]
        case _:
            found = evaluate(expression, environment)
            found = found.rows if isinstance(found, Page) else found
            return [] if found is None else list(found)


def refers(value: Any, key: Any) -> bool:
    """Whether a reference is the key, or a many-to-many field lists it."""
    return key in value if isinstance(value, list) else bool(value == key)


def listed_rows(keys: Sequence[Any], kind: Type, environment: Environment) -> list[Row]:
    """The rows of some keys; those that are gone are none."""
    entity = kind.entity or ""
    by_key = {environment.key_of(row, entity): row for row in environment.rows[entity]}
    return [by_key[key] for key in keys if key in by_key]


def plain(each: Any, of: Expression, environment: Environment) -> Any:
    """An element as a value: a row as its key."""
    if not isinstance(each, dict):
        return each
    element = of.type.element
    entity = of.type.entity or (element.entity if element is not None else None)
    return environment.key_of(each, entity) if entity else each


def looking_at(variable: str, each: Any, environment: Environment) -> Environment:
    """The same names, and the variable of a macro."""
    return msgspec.structs.replace(environment, variables={**environment.variables, variable: each})


def holds(expression: Expression, environment: Environment) -> bool:
    """Whether a condition is true; null is not."""
    return evaluate(expression, environment) is True


def constant(value: Any, type: Type) -> Any:
    """A literal: decimals, dates, times and UUIDs are written as text in expressions."""
    match type.kind:
        case "duration" if isinstance(value, int):
            return timedelta(microseconds=value)
        case "decimal" if value is not None:
            return Decimal(str(value))
        case "date" if isinstance(value, str):
            return date.fromisoformat(value)
        case "timestamp" if isinstance(value, str):
            return datetime.fromisoformat(value)
        case "uuid" if isinstance(value, str):
            return UUID(value)
        case _:
            return value


def named(name: Name, environment: Environment) -> Any:
    """What a name stands for: a row for entities."""
    bound = environment.bindings.get(name.binding or "")
    match name.root:
        case "this":
            return environment.this
        case "caller":
            return environment.caller
        case "now":
            return environment.now
        case "group":
            return list(environment.group)
        case "total":
            return bound.total if isinstance(bound, Page) else 0
        case "next":
            return bound.next if isinstance(bound, Page) else None
        case "binding":
            return bound.rows if isinstance(bound, Page) else bound
        case "variable":
            return environment.variables[name.binding or ""]


def row_of(expression: Expression, environment: Environment) -> Row | None:
    """The row that an entity expression stands for; None for null, and for a row that is gone."""
    if isinstance(expression, Name):
        row = named(expression, environment)
        if row is None or isinstance(row, dict):
            return row
    entity = expression.type.entity or ""
    key = evaluate(expression, environment)
    rows = environment.rows[entity]
    return next((row for row in rows if environment.key_of(row, entity) == key), None)


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


def parameters(expression: Expression) -> frozenset[str]:
    """The request parameters that an expression mentions."""
    if isinstance(expression, Input):
        return frozenset({expression.name}) if expression.source == "params" else frozenset()
    found: set[str] = set()
    for name in expression.__struct_fields__:
        value = getattr(expression, name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, msgspec.Struct) and not isinstance(part, Type):
                found |= parameters(part)  # type: ignore[arg-type]
    return frozenset(found)
