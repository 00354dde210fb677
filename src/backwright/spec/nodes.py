"""A specification as its author wrote it: typed, every value with its place, nothing resolved yet."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from backwright.spec.diagnostics import Place

T = TypeVar("T")


class At(msgspec.Struct, Generic[T], frozen=True):
    """A value and where it was written."""

    value: T
    place: Place


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """Common to all nodes: where it begins."""

    place: Place


class ServiceNode(Node, frozen=True, kw_only=True):
    name: At[str]
    version: At[str]
    description: At[str] | None = None
    unknown_fields: At[str] | None = None


class AuthNode(Node, frozen=True, kw_only=True):
    identity: At[str]
    by: At[str]
    flows: tuple[At[str], ...] = ()
    token_minutes: At[int] | None = None


class TypeNode(Node, frozen=True, kw_only=True):
    """A type without its `?`. `name` may be "enum" or "ref" as well."""

    name: str
    nullable: bool = False


class FieldNode(Node, frozen=True, kw_only=True):
    """`ref` is the entity's name without its `?`, which counts in `nullable` like that of the type."""

    name: At[str]
    type: TypeNode | None = None
    ref: At[str] | None = None
    inverse: At[str] | None = None
    enum: tuple[At[str], ...] | None = None
    nullable: bool = False
    min: At[int] | None = None
    max: At[int] | None = None
    unique: At[bool] | None = None
    default: At[str] | None = None
    set: At[str] | None = None
    input: At[bool] | None = None
    was: At[str] | None = None


class TermNode(Node, frozen=True, kw_only=True):
    """One term of an order or index. `direction` is the author's word, if there is one."""

    field: At[str]
    direction: At[str] | None = None


class IndexNode(Node, frozen=True, kw_only=True):
    terms: tuple[TermNode, ...]
    unique: bool = False


class AccessNode(Node, frozen=True, kw_only=True):
    """Either one rule for `all` verbs, or rules by verb (`write` among them)."""

    all: At[str] | None = None
    verbs: tuple[tuple[At[str], At[str]], ...] = ()


class CrudNode(Node, frozen=True, kw_only=True):
    path: At[str]
    only: tuple[At[str], ...] | None = None
    filters: tuple[tuple[At[str], At[str]], ...] = ()
    order: tuple[TermNode, ...] = ()
    paging_default: At[int] | None = None
    paging_max: At[int] | None = None


class EntityNode(Node, frozen=True, kw_only=True):
    name: At[str]
    fields: tuple[FieldNode, ...]
    indexes: tuple[IndexNode, ...] = ()
    access: AccessNode | None = None
    computed: tuple[tuple[At[str], At[str]], ...] = ()
    crud: CrudNode | None = None
    was: At[str] | None = None
    plural: At[str] | None = None

    def field(self, name: str) -> FieldNode | None:
        """The field of that name, if the author declared it."""
        return next((field for field in self.fields if field.name.value == name), None)


class SpecDocument(Node, frozen=True, kw_only=True):
    """All files of a specification, merged. `files` are relative to the project, in the order of reading."""

    service: ServiceNode
    auth: AuthNode | None = None
    entities: tuple[EntityNode, ...] = ()
    files: tuple[str, ...] = ()

    def entity(self, name: str) -> EntityNode | None:
        """The entity of that name, if the author declared it."""
        return next((entity for entity in self.entities if entity.name.value == name), None)
