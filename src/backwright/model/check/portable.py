"""Conditions on stored rows that no statement can hold."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.expr import sql
from backwright.expr.typed import Compare, Constant, Expression, Member
from backwright.expr.walk import is_local, nodes
from backwright.model.stored import Stored
from backwright.model.types import Find, Formula, Model, Rule, Select
from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register
from backwright.spec.nodes import SpecDocument

DIALECTS: tuple[sql.Dialect, ...] = ("postgresql", "sqlite")
MEND = "leave it unencrypted, or compare it with null only: expressions do not see what is encrypted"
SEVERAL_VALUES = "more than one value"

CODE = register(
    "BW318",
    "A condition that no statement can hold",
    "Rules and filters become part of statements, which do not see what is encrypted: only that it is there.",
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
            if SEVERAL_VALUES not in str(reason):  # BW323 says it, where that reference is declared
                yield diagnose(CODE, place, str(reason), MEND)
    yield from _secrets(model)


def _secrets(model: Model) -> Iterator[Diagnostic]:
    """Expressions that look at what only the service can read: they could do no more than show it."""
    hidden = {
        (entity.name, field.name) for entity in model.entities for field in entity.fields if field.encrypted
    }
    if not hidden:
        return
    for entity in model.entities:
        parts = [entity.checks, *entity.access.values(), *((f.read, f.write) for f in entity.fields)]
        for found, place in said(parts):
            yield from _looked_at(found, place, hidden)
    for operation in model.operations:
        for found, place in said(operation.steps):
            yield from _looked_at(found, place, hidden)
        for step in operation.steps:
            if isinstance(step, Select):
                terms = [*step.order, *(term for sort in step.sorts for term in sort.order)]
                for name in dict.fromkeys(term.field for term in terms):
                    if (step.entity, name) in hidden:
                        message = f"`{operation.name}` is ordered by `{name}`, which is encrypted"
                        yield diagnose(CODE, operation.place, message, MEND)


def _looked_at(expression: Expression, place: Place, hidden: set[tuple[str, str]]) -> Iterator[Diagnostic]:
    compared = {
        id(side)
        for node in nodes(expression)
        if isinstance(node, Compare)
        for side, other in ((node.left, node.right), (node.right, node.left))
        if isinstance(other, Constant) and other.value is None
    }
    for node in nodes(expression):
        if isinstance(node, Member) and (node.entity, node.field) in hidden and id(node) not in compared:
            yield diagnose(
                CODE, place, f"an expression looks at {node.entity}.{node.field}, which is encrypted", MEND
            )
            return


def said(part: object) -> Iterator[tuple[Expression, Place]]:
    """Every expression in a part of the model, and where it is written."""
    match part:
        case Formula(meaning=meaning, place=place):
            yield meaning, place
        case Rule(condition=condition, place=place):
            yield condition, place
        case tuple() | list():
            for each in part:
                yield from said(each)
        case msgspec.Struct():
            for name in part.__struct_fields__:
                yield from said(getattr(part, name))
        case _:
            return


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
