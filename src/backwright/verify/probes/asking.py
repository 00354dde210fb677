"""A list shows what it was asked for, in the order in which it was asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import inflection
import msgspec

from backwright.verify.probes.consumption import LIMIT
from backwright.verify.probes.lists import SEARCH
from backwright.verify.probes.objects import longest_page
from backwright.verify.probes.pages import CURSOR, OFFSET, PAGE
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Sent, Unreachable
from backwright.verify.target.contract import Operation, Parameter
from backwright.verify.target.exploring import World

IDS: tuple[str, ...] = ()
NAME = "asking"
WHY = "A filter that is read and forgotten shows paid bills among the open ones, and they are paid twice."
SORT = re.compile(r"^(sort|sort_?by|order_?by|ordering|order)$", re.IGNORECASE)
BOUND = re.compile(r"^(min|max)_(.+)$|^(.+)_(min|max|gte|lte|from|to)$")
UP = {"min", "gte", "from"}
PLAIN = re.compile(r"[a-z0-9]+")
THINGS = 5


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A list with some things that were made for it, and its rows as they come when nothing is asked."""

    listing: Operation
    path: Mapping[str, str]
    rows: tuple[Mapping[str, Any], ...]


def run(world: World) -> Outcome:
    """Things are made, and each list is asked by each of its parameters that names a member of them: all that it shows
    has to have that value, and has to be within the bounds (`min_…`). A word that is nowhere must not find everything.

    Orders that the contract enumerates are asked for: numbers, times and plain words have to come in them, and the
    order the other way round has to be another.
    """
    notes = Notes(world)
    for listing in world.operations:
        asked = [p for p in listing.parameters if p.where == "query" and not _paging(p)]
        if listing.method != "GET" or not asked or notes.late(listing.name):
            continue
        try:
            listed = _listed(world, listing)
            if listed is None:
                notes.unjudged(listing.name, "there are not two things in it")
                continue
            for parameter in asked:
                _judge(world, notes, listed, parameter)
        except Unreachable as error:
            notes.unjudged(listing.name, f"no answer: {error}")
    return notes.outcome()


def _paging(parameter: Parameter) -> bool:
    return any(each.search(parameter.name) for each in (LIMIT, OFFSET, PAGE, CURSOR))


def _listed(world: World, listing: Operation) -> Listed | None:
    owner = next(iter(world.callers), None)
    creation = world.operation("POST", listing.path)
    path = world.path_for(creation or listing, owner)
    if path is None:
        return None
    for _ in range(THINGS if creation is not None else 0):
        world.attempt(creation, owner, path)  # type: ignore[arg-type]
    rows = rows_of(world.send(listing, owner, path, query=longest_page(listing)).answer.json())
    return Listed(listing=listing, path=path, rows=tuple(rows)) if len(rows) > 1 else None


def rows_of(value: Any) -> list[Mapping[str, Any]]:
    """The first list of objects in an answer."""
    match value:
        case list():
            return [each for each in value if isinstance(each, dict)]
        case dict():
            return next((found for each in value.values() if (found := rows_of(each))), [])
        case _:
            return []


def _judge(world: World, notes: Notes, listed: Listed, parameter: Parameter) -> None:
    if SORT.match(parameter.name):
        _judge_order(world, notes, listed, parameter)
        return
    member = _member(listed, parameter.name)
    bound = BOUND.match(inflection.underscore(parameter.name))
    if member is not None:
        _judge_value(world, notes, listed, parameter, member)
    elif bound is not None:
        _judge_bound(world, notes, listed, parameter, bound)
    elif SEARCH.match(parameter.name):
        _judge_search(world, notes, listed, parameter)


def _ask(
    world: World, listed: Listed, query: Mapping[str, Any]
) -> tuple[list[Mapping[str, Any]] | None, Sent]:
    """The rows that come, and the request. None: it was refused."""
    owner = next(iter(world.callers), None)
    made = world.send(listed.listing, owner, listed.path, query={**longest_page(listed.listing), **query})
    return (rows_of(made.answer.json()) if made.answer.accepted else None), made.sent


def _member(listed: Listed, name: str) -> str | None:
    """The member of the things that is called as the parameter is."""
    plain = inflection.underscore(name)
    return next((each for each in listed.rows[0] if inflection.underscore(each) == plain), None)


