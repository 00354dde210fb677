# ruff: noqa: S608 (SQL is what this module writes, from validated names)
"""Counts stored rows that stand in the way of a plan, so that a migration is not even begun."""

from __future__ import annotations

from backwright.emit.sql import quoted
from backwright.migrate import live
from backwright.model.types import Entity, Model
from backwright.plan.changes import AddIndex, ChangeField
from backwright.plan.meaning import Renames
from backwright.plan.plan import Plan
from backwright.plan.renames import renames_between
from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register

DUPLICATES = register(
    "BW801",
    "stored rows that would not be unique",
    "A unique index cannot be made while two rows have the same values.",
    "email: {type: email, unique: true}, where an address is stored twice",
)


async def obstacles(url: str, plan: Plan, before: Model, after: Model) -> list[Diagnostic]:
    """What in the database (which is as `before` says) the plan would stop at; none when nothing is."""
    renames = renames_between(before, after)
    found = []
    for change in plan.changes:
        match change:
            case AddIndex(entity=name, index=index) if index.unique:
                fields = [term.field for term in index.terms]
            case ChangeField(entity=name, before=old, after=new) if new.unique and not old.unique:
                fields = [new.name]
            case _:
                continue
        entity = before.entity(renames.entities.get(name, name))
        columns = _columns(entity, name, fields, renames)
        if columns is not None:
            found += await _duplicates(url, entity, columns, change.place)
    return found


def _columns(entity: Entity, later: str, fields: list[str], renames: Renames) -> list[str] | None:
    """The earlier columns, or None when one of them is new."""
    former = {field.name: field.column for field in entity.fields}
    names = [renames.fields.get((later, field), field) for field in fields]
    return [former[name] for name in names] if all(name in former for name in names) else None


async def _duplicates(url: str, entity: Entity, columns: list[str], place: Place) -> list[Diagnostic]:
    names = [quoted(column) for column in columns]
    present = " AND ".join(f"{name} IS NOT NULL" for name in names)
    groups = (
        f"SELECT count(*) AS n FROM {quoted(entity.table)} WHERE {present} "
        f"GROUP BY {', '.join(names)} HAVING count(*) > 1"
    )
    rows = await live.fetch(url, f"SELECT count(*), coalesce(sum(n), 0) FROM ({groups}) AS repeated")
    values, stored = rows[0]
    if not values:
        return []
    message = f"{stored} rows of {entity.name} share {values} values of {', '.join(columns)}."
    return [
        diagnose(DUPLICATES, place, message, "Change or remove the rows that repeat, then migrate again.")
    ]
