"""Writes the tests of what the database itself holds, whatever the service looks at: read from a migrated one.

They say less than the gate `migrations`, which compares the whole schema, and they stay with the project.
"""

from __future__ import annotations

from collections.abc import Iterator

from backwright.emit.source import Source, imports, indented, literal, source
from backwright.model import storage
from backwright.model.types import Entity, ManyType, Model, ReferenceType
from backwright.reference.writing import unique_keys

ON_DELETE = {"restrict": "RESTRICT", "cascade": "CASCADE", "set_null": "SET NULL"}
Reference = tuple[str, str, str, str]


def schema_tests(model: Model) -> Iterator[Source]:
    """Columns that are never null, what is unique, and what becomes of rows whose target is deleted."""
    required = {entity.table: required_columns(entity) for entity in model.entities}
    if not any(required.values()):
        return
    yield source(f"REQUIRED = {_shown({table: sorted(found) for table, found in required.items()})}")
    yield source(
        "def test_the_database_requires_what_is_never_null(migrated: Path) -> None:\n"
        '    """Of the columns that are no keys."""\n'
        "    statement = 'SELECT name FROM pragma_table_info(?) WHERE \"notnull\"'\n"
        "    with closing(sqlite3.connect(migrated)) as connection:\n"
        "        for table, columns in REQUIRED.items():\n"
        "            found = {name for (name,) in connection.execute(statement, (table,))}\n"
        "            assert found >= set(columns), table",
        imports("", "sqlite3") | imports("contextlib", "closing") | imports("pathlib", "Path"),
    )
    yield from _unique(model)
    yield from _references(model)


def required_columns(entity: Entity) -> list[str]:
    """The columns that are never null. Those of the key are not among them: SQLite counts some rows by them."""
    keys = storage.key_columns(entity)
    return [
        field.column
        for field in storage.columns(entity)
        if not field.nullable and field.column not in keys and field.name != entity.soft_delete
    ]


def _unique(model: Model) -> Iterator[Source]:
    unique = {
        entity.table: sorted(
            sorted(entity.field(name).column for name in key)
            for key in unique_keys(entity)
            if tuple(key) != tuple(entity.keys)
        )
        for entity in model.entities
    }
    unique = {table: keys for table, keys in unique.items() if keys}
    if not unique:
        return
    yield source(f"UNIQUE = {_shown(unique)}")
    yield source(
        "def test_the_database_keeps_apart_what_is_unique(migrated: Path) -> None:\n"
        '    """Two requests at the same time are told apart by nothing else."""\n'
        "    statement = (\n"
        '        "SELECT group_concat(i.name) FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i"\n'
        "        ' WHERE l.\"unique\" GROUP BY l.name'\n"
        "    )\n"
        "    with closing(sqlite3.connect(migrated)) as connection:\n"
        "        for table, keys in UNIQUE.items():\n"
        '            found = [sorted(names.split(",")) for (names,) in connection.execute(statement, (table,))]\n'
        "            assert all(key in found for key in keys), table",
    )


def _references(model: Model) -> Iterator[Source]:
    references = {table: sorted(found) for table, found in _by_table(model).items() if found}
    if not references:
        return
    yield source(f"REFERENCES = {_shown(references)}")
    yield source(
        "def test_the_database_holds_references(migrated: Path) -> None:\n"
        '    """Each leads to a row that is there; when that is deleted, it says what becomes of its own."""\n'
        '    statement = \'SELECT "from", "table", "to", on_delete FROM pragma_foreign_key_list(?)\'\n'
        "    with closing(sqlite3.connect(migrated)) as connection:\n"
        "        for table, references in REFERENCES.items():\n"
        "            found = set(connection.execute(statement, (table,)))\n"
        "            assert found >= set(references), table",
    )


def _by_table(model: Model) -> dict[str, list[Reference]]:
    """Column, table, key and what happens, of references of one column, by the table that has them."""
    found: dict[str, list[Reference]] = {}
    for entity in model.entities:
        for field in entity.fields:
            match field.type:
                case ReferenceType(entity=name, on_delete=on_delete) if field.same is None:
                    target = model.entity(name)
                    # Rows that hold others of their own table may go at once, which SQLite lets them only so.
                    own = on_delete == "restrict" and target is entity
                    (key,) = storage.key_columns(target)
                    happens = "NO ACTION" if own else ON_DELETE[on_delete]
                    found.setdefault(entity.table, []).append((field.column, target.table, key, happens))
                case ManyType(entity=name):
                    target = model.entity(name)
                    table = storage.link_table(entity, field.name)
                    columns = storage.link_columns(entity, field.name, target)
                    for column, side in zip(columns, (entity, target), strict=True):
                        (key,) = storage.key_columns(side)
                        found.setdefault(table, []).append((column, side.table, key, "CASCADE"))
                case _:
                    pass
    return found


def _shown(rows: dict[str, list[str]] | dict[str, list[list[str]]] | dict[str, list[Reference]]) -> str:
    lines = [f"{literal(name)}: {found!r}," for name, found in rows.items() if found]
    return "{\n" + indented("\n".join(lines)) + "\n}"
