"""What every probe has in common: it looks at a world, and says what it tried, found, and could not judge."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Protocol

import msgspec

from backwright.verify.observed import Bounds, Caller, Observed
from backwright.verify.results import Finding
from backwright.verify.target.calling import Client, Sent, curl
from backwright.verify.target.exploring import World

LATER = 1_000_003


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """`tried` are the questions that got an answer; a probe with none has shown nothing.

    `advice` is what production should have and a right backend may lack; `unjudged` says what it could not look at,
    and why.
    """

    tried: int
    findings: tuple[Finding, ...] = ()
    advice: tuple[Finding, ...] = ()
    unjudged: tuple[str, ...] = ()


class Probe(Protocol):
    """A module of this package."""

    IDS: tuple[str, ...]
    NAME: str
    WHY: str

    @staticmethod
    def run(world: World) -> Outcome: ...


class Notes:
    """Collects what a probe has to say."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._deadline = time.monotonic() + world.patience
        self.tried = 0
        self._findings: dict[str, Finding] = {}
        self._advice: dict[str, Finding] = {}
        self._unjudged: dict[str, None] = {}

    def found(self, where: str, what: str, sent: Sent | None = None) -> None:
        """Something is wrong at an operation; `sent` shows it again. Told once for each place and kind."""
        replay = curl(self._world.seen.url, sent) if sent else ""
        self._findings.setdefault(f"{where}: {what}", Finding(where=where, what=what, replay=replay))

    def advise(self, where: str, what: str, sent: Sent) -> None:
        """Something should be otherwise, which is no defect by itself."""
        replay = curl(self._world.seen.url, sent)
        self._advice.setdefault(f"{where}: {what}", Finding(where=where, what=what, replay=replay))

    def unjudged(self, where: str, why: str) -> None:
        """Something could not be looked at."""
        self._unjudged[f"{where}: {why}"] = None

    def strangers(self) -> tuple[Caller, Caller] | None:
        """The first caller and one who is a stranger to it. Where there are not two, nothing can be judged."""
        owner = next(iter(self._world.callers), None)
        stranger = stranger_to(self._world, owner) if owner is not None else None
        if owner is None or stranger is None:
            self.unjudged("callers", "two who are strangers to each other are needed")
            return None
        return owner, stranger

    def late(self, where: str) -> bool:
        """Has the probe had its time? Then what it did not look at is named."""
        if time.monotonic() < self._deadline:
            return False
        self.unjudged(where, "out of time")
        return True

    def outcome(self) -> Outcome:
        return Outcome(
            tried=self.tried,
            findings=tuple(self._findings.values()),
            advice=tuple(self._advice.values()),
            unjudged=tuple(self._unjudged),
        )


@contextmanager
def world_of(seen: Observed, bounds: Bounds) -> Iterator[World]:
    """A world of one's own of a backend that runs, explored. Each probe may take a third of the gate's time."""
    with closing(Client(seen.url)) as client:
        # Not the seed with which the backend was explored before: names have to be new.
        world = World(seen, client, bounds.seed + LATER, bounds.seconds / 3)
        world.explore()
        yield world


def stranger_to(world: World, owner: Caller) -> Caller | None:
    """Another caller than the owner."""
    return next((caller for caller in world.callers if caller.name != owner.name), None)


def merged(outcomes: Iterable[Outcome]) -> Outcome:
    """Several outcomes as one."""
    each = list(outcomes)
    return Outcome(
        tried=sum(one.tried for one in each),
        findings=tuple(finding for one in each for finding in one.findings),
        advice=tuple(finding for one in each for finding in one.advice),
        unjudged=tuple(dict.fromkeys(line for one in each for line in one.unjudged)),
    )


def without(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The headers without some, whatever their case."""
    dropped = {name.lower() for name in names}
    return {name: value for name, value in headers.items() if name.lower() not in dropped}
