"""Keys, references and indexes that no database can hold."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model import storage
from backwright.model.types import Entity, Field, ListType, ManyType, Model, ReferenceType, ScalarType
from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW323",
    "Something that no database can hold",
    "Keys are one value per column, references lead to one column, and indexes are over columns.",
    "key: labels, where labels is {refs: Label}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """What would fail when the tables are made."""
    entities = {entity.name: entity for entity in model.entities}
    for entity in model.entities:
        yield from _key(entity)
        yield from _deleted(entity, model)
        for field in entity.fields:
            yield from _reference(entity, field, entities)
            yield from _encrypted(entity, field)
        for index in entity.indexes:
            for term in index.terms:
                yield from _indexed(entity, term.field, index.place, unique=index.unique)
        for field in entity.fields:
            if field.unique:
                yield from _indexed(entity, field.name, field.place, unique=True)
    yield from _links(model)


_TEXTS = ("string", "text", "email")
INDEXED = 600
"""Most characters of text in an index: PostgreSQL's hold 2704 bytes, and a character may have four."""
_NO_KEYS = ("json", "password", "bytes", "double")


def _key(entity: Entity) -> Iterator[Diagnostic]:
    for name in entity.keys:
        field = next((each for each in entity.fields if each.name == name), None)
        if field is None:
            continue
        scalar = field.type.scalar if isinstance(field.type, ScalarType) else None
        if isinstance(field.type, ListType | ManyType) or scalar in _NO_KEYS:
            message = f"{entity.name}.{name} cannot be a key"
            yield diagnose(
                CODE, field.place, message, "make the key of text, whole numbers, dates or references"
            )
        elif field.nullable or field.encrypted:
            word = "may be null" if field.nullable else "is encrypted"
            message = f"{entity.name}.{name} is a key and {word}"
            yield diagnose(CODE, field.place, message, "change it, or choose another key")


def _deleted(entity: Entity, model: Model) -> Iterator[Diagnostic]:
    """A key that clients give is free again when its row is deleted; a foreign key needs one that is not."""
    key = next((field for field in entity.fields if field.name == entity.key), None)
    if entity.soft_delete is None or entity.composite or key is None or not key.input:
        return
    for other in model.entities:
        for field in other.fields:
            links = isinstance(field.type, ManyType) and other.name == entity.name
            refers = isinstance(field.type, ReferenceType | ManyType) and field.type.entity == entity.name
            if links or refers:
                said = f"{other.name}.{field.name}"
                message = f"the key of a deleted {entity.name} may be given again, but {said} needs it"
                mend = f"let the service make the key of {entity.name}, and make `{key.name}` unique"
                yield diagnose(CODE, key.place, message, mend)


def _reference(entity: Entity, field: Field, entities: dict[str, Entity]) -> Iterator[Diagnostic]:
    if not isinstance(field.type, ReferenceType | ManyType):
        return
    target = entities.get(field.type.entity)
    if target is None:
        return
    said = f"{entity.name}.{field.name}"
    if target.composite:
        message = f"{said} refers to {target.name}, whose key is more than one value"
        yield diagnose(CODE, field.place, message, f"give {target.name} a key of one value, and a `unique`")
    if isinstance(field.type, ReferenceType) and field.type.on_delete == "set_null" and not field.nullable:
        message = f"{said} would become null, which it must not be"
        yield diagnose(CODE, field.place, message, f"write `ref: {target.name}?`, or another `on_delete`")
    if isinstance(field.type, ManyType) and entity.composite:
        message = f"{said} lists many rows, but the key of {entity.name} is more than one value"
        yield diagnose(CODE, field.place, message, f"give {entity.name} a key of one value, and a `unique`")
    if field.same is not None and all(each.name != field.same for each in target.fields):
        message = f"{target.name} has no `{field.same}` that {said} could share"
        yield diagnose(CODE, field.place, message, "name a field that both entities have")


def _encrypted(entity: Entity, field: Field) -> Iterator[Diagnostic]:
    scalar = field.type.scalar if isinstance(field.type, ScalarType) else None
    if field.encrypted and (scalar not in _TEXTS or field.generated is not None):
        message = f"{entity.name}.{field.name} cannot be encrypted"
        yield diagnose(
            CODE, field.place, message, "encrypt text that clients give: a string, a text or an email"
        )


def _indexed(entity: Entity, name: str, place: Place, *, unique: bool) -> Iterator[Diagnostic]:
    field = next((each for each in entity.fields if each.name == name), None)
    if field is None:
        return
    scalar = field.type.scalar if isinstance(field.type, ScalarType) else None
    if isinstance(field.type, ManyType) or scalar in ("password", "bytes") or (unique and scalar == "json"):
        word = "unique" if unique else "in an index"
        message = f"{entity.name}.{name} cannot be {word}"
        yield diagnose(CODE, place, message, "leave it out")
    elif isinstance(field.type, ScalarType) and scalar in _TEXTS and (field.type.max or 0) > INDEXED:
        word = "unique" if unique else "in an index"
        message = f"{entity.name}.{name} is too long to be {word}: {field.type.max} characters"
        yield diagnose(CODE, place, message, f"limit it to {INDEXED} characters with `max`, or leave it out")


def _links(model: Model) -> Iterator[Diagnostic]:
    tables = {entity.table: entity.name for entity in model.entities}
    for entity in model.entities:
        for field in entity.fields:
            if not isinstance(field.type, ManyType):
                continue
            table, said = storage.link_table(entity, field.name), f"{entity.name}.{field.name}"
            if table in tables:
                message = f"the links of {said} and {tables[table]} both become the table `{table}`"
                yield diagnose(CODE, field.place, message, "rename one of them")
            tables.setdefault(table, said)
