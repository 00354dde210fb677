# ruff: noqa: S608 (SQL is what this module writes, from validated names and its own literals)
"""Migration steps for PostgreSQL: ALTER TABLE in place, names of constraints follow their columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from backwright.emit.sql import quoted
from backwright.migrate import ddl, policies
from backwright.migrate.keeping import (
    begin_carrying,
    keep_column,
    keep_table,
    links_from,
    one_link_each,
    restore_values,
    same_row,
    the_link,
)
from backwright.migrate.literals import text
from backwright.migrate.move import Alteration, Carry, Links, Move, Step
from backwright.migrate.schema import Column, ForeignKey, Table, TableIndex, Term
from backwright.migrate.words import altered, created, dropped


def steps(move: Move) -> Iterator[Step]:
    """The steps in order: rename tables, create, alter, refer, drop; without policies meanwhile."""
    before, after = move.before, move.after
    changes = bool(list(_tables(move))) or before != after
    if before.guarded_by and changes:
        statements = tuple(policies.unguarding(before, for_good=not after.guarded_by))
        yield Step("take the policies away; callers see nothing until they are back", statements)
    yield from _tables(move)
    if before.guarded_by and before.guarded_by != after.guarded_by:
        yield Step(
            "drop the roles of callers and of trusted steps",
            tuple(policies.dropping_roles(before.guarded_by)),
        )
    if after.guarded_by and changes:
        roles = policies.making_roles(after.guarded_by) if before.guarded_by != after.guarded_by else ()
        yield Step("row-level security: the access rules once more", (*roles, *policies.guarding(after)))


def _tables(move: Move) -> Iterator[Step]:
    for new, old in move.renamed.items():
        statement = f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)};"
        yield Step(f"rename table {old} to {new}", (statement,))
    if loose := list(_loosened(move)):
        yield Step("drop the references that lead to indexes that change", tuple(loose))
    waiting: list[str] = []
    yield from _created(move, waiting)
    for change in move.altered:
        yield Step(altered(change, move), tuple(_alter(change, move)))
        waiting += _tied(change)
    if waiting:
        yield Step("add the references that waited for what they lead to", tuple(waiting))
    yield from _dropped(move)


def _loosened(move: Move) -> Iterator[str]:
    """References that go, where what they lead to may go before their own table changes."""
    for change in move.altered:
        later = _references(change.after, {})
        for form, key in _references(change.before, change.now).items():
            if change.waits(key) and form not in later:
                yield f"ALTER TABLE {quoted(change.after.name)} DROP CONSTRAINT {quoted(key.name)};"
    gone = {table.name for table in move.dropped}
    for table in move.dropped:
        for key in table.foreign_keys:
            if move.waits(key) and key.table not in gone:
                yield f"ALTER TABLE {quoted(table.name)} DROP CONSTRAINT {quoted(key.name)};"


def _tied(change: Alteration) -> Iterator[str]:
    """References that are new, where what they lead to may be so as well."""
    former = _references(change.before, change.now)
    for form, key in _references(change.after, {}).items():
        if change.waits(key) and form not in former:
            yield f"ALTER TABLE {quoted(change.after.name)} ADD {ddl.foreign_key(key)};"


def _created(move: Move, waiting: list[str]) -> Iterator[Step]:
    known = set(move.tables)
    for table in move.created:
        known.add(table.name)
        later = [key for key in table.foreign_keys if move.waits(key) or key.table not in known]
        waiting += [f"ALTER TABLE {quoted(table.name)} ADD {ddl.foreign_key(key)};" for key in later]
        statements = [ddl.create_table(table, "postgresql", without={key.name for key in later})]
        statements += ddl.check_words(table.name, table.checks)
        if links := move.fed(table):
            statements.append(links_from(links))
        elif move.direction == "down":
            statements += _restored(table, move)
        statements += [ddl.create_index(table.name, index) for index in table.indexes]
        yield Step(created(table, move), tuple(statements))


def _restored(table: Table, move: Move) -> Iterator[str]:
    kept = move.kept(table.name)
    names = ddl.names([column.name for column in table.columns])
    yield f"INSERT INTO {quoted(table.name)} ({names})\nSELECT {names}\nFROM {kept};"
    if table.numbered:
        yield f"SELECT setval({_counter(table)}, max({quoted(table.numbered)})) FROM {quoted(table.name)};"
    yield f"DROP TABLE {kept};"


def _counter(table: Table) -> str:
    """What counts the rows. The function takes a name as SQL would write it, and a column's as it is."""
    return f"pg_get_serial_sequence({text(quoted(table.name))}, {text(table.numbered or '')})"


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
        kept = move.direction == "up" and not move.moved(table.name)
        statements = list(keep_table(table, move)) if kept else []
        yield Step(dropped(table, move), (*statements, f"DROP TABLE {quoted(table.name)};"))


