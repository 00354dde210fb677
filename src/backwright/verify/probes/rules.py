"""Each rule of a body is broken once: in a second, and without leaving one out, as requests at random may."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made
from backwright.verify.target.order import ends

IDS: tuple[str, ...] = ()
NAME = "rules"
WHY = "A rule that is written in the contract and nowhere else is kept by polite clients only."
DEEPEST, LONGEST = 3, 5000
WRONG: Mapping[str, Any] = {
    "string": {"no": "text"}, "integer": "no number", "number": "no number", "boolean": "neither", "array": "no list",
    "object": "no object",
}  # fmt: skip
"""What no framework takes for a value of this type."""

Step = tuple[str, tuple[str, ...], Any]
LEFT_OUT = object()
FIRST = "0"
"""Stands for the first item of a list."""


def run(world: World) -> Outcome:
    """Each rule of a body that was accepted (required, type, length, bounds, steps, pattern, enumeration) is broken
    once, and has to be refused. And what was accepted has to have been answered with a success that the contract names.
    """
    notes = Notes(world)
    for made in world.made:
        _judge_success(notes, made)
    for operation in world.operations:
        if operation.body is None or "json" not in operation.body.media or ends(operation):
            continue
        if notes.late(operation.name):
            break
        try:
            _judge(world, notes, operation)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _judge_success(notes: Notes, made: Made) -> None:
    named = [each for each in made.operation.statuses if each.startswith("2")]
    status = str(made.answer.status)
    if made.answer.accepted and named and not {status, "2XX", "default"} & {*made.operation.statuses}:
        what = f"Another success: {status}, where the contract names {', '.join(named)}"
        notes.found(made.operation.name, what, made.sent)


def _judge(world: World, notes: Notes, operation: Operation) -> None:
    assert operation.body is not None
    caller = next(iter(world.callers_for(operation)), None)
    path = world.path_for(operation, caller)
    control = world.attempt(operation, caller, path) if path is not None else None
    if path is None or control is None or not control.answer.accepted:
        notes.unjudged(operation.name, "no request of it was accepted, so a refusal shows nothing")
        return
    if operation.method != "POST":
        path = world.path_for(operation, caller) or path
    for what, place, value in _steps(world, operation.body.schema, (), 0):
        body = world.body(operation)
        if not _put(body, place, value):
            continue
        tried = world.send(operation, caller, path, body)
        notes.tried += 1
        told, status = f"`{'.'.join(place)}` {what}", tried.answer.status
        if tried.answer.accepted:
            notes.found(operation.name, f"Schema-violating request accepted: {told}", tried.sent)
        elif status >= 500:
            notes.found(operation.name, f"Server error: {status} where {told}", tried.sent)


def _steps(world: World, given: Any, place: tuple[str, ...], depth: int) -> Iterator[Step]:
    """What is broken, where, and the value that breaks it."""
    schema = world.sampler.merged(given)
    required = set(schema.get("required") or ())
    for name, each in (schema.get("properties") or {}).items():
        here, member = (*place, name), world.sampler.merged(each)
        if name in required and not member.get("readOnly"):
            yield "is left out", here, LEFT_OUT
        kinds = member.get("type")
        kind = kinds if isinstance(kinds, str) else next((k for k in kinds or () if k != "null"), "")
        if kind in WRONG and _plain(each):
            yield f"is no {kind}", here, WRONG[kind]
        if _plain(each):
            yield from ((what, here, value) for what, value in _beyond(member, kind))
        if kind == "object" and depth < DEEPEST:
            yield from _steps(world, each, here, depth + 1)
        if (
            kind == "array"
            and depth < DEEPEST
            and world.sampler.merged(member.get("items")).get("properties")
        ):
            yield from _steps(world, member["items"], (*here, FIRST), depth + 1)


def _plain(given: Any) -> bool:
    """Is there one way to be right? Of several, another may allow what this one forbids."""
    choices = [
        each for key in ("oneOf", "anyOf") for each in (given.get(key) or ()) if isinstance(given, Mapping)
    ]
    return len([each for each in choices if not isinstance(each, Mapping) or each.get("type") != "null"]) <= 1


def _beyond(member: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Any]]:
    """Values that are just out of bounds."""
    if member.get("enum") and kind == "string":
        yield "is none of the values", "no-such-value"
    if kind == "string" and isinstance(most := member.get("maxLength"), int) and most <= LONGEST:
        yield f"is longer than {most}", "x" * (most + 1)
    if kind == "string" and member.get("minLength") == 1:
        yield "is empty", ""
    if kind in {"integer", "number"}:
        for key, beyond, step in (("minimum", "is too small", -1), ("maximum", "is too large", 1)):
            bound: Any = member.get(key)
            edge = member.get(f"exclusive{key.capitalize()}")
            if _number(edge):
                yield beyond, edge
            elif _number(bound):
                yield beyond, bound if edge is True else bound + step
        yield from _between_steps(member, kind)
    if kind == "string" and isinstance(member.get("pattern"), str):
        unlike = next((each for each in UNLIKE if _unlike(member, each)), None)
        if unlike is not None:
            yield f"does not match {member['pattern']}", unlike


def _between_steps(member: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Any]]:
    """A number within the bounds that is no multiple of what it has to be one of."""
    step: Any = member.get("multipleOf")
    if not _number(step) or step <= 0 or (kind == "integer" and step == 1):
        return
    low, high = member.get("minimum", member.get("exclusiveMinimum", 0)), member.get("maximum")
    base = (int(low // step) + 2) * step if _number(low) else step
    value = base + (1 if kind == "integer" else step / 2)
    if not _number(high) or value < high:
        yield f"is no multiple of {step}", value


UNLIKE = ("~", "no match", "?" * 12, "~" * 40)


def _unlike(member: Mapping[str, Any], text: str) -> bool:
    """Is it wrong for its pattern, and for nothing else?"""
    try:
        wrong = re.search(member["pattern"], text) is None
    except re.error:
        return False
    return wrong and int(member.get("minLength", 0)) <= len(text) <= int(member.get("maxLength", LONGEST))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _put(body: Any, place: tuple[str, ...], value: Any) -> bool:
    """Put a value into a body, or leave one out. False: there is no such place in it."""
    for name in place[:-1]:
        if name == FIRST:
            body = body[0] if isinstance(body, list) and body else None
        else:
            body = body.get(name) if isinstance(body, dict) else None
    if not isinstance(body, dict):
        return False
    if value is LEFT_OUT:
        return body.pop(place[-1], LEFT_OUT) is not LEFT_OUT
    body[place[-1]] = value
    return True
