"""Writes `tests/rows.py`: functions that store rows without the service's own code, and read them again."""

from __future__ import annotations

import textwrap

from backwright.emit import sql
from backwright.emit.annotations import annotation, stored_as
from backwright.emit.entities import columns
from backwright.emit.names import Names, a, free_class, pascal, words
from backwright.emit.source import (
    Identifier,
    Imports,
    Source,
    docstring,
    imports,
    indented,
    module,
    source,
    sql_block,
)
from backwright.emit.testing.service import has_encrypted
from backwright.emit.testing.stores import is_database_made, store_name
from backwright.emit.testing.values import Unfit
from backwright.emit.testing.world import Setting
from backwright.emit.testing.writing import Known, attribute, needed
from backwright.model.storage import link_columns, link_table
from backwright.model.types import Entity, Field, ManyType, ReferenceType, ScalarType

_RUNTIME = "backwright_runtime"
_TESTING = "backwright_runtime.testing"
WIDTH = 88


def rows_module(setting: Setting) -> str:
    """The module; entities that no lone row can be of have no functions."""
    pieces: list[Source] = []
    model = setting.model
    if any(_is_made_uuid(entity, field) for entity in model.entities for field in entity.fields):
        pieces.append(next_id())
    if has_encrypted(model):
        pieces.append(
            source(
                "CIPHER = Cipher(ENCRYPTION_KEYS)",
                imports("tests.conftest", "ENCRYPTION_KEYS"),
                imports(_RUNTIME, "Cipher"),
            )
        )
    for entity in model.entities:
        try:
            pieces += [*store(entity, setting), *everything_stored(entity, setting)]
        except Unfit:
            continue
        for field in entity.fields:
            if isinstance(field.type, ManyType):
                pieces += links(entity, field, setting)
    about = "Rows to test with. Arguments say what matters to a test; everything else is filled in."
    return module(about, pieces, package=setting.names.package)


def _is_made_uuid(entity: Entity, field: Field) -> bool:
    return field.generated is None and is_database_made(entity, field)


def next_id() -> Source:
    """Keys in the order of their making, all smaller than those that the service makes."""
    text = (
        "IDS = itertools.count(1)\n\n\n"
        "def next_id() -> UUID:\n"
        '    """The next key, larger than those before, and smaller than those that the service makes."""\n'
        "    return UUID(int=(7 << 76) + (2 << 62) + next(IDS))"
    )
    return source(text, imports("", "itertools"), imports("uuid", "UUID"))


# Storing ------------------------------------------------------------------------------------------------


class _Parameter:
    """How the function that stores a row takes one column."""

    def __init__(self, field: Field, entity: Entity, setting: Setting) -> None:
        kind = stored_as(field, setting.model)
        self.column = attribute(field)
        self.kind, self.default = kind, ""
        self.imports = kind.imports
        if is_database_made(entity, field):
            self.kind, self.default = source(f"{kind} | None", kind), "None"
        elif isinstance(field.type, ReferenceType):
            self.default = "None" if field.nullable else ""
        else:
            self.default = Known().python(setting.default(entity, field))
            self.imports |= needed(self.default)
        if isinstance(field.type, ScalarType) and field.type.scalar == "enum" and "Literal" in kind.text:
            self.kind = kind
        if self.default.startswith(("[", "{")):
            # No default may be changed by one call for the next.
            self.fallback, self.kind, self.default = self.default, source(f"{kind} | None", kind), "None"
        else:
            self.fallback = ""

    @property
    def text(self) -> str:
        return f"{self.column}: {self.kind}{f' = {self.default}' if self.default else ''}"


