"""An operation with all sugar expanded, as stable text: what `backwright explain` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from backwright.model.expand.failing import STATUSES
from backwright.model.operations import views_of
from backwright.model.show_shapes import shape_lines, view_lines
from backwright.model.show_types import order_text, rule_text, type_text
from backwright.model.types import (
    Assignment,
    Call,
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Failing,
    Filter,
    Find,
    Formula,
    Group,
    InputField,
    Model,
    Named,
    Operation,
    Paging,
    Require,
    Respond,
    Rule,
    Select,
    Show,
    ShowCsv,
    ShowFile,
    ShowHtml,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
    ShowShape,
    ShowText,
    SignIn,
    SignOut,
    Step,
    Update,
    UpdateAll,
    Upsert,
    VerifyPassword,
)

WINDOWS = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


def operation_text(model: Model, name: str) -> str:
    """One operation with all sugar expanded, and the views that it shows.

    Raises KeyError when there is none of that name.
    """
    operation = model.operation(name)
    lines = [*operation_lines(operation), *_statuses(model, operation)]
    shown = views_of(operation.respond, {view.name: view for view in model.views})
    for view in model.views:
        if view.name in shown:
            lines += ["", *view_lines(view)]
    return "\n".join(lines) + "\n"


def operation_lines(operation: Operation) -> Iterator[str]:
    """What an operation takes, does and answers."""
    yield f"operation {operation.name} (from {operation.origin})"
    yield f"  {operation.summary}"
    yield f"  route: {operation.method} {operation.path}"
    yield f"  caller: {operation.caller}"
    if operation.access is not None:
        yield f"  access: {rule_text(operation.access)}"
    for parameter in operation.path_parameters:
        yield f"  path {parameter.wire or parameter.name}: {type_text(parameter.type, nullable=False)}"
    for member in operation.query:
        yield f"  {'header' if member.header else 'query'} {_input(member)}"
    yield from _body(operation)
    yield "  steps:" if operation.steps else "  steps: none"
    for step in operation.steps:
        yield from (f"    {line}" for line in step_lines(step))
    yield from _respond(operation.respond)
    yield from _policies(operation)
    yield f"  errors: {', '.join(operation.errors)}" if operation.errors else "  errors: none"


def _statuses(model: Model, operation: Operation) -> Iterator[str]:
    """The status of each failure, where it is not the category's own."""
    answers = {answer.category: answer for answer in (*model.service.answers, *operation.answers)}
    for category in operation.errors:
        usual = STATUSES[category]
        own = answers.get(category) or answers.get("*")
        status = usual if own is None or own.status is None else own.status
        yield f"    {status} {category}"


def _body(operation: Operation) -> Iterator[str]:
    body = operation.body
    if body is None:
        return
    said = ["body"]
    said += [f"as {body.media}"] if body.media != "json" else []
    said += [f"under `{body.wrap}`"] if body.wrap is not None else []
    said += [f"`{body.bare}` alone"] if body.bare is not None else []
    yield f"  {' '.join(said)}: changes, absent means unchanged" if body.partial else f"  {' '.join(said)}:"
    yield from (f"    {_input(member)}" for member in body.fields)


def _input(member: InputField) -> str:
    said = [f"{member.wire}: {type_text(member.type, nullable=member.nullable)}"]
    said += ["required"] if member.required else []
    said += [f"default {member.default.source}"] if member.default is not None else []
    said += [f"matches {member.matches}"] if member.matches is not None else []
    said += [f"sent where {member.write.source}"] if member.write is not None else []
    return ", ".join(said)


def step_lines(step: Step) -> Iterator[str]:
    """One step: what it does, to what, and by which rules."""
    yield from _what(step)
    if step.when is not None:
        yield f"  if: {step.when.source}"


