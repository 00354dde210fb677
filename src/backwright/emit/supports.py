"""Rows that rules look for beside the row itself, such as memberships: what the worlds of emitted tests hold."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import msgspec

from backwright.emit import isolation
from backwright.emit.names import snake
from backwright.emit.scenes import Builder, Values, is_reference_to, variations
from backwright.expr.typed import Expression, Related
from backwright.expr.walk import nodes
from backwright.model.types import Model, Operation, ReferenceType, Select

_AT_MOST = 24


class Support(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `entity` that refers by `field` to a row that a rule starts from, and what is particular about it."""

    entity: str
    field: str
    particular: Values

    @property
    def said(self) -> str:
        """How a test's name says it: `a_member_whose_role_is_admin`."""
        values = [f"{snake(name)}_is_{snake(str(value))}" for name, value in self.particular.items()]
        return f"a_{snake(self.entity)}" + (f"_whose_{'_and_'.join(values)}" if values else "")


def supports(operation: Operation, model: Model) -> Iterator[tuple[Support, ...]]:
    """Choices of such rows, simple ones first: none, one of them, one of each kind."""
    yield ()
    kinds = [list(_choices(each, model)) for each in relations(operation, model)]
    for kind in kinds:
        for support in kind:
            yield (support,)
    if len(kinds) > 1:
        yield from itertools.islice(itertools.product(*kinds), _AT_MOST)


def relations(operation: Operation, model: Model) -> list[Related]:
    """The relations that the operation's rules go along backwards, each once."""
    found: dict[tuple[str, str], Related] = {}
    for condition in conditions(operation, model):
        for each in nodes(condition):
            if isinstance(each, Related):
                found.setdefault((each.entity, each.field), each)
    return list(found.values())


def conditions(operation: Operation, model: Model) -> Iterator[Expression]:
    """Every rule and filter that the operation stands under."""
    yield from isolation.conditions(operation, model)
    for step in operation.steps:
        if isinstance(step, Select):
            yield from (each.condition.meaning for each in step.filters)


def _choices(related: Related, model: Model) -> Iterable[Support]:
    """One row of a kind in each variation of one field."""
    for particular in variations(model.entity(related.entity)):
        if len(particular) < 2:
            yield Support(entity=related.entity, field=related.field, particular=particular)


def add_support(builder: Builder, support: Support, owner: str) -> None:
    """Store the row, with its references to callers to `owner`; where the rule starts from a caller, from ann."""
    entity = builder.model.entity(support.entity)
    particular = dict(support.particular)
    link = entity.field(support.field)
    assert isinstance(link.type, ReferenceType)
    identity = builder.model.auth.identity if builder.model.auth else None
    if link.nullable or is_reference_to(link, identity or ""):
        particular[link.name] = builder.referred(link.type.entity, "ann")
    for field in entity.fields:
        if field.nullable and field.name not in particular and is_reference_to(field, identity or ""):
            particular[field.name] = builder.referred(identity or "", owner)
    builder.add(support.entity, f"{owner}s_{builder.names.row(support.entity)}", particular, owner)


def stands_beside(support: tuple[Support, ...], entity: str) -> bool:
    """Whether a row of this entity is already there, so that another has to belong to somebody else."""
    return any(each.entity == entity for each in support)
