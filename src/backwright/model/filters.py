"""The parameters of a filter, and the field that each is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from backwright.expr import syntax
from backwright.model.types import Field, ReferenceType


class Known(Protocol):
    """The fields and reverse relations of entities."""

    entities: dict[str, dict[str, Field]]

    def related(self, entity: str, name: str) -> tuple[str, str] | None:
        """The entity and the reference behind the name of a reverse relation."""


def mentioned(tree: syntax.Tree, entity: str, caller: str | None, known: Known) -> dict[str, Mention]:
    """Every parameter of a filter on rows of an entity."""
    found: dict[str, Mention] = {}
    for part, names in _walk(tree, {"this": entity, **({"caller": caller} if caller else {})}, known):
        name = _parameter(part)
        if name is not None:
            found.setdefault(name, (False, None, False))
        if isinstance(part, syntax.Binary):
            for one, other in ((part.left, part.right), (part.right, part.left)):
                param = _parameter(one)
                if param is None or not isinstance(other, syntax.Select) or _parameter(other) is not None:
                    continue
                _, before, ordered = found.get(param, (False, None, False))
                field = before or _field(other, names, known)
                found[param] = (True, field, ordered or part.op not in ("==", "!=", "in"))
    return found


Mention = tuple[bool, Field | None, bool]
"""Whether a parameter is compared with a field, which one that is (None: unknown), and whether by order."""
Names = Mapping[str, str]


def _walk(tree: syntax.Tree, names: Names, known: Known) -> Iterator[tuple[syntax.Tree, Names]]:
    """Every part, with the entities of the rows that can be named there."""
    yield tree, names
    match tree:
        case syntax.Call(target=target, arguments=(syntax.Identifier(name=name), condition)) if target:
            yield from _walk(target, names, known)
            entity = _entity(target, names, known)
            yield from _walk(condition, {**names, **({name: entity} if entity else {})}, known)
        case _:
            for part in syntax.children(tree):
                yield from _walk(part, names, known)


def _entity(tree: syntax.Tree, names: Names, known: Known) -> str | None:
    """The entity whose row or rows a path leads to."""
    match tree:
        case syntax.Identifier(name=name):
            return names.get(name)
        case syntax.Call(target=target, function="filter") if target:
            return _entity(target, names, known)
        case syntax.Select(of=of, field=name):
            entity = _entity(of, names, known)
            if entity is None:
                return None
            field = known.entities.get(entity, {}).get(name)
            if field is not None:
                return field.type.entity if isinstance(field.type, ReferenceType) else None
            rows = known.related(entity, name)
            return None if rows is None else rows[0]
        case _:
            return None


def _field(tree: syntax.Select, names: Names, known: Known) -> Field | None:
    entity = _entity(tree.of, names, known)
    return None if entity is None else known.entities.get(entity, {}).get(tree.field)


def _parameter(tree: syntax.Tree) -> str | None:
    match tree:
        case syntax.Select(of=syntax.Identifier(name="params"), field=field):
            return field
        case _:
            return None
