"""One service function: the steps under a signature, in a transaction where several statements hold together."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import assert_never

import msgspec

from backwright.emit.judge import is_public
from backwright.emit.names import words
from backwright.emit.package import Package
from backwright.emit.repositories.projections import Projection
from backwright.emit.services import bulk, calling, creating, reading, writing
from backwright.emit.services.answers import Answers, Returned
from backwright.emit.services.current import current
from backwright.emit.services.judging import Refused, or_refused
from backwright.emit.services.mentions import WRITING
from backwright.emit.services.parameters import context_type, parameters
from backwright.emit.services.scope import Scope
from backwright.emit.source import Source, conditional, docstring, fitted, imports, indented, source
from backwright.emit.views.batches import Views
from backwright.model.types import (
    Call,
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Find,
    Group,
    Operation,
    Require,
    Select,
    SignIn,
    SignOut,
    Step,
    Update,
    UpdateAll,
    Upsert,
    VerifyPassword,
)

DB = "\0db"


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A written function, and what it returns."""

    text: Source
    returned: Returned


def service(operation: Operation, package: Package, views: Views) -> Service:
    """The function of one operation."""
    scope = Scope(operation, package)
    scope.db = DB
    answers = Answers(scope, views)
    projected = answers.plan()
    lines: list[str] = []
    returned = Returned(data=None)
    try:
        lines += reading.check_references(scope)
        for step in operation.steps:
            lines += _under_condition(step, scope, partial(_whole_step, step, scope, projected))
            scope.done.append(step)
        returned = answers.returned()
        lines += answers.lines
        if returned.text and lines and lines[-1].startswith(f"{returned.text} = ") and "\n" not in lines[-1]:
            lines[-1] = f"return {lines[-1].removeprefix(f'{returned.text} = ')}"
        elif returned.text:
            lines.append(f"return {returned.text}")
    except Refused as refused:
        lines.append(str(refused))
        if any(isinstance(each, WRITING) for each in scope.done):
            scope.statements += 1  # the raise takes back what was written before
        returned = _returned_type(operation, package, views)
    return Service(text=_written(operation, lines, returned, scope), returned=returned)


def _returned_type(operation: Operation, package: Package, views: Views) -> Returned:
    """What would be returned if anybody passed."""
    scope = Scope(operation, package)
    scope.db = DB
    answers = Answers(scope, views)
    for step in operation.steps:
        bind = getattr(step, "bind", "")
        if bind:
            scope.bind(bind)
            scope.bind(f"{bind}_created")
    return answers.returned()


def _whole_step(step: Step, scope: Scope, projected: dict[str, Projection]) -> list[str]:
    """A step, and what it means for the rows of other bindings."""
    lines = _step(step, scope, projected)
    return [*lines, *current(step, scope)]


def _step(step: Step, scope: Scope, projected: dict[str, Projection]) -> list[str]:
    match step:
        case Find():
            return reading.find(step, scope, projected.get(step.bind))
        case Select():
            return reading.select(step, scope, projected.get(step.bind))
        case Group():
            return reading.group(step, scope)
        case Require():
            return reading.require(step, scope)
        case Create():
            return creating.create(step, scope)
        case Update():
            return writing.update(step, scope)
        case Delete():
            return writing.delete(step, scope)
        case UpdateAll():
            return bulk.update_all(step, scope)
        case DeleteAll():
            return bulk.delete_all(step, scope)
        case Ensure():
            return writing.ensure(step, scope)
        case Upsert():
            return writing.upsert(step, scope)
        case VerifyPassword():
            return reading.verify_password(step, scope)
        case SignIn():
            return reading.sign_in(step, scope)
        case SignOut():
            return reading.sign_out(step, scope)
        case Call():
            return calling.call(step, scope)
        case _:
            assert_never(step)


def _under_condition(step: Step, scope: Scope, write: Callable[[], list[str]]) -> list[str]:
    """The lines of a step, where its `if` holds; what it would have bound is null or no rows otherwise."""
    when = step.when
    if when is None:
        return write()
    condition = scope.value(when, "if")
    before = dict(scope.current)
    scope.conditional = True
    lines = or_refused(scope, write)
    scope.conditional = False
    declared = []
    for name, variable in scope.current.items():
        if name not in before:
            declared.append(f"{variable}: {_unbound(step, name, scope)}")
    changed = [
        (name, variable) for name, variable in scope.current.items() if before.get(name, variable) != variable
    ]
    for name, variable in changed:
        declared.append(f"{variable} = {before[name]}")
    return [*declared, conditional(condition, "\n".join(lines))]


