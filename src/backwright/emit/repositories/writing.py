"""Writes the functions that insert, change and remove rows and links."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from backwright.emit.annotations import key
from backwright.emit.entities import columns as columns_of
from backwright.emit.names import Names, a, words
from backwright.emit.repositories.functions import Repositories, function, together
from backwright.emit.repositories.reading import database_call
from backwright.emit.source import (
    NO_IMPORTS,
    Identifier,
    Imports,
    Source,
    imports,
    indented,
    literal,
    source,
    sql_block,
)
from backwright.emit.sql import quoted, where
from backwright.emit.storage import key_fields
from backwright.model.storage import link_columns, link_table
from backwright.model.types import Entity, Field, ManyType, Model, ReferenceType
from backwright_runtime.database.names import primary_key_name, unique_name

_RUNTIME = "backwright_runtime"
_CAUGHT = imports(_RUNTIME, "Conflict", "UniqueViolation")
_STRUCT = imports("msgspec", "Struct")
_SQL = imports(_RUNTIME, "sql")


class Changes:
    """What operations do to the rows of one entity; its writing functions follow from all of them."""

    def __init__(self) -> None:
        self.inserts = False
        self.deletes = False
        self.fields: set[str] = set()


def write_functions(entity: Entity, changes: Changes, repositories: Repositories) -> list[Source]:
    """`refuse_taken`, `insert`, `save` and `delete`, as far as operations need them."""
    found: list[Source] = []
    writer = _Writer(entity, changes, repositories)
    if writer.tells_keys_apart():
        found += writer.refuse_taken()
    if changes.inserts:
        found.append(writer.insert())
    if changes.fields:
        found.append(writer.save())
    if changes.deletes:
        found.append(writer.delete())
    return found


def numbered(entity: Entity) -> Field | None:
    """The field that the database numbers."""
    return next((field for field in entity.fields if field.generated == "sequence"), None)


def unique_keys(entity: Entity, *, made: bool = False) -> list[tuple[str, list[Field]]]:
    """The unique keys in declared order, by the name of their constraint: the key itself, fields, then indexes.

    A key that the service or the database makes is never taken; `made` counts it all the same.
    """
    by_name = {tuple(t.field for t in index.terms): index.name for index in entity.indexes if index.unique}
    keys: list[tuple[str, ...]] = []
    if made or entity.composite or entity.field(entity.key).input:
        keys.append(entity.keys)
    keys += [(field.name,) for field in entity.fields if field.unique]
    ordered = dict.fromkeys([*keys, *by_name])
    found = []
    for names in ordered:
        columns = [entity.field(name).column for name in names]
        default = (
            primary_key_name(entity.table)
            if names == entity.keys and entity.soft_delete is None
            else unique_name(entity.table, columns)
        )
        found.append((by_name.get(names, default), [entity.field(name) for name in names]))
    return found


class _Writer:
    def __init__(self, entity: Entity, changes: Changes, repositories: Repositories) -> None:
        self.entity = entity
        self.changes = changes
        self.repositories = repositories
        self.names: Names = repositories.names
        self.model: Model = repositories.model
        self.row = self.names.row(entity.name)
        row_class = self.names.row_class(entity)
        self.parameter = source(
            f"{self.row}: {row_class}", imports(f"{self.names.package}.entities", row_class)
        )
        self.row_class = row_class

    # Insert ------------------------------------------------------------------------------------------

    def insert(self) -> Source:
        """A new row; where the database numbers it, with its number."""
        number = numbered(self.entity)
        fields = [field for field in columns_of(self.entity, self.model) if field is not number]
        columns = [field.column for field in fields]
        into = ", ".join(quoted(column) for column in columns)
        values = ", ".join(f":{column}" for column in columns)
        lines = wrapped([f"INSERT INTO {quoted(self.entity.table)} ({into})", f"VALUES ({values})"])
        if not columns:
            lines = [f"INSERT INTO {quoted(self.entity.table)} DEFAULT VALUES"]
        if number is not None:
            lines.append(f"RETURNING {quoted(number.column)}")
        given = [f"{Identifier(column)}={self.row}.{column}" for column in columns]
        keys = unique_keys(self.entity)
        about = f"Store a new {words(self.entity.name)}.{taken_words(keys)}"
        if number is None:
            body, needed = self.guarded(
                f"await {database_call('execute', ['INSERT', *given])}", keys, new=True
            )
            text = function(Identifier("insert"), [self.parameter], "None", about, body, needed)
            return together(plain_statement("INSERT", lines), text)
        self.repositories.once(self.entity.name, "Number", lambda: number_struct(number.column))
        call = database_call("fetch_all", ["Number", "INSERT", *given])
        body, needed = self.guarded(f"[number] = await {call}", keys, new=True)
        body += f"\nreturn replace({self.row}, {number.column}=number.{number.column})"
        needed |= imports("msgspec.structs", "replace")
        text = function(
            Identifier("insert"),
            [self.parameter],
            self.row_class,
            f"{about} Returns it with its number.",
            body,
            needed,
        )
        return together(plain_statement("INSERT", lines), text)

    # Save --------------------------------------------------------------------------------------------

    def save(self) -> Source:
        """The columns that operations change."""
        fields = [field for field in columns_of(self.entity, self.model) if field.name in self.changes.fields]
        columns = [field.column for field in fields]
        settings = ",\n    ".join(f"{quoted(column)} = :{column}" for column in columns)
        keys = [field.column for field in key_fields(self.entity)]
        lines = [
            f"UPDATE {quoted(self.entity.table)}",
            f"SET {settings}",
            *where([f"{quoted(column)} = :{column}" for column in keys]),
        ]
        given = [f"{Identifier(column)}={self.row}.{column}" for column in dict.fromkeys([*keys, *columns])]
        written_keys = self.written_keys()
        body, needed = self.guarded(
            f"await {database_call('execute', ['SAVE', *given])}", written_keys, new=False
        )
        about = f"Store the changed {words(self.entity.name)}.{taken_words(written_keys)}"
        text = function(Identifier("save"), [self.parameter], "None", about, body, needed)
        return together(plain_statement("SAVE", lines), text)

    def written_keys(self) -> list[tuple[str, list[Field]]]:
        """The unique keys that changes may write."""
        keys = unique_keys(self.entity)
        return [each for each in keys if any(field.name in self.changes.fields for field in each[1])]

    # Delete ------------------------------------------------------------------------------------------

    def delete(self) -> Source:
        """The row goes; with soft deletion it is marked."""
        keys = [field.column for field in key_fields(self.entity)]
        conditions = [f"{quoted(column)} = :{column}" for column in keys]
        given = [f"{Identifier(column)}={self.row}.{column}" for column in keys]
        parameters: list[Source] = [self.parameter]
        if self.entity.soft_delete is not None:
            column = self.entity.field(self.entity.soft_delete).column
            lines = [
                f"UPDATE {quoted(self.entity.table)}",
                f"SET {quoted(column)} = :now",
                *where(conditions),
            ]
            parameters.append(source("now: datetime", imports("datetime", "datetime")))
            given.append("now=now")
            about = f"Mark the {words(self.entity.name)} as deleted: nothing sees it any more."
        else:
            lines = [f"DELETE FROM {quoted(self.entity.table)}", *where(conditions)]
            about = f"Remove the {words(self.entity.name)}."
            if is_restricted(self.entity, self.model):
                about += " 409 while others refer to it."
        body = f"await {database_call('execute', ['DELETE', *given])}"
        text = function(Identifier("delete"), parameters, "None", about, body)
        return together(plain_statement("DELETE", lines), text)

    # Unique keys -------------------------------------------------------------------------------------

    def guarded(
        self, call: str, keys: Sequence[tuple[str, list[Field]]], *, new: bool
    ) -> tuple[str, Imports]:
        """A write that answers a taken unique key as a conflict: the first one, where there are several."""
        if len(keys) < 2:
            return refusing_taken(call, self.entity, keys)
        told = f", new={new}" if self.tells_new_rows() else ""
        look = f"await refuse_taken(db, {self.row}{told})\n"
        return _caught(call, "Conflict(*TAKEN[violation.constraint])", look), _CAUGHT

    def tells_keys_apart(self) -> bool:
        """Whether a write may meet several unique keys."""
        if self.changes.inserts and len(unique_keys(self.entity)) > 1:
            return True
        return bool(self.changes.fields) and len(self.written_keys()) > 1

    def tells_new_rows(self) -> bool:
        """Whether a row's own key may be taken as well, which that of a stored row always is: by itself."""
        own = {field.column for field in key_fields(self.entity)}
        given = any({field.column for field in fields} == own for _, fields in unique_keys(self.entity))
        return given and self.changes.inserts and len(self.written_keys()) > 1

    def refuse_taken(self) -> list[Source]:
        """Looks for taken keys before a write: databases report them in orders of their own."""
        errors: list[str] = []
        cases: list[str] = []
        own = [field.column for field in key_fields(self.entity)]
        other = " OR ".join(f"{quoted(column)} <> :{column}" for column in own)
        if len(own) > 1:
            other = f"({other})"
        live = ""
        if self.entity.soft_delete is not None:
            live = f" AND {quoted(self.entity.field(self.entity.soft_delete).column)} IS NULL"
        for name, fields in unique_keys(self.entity):
            listed = ", ".join(
                f"FieldError({literal(self.entity.wire(field.name))}, 'taken')" for field in fields
            )
            errors.append(f"{literal(name)}: ({listed},),")
            same = " AND ".join(f"{quoted(field.column)} = :{field.column}" for field in fields)
            itself = {field.column for field in fields} == set(own)
            if itself and not self.changes.inserts:
                continue
            apart = "" if itself else f" AND {other}"
            only = ":new::boolean AND " if itself and self.tells_new_rows() else ""
            found = f"SELECT 1 FROM {quoted(self.entity.table)}\n    WHERE {same}{apart}{live}"
            cases.append(f"WHEN {only}EXISTS (\n    {found}\n)\n    THEN '{name}'")
        columns = dict.fromkeys(
            [*own, *(field.column for _, fields in unique_keys(self.entity) for field in fields)]
        )
        lines = [f"SELECT CASE\n{indented(chr(10).join(cases))}\nEND"]
        used = [column for column in columns if f":{column}" in lines[0]]
        given = [f"{Identifier(column)}={self.row}.{column}" for column in used]
        parameters = [self.parameter]
        if self.tells_new_rows():
            given.append("new=new")
            parameters.append(source("*, new: bool"))
        body = (
            f"taken = await {database_call('fetch_value', ['str', 'FIRST_TAKEN', *given])}\n"
            "if taken is not None:\n    raise Conflict(*TAKEN[taken])"
        )
        about = "Raises Conflict for the first unique key, in declared order, that another row has already."
        text = function(
            Identifier("refuse_taken"), parameters, "None", about, body, imports(_RUNTIME, "Conflict")
        )
        taken = source(f"TAKEN = {{\n{indented(chr(10).join(errors))}\n}}", imports(_RUNTIME, "FieldError"))
        return [taken, together(plain_statement("FIRST_TAKEN", lines), text)]


