"""A list counts what it shows: no more, and no less."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import inflection
import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.lists import SEARCH
from backwright.verify.probes.objects import longest_page
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Answer, Sent, Unreachable
from backwright.verify.target.contract import Operation, Parameter
from backwright.verify.target.exploring import World
from backwright.verify.target.naming import rows_of

IDS: tuple[str, ...] = ()
NAME = "totals"
WHY = "A page says that there are twelve and shows eleven: somebody looks for the twelfth until the evening."
COUNTS = re.compile(r"^(total|count|total_?(count|items|results|elements|records|rows|hits)|\w+_count)$")
PAGES = re.compile(r"sort|order|limit|offset|page|cursor|size|fields|include", re.IGNORECASE)
TIMES = 2


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A list as its caller sees it; `names` are the members outside of it that count."""

    listing: Operation
    owner: Caller
    path: Mapping[str, str]
    names: tuple[str, ...]


def run(world: World) -> Outcome:
    """Numbers beside a list that grow by one with each thing that is made are its totals. Where the page that was asked
    for is not full, they have to be what it shows: with nothing asked, and with each filter that shows less.
    """
    notes = Notes(world)
    owner = next(iter(world.callers), None)
    for listing in world.operations:
        creation = world.operation("POST", listing.path)
        if owner is None or listing.method != "GET" or creation is None or not longest_page(listing):
            continue
        if notes.late(listing.name):
            break
        try:
            case = _case(world, listing, creation, owner)
            if case is not None:
                _judge(world, notes, case)
        except Unreachable as error:
            notes.unjudged(listing.name, f"no answer: {error}")
    return notes.outcome()


def _case(world: World, listing: Operation, creation: Operation, owner: Caller) -> Case | None:
    path = world.path_for(creation, owner)
    if path is None:
        return None
    seen = [counts_of(_ask(world, listing, owner, path, {})[0])]
    for _ in range(TIMES):
        made = world.attempt(creation, owner, path)
        if made is None or not made.answer.accepted:
            return None
        seen.append(counts_of(_ask(world, listing, owner, path, {})[0]))
    names = tuple(
        name
        for name, first in seen[0].items()
        if all(each.get(name) == first + number for number, each in enumerate(seen))
    )
    return Case(listing=listing, owner=owner, path=path, names=names) if names else None


def _ask(
    world: World, listing: Operation, owner: Caller, path: Mapping[str, str], query: Mapping[str, Any]
) -> tuple[Answer, Sent]:
    made = world.send(listing, owner, path, query={**longest_page(listing), **query})
    return made.answer, made.sent


def _judge(world: World, notes: Notes, case: Case) -> None:
    plain, _ = _ask(world, case.listing, case.owner, case.path, {})
    rows = rows_of(plain.json())
    for query in ({}, *_filters(case.listing, rows)):
        answer, sent = _ask(world, case.listing, case.owner, case.path, query)
        shown = len(rows_of(answer.json()))
        if not answer.accepted or shown >= min(longest_page(case.listing).values()):
            continue
        notes.tried += 1
        told = counts_of(answer)
        wrong = next((name for name in case.names if told.get(name, shown) != shown), None)
        if wrong is not None:
            by = "".join(f", asked for `{name}={value}`" for name, value in query.items())
            what = f"`{wrong}` is {told[wrong]} where {shown} are shown{by}"
            notes.found(case.listing.name, what, sent)
            return


def _filters(listing: Operation, rows: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """What the list can be asked for, so that it shows some of its things."""
    for parameter in [each for each in listing.parameters if each.where == "query"]:
        plain = inflection.underscore(parameter.name)
        offered = parameter.offered
        named = [
            value
            for row in rows[:2]
            for name, value in row.items()
            if inflection.underscore(name) == plain and isinstance(value, str | int | float)
        ]
        texts = [value for row in rows[-1:] for value in row.values() if _word(value)]
        values = named or (texts if SEARCH.match(parameter.name) else [])
        if not _pages(parameter) and parameter.kind != "object":
            yield from (
                {parameter.name: parameter.holding(each)} for each in dict.fromkeys([*offered, *values][:4])
            )


def _pages(parameter: Parameter) -> bool:
    """Does it ask for an order, or a page? Then it leaves the total as it is."""
    return PAGES.search(parameter.name) is not None


def _word(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9]{9,}", value) is not None


def counts_of(answer: Answer) -> dict[str, int]:
    """The numbers beside the list that could count it."""
    return dict(_counts(answer.json())) if answer.accepted else {}


def _counts(value: Any) -> Iterator[tuple[str, int]]:
    for name, each in value.items() if isinstance(value, dict) else ():
        if type(each) is int and COUNTS.match(inflection.underscore(name)):
            yield name, each
        elif isinstance(each, dict):
            yield from _counts(each)
