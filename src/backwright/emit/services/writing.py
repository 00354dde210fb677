"""The steps that write one row: create, update, delete, ensure, upsert."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from backwright.emit import removal
from backwright.emit.entities import columns
from backwright.emit.inputs import may_be_unset
from backwright.emit.judge import is_public, known_from
from backwright.emit.names import attribute, snake, words
from backwright.emit.repositories import checking, lookups
from backwright.emit.repositories.writing import numbered, set_links, unique_keys
from backwright.emit.secrets import is_compared, purpose_of
from backwright.emit.services.judging import asked, judge_after, judge_candidate, judge_stored, rule_call
from backwright.emit.services.scope import Scope, is_many
from backwright.emit.source import Identifier, imports, indented, literal, operand, remark
from backwright.emit.storage import key_fields, link_fields, type_of
from backwright.expr.fold import Shape, rebuilt
from backwright.expr.typed import Expression, Input, Name, Type
from backwright.expr.walk import is_local
from backwright.model.types import (
    Assignment,
    Create,
    Delete,
    Ensure,
    Entity,
    Field,
    Find,
    Formula,
    ReferenceType,
    Require,
    Rule,
    ScalarType,
    Update,
    Upsert,
)

_RUNTIME = "backwright_runtime"


def create(step: Create, scope: Scope) -> list[str]:
    """A new row, or one for each item of a list, all or none."""
    entity = scope.model.entity(step.entity)
    scope.package.changes[entity.name].inserts = True
    if step.each is None:
        row = scope.bind(step.bind, entity=entity.name)
        return inserted(entity, step.values, step.allowed, row, scope)
    rows = scope.bind(step.bind, entity=entity.name)
    item, row = scope.variable("item"), scope.variable(scope.names.row(entity.name))
    made = candidate(entity, step.values, row, scope, item=item)
    judged = judge_candidate(step.allowed, entity, step.values, row, scope)
    row_class = scope.row_class(entity.name)
    items = scope.value(step.each, f"{step.bind}_from")
    if step.each.meaning.type.nullable:
        items = f"{operand(items)} or []"
    loop = "\n".join([*made, *judged, f"{rows}.append({row})"])
    each = item if re.search(rf"\b{item}\b", loop) else "_"
    kept = stored_lines(entity, step.values, step.allowed, row, scope, item=item)
    number = f"{rows}[place] = {row}" if numbered(entity) is not None else ""
    head = f"for place, {row} in enumerate({rows}):" if number else f"for {row} in {rows}:"
    if re.search(rf"\b{item}\b", "\n".join(kept)):
        head = f"for {item}, {row} in zip({operand(items)}, {rows}, strict=True):"
        if number:
            head = f"for place, ({item}, {row}) in enumerate(zip({operand(items)}, {rows}, strict=True)):"
    return [
        f"{rows}: list[{row_class}] = []",
        f"for {each} in {items}:\n{indented(loop)}",
        f"{head}\n{indented(chr(10).join([*kept, *([number] if number else [])]))}",
    ]


def inserted(
    entity: Entity,
    given: Sequence[Assignment],
    allowed: Rule | None,
    row: str,
    scope: Scope,
    *,
    item: str = "item",
) -> list[str]:
    """A candidate, judged and stored."""
    made = candidate(entity, given, row, scope, item=item)
    judged = judge_candidate(allowed, entity, given, row, scope)
    return [*made, *judged, *stored_lines(entity, given, allowed, row, scope, item=item)]


def stored_lines(
    entity: Entity,
    given: Sequence[Assignment],
    allowed: Rule | None,
    row: str,
    scope: Scope,
    *,
    item: str = "item",
) -> list[str]:
    """Everything behind the rule: members that may not be sent, checks, keys, links and the record of it."""
    lines: list[str] = []
    if allowed is not None:
        lines += judge_members(entity, row, scope)
    links = {each.field: each for each in given if is_many(entity.field(each.field).type)}
    lines += shared(
        entity, row, {name: scope.value(each.value, name, item=item) for name, each in links.items()}, scope
    )
    lines += checked(entity, row, scope)
    number = f"{row} = " if numbered(entity) is not None else ""
    module = repository(entity, scope)
    scope.statements += 1
    code = f"{number}await {module}.insert({scope.db}, {row})"
    lines.append(conflicting(code, [fields for _, fields in unique_keys(entity)]))
    for name, each in links.items():
        lines.append(linked(entity, entity.field(name), row, scope.value(each.value, name, item=item), scope))
    return [*lines, *recorded(entity, "created", None, row, scope)]


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


def stored_value(formula: Formula, field: Field, scope: Scope, *, this: str = "", item: str = "item") -> str:
    """A value as the column holds it."""
    value = scope.value(formula, field.name, this=this, item=item)
    return as_stored(value, field, formula.meaning, scope)


def as_stored(value: str, field: Field, meaning: Expression, scope: Scope) -> str:
    """Passwords hashed, secrets encrypted, numbers in the field's own type."""
    if isinstance(field.type, ScalarType):
        if field.type.scalar == "password":
            hashed = f"await ctx.passwords.hash({value})"
            return f"{hashed} if {operand(value)} is not None else None" if meaning.type.nullable else hashed
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


