"""Whoever has no credentials, or broken ones, is told so, and reaches nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.probe import Notes, Outcome, without
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World

IDS = ("API2:2023",)
NAME = "credentials"
WHY = (
    "One operation that forgets to look at the token is open to the world; the contract says which ones look."
)

LEAST = 8
"""Shorter values stand in any answer by chance."""


def run(world: World) -> Outcome:
    """Each operation with `security` is sent as it was accepted, but without, with made-up and with altered
    credentials.

    All have to be answered 401 (or 403, where the contract names no 401 there or cookies are the credentials),
    and no answer may repeat what was sent. The same request with the caller's own credentials has to be accepted
    afterwards: else nothing was shown.
    """
    notes = Notes(world)
    secured = [operation for operation in world.operations if operation.secured]
    if not secured:
        notes.unjudged("the contract", "requires credentials nowhere: no operation has `security`")
    for operation in secured:
        _judge(world, notes, operation)
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation) -> None:
    if notes.late(operation.name):
        return
    for caller in world.callers_for(operation):
        for path in world.paths(operation, caller):
            if _judged(world, notes, operation, caller, path):
                return
    notes.unjudged(operation.name, "no caller was let in, so a refusal shows nothing")


def _judged(
    world: World, notes: Notes, operation: Operation, caller: Caller, path: Mapping[str, str]
) -> bool:
    """Ask without, with broken, and then with the caller's credentials. False: these were refused, too."""
    request = world.request(operation, caller, path, world.body(operation))
    answered = []
    for kind, headers in altered(caller):
        sent = msgspec.structs.replace(request, headers=without(request.headers, caller.headers) | headers)
        try:
            answered.append((kind, sent, world.client.send(sent)))
        except Unreachable:
            notes.found(operation.name, f"no answer {kind}", sent)
    control = world.attempt(operation, caller, path)
    let_in = control is not None and control.answer.accepted
    if not let_in and not any(answer.accepted for _, _, answer in answered):
        return False
    for kind, sent, answer in answered:
        notes.tried += 1
        given = [value.rpartition(" ")[2] for name, value in sent.headers.items() if name in caller.headers]
        if any(len(each) >= LEAST and each in answer.text() for each in given):
            notes.found(operation.name, f"repeats the credentials in its answer {answer.status}", sent)
        if answer.accepted:
            notes.found(operation.name, f"answers {answer.status} {kind}", sent)
        elif answer.status not in _refusals(operation, caller):
            notes.found(operation.name, f"answers {answer.status} {kind}, not 401", sent)
    return True


def _refusals(operation: Operation, caller: Caller) -> set[int]:
    by_cookie = "cookie" in {name.lower() for name in caller.headers}
    return {401} if "401" in operation.statuses and not by_cookie else {401, 403}


def altered(caller: Caller) -> Iterator[tuple[str, dict[str, str]]]:
    """What is sent instead of the caller's credentials, with the words for it."""
    yield "without credentials", {}
    yield "with made-up credentials", {name: _invented(name, value) for name, value in caller.headers.items()}
    yield "with altered credentials", {name: _flipped(value) for name, value in caller.headers.items()}
    for kind, change in (("without a signature (alg: none)", _unsigned), ("with altered claims", _claiming)):
        changed = {name: change(value) for name, value in caller.headers.items()}
        if changed != dict(caller.headers):
            yield f"with a token {kind}", changed


def _invented(name: str, value: str) -> str:
    if name.lower() == "cookie":
        return "; ".join(f"{each.partition('=')[0].strip()}=invented" for each in value.split(";"))
    scheme, space, _ = value.rpartition(" ")
    return f"{scheme}{space}invented"


def _flipped(value: str) -> str:
    """One letter in the last third is another: bits at the very end may mean nothing in base64."""
    at = len(value) - max(2, len(value) // 8)
    if at <= 0:
        return f"{value}x"
    return f"{value[:at]}{'A' if value[at] != 'A' else 'B'}{value[at + 1 :]}"


def _unsigned(value: str) -> str:
    head, parts = _token(value)
    if parts is None:
        return value
    header = _encoded({"alg": "none", "typ": "JWT"})
    return f"{head}{header}.{parts[1]}."


def _claiming(value: str) -> str:
    head, parts = _token(value)
    if parts is None:
        return value
    claims = _decoded(parts[1])
    return f"{head}{parts[0]}.{_encoded({**claims, 'exp': 4102444800, 'admin': True})}.{parts[2]}"


def _token(value: str) -> tuple[str, list[str] | None]:
    """What stands before a JSON Web Token, and its three parts; None where it is none."""
    start = max(value.rfind(" "), value.rfind("=")) + 1 if value.count(".") == 2 else 0
    head, token = value[:start], value[start:]
    parts = token.split(".")
    return head, parts if len(parts) == 3 and _decoded(parts[0]).get("alg") else None


def _decoded(part: str) -> Mapping[str, object]:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, msgspec.DecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()
