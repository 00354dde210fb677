"""Pages together are the list: nothing is lost between them, and nothing comes twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from backwright.verify.probes.consumption import LIMIT
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.probes.properties import own
from backwright.verify.target.calling import Answer, Unreachable
from backwright.verify.target.contract import Operation, Parameter
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made
from backwright.verify.target.naming import KEYS

IDS: tuple[str, ...] = ()
NAME = "pages"
WHY = (
    "A row that falls between two pages is an order that nobody ships; one that comes twice is shipped twice."
)
OFFSET = re.compile(r"^(offset|skip|start|from|start_?index)$", re.IGNORECASE)
PAGE = re.compile(r"^page(_?(number|num|no|index))?$", re.IGNORECASE)
CURSOR = re.compile(
    r"cursor|^(after|before|since|until|marker|last|page_?token|next|next_?token|continuation|starting_?after)$",
    re.IGNORECASE,
)
NEXT = re.compile(r"next|cursor|continuation|end", re.IGNORECASE)
MORE = re.compile(r"^(has|is)_?(more|next)(_?(page|items|results))?$", re.IGNORECASE)
THINGS, EACH, MOST = 7, 2, 40


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A list, with what one caller has just made in it: `keys` are the things' own, in the member `key` of an item."""

    listing: Operation
    path: Mapping[str, str]
    limit: Parameter
    key: str
    keys: tuple[str, ...]


def run(world: World) -> Outcome:
    """Seven things are made. Each list with a limit is walked in pages of two: by offset, page, cursor, or the links in
    its answers.

    All that the whole list shows has to come once, in the order that the whole list has, which has to be the same
    when it is asked twice; and no page may hold more than it was asked for. What says whether there is more has to say
    so on the first page, and not on the last.
    """
    notes = Notes(world)
    for listing in world.operations:
        limit = next((p for p in listing.parameters if p.where == "query" and LIMIT.match(p.name)), None)
        if listing.method != "GET" or limit is None or notes.late(listing.name):
            continue
        try:
            listed = _listed(world, listing, limit)
            if listed is None:
                notes.unjudged(listing.name, "things could not be made for it, or it does not show them")
            else:
                _judge(world, notes, listed)
        except Unreachable as error:
            notes.unjudged(listing.name, f"no answer: {error}")
    return notes.outcome()


def _listed(world: World, listing: Operation, limit: Parameter) -> Listed | None:
    creation = world.operation("POST", listing.path)
    owner = next(iter(world.callers), None)
    path = world.path_for(creation, owner) if creation is not None else None
    if creation is None or path is None:
        return None
    each = [world.attempt(creation, owner, path) for _ in range(THINGS)]
    made = [one for one in each if one is not None and one.answer.accepted]
    found = _key(world, made)
    if len(made) < THINGS or found is None:
        return None
    return Listed(listing=listing, path=path, limit=limit, key=found[0], keys=found[1])


def _key(world: World, made: list[Made]) -> tuple[str, tuple[str, ...]] | None:
    """The member that tells the things apart, and its values."""
    answers = [own(one.answer.json()) for one in made]
    for name in sorted(answers[0], key=_rank) if answers else ():
        values = [one.get(name) for one in answers]
        if all(isinstance(v, str | int) and not isinstance(v, bool) for v in values) and len(
            set(values)
        ) == len(made):
            return name, tuple(str(value) for value in values)
    return None


def _rank(name: str) -> int:
    """Names of keys before all others."""
    return KEYS.index(name) if name in KEYS else len(KEYS) + (not name.lower().endswith("id"))


def _judge(world: World, notes: Notes, listed: Listed) -> None:
    name, most = listed.listing.name, min(100, int(listed.limit.schema.get("maximum", 100)))
    first = _ask(world, listed, {listed.limit.name: most})
    again = _ask(world, listed, {listed.limit.name: most})
    whole = _keys(listed, first)
    if not set(listed.keys) <= set(whole) or len(set(whole)) < len(whole):
        notes.unjudged(name, "it does not show what was just made, each by a name of its own")
        return
    notes.tried += 1
    if whole != _keys(listed, again):
        notes.found(name, "answers in another order when it is asked again")
        return
    _judge_more(world, notes, listed, first, most)
    pages: list[str] = []
    for page in _walk(world, listed):
        keys = _keys(listed, page)
        if len(keys) > EACH:
            notes.found(name, f"answers with {len(keys)} things where `{listed.limit.name}` is {EACH}")
            return
        pages += keys
        if len(pages) >= len(whole) + 2 * EACH:
            break
    if len(pages) <= EACH:
        notes.unjudged(name, "nothing says how its second page is asked for")
        return
    _compare(notes, name, whole[: (MOST - 2) * EACH], pages)


