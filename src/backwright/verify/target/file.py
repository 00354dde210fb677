"""What a target file says, with all that it leaves out filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from backwright.spec.diagnostics import Place, register
from backwright.verify.observed import Target as Performance

SHAPE = register(
    "BW960",
    "The target file is not written as it must be",
    "A key that was misspelt would silently not be looked at, and a gate would judge something else.",
    "urls: http://127.0.0.1:8000",
)
PLACEHOLDER = register(
    "BW961",
    "Nothing fills this placeholder",
    "It would be sent as it stands: the backend would refuse it, and every gate would judge refusals.",
    'headers: {Authorization: "Bearer {tokn}"}',
)
ENVIRONMENT = register(
    "BW962",
    "An environment variable is not set",
    "Secrets come from the environment and are never written down; without it there is nothing to send.",
    "url: ${NOT_SET}",
)
CREDENTIAL = register(
    "BW963",
    "A credential is written in the target file",
    "Target files are checked in: whoever can read the repository could sign in.",
    'headers: {Authorization: "Bearer eyJhbGciOi…"}',
)
CONTRACT = register(
    "BW964",
    "The contract cannot be used",
    "All requests are made from it, and all answers are held against it.",
    "contract: nowhere.yaml",
)
REMOTE = register(
    "BW965",
    "The backend is not on this machine",
    "Gates send malformed, hostile and many requests, and change and delete what they find.",
    "url: https://api.example.com",
)
OPERATION = register(
    "BW966",
    "The contract has no such operation",
    "A declaration about an operation that is misspelt would not be about anything.",
    "shared: [POST /artcles]",
)
START = register(
    "BW967",
    "The backend did not start",
    "Nothing can be said about a backend that does not answer.",
    "start: {command: [python, nowhere.py]}",
)
SIGN_IN = register(
    "BW968",
    "A caller could not sign in",
    "What needs credentials would be judged by its refusals alone.",
    "sign_in: [{request: POST /sessions, keep: {token: no.such.member}}]",
)


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """How the backend is started: a command without a shell, in a folder, with additions to the environment."""

    command: tuple[str, ...]
    folder: Path
    env: Mapping[str, str] = {}
    seconds: float = 30.0
    place: Place


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """The database behind the backend. `reset` is a command that empties it, run before each start."""

    url: str = ""
    reset: tuple[str, ...] = ()
    place: Place


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """One request of signing up or in. `keep` names values of its answer: `user.token`, `header:X`, `cookie:X`."""

    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: Any = None
    form: Mapping[str, str] | None = None
    keep: Mapping[str, str] = {}
    place: Place


class CallerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody comes to credentials, and with which headers they are sent."""

    name: str
    sign_in: tuple[SignIn, ...] = ()
    headers: Mapping[str, str] = {}
    place: Place


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A running backend to be judged. Texts may still hold placeholders, which are filled when it is started.

    `only` are the operations that the backend has of the contract; empty: all. `shared` may be called by anyone
    who is signed in, on what others made; `reserved` by the callers of these names only.
    """

    name: str
    file: Path
    url: str
    ready: str
    contract: Mapping[str, Any]
    contract_file: Path
    start: Start | None = None
    database: Database | None = None
    callers: tuple[CallerPlan, ...] = ()
    only: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    reserved: Mapping[str, tuple[str, ...]] = {}
    expected: Performance = Performance()
