# ruff: noqa: S608 (SQL is what this module writes, from validated names)
"""The way from one schema to another, as data: which table and column becomes which, and what fills the rest.

Going up, what is dropped is kept in retained tables. Going down is the same move turned round, where what was
kept is restored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal as OneOf

import msgspec

from backwright.migrate.conversions import SAME, Conversion, conversion
from backwright.migrate.expected import expected
from backwright.migrate.literals import fill
from backwright.migrate.schema import Column, Dialect, ForeignKey, Schema, Table
from backwright.model import storage
from backwright.model.types import Entity, Field, ManyType, Model, ScalarType
from backwright.plan.conversions import comes_back
from backwright.plan.fields import filled, fit
from backwright.plan.meaning import NO_RENAMES, Renames
from backwright.plan.renames import pairs, renames_between
from backwright_runtime.database.names import shortened
from backwright_runtime.ledger import Manner

Direction = OneOf["up", "down"]


class Step(msgspec.Struct, frozen=True):
    """One transaction of a migration (or what the runner has to run otherwise): what it does, and its statements."""

    title: str
    statements: tuple[str, ...]
    manner: Manner = "in a transaction"


class Carry(msgspec.Struct, frozen=True, kw_only=True):
    """How the values of a column that stays become others, and come back.

    Rows without a value get `fill` (SQL; "": they stay without). Where `keeps`, the migration keeps the former values
    that `back` would not give, beside what each became: the way back restores those that nobody has changed since.
    """

    there: Conversion = SAME
    back: Conversion = SAME
    fill: str = ""
    keeps: bool = False

    @property
    def converts(self) -> bool:
        """Whether values become others, apart from those that are missing."""
        return self.there.value != SAME.value

    def value(self, stored: str) -> str:
        """What this column or expression becomes."""
        value = self.there.of(stored)
        return f"coalesce({value}, {self.fill})" if self.fill else value


class Links(msgspec.Struct, frozen=True):
    """A reference that becomes links, or links that become a reference.

    The column `reference` of `owner` says what the table `links` says: which row (`source`) leads to which (`target`).
    """

    owner: str
    key: str
    reference: str
    links: str
    source: str
    target: str


class Twins(msgspec.Struct, frozen=True):
    """Two columns of a table that say the same, each to one version of the service, kept in step while both serve."""

    table: str
    former: str
    later: str
    carry: Carry = Carry()


class Rekeying(msgspec.Struct, frozen=True, kw_only=True):
    """A table whose rows get another key: what a row's `former` columns were, and the `later` key that it gets.

    `value` is the later key of a row of the table, in SQL; the map holds both while references follow.
    """

    table: str
    former: tuple[Column, ...]
    later: Column
    value: str

    @property
    def map(self) -> str:
        """The table that says which key becomes which."""
        return shortened(f"backwright_rekeyed_{self.table}").lower()

    def of(self, *stored: str) -> str:
        """The later key of the row that had this former one."""
        same = " AND ".join(f"map.former_{number} = {each}" for number, each in enumerate(stored, start=1))
        return f"(SELECT map.later FROM {self.map} AS map WHERE {same})"


class Alteration(msgspec.Struct, frozen=True):
    """One table that stays. `columns` says which earlier column each later one comes from.

    `before` has the table's later name already (tables are renamed first), its constraints do not. `rekeyed` are the
    tables that get a primary key in the same move, or lose it. `carries` are later columns whose values change.
    It `follows` where it has to be written anew only because what it refers to gets another name.
    """

    before: Table
    after: Table
    former_name: str
    columns: dict[str, str]
    rekeyed: frozenset[str] = frozenset()
    carries: dict[str, Carry] = {}
    follows: bool = False

    def waits(self, key: ForeignKey) -> bool:
        """Whether what the reference leads to may come after its own table, or go before it."""
        return key.shared or key.table in self.rekeyed

    @property
    def added(self) -> list[str]:
        return [item.name for item in self.after.columns if item.name not in self.columns]

    @property
    def removed(self) -> list[str]:
        stay = set(self.columns.values())
        return [item.name for item in self.before.columns if item.name not in stay]

    @property
    def renamed(self) -> dict[str, str]:
        """Later name to earlier name, where they differ."""
        return {new: old for new, old in self.columns.items() if new != old}

    @property
    def now(self) -> dict[str, str]:
        """Earlier column name to later one."""
        return {old: new for new, old in self.columns.items()}


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """`tables` and `columns` map later names to earlier ones; `fills` is SQL for columns without a source.

    `carries` are, by later table and column, the values that change on the way. `spread` are references of the
    earlier schema that become links, `gathered` are links that become references. `lingering` is SQL, by later table
    and earlier column, for rows that come after a column was set aside. `meeting` are twins that are kept in step from
    here on, `parting` those that no longer are. An expansion asks rows what the `whole` change would, and so does a
    move that gives rows other keys (`rekeyings`), which comes before the rest of its change and knows its way `back`.
    `then` are steps that come after the others, `homeward` those that the way back begins with (`ahead`).
    `regained` are values of columns that come back, for rows that came meanwhile.
    """

    before: Schema
    after: Schema
    direction: Direction
    stamp: str
    tables: dict[str, str]
    columns: dict[str, dict[str, str]]
    fills: dict[tuple[str, str], str]
    carries: dict[tuple[str, str], Carry] = {}
    spread: tuple[Links, ...] = ()
    gathered: tuple[Links, ...] = ()
    lingering: dict[tuple[str, str], str] = {}
    meeting: tuple[Twins, ...] = ()
    parting: tuple[Twins, ...] = ()
    whole: Move | None = None
    rekeyings: tuple[Rekeying, ...] = ()
    back: Move | None = None
    regained: dict[tuple[str, str], str] = {}
    ahead: tuple[Step, ...] = ()
    then: tuple[Step, ...] = ()
    homeward: tuple[Step, ...] = ()

    @property
    def dialect(self) -> Dialect:
        return self.after.dialect

    @property
    def renamed(self) -> dict[str, str]:
        """Later table name to earlier one, where they differ."""
        return {new: old for new, old in self.tables.items() if new != old}

    @property
    def created(self) -> list[Table]:
        """New tables, referenced ones first."""
        return in_order([table for name, table in self.after.tables.items() if name not in self.tables])

    @property
    def dropped(self) -> list[Table]:
        """Tables that go, referring ones first."""
        stay = set(self.tables.values())
        gone = [table for name, table in self.before.tables.items() if name not in stay]
        return list(reversed(in_order(gone)))

    @property
    def altered(self) -> list[Alteration]:
        """Tables that stay but change."""
        now = {old: new for new, old in self.tables.items()}
        found = []
        for new, old in self.tables.items():
            before = self._under_new_names(self.before.tables[old], now)
            after = self.after.tables[new]
            follows = self.dialect == "sqlite" and self._follows(self.before.tables[old])
            carries = {column: carry for (table, column), carry in self.carries.items() if table == new}
            if before != after or carries or follows or any(a != b for a, b in self.columns[new].items()):
                found.append(
                    Alteration(before, after, old, self.columns[new], self.rekeyed, carries, follows)
                )
        return found

    def _follows(self, table: Table) -> bool:
        """Whether it refers to a column that gets another name, which SQLite does not write anew by itself."""
        now = {old: new for new, old in self.tables.items()}
        return any(
            column not in self.columns.get(now.get(key.table, ""), {column: column})
            for key in table.foreign_keys
            for column in key.keys
        )

    def _under_new_names(self, table: Table, now: dict[str, str]) -> Table:
        """The earlier table with the later names of tables, and of the columns of others that it refers to."""
        keys = []
        for key in table.foreign_keys:
            target = now.get(key.table, key.table)
            columns = {old: new for new, old in self.columns.get(target, {}).items()}
            named = tuple(columns.get(each, each) for each in key.keys)
            keys.append(msgspec.structs.replace(key, table=target, keys=named))
        return msgspec.structs.replace(table, name=now[table.name], foreign_keys=tuple(keys))

    @property
    def rekeyed(self) -> frozenset[str]:
        """Tables that get a primary key, or lose it."""
        return frozenset(
            new
            for new, old in self.tables.items()
            if bool(self.before.tables[old].key) != bool(self.after.tables[new].key)
        )

    def waits(self, key: ForeignKey) -> bool:
        """Whether what the reference leads to may come after its own table, or go before it."""
        return key.shared or key.table in self.rekeyed

    @property
    def entangled(self) -> bool:
        """Whether some reference waits for another table."""
        tables = [*self.before.tables.values(), *self.after.tables.values()]
        follows = self.dialect == "sqlite" and any(
            self._follows(self.before.tables[old]) for old in self.tables.values()
        )
        return (
            bool(self.rekeyed or self.rekeyings)
            or follows
            or any(key.shared for table in tables for key in table.foreign_keys)
        )

    @property
    def in_place(self) -> bool:
        """Whether what goes only changes its name, so that nobody waits: on PostgreSQL, where no policy knows it."""
        guarded = self.before.guarded_by or self.after.guarded_by
        return self.dialect == "postgresql" and not guarded

    def fed(self, table: Table) -> Links | None:
        """What fills a table of links that is new, where references become links."""
        return next((each for each in self.spread if each.links == table.name), None)

    def source(self, table: str, column: str) -> Links | None:
        """What fills a reference that is new, where links become references."""
        return next((e for e in self.gathered if (e.owner, e.reference) == (table, column)), None)

    def becoming(self, table: str, column: str) -> Links | None:
        """The links that a reference becomes, which goes."""
        return next((e for e in self.spread if (e.owner, e.reference) == (table, column)), None)

    def moved(self, table: str) -> bool:
        """Whether the links of a table that goes are references afterwards, so that nothing has to be kept of it."""
        return any(each.links == table for each in self.gathered)

    def kept(self, table: str, column: str | None = None) -> str:
        """The retained table of a dropped table or column (by the names before the migration)."""
        parts = ["backwright_retained", self.stamp, table, *([column] if column else [])]
        return shortened("_".join(parts)).lower()


def in_order(tables: list[Table]) -> list[Table]:
    """Referenced tables first; within a cycle as given."""
    remaining = {table.name: table for table in tables}
    ordered: list[Table] = []
    while remaining:
        ready = [
            table
            for table in remaining.values()
            if not ({key.table for key in table.foreign_keys} - {table.name}) & remaining.keys()
        ]
        for table in ready or [next(iter(remaining.values()))]:
            ordered.append(remaining.pop(table.name))
    return ordered


def up(before: Model | None, after: Model, dialect: Dialect, stamp: str) -> Move:
    """The move that a migration makes."""
    renames = renames_between(before, after) if before else NO_RENAMES
    tables: dict[str, str] = {}
    columns: dict[str, dict[str, str]] = {}
    fills: dict[tuple[str, str], str] = {}
    carries: dict[tuple[str, str], Carry] = {}
    spread: list[Links] = []
    gathered: list[Links] = []
    lingering: dict[tuple[str, str], str] = {}
    for old, new in pairs(before, after, renames) if before else []:
        tables[new.table] = old.table
        former = {renames.field_after(old.name, field.name): field for field in old.fields}
        columns[new.table] = {
            field.column: former[field.name].column
            for field in storage.columns(new)
            if field.name in former and storage.is_column(former[field.name])
        }
        for field in storage.columns(new):
            if field.name not in former:
                if value := fill(after, field, dialect):
                    fills[new.table, field.column] = value
            elif storage.is_column(former[field.name]) and (
                carry := _carry(former[field.name], field, after, renames, dialect)
            ):
                carries[new.table, field.column] = carry
        if before is not None:
            lingering |= {
                (new.table, field.column): value
                for field in storage.columns(old)
                if (value := fill(before, field, dialect))
            }
            _links(before, after, (old, new), former, renames, tables, columns)
            spread += _spread(after, new, former, renames)
            gathered += _gathered(before, (old, new), former, renames)
    return Move(
        before=expected(before, dialect),
        after=expected(after, dialect),
        direction="up",
        stamp=stamp,
        tables=tables,
        columns=columns,
        fills=fills,
        carries=carries,
        spread=tuple(spread),
        gathered=tuple(gathered),
        lingering=lingering,
    )


def _spread(after: Model, owner: Entity, former: dict[str, Field], renames: Renames) -> Iterator[Links]:
    """References that become links of the same entities."""
    for field in owner.fields:
        was = former.get(field.name)
        if was and isinstance(field.type, ManyType) and fit(was.type, field.type, renames) == "converted":
            target = after.entity(field.type.entity)
            source, leads = storage.link_columns(owner, field.name, target)
            key = former[owner.key].column
            links = storage.link_table(owner, field.name)
            yield Links(owner.table, key, was.column, links, source, leads)


def _gathered(
    before: Model, owners: tuple[Entity, Entity], former: dict[str, Field], renames: Renames
) -> Iterator[Links]:
    """Links that become references to the same entities."""
    old, new = owners
    for field in new.fields:
        was = former.get(field.name)
        if was and isinstance(was.type, ManyType) and fit(was.type, field.type, renames) == "converted":
            target = before.entity(was.type.entity)
            source, leads = storage.link_columns(old, was.name, target)
            links = storage.link_table(old, was.name)
            yield Links(new.table, former[new.key].column, field.column, links, source, leads)


def _carry(before: Field, after: Field, model: Model, renames: Renames, dialect: Dialect) -> Carry | None:
    """What a field's values become, where they do not just stay."""
    there, back, keeps = SAME, SAME, False
    old, new = before.type, after.type
    converted = fit(old, new, renames) == "converted"
    if converted and isinstance(old, ScalarType) and isinstance(new, ScalarType):
        there, back = conversion(old, new, dialect), conversion(new, old, dialect)
        keeps = not comes_back(old, new)
    value = fill(model, after, dialect) if filled(before, after) else None
    if not converted and value is None:
        return None
    return Carry(there=there, back=back, fill=value or "", keeps=keeps or value is not None)


