"""A list with things in it that were made for it, different in what it can be asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import inflection
import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.objects import longest_page
from backwright.verify.target.contract import Operation, Parameter
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made
from backwright.verify.target.naming import before, rows_of
from backwright.verify.target.order import ends

THINGS, ACTS = 5, 4
NAMES = ("id", "uuid", "key", "slug")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A list with some things that were made for it, and its rows as they come when nothing is asked.

    `whole` says that these are all: there are fewer than were asked for.
    """

    listing: Operation
    path: Mapping[str, str]
    rows: tuple[Mapping[str, Any], ...]
    whole: bool = False

    @property
    def key(self) -> str | None:
        """The member that tells its rows apart."""
        for name in NAMES:
            values = [row.get(name) for row in self.rows]
            if None not in values and len(set(map(str, values))) == len(values):
                return name
        return None


def listed_by(world: World, listing: Operation, asked: Sequence[Parameter]) -> Listed | None:
    """Make things for the list, other ones in what the parameters ask for. None: there are not two of them."""
    owner = next(iter(world.callers), None)
    creation = world.operation("POST", listing.path)
    path = world.path_for(creation or listing, owner)
    if path is None:
        return None
    made = [world.attempt(creation, owner, path) for _ in range(THINGS)] if creation is not None else []
    listed = _read(world, listing, owner, path)
    if listed is not None and any(_alike(listed, each) for each in asked):
        things = [each for each in made if each is not None and each.answer.accepted]
        _change(world, listing, owner, path, things)
        listed = _read(world, listing, owner, path)
    return listed


def _read(world: World, listing: Operation, owner: Caller | None, path: Mapping[str, str]) -> Listed | None:
    page = longest_page(listing)
    rows = rows_of(world.send(listing, owner, path, query=page).answer.json())
    whole = bool(page) and len(rows) < min(page.values())
    return Listed(listing=listing, path=path, rows=tuple(rows), whole=whole) if len(rows) > 1 else None


def _alike(listed: Listed, parameter: Parameter) -> bool:
    """Do all rows have the same in the member that the parameter is about?"""
    plain = inflection.underscore(parameter.name)
    member = next((each for each in listed.rows[0] if inflection.underscore(each) == plain), None)
    return member is not None and len({str(row.get(member)) for row in listed.rows}) == 1


def _change(
    world: World, listing: Operation, owner: Caller | None, path: Mapping[str, str], things: Sequence[Made]
) -> None:
    """Change some of the things: by what acts on one of them, and by what changes its members."""
    for number, act in enumerate([*_acts(world, listing)][:ACTS]):
        thing = things[number] if number < len(things) else None
        name = act.path_names[-1]
        value = world.named(thing, act, name) if thing is not None else None
        if value is not None:
            world.attempt(act, owner, {**path, name: value})


def _acts(world: World, listing: Operation) -> Iterator[Operation]:
    for operation in world.operations:
        names = operation.path_names
        if not names or before(operation.path, names[-1]) != listing.path or ends(operation):
            continue
        if operation.method in {"PATCH", "PUT"} or (operation.method == "POST" and operation.body is None):
            yield operation
