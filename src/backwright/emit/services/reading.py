"""The steps that read, require and sign in, and the references of a body."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.emit.inputs import may_be_unset
from backwright.emit.judge import is_public, never, opposite
from backwright.emit.names import attribute, words
from backwright.emit.repositories import groups, pages, reading
from backwright.emit.repositories.functions import Function, function, passed, together
from backwright.emit.repositories.projections import Projection, whole
from backwright.emit.repositories.reading import database_call, rule_words
from backwright.emit.repositories.shown import any_of, key_arguments
from backwright.emit.repositories.statement import Writing, written
from backwright.emit.services.judging import Refused
from backwright.emit.services.mentions import WRITING
from backwright.emit.services.places import Place
from backwright.emit.services.scope import Scope, failure_class
from backwright.emit.source import Identifier, Source, conditional, imports, indented, literal, remark, source
from backwright.emit.sql import described, quoted, where
from backwright.emit.storage import field_types, key_fields, live
from backwright.expr.fold import fold
from backwright.expr.typed import And, Expression
from backwright.expr.walk import is_local
from backwright.model.types import (
    Entity,
    FieldType,
    Find,
    Group,
    ListType,
    ManyType,
    RecordType,
    ReferenceType,
    Require,
    Select,
    SignIn,
    SignOut,
    VerifyPassword,
)

_RUNTIME = "backwright_runtime"


def find(step: Find, scope: Scope, projection: Projection | None = None) -> list[str]:
    """One row."""
    entity = scope.model.entity(step.entity)
    found = reading.find(
        step,
        scope.operation,
        projection or whole(entity, scope.model),
        scope.repositories,
        lock=step.lock and scope.writes,
        signed_in=scope.signed_in,
    )
    call = scope.call(found)
    row = scope.bind(step.bind, entity=entity.name)
    if step.optional or scope.verified_later(step):
        return [f"{row} = {call}"]
    if step.otherwise is not None:
        error = scope.failure(step.otherwise)
    elif step.error == "not_found":
        error = literal(words(entity.name))
    else:
        error = f"{failure_class(step.error)}()"
        scope.imports |= imports(_RUNTIME, failure_class(step.error))
    scope.imports |= imports(_RUNTIME, "found")
    note = "" if step.otherwise is not None or step.error != "not_found" else "404 if missing"
    note += " or not readable" if note and not is_public(step.readable) else ""
    code = f"{row} = found({call}, {error})"
    return [remark(code, note, 8) if note else code]


def select(step: Select, scope: Scope, projection: Projection | None = None) -> list[str]:
    """A page."""
    entity = scope.model.entity(step.entity)
    page = pages.page(
        step,
        scope.operation,
        projection or whole(entity, scope.model),
        scope.repositories,
        name=scope.page_name(step),
        total=scope.needs_total(step),
        signed_in=scope.signed_in,
    )
    scope.pages[step.bind] = page.row
    variable = scope.current[step.bind] = scope.variable("page")
    return [f"{variable} = {scope.call(page.function, *(['query'] if page.function.given else []))}"]


def group(step: Group, scope: Scope) -> list[str]:
    """Records of groups."""
    found = groups.group(step, scope.operation, scope.repositories, signed_in=scope.signed_in)
    scope.records[step.bind] = found.record
    variable = scope.bind(step.bind)
    return [f"{variable} = {scope.call(found.function, *(['query'] if found.function.given else []))}"]


def require(step: Require, scope: Scope) -> list[str]:
    """Goes on only where the condition holds. Raises Refused where it cannot, after what was required before."""
    condition = fold(step.condition.meaning, caller_known=scope.signed_in, lookup=field_types(scope.model))
    if never(_with_required_before(step, condition, scope), signed_in=scope.signed_in):
        raise Refused(f"raise {scope.failure(step.otherwise)}")
    if is_local(condition):
        question = scope.python(opposite(condition))
    else:
        value = scope.value(step.condition, "condition")
        question = f"not {value}"
    return [f"if {question}:\n    raise {scope.failure(step.otherwise)}"]


def _with_required_before(step: Require, condition: Expression, scope: Scope) -> Expression:
    """The condition, and what was required since rows were last written."""
    required: list[Expression] = []
    for each in scope.operation.steps:
        if each is step:
            break
        if isinstance(each, WRITING):
            required.clear()
        elif isinstance(each, Require) and each.when is None:
            required.append(each.condition.meaning)
    return And(type=condition.type, parts=(*required, condition))


# Signing in and out ----------------------------------------------------------------------------------


def verify_password(step: VerifyPassword, scope: Scope) -> list[str]:
    """Takes as long for an account that is not there."""
    row = scope.bound(step.bind)
    entity = scope.entity_of(step.bind)
    column = Identifier(entity.field(step.field).column)
    given = scope.value(step.given, "password")
    if step.otherwise is None:
        stored = f"{row}.{column} if {row} else None" if scope.optional(step.bind) else f"{row}.{column}"
        scope.verified.add(step.bind)
        code = f"{row} = await ctx.passwords.verified({row}, {stored}, {given})"
        return [remark(code, "401 unless it is right", 8)]
    failure = scope.failure(step.otherwise)
    if not scope.optional(step.bind):
        return [f"if not await ctx.passwords.matches({row}.{column}, {given}):\n    raise {failure}"]
    scope.imports |= imports(_RUNTIME, "found")
    scope.verified.add(step.bind)
    stored = f"{row}.{column} if {row} else None"
    return [
        f"if not await ctx.passwords.matches({stored}, {given}):\n    raise {failure}",
        f"{row} = found({row}, {failure})",
    ]


def sign_in(step: SignIn, scope: Scope) -> list[str]:
    """An access token."""
    row = scope.bound(step.row)
    entity = scope.entity_of(step.row)
    key = Identifier(key_fields(entity)[0].column)
    call = f"ctx.issue_token({row}.{key})"
    return [f"{scope.bind(step.bind)} = {call}" if scope.shows_token(step) else call]


def sign_out(step: SignOut, scope: Scope) -> list[str]:
    """The token that the request came with is worth nothing any more."""
    scope.statements += 1
    return [f"await ctx.sign_out({scope.db})"]


# References of the body ------------------------------------------------------------------------------


def check_references(scope: Scope) -> list[str]:
    """Every row that the body refers to has to be there for the caller: 422 otherwise."""
    body = scope.operation.body
    if body is None:
        return []
    lines: list[str] = []
    for field in body.fields:
        text = f"body.{attribute(field.name)}"
        unset = may_be_unset(field, partial=body.partial)
        place = Place.of(field.wire)
        lines += _looked_at(field.type, text, place, scope, nullable=field.nullable, unset=unset)
    if not lines:
        return []
    scope.imports |= imports(_RUNTIME, "FieldError", "Invalid")
    if any("is not UNSET" in line for line in lines):
        scope.imports |= imports("msgspec", "UNSET")
    single = len(lines) == 1 and lines[0].startswith("if ") and "\n    unreadable.append(" in lines[0]
    if single and lines[0].count("\n") == 1:
        head, _, error = lines[0].partition("\n    unreadable.append(")
        return [f"{head}\n    raise Invalid({error[:-1]})"]
    return ["unreadable: list[FieldError] = []", *lines, "if unreadable:\n    raise Invalid(*unreadable)"]


def _looked_at(
    kind: FieldType, text: str, place: Place, scope: Scope, *, nullable: bool, unset: bool
) -> Iterator[str]:
    guard = ""
    if unset:
        guard = f"{text} is not UNSET and {text} is not None" if nullable else f"{text} is not UNSET"
    elif nullable:
        guard = f"{text} is not None"
    match kind:
        case ReferenceType(entity=entity):
            call = _readable(scope.model.entity(entity), f"[{text}]", scope)
            test = f"{text} not in {call}"
            wrong = f"unreadable.append(FieldError({place}, 'reference'))"
            yield f"if {f'{guard} and ' if guard else ''}{test}:\n    {wrong}"
        case ManyType(entity=entity) | ListType(element=ReferenceType(entity=entity)):
            readable = scope.variable("readable")
            call = _readable(scope.model.entity(entity), text, scope)
            number, one = place.number, place.one
            listed = (
                f"{readable} = {call}\n"
                f"unreadable += [\n    FieldError({place.element()}, 'reference')\n"
                f"    for {number}, {one} in enumerate({text})\n    if {one} not in {readable}\n]"
            )
            yield f"if {guard}:\n{indented(listed)}" if guard else listed
        case ListType(element=RecordType(members=members)):
            inner: list[str] = []
            ahead: list[str] = []
            number, one = place.number, place.one
            for member in members:
                at = place.element().member(member.wire)
                value = f"{one}.{attribute(member.name)}"
                if isinstance(member.type, ReferenceType):
                    there = f" if {value} is not None" if member.nullable else ""
                    readable = scope.variable(f"readable_{attribute(member.name)}")
                    keys = f"[{value} for {one} in {text}{there}]"
                    call = _readable(scope.model.entity(member.type.entity), keys, scope)
                    ahead.append(f"{readable} = {call}")
                    sent = f"{value} is not None and " if member.nullable else ""
                    wrong = f"unreadable.append(FieldError({at}, 'reference'))"
                    inner.append(f"if {sent}{value} not in {readable}:\n    {wrong}")
                    continue
                inner += _looked_at(member.type, value, at, scope, nullable=member.nullable, unset=False)
            if inner:
                loop = f"for {number}, {one} in enumerate({text}):\n{indented(chr(10).join(inner))}"
                if guard:
                    yield f"if {guard}:\n{indented(chr(10).join([*ahead, loop]))}"
                else:
                    yield from (*ahead, loop)
        case RecordType(members=members):
            found: list[str] = []
            for member in members:
                value, at = f"{text}.{attribute(member.name)}", place.member(member.wire)
                found += _looked_at(member.type, value, at, scope, nullable=member.nullable, unset=False)
            if found:
                joined = "\n".join(found)
                yield conditional(guard, joined) if guard else joined
        case _:
            return


def _readable(entity: Entity, keys: str, scope: Scope) -> str:
    """The call that tells which of some rows the caller may read."""
    model, names = scope.model, scope.names
    rule = entity.access["read"]

    def write_statement(sql: Writing) -> str:
        column = quoted(key_fields(entity)[0].column)
        conditions = [any_of(column, "keys", sql)]
        if not is_public(rule):
            clause = sql.condition(rule.condition)
            said = rule_words(entity, rule)
            if clause == "TRUE":
                conditions[0] = described(conditions[0], said)
            else:
                conditions.append(described(clause, said))
        lock = ["FOR KEY SHARE"] if scope.writes else []
        return "\n".join(
            [
                f"SELECT {column} AS key",
                f"FROM {quoted(entity.table)}",
                *where([*conditions, *live(entity)]),
                *lock,
            ]
        )

    statement = written(model, write_statement, signed_in=scope.signed_in, for_caller=rule is not None)
    given = passed(statement, model, names, signed_in=scope.signed_in)
    parameter, arguments = key_arguments(entity, scope.repositories)
    kind = _key_kind(parameter)

    def write(name: Identifier) -> Source:
        call = database_call("fetch_all", ["Key", name.upper(), *arguments, *given.arguments])
        struct_kind = source(
            f'class Key(Struct, frozen=True):\n    """The key of a row."""\n\n    key: {kind}',
            parameter,
            imports("msgspec", "Struct"),
        )
        scope.repositories.once(entity.name, "Key", lambda: struct_kind)
        parameters = [
            *given.parameters[: len(given.context)],
            parameter,
            *given.parameters[len(given.context) :],
        ]
        which = " that the caller may read" if not is_public(rule) else ""
        about = f"Those of these {words(names.plurals[entity.name])} that are there{which}."
        body = f"rows = await {call}\nreturn {{row.key for row in rows}}"
        text = function(name, parameters, f"set[{kind}]", about, body)
        return together(statement.declared(name.upper()), text)

    name = scope.repositories.add(entity.name, ["readable", "readable_for_anyone"], write)
    found = Function(
        module=names.repository(entity.name),
        name=name,
        context=given.context,
        given=("keys",),
        values=given.values,
    )
    return scope.call(found, keys)


def _key_kind(parameter: Source) -> str:
    return parameter.text.removeprefix("keys: Collection[").removesuffix("]")
