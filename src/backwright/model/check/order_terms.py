"""Orders and indexes that cannot be followed."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Model, Operation, ScalarType, Select
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import EntityNode, SpecDocument, TermNode

CODE = register(
    "BW303",
    "An order or an index that cannot be made",
    "Every order is total, indexed by the database and the same on every page.",
    "order: due desc",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Bad directions, repeated fields, and passwords."""
    for entity in document.entities:
        lists = [index.terms for index in entity.indexes]
        for terms in lists:
            yield from _terms(entity, terms)
        if entity.crud is not None:
            yield from _terms(entity, entity.crud.order)
    for operation in model.operations:
        for step in operation.steps:
            if isinstance(step, Select) and step.paging.style == "keyset":
                yield from _cursors(step, operation, model)


LONGEST = 2000
"""Most characters of text in a cursor: it is part of an address, which servers take up to 64 KiB of."""


def _cursors(step: Select, operation: Operation, model: Model) -> Iterator[Diagnostic]:
    """A cursor holds what the last row of a page has in the order's fields."""
    entity = model.entity(step.entity)
    for order in (step.order, *(sort.order for sort in step.sorts)):
        kinds = [entity.field(term.field).type for term in order if term.value is None]
        texts = [kind for kind in kinds if isinstance(kind, ScalarType) and kind.scalar in ("string", "text")]
        if sum(kind.max or 0 for kind in texts) > LONGEST:
            message = f"{operation.name}: a cursor would hold more than {LONGEST} characters of text"
            mend = "limit the fields of the order with `max`, or write `paging: {style: offset}`"
            yield diagnose(CODE, operation.place, message, mend)
            return


def _terms(entity: EntityNode, terms: tuple[TermNode, ...]) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for term in terms:
        name = term.field.value
        field = entity.field(name)
        if term.direction is not None and term.direction.value not in {"asc", "desc"}:
            message = f"`{term.direction.value}` is not a direction"
            yield diagnose(CODE, term.direction.place, message, "write `asc` or `desc`")
        if name in seen:
            yield diagnose(CODE, term.place, f"`{name}` is named twice", "name each field once")
        if field is not None and field.type is not None and field.type.name == "password":
            yield diagnose(CODE, term.place, f"`{name}` is a password", "leave it out: its hash has no order")
        seen.add(name)
    if not terms and entity.indexes and any(not index.terms for index in entity.indexes):
        empty = next(index for index in entity.indexes if not index.terms)
        yield diagnose(CODE, empty.place, "an index without fields", "name at least one field")
