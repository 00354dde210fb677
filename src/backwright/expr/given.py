"""What is known to be true where a value is asked for, and so not asked again.

For SQL alone. The read rules of a model put the same condition in many places: a statement finds the invoices that the
caller may read, and what it shows of each of them through its tenant asks again whether the caller may read the tenant,
which is what the rule of invoices says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from backwright.expr.once import alike
from backwright.expr.shape import Shape
from backwright.expr.typed import (
    TRUE,
    And,
    Conditional,
    Expression,
    Filtered,
    Mapped,
    Name,
    Quantified,
)
from backwright.expr.walk import with_parts

Facts = frozenset[Shape]
NONE: Facts = frozenset()


def given(node: Expression, facts: Facts = NONE) -> Expression:
    """The same value, where the facts are true: neither they nor what follows from them is asked.

    What is asked of rows knows the conditions that these rows satisfy, and a branch the condition that leads to it.
    """
    if facts and node.type.kind == "boolean" and alike(node) in facts:
        return TRUE
    match node:
        case Conditional(when=when, then=then, otherwise=otherwise):
            return msgspec.structs.replace(
                node,
                when=given(when, facts),
                then=given(then, facts | facts_of([when])),
                otherwise=given(otherwise, facts),
            )
        case Filtered(of=of, condition=inside) | Quantified(of=of, condition=inside):
            return msgspec.structs.replace(
                node, of=given(of, facts), condition=given(inside, _of_rows(of, node.variable, facts))
            )
        case Mapped(of=of, value=inside):
            return msgspec.structs.replace(
                node, of=given(of, facts), value=given(inside, _of_rows(of, node.variable, facts))
            )
        case _:
            return with_parts(node, lambda part: given(part, facts))


def facts_of(conditions: Iterable[Expression]) -> Facts:
    """The parts of conditions that are true."""
    return frozenset(alike(part) for each in conditions for part in _parts(each))


def facts_of_rows(rows: Expression, row: Name) -> Iterator[Expression]:
    """The conditions that each of the rows satisfies, about `row`."""
    while isinstance(rows, Filtered):
        if rows.variable == row.binding or not _mentions(alike(rows.condition), row.binding or ""):
            yield _about(rows.condition, rows.variable, row)
        rows = rows.of


def _of_rows(rows: Expression, variable: str, facts: Facts) -> Facts:
    """What is known of a row that a variable looks at, and of everything else."""
    row = Name(type=rows.type, root="variable", binding=variable)
    other = frozenset(each for each in facts if not _mentions(each, variable))
    return other | facts_of(facts_of_rows(rows, row))


def _parts(condition: Expression) -> tuple[Expression, ...]:
    if not isinstance(condition, And):
        return (condition,)
    return tuple(part for each in condition.parts for part in _parts(each))


def _about(node: Expression, variable: str, row: Name) -> Expression:
    """What is said of a variable, said of the row. Variables of its own that are called so are others."""
    match node:
        case Name(root="variable", binding=name) if name == variable:
            return row
        case Filtered(variable=own) | Quantified(variable=own) | Mapped(variable=own) if own == variable:
            return node
        case _:
            return with_parts(node, lambda part: _about(part, variable, row))


def _mentions(of: Shape, variable: str) -> bool:
    return of == ("name", "variable", variable) or any(
        isinstance(each, tuple) and _mentions(each, variable) for each in of
    )
