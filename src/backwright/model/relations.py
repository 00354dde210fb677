"""The names of reverse relations: what an entity calls the rows that refer to it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.model.naming import plural
from backwright.spec.nodes import EntityNode, FieldNode, SpecDocument


class Inverse(msgspec.Struct, frozen=True):
    """Rows of `entity` whose reference `field` is the row. `source` is where the reference is written."""

    entity: str
    field: str
    source: FieldNode


class Relations:
    """The reverse relations of a specification: by entity and name, and those that have none."""

    def __init__(self, document: SpecDocument) -> None:
        self.named: dict[tuple[str, str], Inverse] = {}
        self.unnamed: dict[tuple[str, str], str] = {}
        self.clashes: list[tuple[FieldNode, str]] = []
        taken = {(entity.name.value, name) for entity in document.entities for name in own_names(entity)}
        for target, name, found in _explicit(document):
            if (target, name) in taken or (target, name) in self.named:
                self.clashes.append((found.source, f"{target} already has a `{name}`"))
            else:
                self.named[target, name] = found
        self.by_entity: dict[str, list[str]] = {}
        offered: dict[tuple[str, str], list[Inverse]] = {}
        for target, name, found in _implied(document):
            offered.setdefault((target, name), []).append(found)
        for place, choices in offered.items():
            if len(choices) == 1 and place not in taken and place not in self.named:
                self.named[place] = choices[0]
            else:
                self.unnamed[place] = " or ".join(f"{each.entity}.{each.field}" for each in choices)
        for of, name in self.named:
            self.by_entity.setdefault(of, []).append(name)

    def related(self, entity: str, name: str) -> tuple[str, str] | None:
        """The referring entity and its reference behind a name."""
        found = self.named.get((entity, name))
        return None if found is None else (found.entity, found.field)

    def how_to_name(self, entity: str, name: str) -> str | None:
        """What to write so that rows that could have this name get one."""
        fields = self.unnamed.get((entity, name))
        return None if fields is None else f"write `inverse: …` at {fields}"

    def names(self, entity: str) -> list[str]:
        """The reverse relations of an entity."""
        return self.by_entity.get(entity, [])


def own_names(entity: EntityNode) -> list[str]:
    """The names that an entity gives itself: fields and computed values."""
    fields = [field.name.value for field in entity.fields]
    keys = [key.value for key in entity.keys] or ["id"]
    return [*keys, *fields, *(each.name.value for each in entity.computed)]


def _references(document: SpecDocument) -> Iterator[tuple[EntityNode, FieldNode, str]]:
    for entity in document.entities:
        for field in entity.fields:
            target = field.ref or field.refs
            if target is not None:
                yield entity, field, target.value


def _explicit(document: SpecDocument) -> Iterator[tuple[str, str, Inverse]]:
    for entity, field, target in _references(document):
        if field.inverse is not None:
            yield target, field.inverse.value, Inverse(entity.name.value, field.name.value, field)


def _implied(document: SpecDocument) -> Iterator[tuple[str, str, Inverse]]:
    """The plural of each referring entity; several references of one entity to another share it."""
    for entity, field, target in _references(document):
        if field.inverse is None:
            yield target, plural(entity), Inverse(entity.name.value, field.name.value, field)
