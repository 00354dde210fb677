"""No answer holds a secret of somebody's, and no body sets what its contract does not offer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from backwright.verify.observed import Caller
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made
from backwright.verify.target.naming import before, members

IDS = ("API3:2023",)
NAME = "properties"
WHY = (
    "Frameworks that serialise whole rows show the hash of a password, and those that bind whole "
    "bodies set `is_admin`."
)

SECRET_NAME = re.compile(
    r"^(.*_)?(password|passwd|pwd|passphrase|password_?hash|hashed_?password|hash|salt|secret|private_?key|otp_?secret)$",
    re.IGNORECASE,
)
ISSUED = re.compile(r"(secret|private_?key)$", re.IGNORECASE)
"""What is made by a machine, and shown once to whom it is for: of webhooks, of keys."""
SECRET_VALUE = re.compile(
    r"^(\$2[abxy]?\$\d\d\$|\$argon2(id|i|d)\$|pbkdf2_sha\d+\$|\$scrypt\$|scrypt:|\{SSHA)"
)
PRIVILEGES: Mapping[str, Any] = {
    "id": None, "owner": None, "owner_id": None, "ownerId": None, "user_id": None, "userId": None,
    "role": "admin", "roles": ["admin"], "is_admin": True, "isAdmin": True, "admin": True, "is_staff": True,
    "is_superuser": True, "verified": True, "email_verified": True, "approved": True, "balance": 987654321,
}  # fmt: skip
"""Members that a caller must not set. None: the value is made to fit what the answer shows."""

WRITING = {"POST", "PUT", "PATCH"}
MARK = "assigned-from-outside"
MOST_ALONE = 14
"""How many members are tried each by itself, where all together are refused."""


def run(world: World) -> Outcome:
    """Every answer so far is searched for members named like secrets, for password hashes, and for
    passwords that were sent. A secret that a creation's contract promises to answer with is the caller's own.

    Each creation and change is sent again with members that its contract does not offer: those of its own answer, and
    well-known ones (`id`, `owner`, `role`, `is_admin`, …); where all together are refused, with each by itself. The
    answer, and what is read afterwards, must not show them.
    """
    notes = Notes(world)
    for operation in world.operations:
        if operation.body is not None and operation.method in WRITING and not notes.late(operation.name):
            try:
                _assign(world, notes, operation)
            except Unreachable as error:
                notes.unjudged(operation.name, f"no answer: {error}")
    _search(world, notes)
    return notes.outcome()


def _search(world: World, notes: Notes) -> None:
    passwords = {
        value
        for made in world.made
        for name, value in members(made.body)
        if SECRET_NAME.match(name) and isinstance(value, str) and len(value) >= 8 and value != MARK
    }
    for made in world.made:
        notes.tried += 1
        for name, value in members(made.answer.json()) if made.answer.accepted else ():
            if not isinstance(value, str) or not value:
                continue
            if SECRET_NAME.match(_snake(name)):
                if _issued(world, made, name):
                    continue
                notes.found(made.operation.name, f"its answer has a member `{name}`", made.sent)
            elif SECRET_VALUE.match(value):
                notes.found(made.operation.name, f"the member `{name}` is the hash of a password", made.sent)
            elif value in passwords:
                notes.found(
                    made.operation.name, f"the member `{name}` is a password that was sent", made.sent
                )


def _issued(world: World, made: Made, name: str) -> bool:
    """Is it a secret that was made for the caller just now, as the contract promises? Hashes never are."""
    operation = made.operation
    if operation.method != "POST" or operation.answer is None or not ISSUED.search(_snake(name)):
        return False
    return name in {each for each, _ in _pairs(world.sampler.value(operation.answer))}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)


def _assign(world: World, notes: Notes, operation: Operation) -> None:
    for caller in [*world.callers_for(operation), None]:
        path = world.path_for(operation, caller)
        control = world.attempt(operation, caller, path) if path is not None else None
        if control is not None and control.answer.accepted:
            break
    else:
        notes.unjudged(operation.name, "no request of it was accepted")
        return
    assert path is not None
    known = offered(world, operation)
    extra = {name: value for name, value in _extra(control.answer.json()).items() if name not in known}
    extra |= _offered_otherwise(world, operation, own(control.answer.json()), extra)
    # Some creations are of things that have to be new, and paths that a change has moved.
    path = world.path_for(operation, caller) or path
    before = _before(world, operation, caller, path)
    extra = {name: value for name, value in extra.items() if name not in before or before[name] != value}
    for each in (extra, *_alone(world, operation, caller, path, extra)):
        _smuggle(world, notes, operation, caller, path, each, before)


def _alone(
    world: World,
    operation: Operation,
    caller: Caller | None,
    path: Mapping[str, str],
    extra: Mapping[str, Any],
) -> list[Mapping[str, Any]]:
    """Each member by itself, where all of them are refused: who names what it does not know may know one of them."""
    for _, body in bodies(world.body(operation), extra):
        if world.send(operation, caller, path, body).answer.accepted:
            return []
    return [{name: value} for name, value in list(extra.items())[:MOST_ALONE]]


def _smuggle(
    world: World,
    notes: Notes,
    operation: Operation,
    caller: Caller | None,
    path: Mapping[str, str],
    extra: Mapping[str, Any],
    before: Mapping[str, Any],
) -> None:
    for where, body in bodies(world.body(operation), extra):
        tried = world.send(operation, caller, path, body)
        notes.tried += 1
        if tried.answer.status >= 500:
            notes.found(
                operation.name, f"answers {tried.answer.status} to members it does not know", tried.sent
            )
        if not tried.answer.accepted:
            continue
        taken = _taken(world, caller, tried, extra)
        for name in taken:
            notes.found(
                operation.name, f"takes `{name}`, which its contract does not offer{where}", tried.sent
            )
        former = {name: before[name] for name in taken if name in before}
        if former:  # a caller that has become somebody else can ask nothing any more
            world.send(operation, caller, path, {**body, **former})


def _before(
    world: World, operation: Operation, caller: Caller | None, path: Mapping[str, str]
) -> Mapping[str, Any]:
    """What a thing shows before it is changed: a value that it has already is not taken from the body."""
    reading = world.operation("GET", operation.path) if operation.method != "POST" else None
    return own(world.send(reading, caller, path).answer.json()) if reading is not None else {}


def offered(world: World, operation: Operation) -> set[str]:
    """The names that the contract lets a body have, at any depth."""
    assert operation.body is not None
    sample = world.sampler.value(operation.body.schema)
    return {name for name, _ in _pairs(sample)}


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for name, each in value.items():
                yield name, each
                yield from _pairs(each)
        case list():
            for each in value:
                yield from _pairs(each)
        case _:
            pass


def _extra(answer: Any) -> dict[str, Any]:
    """Members to smuggle in, with values that the control's answer does not have."""
    shown = {name: value for name, value in own(answer).items() if not isinstance(value, dict | list)}
    extra = {name: _other(value) for name, value in shown.items() if value is not None}
    for name, value in PRIVILEGES.items():
        extra.setdefault(name, _other(shown.get("id", "")) if value is None else value)
    return extra


