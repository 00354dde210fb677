"""What somebody makes is the maker's own, whatever the body says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import inflection

from backwright.verify.observed import Caller
from backwright.verify.probes.lists import hidden
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.probes.properties import bodies, offered, own
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World

IDS = ("API3:2023",)
NAME = "whose it is"
WHY = "Who binds a whole body takes the organisation from it, too: anybody writes into anybody's books."
OWNERS = ("owner_id", "user_id", "account_id", "author_id", "created_by", "owner", "user")
"""How a thing may name whose it is; in camel case, too."""

KEYS = {"id", "uuid"}
NAMED = ("_id", "_uuid", "_key", "tenant", "organisation", "organization", "org", "owner", "user", "account")


def run(world: World) -> Outcome:
    """What is told of two callers and differs between them (`id`, `orgId` of `/me`) is sent along by the one with the
    other's value, where the contract does not offer it. What is made must not be another's then.
    """
    notes = Notes(world)
    pair = notes.strangers()
    if pair is None:
        return notes.outcome()
    owner, stranger = pair
    try:
        extra = _extra(world, owner, stranger)
    except Unreachable as error:
        notes.unjudged("callers", f"no answer: {error}")
        return notes.outcome()
    if not extra:
        notes.unjudged("callers", "nothing tells by which ids they are known")
        return notes.outcome()
    for creation in world.operations:
        if (
            creation.method != "POST"
            or not creation.secured
            or creation.body is None
            or notes.late(creation.name)
        ):
            continue
        try:
            _judge(world, notes, creation, owner, stranger, extra)
        except Unreachable as error:
            notes.unjudged(creation.name, f"no answer: {error}")
    return notes.outcome()


def _extra(world: World, owner: Caller, stranger: Caller) -> dict[str, Any]:
    """Members that say whose a thing is, with the stranger's values."""
    found: dict[str, Any] = {}
    for reading in world.operations:
        if reading.method != "GET" or not reading.secured or reading.path_names:
            continue
        told, other = (own(world.send(reading, each, {}).answer.json()) for each in (owner, stranger))
        for name, value in other.items():
            plain = inflection.underscore(str(name))
            if not isinstance(value, str | int) or isinstance(value, bool) or told.get(name) in (None, value):
                continue
            if plain in KEYS:
                found |= dict.fromkeys(_both(OWNERS), value)
            elif plain.endswith(NAMED):
                found |= dict.fromkeys(_both((plain,)), value)
    return found


def _both(names: tuple[str, ...]) -> list[str]:
    """The names in snake and in camel case."""
    return [
        each for name in names for each in (name, inflection.camelize(name, uppercase_first_letter=False))
    ]


def _judge(
    world: World, notes: Notes, creation: Operation, owner: Caller, stranger: Caller, extra: Mapping[str, Any]
) -> None:
    path = world.path_for(creation, owner)
    control = world.attempt(creation, owner, path) if path is not None else None
    if path is None or control is None or not control.answer.accepted or not hidden(world, control, stranger):
        return
    more = {name: value for name, value in extra.items() if name not in offered(world, creation)}
    for where, body in bodies(world.body(creation), more):
        tried = world.send(creation, owner, path, body)
        if not tried.answer.accepted:
            continue
        notes.tried += 1
        if not hidden(world, tried, stranger):
            names = ", ".join(f"`{name}`" for name in more)
            what = f"what {owner.name} makes is not {owner.name}'s alone{where}, when it says so by one of {names}"
            notes.found(creation.name, what, tried.sent)