def _what(step: Step) -> Iterator[str]:
    match step:
        case Find():
            yield f"- find: {step.entity} as {step.bind}{', locked' if step.lock else ''}"
            yield f"  where: {step.where.source}"
            yield _passes("readable", step.readable, step.trusted)
            yield "  else: null" if step.optional else f"  else: {_otherwise(step.otherwise, step.error)}"
        case Select():
            yield f"- select: {step.entity} as {step.bind}"
            yield from _where(step.where)
            yield _passes("readable", step.readable, step.trusted)
            yield from (_filter(found) for found in step.filters)
            yield f"  order: {order_text(step.order) or 'the key'}"
            yield from (f"  sort {sort.name}: {order_text(sort.order)}" for sort in step.sorts)
            yield f"  page: {_page(step.paging)}"
        case Group():
            how = f"in groups, at most {step.max}" if step.keys else "all in one"
            yield f"- select: {step.entity} as {step.bind}, {how}"
            yield from _where(step.where)
            yield _passes("readable", step.readable, step.trusted)
            yield from (_filter(found) for found in step.filters)
            yield from (_named("group", named) for named in step.keys)
            yield from (_named("value", named) for named in step.values)
            yield from [f"  order: {order_text(step.order)}"] if step.order else []
        case Require():
            yield f"- require: {step.condition.source}"
            yield f"  else: {_failing(step.otherwise)}"
        case VerifyPassword():
            yield f"- verify_password: {step.bind}.{step.field} with {step.given.source}"
            yield f"  else: {_otherwise(step.otherwise, 'invalid_credentials')}"
        case SignIn():
            yield f"- sign_in: {step.row} as {step.bind}"
        case SignOut():
            yield "- sign_out: caller"
        case Call():
            yield f"- call: {step.logic} as {step.bind}"
            yield from (_named("set", named) for named in step.values)
        case _:
            yield from _write(step)


def _write(step: Create | Update | Delete | UpdateAll | DeleteAll | Ensure | Upsert) -> Iterator[str]:
    match step:
        case Create():
            each = "" if step.each is None else f", one for each of {step.each.source}"
            yield f"- create: {step.entity} as {step.bind}{each}"
            yield from _sets(step.values)
            yield _passes("allowed", step.allowed, step.trusted)
        case Update():
            yield f"- update: {step.bind}"
            yield f"  changes: {', '.join(step.changes)}"
            yield from _sets(step.values)
            yield from _judged(step.allowed, step.after, step.trusted)
            yield from (["  if-match: the version"] if step.match else [])
        case Delete():
            yield f"- delete: {step.bind}"
            yield _passes("allowed", step.allowed, step.trusted)
            yield from (["  if-match: the version"] if step.match else [])
        case UpdateAll():
            yield f"- update: every {step.entity}, counted as {step.bind}"
            yield f"  where: {step.where.source}"
            yield from _sets(step.values)
            yield _passes("readable", step.readable, step.trusted)
            yield from _judged(step.allowed, step.after, None) if step.trusted is None else ()
        case DeleteAll():
            yield f"- delete: every {step.entity}, counted as {step.bind}"
            yield f"  where: {step.where.source}"
            yield _passes("readable", step.readable, step.trusted)
            yield from [_passes("allowed", step.allowed, None)] if step.trusted is None else ()
        case Ensure():
            yield f"- ensure: {step.entity} as {step.bind}, by {', '.join(step.by)}"
            yield from _sets(step.values)
            yield _passes("readable", step.readable, step.trusted)
            yield from [_passes("allowed", step.allowed, None)] if step.trusted is None else ()
        case Upsert():
            yield from _upsert(step)
        case _:
            assert_never(step)


def _upsert(step: Upsert) -> Iterator[str]:
    yield f"- upsert: {step.entity} as {step.bind}, by {', '.join(step.by)}"
    yield from _sets(step.values)
    yield f"  where it exists: {', '.join(f'{c.field}: {c.value.source}' for c in step.changes) or 'nothing'}"
    if step.if_exists is not None:
        yield f"  if_exists: {step.if_exists.source}"
        yield f"  else: {_otherwise(step.otherwise, 'conflict')}"
    if step.trusted is not None:
        yield f"  trusted: {step.trusted}"
        return
    yield _passes("created", step.created, None)
    yield from _judged(step.updated, step.after, None)


def _where(where: Formula | None) -> Iterator[str]:
    if where is not None:
        yield f"  where: {where.source}"


def _sets(values: tuple[Assignment, ...]) -> Iterator[str]:
    return (f"  set {value.field}: {value.value.source}" for value in values)


def _named(word: str, named: Named) -> str:
    return f"  {word} {named.name}: {named.value.source}"


def _judged(allowed: Rule | None, after: Rule | None, trusted: str | None) -> Iterator[str]:
    if after is None:
        yield _passes("allowed before and after", allowed, trusted)
    else:
        yield _passes("allowed before", allowed, trusted)
        yield _passes("allowed after", after, trusted)


