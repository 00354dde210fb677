"""A key that was given out and taken back is good for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backwright.verify.observed import Caller
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made
from backwright.verify.target.naming import members

IDS = ("API2:2023",)
NAME = "keys that were taken back"
WHY = (
    "Keys are deleted when they have leaked; one that is still accepted is in the hands of whoever found it."
)
TOKEN = re.compile(r"[\w.~+/=-]{16,}")


def run(world: World) -> Outcome:
    """What a creation's answer shows is sent in place of its caller's own credentials: where that is let in, a key was
    made. It is deleted, and has to be refused from then on.
    """
    notes = Notes(world)
    owner = next(iter(world.callers), None)
    reads = [
        each for each in world.operations if each.method == "GET" and each.secured and not each.path_names
    ]
    for deletion in world.operations if owner is not None and reads else ():
        names = deletion.path_names
        if deletion.method != "DELETE" or not deletion.path.endswith("}") or notes.late(deletion.name):
            continue
        creation = world.creation(deletion, names[-1])
        if owner is None or creation is None or not creation.secured:
            continue
        try:
            _judge(world, notes, owner, creation, deletion, reads)
        except Unreachable as error:
            notes.unjudged(deletion.name, f"no answer: {error}")
    if not notes.tried:
        notes.unjudged("keys", "no operation gives out credentials that another one takes back")
    return notes.outcome()


def _judge(
    world: World,
    notes: Notes,
    owner: Caller,
    creation: Operation,
    deletion: Operation,
    reads: list[Operation],
) -> None:
    path = world.path_for(creation, owner)
    made = world.attempt(creation, owner, path) if path is not None else None
    name = deletion.path_names[-1]
    value = world.named(made, deletion, name) if made is not None and made.answer.accepted else None
    if made is None or value is None:
        return
    for header in [name for name in owner.headers if name.lower() != "cookie"]:
        for bearer in _bearers(made, owner, header, value):
            read = next((each for each in reads if _lets_in(world, each, bearer, owner, header)), None)
            if read is None:
                continue
            gone = world.send(deletion, owner, {**made.path, name: value})
            if gone.answer.accepted:
                notes.tried += 1
                if world.send(read, bearer, {}).answer.accepted:
                    what = f"what {creation.name} gave out is accepted afterwards (by {read.name})"
                    notes.found(deletion.name, what, gone.sent)
            return


def _lets_in(world: World, read: Operation, bearer: Caller, owner: Caller, header: str) -> bool:
    """Is it let in, and for this header: with something made up in it, it is not?"""
    if not world.send(read, bearer, {}).answer.accepted:
        return False
    return not world.send(read, _with(owner, header, "made-up-0123456789"), {}).answer.accepted


def _with(owner: Caller, header: str, text: str) -> Caller:
    scheme, space, _ = owner.headers[header].rpartition(" ")
    return Caller(name=owner.name, headers={**owner.headers, header: f"{scheme}{space}{text}"})


def _bearers(made: Made, owner: Caller, header: str, id: str) -> Iterator[Caller]:
    """The owner with each text of the answer that could be a key in place of its own."""
    for _, text in members(made.answer.json()):
        if isinstance(text, str) and text != id and TOKEN.fullmatch(text):
            yield _with(owner, header, text)
