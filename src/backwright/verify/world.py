"""What whoever makes requests may know: the reference's rows, who made them, and who is signed in.

It is read from the reference only, so the same seed always makes the same requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from random import Random
from typing import Any

import msgspec

from backwright.expr.typed import Expression
from backwright.model.types import (
    Entity,
    Field,
    FieldType,
    ListType,
    ManyType,
    Model,
    ReferenceType,
    ScalarType,
)
from backwright.reference.evaluate import Environment, Overflow, Row, holds
from backwright.reference.seam import now
from backwright.reference.sessions import Session
from backwright.reference.texts import written
from backwright.verify.oracle import Made, Oracle, key_of
from backwright.verify.traffic import NAME

Known = tuple[str, tuple[str, ...]]
"""An entity and the key of a row as text."""

NEWEST = 40
MOST_PEOPLE = 7


class Origin(msgspec.Struct, frozen=True):
    """Where a row comes from: the number of what made it, and who did that."""

    number: int
    creator: Any


class World:
    """The state of one sequence."""

    def __init__(self, model: Model, oracle: Oracle, random: Random) -> None:
        self.model = model
        self.oracle = oracle
        self.random = random
        self.gone: list[str] = []
        self.used: set[int] = set()
        self._origins: dict[Known, Origin] = {}
        self._begun: dict[str, Session] = {}
        self.identity = model.auth.identity if model.auth is not None else None
        self._keys = {entity.name: entity.keys for entity in model.entities}
        self._references = {entity.name: references(entity, self.identity) for entity in model.entities}

    # Learning ----------------------------------------------------------------------------------------

    def learn(self, number: int, made: Made, creator: Any) -> None:
        """Remember who made the new rows."""
        for entity, row in made:
            self._origins[entity.name, key_of(entity, row)] = Origin(number, creator)
        self._begun |= self.oracle.reference.sessions

    def removed(self, before: int) -> None:
        """Remember keys of rows that are gone: they are asked for again."""
        if before <= sum(len(rows) for rows in self.oracle.rows.values()):
            return
        there = {(e.name, key_of(e, row)) for e in self.model.entities for row in self.oracle.rows[e.name]}
        for known in [known for known in self._origins if known not in there]:
            del self._origins[known]
            self.gone.append(known[1][0])
        del self.gone[:-NEWEST]

    def size(self) -> int:
        """How many rows there are."""
        return sum(len(rows) for rows in self.oracle.rows.values())

    # Rows --------------------------------------------------------------------------------------------

    def rows(self, entity: str) -> Sequence[Row]:
        """The rows of an entity, the newest of them where there are many."""
        return self.oracle.rows[entity][-NEWEST:]

    def use(self, entity: str, row: Row) -> None:
        """Note that the request that is being made hangs on a row."""
        origin = self._origins.get((entity, key_of(self.model.entity(entity), row)))
        if origin is not None:
            self.used.add(origin.number)

    def creator(self, entity: str, row: Row) -> str | None:
        """Who made the row."""
        origin = self._origins.get((entity, key_of(self.model.entity(entity), row)))
        return None if origin is None else origin.creator

    def find(self, entity: str, key: Any) -> Row | None:
        """The row of that key."""
        name = self.model.entity(entity).key
        return next((row for row in self.oracle.rows[entity] if row[name] == key), None)

    def choose(
        self,
        entity: str,
        near: Iterable[tuple[str, Row]],
        person: Any,
        among: Sequence[Row] | None = None,
    ) -> Row | None:
        """A row: mostly one that belongs to the rows at hand, or to the person; else any."""
        rows = self.rows(entity) if among is None else among
        if not rows:
            return None
        if self.random.random() < 0.8:
            context = {pair for name, row in near for pair in self.refers(name, row)}
            close = [row for row in rows if not context.isdisjoint(self.refers(entity, row))]
            if close:
                return self.random.choice(close)
        if person is not None and self.random.random() < 0.6:
            own = [row for row in rows if self.belongs(entity, row, person)]
            if own:
                return self.random.choice(own)
        return self.random.choice(rows)

    def fulfils(self, bind: str, row: Row, conditions: Iterable[Expression], at: datetime) -> bool:
        """Whether a row that is bound to a name is as some conditions want it."""
        return self._all_hold(conditions, Environment(**self._around(at), bindings={bind: row}))

    def sees(self, entity: str, row: Row, person: Any, at: datetime) -> bool:
        """Whether somebody may read a row."""
        caller = None if person is None else self.find(self.identity or "", person)
        rule = self.model.entity(entity).access["read"]
        return self._all_hold([rule.condition], Environment(**self._around(at), this=row, caller=caller))

    def _around(self, at: datetime) -> dict[str, Any]:
        """What every expression may look at: the instant and the rows."""
        return {"now": at, "keys": self._keys, "rows": self.oracle.rows}

    def _all_hold(self, conditions: Iterable[Expression], about: Environment) -> bool:
        try:
            return all(holds(condition, about) for condition in conditions)
        except Overflow:
            return False

    def refers(self, entity: str, row: Row) -> set[tuple[str, Any]]:
        """The row itself and the rows that it refers to; accounts tie nothing together."""
        key, ties, _ = self._references[entity]
        found = {(target, row[name]) for name, target in ties if row[name] is not None}
        found.add((entity, row[key]))
        return found

    def belongs(self, entity: str, row: Row, person: Any) -> bool:
        """Whether a row was made by the person, or refers to it."""
        return self.creator(entity, row) == person or person in self.accounts_in(entity, row)

    def accounts_in(self, entity: str, row: Row) -> list[Any]:
        """The accounts that a row refers to, or is."""
        key, _, accounts = self._references[entity]
        if entity == self.identity:
            return [row[key]]
        return [row[name] for name in accounts if row[name] is not None]

    def concerned(self, near: Sequence[tuple[str, Row]]) -> list[Any]:
        """The accounts that have to do with some rows: named in them, or in rows beside them."""
        found = [account for entity, row in near for account in self.accounts_in(entity, row)]
        pairs = {pair for entity, row in near for pair in self.refers(entity, row)}
        for other, (_, _, accounts) in self._references.items():
            if other != self.identity and accounts:
                for row in self.rows(other):
                    if not pairs.isdisjoint(self.refers(other, row)):
                        found += self.accounts_in(other, row)
        return list(dict.fromkeys(found))

    # People ------------------------------------------------------------------------------------------

    def accounts(self) -> list[Row]:
        """The accounts that there are, the first ones only: they own much, and are old friends."""
        return [] if self.identity is None else self.oracle.rows[self.identity][:MOST_PEOPLE]

    def sessions(self, at: datetime) -> list[Session]:
        """The newest session of each account that is valid at a moment."""
        found: dict[Any, Session] = {}
        for session in self.oracle.reference.sessions.values():
            if at < session.expires:
                found[session.subject] = session
        there = {row[self.model.entity(self.identity or "").key] for row in self.accounts()}
        return [session for subject, session in found.items() if subject in there]

    def old_sessions(self) -> list[Session]:
        """Sessions that were begun, whether or not they have expired or were ended."""
        return list(self._begun.values())[-NEWEST:]

    def use_session(self, session: Session) -> None:
        """Note that the request hangs on a sign-in, and on the account behind it."""
        found = NAME.fullmatch(session.token)
        if found is not None:
            self.used.add(int(found[2]))
        row = self.find(self.identity or "", session.subject)
        if row is not None:
            self.use(self.identity or "", row)

    # Values ------------------------------------------------------------------------------------------

    def text(self, entity: str, field: Field, row: Row) -> str | None:
        """A value of a row as paths, queries and forms write it; None where there is none."""
        value = row[field.name]
        self.use(entity, row)
        if isinstance(value, list):
            value = self.random.choice(value) if value else None
        if value is None or isinstance(value, bytes | dict):
            return None
        kind: FieldType = field.type
        if isinstance(kind, ListType):
            kind = kind.element
        if isinstance(kind, ReferenceType | ManyType):
            target = self.find(kind.entity, value)
            return self._plain(value) if target is None else self.key(kind.entity, target)
        if field.generated == "sequence":
            return self._number(entity, field, row)
        return self._plain(value)

    def _plain(self, value: Any) -> str:
        return str(value) if isinstance(value, float) else written(value)

    def key(self, entity: str, row: Row) -> str:
        """The key of a row as text; a number that is not known in advance by its name."""
        field = self.model.entity(entity).field(self.model.entity(entity).key)
        return self.text(entity, field, row) or ""

    def _number(self, entity: str, field: Field, row: Row) -> str:
        found = self.model.entity(entity)
        origin = self._origins.get((entity, key_of(found, row)))
        name = (
            None if origin is None else self.oracle.number_name(origin.number, found, field, row[field.name])
        )
        return name or str(row[field.name])

    def keys(self, entity: str, row: Row) -> tuple[str, ...]:
        """Every key field of a row as text."""
        found = self.model.entity(entity)
        return tuple(self.text(entity, found.field(name), row) or "" for name in found.keys)

    def is_number(self, entity: str) -> bool:
        """Whether the key of an entity is written without quotes in JSON."""
        kind = self.model.entity(entity).field(self.model.entity(entity).key).type
        if isinstance(kind, ReferenceType):
            return self.is_number(kind.entity)
        return isinstance(kind, ScalarType) and kind.scalar in ("integer", "double")


def references(entity: Entity, identity: str | None) -> tuple[str, list[tuple[str, str]], list[str]]:
    """The key of an entity, its references to other rows with their entities, and those to accounts."""
    pairs = [(f.name, f.type.entity) for f in entity.fields if isinstance(f.type, ReferenceType)]
    ties = [pair for pair in pairs if pair[1] != identity]
    return entity.key, ties, [name for name, target in pairs if target == identity]


def moment(number: int) -> datetime:
    """The instant of a request."""
    return now(f"v-{number}")
