"""Entities: keys, access, computed values, and what their `crud` says."""

from __future__ import annotations

from backwright.spec.grammar import OPERATIONS
from backwright.spec.nodes import (
    AccessNode,
    At,
    AuditNode,
    CheckNode,
    ComputedNode,
    CrudNode,
    EntityNode,
    IndexNode,
)
from backwright.spec.raw import Items, Raw, Scalar, Table
from backwright.spec.reader.fields import read_fields
from backwright.spec.reader.operations import read_limits, read_operation
from backwright.spec.reader.raws import (
    entries,
    expression,
    expressions,
    flag,
    names,
    read_by,
    required,
    text,
    whole,
    word,
    words,
    words_of,
)
from backwright.spec.reader.shapes import read_order, read_paging, read_sort


def read_entity(name: Scalar, table: Table) -> EntityNode:
    """An entity by its name and its table."""
    keys, key_type = _key(table.get("key"))
    unique, indexes = table.get("unique"), table.get("indexes")
    access = table.get("access")
    return EntityNode(
        place=name.place,
        name=word(name),
        fields=read_fields(table, "fields"),
        keys=keys,
        key_type=key_type,
        unique=tuple(map(words_of, unique.items)) if isinstance(unique, Items) else (),
        indexes=tuple(map(_index, indexes.items)) if isinstance(indexes, Items) else (),
        checks=tuple(_check(entry.key, entry.value) for entry in entries(table, "checks")),
        access=None if access is None else _access(access),
        computed=tuple(_computed(entry.key, entry.value) for entry in entries(table, "computed")),
        version=flag(table, "version"),
        soft_delete=flag(table, "soft_delete"),
        tenancy=text(table, "tenancy"),
        audit=_audit(table.get("audit")),
        immutable=flag(table, "immutable"),
        expected_rows=whole(table, "expected_rows"),
        crud=read_by(table, "crud", _crud),
        was=text(table, "was"),
        plural=text(table, "plural"),
    )


def _key(raw: Raw | None) -> tuple[tuple[At[str], ...], At[str] | None]:
    if isinstance(raw, Table):
        (entry,) = raw.entries
        assert isinstance(entry.value, Scalar), "the grammar takes a word"
        return (word(entry.key),), word(entry.value)
    return words_of(raw), None


def _index(raw: Raw) -> IndexNode:
    if not isinstance(raw, Table):
        return IndexNode(place=raw.place, terms=read_order(raw))
    unique = flag(raw, "unique")
    return IndexNode(
        place=raw.place, terms=read_order(raw.get("on")), unique=unique is not None and unique.value
    )


def _check(name: Scalar, raw: Raw) -> CheckNode:
    if isinstance(raw, Scalar):
        return CheckNode(place=name.place, name=word(name), that=word(raw))
    assert isinstance(raw, Table), "the grammar takes an expression or a table"
    that = expression(raw, "that")
    assert that is not None, "the grammar requires that"
    return CheckNode(
        place=name.place, name=word(name), that=that, field=text(raw, "field"), code=text(raw, "code")
    )


def _computed(name: Scalar, raw: Raw) -> ComputedNode:
    if isinstance(raw, Scalar):
        return ComputedNode(place=name.place, name=word(name), value=word(raw))
    assert isinstance(raw, Table), "the grammar takes an expression or a table"
    value = expression(raw, "value")
    assert value is not None, "the grammar requires value"
    return ComputedNode(place=name.place, name=word(name), value=value, stored=flag(raw, "stored"))


def _access(raw: Raw) -> AccessNode:
    if isinstance(raw, Scalar):
        return AccessNode(place=raw.place, all=word(raw))
    assert isinstance(raw, Table), "the grammar takes a rule or a table"
    verbs = tuple(
        (word(entry.key), word(entry.value)) for entry in raw.entries if isinstance(entry.value, Scalar)
    )
    return AccessNode(place=raw.place, verbs=verbs)


def _audit(raw: Raw | None) -> AuditNode | None:
    match raw:
        case Scalar():
            return AuditNode(place=raw.place) if raw.value == "true" else None
        case Table():
            return AuditNode(place=raw.place, verbs=words(raw, "on"), read=expression(raw, "read"))
        case _:
            return None


def _crud(table: Table) -> CrudNode:
    return CrudNode(
        place=table.place,
        path=required(table, "path"),
        key=text(table, "key"),
        only=words(table, "only"),
        parents=names(table, "parent"),
        where=expression(table, "where"),
        filters=expressions(table, "filters"),
        order=read_order(table.get("order")),
        sort=read_sort(table),
        paging=read_by(table, "paging", read_paging),
        view=text(table, "view"),
        wrap=text(table, "wrap"),
        replace=flag(table, "replace"),
        if_match=text(table, "if_match"),
        limits=read_by(table, "limits", read_limits),
        operations=tuple(
            read_operation(entry.key, entry.value)
            for entry in table.entries
            if entry.key.value in OPERATIONS and isinstance(entry.value, Table)
        ),
    )