def refusing_taken(call: str, entity: Entity, keys: Sequence[tuple[str, list[Field]]]) -> tuple[str, Imports]:
    """A write that answers the one unique key that may be taken as a conflict."""
    if not keys:
        return call, NO_IMPORTS
    [(_, key)] = keys
    fields = ", ".join(f"FieldError({literal(entity.wire(field.name))}, 'taken')" for field in key)
    return _caught(call, f"Conflict({fields})"), _CAUGHT | imports(_RUNTIME, "FieldError")


def _caught(call: str, conflict: str, look: str = "") -> str:
    caught = f"except UniqueViolation as violation:\n    raise {conflict} from violation"
    return f"{look}try:\n    {call}\n{caught}"


def number_struct(column: str) -> Source:
    """What a statement answers that stores a row which the database numbers."""
    about = '"""What the database numbers a new row with."""'
    return source(
        f"class Number(Struct, frozen=True):\n    {about}\n\n    {Identifier(column)}: int", _STRUCT
    )


def wrapped(lines: Sequence[str]) -> list[str]:
    """Long lines of an INSERT, broken between columns."""
    return [
        "\n".join(textwrap.wrap(line, 88, subsequent_indent="    ", break_on_hyphens=False)) for line in lines
    ]


def insert_if_missing(entity: Entity, by: Sequence[str], repositories: Repositories) -> Identifier:
    """The name of the function that stores a row where there is none with its key."""
    names = repositories.names
    row, row_class = names.row(entity.name), names.row_class(entity)
    columns = [field.column for field in columns_of(entity, repositories.model)]
    keys = ", ".join(quoted(entity.field(name).column) for name in by)
    lines = wrapped(
        [
            f"INSERT INTO {quoted(entity.table)} ({', '.join(map(quoted, columns))})",
            f"VALUES ({', '.join(f':{column}' for column in columns)})",
        ]
    )
    lines.append(f"ON CONFLICT ({keys}) DO NOTHING")
    given = [f"{Identifier(column)}={row}.{column}" for column in columns]
    parameter = source(f"{row}: {row_class}", imports(f"{names.package}.entities", row_class))
    about = f"Store the {words(entity.name)} unless there is one of that {' and '.join(map(words, by))}."
    body = f"await {database_call('execute', ['INSERT_IF_MISSING', *given])}"
    text = function(Identifier("insert_if_missing"), [parameter], "None", about, body)
    statement = plain_statement("INSERT_IF_MISSING", lines)
    repositories.once(entity.name, "insert_if_missing", lambda: together(statement, text))
    return Identifier("insert_if_missing")


