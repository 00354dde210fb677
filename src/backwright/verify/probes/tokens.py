"""Tokens end, are signed with a key that nobody guesses, and carry no secrets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.probes.properties import SECRET_NAME
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.exploring import World
from backwright.verify.target.naming import members

IDS = ("API2:2023",)
NAME = "tokens"
WHY = (
    "A token that never ends is a password that nobody can change; a key from a tutorial signs for everybody."
)
TOKEN = re.compile(r"\b(eyJ[\w-]+)\.([\w-]+)\.([\w-]+)")
DAY, HOUR = 86_400, 3_600
STARTS = {"iat", "nbf", "auth_time"}
DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
WELL_KNOWN = (
    "", "secret", "secretkey", "secret_key", "secret-key", "SECRET_KEY", "SECRET", "mysecret", "my_secret",
    "my-secret-key", "mysecretkey", "supersecret", "super-secret", "supersecretkey", "super-secret-key",
    "super_secret_key", "topsecret", "changeme", "change-me", "change_me", "changeit", "password", "passw0rd", "123456",
    "12345678", "test", "testing", "dev", "development", "key", "jwt", "jwtsecret", "jwt_secret", "jwt-secret",
    "JWT_SECRET", "jwt_secret_key", "your-256-bit-secret", "your-384-bit-secret", "your-512-bit-secret",
    "your-secret-key", "your_secret_key", "yoursecretkey", "your_jwt_secret", "shhhhh", "shhhhhhared-secret",
    "keyboard cat", "default", "admin", "example_key", "token", "private", "app", "qwerty", "hello",
    "a-string-secret-at-least-256-bits-long", "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
)  # fmt: skip
"""Keys of tutorials, templates and documentation; the last one is FastAPI's."""


def run(world: World) -> Outcome:
    """The callers' JSON Web Tokens are read: they have to end (`exp`), to hold no member named like a secret, and not
    to be signed with a key of tutorials and templates.

    Where one is signed with a secret that the target file gives the backend, it is made anew with that: as one that
    ends later it is let in, and as one that has ended it must not be.
    """
    notes = Notes(world)
    tokens = {found[0]: found for caller in world.callers for found in _tokens(caller.headers)}
    if not tokens:
        notes.unjudged("tokens", "no caller has a JSON Web Token")
    for found in tokens.values():
        notes.tried += 1
        header, claims = _decoded(found[1]), _decoded(found[2])
        if "exp" not in claims:
            notes.found("tokens", "never end: they have no `exp`")
        for name, _ in members(claims):
            if SECRET_NAME.match(name):
                notes.found("tokens", f"carry `{name}`, for everyone to read")
        if signed_with(str(header.get("alg")), found) is not None:
            notes.found("tokens", "are signed with a key that is in tutorials: anyone can make them")
    try:
        _judge_end(world, notes)
    except Unreachable as error:
        notes.unjudged("tokens", f"no answer: {error}")
    return notes.outcome()


def _judge_end(world: World, notes: Notes) -> None:
    caller = next(iter(world.callers), None)
    reads = [
        each for each in world.operations if each.method == "GET" and each.secured and not each.path_names
    ]
    read = next((each for each in reads if world.send(each, caller, {}).answer.accepted), None)
    for found in _tokens(caller.headers) if caller is not None else ():
        claims, algorithm = _decoded(found[2]), str(_decoded(found[1]).get("alg"))
        key = signed_with(algorithm, found, (*world.seen.given_secrets.values(), *WELL_KNOWN))
        if caller is None or read is None or key is None or "exp" not in claims:
            continue
        now = int(time.time())
        begun = {**claims, **{name: now - DAY for name in claims if name in STARTS}}
        later = _forged(caller, found, {**begun, "exp": now + HOUR}, key)
        over = _forged(caller, found, {**begun, "exp": now - HOUR}, key)
        if not world.send(read, later, {}).answer.accepted:
            continue
        notes.tried += 1
        tried = world.send(read, over, {})
        if tried.answer.accepted:
            notes.found("tokens", f"are let in when they have ended (`exp`, {read.name})", tried.sent)


def _forged(caller: Caller, token: re.Match[str], claims: Mapping[str, Any], key: str) -> Caller:
    """The caller with a token of these claims in place of its own."""
    digest = DIGESTS[str(_decoded(token[1]).get("alg"))]
    content = f"{token[1]}.{_encoded(msgspec.json.encode(claims))}"
    made = f"{content}.{_encoded(hmac.new(key.encode(), content.encode(), digest).digest())}"
    headers = {name: value.replace(token[0], made) for name, value in caller.headers.items()}
    return Caller(name=caller.name, headers=headers)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed_with(algorithm: str, token: re.Match[str], keys: Sequence[str] = WELL_KNOWN) -> str | None:
    """The one of these keys that a token is signed with; those of tutorials, where none are given."""
    digest = DIGESTS.get(algorithm)
    if digest is None:
        return None
    content = f"{token[1]}.{token[2]}".encode()
    for key in keys:
        made = _encoded(hmac.new(key.encode(), content, digest).digest())
        if hmac.compare_digest(made, token[3]):
            return key
    return None


def _tokens(headers: Mapping[str, str]) -> Iterator[re.Match[str]]:
    for value in headers.values():
        yield from TOKEN.finditer(value)


def _decoded(part: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, msgspec.DecodeError):
        return {}
    return found if isinstance(found, dict) else {}
