"""Names that become the same name."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.fields import KEY, made_key
from backwright.model.naming import LONGEST_IDENTIFIER, column, plural, table
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import EntityNode, SpecDocument

CODE = register(
    "BW310",
    "Two names that become one",
    "Tables, columns and operations are named after entities and fields; two must not share a name.",
    "owner: {ref: User}\nowner_id: uuid",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Entities with one table or plural, fields with one column, names too long for SQL."""
    tables: dict[str, str] = {}
    plurals: dict[str, str] = {}
    for entity in document.entities:
        name = entity.name.value
        for becomes, taken in ((table(entity), tables), (plural(entity), plurals)):
            if becomes in taken:
                message = f"{name} and {taken[becomes]} both become `{becomes}`"
                yield diagnose(CODE, entity.place, message, "rename one, or give one another `plural`")
            taken.setdefault(becomes, name)
        if plural(entity) == table(entity):
            message = f"the plural of {name} is `{plural(entity)}` as well"
            yield diagnose(CODE, entity.place, message, "give it another `plural`")
        yield from _columns(entity)
        fields = {field.name.value for field in entity.fields}
        for computed in entity.computed:
            if computed.name.value in fields:
                message = f"`{computed.name.value}` is a field as well"
                yield diagnose(CODE, computed.name.place, message, "rename one of them")


def _columns(entity: EntityNode) -> Iterator[Diagnostic]:
    made = made_key(entity)
    columns: dict[str, str] = {} if made is None else {made: made}
    for field in entity.fields:
        becomes = column(field)
        if becomes in columns and (becomes != KEY or made != KEY):
            message = f"`{field.name.value}` and `{columns[becomes]}` both become the column `{becomes}`"
            yield diagnose(CODE, field.place, message, "rename one of them")
        columns.setdefault(becomes, field.name.value)
        longest = f"{table(entity)}_{becomes}_check"
        if len(longest) > LONGEST_IDENTIFIER:
            message = f"`{longest}` has more than {LONGEST_IDENTIFIER} characters, which SQL names cannot"
            yield diagnose(CODE, field.place, message, "shorten the entity's or the field's name")
