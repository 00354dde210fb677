"""Writes what custom logic reads of stored rows: a row by its key, and rows by what an index finds.

`boundary.py` says what there is, `calls.py` binds it to the caller of a request, and the statements stand in the
repositories, with the read rule of their entity like all others.
"""

from __future__ import annotations

from collections.abc import Iterator

from backwright.emit.annotations import annotation, is_scalar, stored_as
from backwright.emit.entities import columns
from backwright.emit.names import attribute, pascal, words
from backwright.emit.package import Package
from backwright.emit.repositories import orders
from backwright.emit.repositories.functions import Passed, Repositories, function, passed, together
from backwright.emit.repositories.projections import selected
from backwright.emit.repositories.reading import Reading, database_call
from backwright.emit.repositories.statement import Writing, written
from backwright.emit.source import Identifier, Imports, Source, docstring, imports, indented, source
from backwright.emit.sql import quoted, where
from backwright.emit.storage import key_fields
from backwright.emit.structs import Member, struct_of
from backwright.model.types import Entity, Field, Model, ReferenceType
from backwright_runtime.reads import MOST

_READS = "backwright_runtime.reads"


def read_class(entity: Entity) -> Identifier:
    """The struct of what is read of a row: `TariffRead`."""
    return Identifier(f"{pascal(entity.name)}Read")


def reads_class(entity: Entity) -> Identifier:
    """What there is to ask: `TariffReads`."""
    return Identifier(f"{pascal(entity.name)}Reads")


def stored_class(entity: Entity) -> Identifier:
    """What answers it from the database: `StoredTariffs`."""
    return Identifier(f"Stored{pascal(entity.plural)}")


def reads_attribute(entity: Entity) -> Identifier:
    """Where a function finds it: `use.tariffs`."""
    return attribute(entity.plural)


def entities_read(model: Model) -> list[Entity]:
    """The entities that any function reads."""
    named = {name for logic in model.logic for name in logic.reads}
    return [entity for entity in model.entities if entity.name in named]


def fields_read(entity: Entity, model: Model) -> tuple[Field, ...]:
    """What is read of a row, the key first: what every reader of the row may see, and no secrets."""
    keys = key_fields(entity)
    others = [field for field in columns(entity, model) if field not in keys and _is_open(field)]
    return (*keys, *others)


def filters(entity: Entity, model: Model) -> list[Field]:
    """The fields by whose values rows are found: those that an index begins with. `find` has the whole key."""
    first = {index.terms[0].field for index in entity.indexes} | set(entity.composite[:1])
    return [
        field
        for field in fields_read(entity, model)
        if field.name in first
        or (field.unique and field.name != entity.key)
        or isinstance(field.type, ReferenceType)
    ]


def _is_open(field: Field) -> bool:
    return field.read is None and not field.encrypted and not is_scalar(field.type, "password", "bytes")


# The boundary -----------------------------------------------------------------------------------------


def row_struct(entity: Entity, model: Model) -> Source:
    """The struct of a row."""
    members = [
        Member(Identifier(field.column), stored_as(field, model)) for field in fields_read(entity, model)
    ]
    return struct_of(read_class(entity), f"What custom logic sees of a row of `{entity.table}`.", members)


def protocol(entity: Entity, model: Model) -> Source:
    """What a function can ask."""
    return _class(
        f"{reads_class(entity)}(Protocol)", "", entity, model, ("...", "..."), imports("typing", "Protocol")
    )


def _class(
    heading: str, init: str, entity: Entity, model: Model, bodies: tuple[str, str], *needed: Imports | Source
) -> Source:
    find, matching = bodies
    keys, wanted = _keys(entity, model), _wanted(entity, model, named=True)
    named = ["self", "*", *map(str, wanted)] if wanted else ["self"]
    row, noun = read_class(entity), words(entity.name)
    found = docstring(f"The {noun} with this key, or None.", 8)
    many = docstring(
        f"Those with these values, in the order of their keys. Raises Internal where there are more than {MOST}.",
        8,
    )
    text = (
        f"class {heading}:\n"
        f"    {docstring(f'Each {noun} that the caller may read.', 4)}\n\n"
        f"{init}"
        f"    async def find(self, {', '.join(map(str, keys))}, /) -> {row} | None:\n"
        f"        {found}\n"
        f"        {find}\n\n"
        f"    async def where({', '.join(named)}) -> list[{row}]:\n"
        f"        {many}\n"
        f"        {matching}"
    )
    return source(text, *keys, *wanted, *needed)


def _keys(entity: Entity, model: Model) -> list[Source]:
    found = []
    for field in key_fields(entity):
        kind = annotation(field.type, model)
        found.append(source(f"{attribute(field.column)}: {kind}", kind))
    return found


def _wanted(entity: Entity, model: Model, *, named: bool) -> list[Source]:
    """The parameters of what rows have to be like; `named` like the columns, or apart from everything else."""
    unset = imports("msgspec", "UNSET", "UnsetType")
    found = []
    for field in filters(entity, model):
        kind = annotation(field.type, model)
        name = attribute(field.column) if named else _apart(field)
        found.append(source(f"{name}: {kind} | UnsetType = UNSET", kind, unset))
    return found


