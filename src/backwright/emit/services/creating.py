"""The step that makes rows: one, or one for each element of a list, all or none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backwright.emit.repositories.inserts import insert_all, is_one_statement
from backwright.emit.repositories.writing import numbered, unique_keys
from backwright.emit.services import checking
from backwright.emit.services.beforehand import beforehand, names_item
from backwright.emit.services.holding import conflicting, repository
from backwright.emit.services.judging import judge_candidates, refused_candidate
from backwright.emit.services.rows import candidate
from backwright.emit.services.scope import Scope
from backwright.emit.services.writing import accepted_lines, inserted, kept_lines, within
from backwright.emit.source import indented, operand
from backwright.expr.walk import is_local
from backwright.model.types import Create, Entity


def create(step: Create, scope: Scope) -> list[str]:
    """A new row, or one for each item of a list, all or none."""
    entity = scope.model.entity(step.entity)
    if step.each is None:
        scope.package.changes[entity.name].inserts = True
        row = scope.bind(step.bind, entity=entity.name)
        return inserted(entity, step.values, step.allowed, row, scope)
    rows = scope.bind(step.bind, entity=entity.name, otherwise=f"new_{step.bind}")
    item, row = scope.variable("item"), scope.variable(scope.names.row(entity.name))
    items = scope.value(step.each, f"{step.bind}_from")
    # Under a condition it is said before the condition.
    none = [] if scope.conditional else [f"{rows}: list[{scope.row_class(entity.name)}] = []"]
    refused = refused_candidate(step.allowed, entity, step.values, scope)
    if refused is not None:
        return [f"if {items}:\n{indented(refused)}", *(none if scope.mentions(step.bind) else [])]
    ahead = beforehand(step, entity, scope)
    made = candidate(entity, ahead.values, row, scope, item=item)
    one_by_one, at_once = judge_candidates(step.allowed, entity, step.values, row, rows, scope, item=item)
    if step.each.meaning.type.nullable:
        items = f"{operand(items)} or []"
    loop = "\n".join([*made, *one_by_one, f"{rows}.append({row})"])
    each = item if _speaks_of(item, loop) else "_"
    return [
        *ahead.lines,
        *none,
        ahead.loop(each, items, loop),
        *at_once,
        *_stored_rows(step, entity, row, rows, (item, items), scope),
    ]


def _stored_rows(
    step: Create, entity: Entity, row: str, rows: str, items: tuple[str, str], scope: Scope
) -> list[str]:
    """New rows that were judged: all are checked before the first is stored, unless a check looks at other rows."""
    before, known = _asked_at_once(step, entity, rows, scope)
    accepted = accepted_lines(entity, step.values, step.allowed, row, scope, item=items[0], known=known)
    if accepted and checking.is_about_the_row_alone(entity):
        before.append(_for_each(accepted, row, rows, items, place=""))
        accepted = []
    if not accepted and is_one_statement(entity):
        number = f"{rows} = " if numbered(entity) is not None else ""
        module, name = repository(entity, scope), insert_all(entity, scope.repositories)
        scope.statements += 1
        code = f"{number}await {module}.{name}({scope.db}, {rows})"
        return [*before, conflicting(code, [fields for _, fields in unique_keys(entity)])]
    scope.package.changes[entity.name].inserts = True
    scope.statements += 1  # a statement for each row: all or none
    kept = kept_lines(entity, step.values, row, scope, item=items[0])
    place = scope.variable("place") if numbered(entity) is not None else ""
    numbered_rows = [f"{rows}[{place}] = {row}"] if place else []
    return [*before, _for_each([*accepted, *kept, *numbered_rows], row, rows, items, place=place)]


def _asked_at_once(step: Create, entity: Entity, rows: str, scope: Scope) -> tuple[list[str], dict[str, str]]:
    """What is asked of the database once for all new rows: references to rows of another tenant."""
    safe = within(entity, step.values, scope)
    fields = [field for field in entity.fields if field.same is not None and field.name not in safe]
    tenants = {
        each.field: scope.value(each.value, each.field)
        for each in step.values
        if each.field in {field.same for field in fields}
        and is_local(each.value.meaning)
        and not names_item(each.value.meaning)
    }
    return checking.outside(entity, fields, tenants, rows, scope)


def _for_each(lines: Sequence[str], row: str, rows: str, items: tuple[str, str], *, place: str) -> str:
    """What is done with each new row; with the item that it was made of where that is spoken of."""
    item, all_items = items
    head = f"for {place}, {row} in enumerate({rows}):" if place else f"for {row} in {rows}:"
    if _speaks_of(item, "\n".join(lines)):
        pairs = f"zip({operand(all_items)}, {rows}, strict=True)"
        head = (
            f"for {place}, ({item}, {row}) in enumerate({pairs}):"
            if place
            else f"for {item}, {row} in {pairs}:"
        )
    return f"{head}\n{indented(chr(10).join(lines))}"


def _speaks_of(variable: str, code: str) -> bool:
    """Whether code has this variable, and not only a text or an attribute of the same name."""
    return re.search(rf"""(?<![\w."']){variable}\b(?!["'=])""", code) is not None
