"""Text stays text: in SQL, in templates, in paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Sent, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World

IDS = ("API8:2023",)
NAME = "injection"
WHY = "A value that is pasted into SQL, a template, a path or a shell is code of the caller's."
DEEP = "../" * 12
HOSTILE = (
    "'", "\x00", "9223372036854775808", DEEP + "etc/passwd", "\U0001f600", "{{7191*7}}", "$(id)", '"; --',
    "' OR '1'='1", "1; SELECT 1", "%00", "${7191*7}", "/etc/passwd", "<script>alert(1)</script>", "\\", "%", "_",
)  # fmt: skip
SIGNS = (
    ("50337", "evaluates a template in it"),
    ("root:x:0", "reads a file by it"),
    ("uid=0(", "runs a command in it"),
)


def run(world: World) -> Outcome:
    """Each text of each operation (in the body, the query and the path) is replaced by hostile ones, one at a time.

    None may be answered 5xx, be evaluated, read a file, or run.
    """
    notes = Notes(world)
    places = {operation.name: list(_places(world, notes, operation)) for operation in world.operations}
    for text in HOSTILE:  # each operation gets the first before any gets the last: the time may be over
        for operation in world.operations:
            if notes.late(operation.name):
                continue
            try:
                for name, request in places[operation.name]:
                    _look(world, notes, operation, request(text), text, name)
            except Unreachable as error:
                notes.found(operation.name, f"no answer to a hostile text: {error}")
    return notes.outcome()


def _places(world: World, notes: Notes, operation: Operation) -> Iterator[tuple[str, Callable[[str], Sent]]]:
    """Where texts stand in a request, with what puts another one there."""
    caller = next(iter(world.callers_for(operation)), None)
    path = world.path_for(operation, caller)
    if path is None:
        notes.unjudged(operation.name, "nothing is known to fill its path with")
        return
    body = world.body(operation)

    def in_path(name: str) -> Callable[[str], Sent]:
        return lambda text: world.request(operation, caller, {**path, name: text}, body)

    def in_query(name: str) -> Callable[[str], Sent]:
        return lambda text: world.request(operation, caller, path, body, {name: text})

    def in_body(number: int) -> Callable[[str], Sent]:
        return lambda text: world.request(operation, caller, path, _spoilt(body, text)[number][1])

    yield from ((name, in_path(name)) for name in operation.path_names)
    yield from ((p.name, in_query(p.name)) for p in operation.parameters if p.where == "query")
    yield from ((name, in_body(number)) for number, (name, _) in enumerate(_spoilt(body, "")))


def _spoilt(body: Any, text: str) -> list[tuple[str, Any]]:
    """The body with one text replaced, for each of its texts."""
    if not isinstance(body, dict):
        return []
    found: list[tuple[str, Any]] = []
    for name, value in body.items():
        if isinstance(value, str):
            found.append((name, {**body, name: text}))
        elif isinstance(value, dict):
            found += [(inner, {**body, name: changed}) for inner, changed in _spoilt(value, text)]
    return found


def _look(world: World, notes: Notes, operation: Operation, sent: Sent, text: str, name: str) -> None:
    answer = world.client.send(sent)
    notes.tried += 1
    if answer.status >= 500:
        notes.found(operation.name, f"answers {answer.status} to a hostile text in `{name}`", sent)
        return
    shown = answer.text()
    for sign, what in SIGNS:
        if sign in shown and text not in shown:
            notes.found(operation.name, f"{what}: `{name}`", sent)
