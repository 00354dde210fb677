# ruff: noqa: S608 (SQL is what this module writes, from validated names)
"""Counts stored rows that stand in the way of a plan, so that a migration is not even begun."""

from __future__ import annotations

from backwright.emit.sql import quoted
from backwright.expr.typed import Member
from backwright.expr.walk import nodes
from backwright.migrate import live
from backwright.migrate.conditions import check_sql
from backwright.migrate.conversions import conversion
from backwright.migrate.expected import expected, same_in_database
from backwright.migrate.inspect import dialect_of
from backwright.model.storage import link_columns, link_table
from backwright.model.types import Check, Entity, Field, ManyType, Model, ReferenceType, ScalarType
from backwright.plan.changes import AddCheck, AddEntity, AddField, AddIndex, ChangeEntity, ChangeField
from backwright.plan.fields import described, filled, fit, valueless
from backwright.plan.keys import changes_key, is_made
from backwright.plan.parts import moved_to, partings
from backwright.plan.plan import Plan
from backwright.plan.renames import renames_between
from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register

DUPLICATES = register(
    "BW801",
    "stored rows that would not be unique",
    "A unique index cannot be made while two rows have the same values.",
    "email: {type: email, unique: true}, where an address is stored twice",
)
UNSATISFIED = register(
    "BW804",
    "stored rows that a new check refuses",
    "A check holds of every row, also of those that were stored before.",
    "checks: {paid: this.amount > 0}, where an amount is 0",
)
UNSHARED = register(
    "BW805",
    "stored rows that do not share what they have to",
    "A foreign key over both columns cannot be made while a row refers to one of another tenant.",
    "label: {ref: Label, same: org}, where a task has a label of another org",
)
OUTSIDE = register(
    "BW806",
    "stored rows outside of narrower bounds",
    "The later bounds are a constraint of the table, which holds of every row, also of those stored before.",
    "title: {type: string, max: 100}, where a title of 150 characters is stored",
)
NULLS = register(
    "BW807",
    "stored rows that are null where they must not be",
    "A column cannot be made NOT NULL while a row has no value in it.",
    "due: date, where a row was stored while it was due: date?",
)
VALUELESS = register(
    "BW808",
    "stored rows that a new field has no value for",
    "A field that must not be null and has no default can only be added to a table without rows.",
    "priority: integer, added to an entity that has rows",
)
UNCONVERTIBLE = register(
    "BW809",
    "stored values that have no counterpart in the later type",
    "A conversion never guesses: each value becomes its one counterpart, or stands in the way.",
    "count: string becomes count: integer, where 'many' is stored",
)
_NAMED = 5
"""So many of the rows in the way are named."""


async def obstacles(url: str, plan: Plan, before: Model, after: Model) -> list[Diagnostic]:
    """What in the database (which is as `before` says) the plan would stop at; none when nothing is."""
    looking = _Looking(url, before, after)
    found: list[Diagnostic] = []
    moved = moved_to(before, after)
    for change in plan.changes:
        match change:
            case AddIndex(entity=name, index=index) if index.unique:
                found += await looking.duplicates(name, [term.field for term in index.terms], change.place)
            case AddEntity(entity=part):
                found += await looking.unsayable(part)
            case AddField(entity=name, field=field) if is_made(after.entity(name), field):
                continue
            case AddField(entity=name, field=field) if (name, field.name) in moved:
                found += await looking.unsaid(name, field, change.place)
            case ChangeEntity(before=former, after=later) if changes_key(former, later, looking.renames):
                if later.composite or not later.field(later.key).unique:  # a unique field is asked by itself
                    found += await looking.duplicates(later.name, list(later.keys), change.place)
            case AddField(entity=name, field=field) if valueless(field):
                found += await looking.valueless(name, field, change.place)
            case ChangeField(entity=name, before=old, after=new) if isinstance(old.type, ManyType):
                found += await looking.listing(name, old, new, change.place)
            case ChangeField(entity=name, before=old, after=new):
                found += await looking.outside(name, old, new, change.place)
                if new.unique and not old.unique:
                    found += await looking.duplicates(name, [new.name], change.place)
                if new.same is not None and old.same is None:
                    found += await looking.unshared(name, new, change.place)
            case AddCheck(entity=name, check=check):
                found += await looking.unsatisfied(name, check, change.place)
            case _:
                continue
    return found