def _passes(word: str, rule: Rule | None, trusted: str | None) -> str:
    return f"  trusted: {trusted}" if rule is None else f"  {word}: {rule_text(rule)}"


def _filter(found: Filter) -> str:
    return f"  filter {found.name}: {found.condition.source}"


def _page(paging: Paging) -> str:
    if paging.style == "none":
        return f"all rows, at most {paging.max}"
    renamed = ", ".join(f"{usual} is `{name}`" for usual, name in paging.parameters.items() if name != usual)
    by = "number" if paging.numbered else "offset"
    style = f", by {by}" if paging.style == "offset" else ""
    return f"{paging.default} rows, at most {paging.max}{style}{f', {renamed}' if renamed else ''}"


def _otherwise(otherwise: Failing | None, usual: str) -> str:
    return usual if otherwise is None else _failing(otherwise)


def _failing(failing: Failing) -> str:
    said = [failing.category]
    said += [f"code {failing.code}"] if failing.code != failing.category else []
    said += [f"at {failing.field}"] if failing.field is not None else []
    said += [f'"{failing.message}"'] if failing.message is not None else []
    return ", ".join(said)


# Answers ----------------------------------------------------------------------------------------------


def _respond(respond: Respond) -> Iterator[str]:
    status = str(respond.status) if respond.choose is None else f"{respond.choose.source}"
    wrap = f" under `{respond.wrap}`" if respond.wrap is not None else ""
    yield f"  respond: {status} {_shown(respond.show)}{wrap}".rstrip()
    yield from (f"    {line}" for line in _detail(respond.show))
    yield from (f"    header {header.name}: {header.value.source}" for header in respond.headers)
    for cookie in respond.cookies:
        kept = "" if cookie.seconds is None else f" for {cookie.seconds} s"
        yield f"    cookie {cookie.name}: {cookie.value.source}{kept}"


def _shown(shown: Show) -> str:
    match shown:
        case ShowRow():
            located = f", Location {shown.location}" if shown.location else ""
            return f"{shown.view}({shown.bind}){located}"
        case ShowPage():
            return f"page of {shown.view}({shown.bind})"
        case ShowSession():
            return f"{shown.view}({shown.row}) with {shown.token}"
        case ShowNothing():
            return ""
        case ShowShape():
            return "json"
        case ShowText():
            return f"text {shown.text.source}"
        case ShowHtml():
            return f"html {shown.template}"
        case ShowCsv():
            order = f" in the order {order_text(shown.order)}" if shown.order else ""
            name = f" as {shown.filename}" if shown.filename is not None else ""
            return f"csv of {shown.rows.source}{order}{name}"
        case ShowFile():
            name = f" as {shown.filename.source}" if shown.filename is not None else ""
            return f"file {shown.content.source} of {shown.media.source}{name}"
        case _:
            assert_never(shown)


def _detail(shown: Show) -> Iterator[str]:
    match shown:
        case ShowShape(shape=shape):
            yield from shape_lines(shape)
        case ShowHtml(context=context):
            for member in context:
                yield from shape_lines(member.shape, f"{member.wire}: ")
        case ShowCsv(columns=columns):
            yield from (f"{column.heading}: {column.value.source}" for column in columns)
        case _:
            pass


def _policies(operation: Operation) -> Iterator[str]:
    for rate in operation.rates:
        window = WINDOWS.get(rate.seconds, f"{rate.seconds} seconds")
        yield f"  limit: {rate.count} in a {window}, by {rate.by}"
    if operation.max_body is not None:
        yield f"  limit: a body of {operation.max_body} bytes"
    if operation.idempotent != "no":
        yield f"  idempotency-key: {operation.idempotent}"
    if operation.if_match != "no":
        yield f"  if-match: {operation.if_match}"
    if operation.cache is not None:
        yield f"  cache: {operation.cache.seconds} s, {operation.cache.scope}"
    if operation.deprecated is not None:
        until = f", until {operation.deprecated.sunset}" if operation.deprecated.sunset else ""
        yield f"  deprecated: since {operation.deprecated.since}{until}"
    if operation.p95_ms is not None:
        yield f"  performance: p95 within {operation.p95_ms} ms"
