# ruff: noqa: S608 (SQL is what this module writes, from validated names and its own literals)
"""Migration steps for PostgreSQL: ALTER TABLE in place, names of constraints follow their columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backwright.emit.sql import quoted
from backwright.migrate import ddl
from backwright.migrate.move import Alteration, Move, Step
from backwright.migrate.schema import Table, TableIndex, Term
from backwright.migrate.words import altered, created, dropped


def steps(move: Move) -> Iterator[Step]:
    """The steps in order: rename tables, create, alter, drop."""
    for new, old in move.renamed.items():
        statement = f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)};"
        yield Step(f"rename table {old} to {new}", (statement,))
    yield from _created(move)
    for change in move.altered:
        yield Step(altered(change, move), tuple(_alter(change, move)))
    yield from _dropped(move)


def _created(move: Move) -> Iterator[Step]:
    tables = move.created
    later: list[str] = []
    known = set(move.tables)
    for table in tables:
        known.add(table.name)
        waiting = [key for key in table.foreign_keys if key.table not in known]
        later += [f"ALTER TABLE {quoted(table.name)} ADD {ddl.foreign_key(key)};" for key in waiting]
        statements = [ddl.create_table(table, "postgresql", without={key.name for key in waiting})]
        if move.direction == "down":
            statements += _restored(table, move)
        statements += [ddl.create_index(table.name, index) for index in table.indexes]
        yield Step(created(table, move), tuple(statements))
    if later:
        yield Step("add the references between tables that refer to each other", tuple(later))


def _restored(table: Table, move: Move) -> list[str]:
    kept = move.kept(table.name)
    names = ", ".join(quoted(column.name) for column in table.columns)
    return [
        f"INSERT INTO {quoted(table.name)} ({names})\nSELECT {names}\nFROM {kept};",
        f"DROP TABLE {kept};",
    ]


def _dropped(move: Move) -> Iterator[Step]:
    tables = move.dropped
    gone: set[str] = set()
    loose: list[str] = []
    for table in reversed(tables):
        gone.add(table.name)
        loose += [
            f"ALTER TABLE {quoted(table.name)} DROP CONSTRAINT {quoted(key.name)};"
            for key in table.foreign_keys
            if key.table in {other.name for other in tables} - gone
        ]
    if loose:
        yield Step("drop the references between tables that refer to each other", tuple(loose))
    for table in tables:
        statements = list(keep_table(table, move)) if move.direction == "up" else []
        yield Step(dropped(table, move), (*statements, f"DROP TABLE {quoted(table.name)};"))


def keep_table(table: Table, move: Move) -> Iterator[str]:
    """Copy a table's rows to where the way back finds them."""
    kept = move.kept(table.name)
    names = ", ".join(quoted(column.name) for column in table.columns)
    yield ddl.create_kept(kept, list(table.columns), table.key, move.dialect)
    yield f"INSERT INTO {kept} ({names})\nSELECT {names}\nFROM {quoted(table.name)};"


def keep_column(change: Alteration, name: str, move: Move) -> Iterator[str]:
    """Copy a column's values, with the key of their rows, to where the way back finds them."""
    kept = move.kept(change.former_name, name)
    table = change.before
    columns = [table.column(table.key), table.column(name)]
    names = ", ".join(quoted(column.name) for column in columns)
    yield ddl.create_kept(kept, columns, table.key, move.dialect)
    yield f"INSERT INTO {kept} ({names})\nSELECT {names}\nFROM {quoted(table.name)};"


def _alter(change: Alteration, move: Move) -> Iterator[str]:
    table = f"ALTER TABLE {quoted(change.after.name)}"
    if move.direction == "up":
        for name in change.removed:
            yield from keep_column(change, name, move)
    for new, old in change.renamed.items():
        yield f"{table} RENAME COLUMN {quoted(old)} TO {quoted(new)};"
    former_indexes, later_indexes = _indexes_by_meaning(change)
    for form, index in former_indexes.items():
        if form not in later_indexes:
            yield f"DROP INDEX {quoted(index.name)};"
        elif later_indexes[form].name != index.name:
            yield f"ALTER INDEX {quoted(index.name)} RENAME TO {quoted(later_indexes[form].name)};"
    former, later = _constraints(change.before, change), _constraints(change.after, None)
    yield from _constraints_gone(table, former, later)
    yield from (f"{table} DROP COLUMN {quoted(name)};" for name in change.removed)
    for name in change.added:
        yield from _add_column(change, name, move)
    yield from _columns(change, table)
    for form, (name, definition) in later.items():
        if form not in former:
            yield f"{table} ADD CONSTRAINT {quoted(name)} {definition};"
    for form, index in later_indexes.items():
        if form not in former_indexes:
            yield ddl.create_index(change.after.name, index)


