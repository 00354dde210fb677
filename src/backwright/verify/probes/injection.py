"""Text stays text: in SQL, in templates, in paths."""

from __future__ import annotations

from typing import Any

from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Sent, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World

IDS = ("API8:2023",)
NAME = "injection"
WHY = "A value that is pasted into SQL, a template, a path or a shell is code of the caller's."
HOSTILE = (
    "'", "' OR '1'='1", '"; --', "1; SELECT 1", "{{7191*7}}", "${7191*7}", "../../../../etc/passwd", "\x00", "%00",
    "$(id)", "<script>alert(1)</script>", "\U0001f600", "\\", "%", "_",
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
    for operation in world.operations:
        try:
            _judge(world, notes, operation)
        except Unreachable as error:
            notes.found(operation.name, f"no answer to a hostile text: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation) -> None:
    caller = next(iter(world.callers), None)
    path = world.path_for(operation, caller)
    if path is None:
        notes.unjudged(operation.name, "nothing is known to fill its path with")
        return
    body = world.body(operation)
    for number, text in enumerate(HOSTILE):
        if notes.late(operation.name):
            return
        for name in operation.path_names:
            # An empty or dotted segment would be another path.
            _look(
                world,
                notes,
                operation,
                world.request(operation, caller, {**path, name: text}, body),
                text,
                name,
            )
        for parameter in operation.parameters:
            if parameter.where == "query":
                sent = world.request(operation, caller, path, body, {parameter.name: text})
                _look(world, notes, operation, sent, text, parameter.name)
        for name, changed in _spoilt(body, text):
            if number < 9 or operation.method == "POST":
                _look(world, notes, operation, world.request(operation, caller, path, changed), text, name)


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
