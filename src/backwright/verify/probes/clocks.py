"""What was made just now says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import inflection

from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Answer, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.naming import members

IDS: tuple[str, ...] = ()
NAME = "times"
WHY = "Local time that is marked as UTC is right on the developer's machine, and hours wrong everywhere else."
NOW = re.compile(r"(date_)?(created|inserted|registered|recorded|posted|made)(_?(at|on|date|time))?")
TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)")
"""A moment that says its offset: without one, nobody knows which it is."""
ASTRAY = timedelta(minutes=10)
"""Clocks may differ; time zones differ by more."""


def run(world: World) -> Outcome:
    """Things are made. When they say that they were made (`created_at`, with its offset) has to be within ten minutes
    of the clock.

    What the body may say itself is left out.
    """
    notes = Notes(world)
    for operation in world.operations:
        if operation.method != "POST" or notes.late(operation.name):
            continue
        try:
            _judge(world, notes, operation)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation) -> None:
    caller = next(iter(world.callers_for(operation)), None)
    made = world.perform(operation, caller)
    now = datetime.now(UTC)
    if made is None or made.answer.status != 201:
        return
    said = {name for name, _ in members(made.body)}
    for name, moment in _moments(made.answer):
        if name in said:
            continue
        notes.tried += 1
        if abs(moment - now) > ASTRAY:
            hours = (moment - now).total_seconds() / 3600
            what = f"`{name}` of what was made just now is {abs(hours):.1f} hours {'ahead' if hours > 0 else 'ago'}"
            notes.found(operation.name, what, made.sent)


def _moments(answer: Answer) -> Iterator[tuple[str, datetime]]:
    """The members of the thing itself that say when it was made."""
    body: Any = answer.json()
    while isinstance(body, dict) and len(body) == 1:
        body = next(iter(body.values()))
    for name, value in body.items() if isinstance(body, dict) else ():
        if NOW.fullmatch(inflection.underscore(name)) and isinstance(value, str) and TIME.fullmatch(value):
            try:
                yield name, datetime.fromisoformat(value)
            except ValueError:
                continue
