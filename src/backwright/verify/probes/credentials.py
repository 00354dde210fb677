"""Whoever has no credentials, or broken ones, is told so, and reaches nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.probe import Notes, Outcome, without
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation, resolved
from backwright.verify.target.exploring import World

IDS = ("API2:2023",)
NAME = "credentials"
WHY = (
    "One operation that forgets to look at the token is open to the world; the contract says which ones look."
)

PLACES = ("api_key", "apikey", "key", "token", "access_token", "auth", "authorization")
"""Under which names addresses carry credentials."""
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
    try:
        if not _in_query(world):
            _judge_places(world, notes)
    except Unreachable as error:
        notes.unjudged("credentials in the address", f"no answer: {error}")
    return notes.outcome()


def _in_query(world: World) -> bool:
    """Does the contract let credentials be in the address?"""
    schemes = (world.seen.contract.get("components") or {}).get("securitySchemes") or {}
    return any(
        isinstance(each := resolved(world.seen.contract, given), Mapping) and each.get("in") == "query"
        for given in schemes.values()
    )


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


def _judge_places(world: World, notes: Notes) -> None:
    """Credentials that stand in an address are in every log on the way: where the contract does not say so, those of
    headers must not be taken from there.
    """
    caller = next(iter(world.callers), None)
    reads = [
        each for each in world.operations if each.method == "GET" and each.secured and not each.path_names
    ]
    keys = {
        name: value.rpartition(" ")[2]
        for name, value in (caller.headers if caller is not None else {}).items()
        if name.lower() in {"authorization", "x-api-key", "api-key", "apikey"}
        or name.lower().endswith(("-key", "-token"))
    }
    read = next((each for each in reads if world.send(each, caller, {}).answer.accepted), None)
    if read is None:
        return
    known = {parameter.name for parameter in read.parameters}
    for header, key in keys.items():
        for place in dict.fromkeys((*PLACES, header.lower(), header.lower().replace("-", "_"))):
            notes.tried += 1
            if (
                place in known
                or not world.client.send(world.request(read, None, {}, query={place: key})).accepted
            ):
                continue
            what = (
                f"takes what belongs in `{header}` from the address, too (`?{place}=`): every log has it then"
            )
            notes.found(read.name, what, world.request(read, None, {}, query={place: "$SECRET"}))
            return


def _refusals(operation: Operation, caller: Caller) -> set[int]:
    by_cookie = "cookie" in {name.lower() for name in caller.headers}
    return {401} if "401" in operation.statuses and not by_cookie else {401, 403}


def altered(caller: Caller) -> Iterator[tuple[str, dict[str, str]]]:
    """What is sent instead of the caller's credentials, with the words for it."""
    yield "without credentials", {}
    yield "with made-up credentials", {name: _invented(name, value) for name, value in caller.headers.items()}
    yield "with empty credentials", {name: _emptied(name, value) for name, value in caller.headers.items()}
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


def _emptied(name: str, value: str) -> str:
    if name.lower() == "cookie":
        return "; ".join(f"{each.partition('=')[0].strip()}=" for each in value.split(";"))
    return value.rpartition(" ")[0]  # a scheme with nothing behind it; a key of nothing


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
