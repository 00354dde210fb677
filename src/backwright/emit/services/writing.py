"""The steps that change one row, delete it, or make it where it is missing; and what every new row goes through."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from backwright.emit import removal, same_tenant
from backwright.emit.inputs import may_be_unset
from backwright.emit.judge import holds, known_from, opposite
from backwright.emit.names import attribute, snake
from backwright.emit.repositories import lookups
from backwright.emit.repositories.writing import insert_if_missing, numbered, unique_keys
from backwright.emit.services.holding import (
    checked,
    checked_new,
    conflicting,
    judge_members,
    linked,
    linked_before,
    recorded,
    repository,
    saved,
    shared,
    stored_links,
)
from backwright.emit.services.judging import (
    asked,
    judge_after,
    judge_candidate,
    judge_stored,
    or_refused,
    refused_candidate,
)
from backwright.emit.services.rows import candidate, changed, partial, stored_value
from backwright.emit.services.scope import Scope, is_many
from backwright.emit.source import imports, indented, literal, remark
from backwright.emit.storage import link_fields
from backwright.expr.fold import rebuilt, substitute
from backwright.expr.shape import Shape
from backwright.expr.typed import Constant, Expression, ListOf, Name
from backwright.expr.walk import is_local
from backwright.model.types import (
    Assignment,
    Create,
    Delete,
    Ensure,
    Entity,
    Field,
    Find,
    Require,
    Rule,
    ShowPage,
    ShowRow,
    Update,
    UpdateAll,
    Upsert,
)

_RUNTIME = "backwright_runtime"


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
    judged = judge_candidate(allowed, entity, given, row, scope, item=item)
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
    return [
        *accepted_lines(entity, given, allowed, row, scope, item=item),
        *kept_lines(entity, given, row, scope, item=item),
    ]


def accepted_lines(
    entity: Entity,
    given: Sequence[Assignment],
    allowed: Rule | None,
    row: str,
    scope: Scope,
    *,
    item: str = "item",
    known: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """What a new row has to satisfy beside its rule: members that may not be sent, references, checks.

    `known`: see `checking.shared_lines`.
    """
    lines: list[str] = []
    if allowed is not None:
        lines += judge_members(entity, row, scope)
    links = links_given(entity, given)
    lines += shared(
        entity,
        row,
        {
            name: stored_value(each.value, entity.field(name), scope, item=item)
            for name, each in links.items()
        },
        scope,
        without=within(entity, given, scope),
        known=known,
    )
    return [*lines, *checked_new(entity, given, row, scope)]


def within(entity: Entity, given: Sequence[Assignment], scope: Scope) -> frozenset[str]:
    """The references of a new row that lead to no other tenant whatever they are."""
    null = {each.field for each in given if is_null(each.value.meaning)}
    return same_tenant.certain(entity, given, scope.done, scope.model) | null


def kept_lines(
    entity: Entity, given: Sequence[Assignment], row: str, scope: Scope, *, item: str = "item"
) -> list[str]:
    """A new row is stored, with its links and the record of it."""
    number = f"{row} = " if numbered(entity) is not None else ""
    module = repository(entity, scope)
    scope.statements += 1
    code = f"{number}await {module}.insert({scope.db}, {row})"
    lines = [conflicting(code, [fields for _, fields in unique_keys(entity)])]
    for name, each in links_given(entity, given).items():
        if not is_empty(each.value.meaning):  # a new row is linked to none anyway
            value = stored_value(each.value, entity.field(name), scope, item=item)
            lines.append(linked(entity, entity.field(name), row, value, scope))
    return [*lines, *recorded(entity, "created", None, row, scope)]


def links_given(entity: Entity, given: Sequence[Assignment]) -> dict[str, Assignment]:
    """The many-to-many fields that a step gives a value."""
    return {each.field: each for each in given if is_many(entity.field(each.field).type)}


def is_null(value: Expression) -> bool:
    """Whether it is null in every case."""
    return isinstance(value, Constant) and value.value is None


def is_empty(value: Expression) -> bool:
    """Whether it is a list without elements."""
    return isinstance(value, ListOf) and not value.items


def update(step: Update, scope: Scope) -> list[str]:
    """The bound row with its changes; afterwards the binding is the row after."""
    entity = scope.model.entity(step.entity)
    row = scope.bound(step.bind)
    listed = [field for field in entity.fields if is_many(field.type)]
    scope.links = {each.name: functools.partial(stored_links, entity, each, row, scope) for each in listed}
    lines = judge_stored(step.allowed, entity, "update", row, known_of(step.bind, step, scope), scope)
    if step.allowed is not None:
        lines += judge_members(entity, row, scope, only=step.changes)
    before = row
    touched = frozenset((*step.changes, *(each.field for each in step.values)))
    links = [name for name in step.changes if is_many(entity.field(name).type)]
    changing = keeps_before(entity, step, scope)
    after = scope.variable("changed") if changing else row
    own_links = [each for each in step.values if is_many(entity.field(each.field).type)]
    before_links = linked_before(entity, row, [*links, *(each.field for each in own_links)], scope)
    lines += before_links[0]
    lines += changed(entity, step.changes, step.values, before, after, scope)
    linked_to = [stored_value(each.value, entity.field(each.field), scope, this=before) for each in own_links]
    scope.current[step.bind] = after  # not before: what is set may speak of the row as it was
    scope.links = {
        each.name: functools.partial(links_after, entity, each, after, step, scope) for each in listed
    }
    lines += judge_after(step.after or step.allowed, step.allowed, entity, touched, after, scope)
    if step.match:
        assert entity.version is not None
        lines.append(remark(f"ctx.must_match({before}.{entity.field(entity.version).column})", "412", 8))
    sent_links = {name: sent_link(name, scope) for name in links}
    lines += shared(entity, after, sent_links, scope, touched=touched, partial=partial(scope))
    only_set = () if step.changes else step.values
    lines += checked(entity, after, scope, touched=touched, values=only_set)
    lines += saved(entity, touched, after, scope)
    for name, value in sent_links.items():
        line = linked(entity, entity.field(name), after, value, scope)
        guard = scope.sent(name) if partial(scope) else ""
        lines.append(f"if {guard}:\n{indented(line)}" if guard else line)
    for each, value in zip(own_links, linked_to, strict=True):
        lines.append(linked(entity, entity.field(each.field), after, value, scope))
    return [*lines, *recorded(entity, "updated", before, after, scope, links=before_links[1])]


def sent_link(name: str, scope: Scope) -> str:
    """The rows that a body lists; in a whole body a list that may be left out is empty then."""
    text, body = f"body.{attribute(name)}", scope.operation.body
    member = next((each for each in body.fields if each.name == name), None) if body is not None else None
    if member is None or partial(scope) or not may_be_unset(member, partial=False):
        return text
    scope.imports |= imports(_RUNTIME, "given")
    return f"given({text}, [])"


def links_after(entity: Entity, field: Field, row: str, step: Update, scope: Scope) -> str:
    """The rows that a changed row would be linked to, for its rules."""
    for each in step.values:
        if each.field == field.name:
            return scope.value(each.value, each.field, this=row)
    if field.name in step.changes and not partial(scope):
        return sent_link(field.name, scope)
    stored = stored_links(entity, field, row, scope)
    if field.name not in step.changes:
        return stored
    scope.imports |= imports("msgspec", "UNSET")
    sent = f"body.{attribute(field.name)}"
    return f"{sent} if {sent} is not UNSET else {stored}"


def keeps_before(entity: Entity, step: Update, scope: Scope) -> bool:
    """Whether the row before is still needed once there is the row after."""
    audited = entity.audit is not None and "update" in entity.audit.verbs
    touched = frozenset((*step.changes, *(each.field for each in step.values)))
    follows = any(field.follows_source and field.source in touched for field in entity.fields)
    return audited or follows or step.match


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
            case Update() | Upsert() | UpdateAll() if each.entity == step.entity:
                known = frozenset()  # it may be the same row
            case _:
                pass
    return known


def _as_this(node: Expression, bind: str) -> Expression:
    if isinstance(node, Name) and node.root == "binding" and node.binding == bind:
        return Name(type=node.type, root="this")
    return node


def ensure(step: Ensure, scope: Scope) -> list[str]:
    """The row of the key, or a new one."""
    entity = scope.model.entity(step.entity)
    if in_one_statement(step, entity, scope):
        row = scope.bind(step.bind, entity=entity.name)
        scope.statements += 1
        judged = judge_candidate(step.allowed, entity, step.values, row, scope)
        module, name = repository(entity, scope), insert_if_missing(entity, step.by, scope.repositories)
        return [
            *candidate(entity, step.values, row, scope),
            *judged,
            f"await {module}.{name}({scope.db}, {row})",
        ]
    scope.package.changes[entity.name].inserts = True
    row = scope.bind(step.bind, entity=entity.name)
    lines = [f"{row} = {existing(entity, step.by, step.values, scope)}"]
    lines += created_flag(step.bind, row, scope)
    made = or_refused(scope, lambda: inserted(entity, step.values, step.allowed, row, scope))
    lines.append(f"if {row} is None:\n{indented(chr(10).join(made))}")
    keyed = {each.field: each.value.meaning for each in step.values if each.field in step.by}
    if step.readable is not None and not holds(
        substitute(step.readable.condition, keyed), signed_in=scope.signed_in
    ):
        question = asked(step.readable, entity, "read", row, scope, in_place=True)
        fields = ", ".join(f"FieldError({literal(entity.wire(name))}, 'taken')" for name in step.by)
        scope.imports |= imports(_RUNTIME, "Conflict", "FieldError")
        lines.append(f"elif not {question}:\n    raise Conflict({fields})")
    return lines


def in_one_statement(step: Ensure, entity: Entity, scope: Scope) -> bool:
    """Whether it is enough that there is such a row: nobody asks for it, and nothing has to be judged or made."""
    given = {each.field: each.value.meaning for each in step.values}
    readable = step.readable is None or holds(
        substitute(step.readable.condition, {name: given[name] for name in step.by}),
        signed_in=scope.signed_in,
    )
    allowed = step.allowed is None or holds(
        substitute(step.allowed.condition, given), signed_in=scope.signed_in
    )
    show = scope.operation.respond.show
    asked = scope.mentions(step.bind) or scope.mentions(f"{step.bind}_created")
    asked = asked or (isinstance(show, ShowRow | ShowPage) and show.bind == step.bind)
    asked = asked or any(
        getattr(each, "bind", "") == step.bind for each in scope.operation.steps if each is not step
    )
    plain = not (entity.checks or entity.audit or entity.soft_delete or link_fields(entity))
    plain = plain and not any(field.same or field.write or field.generated for field in entity.fields)
    return (
        readable and allowed and plain and not asked and step.when is None
        and [entity.keys] == [tuple(each.name for each in fields) for _, fields in unique_keys(entity)]
        and set(step.by) == set(entity.keys) and all(name in given for name in entity.keys)
    )  # fmt: skip


def upsert(step: Upsert, scope: Scope) -> list[str]:
    """A new row, or changes to the one of the key."""
    entity = scope.model.entity(step.entity)
    scope.package.changes[entity.name].inserts = True
    row = scope.bind(step.bind, entity=entity.name)
    lines = [f"{row} = {existing(entity, step.by, step.values, scope)}"]
    lines += created_flag(step.bind, row, scope)
    made_ = or_refused(scope, lambda: inserted(entity, step.values, step.created, row, scope))
    there = _asked_before(step, entity, row, scope)
    there += or_refused(scope, lambda: _replaced(step, entity, row, scope))
    lines.append(f"if {row} is None:\n{indented(chr(10).join(made_))}")
    if refused_candidate(step.created, entity, step.values, scope) is not None:
        return [*lines, *there]
    return [*lines, f"else:\n{indented(chr(10).join(there) or 'pass')}"]


def _asked_before(step: Upsert, entity: Entity, row: str, scope: Scope) -> list[str]:
    """Whether the row that is there may be changed at all: `if_exists`."""
    if step.if_exists is None:
        return []
    rule = Rule(source=step.if_exists.source, condition=step.if_exists.meaning)
    if is_local(rule.condition):
        question = scope.python(opposite(rule.condition), this=row)
    else:
        called = asked(rule, entity, f"{snake(scope.operation.name)}_replace", row, scope, in_place=True)
        question = f"not {called}"
    failing = "Conflict()" if step.otherwise is None else scope.failure(step.otherwise)
    if step.otherwise is None:
        scope.imports |= imports(_RUNTIME, "Conflict")
    return [f"if {question}:\n    raise {failing}"]


def _replaced(step: Upsert, entity: Entity, row: str, scope: Scope) -> list[str]:
    """The lines of an upsert where there is such a row, and it may be changed."""
    there = judge_stored(step.updated, entity, "update", row, frozenset(), scope)
    touched = frozenset(each.field for each in step.changes)
    before, audited = row, entity.audit is not None
    if audited:
        before = scope.variable("before")
        there.append(f"{before} = {row}")
    there += changed(entity, (), step.changes, before, row, scope)
    there += judge_after(step.after or step.updated, step.updated, entity, touched, row, scope)
    there += shared(entity, row, {}, scope, touched=touched)
    there += checked(entity, row, scope, touched=touched)
    there += saved(entity, touched, row, scope)
    return [*there, *recorded(entity, "updated", before, row, scope)]


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
