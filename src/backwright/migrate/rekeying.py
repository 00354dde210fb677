# ruff: noqa: S608 (SQL is what this module writes, from validated names and its own literals)
"""Rows that get another key, and the references that follow them.

It is the first half of a migration. Between the halves a row has both keys: the later one finds it, the former one is
an ordinary field, which the second half drops like any other. So the way back finds the former key in the row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backwright.emit.sql import quoted
from backwright.expr.typed import Member
from backwright.expr.walk import nodes
from backwright.migrate import ddl
from backwright.migrate.conversions import Conversion, conversion
from backwright.migrate.expected import expected
from backwright.migrate.move import Carry, Move, Rekeying, Step, up
from backwright.migrate.schema import Column, Dialect, ForeignKey, Table
from backwright.model import storage
from backwright.model.types import Entity, Field, ManyType, Model, ReferenceType, ScalarType
from backwright.plan.fields import fit
from backwright.plan.keys import former_field, is_made, rekeyed
from backwright.plan.meaning import Renames
from backwright.plan.renames import renames_between

_FORMER = "backwright_former_"
"""Before the name of a field, where the later key takes its name."""

Places = dict[tuple[str, str], str]
"""Table and column to SQL."""


def between(before: Model, after: Model, dialect: Dialect) -> Model | None:
    """The earlier model with the later keys, and the former ones beside them; None where no key changes."""
    renames = renames_between(before, after)
    found = {old.name: _with_both(old, new, renames, dialect) for old, new in rekeyed(before, after, renames)}
    if not found:
        return None
    entities = tuple(found.get(each.name, each) for each in before.entities)
    return msgspec.structs.replace(before, entities=entities)


def _with_both(old: Entity, new: Entity, renames: Renames, dialect: Dialect) -> Entity:
    used = {name: _as_it_is(old, new, name, renames) for name in new.keys}
    added = [_bare(new.field(name), renames) for name, field in used.items() if field is None]
    taken = {field.name for field in added} | {field.column for field in added}
    names = {
        field.name: f"{_FORMER}{field.name}" for field in old.fields if {field.name, field.column} & taken
    }
    keys = tuple(field.name if field else name for name, field in used.items())
    indexes = tuple(
        msgspec.structs.replace(
            index,
            terms=tuple(
                msgspec.structs.replace(term, field=names.get(term.field, term.field)) for term in index.terms
            ),
        )
        for index in old.indexes
        if not (index.unique and {term.field for term in index.terms} == set(keys))
    )
    checks = tuple(
        check
        for check in old.checks
        if not any(
            isinstance(node, Member) and node.field in names for node in nodes(check.condition.meaning)
        )
    )
    fields = (*(_beside(field, old, keys, names, dialect) for field in old.fields), *added)
    return msgspec.structs.replace(
        old,
        key=keys[0],
        composite=keys if len(keys) > 1 else (),
        fields=fields,
        indexes=indexes,
        checks=checks,
    )


def _as_it_is(old: Entity, new: Entity, name: str, renames: Renames) -> Field | None:
    """The earlier field that is one of the later key, where its values stay."""
    field = former_field(old, new, name, renames)
    return field if field and fit(field.type, new.field(name).type, renames) != "converted" else None


def _bare(field: Field, renames: Renames) -> Field:
    kind = field.type
    if isinstance(kind, ReferenceType):
        kind = msgspec.structs.replace(kind, entity=renames.entities.get(kind.entity, kind.entity))
    return Field(
        name=field.name, column=field.column, type=kind, input=field.input, generated=field.generated
    )


def _beside(
    field: Field, old: Entity, keys: tuple[str, ...], names: dict[str, str], dialect: Dialect
) -> Field:
    """A field as it is between the halves. PostgreSQL goes on numbering one that is no key any more.

    The key alone says that it is unique: references would lead to an index beside it, which may go in the second half.
    """
    if field.name in keys and field.name not in names:
        return msgspec.structs.replace(field, nullable=False, unique=field.unique and len(keys) > 1)
    counts = field.generated == "sequence" and dialect == "sqlite"
    name = names.get(field.name, field.name)
    return msgspec.structs.replace(
        field,
        name=name,
        column=field.column if name == field.name else f"{_FORMER}{field.column}",
        generated=None if counts else field.generated,
    )


# The two halves --------------------------------------------------------------------------------------


def rekeying(before: Model, mid: Model, after: Model, dialect: Dialect, stamp: str) -> Move:
    """The first half: other keys, and nothing else."""
    renames = renames_between(before, after)
    there, back = [], []
    columns = {
        table.name: {column.name: column.name for column in table.columns}
        for table in expected(before, dialect).tables.values()
    }
    fills: Places = {}
    for old, new in rekeyed(before, after, renames):
        now = mid.entity(old.name)
        for was, field in zip(old.fields, now.fields, strict=False):
            if was.column != field.column:
                del columns[old.table][was.column]
                columns[old.table][field.column] = was.column
        way = _way(before, mid, (old, now, new), renames, dialect)
        if way is not None:
            there.append(way)
            stored = [f"stored.{quoted(each.name)}" for each in way.former]
            if way.later.name not in columns[old.table]:
                fills[old.table, way.later.name] = way.of(*stored)
            if not old.composite:
                back.append(_turned(way, old, now))
    first = Move(
        before=expected(before, dialect),
        after=expected(mid, dialect),
        direction="up",
        stamp=stamp,
        tables={name: name for name in columns},
        columns=columns,
        fills=fills,
        carries=_following(before, there),
        whole=whole(before, after, dialect, stamp),
        rekeyings=tuple(there) or _NONE,
    )
    turned = {table: {then: now for now, then in found.items()} for table, found in columns.items()}
    home = msgspec.structs.replace(
        first,
        before=first.after,
        after=first.before,
        direction="down",
        columns=turned,
        fills={},
        carries=_following(mid, back),
        whole=None,
        rekeyings=tuple(back) or _NONE,
    )
    return msgspec.structs.replace(first, back=home)


_NONE = (Rekeying(table="", former=(), later=Column("", ""), value=""),)
"""No map is needed: nothing refers to the rows, and the later key is there already."""


def _way(
    before: Model, mid: Model, forms: tuple[Entity, Entity, Entity], renames: Renames, dialect: Dialect
) -> Rekeying | None:
    """From the former key to the later one; None where the later one is several fields."""
    old, now, new = forms
    if now.composite:
        return None
    schema = expected(mid, dialect).tables[old.table]
    former = tuple(
        expected(before, dialect).tables[old.table].column(each) for each in storage.key_columns(old)
    )
    field, was = new.field(new.key), former_field(old, new, new.key, renames)
    later = schema.column(now.field(now.key).column)
    return Rekeying(table=old.table, former=former, later=later, value=_value(old, new, field, was, dialect))


def _value(old: Entity, new: Entity, field: Field, was: Field | None, dialect: Dialect) -> str:
    if was is not None:
        kinds = was.type, field.type
        if isinstance(kinds[0], ScalarType) and isinstance(kinds[1], ScalarType):
            way = conversion(kinds[0], kinds[1], dialect)
            return way.where_fit(quoted(was.column), way.of(quoted(was.column)))
        return quoted(was.column)
    if not is_made(new, field):
        return "NULL"
    if field.generated == "sequence":
        return f"row_number() OVER (ORDER BY {ddl.names(storage.key_columns(old))})"
    return RANDOM[dialect]


RANDOM: dict[Dialect, str] = {
    "postgresql": "gen_random_uuid()",
    "sqlite": "lower(substr(hex(randomblob(4)), 1, 8) || '-' || substr(hex(randomblob(2)), 1, 4) || '-4' "
    "|| substr(hex(randomblob(2)), 2, 3) || '-a' || substr(hex(randomblob(2)), 2, 3) || '-' "
    "|| hex(randomblob(6)))",
}
"""A uuid of its own for each row (version 4)."""


def _turned(way: Rekeying, old: Entity, now: Entity) -> Rekeying:
    place = next(number for number, field in enumerate(old.fields) if field.name == old.key)
    column = now.fields[place].column
    former = msgspec.structs.replace(way.former[0], name=column)
    return Rekeying(table=way.table, former=(way.later,), later=former, value=quoted(column))


def _following(model: Model, ways: list[Rekeying]) -> dict[tuple[str, str], Carry]:
    """Every column that holds one of these keys, and how it follows."""
    by_table = {way.table: way for way in ways}
    found: dict[tuple[str, str], Carry] = {}
    for entity in model.entities:
        for field in entity.fields:
            for table, column, leads in _holding(model, entity, field):
                way = by_table.get(_root(model, leads).table)
                if way is not None and (leads.table, table) != (table, column):
                    found[table, column] = Carry(there=Conversion(way.of("{}")))
    return found


def _holding(model: Model, entity: Entity, field: Field) -> Iterator[tuple[str, str, Entity]]:
    match field.type:
        case ReferenceType(entity=name):
            yield entity.table, field.column, model.entity(name)
        case ManyType(entity=name):
            target = model.entity(name)
            table = storage.link_table(entity, field.name)
            columns = storage.link_columns(entity, field.name, target)
            yield table, columns[0], entity
            yield table, columns[1], target
        case _:
            return


def _root(model: Model, entity: Entity) -> Entity:
    """The entity whose key it is: a key may itself be a reference."""
    kind = entity.field(entity.key).type
    if entity.composite or not isinstance(kind, ReferenceType):
        return entity
    return _root(model, model.entity(kind.entity))


def following(before: Model, after: Model, dialect: Dialect) -> set[tuple[str, str]]:
    """The columns of the earlier schema whose values change because a key does, the keys' own included."""
    mid = between(before, after, dialect)
    if mid is None:
        return set()
    first = rekeying(before, mid, after, dialect, "0")
    keys = {
        (entity.table, column)
        for entity, _ in rekeyed(before, after, renames_between(before, after))
        for column in storage.key_columns(entity)
        if column not in first.columns[entity.table]
        or first.columns[entity.table][column] != column
        or (entity.table, column) in first.fills
    }
    return keys | set(first.carries)