def _judge_more(world: World, notes: Notes, listed: Listed, whole: Answer, most: int) -> None:
    """Where an answer says whether there is more, it says so on the first of several pages, and not on the last."""
    count = len(_keys(listed, whole))
    if count >= most or (more := _more(whole.json())) is None:
        return
    notes.tried += 1
    few = _ask(world, listed, {listed.limit.name: EACH})
    if len(_keys(listed, few)) < count and (said := _more(few.json())) is not None and not said[1]:
        notes.found(listed.listing.name, f"`{said[0]}` is false where more can be asked for")
    told = _told(whole.json())
    cursor = next((p.name for p in listed.listing.parameters if CURSOR.search(p.name)), None)
    if not more[1] or cursor is None or told is None or not told[1] or "?" in str(told[1]):
        return
    if not _keys(listed, _ask(world, listed, {listed.limit.name: most, cursor: told[1]})):
        notes.found(listed.listing.name, f"`{more[0]}` is true, and the page after it is empty")


def _more(value: Any) -> tuple[str, bool] | None:
    """The member outside of the list that says whether there is more."""
    if not isinstance(value, dict):
        return None
    for name, each in value.items():
        if isinstance(each, bool) and MORE.match(name):
            return name, each
    return next((found for each in value.values() if (found := _more(each)) is not None), None)


def _compare(notes: Notes, name: str, whole: list[str], pages: list[str]) -> None:
    """Hold the pages together against the whole."""
    notes.tried += 1
    told, twice = f"in pages of {EACH}", len(pages) - len(set(pages))
    lost = [key for key in whole if key not in pages]
    if twice:
        notes.found(name, f"{told}, shows {twice} of its things more than once")
    if lost:
        notes.found(name, f"{told}, leaves out {len(lost)} of {len(whole)} things")
    if not twice and not lost and [key for key in pages if key in whole] != whole:
        notes.found(name, f"{told}, has another order than as a whole")


def _ask(world: World, listed: Listed, query: Mapping[str, Any]) -> Answer:
    owner = next(iter(world.callers), None)
    return world.send(listed.listing, owner, listed.path, query=query).answer


def _items(listed: Listed, value: Any) -> list[Mapping[str, Any]]:
    """The things in an answer."""
    match value:
        case list():
            items: list[Mapping[str, Any]] = [each for each in value if isinstance(each, dict)]
            return items if all(listed.key in each for each in items) else []
        case dict():
            return next((found for each in value.values() if (found := _items(listed, each))), [])
        case _:
            return []


def _keys(listed: Listed, answer: Answer) -> list[str]:
    return [str(each[listed.key]) for each in _items(listed, answer.json())] if answer.accepted else []


def _walk(world: World, listed: Listed) -> Iterator[Answer]:
    """The pages, one after another."""
    query: Mapping[str, Any] | None = {listed.limit.name: EACH}
    for number in range(1, MOST):
        if query is None:
            return
        answer = _ask(world, listed, query)
        if not _keys(listed, answer):
            return
        yield answer
        query = _next(listed, answer, number)


def _next(listed: Listed, answer: Answer, number: int) -> Mapping[str, Any] | None:
    """What the next page is asked with: the answer's own word, else the next number. None: it was the last one."""
    limit = {listed.limit.name: EACH}
    linked = re.search(r"<([^>]+)>\s*;[^,]*rel=\"?next", answer.headers.get("link", ""))
    if linked:
        return dict(parse_qsl(urlsplit(linked[1]).query))
    given = [p for p in listed.listing.parameters if p.where == "query"]
    for parameter in given:
        if OFFSET.match(parameter.name):
            return {**limit, parameter.name: number * EACH}
        if PAGE.match(parameter.name):
            return {**limit, parameter.name: number + (0 if parameter.schema.get("minimum") == 0 else 1)}
    told = _told(answer.json())
    if told is not None and "?" in str(told[1]):
        return dict(parse_qsl(urlsplit(str(told[1])).query))
    cursor = next((p.name for p in given if CURSOR.search(p.name)), None)
    if cursor is None or (told is not None and told[1] in {None, "", False}):
        return None
    last = _items(listed, answer.json())[-1]
    return {**limit, cursor: told[1] if told is not None else last.get(listed.key)}


def _told(value: Any) -> tuple[str, Any] | None:
    """The member outside of the list by which an answer names the next page."""
    if not isinstance(value, dict):
        return None
    for name, each in value.items():
        if NEXT.search(name) and (each is None or isinstance(each, str | int)) and not isinstance(each, bool):
            return name, each
    return next((found for each in value.values() if (found := _told(each)) is not None), None)
