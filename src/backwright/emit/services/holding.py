"""What every write has to hold, and what goes with it: members, checks, tenants, links, records, conflicts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from backwright.emit.certain import holds
from backwright.emit.inputs import may_be_unset
from backwright.emit.judge import row_fields
from backwright.emit.monotone import still_holds
from backwright.emit.names import snake, words
from backwright.emit.repositories.writing import links_of, set_links, unique_keys
from backwright.emit.services import checking
from backwright.emit.services.judging import asked, rule_call
from backwright.emit.services.scope import Scope, is_many
from backwright.emit.source import Identifier, imports, literal, remark
from backwright.emit.storage import key_fields
from backwright.expr.fold import substitute
from backwright.expr.walk import is_local
from backwright.model.types import (
    Assignment,
    Entity,
    Field,
    ReferenceType,
)

_RUNTIME = "backwright_runtime"


def judge_members(entity: Entity, row: str, scope: Scope, only: Sequence[str] | None = None) -> list[str]:
    """Members that the caller may not send are 403."""
    lines: list[str] = []
    body = scope.operation.body
    members = {member.name for member in body.fields} if body is not None else set()
    for field in entity.fields:
        if field.write is None or field.name not in members or (only is not None and field.name not in only):
            continue
        said = f"{entity.name}.{field.name} write: {field.write.source}"
        scope.imports |= imports(_RUNTIME, "Forbidden")
        if is_local(field.write.condition):
            wanted = [f"write_{snake(entity.name)}_{snake(field.name)}"]
            question = rule_call(wanted, said, field.write.condition, entity, row, scope)
        else:
            question = asked(field.write, entity, f"write_{snake(field.name)}", row, scope, in_place=False)
        sent = next((each for each in body.fields if each.name == field.name), None) if body else None
        always = body is not None and sent is not None and not may_be_unset(sent, partial=body.partial)
        guard = "" if always else f"{scope.sent(field.name)} and "
        lines.append(remark(f"if {guard}not {question}:", said, 8) + "\n    raise Forbidden")
    return lines


def checked_new(entity: Entity, given: Sequence[Assignment], row: str, scope: Scope) -> list[str]:
    """The entity's checks, of a new row those that what it is given does not decide: 422 with all that do not hold."""
    values = {each.field: each.value.meaning for each in given}
    checks = [
        each
        for each in entity.checks
        if not holds(substitute(each.condition.meaning, values), signed_in=False)
    ]
    return checking.lines(entity, checks, row, scope) if checks else []


def checked(
    entity: Entity, row: str, scope: Scope, *, touched: frozenset[str], values: Sequence[Assignment] = ()
) -> list[str]:
    """The entity's checks, of a changed row those that the change can break: 422 with all that do not hold.

    `values` are all that changes a row that satisfied them; none where something else does, too.
    """
    checks = [check for check in entity.checks if checking.at_risk(check, entity, touched)]
    made = {field.name for field in entity.fields if field.on_update is not None} | checking.made(entity)
    checks = [
        check
        for check in checks
        if not values
        or row_fields(check.condition.meaning, entity.key) & made
        or not still_holds(check.condition.meaning, values, scope.operation)
    ]
    return checking.lines(entity, checks, row, scope) if checks else []


def shared(
    entity: Entity,
    row: str,
    links: dict[str, str],
    scope: Scope,
    *,
    touched: frozenset[str] | None = None,
    without: Collection[str] = (),
    known: Mapping[str, str] = MappingProxyType({}),
    partial: bool = False,
) -> list[str]:
    """References, of a changed row those that the change can lead astray, are within one tenant: 422.

    `without` are fields that are null, or certain to stay within it. `known`: see `checking.shared_lines`.
    """
    fields = [field for field in entity.fields if field.same is not None and field.name not in without]
    if touched is not None:
        fields = [each for each in fields if checking.may_leave(each, touched, scope.model)]
    fields = [field for field in fields if isinstance(field.type, ReferenceType) or field.name in links]
    if not fields:
        return []
    return checking.shared_lines(entity, fields, row, links, scope, known=known, partial=partial)


def linked(entity: Entity, field: Field, row: str, value: str, scope: Scope) -> str:
    """The statement that stores a many-to-many field."""
    module, name = set_links(entity, field, scope.repositories)
    scope.imports |= imports(f"{scope.names.package}.repositories", module)
    scope.statements += 2
    key = Identifier(key_fields(entity)[0].column)
    return f"await {module}.{name}({scope.db}, {row}.{key}, {value})"


def stored_links(entity: Entity, field: Field, row: str, scope: Scope) -> str:
    """The call that tells which rows a row is linked to."""
    module, name = links_of(entity, field, scope.repositories)
    scope.imports |= imports(f"{scope.names.package}.repositories", module)
    scope.statements += 1
    return f"await {module}.{name}({scope.db}, {row}.{Identifier(key_fields(entity)[0].column)})"


def linked_before(
    entity: Entity, row: str, changed: Sequence[str], scope: Scope
) -> tuple[list[str], dict[str, str]]:
    """What a record has to know of links that a write changes: lines, and the variable of each field."""
    if entity.audit is None or "update" not in entity.audit.verbs:
        return [], {}
    lines: list[str] = []
    found: dict[str, str] = {}
    for field in map(entity.field, changed):
        variable = scope.variable(f"{snake(field.name)}_before")
        lines.append(f"{variable} = {stored_links(entity, field, row, scope)}")
        found[field.name] = variable
    return lines, found


def recorded(
    entity: Entity,
    action: str,
    before: str | None,
    after: str | None,
    scope: Scope,
    *,
    links: dict[str, str] | None = None,
) -> list[str]:
    """The record of an audited write."""
    verb = {"created": "create", "updated": "update", "deleted": "delete"}[action]
    if entity.audit is None or verb not in entity.audit.verbs:
        return []
    scope.package.audited.add(entity.name)
    scope.imports |= imports(scope.names.package, "audit")
    scope.statements += 1
    rows = f"before={before}, after={after}"
    rows += "".join(f", {name}_before={variable}" for name, variable in (links or {}).items())
    return [
        f"await audit.record_{snake(entity.name)}(ctx, {scope.db}, {literal(scope.operation.name)}, {rows})"
    ]


def saved(entity: Entity, touched: Iterable[str], row: str, scope: Scope) -> list[str]:
    """The statement that stores a changed row."""
    names = {name for name in touched if not is_many(entity.field(name).type)}
    if entity.version is not None:
        names.add(entity.version)
    if not names:
        return []
    changes = scope.package.changes[entity.name]
    changes.fields |= names
    keys = [fields for _, fields in unique_keys(entity) if any(field.name in names for field in fields)]
    scope.statements += 1
    code = f"await {repository(entity, scope)}.save({scope.db}, {row})"
    return [conflicting(code, keys)]


def repository(entity: Entity, scope: Scope) -> Identifier:
    """The module of an entity's statements."""
    module = scope.names.repository(entity.name)
    scope.imports |= imports(f"{scope.names.package}.repositories", module)
    return module


def conflicting(code: str, keys: Sequence[Sequence[Field]]) -> str:
    """A write, with the conflicts that it can answer."""
    if not keys:
        return code
    said = " or ".join(" and ".join(words(field.name) for field in key) for key in keys)
    verb = "are" if len(keys) == 1 and len(keys[0]) > 1 else "is"
    return remark(code, f"409 if the {said} {verb} taken", 8)
