"""No method is served that the contract does not know, and none is reached by the name of another."""

from __future__ import annotations

import msgspec

from backwright.verify.probes.objects import made_by
from backwright.verify.probes.probe import Notes, Outcome, stranger_to
from backwright.verify.target.calling import Sent, Unreachable
from backwright.verify.target.exploring import World
from backwright.verify.target.naming import filled

IDS = ("API5:2023",)
NAME = "functions"
WHY = "What nobody wrote down, nobody protects: methods that a framework adds, and headers that turn one into another."
TRIED = ("PUT", "PATCH", "DELETE", "POST")
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


def run(world: World) -> Outcome:
    """Each path gets the methods that its contract lacks, and TRACE: none may be answered 2xx.

    A stranger sends GET and POST on a thing with headers (and `_method`) that ask for DELETE: it has to be there
    afterwards.
    """
    notes = Notes(world)
    for path in dict.fromkeys(operation.path for operation in world.operations):
        _methods(world, notes, path)
    _overrides(world, notes)
    return notes.outcome()


def _methods(world: World, notes: Notes, path: str) -> None:
    known = [operation for operation in world.operations if operation.path == path]
    caller = next(iter(world.callers), None)
    values = world.path_for(known[0], caller)
    if values is None:
        return
    headers = dict(caller.headers) if caller else {}
    for method in (*TRIED, "TRACE"):
        if method in {operation.method for operation in known}:
            continue
        content = b"{}" if method in {"PUT", "PATCH", "POST"} else None
        extra = {"Content-Type": "application/json"} if content else {}
        sent = Sent(
            method=method, target=world.base + filled(path, values), headers=headers | extra, content=content
        )
        try:
            answer = world.client.send(sent)
        except Unreachable:
            continue
        notes.tried += 1
        if answer.accepted:
            notes.found(
                f"{method} {path}", f"is answered {answer.status}, and the contract does not know it", sent
            )
        elif answer.status >= 500 and answer.status != 501:
            notes.found(f"{method} {path}", f"is answered {answer.status}", sent)


def _overrides(world: World, notes: Notes) -> None:
    if len(world.callers) < 2:
        notes.unjudged("method override", "two callers are needed")
        return
    owner = world.callers[0]
    stranger = stranger_to(world, owner)
    for operation in world.operations:
        if operation.method != "GET" or not operation.path_names:
            continue
        thing = made_by(world, operation, owner)
        if thing is None or thing.template != operation.path:
            continue
        if not world.send(operation, owner, thing.path).answer.accepted:
            continue
        target = world.base + filled(operation.path, thing.path)
        for sent in _disguised(target, dict(stranger.headers) if stranger else {}):
            notes.tried += 1
            try:
                world.client.send(sent)
                if world.send(operation, owner, thing.path).answer.accepted:
                    continue
            except Unreachable:
                continue
            notes.found(operation.path, "a stranger deletes it with a header that asks for DELETE", sent)
            break


def _disguised(target: str, headers: dict[str, str]) -> list[Sent]:
    plain = [
        Sent(method=method, target=target, headers=headers | {name: "DELETE"}, content=content)
        for name in OVERRIDES
        for method, content in (("GET", None), ("POST", b""))
    ]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    query = [
        msgspec.structs.replace(each, target=f"{target}?_method=DELETE", headers=headers)
        for each in plain[:2]
    ]
    return [
        *plain,
        *query,
        Sent(method="POST", target=target, headers=headers | form, content=b"_method=DELETE"),
    ]