def rest(before: Model, mid: Model, after: Model, dialect: Dialect, stamp: str) -> Move:
    """The second half: the rest of the change, from rows that have both keys."""
    move = up(mid, after, dialect, stamp)
    lingering, regained = dict(move.lingering), dict(move.regained)
    renames = renames_between(before, after)
    for old, new in rekeyed(before, after, renames):
        if old.composite:
            continue
        now = mid.entity(old.name)
        field = now.fields[[each.name for each in old.fields].index(old.key)]
        if field.column in move.columns[new.table].values():
            continue
        place, made = (new.table, field.column), is_made(old, old.field(old.key))
        if made and old.field(old.key).generated is None:
            lingering[place] = RANDOM[dialect]
        elif made and dialect == "sqlite":
            kept = move.kept(old.table, field.column)
            highest = f"(SELECT coalesce(max({quoted(field.column)}), 0) FROM {kept})"
            regained[place] = f"{highest} + row_number() OVER (ORDER BY {_stored(new)})"
        elif (was := former_field(old, new, new.key, renames)) and was.name == old.key:
            kinds = new.field(new.key).type, was.type
            if isinstance(kinds[0], ScalarType) and isinstance(kinds[1], ScalarType):
                back = conversion(kinds[0], kinds[1], dialect)
                regained[place] = back.of(f"stored.{quoted(new.field(new.key).column)}")
    return msgspec.structs.replace(move, lingering=lingering, regained=regained)


