"""What a row has to satisfy before it is stored: checks, and references that stay within a tenant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backwright.emit.judge import row_fields
from backwright.emit.names import snake
from backwright.emit.repositories import values
from backwright.emit.repositories.tenants import misplaced
from backwright.emit.same_tenant import stays
from backwright.emit.services.judging import rule_call
from backwright.emit.services.places import Place
from backwright.emit.services.scope import Scope
from backwright.emit.source import Identifier, imports, indented, literal
from backwright.expr.typed import Name
from backwright.expr.walk import is_local, nodes
from backwright.model.types import Check, Entity, Field, ManyType, Model, ReferenceType, Rule

_RUNTIME = "backwright_runtime"
_STRUCT = imports("msgspec", "Struct")


def at_risk(check: Check, entity: Entity, touched: frozenset[str]) -> bool:
    """Whether a check can fail of a stored row once these fields have changed."""
    condition = check.condition.meaning
    others = any(isinstance(node, Name) and node.root != "this" for node in nodes(condition))
    return (
        others
        or not is_local(condition)
        or bool(row_fields(condition, entity.key) & (touched | made(entity)))
    )


def is_about_the_row_alone(entity: Entity) -> bool:
    """Whether what a row has to satisfy before it is stored is the same whatever else is stored by then."""
    return all(is_local(check.condition.meaning) for check in entity.checks)


def made(entity: Entity) -> frozenset[str]:
    """The fields that any change may change."""
    return frozenset(
        field.name for field in entity.fields if field.follows_source or field.generated == "version"
    )


def lines(entity: Entity, checks: Sequence[Check], row: str, scope: Scope) -> list[str]:
    """422 with every one of the checks that does not hold."""
    questions = [_question(entity, check, row, scope) for check in checks]
    errors = [
        f"FieldError({literal(entity.wire(check.field or ''))}, {literal(check.code)})" for check in checks
    ]
    scope.imports |= imports(_RUNTIME, "FieldError", "Invalid")
    if len(questions) == 1:
        return [f"if not {questions[0]}:\n    raise Invalid({errors[0]})"]
    wrong = scope.variable("wrong")
    found = "\n".join(
        f"if not {question}:\n    {wrong}.append({error})"
        for question, error in zip(questions, errors, strict=True)
    )
    return [f"{wrong}: list[FieldError] = []\n{found}\nif {wrong}:\n    raise Invalid(*{wrong})"]


def _question(entity: Entity, check: Check, row: str, scope: Scope) -> str:
    about = f"{entity.name} check {check.name}: {check.condition.source}"
    wanted = [f"check_{snake(entity.name)}_{snake(check.name)}"]
    if is_local(check.condition.meaning):
        return rule_call(wanted, about, check.condition.meaning, entity, row, scope)
    rule = Rule(source=check.condition.source, condition=check.condition.meaning)
    found = values.judge(rule, entity, wanted, scope.repositories, signed_in=scope.signed_in, in_place=False)
    return scope.call(found, *([row] if found.given else []))


def may_leave(field: Field, touched: frozenset[str], model: Model) -> bool:
    """Whether a stored reference can be to a row of another tenant once these fields have changed."""
    assert isinstance(field.type, ReferenceType | ManyType) and field.same is not None
    target = model.entity(field.type.entity)
    return not stays(target, field.same) or field.name in touched or field.same in touched


def outside(
    entity: Entity, fields: Sequence[Field], tenants: Mapping[str, str], rows: str, scope: Scope
) -> tuple[list[str], dict[str, str]]:
    """The references of new rows that lead to rows of another tenant, asked for at once: lines, and the variables.

    `tenants` are the fields that say whose the rows are, where these have one value for all of them.
    """
    lines: list[str] = []
    found: dict[str, str] = {}
    row = scope.names.row(entity.name)
    for field in fields:
        tenant = tenants.get(field.same or "")
        if tenant is None or not isinstance(field.type, ReferenceType):
            continue
        variable = found[field.name] = scope.variable(f"{snake(field.name)}_elsewhere")
        value = f"{row}.{Identifier(field.column)}"
        sent = f" if {value} is not None" if field.nullable else ""
        lines.append(
            f"{variable} = {_misplaced(entity, field, tenant, f'[{value} for {row} in {rows}{sent}]', scope)}"
        )
    return lines, found


def _misplaced(entity: Entity, field: Field, tenant: str, keys: str, scope: Scope) -> str:
    """The call that tells which of these rows belong to another tenant."""
    module = scope.names.repository(entity.name)
    scope.imports |= imports(f"{scope.names.package}.repositories", module)
    scope.statements += 1
    return f"await {module}.{misplaced(entity, field, scope.repositories)}({scope.db}, {tenant}, {keys})"


def shared_lines(
    entity: Entity,
    fields: Sequence[Field],
    row: str,
    links: dict[str, str],
    scope: Scope,
    *,
    known: Mapping[str, str],
    partial: bool,
) -> list[str]:
    """422 with every reference that leads to a row of another tenant.

    `known` are variables that hold the rows of another tenant among all that are referred to.
    """
    alone = len(fields) == 1 and fields[0].name not in links
    elsewhere = "" if alone else scope.variable("elsewhere")
    found: list[str] = []
    scope.imports |= imports(_RUNTIME, "FieldError", "Invalid")
    for field in fields:
        tenant = f"{row}.{Identifier(entity.field(field.same or '').column)}"
        if field.name in links:
            value = links[field.name]
            if value == "[]":
                continue
            look = (
                f"outside = {_misplaced(entity, field, tenant, value, scope)}\n"
                f"{elsewhere} += [\n"
                f'    FieldError({Place.of(entity.wire(field.name)).element()}, "reference")\n'
                f"    for place, each in enumerate({value})\n    if each in outside\n]"
            )
            guard = scope.sent(field.name) if partial and value.startswith("body.") else ""
            found.append(f"if {guard}:\n{indented(look)}" if guard else look)
            continue
        value = f"{row}.{Identifier(field.column)}"
        if field.name in known:
            question = f"{value} in {known[field.name]}"
        else:
            guard = f"{value} is not None and " if field.nullable else ""
            question = f"{guard}{_misplaced(entity, field, tenant, f'[{value}]', scope)}"
        error = f"FieldError({literal(entity.wire(field.name))}, 'reference')"
        if alone:
            return [f"if {question}:\n    raise Invalid({error})"]
        found.append(f"if {question}:\n    {elsewhere}.append({error})")
    listed = "\n".join(found)
    return [f"{elsewhere}: list[FieldError] = []\n{listed}\nif {elsewhere}:\n    raise Invalid(*{elsewhere})"]