class _Looking:
    """Asks the database as it is, in the names that it has."""

    def __init__(self, url: str, before: Model, after: Model) -> None:
        self.url = url
        self.before = before
        self.after = after
        self.renames = renames_between(before, after)

    def entity(self, later: str) -> Entity | None:
        former = self.renames.entities.get(later, later)
        return next((each for each in self.before.entities if each.name == former), None)

    def columns(self, later: str, fields: list[str]) -> list[str] | None:
        """The earlier columns, or None when one of them is new."""
        entity = self.entity(later)
        if entity is None:
            return None
        former = {field.name: field.column for field in entity.fields}
        names = [self.renames.fields.get((later, field), field) for field in fields]
        return [former[name] for name in names] if all(name in former for name in names) else None

    async def count(self, statement: str) -> tuple[int, ...]:
        rows = await live.fetch(self.url, statement)
        return tuple(int(value) for value in rows[0])

    async def duplicates(self, later: str, fields: list[str], place: Place) -> list[Diagnostic]:
        """Groups of rows that are there (not deleted) and equal in all of these."""
        entity, columns = self.entity(later), self.columns(later, fields)
        if entity is None or columns is None:
            return []
        names = [quoted(column) for column in columns]
        present = [f"{name} IS NOT NULL" for name in names]
        if entity.soft_delete is not None and self.after.entity(later).soft_delete is not None:
            present.append(f"{quoted(entity.field(entity.soft_delete).column)} IS NULL")
        there = f"FROM {quoted(entity.table)} WHERE {' AND '.join(present)}"
        listed = ", ".join(names)
        groups = f"(SELECT {listed}, count(*) AS n {there} GROUP BY {listed} HAVING count(*) > 1) AS repeated"
        values, stored = await self.count(f"SELECT count(*), coalesce(sum(n), 0) FROM {groups}")
        if not values:
            return []
        own = quoted(entity.table)
        alike = " AND ".join(f"repeated.{name} = {own}.{name}" for name in names)
        _, named = await self.named(entity, f"{there} AND EXISTS (SELECT 1 FROM {groups} WHERE {alike})")
        message = f"{stored} rows of {entity.name} share {values} values of {', '.join(columns)}{named}."
        mend = "Change or remove the rows that repeat, then migrate again."
        return [diagnose(DUPLICATES, place, message, mend)]

    async def valueless(self, later: str, field: Field, place: Place) -> list[Diagnostic]:
        """Any row at all, where a new field has no value for it."""
        entity = self.entity(later)
        if entity is None:
            return []
        (stored,) = await self.count(f"SELECT count(*) FROM {quoted(entity.table)}")
        if not stored:
            return []
        message = f"{stored} rows of {entity.name} would have no value in {field.name}."
        mend = "Give it a `default`, or make it nullable (a `?` behind the type)."
        return [diagnose(VALUELESS, place, message, mend)]

    async def unsaid(self, later: str, field: Field, place: Place) -> list[Diagnostic]:
        """Rows whose part says nothing of a field that moves to them, where it must not be null."""
        joined = [each for each in partings(self.before, self.after) if each.joins and each.owner == later]
        part = next((each for each in joined if field.name in each.fields), None)
        if part is None or field.nullable:
            return []
        owner, source = self.before.entity(part.owner), self.before.entity(part.part)
        value = (
            f"(SELECT part.{quoted(source.field(part.fields[field.name]).column)} "
            f"FROM {quoted(source.table)} AS part WHERE part.{quoted(source.field(part.reference).column)} "
            f"= {quoted(owner.table)}.{quoted(owner.field(owner.key).column)})"
        )
        column = quoted(field.column)
        count, named = await self.standing(owner, value, column, f"{column} IS NULL")
        message = f"{count} rows of {owner.name} have no {source.name} that says {field.name}{named}."
        mend = f"Make {later}.{field.name} nullable, or add what is missing, then migrate again."
        return [diagnose(NULLS, place, message, mend)] if count else []

    async def unsayable(self, part: Entity) -> list[Diagnostic]:
        """Rows that have something to say in their new part, but not what that must say."""
        found = []
        for each in partings(self.before, self.after):
            if each.joins or each.part != part.name:
                continue
            owner = self.before.entity(each.owner)
            mine = {new: owner.field(old) for new, old in each.fields.items()}
            some = " OR ".join(f"{quoted(field.column)} IS NOT NULL" for field in mine.values())
            for new, field in mine.items():
                column = quoted(field.column)
                if part.field(new).nullable or not field.nullable:
                    continue
                rows = f"FROM {quoted(owner.table)} WHERE ({some}) AND {column} IS NULL"
                count, named = await self.named(owner, rows)
                message = (
                    f"{count} rows of {owner.name} have no {field.name}, but the rest of {part.name}{named}."
                )
                mend = f"Make {part.name}.{new} nullable, or add what is missing, then migrate again."
                found += [diagnose(NULLS, part.field(new).place, message, mend)] if count else []
        return found

    async def outside(self, later: str, old: Field, new: Field, place: Place) -> list[Diagnostic]:
        """Rows that are null, have no counterpart, or are outside of the bounds, where a field accepts less."""
        entity, now, column = self.entity(later), self.after.entity(later), quoted(new.column)
        if entity is None or isinstance(new.type, ManyType):
            return []
        found: list[Diagnostic] = []
        mend = "Change or remove those rows, then migrate again."
        stored = quoted(old.column)
        if old.nullable and not new.nullable and not filled(old, new):
            count, named = await self.standing(entity, stored, column, f"{column} IS NULL")
            message = f"{count} rows of {entity.name} are null in {new.name}{named}."
            found += [diagnose(NULLS, place, message, mend)] if count else []
        fits = fit(old.type, new.type, self.renames)
        if fits not in ("narrower", "converted"):
            return found
        value = stored
        if fits == "converted" and isinstance(old.type, ScalarType) and isinstance(new.type, ScalarType):
            way = conversion(old.type, new.type, dialect_of(self.url))
            value = way.where_fit(stored, way.of(stored))
            if misfit := way.misfit(column):
                count, named = await self.standing(entity, stored, column, misfit)
                message = f"{count} rows of {entity.name} have a {new.name} that is no {described(new.type)}{named}."
                found += [diagnose(UNCONVERTIBLE, place, message, mend)] if count else []
        checks = expected(self.after, dialect_of(self.url)).tables[now.table].checks
        for check in (each for each in checks if each.column == new.column):
            count, named = await self.standing(entity, value, column, f"NOT ({check.sql})")
            message = (
                f"{count} rows of {entity.name} have a {new.name} outside of {described(new.type)}{named}."
            )
            found += [diagnose(OUTSIDE, place, message, mend)] if count else []
        if new.unique and fits == "converted":
            found += await self.alike(entity, value, new, place)
        return found

    async def listing(self, later: str, old: Field, new: Field, place: Place) -> list[Diagnostic]:
        """Rows that list several, or nothing, where links become a reference."""
        entity = self.entity(later)
        if entity is None or isinstance(new.type, ManyType) or not isinstance(old.type, ManyType):
            return []
        table = quoted(link_table(entity, old.name))
        source, _ = link_columns(entity, old.name, self.before.entity(old.type.entity))
        key = quoted(entity.field(entity.key).column)
        listed = f"(SELECT count(*) FROM {table} AS links WHERE links.{quoted(source)} = {quoted(entity.table)}.{key})"
        found: list[Diagnostic] = []
        mend = "Change the lists of those rows, then migrate again."
        count, named = await self.standing(entity, listed, "listed", "listed > 1")
        message = f"{count} rows of {entity.name} list more than one in {old.name}{named}."
        found += [diagnose(UNCONVERTIBLE, place, message, mend)] if count else []
        if not new.nullable:
            count, named = await self.standing(entity, listed, "listed", "listed = 0")
            message = f"{count} rows of {entity.name} list nothing in {old.name}{named}."
            found += [diagnose(NULLS, place, message, mend)] if count else []
        return found

    async def alike(self, entity: Entity, value: str, field: Field, place: Place) -> list[Diagnostic]:
        """Values of a unique field that become the same."""
        groups = (
            f"SELECT count(*) AS n FROM (SELECT {value} AS became FROM {quoted(entity.table)}) AS stored "
            "WHERE became IS NOT NULL GROUP BY became HAVING count(*) > 1"
        )
        values, stored = await self.count(f"SELECT count(*), coalesce(sum(n), 0) FROM ({groups}) AS repeated")
        if not values:
            return []
        message = f"{stored} rows of {entity.name} would share {values} values of {field.name}."
        return [diagnose(DUPLICATES, place, message, "Change or remove those rows, then migrate again.")]

    async def standing(self, entity: Entity, value: str, column: str, condition: str) -> tuple[int, str]:
        """How many rows a condition on the later column is true of, and the keys of some, unless they tell who.

        `value` is what the column would hold of a row.
        """
        key = quoted(entity.field(entity.key).column)
        rows = (
            f"FROM (SELECT {value} AS {column}, {key} AS backwright_key "
            f"FROM {quoted(entity.table)}) AS stored WHERE {condition}"
        )
        return await self.named(entity, rows, "backwright_key")

    async def named(self, entity: Entity, rows: str, column: str = "") -> tuple[int, str]:
        """How many of these rows there are, and the keys of some, where keys do not tell who somebody is."""
        key = entity.field(entity.key)
        (count,) = await self.count(f"SELECT count(*) {rows}")
        plain = isinstance(key.type, ScalarType) and key.type.scalar in ("uuid", "integer")
        if not count or not plain or key.personal or key.encrypted or len(entity.keys) > 1:
            return count, ""
        found = column or quoted(key.column)
        some = await live.fetch(self.url, f"SELECT {found} {rows} ORDER BY {found} LIMIT {_NAMED}")
        more = ", …" if count > _NAMED else ""
        return count, f": {', '.join(str(row[0]) for row in some)}{more}"

    async def unsatisfied(self, later: str, check: Check, place: Place) -> list[Diagnostic]:
        """Rows for which a new check is false. It can be asked where its columns are what they were."""
        entity, now = self.entity(later), self.after.entity(later)
        meaning = check.condition.meaning
        fields = [node.field for node in nodes(meaning) if isinstance(node, Member)]
        condition = check_sql(self.after, now, check.condition, dialect_of(self.url))
        columns = self.columns(later, fields)
        if entity is None or condition is None or columns != [now.field(name).column for name in fields]:
            return []
        wrong, named = await self.named(entity, f"FROM {quoted(entity.table)} WHERE NOT ({condition})")
        if not wrong:
            return []
        message = f"`{check.condition.source}` is false of {wrong} rows of {entity.name}{named}."
        mend = "Change or remove those rows, then migrate again."
        return [diagnose(UNSATISFIED, place, message, mend)]

    async def unshared(self, later: str, field: Field, place: Place) -> list[Diagnostic]:
        """Rows that refer to one that differs in what both have to share."""
        now = self.after.entity(later)
        shared = same_in_database(self.after, now, field)
        if shared is None or not isinstance(field.type, ReferenceType):
            return []
        target = self.after.entity(field.type.entity)
        owner, other = self.entity(later), self.entity(target.name)
        mine, theirs = (
            self.columns(later, [shared, field.name]),
            self.columns(target.name, [shared, target.key]),
        )
        if owner is None or other is None or mine is None or theirs is None:
            return []
        (own, leads), (common, key) = map(quoted, mine), map(quoted, theirs)
        (wrong,) = await self.count(
            f"SELECT count(*) FROM {quoted(owner.table)} AS one JOIN {quoted(other.table)} AS other "
            f"ON other.{key} = one.{leads} WHERE other.{common} <> one.{own}"
        )
        if not wrong:
            return []
        message = f"{wrong} rows of {owner.name} refer by {field.name} to a row of another {shared}."
        mend = "Change the reference or the row that it leads to, then migrate again."
        return [diagnose(UNSHARED, place, message, mend)]
