"""A list shows what it was asked for, in the order in which it was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import inflection

from backwright.verify.probes.consumption import LIMIT
from backwright.verify.probes.listed import Listed, listed_by
from backwright.verify.probes.lists import SEARCH
from backwright.verify.probes.objects import longest_page
from backwright.verify.probes.pages import CURSOR, OFFSET, PAGE
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Sent, Unreachable
from backwright.verify.target.contract import Parameter
from backwright.verify.target.exploring import World
from backwright.verify.target.naming import rows_of

IDS: tuple[str, ...] = ()
NAME = "asking"
WHY = "A filter that is read and forgotten shows paid bills among the open ones, and they are paid twice."
SORT = re.compile(r"^(sort|sort_?by|order_?by|ordering|order)$", re.IGNORECASE)
BOUND = re.compile(
    r"^(min|max|after|before|since|until)_(.+)$|^(.+?)__?(min|max|gte|lte|gt|lt|from|to|after|before|since|until)$"
)
UP = {"min", "gte", "gt", "from", "after", "since"}
INCLUSIVE, STRICT = {"min", "max", "gte", "lte"}, {"gt", "lt"}
"""Words that say whether the bound itself is within. Of the others it is not known."""
TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?")
PLAIN = re.compile(r"[a-z0-9]+")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+Z?)?")
DIGITS = re.compile(r"-?\d{1,15}(\.\d{1,15})?")


def run(world: World) -> Outcome:
    """Things are made, and each list is asked by each of its parameters that names a member of them: all that it shows
    has to have that value, and has to be within the bounds (`min_…`). A word that is nowhere must not find everything.

    What is in the whole list and has the value must not be left out.

    Orders that the contract enumerates are asked for: numbers, times and plain words have to come in them, and the
    order the other way round has to be another.
    """
    notes = Notes(world)
    for listing in world.operations:
        asked = [p for p in listing.parameters if p.where == "query" and not _paging(p)]
        if listing.method != "GET" or not asked or notes.late(listing.name):
            continue
        try:
            listed = listed_by(world, listing, asked)
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


def _judge(world: World, notes: Notes, listed: Listed, parameter: Parameter) -> None:
    if SORT.match(parameter.name):
        _judge_order(world, notes, listed, parameter)
        return
    if parameter.kind == "object":
        for key in parameter.schema.get("properties") or {}:
            within = BOUND.match(inflection.underscore(f"{parameter.name}_{key}"))
            if within is not None and within[4] == inflection.underscore(key):
                _judge_bound(world, notes, listed, parameter, within, key)
        return
    member = _member(listed, parameter.name)
    bound = BOUND.match(inflection.underscore(parameter.name))
    if member is not None and not about(world, parameter, listed.rows[0][member]):
        return
    if member is not None:
        _judge_value(world, notes, listed, parameter, member)
    elif bound is not None:
        _judge_bound(world, notes, listed, parameter, bound)
    elif SEARCH.match(parameter.name):
        _judge_search(world, notes, listed, parameter)


def about(world: World, parameter: Parameter, shown: Any) -> bool:
    """Can the parameter be about the member of its name? A switch is not asked for by a text: `?favorited=ann`."""
    schema = world.sampler.merged(parameter.schema)
    kinds = schema.get("type")
    textual = kinds == "string" or (isinstance(kinds, list) and "string" in kinds)
    return not (isinstance(shown, bool) and textual and not schema.get("enum"))


def _ask(
    world: World, listed: Listed, query: Mapping[str, Any]
) -> tuple[list[Mapping[str, Any]] | None, Sent]:
    """The rows that come, and the request. None: it was refused."""
    owner = next(iter(world.callers), None)
    made = world.send(listed.listing, owner, listed.path, query={**longest_page(listed.listing), **query})
    return (rows_of(made.answer.json()) if made.answer.accepted else None), made.sent


def _member(listed: Listed, name: str) -> str | None:
    """The member of the things that is called as the parameter is; one of several is called in the singular."""
    plain = inflection.underscore(name)
    for wanted in (plain, inflection.singularize(plain)):
        for each in listed.rows[0]:
            if inflection.underscore(each) == wanted:
                return each
    return None


def _judge_value(world: World, notes: Notes, listed: Listed, parameter: Parameter, member: str) -> None:
    shown = [row.get(member) for row in listed.rows]
    wanted = [
        each
        for each in (*parameter.offered, *shown[-2:])
        if isinstance(each, str | int | float) and each != ""
    ]
    for value in list(dict.fromkeys(wanted))[:4]:
        if all(_is(each, value) for each in shown):
            continue  # they all have it: nothing is to be seen
        rows, sent = _ask(world, listed, {parameter.name: parameter.holding(value)})
        if rows is None:
            continue
        notes.tried += 1
        others = [row.get(member) for row in rows if member in row and not _is(row[member], value)]
        if others:
            what = f"asked for `{parameter.name}={value}`, shows things whose `{member}` is {others[0]!r}"
            notes.found(listed.listing.name, what[:300], sent)
            return
        same = [row for row in listed.rows if type(row.get(member)) is type(value) and row[member] == value]
        _complete(notes, listed, rows, same, f"{parameter.name}={value}", sent)


def _is(shown: Any, wanted: Any) -> bool:
    """Is it what was asked for? Texts may be found by a part of them, lists by one of theirs."""
    if isinstance(shown, list):
        return any(_is(each, wanted) for each in shown)
    one, other = str(shown).lower(), str(wanted).lower()
    return other in one if isinstance(shown, str) else one == other or shown == wanted


def _judge_bound(
    world: World, notes: Notes, listed: Listed, parameter: Parameter, bound: re.Match[str], key: str = ""
) -> None:
    """`key`: the parameter is an object, and this its member that bounds: `created[gte]`."""
    word = bound[1] or bound[4]
    member = _bounded(listed, bound[2] or bound[3])
    if member is None:
        return
    values = {_key(row[member]): row[member] for row in listed.rows if _ordered(row.get(member))}
    if len({type(each) for each in values}) != 1 or len(values) < 2:
        return
    edge = sorted(values)[len(values) // 2]
    asked = _asked(parameter, values[edge])
    rows, sent = _ask(world, listed, {parameter.name: {key: asked} if key else asked})
    if rows is None:
        return
    notes.tried += 1
    name = f"{parameter.name}[{key}]" if key else parameter.name
    shown = [row[member] for row in rows if _ordered(row.get(member))]
    out = [each for each in shown if _outside(_key(each), edge, word)]
    if out:
        what = f"asked for `{name}={asked}`, shows things whose `{member}` is {out[0]}"
        notes.found(listed.listing.name, what, sent)
        return
    exact = asked == values[edge]
    inside = [
        row
        for row in listed.rows
        if _ordered(row.get(member)) and exact and _inside(_key(row[member]), edge, word)
    ]
    _complete(notes, listed, rows, inside, f"{name}={asked}", sent)


def _bounded(listed: Listed, name: str) -> str | None:
    """The member that is bounded: `created_after` may be about `created_at`."""
    found = (_member(listed, f"{name}{ending}") for ending in ("", "_at", "_on", "_date", "_time"))
    return next((each for each in found if each is not None), None)


def _ordered(value: Any) -> bool:
    """Is it a number, or a time in a form whose text is in its order?"""
    return _number(value) or (isinstance(value, str) and TIME.fullmatch(value) is not None)


def _key(value: Any) -> Any:
    return value.removesuffix("Z") if isinstance(value, str) else value


def _asked(parameter: Parameter, value: Any) -> Any:
    """The value as the parameter wants it: of a time the day only."""
    return value[:10] if isinstance(value, str) and parameter.schema.get("format") == "date" else value


def _outside(value: Any, edge: Any, word: str) -> bool:
    """Is it surely beyond the bound? At the edge only where the word says so."""
    at_it = value == edge and word in STRICT
    if isinstance(edge, str):
        value, edge = value[:10], edge[:10]  # a day may be meant by the bound
    return bool((value < edge if word in UP else value > edge) or at_it)


def _inside(value: Any, edge: Any, word: str) -> bool:
    """Is it surely within the bound?"""
    return bool((value > edge if word in UP else value < edge) or (value == edge and word in INCLUSIVE))


def _complete(
    notes: Notes,
    listed: Listed,
    rows: list[Mapping[str, Any]],
    wanted: list[Mapping[str, Any]],
    asked: str,
    sent: Sent,
) -> None:
    """What is in the whole list and has what was asked for has to be shown."""
    key = listed.key
    if key is None or not listed.whole or not wanted:
        return
    notes.tried += 1
    shown = {str(row.get(key)) for row in rows}
    lost = [row for row in wanted if str(row[key]) not in shown]
    if lost:
        what = f"asked for `{asked}`, leaves out {len(lost)} of {len(wanted)} things that have it"
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
    offered = [each for each in parameter.offered if isinstance(each, str)]
    came: dict[tuple[str, bool], list[Any]] = {}
    for value in offered[:12]:
        field, down = _order(value)
        member = _member(listed, field)
        rows, sent = (
            _ask(world, listed, {parameter.name: parameter.holding(value)})
            if member is not None
            else (None, None)
        )
        if rows is None or member is None:
            continue
        values = [row[member] for row in rows if _comparable(row.get(member))]
        if len(set(map(str, values))) < 2 or len({type(each) for each in values}) > 1:
            continue
        notes.tried += 1
        came[field, down] = values
        if not any(_sorted(each) for each in _readings(values)):
            what = f"asked for `{parameter.name}={value}`, shows its things in another order"
            notes.found(listed.listing.name, what, sent)
        elif came.get((field, not down)) == values:
            what = f"shows the same order for `{parameter.name}={value}` and the other way round"
            notes.found(listed.listing.name, what, sent)


def _readings(values: list[Any]) -> Iterator[list[Any]]:
    """The values as they can be compared: numbers that are written as texts, such as ids, also as numbers."""
    yield values
    if all(isinstance(each, str) and DIGITS.fullmatch(each) for each in values):
        yield [Decimal(each) for each in values]


def _sorted(values: list[Any]) -> bool:
    return values in (sorted(values), sorted(values, reverse=True))


def _order(value: str) -> tuple[str, bool]:
    """By which member, and whether downwards: `-name`, `name:desc`, `name_desc`, `name`."""
    found = re.fullmatch(r"([-+]?)(.+?)(?:[:_. ](asc|desc|ascending|descending))?", value, re.IGNORECASE)
    if found is None:
        return value, False
    return found[2], found[1] == "-" or (found[3] or "").lower().startswith("desc")


def _comparable(value: Any) -> bool:
    """Does every backend sort such values alike? Of texts, plain words and times in one form."""
    if isinstance(value, str):
        return any(form.fullmatch(value) for form in (DIGITS, PLAIN, MOMENT))
    return _number(value)