def _stored(entity: Entity) -> str:
    return ", ".join(f"stored.{quoted(each)}" for each in storage.key_columns(entity))


def whole(before: Model, after: Model, dialect: Dialect, stamp: str) -> Move:
    """The change at once: what is asked of rows before anything is done."""
    move = up(before, after, dialect, stamp)
    renames = renames_between(before, after)
    columns, fills = {table: dict(found) for table, found in move.columns.items()}, dict(move.fills)
    for old, new in rekeyed(before, after, renames):
        for name in new.keys:
            field = new.field(name)
            if is_made(new, field) and former_field(old, new, name, renames) is None:
                columns[new.table].pop(field.column, None)
                fills[new.table, field.column] = "NULL"
    return msgspec.structs.replace(move, columns=columns, fills=fills)


# Statements ------------------------------------------------------------------------------------------


def title(move: Move) -> str:
    """What it does, in words."""
    tables = ", ".join(each.table for each in move.rekeyings if each.table)
    return f"other keys: {tables or 'of several columns'}, and what refers to them"


def maps(move: Move) -> Iterator[str]:
    """Which key becomes which, before anything changes. No two rows may get the same."""
    for each in move.rekeyings:
        if not each.table:
            continue
        names = [f"former_{number}" for number, _ in enumerate(each.former, start=1)]
        columns = [f"{name} {column.type}" for name, column in zip(names, each.former, strict=True)]
        body = ",\n    ".join(
            [*columns, f"later {each.later.type} NOT NULL UNIQUE", f"PRIMARY KEY ({', '.join(names)})"]
        )
        end = " STRICT;" if move.dialect == "sqlite" else ";"
        yield f"CREATE TABLE {each.map} (\n    {body}\n){end}"
        former = ddl.names([column.name for column in each.former])
        yield (
            f"INSERT INTO {each.map} ({', '.join(names)}, later)\nSELECT {former}, {each.value}\n"
            f"FROM {quoted(each.table)};"
        )


