"""Orders of pages: by columns and by computed values, total, with null least on both databases."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from backwright.emit.repositories.projections import Extra
from backwright.emit.repositories.statement import Writing
from backwright.emit.source import literal
from backwright.emit.sql import quoted
from backwright.expr.typed import Constant, Expression
from backwright.model.types import Entity, Field, OrderTerm

_LINE = 88


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One term: the text that is ordered by, and the attribute of the row that holds it.

    What is `fixed` is the same for every row: it orders nothing, and databases take it for the number of a column.
    """

    text: str
    attribute: str
    nullable: bool
    descending: bool
    fixed: bool = False


def total(entity: Entity, order: Sequence[OrderTerm]) -> list[OrderTerm]:
    """The order with the key at its end, in the direction of the last term."""
    direction = order[-1].direction if order else "asc"
    named = {term.field for term in order}
    return [*order, *(OrderTerm(field=key, direction=direction) for key in entity.keys if key not in named)]


def extras(order: Sequence[OrderTerm]) -> list[Extra]:
    """What the rows of a page have to hold for its cursor, besides columns."""
    return [Extra(_attribute(term), term.value.meaning) for term in order if term.value is not None]


def values(order: Sequence[OrderTerm]) -> list[Expression]:
    """The computed values that rows are ordered by."""
    return [term.value.meaning for term in order if term.value is not None]


def fields(entity: Entity, order: Sequence[OrderTerm]) -> list[Field]:
    """The columns that the rows of a page have to hold for its cursor."""
    return [entity.field(term.field) for term in order if term.value is None]


def terms(entity: Entity, order: Sequence[OrderTerm], sql: Writing, *, row: str = "") -> list[Term]:
    """The terms for one database."""
    found: list[Term] = []
    for term in order:
        down = term.direction == "desc"
        if term.value is not None:
            value = term.value.meaning
            found.append(
                Term(
                    text=_enclosed(sql.value(value, this=row or None)),
                    attribute=_attribute(term),
                    nullable=value.type.nullable,
                    descending=down,
                    fixed=isinstance(sql.folded(value), Constant),
                )
            )
            continue
        field = entity.field(term.field)
        text = f"{row}.{quoted(field.column)}" if row else quoted(field.column)
        found.append(Term(text=text, attribute=field.column, nullable=field.nullable, descending=down))
    return found


def order_by(order: Sequence[Term]) -> str:
    """`ORDER BY …`. Null sorts least, on every database."""
    texts: list[str] = []
    for term in (each for each in order if not each.fixed):
        text = f"{term.text} DESC" if term.descending else term.text
        if term.nullable:
            text += " NULLS LAST" if term.descending else " NULLS FIRST"
        texts.append(text)
    return f"ORDER BY {', '.join(texts)}"


def after(order: Sequence[Term]) -> str:
    """The optional clause that continues behind the last row of the page before."""
    if len({term.descending for term in order}) == 1 and not any(term.nullable for term in order):
        sign = "<" if order[0].descending else ">"
        if len(order) == 1:
            return f"{{AND {order[0].text} {sign} :after_{order[0].attribute}}}"
        columns = ", ".join(term.text for term in order)
        values = ", ".join(f":after_{term.attribute}" for term in order)
        return f"{{AND ({columns}) {sign} ({values})}}"
    branches: list[str] = []
    same: list[str] = []
    for term in order:
        branches += [_all([*same, each]) for each in _strictly_behind(term)]
        equals = "IS NOT DISTINCT FROM" if term.nullable else "="
        same.append(f"{term.text} {equals} :after_{term.attribute}")
    return "{AND (\n    " + "\n    OR ".join(branches) + "\n)}"


def keyset(row_class: str, order: Sequence[OrderTerm], entity: Entity) -> str:
    """The declaration of the order that a cursor follows."""
    texts = []
    for term in order:
        attribute = _attribute(term) if term.value is not None else entity.field(term.field).column
        texts.append(literal(f"{attribute} desc" if term.direction == "desc" else attribute))
    return f"Keyset({row_class}, {', '.join(texts)})"


def _attribute(term: OrderTerm) -> str:
    return f"by_{term.field}"


def _enclosed(text: str) -> str:
    return text if text.isidentifier() or text.startswith("(") else f"({text})"


def _strictly_behind(term: Term) -> list[str]:
    """The ways in which a row comes behind another by one term: its value, or null where that sorts later."""
    value = f":after_{term.attribute}"
    ways = [f"{term.text} {'<' if term.descending else '>'} {value}"]
    if term.nullable and term.descending:
        ways.append(f"{value} IS NOT NULL AND {term.text} IS NULL")
    elif term.nullable:
        ways.append(f"{value} IS NULL AND {term.text} IS NOT NULL")
    return ways


def _all(conditions: Sequence[str]) -> str:
    text = " AND ".join(conditions)
    if len(text) > _LINE - 8:
        text = "\n        AND ".join(conditions)
    return f"({text})" if len(conditions) > 1 or " AND " in text else text