def _judge_value(world: World, notes: Notes, listed: Listed, parameter: Parameter, member: str) -> None:
    shown = [row.get(member) for row in listed.rows]
    offered = [each for each in parameter.schema.get("enum") or () if each is not None]
    wanted = [each for each in (*offered, *shown[-2:]) if isinstance(each, str | int | float) and each != ""]
    for value in list(dict.fromkeys(wanted))[:4]:
        if all(_is(each, value) for each in shown):
            continue  # they all have it: nothing is to be seen
        rows, sent = _ask(world, listed, {parameter.name: value})
        if rows is None:
            continue
        notes.tried += 1
        others = [row.get(member) for row in rows if member in row and not _is(row[member], value)]
        if others:
            what = f"asked for `{parameter.name}={value}`, shows things whose `{member}` is {others[0]!r}"
            notes.found(listed.listing.name, what[:300], sent)
            return


def _is(shown: Any, wanted: Any) -> bool:
    """Is it what was asked for? Texts may be found by a part of them, lists by one of theirs."""
    if isinstance(shown, list):
        return any(_is(each, wanted) for each in shown)
    one, other = str(shown).lower(), str(wanted).lower()
    return other in one if isinstance(shown, str) else one == other or shown == wanted


def _judge_bound(
    world: World, notes: Notes, listed: Listed, parameter: Parameter, bound: re.Match[str]
) -> None:
    member, up = _member(listed, bound[2] or bound[3]), (bound[1] or bound[4]) in UP
    numbers = sorted({row[member] for row in listed.rows if _number(row.get(member))} if member else ())
    if len(numbers) < 2 or member is None:
        return
    edge = numbers[-1] if up else numbers[0]
    rows, sent = _ask(world, listed, {parameter.name: edge})
    if rows is None:
        return
    notes.tried += 1
    shown = [row[member] for row in rows if _number(row.get(member))]
    out = [each for each in shown if (each < edge if up else each > edge)]
    if out:
        what = f"asked for `{parameter.name}={edge}`, shows things whose `{member}` is {out[0]}"
        notes.found(listed.listing.name, what, sent)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _judge_search(world: World, notes: Notes, listed: Listed, parameter: Parameter) -> None:
    rows, sent = _ask(world, listed, {parameter.name: world.sampler.word()})
    if rows is None:
        return
    notes.tried += 1
    if len(rows) >= len(listed.rows):
        what = f"shows all the same, asked with `{parameter.name}` for a word that is nowhere"
        notes.found(listed.listing.name, what, sent)


# Orders -------------------------------------------------------------------------------------------


def _judge_order(world: World, notes: Notes, listed: Listed, parameter: Parameter) -> None:
    offered = [each for each in parameter.schema.get("enum") or () if isinstance(each, str)]
    came: dict[tuple[str, bool], list[Any]] = {}
    for value in offered[:12]:
        field, down = _order(value)
        member = _member(listed, field)
        rows, sent = _ask(world, listed, {parameter.name: value}) if member is not None else (None, None)
        if rows is None or member is None:
            continue
        values = [row[member] for row in rows if _comparable(row.get(member))]
        if len(set(map(str, values))) < 2 or len({type(each) for each in values}) > 1:
            continue
        notes.tried += 1
        came[field, down] = values
        if values not in (sorted(values), sorted(values, reverse=True)):
            what = f"asked for `{parameter.name}={value}`, shows its things in another order"
            notes.found(listed.listing.name, what, sent)
        elif came.get((field, not down)) == values:
            what = f"shows the same order for `{parameter.name}={value}` and the other way round"
            notes.found(listed.listing.name, what, sent)


def _order(value: str) -> tuple[str, bool]:
    """By which member, and whether downwards: `-name`, `name:desc`, `name_desc`, `name`."""
    found = re.fullmatch(r"([-+]?)(.+?)(?:[:_. ](asc|desc|ascending|descending))?", value, re.IGNORECASE)
    if found is None:
        return value, False
    return found[2], found[1] == "-" or (found[3] or "").lower().startswith("desc")


def _comparable(value: Any) -> bool:
    """Does every backend sort such values alike? Of texts, plain words and times in one form."""
    if isinstance(value, str):
        return bool(PLAIN.fullmatch(value) or re.fullmatch(r"\d{4}-\d\d-\d\d(T[\d:.]+Z?)?", value))
    return _number(value)
