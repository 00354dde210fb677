"""Conditions on stored rows that no statement can hold."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.expr import sql
from backwright.expr.typed import Expression
from backwright.expr.walk import is_local
from backwright.model.stored import Stored
from backwright.model.types import Find, Model, Select
from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register
from backwright.spec.nodes import SpecDocument

DIALECTS: tuple[sql.Dialect, ...] = ("postgresql", "sqlite")
MEND = "compare it with a value of the request, or leave it unencrypted"

CODE = register(
    "BW318",
    "A condition that no statement can hold",
    "Rules and filters become part of statements. What is encrypted has no order there, and equals given values only.",
    "filters: {later: this.secret > params.later}, where `secret` is encrypted",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Rules and filters that cannot be compiled for both databases."""
    stored = Stored(model)
    for condition, place, candidate in conditions(model):
        try:
            for dialect in DIALECTS:
                sql.compile(condition, stored, dialect, candidate=candidate)
        except sql.NotCompiled as reason:
            yield diagnose(CODE, place, str(reason), MEND)


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
