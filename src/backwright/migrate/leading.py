# ruff: noqa: S608 (SQL is what this module writes, from validated names)
"""Whether references lead to the same rows as before, where those have got other keys.

A row is known again by its values that stay.
"""

from __future__ import annotations

from collections.abc import Iterator

from backwright.emit.sql import quoted
from backwright.migrate import live
from backwright.migrate.move import Move
from backwright.migrate.rekeying import following
from backwright.model import storage
from backwright.model.types import Entity, ManyType, Model, ReferenceType
from backwright.plan.renames import pairs, renames_between

Stays = dict[str, str]
"""Later column to earlier one."""


def staying(before: Model | None, after: Model, move: Move) -> dict[str, Stays]:
    """By later table, the columns whose values stay what they are."""
    follow = following(before, after, move.dialect) if before else set()
    return {
        new: {
            now: then
            for now, then in move.columns[new].items()
            if (new, now) not in move.carries and (old, then) not in follow
        }
        for new, old in move.tables.items()
    }


class Leading:
    """What every reference that follows a key leads to, before and after."""

    def __init__(self, before: Model, after: Model, move: Move) -> None:
        self.before, self.after = before, after
        self.stays = staying(before, after, move)
        self.follow = following(before, after, move.dialect)
        self.renames = renames_between(before, after)
        self.now = {old.name: new for old, new in pairs(before, after, self.renames)}

    async def rows(self, url: str, *, later: bool) -> dict[str, list[str]]:
        """By reference, the values of each row and of the row that it leads to."""
        return {
            name: sorted(map(repr, await live.fetch(url, query[later]))) for name, query in self.queries()
        }

    def queries(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """By reference, what is asked before, and what is asked after."""
        for old, new in ((old, self.now[old.name]) for old in self.before.entities if old.name in self.now):
            former = {self.renames.field_after(old.name, field.name): field for field in old.fields}
            for field in new.fields:
                was = former.get(field.name)
                if was is None or not isinstance(was.type, ReferenceType | ManyType):
                    continue
                target = self.before.entity(was.type.entity)
                if type(was.type) is not type(field.type) or target.name not in self.now:
                    continue
                if isinstance(was.type, ReferenceType):
                    if (old.table, was.column) in self.follow:
                        sides = [(old, new, was.column, field.column, target)]
                        yield f"{new.name}.{field.name}", (self.query(sides, 0), self.query(sides, 1))
                elif storage.link_table(old, was.name) in {table for table, _ in self.follow}:
                    yield (
                        f"{new.name}.{field.name}",
                        (self.links(old, was.name, target), self.links_now(new, field.name, target)),
                    )

    def query(self, sides: list[tuple[Entity, Entity, str, str, Entity]], later: int) -> str:
        """A row beside the one that it refers to."""
        ((old, new, was, now, target),) = sides
        owner, column, leads = (new, now, self.now[target.name]) if later else (old, was, target)
        listed = ", ".join(
            [*self.values("one", new, later), *self.values("other", self.now[target.name], later)]
        )
        return (
            f"SELECT {listed} FROM {quoted(owner.table)} AS one JOIN {quoted(leads.table)} AS other "
            f"ON other.{quoted(leads.field(leads.key).column)} = one.{quoted(column)}"
        )

    def links(self, owner: Entity, field: str, target: Entity) -> str:
        """The rows at both ends of each link, before."""
        return self._linked(owner, field, target, self.now[owner.name], self.now[target.name], 0)

    def links_now(self, owner: Entity, field: str, target: Entity) -> str:
        """The rows at both ends of each link, after."""
        leads = self.now[target.name]
        return self._linked(owner, field, leads, owner, leads, 1)

    def _linked(
        self, owner: Entity, field: str, target: Entity, one: Entity, other: Entity, later: int
    ) -> str:
        table = storage.link_table(owner, field)
        source, leads = storage.link_columns(owner, field, target)
        listed = ", ".join([*self.values("one", one, later), *self.values("other", other, later)])
        return (
            f"SELECT {listed} FROM {quoted(table)} AS links "
            f"JOIN {quoted(owner.table)} AS one ON one.{quoted(owner.field(owner.key).column)} "
            f"= links.{quoted(source)} "
            f"JOIN {quoted(target.table)} AS other ON other.{quoted(target.field(target.key).column)} "
            f"= links.{quoted(leads)}"
        )

    def values(self, alias: str, entity: Entity, later: int) -> list[str]:
        """What tells a row: its values that stay, in one order."""
        stays = self.stays[entity.table]
        found = [f"{alias}.{quoted(now if later else then)}" for now, then in sorted(stays.items())]
        return found or ["1"]
