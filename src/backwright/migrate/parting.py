# ruff: noqa: S608 (SQL is what this module writes, from validated names and its own literals)
"""Fields that move between an entity and a part of it, which refers to it.

It is the first half of a migration: between the halves the values are in both. The second half drops them where they
were, like any other field, so that they are kept. The way back takes them from where they are then.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.emit.sql import quoted
from backwright.migrate import ddl
from backwright.migrate.keeping import none_without_counterpart
from backwright.migrate.literals import fill
from backwright.migrate.move import Move, Step, up
from backwright.migrate.rekeying import RANDOM
from backwright.migrate.schema import Dialect
from backwright.migrate.standing import asking, none_of
from backwright.model import storage
from backwright.model.types import Entity, Field, Model
from backwright.plan.fields import valueless
from backwright.plan.keys import is_made
from backwright.plan.parts import Parting, partings


def between(before: Model, after: Model) -> Model | None:
    """The earlier model with what moves in both places; None where nothing does."""
    found = partings(before, after)
    if not found:
        return None
    joined: dict[str, tuple[Field, ...]] = {}
    parts = []
    for each in found:
        if each.joins:
            part, now = before.entity(each.part), after.entity(each.owner)
            moved = tuple(_plain(now.field(new), part.field(old)) for new, old in each.fields.items())
            joined[each.owner] = (*joined.get(each.owner, ()), *moved)
        else:
            parts.append(_part(before.entity(each.owner), after.entity(each.part), each))
    entities = tuple(
        msgspec.structs.replace(each, fields=(*each.fields, *joined.get(each.name, ())))
        for each in before.entities
    )
    return msgspec.structs.replace(before, entities=(*entities, *parts))


def _plain(now: Field, was: Field) -> Field:
    return Field(name=now.name, column=now.column, type=was.type, nullable=True, encrypted=was.encrypted)


def _part(owner: Entity, part: Entity, each: Parting) -> Entity:
    """A part as it is made: what it demands beyond that is asked of its rows in the second half."""
    fields = tuple(
        _plain(field, owner.field(each.fields[field.name]))
        if field.name in each.fields
        else msgspec.structs.replace(field, same=None)
        for field in part.fields
        if storage.is_column(field)
    )
    return msgspec.structs.replace(part, fields=fields, checks=(), indexes=())


def first(before: Model, mid: Model, after: Model, dialect: Dialect, stamp: str) -> Move:
    """The values are in both places."""
    there: list[Step] = []
    back: list[Step] = []
    asked: list[str] = []
    for each in partings(before, after):
        moving = _Moving(before, mid, each, dialect)
        asked += moving.required(after.entity(each.owner if each.joins else each.part))
        there.append(moving.joined() if each.joins else moving.split())
        back.append(moving.split_again() if each.joins else moving.joined_again())
    move = up(before, mid, dialect, stamp)
    ahead = (asking(asked, dialect),) if asked else ()
    return msgspec.structs.replace(move, ahead=ahead, then=tuple(there), homeward=tuple(back))


def rest(before: Model, mid: Model, after: Model, dialect: Dialect, stamp: str) -> Move:
    """The second half: the rest of the change. Rows that came meanwhile get back what their parts say."""
    move = up(mid, after, dialect, stamp)
    regained = {
        (mid.entity(each.owner).table, mid.entity(each.owner).field(old).column): value
        for each in partings(before, after)
        if not each.joins
        for old, value in _Moving(before, mid, each, dialect).said("stored")
    }
    asked = tuple(
        _Moving(before, mid, each, dialect).one_each() for each in partings(before, after) if each.several
    )
    return msgspec.structs.replace(move, regained={**move.regained, **regained}, homeward=asked)


class _Moving:
    """One entity and its part, between the halves."""

    def __init__(self, before: Model, mid: Model, parting: Parting, dialect: Dialect) -> None:
        self.before, self.mid, self.parting, self.dialect = before, mid, parting, dialect
        self.owner, self.part = mid.entity(parting.owner), mid.entity(parting.part)
        pairs = parting.fields.items()
        mine = dict(pairs) if parting.joins else {old: new for new, old in pairs}
        self.fields = [(self.owner.field(one), self.part.field(other)) for one, other in mine.items()]
        """Of the entity, and of its part."""
        self.key = quoted(self.owner.field(self.owner.key).column)
        self.leads = quoted(self.part.field(parting.reference).column)

    @property
    def names(self) -> str:
        return ", ".join(field.name for field, _ in self.fields)

    def said(self, stored: str) -> Iterator[tuple[str, str]]:
        """What the part of a row says of each field."""
        for mine, theirs in self.fields:
            yield (
                mine.name,
                f"(SELECT part.{quoted(theirs.column)} FROM {quoted(self.part.table)} AS part "
                f"WHERE part.{self.leads} = {stored}.{self.key})",
            )

    def one_each(self) -> Step:
        """The way back begins with it: a row that got a second part cannot say both, and nothing is begun."""
        several = (
            f"(SELECT {self.leads} FROM {quoted(self.part.table)}\n"
            f"    GROUP BY {self.leads} HAVING count(*) > 1) AS several"
        )
        reason = f"{self.owner.table} with more than one {self.part.table}"
        return asking([none_of(reason, several)], self.dialect)

    def required(self, later: Entity) -> Iterator[str]:
        """Counts rows that say nothing of what must not be null where it moves to."""
        said = dict(self.said("stored"))
        for mine, theirs in self.fields:
            field = later.field(mine.name if self.parting.joins else theirs.name)
            if field.nullable:
                continue
            rows = f"{quoted(self.owner.table)} AS stored"
            if self.parting.joins:
                yield none_of(f"{later.table} without {field.name}", rows, f"{said[mine.name]} IS NULL")
            elif mine.nullable:
                lacks = f"({self.some()}) AND stored.{quoted(mine.column)} IS NULL"
                yield none_of(f"{self.owner.table} without {mine.name}, but with others of it", rows, lacks)

    def some(self) -> str:
        """True of rows that have something to say."""
        return " OR ".join(f"stored.{quoted(mine.column)} IS NOT NULL" for mine, _ in self.fields)

    def step(self, title: str, statements: list[str]) -> Step:
        locked = f"LOCK TABLE {quoted(self.owner.table)}, {quoted(self.part.table)} IN ACCESS EXCLUSIVE MODE;"
        return Step(title, (*([locked] if self.dialect == "postgresql" else []), *statements))

    def split(self) -> Step:
        title = f"{self.part.table}: {self.names} of {self.owner.table}"
        return self.step(title, [self.made()])

    def joined(self) -> Step:
        title = f"{self.owner.table}: {self.names} of {self.part.table}"
        return self.step(title, [self.taken()])

    def joined_again(self) -> Step:
        """Rows without a part have nothing, or what they had."""
        title = f"{self.owner.table}: {self.names}, as {self.part.table} says it now"
        required = [name for name in self.names.split(", ") if not self.owner.field(name).nullable]
        return self.step(title, [self.taken(where_there=bool(required))])

    def split_again(self) -> Step:
        title = f"{self.part.table}: {self.names}, as {self.owner.table} says it now"
        table = quoted(self.part.table)
        changed = [
            f"UPDATE {table}\nSET {quoted(theirs.column)} = {value}"
            + (";" if theirs.nullable else f"\nWHERE {value} IS NOT NULL;")
            for mine, theirs in self.fields
            for value in [
                f"(SELECT stored.{quoted(mine.column)} FROM {quoted(self.owner.table)} AS stored "
                f"WHERE stored.{self.key} = {table}.{self.leads})"
            ]
        ]
        lacking = [field.name for field in self.part.fields if self.lacks(field)]
        if lacking:  # a part of a row that came meanwhile cannot be made
            rows = f"{quoted(self.owner.table)} AS stored"
            return self.step(title, [*changed, *none_without_counterpart(rows, self.partless())])
        return self.step(title, [*changed, self.made()])

    def lacks(self, field: Field) -> bool:
        mine = {theirs.name for _, theirs in self.fields} | {self.parting.reference}
        return valueless(field) and field.name not in mine and not is_made(self.part, field)

    def partless(self) -> str:
        """True of rows that have something to say, and no part that says it."""
        return (
            f"({self.some()})\n    AND NOT EXISTS (SELECT 1 FROM {quoted(self.part.table)} AS part "
            f"WHERE part.{self.leads} = stored.{self.key})"
        )

    def made(self) -> str:
        """Parts of the rows that have none."""
        values = {theirs.column: f"stored.{quoted(mine.column)}" for mine, theirs in self.fields}
        values[self.part.field(self.parting.reference).column] = f"stored.{self.key}"
        for field in storage.columns(self.part):
            if field.column in values or field.generated == "sequence":
                continue
            if is_made(self.part, field):
                values[field.column] = RANDOM[self.dialect]
            elif value := fill(self.mid, field, self.dialect):
                values[field.column] = value
        return (
            f"INSERT INTO {quoted(self.part.table)} ({ddl.names(list(values))})\n"
            f"SELECT {', '.join(values.values())}\nFROM {quoted(self.owner.table)} AS stored\n"
            f"WHERE {self.partless()}\nORDER BY stored.{self.key};"
        )

    def taken(self, *, where_there: bool = False) -> str:
        """What the parts say, in the rows that they belong to."""
        table = quoted(self.owner.table)
        values = dict(self.said(table))
        listed = ",\n    ".join(f"{quoted(self.owner.field(n).column)} = {v}" for n, v in values.items())
        there = (
            f"\nWHERE EXISTS (SELECT 1 FROM {quoted(self.part.table)} AS part "
            f"WHERE part.{self.leads} = {table}.{self.key})"
            if where_there
            else ""
        )
        return f"UPDATE {table}\nSET {listed}{there};"


def values(before: Model, after: Model, stays: dict[str, dict[str, str]]) -> Iterator[tuple[str, str, str]]:
    """For a proof: what moves, and two queries, before and after, that say the same where it has arrived."""
    for each in partings(before, after):
        sides = []
        for model, names, whole in (
            (before, list(each.fields.values()), not each.joins),
            (after, list(each.fields), each.joins),
        ):
            owner = model.entity(each.owner)
            known = sorted(stays[owner.table].items())
            told = [f"one.{quoted(now if model is after else then)}" for now, then in known]
            if whole:
                told += [f"one.{quoted(owner.field(name).column)}" for name in names]
                sides.append(f"SELECT {', '.join(told)} FROM {quoted(owner.table)} AS one")
                continue
            part = model.entity(each.part)
            told += [f"part.{quoted(part.field(name).column)}" for name in names]
            sides.append(
                f"SELECT {', '.join(told)} FROM {quoted(owner.table)} AS one "
                f"LEFT JOIN {quoted(part.table)} AS part ON part.{quoted(part.field(each.reference).column)} "
                f"= one.{quoted(owner.field(owner.key).column)}"
            )
        yield f"{each.owner} and {each.part}: {', '.join(each.fields)}", sides[0], sides[1]