def maps_gone(move: Move) -> Iterator[str]:
    """Nobody asks any more which key became which."""
    yield from (f"DROP TABLE {each.map};" for each in move.rekeyings if each.table)


def at_once(move: Move) -> Step:
    """Everything in one transaction, while others wait: a row has no moment between its keys (PostgreSQL)."""
    changed = [_Changed(change.before, change.after, move) for change in move.altered]
    locked = ", ".join(quoted(each.after.name) for each in changed)
    parts = [
        *maps(move),
        *_functions(move),
        *(each for table in changed for each in table.references_gone()),
        *(each for table in changed for each in table.constraints_gone()),
        *(each for table in changed for each in table.columns_added()),
        *(each for table in changed for each in table.columns_changed()),
        *(each for table in changed for each in table.constraints()),
        *(each for table in changed for each in table.references()),
        *(f"DROP FUNCTION {each.map} ({each.former[0].type});" for each in _single(move)),
        *maps_gone(move),
    ]
    return Step(title(move), (f"LOCK TABLE {locked} IN ACCESS EXCLUSIVE MODE;", *_plain(parts)))


def _plain(statements: list[str]) -> Iterator[str]:
    """A type of an argument has no collation."""
    for each in statements:
        function = each.startswith(("CREATE FUNCTION", "DROP FUNCTION"))
        yield each.replace(' COLLATE "C"', "") if function else each


def _single(move: Move) -> list[Rekeying]:
    return [each for each in move.rekeyings if each.table and len(each.former) == 1]


def _functions(move: Move) -> Iterator[str]:
    """ALTER TABLE … USING takes no query, but a function that makes one."""
    for each in _single(move):
        yield (
            f"CREATE FUNCTION {each.map} ({each.former[0].type}) RETURNS {each.later.type} LANGUAGE sql STABLE\n"
            f"AS $$ SELECT map.later FROM {each.map} AS map WHERE map.former_1 = $1 $$;"
        )