# Update ----------------------------------------------------------------------------------------------


def update(step: Update, scope: Scope) -> list[str]:
    """The bound row with its changes; afterwards the binding is the row after."""
    entity = scope.model.entity(step.entity)
    row = scope.bound(step.bind)
    lines = judge_stored(step.allowed, entity, "update", row, known_of(step.bind, step, scope), scope)
    if step.allowed is not None:
        lines += judge_members(entity, row, scope, only=step.changes)
    before = row
    touched = frozenset((*step.changes, *(each.field for each in step.values)))
    links = [name for name in step.changes if is_many(entity.field(name).type)]
    changing = keeps_before(entity, step, scope)
    if changing:
        scope.current[step.bind] = after = scope.variable("changed")
    else:
        after = row
    before_links = linked_before(entity, row, scope)
    lines += before_links[0]
    lines += changed(entity, step.changes, step.values, before, after, scope)
    lines += judge_after(step.after or step.allowed, step.allowed, entity, touched, after, scope)
    if step.match:
        assert entity.version is not None
        lines.append(remark(f"ctx.must_match({before}.{entity.field(entity.version).column})", "412", 8))
    sent_links = {name: f"body.{attribute(name)}" for name in links}
    own_links = [each for each in step.values if is_many(entity.field(each.field).type)]
    lines += shared(entity, after, sent_links, scope, partial=partial(scope))
    lines += checked(entity, after, scope)
    lines += saved(entity, touched, after, scope)
    for name, value in sent_links.items():
        line = linked(entity, entity.field(name), after, value, scope)
        guard = scope.sent(name) if partial(scope) else ""
        lines.append(f"if {guard}:\n{indented(line)}" if guard else line)
    for each in own_links:
        lines.append(
            linked(
                entity,
                entity.field(each.field),
                after,
                scope.value(each.value, each.field, this=before),
                scope,
            )
        )
    return [*lines, *recorded(entity, "updated", before, after, scope, links=before_links[1])]


def partial(scope: Scope) -> bool:
    """Whether absent members of the body stay as they are."""
    return scope.operation.body is not None and scope.operation.body.partial


def keeps_before(entity: Entity, step: Update, scope: Scope) -> bool:
    """Whether the row before is still needed once there is the row after."""
    audited = entity.audit is not None and "update" in entity.audit.verbs
    touched = frozenset((*step.changes, *(each.field for each in step.values)))
    follows = any(field.generated == "slug" and field.source in touched for field in entity.fields)
    return audited or follows or step.match


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
        lines.append(f"{after} = replace(\n{indented(chr(10).join([f'{before},', *values]))}\n)")
    elif before != after:
        lines.append(f"{after} = {before}")
    touched = {*sent, *set_here}
    for field in entity.fields:
        if field.generated == "slug" and field.source in touched:
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
        lines.append(
            f"{variable}: str | UnsetType{optional} = UNSET\n"
            f"if {text} is not UNSET:\n    {variable} = {as_stored(text, field, meaning, scope)}"
        )
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