def _alter(change: Alteration, move: Move) -> Iterator[str]:
    table = f"ALTER TABLE {quoted(change.after.name)}"
    if move.direction == "up":
        for name in change.removed:
            if not move.moved(change.after.name, name):
                yield from keep_column(change, name, move)
    yield from begin_carrying(change, move)
    for new, old in change.renamed.items():
        yield f"{table} RENAME COLUMN {quoted(old)} TO {quoted(new)};"
    former_indexes, later_indexes = _indexes_by_meaning(change)
    for form, index in former_indexes.items():
        if form not in later_indexes:
            yield f"DROP INDEX {quoted(index.name)};"
        elif later_indexes[form].name != index.name:
            yield f"ALTER INDEX {quoted(index.name)} RENAME TO {quoted(later_indexes[form].name)};"
    former, later = _constraints(change, change.before, change.now), _constraints(change, change.after, None)
    yield from _constraints_gone(table, former, later)
    yield from _renamed_references(table, change)
    yield from (f"{table} DROP COLUMN {quoted(name)};" for name in change.removed)
    for name in change.added:
        yield from _add_column(change, name, move)
    yield from _columns(change, table, move)
    for form, (name, definition) in later.items():
        if form not in former:
            yield f"{table} ADD CONSTRAINT {quoted(name)} {definition};"
    retyped = _retyped(change, change.after)
    added = [
        check
        for check in change.after.checks
        if ("condition", check.rule, *_mentioned(check.rule, retyped)) not in former
    ]
    yield from ddl.check_words(change.after.name, added)
    for form, index in later_indexes.items():
        if form not in former_indexes:
            yield ddl.create_index(change.after.name, index)


def _constraints(
    change: Alteration, table: Table, now: dict[str, str] | None
) -> dict[tuple[Any, ...], tuple[str, str]]:
    """Constraints by what they mean, with columns under their later names: name and definition.

    `now` maps earlier names to later ones; what is about a column that goes is marked as gone.
    """
    known = {column.name: column.name for column in table.columns} if now is None else now
    retyped = _retyped(change, table)
    found: dict[tuple[Any, ...], tuple[str, str]] = {}
    if table.key:
        found["key", *(known.get(each, each) for each in table.key)] = table.key_name, ddl.primary_key(table)
    for check in table.checks:
        if not check.column:
            form: tuple[Any, ...] = ("condition", check.rule, *_mentioned(check.rule, retyped))
        elif check.column in known:
            form = ("check", known[check.column], check.rule, retyped.get(check.column, ""))
        else:
            form = ("gone", "check", check.column, check.rule)
        found[form] = check.name, f"CHECK ({check.sql})"
    for form, key in _references(table, known).items():
        if not change.waits(key):
            found[form] = key.name, ddl.foreign_key(key).partition(f"CONSTRAINT {quoted(key.name)} ")[2]
    return found


def _retyped(change: Alteration, table: Table) -> dict[str, str]:
    """The columns whose type changes, with the type that they have in this table.

    A constraint about one is made anew: its words would be read for the other type.
    """
    names = {
        change.columns[new] if table is change.before else new
        for new, old in change.columns.items()
        if change.before.column(old).type != change.after.column(new).type
    }
    return {name: table.column(name).type for name in names}


