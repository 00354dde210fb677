"""Whoever signs in gets a session of its own, not one that somebody else knows."""

from __future__ import annotations

import secrets

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.configuration import sessions
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World

IDS = ("API2:2023",)
NAME = "sessions that were planted"
WHY = "A cookie that was there before signing in and is good afterwards is known to whoever put it there."


def run(world: World) -> Outcome:
    """Somebody signs in with a cookie that was there before: one that the backend gives to anybody, or a made-up one.

    Afterwards that cookie has to be another one, or good for nothing.
    """
    notes = Notes(world)
    caller = next(iter(world.callers), None)
    names = list(dict.fromkeys(sessions(caller))) if caller is not None else []
    reads = [
        each for each in world.operations if each.method == "GET" and each.secured and not each.path_names
    ]
    if caller is None or not names or world.seen.enter is None or not reads:
        notes.unjudged("signing in", "no caller is known by a cookie that signing in gives")
        return notes.outcome()
    for name in names:
        try:
            _judge(world, notes, caller, name, reads)
        except Unreachable as error:
            notes.unjudged("signing in", f"no answer: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, caller: Caller, name: str, reads: list[Operation]) -> None:
    read = next((each for each in reads if world.send(each, caller, {}).answer.accepted), None)
    if read is None or world.seen.enter is None:
        notes.unjudged("signing in", "nothing can be read afterwards")
        return
    given = world.send(read, None, {}).answer.cookies.get(name)
    planted = given or secrets.token_hex(16)
    entered = world.seen.enter({name: planted})
    notes.tried += 1
    if entered is None:
        return  # it does not let in who brings one
    headers = {key: value for key, value in entered.headers.items() if key.lower() != "cookie"}
    known = Caller(name=caller.name, headers={**headers, "Cookie": f"{name}={planted}"})
    again = world.send(read, known, {})
    if again.answer.accepted:
        what = f"keeps the `{name}` that was there before: whoever planted it is signed in, too"
        notes.found("signing in", what, msgspec.structs.replace(again.sent))