def known_of(bind: str, step: Update | Delete, scope: Scope) -> frozenset[Shape]:
    """What is known of a binding's row: the rule under which it was found, and what was required of it since.

    Nothing is known once a step has changed it.
    """
    known: frozenset[Shape] = frozenset()
    for each in scope.operation.steps:
        if each is step:
            break
        match each:
            case Find() if each.bind == bind and each.when is None:
                known = known_from(each.readable)
            case Require() if each.when is None:
                condition = rebuilt(each.condition.meaning, lambda node: _as_this(node, bind))
                known |= known_from(Rule(source="", condition=condition))
            case Update() | Upsert() | Ensure() | Create() if each.bind == bind:
                known = frozenset()
            case _:
                pass
    return known


def _as_this(node: Expression, bind: str) -> Expression:
    if isinstance(node, Name) and node.root == "binding" and node.binding == bind:
        return Name(type=node.type, root="this")
    return node


# Ensure and upsert -----------------------------------------------------------------------------------


def ensure(step: Ensure, scope: Scope) -> list[str]:
    """The row of the key, or a new one."""
    entity = scope.model.entity(step.entity)
    scope.package.changes[entity.name].inserts = True
    row = scope.bind(step.bind, entity=entity.name)
    lines = [f"{row} = {existing(entity, step.by, step.values, scope)}"]
    lines += created_flag(step.bind, row, scope)
    lines.append(
        f"if {row} is None:\n{indented(chr(10).join(inserted(entity, step.values, step.allowed, row, scope)))}"
    )
    if step.readable is not None and not is_public(step.readable):
        question = asked(step.readable, entity, "read", row, scope, in_place=True)
        fields = ", ".join(f"FieldError({literal(name)}, 'taken')" for name in step.by)
        scope.imports |= imports(_RUNTIME, "Conflict", "FieldError")
        lines.append(f"elif not {question}:\n    raise Conflict({fields})")
    return lines


def upsert(step: Upsert, scope: Scope) -> list[str]:
    """A new row, or changes to the one of the key."""
    entity = scope.model.entity(step.entity)
    scope.package.changes[entity.name].inserts = True
    row = scope.bind(step.bind, entity=entity.name)
    lines = [f"{row} = {existing(entity, step.by, step.values, scope)}"]
    lines += created_flag(step.bind, row, scope)
    made_ = inserted(entity, step.values, step.created, row, scope)
    there: list[str] = []
    if step.if_exists is not None:
        rule = Rule(source=step.if_exists.source, condition=step.if_exists.meaning)
        condition = (
            scope.value(step.if_exists, "if_exists", this=row)
            if is_local(rule.condition)
            else asked(rule, entity, f"{snake(scope.operation.name)}_replace", row, scope, in_place=True)
        )
        failing = "Conflict()" if step.otherwise is None else scope.failure(step.otherwise)
        if step.otherwise is None:
            scope.imports |= imports(_RUNTIME, "Conflict")
        there.append(f"if not ({condition}):\n    raise {failing}")
    there += judge_stored(step.updated, entity, "update", row, frozenset(), scope)
    touched = frozenset(each.field for each in step.changes)
    before, audited = row, entity.audit is not None
    before_links = linked_before(entity, row, scope)
    if audited:
        before = scope.variable("before")
        there.append(f"{before} = {row}")
    there += before_links[0]
    there += changed(entity, (), step.changes, before, row, scope)
    there += judge_after(step.after or step.updated, step.updated, entity, touched, row, scope)
    there += shared(entity, row, {}, scope)
    there += checked(entity, row, scope)
    there += saved(entity, touched, row, scope)
    there += recorded(entity, "updated", before, row, scope, links=before_links[1])
    return [
        *lines,
        f"if {row} is None:\n{indented(chr(10).join(made_))}\nelse:\n{indented(chr(10).join(there) or 'pass')}",
    ]


def existing(entity: Entity, by: Sequence[str], given: Sequence[Assignment], scope: Scope) -> str:
    """The call that looks for the row of a unique key."""
    name = lookups.by_fields(entity, by, scope.repositories)
    assigned = {each.field: each for each in given}
    values = [stored_value(assigned[field].value, entity.field(field), scope) for field in by]
    scope.statements += 1
    return f"await {repository(entity, scope)}.{name}({', '.join([scope.db, *values])})"


