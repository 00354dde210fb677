"""The steps of an operation, one after the other, on a copy of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cmp_to_key
from typing import Any, assert_never
from uuid import UUID

import msgspec

from backwright.model.types import (
    Create,
    Delete,
    Entity,
    Find,
    Model,
    OrderTerm,
    ReferenceType,
    Rule,
    ScalarType,
    Select,
    SignIn,
    Step,
    Update,
    VerifyPassword,
)
from backwright.reference.decode import Password
from backwright.reference.evaluate import Environment, Row, evaluate, holds, parameters
from backwright.reference.failures import Failure

Rows = dict[str, list[Row]]


class Page(msgspec.Struct, frozen=True):
    """Rows of one page, and the cursor of the next (None: this is the last)."""

    rows: list[Row]
    next: str | None


class Cursors(msgspec.Struct):
    """The cursors that were given out: what each is bound to, and the row after which it continues."""

    given: dict[str, tuple[Any, Row]]
    fresh: Callable[[str], str]

    def remember(self, bound: Any, row: Row) -> str:
        cursor = self.fresh("cursor")
        self.given[cursor] = (bound, row)
        return cursor

    def after(self, cursor: str, bound: Any) -> Row:
        """The row after which to continue. Raises Failure for a cursor of something else."""
        known = self.given.get(cursor)
        if known is None or known[0] != bound:
            raise Failure("invalid", [("after", "cursor")])
        return known[1]


class Execution(msgspec.Struct, kw_only=True):
    """One run of one operation. `rows` is a copy that replaces the state only if every step succeeds."""

    model: Model
    operation: str
    rows: Rows
    now: datetime
    caller: Row | None
    params: dict[str, Any]
    body: dict[str, Any]
    new_id: Callable[[], UUID]
    issue_token: Callable[[UUID], str]
    cursors: Cursors
    bindings: dict[str, Any] = {}

    def environment(self, this: Row | None = None) -> Environment:
        """What names mean at this point of the run."""
        return Environment(
            now=self.now,
            keys={entity.name: entity.key for entity in self.model.entities},
            rows=self.rows,
            this=this,
            caller=self.caller,
            params=self.params,
            body=self.body,
            bindings=self.bindings,
        )

    def permits(self, rule: Rule | None, row: Row) -> bool:
        """Whether a rule holds for a row. A trusted step has no rule."""
        return rule is None or holds(rule.condition, self.environment(row))

    def readable(self, entity: str, key: Any) -> bool:
        """Whether there is such a row and the caller may read it."""
        target = self.model.entity(entity)
        return any(
            row[target.key] == key and self.permits(target.access["read"], row) for row in self.rows[entity]
        )

    def run(self, step: Step) -> None:
        """One step. Raises Failure."""
        match step:
            case Find():
                self.find(step)
            case Select():
                self.select(step)
            case Create():
                self.create(step)
            case Update():
                self.update(step)
            case Delete():
                self.delete(step)
            case VerifyPassword():
                self.verify_password(step)
            case SignIn():
                key = self.model.entity(self.identity()).key
                self.bindings[step.bind] = self.issue_token(self.bindings[step.row][key])
            case _:
                assert_never(step)

    def identity(self) -> str:
        assert self.model.auth is not None
        return self.model.auth.identity

    def find(self, step: Find) -> None:
        for row in self.rows[step.entity]:
            if holds(step.where.meaning, self.environment(row)) and self.permits(step.readable, row):
                self.bindings[step.bind] = row
                return
        raise Failure(step.error)

    def select(self, step: Select) -> None:
        filters = [f for f in step.filters if parameters(f.condition.meaning) <= self.params.keys()]
        compare = comparison(with_key(step.order, self.model.entity(step.entity)))
        rows = [
            row
            for row in self.rows[step.entity]
            if self.permits(step.readable, row)
            and all(holds(f.condition.meaning, self.environment(row)) for f in filters)
        ]
        rows.sort(key=cmp_to_key(compare))
        bound = (self.operation, {n: v for n, v in self.params.items() if n not in {"limit", "after"}})
        if "after" in self.params:
            last = self.cursors.after(self.params["after"], bound)
            rows = [row for row in rows if compare(row, last) > 0]
        limit = self.params.get("limit", step.paging.default)
        page = rows[:limit]
        cursor = self.cursors.remember(bound, dict(page[-1])) if len(rows) > limit else None
        self.bindings[step.bind] = Page(page, cursor)

    def create(self, step: Create) -> None:
        entity = self.model.entity(step.entity)
        given = {assignment.field: assignment.value for assignment in step.values}
        row: Row = {entity.key: self.new_id()}
        for field in entity.fields:
            if field.name != entity.key:
                row[field.name] = stored(evaluate(given[field.name].meaning, self.environment()), field.type)
        if not self.permits(step.allowed, row):
            raise Failure("forbidden")
        self.store(entity, row)
        self.rows[entity.name].append(row)
        self.bindings[step.bind] = row

    def update(self, step: Update) -> None:
        entity = self.model.entity(step.entity)
        before: Row = self.bindings[step.bind]
        after = dict(before)
        for name in step.changes:
            if name in self.body:
                after[name] = self.body[name]
        for assignment in step.values:
            value = evaluate(assignment.value.meaning, self.environment(before))
            after[assignment.field] = stored(value, entity.field(assignment.field).type)
        if not (self.permits(step.allowed, before) and self.permits(step.allowed, after)):
            raise Failure("forbidden")
        self.store(entity, after)
        rows = self.rows[entity.name]
        rows[position(rows, before)] = after
        self.bindings[step.bind] = after

    def store(self, entity: Entity, row: Row) -> None:
        """Refuses a row whose unique keys are taken: the first of them in declared order."""
        for key in unique_keys(entity):
            values = [row[name] for name in key]
            if None not in values and any(
                [other[name] for name in key] == values
                for other in self.rows[entity.name]
                if other[entity.key] != row[entity.key]
            ):
                raise Failure("conflict", [(name, "taken") for name in key])

    def delete(self, step: Delete) -> None:
        entity = self.model.entity(step.entity)
        row: Row = self.bindings[step.bind]
        if not self.permits(step.allowed, row):
            raise Failure("forbidden")
        del self.rows[entity.name][position(self.rows[entity.name], row)]
        for holder in self.model.entities:
            for field in holder.fields:
                refers = isinstance(field.type, ReferenceType) and field.type.entity == entity.name
                if refers and any(other[field.name] == row[entity.key] for other in self.rows[holder.name]):
                    raise Failure("conflict")

    def verify_password(self, step: VerifyPassword) -> None:
        row: Row | None = self.bindings[step.bind]
        if row is None or row[step.field] != evaluate(step.given.meaning, self.environment()):
            raise Failure("invalid_credentials")


def stored(value: Any, type: ScalarType | ReferenceType) -> Any:
    """The value as it is kept in a field: passwords are marked as such."""
    if isinstance(type, ScalarType) and type.scalar == "password" and value is not None:
        return Password(value)
    return value


def position(rows: Sequence[Row], row: Row) -> int:
    """Where exactly this row is."""
    return next(place for place, other in enumerate(rows) if other is row)


def unique_keys(entity: Entity) -> list[tuple[str, ...]]:
    """The unique keys of an entity in declared order: fields first, then indexes."""
    keys: list[tuple[str, ...]] = [(field.name,) for field in entity.fields if field.unique]
    keys += [tuple(term.field for term in index.terms) for index in entity.indexes if index.unique]
    return list(dict.fromkeys(keys))


def with_key(order: Sequence[OrderTerm], entity: Entity) -> list[OrderTerm]:
    """A total order: the key ends it, in the direction of the last term."""
    if any(term.field == entity.key for term in order):
        return list(order)
    return [*order, OrderTerm(field=entity.key, direction=order[-1].direction if order else "asc")]


def comparison(order: Sequence[OrderTerm]) -> Callable[[Mapping[str, Any], Mapping[str, Any]], int]:
    """Negative, zero or positive as the first row comes before, with or after the second; null is least."""

    def compare(left: Mapping[str, Any], right: Mapping[str, Any]) -> int:
        for term in order:
            one, other = left[term.field], right[term.field]
            if one == other:
                continue
            less = one is None or (other is not None and one < other)
            return -1 if less == (term.direction == "asc") else 1
        return 0

    return compare