def own(answer: Any) -> dict[str, Any]:
    """The members of the thing itself: an answer may wrap it in objects of one member."""
    while isinstance(answer, dict) and len(answer) == 1 and isinstance(next(iter(answer.values())), dict):
        answer = next(iter(answer.values()))
    if isinstance(answer, dict) and isinstance(answer.get("data"), dict):
        return own(answer["data"])
    return answer if isinstance(answer, dict) else {}


def _offered_otherwise(
    world: World, operation: Operation, shown: Mapping[str, Any], extra: Mapping[str, Any]
) -> dict[str, Any]:
    """Of members that the contract enumerates, another of its values: any other is refused for what it is."""
    described = world.sampler.merged(operation.answer or {}).get("properties") or {}
    offered = {
        name: world.sampler.merged(described[name]).get("enum") or () for name in extra if name in described
    }
    found = {
        name: [each for each in values if each not in {shown.get(name), None}]
        for name, values in offered.items()
    }
    return {name: values[0] for name, values in found.items() if values}


def _other(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return 987654321
        case str() if re.fullmatch(r"[0-9a-f]{8}-[0-9a-f-]{27}", value, re.IGNORECASE):
            return "0192d3a4-0000-7000-8000-00000badcafe"
        case str() if found := re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?", value):
            return f"987654{found[1] or ''}"
        case str() if re.match(r"\d{4}-\d\d-\d\dT", value):
            return "2001-02-03T04:05:06Z"
        case _:
            return MARK


def bodies(body: Any, extra: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The body with the members, where they may be bound: within its wrapper, or at the top."""
    if not isinstance(body, dict):
        return
    inner = [name for name, value in body.items() if isinstance(value, dict)]
    if len(body) == 1 and inner:
        yield "", {inner[0]: {**body[inner[0]], **extra}}
    yield "", {**body, **extra}


def _taken(world: World, caller: Caller | None, tried: Made, extra: Mapping[str, Any]) -> list[str]:
    """The members that the thing now has as they were sent."""
    shown = [own(tried.answer.json())]
    reading = reading_of(world, tried)
    if reading is not None:
        operation, path = reading
        answer = world.send(operation, caller, path).answer
        shown += [own(answer.json())] if answer.accepted else []
    return [
        name
        for name, value in extra.items()
        if any(name in each and each[name] == value and type(each[name]) is type(value) for each in shown)
    ]


def reading_of(world: World, tried: Made) -> tuple[Operation, dict[str, str]] | None:
    """How the thing that was written is read: at its own path, or at the path that its creation's answer names."""
    itself = world.operation("GET", tried.operation.path)
    if itself is not None and tried.operation.method != "POST":
        return itself, dict(tried.path)
    for operation in world.operations:
        names = operation.path_names
        if operation.method != "GET" or not names or not operation.path.endswith(f"{{{names[-1]}}}"):
            continue
        if before(operation.path, names[-1]) == tried.operation.path:
            value = world.named(tried, operation, names[-1])
            return (operation, {**tried.path, names[-1]: value}) if value else None
    return None