def created_flag(bind: str, row: str, scope: Scope) -> list[str]:
    """`<binding>_created`, where something asks for it."""
    name = f"{bind}_created"
    if not scope.mentions(name):
        return []
    return [f"{scope.bind(name)} = {row} is None"]


# Delete ----------------------------------------------------------------------------------------------


def delete(step: Delete, scope: Scope) -> list[str]:
    """The bound row goes, and what its going does to those that refer to it."""
    entity = scope.model.entity(step.entity)
    row = scope.bound(step.bind)
    lines = judge_stored(step.allowed, entity, "delete", row, known_of(step.bind, step, scope), scope)
    if step.match:
        assert entity.version is not None
        lines.append(remark(f"ctx.must_match({row}.{entity.field(entity.version).column})", "412", 8))
    if removal.is_plain(entity, scope.model):
        scope.package.changes[entity.name].deletes = True
        scope.statements += 1
        lines.append(f"await {repository(entity, scope)}.delete({scope.db}, {row})")
        return lines
    scope.statements += 2
    removal.need(entity, scope.package)
    scope.imports |= imports(scope.names.package, "removal")
    audited = f", {literal(scope.operation.name)}" if removal.records(entity, scope.model) else ""
    lines.append(f"await removal.remove_{snake(entity.name)}(ctx, {scope.db}, {row}{audited})")
    return lines


# What every write has to hold ------------------------------------------------------------------------


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
        sent = (
            next(member for member in body.fields if member.name == field.name) if body is not None else None
        )
        always = body is not None and sent is not None and not may_be_unset(sent, partial=body.partial)
        guard = "" if always else f"{scope.sent(field.name)} and "
        lines.append(remark(f"if {guard}not {question}:", said, 8) + "\n    raise Forbidden")
    return lines


def checked(entity: Entity, row: str, scope: Scope) -> list[str]:
    """The entity's checks: 422 with every one that does not hold."""
    if not entity.checks:
        return []
    return checking.lines(entity, row, scope)


def shared(
    entity: Entity, row: str, links: dict[str, str], scope: Scope, *, partial: bool = False
) -> list[str]:
    """References have to lead to rows of the same tenant: 422."""
    fields = [field for field in entity.fields if field.same is not None]
    fields = [field for field in fields if isinstance(field.type, ReferenceType) or field.name in links]
    if not fields:
        return []
    return checking.shared_lines(entity, fields, row, links, scope, partial=partial)


def linked(entity: Entity, field: Field, row: str, value: str, scope: Scope) -> str:
    """The statement that stores a many-to-many field."""
    module, name = set_links(entity, field, scope.repositories)
    scope.imports |= imports(f"{scope.names.package}.repositories", module)
    scope.statements += 2
    key = Identifier(key_fields(entity)[0].column)
    return f"await {module}.{name}({scope.db}, {row}.{key}, {value})"


def linked_before(entity: Entity, row: str, scope: Scope) -> tuple[list[str], dict[str, str]]:
    """What a record of a write has to know of links before it: lines, and the variable of each field."""
    if entity.audit is None or "update" not in entity.audit.verbs:
        return [], {}
    from backwright.emit.repositories.writing import links_of  # noqa: PLC0415

    lines: list[str] = []
    found: dict[str, str] = {}
    for field in link_fields(entity):
        module, name = links_of(entity, field, scope.repositories)
        scope.imports |= imports(f"{scope.names.package}.repositories", module)
        variable = scope.variable(f"{snake(field.name)}_before")
        key = Identifier(key_fields(entity)[0].column)
        lines.append(f"{variable} = await {module}.{name}({scope.db}, {row}.{key})")
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
    if link_fields(entity) and before is not None:
        listed = ", ".join(f"{literal(name)}: {variable}" for name, variable in (links or {}).items())
        rows += f", links_before={{{listed}}}"
    return [
        f"await audit.record_{snake(entity.name)}(ctx, {scope.db}, {literal(scope.operation.name)}, {rows})"
    ]


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