def plain_statement(name: str, lines: Sequence[str]) -> Source:
    """A statement in which nothing is compiled."""
    return source(f"{Identifier(name)} = sql({sql_block(chr(10).join(lines))})", _SQL)


def taken_words(keys: Sequence[tuple[str, list[Field]]]) -> str:
    """What the docstring says of unique keys."""
    if not keys:
        return ""
    said = [" and ".join(words(field.name) for field in fields) for _, fields in keys]
    verb = "are" if len(keys) == 1 and len(keys[0][1]) > 1 else "is"
    return f" Raises Conflict when the {' or the '.join(said)} {verb} taken."


def is_restricted(entity: Entity, model: Model) -> bool:
    """Whether rows that refer to one of this entity keep it from going."""
    return any(
        isinstance(field.type, ReferenceType)
        and field.type.entity == entity.name
        and field.type.on_delete == "restrict"
        for holder in model.entities
        for field in holder.fields
    )


# Links -----------------------------------------------------------------------------------------------


def set_links(entity: Entity, field: Field, repositories: Repositories) -> tuple[Identifier, Identifier]:
    """The function that makes the links of a row those given; module and name."""
    assert isinstance(field.type, ManyType)
    model, names = repositories.model, repositories.names
    target = model.entity(field.type.entity)
    table = quoted(link_table(entity, field.name))
    holder, other = link_columns(entity, field.name, target)
    kind, of = key(target.name, model), key(entity.name, model)
    upper = field.name.upper()
    drop = plain_statement(
        f"DROP_{upper}", [f"DELETE FROM {table}", *where([f"{quoted(holder)} = :{holder}"])]
    )
    own_key, other_key = quoted(key_fields(entity)[0].column), quoted(key_fields(target)[0].column)
    add = plain_statement(
        f"ADD_{upper}",
        [
            f"INSERT INTO {table} ({quoted(holder)}, {quoted(other)})",
            f"SELECT holder.{own_key}, listed.{other_key}",
            f"FROM {quoted(entity.table)} AS holder, {quoted(target.table)} AS listed",
            *where([f"holder.{own_key} = :{holder}", f"listed.{other_key} = ANY(:{field.name})"]),
        ],
    )
    body = (
        f"await db.execute(DROP_{upper}, {holder}={holder})\n"
        f"if {field.name}:\n    await db.execute(ADD_{upper}, {holder}={holder}, {field.name}={field.name})"
    )
    parameters = [source(f"{holder}: {of}", of), source(f"{Identifier(field.name)}: list[{kind}]", kind)]
    about = f"Make these the {words(field.name)} of {a(words(entity.name))}."
    text = function(Identifier(f"set_{field.name}"), parameters, "None", about, body)
    repositories.once(entity.name, f"set_{field.name}", lambda: together(drop, add, text))
    return names.repository(entity.name), Identifier(f"set_{field.name}")


