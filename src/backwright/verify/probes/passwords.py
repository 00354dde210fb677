"""Who changes a password knows the old one, and what was got with the old one ends with it."""

from __future__ import annotations

from typing import Any

from backwright.verify.observed import Caller
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.naming import members
from backwright.verify.target.order import PRESENT, changes_password, ends

IDS = ("API2:2023",)
NAME = "changed passwords"
WHY = (
    "A password is changed because somebody else knows it; who is still signed in then is that somebody else."
)


def run(world: World) -> Outcome:
    """Somebody who is signed in anew, twice, changes the password: with a wrong old one that has to be refused.
    Afterwards the new one has to let in and the old one not.

    The other session has to be over, where signing out ends one at all; where it does not, that is advised.
    """
    notes = Notes(world)
    for change in [each for each in world.operations if changes_password(each)]:
        try:
            _judge(world, notes, change)
        except Unreachable as error:
            notes.unjudged(change.name, f"no answer: {error}")
    if not notes.tried:
        notes.unjudged("passwords", "no operation that changes one could be judged")
    return notes.outcome()


def _judge(world: World, notes: Notes, change: Operation) -> None:
    caller = world.seen.renew() if world.seen.renew is not None else None
    again = world.seen.again
    read = _read(world, caller)
    body = world.known_by(caller, change, world.body(change))
    new = _new(body)
    if caller is None or not caller.password or read is None or again is None or new is None:
        notes.unjudged(change.name, "nobody whose password is known could be signed in for it")
        return
    other = again(caller, caller.password)
    twice = other is not None and world.send(read, other, {}).answer.accepted
    wrong = {name: f"{new}-not" if PRESENT.search(name) else value for name, value in body.items()}
    tried = world.send(change, caller, {}, wrong)
    notes.tried += 1
    if tried.answer.accepted:
        notes.found(change.name, "is accepted with a wrong old password", tried.sent)
        return
    done = world.send(change, caller, {}, body)
    if not done.answer.accepted or not twice or other is None:
        notes.unjudged(change.name, f"was answered {done.answer.status}, or nobody can sign in twice")
        return
    if again(caller, new) is None:
        notes.found(change.name, "is accepted, and the new password does not let in afterwards", done.sent)
    if again(caller, caller.password) is not None:
        notes.found(change.name, "is accepted, and the old password still lets in", done.sent)
    if world.send(read, other, {}).answer.accepted:
        tell = notes.found if _sessions_end(world, read) else notes.advise
        tell(change.name, f"another session of the account is still let in ({read.name})", done.sent)


def _read(world: World, caller: Caller | None) -> Operation | None:
    """What shows that the caller is let in."""
    reads = [each for each in world.operations if each.method == "GET" and each.secured]
    return next(
        (
            each
            for each in reads
            if caller is not None and not each.path_names and world.send(each, caller, {}).answer.accepted
        ),
        None,
    )


def _new(body: Any) -> str | None:
    """The new password of a body: the first text beside the present one."""
    texts = [value for name, value in members(body) if isinstance(value, str) and not PRESENT.search(name)]
    return texts[0] if texts else None


def _sessions_end(world: World, read: Operation) -> bool:
    """Is somebody who has signed out refused? What cannot end a session cannot end the others either."""
    for ending in [each for each in world.operations if ends(each) and not each.path_names]:
        caller = world.seen.renew() if world.seen.renew is not None else None
        done = world.attempt(ending, caller, {}) if caller is not None else None
        if done is not None and done.answer.accepted:
            return not world.send(read, caller, {}).answer.accepted
    return False