def _constraints(table: Table, change: Alteration | None) -> dict[tuple[Any, ...], tuple[str, str]]:
    """Constraints by what they mean, with columns under their later names: name and definition."""
    now = {old: new for new, old in change.columns.items()} if change else {}
    found: dict[tuple[Any, ...], tuple[str, str]] = {}
    key = now.get(table.key, table.key)
    found["key", key] = table.key_name, f"PRIMARY KEY ({quoted(key)})"
    for check in table.checks:
        form = ("check", now.get(check.column, check.column), check.rule)
        if change is None or check.column in now:
            found[form] = check.name, f"CHECK ({check.sql})"
        else:
            found[("gone", *form)] = check.name, ""
    for reference in table.foreign_keys:
        form = ("reference", now.get(reference.column, reference.column), reference.table)
        definition = ddl.foreign_key(reference).partition(" FOREIGN KEY ")[2]
        if change is None or reference.column in now:
            found[form] = reference.name, f"FOREIGN KEY {definition}"
        else:
            found[("gone", *form)] = reference.name, ""
    return found


def _constraints_gone(
    table: str,
    former: dict[tuple[Any, ...], tuple[str, str]],
    later: dict[tuple[Any, ...], tuple[str, str]],
) -> Iterator[str]:
    for form, (name, _) in former.items():
        if form not in later:
            yield f"{table} DROP CONSTRAINT {quoted(name)};"
        elif later[form][0] != name:
            yield f"{table} RENAME CONSTRAINT {quoted(name)} TO {quoted(later[form][0])};"


Indexes = dict[tuple[tuple[Term, ...], bool], TableIndex]


def _indexes_by_meaning(change: Alteration) -> tuple[Indexes, Indexes]:
    """Earlier and later indexes by terms and uniqueness, with columns under their later names."""
    now = {old: new for new, old in change.columns.items()}
    former: Indexes = {}
    for index in change.before.indexes:
        terms = tuple(Term(now.get(term.column, f"-{term.column}"), term.order) for term in index.terms)
        former[terms, index.unique] = index
    return former, {(index.terms, index.unique): index for index in change.after.indexes}


def _add_column(change: Alteration, name: str, move: Move) -> Iterator[str]:
    table, item = quoted(change.after.name), change.after.column(name)
    fill = move.fills.get((change.after.name, name))
    if move.direction == "up" and (fill is None or fill == item.default):
        yield f"ALTER TABLE {table} ADD COLUMN {ddl.column(item)};"
        return
    column = quoted(name)
    yield f"ALTER TABLE {table} ADD COLUMN {column} {item.type};"
    if move.direction == "down":
        yield from _restore_column(change, name, fill, move)
    else:
        yield f"UPDATE {table} SET {column} = {fill};"
    if item.default is not None:
        yield f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {item.default};"
    if not item.nullable:
        yield f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;"


def _restore_column(change: Alteration, name: str, fill: str | None, move: Move) -> Iterator[str]:
    table, column, key = quoted(change.after.name), quoted(name), quoted(change.after.key)
    kept = move.kept(change.after.name, name)
    same_row = f"kept.{key} = {table}.{key}"
    yield f"UPDATE {table} SET {column} = kept.{column}\nFROM {kept} AS kept\nWHERE {same_row};"
    if fill is not None:  # rows that came after the field was dropped
        unkept = f"NOT EXISTS (SELECT 1 FROM {kept} AS kept WHERE {same_row})"
        yield f"UPDATE {table} SET {column} = {fill}\nWHERE {unkept};"
    yield f"DROP TABLE {kept};"


def _columns(change: Alteration, table: str) -> Iterator[str]:
    for new, old in change.columns.items():
        before, after = change.before.column(old), change.after.column(new)
        alter = f"{table} ALTER COLUMN {quoted(new)}"
        if before.default != after.default:
            yield (
                f"{alter} DROP DEFAULT;" if after.default is None else f"{alter} SET DEFAULT {after.default};"
            )
        if before.nullable != after.nullable:
            yield f"{alter} {'DROP' if after.nullable else 'SET'} NOT NULL;"