def _mentioned(rule: str, retyped: dict[str, str]) -> list[str]:
    words = set(re.findall(r"\w+", rule))
    return [f"{name} {kind}" for name, kind in sorted(retyped.items()) if name in words]


def _references(table: Table, now: dict[str, str]) -> dict[tuple[Any, ...], ForeignKey]:
    """Foreign keys by what they mean, with columns under their later names."""
    return {
        (
            "reference",
            tuple(now.get(each, each) for each in key.columns),
            key.table,
            key.keys,
            key.on_delete,
            tuple(now.get(each, each) for each in key.cleared),
        ): key
        for key in table.foreign_keys
    }


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


def _renamed_references(table: str, change: Alteration) -> Iterator[str]:
    """References that wait for nothing because they stay, under another name."""
    later = _references(change.after, {})
    for form, key in _references(change.before, change.now).items():
        if change.waits(key) and form in later and later[form].name != key.name:
            yield f"{table} RENAME CONSTRAINT {quoted(key.name)} TO {quoted(later[form].name)};"


Indexes = dict[tuple[tuple[Term, ...], bool, str], TableIndex]


def _indexes_by_meaning(change: Alteration) -> tuple[Indexes, Indexes]:
    """Earlier and later indexes by terms and uniqueness, with columns under their later names."""
    now = change.now
    former: Indexes = {}
    for index in change.before.indexes:
        terms = tuple(Term(now.get(term.column, f"-{term.column}"), term.order) for term in index.terms)
        live = now.get(index.live, f"-{index.live}") if index.live else ""
        former[terms, index.unique, live] = index
    return former, {(index.terms, index.unique, index.live): index for index in change.after.indexes}


def _add_column(change: Alteration, name: str, move: Move) -> Iterator[str]:
    table, item = quoted(change.after.name), change.after.column(name)
    fill = move.fills.get((change.after.name, name))
    if links := move.source(change.after.name, name):
        yield from _gather(item, links)
        return
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


def _gather(item: Column, links: Links) -> Iterator[str]:
    """A reference that leads to what the only link of its row leads to."""
    yield from one_link_each(links)
    table, column = quoted(links.owner), quoted(item.name)
    yield f"ALTER TABLE {table} ADD COLUMN {column} {item.type};"
    yield f"UPDATE {table} SET {column} = {the_link(links, table)};"
    if not item.nullable:
        yield f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;"


def _restore_column(change: Alteration, name: str, fill: str | None, move: Move) -> Iterator[str]:
    table, column = quoted(change.after.name), quoted(name)
    kept = move.kept(change.after.name, name)
    same = same_row(change, "kept", table, {each: each for each in change.after.row})
    yield f"UPDATE {table} SET {column} = kept.{column}\nFROM {kept} AS kept\nWHERE {same};"
    if fill is not None:  # rows that came after the field was dropped
        unkept = f"NOT EXISTS (SELECT 1 FROM {kept} AS kept WHERE {same})"
        yield f"UPDATE {table} SET {column} = {fill}\nWHERE {unkept};"
    yield f"DROP TABLE {kept};"


def _columns(change: Alteration, table: str, move: Move) -> Iterator[str]:
    for new, old in change.columns.items():
        before, after = change.before.column(old), change.after.column(new)
        carry = change.carries.get(new, Carry())
        alter = f"{table} ALTER COLUMN {quoted(new)}"
        default = before.default
        if before.type != after.type:
            if default is not None:
                yield f"{alter} DROP DEFAULT;"
                default = None
            yield f"{alter} TYPE {after.type} USING {carry.value(quoted(new))};"
        elif carry.fill:
            yield f"UPDATE {quoted(change.after.name)} SET {quoted(new)} = {carry.fill} WHERE {quoted(new)} IS NULL;"
        if default != after.default:
            yield (
                f"{alter} DROP DEFAULT;" if after.default is None else f"{alter} SET DEFAULT {after.default};"
            )
        if before.nullable != after.nullable:
            yield f"{alter} {'DROP' if after.nullable else 'SET'} NOT NULL;"
        if carry.keeps and move.direction == "down":
            yield from restore_values(change, new, move)
