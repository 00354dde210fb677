"""Do scenarios and model fit together? Every name in a scenario must be one that the service has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backwright.model.types import Model, Operation, Select, SignIn
from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register
from backwright.verify.fixtures import takes
from backwright.verify.scenarios import Action, Call, Register, Row, Scenario, Wait
from backwright.verify.signing import login, registration

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


UNKNOWN_ENTITY = register(
    "BW957",
    "A scenario finds a row of something that is not stored",
    "A row that is given has to be one of the service's entities.",
    "{row: Order, with: {…}} where there is no entity Order",
)


def check(scenarios: list[Scenario], model: Model) -> list[Diagnostic]:
    """What in the scenarios does not fit the model, in the order in which it is written."""
    return [found for scenario in scenarios for found in _scenario(scenario, model)]


def taken(operation: Operation) -> list[str]:
    """Every member that `with` may have for an operation, in declared order."""
    names = [parameter.wire or parameter.name for parameter in operation.path_parameters]
    names += [field.wire for field in operation.query]
    for step in operation.steps:
        if isinstance(step, Select):
            wanted = [*(["sort"] if step.sorts else []), *step.paging.parameters.values()]
            names += [name for name in wanted if name not in names]
    return names + [field.wire for field in (operation.body.fields if operation.body else ())]


def _scenario(scenario: Scenario, model: Model) -> Iterator[Diagnostic]:
    users: set[str] = set()
    kept: set[str] = set()
    calls = [*scenario.given, *scenario.when, *(c.call for c in scenario.then if c.call is not None)]
    for action in calls:
        yield from _action(action, model, users, kept)
    for line in scenario.then:
        yield from _references([line.expected.body, line.expected.headers], kept, line.place)


def _action(action: Action, model: Model, users: set[str], kept: set[str]) -> Iterator[Diagnostic]:
    match action:
        case Wait():
            return
        case Register():
            yield from _references(action.values, kept, action.place)
            yield from _account(action, model)
            users.add(action.user)
            kept.add(action.user)
        case Row():
            yield from _references(action.values, kept, action.place)
            yield from _row(action, model)
        case Call():
            yield from _references([action.values, action.headers], kept, action.place)
            yield from _call(action, model, users)
    if isinstance(action, Row | Call) and action.keep is not None:
        kept.add(action.keep)


def _account(action: Register, model: Model) -> Iterator[Diagnostic]:
    """Accounts are made by the service's registration, or put in as rows where that does not take the values."""
    operation = registration(model)
    if operation is not None and all(name in taken(operation) for name in action.values):
        return
    if model.auth is None or login(model) is None:
        mend = "add `login` to the flows of `auth`, or an operation that verifies a password and signs in"
        yield diagnose(NO_REGISTRATION, action.place, f"nobody can sign in as `{action.user}`", mend)
        return
    identity = model.entity(model.auth.identity)
    known = [field.name for field in takes(identity)]
    for name in action.values:
        if name not in known:
            mend = f"it takes {', '.join(known)}"
            yield diagnose(UNKNOWN_MEMBER, action.place, f"an account does not take `{name}`", mend)


def _row(action: Row, model: Model) -> Iterator[Diagnostic]:
    entity = next((each for each in model.entities if each.name == action.entity), None)
    if entity is None:
        mend = f"use one of {', '.join(each.name for each in model.entities)}"
        yield diagnose(UNKNOWN_ENTITY, action.place, f"there is no entity `{action.entity}`", mend)
        return
    known = [field.name for field in takes(entity)]
    for name in action.values:
        if name not in known:
            message = f"a row of `{entity.name}` does not take `{name}`"
            yield diagnose(UNKNOWN_MEMBER, action.place, message, f"it takes {', '.join(known)}")


def _call(call: Call, model: Model, users: set[str]) -> Iterator[Diagnostic]:
    known = {operation.name: operation for operation in model.operations}
    called = known.get(call.operation)
    if called is not None and call.user is not None and any(isinstance(s, SignIn) for s in called.steps):
        users.add(call.user)
    if call.user is not None and call.user not in users:
        yield diagnose(
            UNKNOWN_USER, call.place, f"`{call.user}` has no account", f"add `{{user: {call.user}}}`"
        )
    if called is not None:
        yield from _members(call.values, called, call.place)
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
        case str() if value.startswith("$") and value != "$any" and not value.startswith("$$"):
            name = value[1:].partition(".")[0]
            if name not in kept:
                message = f"nothing was kept as `{name}` before this"
                yield diagnose(
                    UNKNOWN_REFERENCE, place, message, f"add `keep: {name}` to the step that makes it"
                )
