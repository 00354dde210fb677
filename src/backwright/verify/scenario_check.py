"""Do scenarios and model fit together? Every name in a scenario must be one that the service has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backwright.model.types import Create, Model, Operation, ShowPage, SignIn
from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register
from backwright.verify.scenarios import Call, Register, Scenario

UNKNOWN_OPERATION = register(
    "BW951",
    "A scenario does what the service cannot do",
    "Scenarios are executed over HTTP: each step must be an operation of the service.",
    "do: remove_everything",
)
UNKNOWN_USER = register(
    "BW952",
    "A scenario acts as somebody who has no account",
    "A caller gets a token by registering in the same scenario.",
    "{as: zoe, do: …} without {user: zoe}",
)
UNKNOWN_REFERENCE = register(
    "BW953",
    "A scenario refers to something it has not kept",
    "`$name.member` is taken from the answer that an earlier step kept under that name.",
    "with: {id: $milk.id} without keep: milk",
)
UNKNOWN_MEMBER = register(
    "BW954",
    "A scenario gives an operation a member that it does not take",
    "Such a value would be ignored or refused, and the scenario would show something else than it says.",
    "do: get_order, with: {colour: red}",
)
NO_REGISTRATION = register(
    "BW956",
    "A scenario needs an account and the service cannot make one",
    "`{user: ann}` registers through the service's own flow.",
    "auth: {flows: [login]}",
)


def check(scenarios: list[Scenario], model: Model) -> list[Diagnostic]:
    """What in the scenarios does not fit the model, in the order in which it is written."""
    return [found for scenario in scenarios for found in _scenario(scenario, model)]


def registration(model: Model) -> Operation | None:
    """The operation that makes an account and signs in."""
    for operation in model.operations:
        kinds = {type(step) for step in operation.steps}
        if {Create, SignIn} <= kinds:
            return operation
    return None


def taken(operation: Operation) -> list[str]:
    """Every member that `with` may have for an operation, in declared order."""
    names = [parameter.name for parameter in operation.path_parameters]
    names += [field.wire for field in operation.query]
    if isinstance(operation.respond.show, ShowPage):
        names += [name for name in ("limit", "after") if name not in names]
    return names + [field.wire for field in (operation.body.fields if operation.body else ())]


def _scenario(scenario: Scenario, model: Model) -> Iterator[Diagnostic]:
    users: set[str] = set()
    kept: set[str] = set()
    calls = [*scenario.given, *scenario.when, *(c.call for c in scenario.then if c.call is not None)]
    for action in calls:
        yield from _action(action, model, users, kept)
    for line in scenario.then:
        yield from _references(line.expected.body, kept, line.place)


def _action(action: Register | Call, model: Model, users: set[str], kept: set[str]) -> Iterator[Diagnostic]:
    yield from _references(action.values, kept, action.place)
    if isinstance(action, Register):
        operation = registration(model)
        if operation is None:
            mend = "add `register` to the flows of `auth`"
            yield diagnose(NO_REGISTRATION, action.place, f"nobody can register as `{action.user}`", mend)
        else:
            yield from _members(action.values, operation, action.place)
        users.add(action.user)
        kept.add(action.user)
        return
    yield from _call(action, model, users)
    if action.keep is not None:
        kept.add(action.keep)


def _call(call: Call, model: Model, users: set[str]) -> Iterator[Diagnostic]:
    if call.user is not None and call.user not in users:
        yield diagnose(
            UNKNOWN_USER, call.place, f"`{call.user}` has no account", f"add `{{user: {call.user}}}`"
        )
    known = {operation.name: operation for operation in model.operations}
    if call.operation in known:
        yield from _members(call.values, known[call.operation], call.place)
    else:
        mend = f"use one of {', '.join(known)}"
        yield diagnose(UNKNOWN_OPERATION, call.place, f"there is no operation `{call.operation}`", mend)


def _members(values: dict[str, Any], operation: Operation, place: Place) -> Iterator[Diagnostic]:
    names = taken(operation)
    for name in values:
        if name not in names:
            mend = f"it takes {', '.join(names)}" if names else "it takes nothing"
            yield diagnose(UNKNOWN_MEMBER, place, f"`{operation.name}` does not take `{name}`", mend)


def _references(value: Any, kept: set[str], place: Place) -> Iterator[Diagnostic]:
    match value:
        case dict():
            for member in value.values():
                yield from _references(member, kept, place)
        case list():
            for member in value:
                yield from _references(member, kept, place)
        case str() if value.startswith("$") and not value.startswith("$$"):
            name = value[1:].partition(".")[0]
            if name not in kept:
                message = f"nothing was kept as `{name}` before this"
                yield diagnose(
                    UNKNOWN_REFERENCE, place, message, f"add `keep: {name}` to the step that makes it"
                )
