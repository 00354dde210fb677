"""Tests of lists that are longer than a page, or than a list may be: one row more than is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backwright.emit.testing.cases import Full
from backwright.emit.testing.trial import Scene, tried
from backwright.emit.testing.values import Unfit
from backwright.emit.testing.world import Stored, World
from backwright.emit.testing.writing import attribute
from backwright.model.types import Entity, ReferenceType, Select
from backwright.reference.writing import unique_keys

MOST_ROWS = 600
"""A list that shows more is not tested: storing rows takes time."""
MOST_LISTED = 60
"""How many values a test lists."""
NUMBERED = re.compile(r"(.*[^0-9])[0-9]+")
FIRST = 100
"""The number of the first row that is like another; no other row has it."""


def full_page(scene: Scene, step: Select) -> Iterator[Full]:
    """The test of one list, from a scene in which the last row of its entity is shown."""
    shown = step.paging.max if step.paging.style == "none" else step.paging.default
    places = scene.world.of(step.entity)
    asked = tried(scene)
    before = listed(asked.response.body)
    if shown > MOST_ROWS or len(places) < 2 or before is None or before > shown:
        return
    like = scene.world.rows[places[-1]]
    entity = scene.world.setting.model.entity(step.entity)
    unique = _distinguishing(entity)
    made, more = scene.copy(), shown - before + 1
    if unique is None or (unique and not _can_be_told_apart(like.values[unique], more)):
        return
    try:
        values = _add(made.world, entity, like, unique, more)
    except Unfit:
        return
    full = tried(made)
    if full.succeeded and listed(full.response.body) == shown:
        column = str(attribute(entity.field(unique))) if unique else ""
        full = msgspec.structs.replace(asked, response=full.response)
        yield Full(f"shows_{shown}_at_most", full, like, column, more, values)


def _distinguishing(entity: Entity) -> str | None:
    """The field beside a made key that has to differ between two rows: empty for none, None if it is not so simple."""
    if entity.composite:
        return None
    own = entity.field(entity.key)
    is_told = own.input or own.source is not None or own.generated == "token"  # what no database counts up
    keys = [key for key in unique_keys(entity) if is_told or key != (own.name,)]
    if len(keys) > 1:
        return None
    if not keys:
        return ""
    refers = isinstance(entity.field(keys[0][0]).type, ReferenceType)  # another row for each would be needed
    return keys[0][0] if len(keys[0]) == 1 and not refers else None


def _add(world: World, entity: Entity, like: Stored, unique: str, more: int) -> tuple[str | int, ...]:
    """As many rows like one of the world, each with a number of its own in what is unique.

    What takes no number is another value for each; these are returned.
    """
    given = {name: value for name, value in like.values.items() if name not in (entity.key, unique)}
    values: list[str | int] = []
    for number in range(FIRST, FIRST + more):
        at = world.add(entity.name, given)
        if unique and _can_be_numbered(like.values[unique]):
            world.rows[at].values[unique] = NUMBERED.sub(rf"\g<1>{number}", str(like.values[unique]))
        elif unique:
            values.append(world.rows[at].values[unique])
    return tuple(values)


def listed(body: object) -> int | None:
    """How long the one list of an answer is; None where there is none, or several."""
    found = list(places_of(body))
    return len(found[0][1]) if len(found) == 1 else None


def places_of(body: object, path: str = "") -> Iterator[tuple[str, list[object]]]:
    """The lists of an answer, not those within their elements: the expression behind the body, and the list."""
    match body:
        case list():
            yield path, body
        case dict():
            for name, inner in body.items():
                yield from places_of(inner, f"{path}[{name!r}]")
        case _:
            return


def _can_be_told_apart(value: object, more: int) -> bool:
    """Whether rows can be stored that differ in this value, by a number or by a list that is short enough to read."""
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    return _can_be_numbered(value) or (plain and more <= MOST_LISTED)


def _can_be_numbered(value: object) -> bool:
    """Whether a value is a text with a number at its end, which can be another for each row."""
    return isinstance(value, str) and NUMBERED.fullmatch(value) is not None
