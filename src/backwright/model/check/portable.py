"""Conditions on stored rows that no one statement for both databases can hold."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.expr import sql
from backwright.expr.typed import Expression
from backwright.model.types import Find, Model, Select
from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW318",
    "A condition that no statement can hold",
    "Read rules and filters become part of one statement that means the same on PostgreSQL and SQLite.",
    "filters: {last: params.last > now}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Read rules and filters that cannot be compiled once for both databases."""

    def column(entity: str, field: str) -> str:
        return model.entity(entity).field(field).column

    for condition, place in conditions(model):
        try:
            sql.compile(condition, column)
        except sql.NotPortable as reason:
            yield diagnose(CODE, place, str(reason), reason.mend)


def conditions(model: Model) -> Iterator[tuple[Expression, Place]]:
    """Every condition that becomes part of a statement, and where it is written."""
    for entity in model.entities:
        yield entity.access["read"].condition, entity.access["read"].place
    for operation in model.operations:
        for step in operation.steps:
            match step:
                case Find(where=where):
                    yield where.meaning, where.place
                case Select(filters=filters):
                    for each in filters:
                        yield each.condition.meaning, each.condition.place
                case _:
                    pass
