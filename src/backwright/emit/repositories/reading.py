"""Writes the functions that find one row, and the parts that all reading statements share."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from backwright.emit.judge import is_public, is_row
from backwright.emit.names import snake, words
from backwright.emit.repositories import orders
from backwright.emit.repositories.functions import (
    Function,
    Passed,
    Repositories,
    function,
    passed,
    together,
)
from backwright.emit.repositories.projections import (
    Projection,
    row_class,
    selected,
)
from backwright.emit.repositories.statement import Writing, written
from backwright.emit.source import Identifier, Source, source
from backwright.emit.sql import described, where
from backwright.emit.storage import live
from backwright.expr.typed import And, Compare, Expression, Input, Name
from backwright.expr.typed import Member as MemberOf
from backwright.model.types import Entity, Find, Operation, Rule

_RUNTIME = "backwright_runtime"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a reading statement is about: the rows of an entity that satisfy a condition and a rule."""

    entity: Entity
    readable: Rule | None
    where: Expression | None

    def values(self) -> list[Expression]:
        """All that the conditions ask of a row."""
        rule = [] if self.readable is None else [self.readable.condition]
        return [*([] if self.where is None else [self.where]), *rule]

    def conditions(self, sql: Writing, *, row: str = "") -> list[str]:
        """The lines of WHERE, the rule's own words beside its clause."""
        found: list[str] = []
        said = rule_words(self.entity, self.readable)
        if self.where is not None:
            found += lines_of(self.where, sql, row)
        if said:
            assert self.readable is not None
            clause = sql.condition(self.readable.condition, this=row or None, says=True)
            if clause == "TRUE" and found:
                found[0] = described(found[0], said)
            elif clause != "TRUE":
                found.append(described(clause, said))
        return [*found, *live(self.entity, row)]


def lines_of(condition: Expression, sql: Writing, row: str = "") -> list[str]:
    """The parts of a condition, one each."""
    known = sql.folded(condition)
    parts = known.parts if isinstance(known, And) else (known,)
    return [sql.condition(part, this=row or None, says=True) for part in parts]


def rule_words(entity: Entity, rule: Rule | None) -> str:
    """What stands beside the clause of a read rule; nothing where everyone may read."""
    return "" if rule is None or is_public(rule) else f"{entity.name} read: {rule.source}"


def find(
    step: Find,
    operation: Operation,
    projection: Projection,
    repositories: Repositories,
    *,
    lock: bool,
    signed_in: bool,
) -> Function:
    """The function that finds a row, or None."""
    entity = projection.entity
    reading = Reading(entity=entity, readable=step.readable, where=step.where.meaning)
    unique = is_unique(step.where.meaning, entity)
    row = projection.row

    def write_statement(sql: Writing) -> str:
        tail = (
            []
            if unique
            else [orders.order_by(orders.terms(entity, orders.total(entity, ()), sql, row=row)), "LIMIT 1"]
        )
        tail += ["FOR UPDATE"] if lock else []
        asked, known = ([], []) if lock else (projection.values(), reading.values())
        table = sql.source(entity, row, asked, conditions=known)
        return "\n".join(
            [
                selected(projection.columns(sql)),
                f"FROM {table}",
                *projection.joined(sql),
                *where(reading.conditions(sql, row=row)),
                *tail,
            ]
        )

    statement = written(
        repositories.model, write_statement, signed_in=signed_in, for_caller=step.readable is not None
    )
    given = passed(statement, repositories.model, repositories.names, signed_in=signed_in)
    kind = row_class(projection, repositories)
    about = found_words(step, entity, lock=lock)

    def write(name: Identifier) -> Source:
        call = database_call("fetch_one", [str(kind), name.upper(), *given.arguments])
        text = function(name, given.parameters, source(f"{kind} | None", kind), about, f"return await {call}")
        return together(statement.declared(name.upper()), text)

    base = find_name(step, entity) + ("_for_update" if lock else "")
    if projection.name is not None:
        base = f"{base}_as_{snake(projection.name.removesuffix('Row'))}"
    wanted = [
        base,
        f"{base}_if_any" if signed_in else f"{base}_for_anyone",
        f"{base}_to_{snake(operation.name)}",
    ]
    name = repositories.add(entity.name, wanted, write)
    return called(entity, name, given, repositories, row=projection.name or "")


def called(
    entity: Entity,
    name: Identifier,
    given: Passed,
    repositories: Repositories,
    *,
    row: str = "",
    extra: Sequence[str] = (),
) -> Function:
    """A function as its callers see it."""
    return Function(
        module=repositories.names.repository(entity.name),
        name=name,
        context=given.context,
        given=tuple(extra),
        values=given.values,
        row=row,
    )


def found_words(step: Find, entity: Entity, *, lock: bool) -> str:
    """The docstring of a look-up."""
    fields = equal_fields(step.where.meaning, entity)
    noun = words(entity.name)
    by = (
        f" with this {' and '.join(words(field) for field in fields)}"
        if fields
        else f" where {step.where.source}"
    )
    readable = "" if is_public(step.readable) else " that the caller may read"
    locked = ", locked" if lock else ""
    trusted = f" Trusted: {step.trusted}." if step.trusted else ""
    return f"The {noun}{by}{readable}{locked}, or None.{trusted}"


def find_name(step: Find, entity: Entity) -> str:
    """`find` by the key, `find_by_slug` by a field; otherwise `find_one`."""
    fields = equal_fields(step.where.meaning, entity)
    any_row = "_any" if step.readable is None and not is_public(entity.access["read"]) else ""
    if fields == [entity.key]:
        return f"find{any_row}"
    if fields:
        return f"find{any_row}_by_{'_and_'.join(snake(field) for field in fields)}"
    return f"find{any_row}_one"


def equal_fields(condition: Expression, entity: Entity) -> list[str]:
    """The fields that a condition compares with values from outside, where that is all it does."""
    parts = condition.parts if isinstance(condition, And) else (condition,)
    found: list[str] = []
    for part in parts:
        field = _equal_field(part, entity)
        if field is None:
            return []
        found.append(field)
    return found


def _equal_field(part: Expression, entity: Entity) -> str | None:
    match part:
        case Compare(op="==", left=left, right=right):
            for side, other in ((left, right), (right, left)):
                if not _from_outside(other):
                    continue
                if isinstance(side, MemberOf) and is_row(side.of):
                    return side.field
                if is_row(side) and not entity.composite:
                    return entity.key
            return None
        case _:
            return None


def _from_outside(value: Expression) -> bool:
    match value:
        case Input() | Name(root="binding") | Name(root="caller"):
            return True
        case MemberOf(of=Name(root="binding" | "caller")):
            return True
        case _:
            return False


def is_unique(condition: Expression, entity: Entity) -> bool:
    """Whether at most one row can satisfy the condition: it fixes a unique key."""
    parts = condition.parts if isinstance(condition, And) else (condition,)
    fixed = {field for part in parts if (field := _equal_field(part, entity)) is not None}
    keys = [set(entity.keys)]
    keys += [{field.name} for field in entity.fields if field.unique]
    keys += [{term.field for term in index.terms} for index in entity.indexes if index.unique]
    return any(key <= fixed for key in keys)


def database_call(method: str, given: Sequence[str]) -> str:
    """A call of the database; ruff breaks it where it is long."""
    return f"db.{method}({', '.join(given)})"
