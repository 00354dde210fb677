"""Conditions on stored rows that no one statement for both databases can hold."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.expr import sql
from backwright.expr.typed import Expression
from backwright.expr.walk import is_local, nodes
from backwright.model.fields import KEY
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

    def table(entity: str) -> str:
        return model.entity(entity).table

    if any(entity.composite or entity.key != KEY for entity in model.entities):
        return  # refused when a backend is built
    for condition, place, candidate in conditions(model):
        if not all(isinstance(node, sql.COMPILED) for node in nodes(condition)):
            continue  # no statement holds it yet: it is refused when a backend is built
        try:
            sql.compile(condition, column, tables=table, candidate=candidate)
        except sql.NotPortable as reason:
            yield diagnose(CODE, place, str(reason), reason.mend)


def conditions(model: Model) -> Iterator[tuple[Expression, Place, bool]]:
    """Every condition that becomes part of a statement, where it is written, and whether it judges a candidate."""
    for entity in model.entities:
        for verb, rule in entity.access.items():
            if verb == "read":
                yield rule.condition, rule.place, False
            elif not is_local(rule.condition):
                yield rule.condition, rule.place, True
    for operation in model.operations:
        for step in operation.steps:
            match step:
                case Find(where=where):
                    yield where.meaning, where.place, False
                case Select(filters=filters):
                    for each in filters:
                        yield each.condition.meaning, each.condition.place, False
                case _:
                    pass
