"""A running backend of any make, as the gates see it that judge from outside.

A gate that needs nothing else has a function `observe(seen: Observed, bounds: Bounds) -> Verdict`. What was built here
is brought into this form from its project (its `judge` does that), a foreign backend from a target file: such a gate
does not know which of the two it judges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody signed in: a name for reports, and the headers that carry the credentials.

    `password` is what it signed in with, where that is known, and `account` what its requests were filled with.
    """

    name: str
    headers: Mapping[str, str]
    password: str = ""
    account: Mapping[str, str] = {}


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it went over the wire, and the status of its answer.

    `operation` is method and path template of the contract (`GET /articles/{slug}`), `caller` the name of who asked
    (empty: anonymous), `target` the percent-encoded path with its query. `headers` include the credentials.
    """

    operation: str
    caller: str
    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes | None
    status: int


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """How fast it has to answer: 95 of 100 requests within `p95` milliseconds, at `rate` requests a second.

    `own` are operations with another `p95`.
    """

    p95: float = 500.0
    rate: float = 20.0
    own: Mapping[str, float] = {}

    def of(self, operation: str) -> float:
        """The target of an operation in milliseconds."""
        return self.own.get(operation, self.p95)


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What can be known of a running backend without reading its code.

    `contract` is its OpenAPI document. `exchanges` are requests that it has answered, in the order in which they were
    sent: at least one accepted one of each operation that could be brought to it; `unreached` names the others.
    What is None is not known, and a gate that needs it is not run. `shared` are operations that anyone who is signed
    in may call on what others made, `reserved` those that only the callers of these names may. `statements` is a file
    to which each statement that the backend executes is appended (`counting.counted`), `large` are the tables that are
    declared large, `coarse` those of their columns (with the table before) that hold few different values; `expected`
    are numbers of rows by table, `encrypted` the columns that it encrypts with the verifier's keys. `given_secrets` are
    secrets that its process was given, by the names of their variables. `renew` signs in
    somebody of the first caller's kind anew, whose session may be ended; `enter` does so with cookies that were there
    before. `again` signs such a caller in once more, with this password.
    """

    name: str
    url: str
    contract: Mapping[str, Any]
    callers: tuple[Caller, ...]
    exchanges: tuple[Exchange, ...]
    unreached: tuple[str, ...] = ()
    database_url: str | None = None
    process_id: int | None = None
    log: Path | None = None
    shared: tuple[str, ...] = ()
    reserved: Mapping[str, tuple[str, ...]] = {}
    statements: Path | None = None
    large: tuple[str, ...] = ()
    coarse: frozenset[tuple[str, str]] = frozenset()
    expected: Mapping[str, int] = {}
    encrypted: frozenset[tuple[str, str]] = frozenset()
    target: Target = Target()
    given_secrets: Mapping[str, str] = {}
    renew: Callable[[], Caller | None] | None = None
    enter: Callable[[Mapping[str, str]], Caller | None] | None = None
    again: Callable[[Caller, str], Caller | None] | None = None

    def accepted(self) -> tuple[Exchange, ...]:
        """The exchanges that were answered 2xx."""
        return tuple(each for each in self.exchanges if 200 <= each.status < 300)


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how much a gate may try; `seconds` is wall time."""

    seed: int = 1
    requests: int = 2000
    seconds: float = 60.0