def store(entity: Entity, setting: Setting) -> list[Source]:
    """The statement and the function that store a row."""
    names = setting.names
    row, row_class = variable(entity, names), names.row_class(entity)
    stored = [field for field in entity.fields if not isinstance(field.type, ManyType)]
    by_database = [field for field in stored if field.generated == "sequence"]
    given = [field for field in stored if field not in by_database]
    parameters = [_Parameter(field, entity, setting) for field in given]
    links = [field for field in entity.fields if isinstance(field.type, ManyType)]
    used: Imports = frozenset().union(*(each.imports for each in parameters))
    signature = [each.text for each in parameters if not each.default]
    signature += [each.text for each in parameters if each.default]
    for field in links:
        of = annotation(field.type, setting.model)
        signature.append(f"{Identifier(field.name)}: {of.text.replace('list[', 'Sequence[', 1)} = ()")
        used |= of.imports | imports("collections.abc", "Sequence")
    db = "database" if any(field.column == "db" for field in given) else "db"
    listed = ",\n".join([f"{db}: Queries", "*", *signature])
    function = store_name(entity.name)
    values = [
        (field, _value(field, entity, parameter)) for field, parameter in zip(given, parameters, strict=True)
    ]
    for _, value in values:
        used |= value.imports
    passed = ", ".join(f"{attribute(field)}={value}" for field, value in values)
    statement = _insert(entity, given, by_database, setting)
    lines: list[str]
    if by_database:
        lines = [
            f"{row} = await {db}.fetch_one({row_class}, {function.upper()}, {passed})",
            f"assert {row} is not None",
        ]
        hidden = encrypted(entity, setting)
        if hidden:
            lines.append(f"{row} = {decrypted(entity, row, hidden)}")
            used |= imports("msgspec.structs", "replace")
    else:
        shown = set(columns(entity, setting.model))
        lines = []
        hidden_names = {field.name for field in encrypted(entity, setting)}
        struct = []
        sent = []
        for field, value in values:
            column = attribute(field)
            if field.name in hidden_names:
                struct.append(f"{column}={column}")
                sent.append(f"{column}={value}")
            elif field in shown:
                struct.append(f"{column}={value}")
                sent.append(f"{column}={row}.{column}")
            else:
                sent.append(f"{column}={value}")
        lines.append(f"{row} = {row_class}({', '.join(struct)})")
        lines.append(f"await {db}.execute({function.upper()}, {', '.join(sent)})")
    for field in links:
        lines.append(_link_rows(entity, field, row, setting).replace("await db.", f"await {db}."))
    lines.append(f"return {row}")
    text = (
        f"async def {function}(\n{indented(listed)},\n) -> {row_class}:\n"
        f"    {docstring(f'{a(words(entity.name)).capitalize()} that is stored.', 4)}\n"
        + indented("\n".join(lines))
    )
    used |= imports(f"{names.package}.entities", row_class) | imports(_RUNTIME, "Queries")
    return [
        source(f"{function.upper()} = sql({sql_block(statement)})", imports(_RUNTIME, "sql")),
        source(text, used),
    ]


def variable(entity: Entity, names: Names) -> Identifier:
    """The variable of a row, unlike any parameter."""
    row = names.row(entity.name)
    taken = {str(attribute(field)) for field in entity.fields} | {field.name for field in entity.fields}
    return Identifier(f"{row}_row") if row in taken else row


def _insert(entity: Entity, given: list[Field], by_database: list[Field], setting: Setting) -> str:
    inserted = ", ".join(sql.quoted(field.column) for field in given)
    values = ", ".join(f":{attribute(field)}" for field in given)
    lines = [f"INSERT INTO {sql.quoted(entity.table)} ({inserted})", f"VALUES ({values})"]
    if by_database:
        lines.append(
            f"RETURNING {', '.join(sql.quoted(field.column) for field in columns(entity, setting.model))}"
        )
    return "\n".join(map(wrapped, lines))


def wrapped(line: str) -> str:
    """A line of SQL, on several where it is long."""
    return "\n".join(
        textwrap.wrap(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False)
    )


def _value(field: Field, entity: Entity, parameter: _Parameter) -> Source:
    """What is stored of an argument."""
    column = attribute(field)
    if is_database_made(entity, field):
        return source(f"{column} or next_id()")
    if isinstance(field.type, ScalarType) and field.type.scalar == "password":
        return source(f"await CHEAP_PASSWORDS.hash({column})", imports(_TESTING, "CHEAP_PASSWORDS"))
    if field.encrypted:
        purpose = f"{entity.table}.{field.column}"
        return source(f'CIPHER.encrypt_same({column}, "{purpose}")')
    if parameter.fallback:
        return source(f"{parameter.fallback} if {column} is None else {column}", needed(parameter.fallback))
    return source(str(column))


# Links --------------------------------------------------------------------------------------------------