def _apart(field: Field) -> Identifier:
    return Identifier(f"by_{field.column}")


# Bound to a caller ------------------------------------------------------------------------------------


def stored(entity: Entity, package: Package) -> Source:
    """What answers from the database for the caller of a request; its statements are written into the repository."""
    names, model = package.names, package.model
    find, given = _find(entity, package.repositories)
    matching, _ = _where(entity, package.repositories)
    module = names.repository(entity.name)
    handed = "".join(f", self._{each}" for each in given.context)
    keys = "".join(f", {attribute(field.column)}" for field in key_fields(entity))
    equal = "".join(f", {_apart(field)}={attribute(field.column)}" for field in filters(entity, model))
    context = list(given.parameters[: len(given.context)])
    init = (
        f"def __init__({', '.join(['self', 'db: Confined', *map(str, context)])}) -> None:\n    self._db = db"
    )
    init += "".join(f"\n    self._{each} = {each}" for each in given.context)
    return _class(
        str(stored_class(entity)),
        f"{indented(init)}\n\n",
        entity,
        model,
        (
            f"return await {module}.{find}(self._db{handed}{keys})",
            f"return await {module}.{matching}(self._db{handed}{equal})",
        ),
        imports(f"{names.package}.repositories", module),
        imports(_READS, "Confined"),
        imports(f"{names.package}.boundary", read_class(entity)),
        *context,
    )


def handed(entity: Entity, package: Package) -> str:
    """How `calls.py` makes it: `StoredTariffs(reading, ctx.caller)`."""
    _, given = _find(entity, package.repositories)
    return f"{stored_class(entity)}({', '.join(['reading', *(f'ctx.{each}' for each in given.context)])})"


# Statements -------------------------------------------------------------------------------------------


def _find(entity: Entity, repositories: Repositories) -> tuple[Identifier, Passed]:
    """The function that finds a row, and what of the request it needs."""
    keys = [f"{quoted(field.column)} = :{_apart(field)}" for field in key_fields(entity)]
    taken = [_apart(field) for field in key_fields(entity)]
    kinds = [annotation(field.type, repositories.model) for field in key_fields(entity)]
    own = [source(f"{name}: {kind}", kind) for name, kind in zip(taken, kinds, strict=True)]
    about = f"The {words(entity.name)} with this key that the caller may read, or None: for custom logic."
    result = f"{read_class(entity)} | None"
    return _function("find_for_logic", entity, repositories, keys, taken, own, result, about, many=False)


def _where(entity: Entity, repositories: Repositories) -> tuple[Identifier, Passed]:
    """The function that finds rows by their values."""
    fields = filters(entity, repositories.model)
    clauses = [f"{{AND {quoted(field.column)} = :{_apart(field)}}}" for field in fields]
    own = _wanted(entity, repositories.model, named=False)
    about = (
        "Rows with these values that the caller may read: for custom logic. Raises Internal beyond its limit."
    )
    result = f"list[{read_class(entity)}]"
    taken = [_apart(field) for field in fields]
    return _function(
        "where_for_logic", entity, repositories, ["TRUE", *clauses], taken, own, result, about, many=True
    )


def _function(
    wanted: str,
    entity: Entity,
    repositories: Repositories,
    conditions: list[str],
    taken: list[Identifier],
    own: list[Source],
    result: str,
    about: str,
    *,
    many: bool,
) -> tuple[Identifier, Passed]:
    model, names = repositories.model, repositories.names
    reading = Reading(entity=entity, readable=entity.access["read"], where=None)

    def write_statement(sql: Writing) -> str:
        sql.parameters |= dict.fromkeys(map(str, taken))
        rules = list(reading.conditions(sql))
        chosen = selected([quoted(field.column) for field in fields_read(entity, model)])
        tail = list(_tail(entity, sql)) if many else []
        first, *rest = conditions
        return "\n".join([chosen, f"FROM {quoted(entity.table)}", *where([first, *rules, *rest]), *tail])

    statement = written(model, write_statement, signed_in=False, for_caller=True)
    given = passed(statement, model, names, signed_in=False)
    row = read_class(entity)

    def write(name: Identifier) -> Source:
        arguments = [*given.arguments, *(f"{each}={each}" for each in taken)]
        call = database_call("fetch_all" if many else "fetch_one", [row, name.upper(), *arguments])
        body = f"return bounded(await {call})" if many else f"return await {call}"
        kind = source(result, imports(f"{names.package}.boundary", row))
        needed = imports(_READS, "bounded") if many else frozenset()
        text = function(name, [*given.parameters, *own], kind, about, body, needed)
        return together(statement.declared(name.upper()), text)

    return repositories.add(entity.name, [wanted], write), given


def _tail(entity: Entity, sql: Writing) -> Iterator[str]:
    yield orders.order_by(orders.terms(entity, orders.total(entity, ()), sql))
    yield f"LIMIT {MOST + 1}"
