"""Writes the functions that tell which rows belong to another tenant."""

from __future__ import annotations

from backwright.emit.annotations import key
from backwright.emit.names import snake, words
from backwright.emit.repositories.functions import Repositories, function, together
from backwright.emit.repositories.reading import database_call
from backwright.emit.repositories.writing import plain_statement
from backwright.emit.source import Identifier, imports, source
from backwright.emit.sql import quoted, where
from backwright.emit.storage import key_fields, live
from backwright.model.types import Entity, Field, ManyType, ReferenceType

_RUNTIME = "backwright_runtime"
_STRUCT = imports("msgspec", "Struct")


def misplaced(entity: Entity, field: Field, repositories: Repositories) -> Identifier:
    """The name of the function that tells which of some rows belong to another tenant."""
    assert isinstance(field.type, ReferenceType | ManyType)
    model = repositories.model
    target = model.entity(field.type.entity)
    own = target.field(field.same or "")
    name = f"{snake(field.name)}_elsewhere"
    target_key = key_fields(target)[0]
    tenant_type = key(own.type.entity, model) if isinstance(own.type, ReferenceType) else source("str")
    kind = key(target.name, model)
    column = quoted(own.column)
    statement = plain_statement(
        name.upper(),
        [
            f"SELECT {quoted(target_key.column)} AS key",
            f"FROM {quoted(target.table)}",
            *where([f"{quoted(target_key.column)} = ANY(:keys)", f"{column} <> :tenant", *live(target)]),
        ],
    )
    row = Identifier("".join(part.title() for part in name.split("_")))
    struct = source(
        f'class {row}(Struct, frozen=True):\n    """A row of another {words(field.same or "")}."""\n\n    key: {kind}',
        _STRUCT,
        kind,
    )
    body = (
        f"rows = await {database_call('fetch_all', [row, name.upper(), 'keys=list(keys)', 'tenant=tenant'])}\n"
        "return {row.key for row in rows}"
    )
    parameters = [
        source(f"tenant: {tenant_type}", tenant_type),
        source(f"keys: Sequence[{kind}]", kind, imports("collections.abc", "Sequence")),
    ]
    plural = words(repositories.names.plurals[target.name])
    about = f"Those of these {plural} that belong to another {words(field.same or '')}."
    text = function(Identifier(name), parameters, source(f"set[{kind}]", kind), about, body)
    repositories.once(entity.name, name, lambda: together(statement, struct, text))
    return Identifier(name)
