# ruff: noqa: S608 (SQL is what this module writes, from validated names and its own literals)
"""Migration steps for PostgreSQL: ALTER TABLE in place, names of constraints follow their columns."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.emit.sql import quoted
from backwright.migrate import ddl, policies, rekeying
from backwright.migrate.altering import altering, references
from backwright.migrate.keeping import keep_table
from backwright.migrate.literals import text
from backwright.migrate.move import Alteration, Move, Step
from backwright.migrate.schema import ForeignKey, Table
from backwright.migrate.standing import in_the_way
from backwright.migrate.words import created, dropped


def steps(move: Move) -> Iterator[Step]:
    """The steps in order: rename tables, create, alter, refer, drop; without policies meanwhile."""
    before, after = move.before, move.after
    if move.rekeyings:
        yield from in_the_way(move.whole or move)
        yield rekeying.at_once(move)
        return
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
    yield from in_the_way(move.whole or move)
    for new, old in move.renamed.items():
        statement = f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)};"
        yield Step(f"rename table {old} to {new}", (statement,))
    if loose := list(_loosened(move)):
        yield Step("drop the references that lead to indexes that change", tuple(loose))
    yield from _created(move)
    for change in move.altered:
        yield from altering(change, move)
    waiting = [*_waiting(move), *(key for change in move.altered for key in _tied(change))]
    yield from _tying(waiting, move)
    yield from _dropped(move)


def _tying(waiting: list[tuple[str, ForeignKey]], move: Move) -> Iterator[Step]:
    """References that waited for what they lead to. Rows that are there already are judged in a step of its own."""
    fresh = not move.tables
    added = tuple(
        f"ALTER TABLE {quoted(table)} ADD {ddl.foreign_key(key)}{'' if fresh else ' NOT VALID'};"
        for table, key in waiting
    )
    yield Step("add the references that waited for what they lead to", added)
    if not fresh:
        names = tuple(
            f"ALTER TABLE {quoted(t)} VALIDATE CONSTRAINT {quoted(key.name)};" for t, key in waiting
        )
        yield Step("every row is seen to satisfy them", names)


def _waiting(move: Move) -> Iterator[tuple[str, ForeignKey]]:
    """References of new tables to what comes after them."""
    known = set(move.tables)
    for table in move.created:
        known.add(table.name)
        back = _comes_back(table, move)
        yield from ((table.name, key) for key in table.foreign_keys if back or _late(key, known, move))


def _comes_back(table: Table, move: Move) -> bool:
    """Whether the table was set aside, and only has to get its name again."""
    return move.direction == "down" and move.in_place and not move.fed(table)


def _late(key: ForeignKey, known: set[str], move: Move) -> bool:
    return move.waits(key) or key.table not in known


def _loosened(move: Move) -> Iterator[str]:
    """References that go, where what they lead to may go before their own table changes."""
    for change in move.altered:
        later = references(change.after, {})
        for form, key in references(change.before, change.now).items():
            if change.waits(key) and form not in later:
                yield f"ALTER TABLE {quoted(change.after.name)} DROP CONSTRAINT {quoted(key.name)};"
    gone = {table.name for table in move.dropped}
    for table in move.dropped:
        for key in table.foreign_keys:
            if move.waits(key) and key.table not in gone:
                yield f"ALTER TABLE {quoted(table.name)} DROP CONSTRAINT {quoted(key.name)};"


def _tied(change: Alteration) -> Iterator[tuple[str, ForeignKey]]:
    """References that are new, where what they lead to may be so as well."""
    former = references(change.before, change.now)
    for form, key in references(change.after, {}).items():
        if change.waits(key) and form not in former:
            yield change.after.name, key


def _created(move: Move) -> Iterator[Step]:
    known = set(move.tables)
    for table in move.created:
        known.add(table.name)
        if _comes_back(table, move):
            yield Step(created(table, move), tuple(_renamed(table, move, back=True)))
            continue
        later = {key.name for key in table.foreign_keys if _late(key, known, move)}
        statements = [ddl.create_table(table, "postgresql", without=later)]
        statements += ddl.check_words(table.name, table.checks)
        if move.direction == "down" and not move.fed(table):
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
        if kept and move.in_place:
            yield Step(dropped(table, move), tuple(_renamed(table, move, back=False)))
            continue
        statements = list(keep_table(table, move)) if kept else []
        yield Step(dropped(table, move), (*statements, f"DROP TABLE {quoted(table.name)};"))


def _renamed(table: Table, move: Move, *, back: bool) -> Iterator[str]:
    """A table that is set aside with its indexes, or comes back. It holds nobody else's rows in place meanwhile."""
    kept = move.kept(table.name)
    one, other = (kept, quoted(table.name)) if back else (quoted(table.name), kept)
    if not back:
        for key in table.foreign_keys:
            yield f"ALTER TABLE {one} DROP CONSTRAINT IF EXISTS {quoted(key.name)};"
    yield f"ALTER TABLE {one} RENAME TO {other};"
    for name in [*([table.key_name] if table.key else []), *(index.name for index in table.indexes)]:
        names = (move.kept(name), quoted(name)) if back else (quoted(name), move.kept(name))
        yield f"ALTER INDEX {names[0]} RENAME TO {names[1]};"
    if back and table.numbered:  # also behind numbers that somebody gave
        highest = f"greatest(max({quoted(table.numbered)}), nextval({_counter(table)}))"
        yield f"SELECT setval({_counter(table)}, {highest}) FROM {quoted(table.name)};"
