"""What one caller made, another cannot change, delete, or read behind the back of the lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.alike import differing
from backwright.verify.probes.consumption import LIMIT
from backwright.verify.probes.probe import Notes, Outcome, stranger_to
from backwright.verify.target.calling import Answer, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.naming import best, lists, noun_of, rows_of

IDS = ("API1:2023",)
NAME = "objects of others"
WHY = "An id in a path is a question, not a permission: what checks that there is a caller, but not which one, leaks."
REFUSED = {401, 403, 404}
UNSAFE = {"PUT", "PATCH", "DELETE", "POST"}


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """Something that `owner` has made: at `template` of the contract with these values."""

    owner: Caller
    creation: Operation
    template: str
    path: Mapping[str, str]
    value: str

    def listed(self, answer: Any) -> bool:
        """Does an answer show it in a list?"""
        name = self.template.rpartition("{")[2].rstrip("}")
        return lists(answer, name, noun_of(self.template, name), self.value)


def run(world: World) -> Outcome:
    """One caller makes a thing for each operation on such things; another caller sends the operation.

    Changing and deleting has to be refused, and so has anything on a thing that the stranger cannot read.
    Reading has to be
    refused where the list shows the thing to its maker and not to the stranger. Exempt is what the target
    declares `shared`.
    The maker's own request has to be accepted afterwards: else the refusal shows nothing.
    """
    notes = Notes(world)
    if notes.strangers() is None:
        return notes.outcome()
    for operation in world.operations:
        if not operation.path_names or operation.method in {"HEAD", "OPTIONS"} or notes.late(operation.name):
            continue
        try:
            _judge(world, notes, operation)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation) -> None:
    owner = world.callers[0]
    stranger = stranger_to(world, owner)
    thing = made_by(world, operation, owner)
    if thing is None or stranger is None:
        notes.unjudged(
            operation.name, "the contract has no operation by which a caller makes what its path names"
        )
        return
    if operation.name in world.seen.shared:
        return
    if operation.method == "GET":
        _judge_reading(world, notes, operation, thing, stranger)
    elif operation.method in UNSAFE:
        _judge_writing(world, notes, operation, thing, stranger)


def made_by(world: World, operation: Operation, owner: Caller) -> Thing | None:
    """A new thing of the owner's, of the kind that the operation's path names last."""
    name = operation.path_names[-1]
    creation = world.creation(operation, name)
    if creation is None or not _needs_caller(world, creation):
        return None
    parents = world.path_for(creation, owner)
    made = world.attempt(creation, owner, parents) if parents is not None else None
    if made is not None and parents is not None and not made.answer.accepted:
        made = world.attempt(creation, owner, parents) if world.prepare(creation, owner, parents) else made
    value = world.named(made, operation, name) if made is not None and made.answer.accepted else None
    if made is None or value is None:
        return None
    template = f"{operation.path.partition(f'{{{name}}}')[0]}{{{name}}}"
    return Thing(
        owner=owner, creation=creation, template=template, path={**made.path, name: value}, value=value
    )


def _needs_caller(world: World, creation: Operation) -> bool:
    """Does the backend know who made such a thing? What anyone may make belongs to nobody."""
    if creation.secured:
        return True
    path = world.path_for(creation, world.callers[0])
    made = world.attempt(creation, None, path) if path is not None else None
    return made is not None and made.answer.status in {401, 403}


def _judge_writing(world: World, notes: Notes, operation: Operation, thing: Thing, stranger: Caller) -> None:
    reading = world.operation("GET", thing.template)
    path = thing.path
    shown = _read(world, reading, thing, stranger)
    itself = operation.path == thing.template
    if not itself and (reading is None or (shown is not None and shown.accepted)):
        return  # what a reader may do beside it is for the service to say
    world.prepare(operation, thing.owner, path)
    before = _read(world, reading, thing, thing.owner)
    passing = _passing(before, _read(world, reading, thing, thing.owner))
    # A body that is refused to anybody says nothing of who sent it.
    tried = world.attempt(operation, stranger, path)
    if tried is None:
        notes.unjudged(operation.name, "a stranger got no answer")
        return
    answer = tried.answer
    changed = _changed(before, _read(world, reading, thing, thing.owner), passing)
    if answer.status >= 500:
        notes.tried += 1
        notes.found(operation.name, f"answers {answer.status} to a stranger", tried.sent)
        return
    made = not itself and (
        answer.status == 201 or bool(answer.json())
    )  # beside the thing, which stays as it is
    if answer.accepted and (changed is not False or made):
        notes.tried += 1
        verb = {"DELETE": "delete", "POST": "act on"}.get(operation.method, "change")
        behind = "" if itself else ", which it cannot read"
        notes.found(
            operation.name,
            f"{stranger.name} may {verb} what {thing.owner.name} made{behind} (answered {answer.status})",
            tried.sent,
        )
        return
    if changed:
        notes.tried += 1
        notes.found(
            operation.name, f"answers {answer.status} to a stranger, and does it all the same", tried.sent
        )
        return
    control = world.attempt(operation, thing.owner, path)
    same = answer.status in REFUSED or world.send(operation, thing.owner, path, tried.body).answer.accepted
    if not same:
        notes.unjudged(operation.name, f"a stranger is answered {answer.status}, for what the body says")
        return
    if control is None or not control.answer.accepted:
        status = control.answer.status if control else "nothing"
        notes.unjudged(operation.name, f"its maker is answered {status}, so a refusal shows nothing")
        return
    notes.tried += 1


def _read(world: World, reading: Operation | None, thing: Thing, caller: Caller | None) -> Answer | None:
    return world.send(reading, caller, thing.path).answer if reading is not None else None


def _passing(one: Answer | None, other: Answer | None) -> frozenset[str]:
    """Where two readings one after the other differ, although nothing happened between them."""
    return differing(one.json(), other.json()) if one is not None and other is not None else frozenset()


def _changed(before: Answer | None, after: Answer | None, passing: frozenset[str]) -> bool | None:
    """Is the thing another one than before? None: nobody can read it."""
    if before is None or after is None or not before.accepted:
        return None
    return after.status != before.status or bool(differing(before.json(), after.json()) - passing)


def _judge_reading(world: World, notes: Notes, operation: Operation, thing: Thing, stranger: Caller) -> None:
    listing = world.operation("GET", thing.creation.path)
    if listing is None:
        notes.unjudged(operation.name, "no list says who may see such things")
        return
    if not _lists(world, listing, thing, thing.owner):
        older = _listed_one(world, listing, thing)
        if older is None:
            notes.unjudged(operation.name, f"{listing.name} does not show the thing to its maker")
            return
        thing = older
    control = world.send(operation, thing.owner, thing.path)
    if not control.answer.accepted:
        notes.unjudged(operation.name, f"its maker is answered {control.answer.status}")
        return
    for reader in (stranger, None):
        if _lists(world, listing, thing, reader):
            continue
        tried = world.send(operation, reader, thing.path)
        notes.tried += 1
        if tried.answer.accepted:
            who = reader.name if reader else "anyone"
            notes.found(
                operation.name,
                f"shows {who} what {thing.owner.name} made and {listing.name} does not list for {who}",
                tried.sent,
            )
        elif tried.answer.status >= 500:
            notes.found(operation.name, f"answers {tried.answer.status} to a stranger", tried.sent)


def _listed_one(world: World, listing: Operation, thing: Thing) -> Thing | None:
    """The first thing that the list shows to its maker: what is new may be on the last of many pages."""
    path = {name: thing.path[name] for name in listing.path_names}
    answer = world.send(listing, thing.owner, path, query=longest_page(listing)).answer
    name = thing.template.rpartition("{")[2].rstrip("}")
    row = next(iter(rows_of(answer.json())), None) if answer.accepted else None
    value = best(row, name, noun_of(thing.template, name)) if row is not None else None
    if value is None:
        return None
    return msgspec.structs.replace(thing, path={**thing.path, name: value}, value=value)


def _lists(world: World, listing: Operation, thing: Thing, caller: Caller | None) -> bool:
    """Is the thing on the first page of the list, as long as the contract lets it be?"""
    path = {name: thing.path[name] for name in listing.path_names}
    answer = world.send(listing, caller, path, query=longest_page(listing)).answer
    return answer.accepted and thing.listed(answer.json())


def longest_page(listing: Operation) -> dict[str, int]:
    """What asks for the longest page that the contract allows."""
    for parameter in listing.parameters:
        most = parameter.schema.get("maximum")
        if parameter.where == "query" and LIMIT.match(parameter.name) and isinstance(most, int):
            return {parameter.name: min(most, 1000)}
    return {}