def _link_rows(entity: Entity, field: Field, row: Identifier, setting: Setting) -> str:
    assert isinstance(field.type, ManyType)
    table = link_table(entity, field.name)
    first, second = link_columns(entity, field.name, setting.model.entity(field.type.entity))
    key = attribute(entity.field(entity.key))
    return (
        f"for listed in {Identifier(field.name)}:\n"
        f"    await db.execute(LINK_{Identifier(table).upper()}, {first}={row}.{key}, {second}=listed)"
    )


def links(entity: Entity, field: Field, setting: Setting) -> list[Source]:
    """The statements of one table of links, and the function that reads it."""
    assert isinstance(field.type, ManyType)
    model, names = setting.model, setting.names
    target = model.entity(field.type.entity)
    table = link_table(entity, field.name)
    first, second = link_columns(entity, field.name, target)
    name = Identifier(table)
    kinds = [stored_as(each.field(each.key), model) for each in (entity, target)]
    link_class = free_class(f"{pascal(table)}Link", names.taken)
    both = f"{sql.quoted(first)}, {sql.quoted(second)}"
    insert = f"INSERT INTO {sql.quoted(table)} ({both})\nVALUES (:{first}, :{second})"
    select = f"SELECT {both}\nFROM {sql.quoted(table)}\nORDER BY {both}"
    struct = (
        f"class {link_class}(Struct, frozen=True):\n    {docstring(f'A row of `{table}`.', 4)}\n\n"
        f"    {first}: {kinds[0]}\n    {second}: {kinds[1]}"
    )
    function = (
        f"async def linked_{name}(db: Queries) -> list[tuple[{kinds[0]}, {kinds[1]}]]:\n"
        f"    {docstring(f'Which {words(entity.name)} lists which {words(target.name)} as {field.name}.', 4)}\n"
        f"    links = await db.fetch_all({link_class}, LINKED_{name.upper()})\n"
        f"    return [(each.{first}, each.{second}) for each in links]"
    )
    return [
        source(f"LINK_{name.upper()} = sql({sql_block(insert)})", imports(_RUNTIME, "sql")),
        source(struct, imports("msgspec", "Struct"), *kinds),
        source(f"LINKED_{name.upper()} = sql({sql_block(select)})", imports(_RUNTIME, "sql")),
        source(function, imports(_RUNTIME, "Queries"), *kinds),
    ]


# Reading ------------------------------------------------------------------------------------------------


def encrypted(entity: Entity, setting: Setting) -> list[Field]:
    """The columns that hold what was encrypted."""
    return [field for field in columns(entity, setting.model) if field.encrypted]


def decrypted(entity: Entity, row: str, hidden: list[Field]) -> str:
    """A row with its encrypted columns readable."""
    given = ", ".join(
        f'{attribute(field)}=CIPHER.decrypt({row}.{attribute(field)}, "{entity.table}.{field.column}")'
        for field in hidden
    )
    return f"replace({row}, {given})"


def everything_stored(entity: Entity, setting: Setting) -> list[Source]:
    """The function that reads all rows."""
    names = setting.names
    row_class = names.row_class(entity)
    name = Identifier(f"all_{names.plurals[entity.name]}")
    shown = columns(entity, setting.model)
    listed = ", ".join(sql.quoted(field.column) for field in shown)
    text = f"{wrapped(f'SELECT {listed}')}\nFROM {sql.quoted(entity.table)}"
    if entity.soft_delete is not None:
        text += f"\nWHERE {sql.quoted(entity.field(entity.soft_delete).column)} IS NULL"
    text += "\nORDER BY " + ", ".join(sql.quoted(entity.field(each).column) for each in entity.keys)
    statement = source(f"{name.upper()} = sql({sql_block(text)})", imports(_RUNTIME, "sql"))
    hidden = encrypted(entity, setting)
    result = f"return await db.fetch_all({row_class}, {name.upper()})"
    used = imports(f"{names.package}.entities", row_class) | imports(_RUNTIME, "Queries")
    pieces = [statement]
    if hidden:
        opened = decrypted(entity, "row", hidden)
        result = f"rows = await db.fetch_all({row_class}, {name.upper()})\nreturn [{opened} for row in rows]"
        used |= imports("msgspec.structs", "replace")
    function = (
        f"async def {name}(db: Queries) -> list[{row_class}]:\n"
        f"    {docstring(f'Every stored {words(entity.name)}, by key.', 4)}\n{indented(result)}"
    )
    return [*pieces, source(function, used)]