def _unbound(step: Step, name: str, scope: Scope) -> str:
    """The type of what a step binds, and what it is where the step is not taken."""
    match step:
        case Create() if name == step.bind and step.each is not None:
            return f"list[{scope.row_class(step.entity)}] = []"
        case Select() if name == step.bind:
            scope.imports |= imports("backwright_runtime", "Page") | scope.pages[name].imports
            return f"Page[{scope.pages[name]}] = Page([])"
        case _:
            return f"{_binding_kind(step, name, scope)} | None = None"


def _binding_kind(step: Step, name: str, scope: Scope) -> str:
    match step:
        case Find() | Update() | Upsert() | Ensure() | Create() if name == step.bind:
            return str(scope.row_class(step.entity))
        case Group() if name == step.bind:
            record = scope.records[name]
            scope.imports |= record.imports
            return f"list[{record}]" if step.keys else f"{record}"
        case SignIn():
            return "str"
        case Call():
            return calling.result(step, scope)
        case UpdateAll() | DeleteAll():
            return "int"
        case Ensure() | Upsert():
            return "bool"
        case _:
            return "object"


def without_unused(lines: list[str]) -> list[str]:
    """The lines without names that nothing asks for: what they are given is done all the same."""
    found: list[str] = []
    for number, line in enumerate(lines):
        given = re.match(r"(?:#[^\n]*\n)*(\w+) = ", line)
        rest = "\n".join([line[given.end() :] if given else "", *lines[number + 1 :]])
        if given is not None and not re.search(rf"\b{given[1]}\b", rest):
            found.append(line[: given.start(1)] + line[given.end() :])
        else:
            found.append(line)
    return found


def _written(operation: Operation, lines: list[str], returned: Returned, scope: Scope) -> Source:
    body = "\n".join(without_unused(lines)) or "pass"
    transaction = scope.writes or any(isinstance(step, SignOut) for step in operation.steps)
    several = scope.statements > 1
    body = scope.settled(body, transaction=transaction and several)
    if transaction and several:
        how = "serializable=True" if scope.package.isolation.serializable(operation) else ""
        body = f"async with ctx.transaction({how}) as tx:\n{indented(body)}"
        db = "tx"
    elif several:
        body = f"async with ctx.snapshot() as db:\n{indented(body)}"
        db = "db"
    else:
        db = "ctx.db"
    body = "\n".join([*scope.before, body]).replace(DB, db)
    if scope.caller_used:
        start = "caller = ctx.signed_in()" if scope.signed_in else "caller = ctx.caller"
        body = f"{start}\n{body}"
    given, needed = parameters(operation, scope.model, scope.names)
    context = context_type(scope.model, scope.names)
    listed = ", ".join([f"ctx: {context}", *given])
    text = (
        f"async def {scope.names.function(operation)}({listed}) -> {returned.kind}:\n"
        f"    {docstring(_about(operation, scope), 4)}\n{fitted(indented(body))}"
    )
    return source(text, scope.imports, context, *needed, returned.kind)


def _about(operation: Operation, scope: Scope) -> str:
    """The docstring: the route, and what is particular about it."""
    route = f"{operation.method} {operation.path}"
    for step in operation.steps:
        if isinstance(step, VerifyPassword) and step.otherwise is None:
            unknown = any(isinstance(each, Find) and scope.verified_later(each) for each in operation.steps)
            return f"{route}: 401 {'whether the account is unknown or' if unknown else 'where'} the password is wrong."
        if isinstance(step, Select):
            plural = words(scope.names.plurals[step.entity])
            which = plural if is_public(step.readable) else f"the {plural} the caller may read"
            return (
                f"{route}: {which}, a page at a time."
                if step.paging.style != "none"
                else f"{route}: {which}."
            )
    if operation.body is not None and operation.body.partial:
        return f"{route}: absent members stay as they are."
    return f"{route}."