class _Changed:
    """One table, before and after."""

    def __init__(self, before: Table, after: Table, move: Move) -> None:
        self.before, self.after, self.move = before, after, move
        self.alter = f"ALTER TABLE {quoted(after.name)}"
        self.columns = move.columns[after.name]
        self.carries = {
            column: carry for (table, column), carry in move.carries.items() if table == after.name
        }
        self.rekeyed = {each.table for each in move.rekeyings}
        moved = {old for new, old in self.columns.items() if new != old}
        self.touched = {*moved, *self.carries, *(new for new, old in self.columns.items() if new != old)}

    def stays(self, words: str) -> bool:
        """Whether a condition is about columns that stay as they are."""
        return not self.touched & set(re.findall(r"\w+", words))

    def kept(self, key: ForeignKey) -> bool:
        same = key in self.before.foreign_keys and key in self.after.foreign_keys
        return same and key.table not in self.rekeyed and not self.touched & set(key.columns)

    def references_gone(self) -> Iterator[str]:
        for key in self.before.foreign_keys:
            if not self.kept(key) or self.leads_to_followers(key):
                yield f"{self.alter} DROP CONSTRAINT {quoted(key.name)};"

    def leads_to_followers(self, key: ForeignKey) -> bool:
        """Whether what it leads to gets other values: a key that is a reference itself."""
        return any((key.table, column) in self.move.carries for column in key.keys)

    def references(self) -> Iterator[str]:
        for key in self.after.foreign_keys:
            if not self.kept(key) or self.leads_to_followers(key):
                yield f"{self.alter} ADD {ddl.foreign_key(key)};"

    def constraints_gone(self) -> Iterator[str]:
        if self.before.key and self.other_key():
            yield f"{self.alter} DROP CONSTRAINT {quoted(self.before.key_name)};"
        for check in self.before.checks:
            if check not in self.after.checks or not self.stays(check.sql):
                yield f"{self.alter} DROP CONSTRAINT {quoted(check.name)};"
        for index in self.before.indexes:
            if index not in self.after.indexes or self.touched & {term.column for term in index.terms}:
                yield f"DROP INDEX {quoted(index.name)};"

    def other_key(self) -> bool:
        return self.before.key != self.after.key or self.after.name in self.rekeyed

    def columns_added(self) -> Iterator[str]:
        for new, old in self.columns.items():
            if new != old and self.move.direction == "up":
                yield f"{self.alter} RENAME COLUMN {quoted(old)} TO {quoted(new)};"
        for column in self.after.columns:
            if column.name in self.columns:
                continue
            name = quoted(column.name)
            yield f"{self.alter} ADD COLUMN {name} {column.type};"
            if value := self.move.fills.get((self.after.name, column.name)):
                now = {old: new for new, old in self.columns.items()}
                for old, new in now.items():
                    value = value.replace(f"stored.{quoted(old)}", f"stored.{quoted(new)}")
                yield f"UPDATE {quoted(self.after.name)} AS stored\nSET {name} = {value};"
            if not column.nullable:
                yield f"{self.alter} ALTER COLUMN {name} SET NOT NULL;"
            if column.numbered:
                yield from ddl.numbered(self.after.name, column)

    def columns_changed(self) -> Iterator[str]:
        for name, carry in self.carries.items():
            column = self.after.column(name)
            way = next(each for each in self.move.rekeyings if carry.there.value == each.of("{}"))
            value = f"{way.map}({quoted(name)})"
            yield f"{self.alter} ALTER COLUMN {quoted(name)} TYPE {column.type} USING {value};"
        stay = set(self.columns.values())
        for column in self.before.columns:
            if column.name not in stay:
                yield f"{self.alter} DROP COLUMN {quoted(column.name)};"
        for new, old in self.columns.items():
            if new != old and self.move.direction == "down":
                yield f"{self.alter} RENAME COLUMN {quoted(old)} TO {quoted(new)};"
        for new, old in self.columns.items():
            if self.before.column(old).nullable != self.after.column(new).nullable:
                word = "DROP" if self.after.column(new).nullable else "SET"
                yield f"{self.alter} ALTER COLUMN {quoted(new)} {word} NOT NULL;"

    def constraints(self) -> Iterator[str]:
        if self.after.key and self.other_key():
            name = quoted(self.after.key_name)
            yield f"{self.alter} ADD CONSTRAINT {name} {ddl.primary_key(self.after)};"
        made = [
            check
            for check in self.after.checks
            if check not in self.before.checks or not self.stays(check.sql)
        ]
        yield from (f"{self.alter} ADD {ddl.check(check)};" for check in made)
        yield from ddl.check_words(self.after.name, made)
        for index in self.after.indexes:
            if index not in self.before.indexes or self.touched & {term.column for term in index.terms}:
                yield ddl.create_index(self.after.name, index)
