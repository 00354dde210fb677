"""Rows as a step would store them: a new one, and what an update makes of one that is stored."""

from __future__ import annotations

from collections.abc import Sequence

from backwright.emit.defaults import constant
from backwright.emit.defaults import python as python_constant
from backwright.emit.entities import columns
from backwright.emit.inputs import may_be_unset
from backwright.emit.names import attribute, snake
from backwright.emit.repositories import lookups
from backwright.emit.secrets import is_compared, purpose_of
from backwright.emit.services.holding import repository
from backwright.emit.services.scope import Scope, is_many
from backwright.emit.source import Identifier, Source, imports, indented, literal, operand
from backwright.emit.storage import type_of
from backwright.expr.typed import Constant, Expression, Input, Name, Type
from backwright.model.types import (
    Assignment,
    Entity,
    Field,
    Formula,
    ManyType,
    ScalarType,
)

_RUNTIME = "backwright_runtime"


def candidate(
    entity: Entity, given: Sequence[Assignment], row: str, scope: Scope, *, item: str = "item"
) -> list[str]:
    """The row as it would be: what the step gives, and what the service makes; a slug comes last."""
    assigned = {each.field: each for each in given}
    lines: list[str] = []
    slugs: list[Field] = []
    for field in columns(entity, scope.model):
        if field.name in assigned:
            value = stored_value(assigned[field.name].value, field, scope, item=item)
            said = f"  # set: {assigned[field.name].value.source}" if field.set is not None else ""
            lines.append(f"{Identifier(field.column)}={value},{said}")
        elif field.generated == "slug":
            slugs.append(field)
        else:
            lines.append(f"{Identifier(field.column)}={made(field, entity, scope)},")
    for field in slugs:
        source_value = assigned[field.source or ""].value if field.source in assigned else None
        words_ = "''" if source_value is None else scope.value(source_value, field.source or "", item=item)
        key = lookups.free_slug(entity, field, scope.repositories)
        module = repository(entity, scope)
        scope.statements += 1
        call = f"await {module}.{key}({scope.db}, {words_}, ctx.new_suffix)"
        lines.append(f"{Identifier(field.column)}={call},")
    listed = "\n".join(lines)
    return [f"{row} = {scope.row_class(entity.name)}(\n{indented(listed)}\n)"]


def made(field: Field, entity: Entity, scope: Scope) -> str:
    """A value that the service makes."""
    match field.generated:
        case "sequence":
            return "0"
        case "token":
            return "ctx.new_token()"
        case "version":
            return "1"
        case _:
            if field.name == entity.key and not field.input:
                return "ctx.new_id()"
            return "None"


def changed(
    entity: Entity, sent: Sequence[str], given: Sequence[Assignment], before: str, after: str, scope: Scope
) -> list[str]:
    """The row after: what the body says, what the step sets, the next version, and the new slug."""
    lines: list[str] = []
    values: list[str] = []
    set_here = {each.field for each in given}
    for name in sent:
        field = entity.field(name)
        if is_many(field.type) or name in set_here:
            continue
        values.append(f"{Identifier(field.column)}={sent_value(field, before, lines, scope)},")
    for each in given:
        field = entity.field(each.field)
        if is_many(field.type):
            continue
        said = f"  # on update: {field.on_update.source}" if field.on_update is not None else ""
        values.append(
            f"{Identifier(field.column)}={stored_value(each.value, field, scope, this=before)},{said}"
        )
    if entity.version is not None:
        column = entity.field(entity.version).column
        values.append(f"{Identifier(column)}={before}.{column} + 1,")
    if values:
        scope.imports |= imports("msgspec.structs", "replace")
        listed = indented(chr(10).join([f"{before},", *values]))
        if len(values) < 3 and "  # " not in listed:
            listed = listed.removesuffix(",")
        lines.append(f"{after} = replace(\n{listed}\n)")
    elif before != after:
        lines.append(f"{after} = {before}")
    touched = {*sent, *set_here}
    for field in entity.fields:
        if field.follows_source and field.source in touched:
            lines.append(followed(entity, field, before, after, scope))
    return lines