def links_of(entity: Entity, field: Field, repositories: Repositories) -> tuple[Identifier, Identifier]:
    """The function that reads the keys that a row's many-to-many field lists; module and name."""
    assert isinstance(field.type, ManyType)
    model, names = repositories.model, repositories.names
    target = model.entity(field.type.entity)
    holder, other = link_columns(entity, field.name, target)
    kind, of = key(target.name, model), key(entity.name, model)
    upper = f"{field.name.upper()}_OF"
    statement = plain_statement(
        upper,
        [
            f"SELECT {quoted(other)} AS key",
            f"FROM {quoted(link_table(entity, field.name))}",
            *where([f"{quoted(holder)} = :{holder}"]),
            "ORDER BY key",
        ],
    )
    row = Identifier(f"{field.name.title().replace('_', '')}Key")
    struct = source(
        f'class {row}(Struct, frozen=True):\n    """A row that is listed."""\n\n    key: {kind}',
        _STRUCT,
        kind,
    )
    body = f"rows = await db.fetch_all({row}, {upper}, {holder}={holder})\nreturn [row.key for row in rows]"
    about = f"The keys of the {words(field.name)} of {a(words(entity.name))}, in their order."
    text = function(
        Identifier(f"{field.name}_of"), [source(f"{holder}: {of}", of)], f"list[{kind}]", about, body
    )
    repositories.once(entity.name, f"{field.name}_of", lambda: together(statement, struct, text))
    return names.repository(entity.name), Identifier(f"{field.name}_of")