def _links(
    before: Model,
    after: Model,
    owners: tuple[Entity, Entity],
    former: dict[str, Field],
    renames: Renames,
    tables: dict[str, str],
    columns: dict[str, dict[str, str]],
) -> None:
    """The tables of links that stay: both sides are the same entities as before."""
    old, new = owners
    for field in new.fields:
        was = former.get(field.name)
        if was is None or not isinstance(field.type, ManyType) or not isinstance(was.type, ManyType):
            continue
        if renames.entity_after(was.type.entity) != field.type.entity:
            continue
        table = storage.link_table(new, field.name)
        tables[table] = storage.link_table(old, was.name)
        later = storage.link_columns(new, field.name, after.entity(field.type.entity))
        earlier = storage.link_columns(old, was.name, before.entity(was.type.entity))
        columns[table] = dict(zip(later, earlier, strict=True))


def down(move: Move, before: Model | None) -> Move:
    """The same move turned round. Rows that came later get the earlier field's default, where it has one."""
    if move.back is not None:
        return move.back
    fields = {
        (entity.table, field.column): field
        for entity in (before.entities if before else ())
        for field in storage.columns(entity)
    }
    fills = {(move.tables[table], column): value for (table, column), value in move.lingering.items()}
    return Move(
        before=move.after,
        after=move.before,
        direction="down",
        stamp=move.stamp,
        tables={old: new for new, old in move.tables.items()},
        columns={
            move.tables[table]: {old: new for new, old in columns.items()}
            for table, columns in move.columns.items()
        },
        fills=fills,
        carries=dict(_turned(move, fields, fills)),
        spread=tuple(msgspec.structs.replace(each, owner=move.tables[each.owner]) for each in move.gathered),
        gathered=tuple(msgspec.structs.replace(each, owner=move.tables[each.owner]) for each in move.spread),
        meeting=move.parting,
        parting=move.meeting,
        ahead=move.homeward,
        regained={(move.tables[table], column): value for (table, column), value in move.regained.items()},
    )


def _turned(
    move: Move, fields: dict[tuple[str, str], Field], fills: dict[tuple[str, str], str]
) -> Iterator[tuple[tuple[str, str], Carry]]:
    """The carries of the way back. Rows without a value get the earlier default, where they may not stay without."""
    for table, columns in move.columns.items():
        for later, earlier in columns.items():
            carry = move.carries.get((table, later))
            place = move.tables[table], earlier
            was, now = (
                schema.tables[name].column(column)
                for schema, name, column in (
                    (move.before, place[0], earlier),
                    (move.after, table, later),
                )
            )
            requires = now.nullable and not was.nullable and place in fields and not fields[place].unique
            value = fills.get(place, "") if requires else ""
            if carry or value:
                carry = carry or Carry()
                yield place, Carry(there=carry.back, back=carry.there, fill=value, keeps=carry.keeps)