def sent_value(field: Field, before: str, lines: list[str], scope: Scope) -> str:
    """A column after the change: what was sent, or what is there."""
    text = f"body.{attribute(field.name)}"
    body = scope.operation.body
    member = next(each for each in body.fields if each.name == field.name) if body is not None else None
    always = body is not None and not body.partial
    if always and member is not None and may_be_unset(member, partial=False):
        text = scope.received(text, member)
    stored = f"{before}.{Identifier(field.column)}"
    kind = type_of(field.type, nullable=field.nullable) or Type("null")
    meaning = Input(type=kind, source="body", name=field.name)
    if isinstance(field.type, ScalarType) and (field.type.scalar == "password" or field.encrypted):
        if always:
            return as_stored(text, field, meaning, scope)
        scope.imports |= imports("msgspec", "UNSET", "UnsetType") | imports(_RUNTIME, "given")
        variable = scope.variable(f"new_{snake(field.name)}")
        optional = " | None" if field.nullable else ""
        is_password = field.type.scalar == "password"
        made_ = f"await ctx.passwords.hash({text})" if is_password else as_stored(text, field, meaning, scope)
        if is_password and field.nullable:
            made_ = f"{made_} if {operand(text)} is not None else None"
        new = (
            f"{variable}: str | UnsetType{optional} = UNSET\n"
            f"if {text} is not UNSET:\n    {variable} = {made_}"
        )
        (scope.before if is_password and not scope.conditional else lines).append(new)
        return f"given({variable}, {stored})"
    if always:
        return as_stored(text, field, meaning, scope)
    scope.imports |= imports(_RUNTIME, "given")
    return f"given({text}, {stored})"


def followed(entity: Entity, field: Field, before: str, after: str, scope: Scope) -> str:
    """The slug of a changed source."""
    name = lookups.slug_after(entity, field, scope.repositories)
    module = repository(entity, scope)
    scope.statements += 1
    scope.package.changes[entity.name].fields.add(field.name)
    call = f"await {module}.{name}({scope.db}, {before}, {after}, ctx.new_suffix)"
    return f"{after} = replace({after}, {Identifier(field.column)}={call})"


def stored_value(formula: Formula, field: Field, scope: Scope, *, this: str = "", item: str = "item") -> str:
    """A value as the column holds it."""
    fixed = _with_digits(formula, field)
    if fixed is not None:
        scope.imports |= fixed.imports
        return fixed.text
    value = scope.value(formula, field.name, this=this, item=item)
    return as_stored(value, field, formula.meaning, scope)


def _with_digits(formula: Formula, field: Field) -> Source | None:
    """A number of the specification, written with the digits that a decimal keeps; None for anything else."""
    number = constant(formula)
    if not isinstance(field.type, ScalarType) or field.type.scalar != "decimal" or field.encrypted:
        return None
    if not isinstance(number, Constant) or number.value is None:
        return None
    try:
        return python_constant(number, field.type)
    except ArithmeticError:  # the column cannot hold it: the runtime says so
        return None


def as_stored(value: str, field: Field, meaning: Expression, scope: Scope) -> str:
    """Passwords hashed, secrets encrypted, numbers in the field's own type, rows that are linked by their keys."""
    if isinstance(field.type, ManyType) and isinstance(meaning, Name) and meaning.root == "binding":
        listed = scope.model.entity(field.type.entity)
        return f"[row.{attribute(listed.field(listed.key).column)} for row in {value}]"
    if value == "None":
        return value
    if isinstance(field.type, ScalarType):
        if field.type.scalar == "password":
            hashed = f"await ctx.passwords.hash({value})"
            if meaning.type.nullable:
                hashed = f"{hashed} if {operand(value)} is not None else None"
            return scope.ahead(f"hashed_{snake(field.name)}", hashed, meaning)
        if field.encrypted:
            entity = next(entity for entity in scope.model.entities if field in entity.fields)
            method = "encrypt_same" if is_compared(entity, field) else "encrypt"
            return f"ctx.cipher.{method}({value}, {literal(purpose_of(entity, field))})"
        if field.type.scalar == "decimal":
            scale = field.type.scale or 0
            if meaning.type.kind != "decimal" or meaning.type.scale != scale:
                scope.imports |= imports(f"{_RUNTIME}.arithmetic", "to_decimal")
                return f"to_decimal({value}, {scale})"
        if field.type.scalar == "double" and meaning.type.kind == "integer":
            return f"float({value})"
    return value


def partial(scope: Scope) -> bool:
    """Whether absent members of the body stay as they are."""
    return scope.operation.body is not None and scope.operation.body.partial
