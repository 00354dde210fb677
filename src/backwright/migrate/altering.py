# ruff: noqa: S608 (SQL is what this module writes, from validated names and its own literals)
"""Changes of one table on PostgreSQL, so that a service can go on answering meanwhile.

What takes a lock that others wait for is quick and comes together in one transaction: columns, names, constraints
that hold of new rows only. What takes time comes after it and keeps nobody out: values are filled in batches,
constraints are judged over the rows that are there, indexes are made concurrently. Only the conversion of a
column's type and what a way back restores rewrite a table while others wait.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from backwright.emit.sql import quoted
from backwright.migrate import ddl, twins
from backwright.migrate.keeping import (
    BATCH,
    begin_carrying,
    fill_and_keep,
    keep_removed,
    one_link_each,
    restore_values,
    same_row,
    the_link,
)
from backwright.migrate.move import Alteration, Carry, Links, Move, Step
from backwright.migrate.schema import Column, ForeignKey, Table, TableIndex, Term
from backwright.migrate.words import altered
from backwright_runtime.database.names import shortened


def altering(change: Alteration, move: Move) -> Iterator[Step]:
    """The steps of one table."""
    table = change.after.name
    former, later = _indexes_by_meaning(change)
    for form, index in former.items():
        if form not in later:
            yield _concurrently(f"drop index {index.name}", _without(index.name))
    plain = _Plain(change, move)
    meeting, parting = (
        [each for each in side if each.table == table] for side in (move.meeting, move.parting)
    )
    if move.direction == "down":
        yield from twins.unfit(meeting, move.direction)
    statements = [
        *(twins.parted(table) if parting else ()),
        *plain.statements(),
        *(twins.kept_in_step(table, meeting, move.direction) if meeting else ()),
    ]
    yield Step(altered(change, move), tuple(statements))
    if move.direction == "up":
        yield from twins.unfit(meeting, move.direction)
    yield from twins.caught_up(table, meeting, move.direction)
    for name in plain.filled:
        title = f"{table}: fill {name} where it is null"
        yield Step(title, (_fill(change, name, move, f" LIMIT {BATCH}"),), "in batches")
        last = (*plain.present(name), _fill(change, name, move))
        yield Step(f"{table}: {name} is never null from now on; what became null meanwhile", last)
    if judged := plain.judged:
        checks = tuple(f"ALTER TABLE {quoted(table)} VALIDATE CONSTRAINT {quoted(name)};" for name in judged)
        yield Step(f"{table}: every row is seen to satisfy {', '.join(judged)}", checks)
    if plain.keyed:
        yield from _keyed(change.after)
    if required := plain.required:
        yield Step(
            f"{table}: require {', '.join(required)}",
            tuple(statement for name in required for statement in _require(table, name)),
        )
    for form, index in later.items():
        if form not in former:
            made = ddl.create_index(table, index, concurrently=True)
            yield _concurrently(f"add index {index.name}", _without(index.name), made)


def _concurrently(title: str, *statements: str) -> Step:
    return Step(title, statements, "outside a transaction")


def _without(index: str) -> str:
    return f"DROP INDEX CONCURRENTLY IF EXISTS {quoted(index)};"


def _default(alter: str, default: str | None) -> str:
    return f"{alter} DROP DEFAULT;" if default is None else f"{alter} SET DEFAULT {default};"


def _keyed(table: Table) -> Iterator[Step]:
    """A primary key over rows that are there."""
    name = quoted(table.key_name)
    made = f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {quoted(table.name)} ({ddl.names(table.key)});"
    yield _concurrently(f"index of {table.key_name}", _without(table.key_name), made)
    statement = f"ALTER TABLE {quoted(table.name)} ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {name};"
    yield Step(f"{table.name}: it is the primary key", (statement,))


def _fill(change: Alteration, name: str, move: Move, limit: str = "") -> str:
    """Values for rows that have none."""
    carry, table = change.carries[name], change.after
    if carry.keeps and move.direction == "up":
        return fill_and_keep(change, name, carry, move, limit)
    lacks = f"{quoted(name)} IS NULL"
    if limit:  # by their place: what tells rows apart may itself be null
        lacks = f"ctid IN (SELECT ctid FROM {quoted(table.name)} WHERE {lacks}{limit} FOR UPDATE)"
    return f"UPDATE {quoted(table.name)}\nSET {quoted(name)} = {carry.fill}\nWHERE {lacks};"


def _present(table: str, column: str) -> str:
    """The constraint that stands for NOT NULL until it was seen to hold."""
    return shortened(f"backwright_{table}_{column}_present")


def _require(table: str, column: str) -> Iterator[str]:
    """PostgreSQL sees by the constraint that no row has to be looked at."""
    yield f"ALTER TABLE {quoted(table)} ALTER COLUMN {quoted(column)} SET NOT NULL;"
    yield f"ALTER TABLE {quoted(table)} DROP CONSTRAINT {quoted(_present(table, column))};"


class _Plain:
    """What is done in one transaction; `filled`, `judged`, `required` and `keyed` are what has to come after it."""

    def __init__(self, change: Alteration, move: Move) -> None:
        self.change = change
        self.move = move
        self.table = f"ALTER TABLE {quoted(change.after.name)}"
        self.filled: list[str] = []
        self.judged: list[str] = []
        self.required: list[str] = []
        self.keyed = False

    def statements(self) -> Iterator[str]:
        change, move = self.change, self.move
        before_it = [*keep_removed(change, move), *begin_carrying(change, move)]
        if before_it:  # what is looked at must not change before the rest is done
            yield f"LOCK TABLE {quoted(change.after.name)} IN ACCESS EXCLUSIVE MODE;"
        yield from before_it
        for new, old in change.renamed.items():
            yield f"{self.table} RENAME COLUMN {quoted(old)} TO {quoted(new)};"
        former_indexes, later_indexes = _indexes_by_meaning(change)
        for form, index in former_indexes.items():
            if form in later_indexes and later_indexes[form].name != index.name:
                yield f"ALTER INDEX {quoted(index.name)} RENAME TO {quoted(later_indexes[form].name)};"
        former = _constraints(change, change.before, change.now)
        later = _constraints(change, change.after, None)
        yield from _constraints_gone(self.table, former, later)
        yield from _renamed_references(self.table, change)
        for name in change.removed:
            yield from self.removed(name)
        for name in change.added:
            yield from self.added(name)
        for new, old in change.columns.items():
            yield from self.changed(new, old)
        for form, (name, definition) in later.items():
            if form not in former:
                yield from self.constrained(form, name, definition)
        retyped = _retyped(change, change.after)
        added = [
            check
            for check in change.after.checks
            if ("condition", check.rule, *_mentioned(check.rule, retyped)) not in former
        ]
        yield from ddl.check_words(change.after.name, added)

    def constrained(self, form: tuple[Any, ...], name: str, definition: str) -> Iterator[str]:
        """It holds of new rows at once; of those that are there it is seen afterwards."""
        if form[0] == "key":
            self.keyed = True
            return
        yield f"{self.table} ADD CONSTRAINT {quoted(name)} {definition} NOT VALID;"
        self.judged.append(name)

    def present(self, name: str) -> Iterator[str]:
        """New rows have a value at once; that all have one is seen afterwards."""
        constraint = _present(self.change.after.name, name)
        yield f"{self.table} ADD CONSTRAINT {quoted(constraint)} CHECK ({quoted(name)} IS NOT NULL) NOT VALID;"
        self.judged.append(constraint)
        self.required.append(name)

    def added(self, name: str) -> Iterator[str]:
        change, move = self.change, self.move
        item, column = change.after.column(name), quoted(name)
        fill = move.fills.get((change.after.name, name))
        if links := move.source(change.after.name, name):
            yield from _gather(item, links)
        elif move.direction == "down" and move.in_place:
            yield from self.brought_back(item, fill)
        elif move.direction == "down":
            yield f"{self.table} ADD COLUMN {column} {item.type};"
            yield from _restore_column(change, name, fill, move)
            if item.default is not None:
                yield f"{self.table} ALTER COLUMN {column} SET DEFAULT {item.default};"
            if not item.nullable:
                yield from self.present(name)
        elif fill is None and not item.nullable and not item.numbered:
            yield f"{self.table} ADD COLUMN {column} {item.type};"
            yield from self.present(name)
        elif fill is None or fill == item.default:
            yield f"{self.table} ADD COLUMN {ddl.column(item)};"
        else:  # the database has it for all rows that are there without writing to any
            yield f"{self.table} ADD COLUMN {ddl.column(msgspec.structs.replace(item, default=fill))};"
            yield _default(f"{self.table} ALTER COLUMN {column}", item.default)

    def removed(self, name: str) -> Iterator[str]:
        """Dropped where its values are somewhere else, or kept so; else set aside under another name."""
        change, move = self.change, self.move
        if move.direction == "down" or not move.in_place or move.becoming(change.after.name, name):
            yield f"{self.table} DROP COLUMN {quoted(name)};"
            return
        item, kept = change.before.column(name), move.kept(change.former_name, name)
        yield f"{self.table} RENAME COLUMN {quoted(name)} TO {kept};"
        if item.numbered:  # it goes on counting, also behind numbers that somebody gave
            yield ddl.counted_on(change.after.name, kept)
        fill = move.lingering.get((change.after.name, name))
        if fill is not None and fill != item.default:
            yield f"{self.table} ALTER COLUMN {kept} SET DEFAULT {fill};"
        if fill is None and not item.nullable and not item.numbered:  # rows from now on have no value
            yield f"{self.table} ALTER COLUMN {kept} DROP NOT NULL;"

    def brought_back(self, item: Column, fill: str | None) -> Iterator[str]:
        """A column that was set aside, under its name again."""
        kept = self.move.kept(self.change.after.name, item.name)
        yield f"{self.table} RENAME COLUMN {kept} TO {quoted(item.name)};"
        if fill is not None and fill != item.default:
            yield _default(f"{self.table} ALTER COLUMN {quoted(item.name)}", item.default)
        if value := self.move.regained.get((self.change.after.name, item.name)):
            table, column = quoted(self.change.after.name), quoted(item.name)
            yield f"UPDATE {table} AS stored\nSET {column} = {value}\nWHERE {column} IS NULL;"
        if fill is None and not item.nullable and not item.numbered:
            yield from self.present(item.name)

    def changed(self, new: str, old: str) -> Iterator[str]:
        change = self.change
        before, after = change.before.column(old), change.after.column(new)
        carry, default = change.carries.get(new, Carry()), before.default
        alter = f"{self.table} ALTER COLUMN {quoted(new)}"
        retyped = before.type != after.type
        if retyped:
            if default is not None:
                yield f"{alter} DROP DEFAULT;"
                default = None
            yield f"{alter} TYPE {after.type} USING {carry.value(quoted(new))};"
        elif carry.converts:  # of one type in the database
            table, value = quoted(change.after.name), carry.value(quoted(new))
            yield f"UPDATE {table}\nSET {quoted(new)} = {value}\nWHERE {quoted(new)} IS DISTINCT FROM {value};"
        if default != after.default:
            yield _default(alter, after.default)
        if before.numbered != after.numbered:
            yield from ddl.numbered(change.after.name, after)
        if after.nullable and not before.nullable:
            yield f"{alter} DROP NOT NULL;"
        if carry.keeps and self.move.direction == "down":
            yield from restore_values(change, new, self.move)
        if before.nullable and not after.nullable:
            if retyped or carry.converts:  # the table was written anew: it costs nothing more
                yield f"{alter} SET NOT NULL;"
                return
            if carry.fill:  # before it is required: a row that has none yet can still be written
                self.filled.append(new)
            else:
                yield from self.present(new)


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
    for form, key in references(table, known).items():
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


def references(table: Table, now: dict[str, str]) -> dict[tuple[Any, ...], ForeignKey]:
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
    later = references(change.after, {})
    for form, key in references(change.before, change.now).items():
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


def _gather(item: Column, links: Links) -> Iterator[str]:
    """A reference that leads to what the only link of its row leads to."""
    yield f"LOCK TABLE {quoted(links.links)} IN ACCESS EXCLUSIVE MODE;"
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
