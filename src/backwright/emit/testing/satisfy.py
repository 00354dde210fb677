"""Makes a condition true, or false, by changing a scene as little as possible.

A condition is taken apart: each comparison says which field, parameter or member of the body has to change, each
`exists` which row is missing. Several ways are tried, simple ones first. This is a search, no proof: whoever
asks for a scene tries it on the reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from backwright.emit.testing.assign import assign, others, relations
from backwright.emit.testing.frames import Frame, Spot, locate, members, value
from backwright.emit.testing.trial import Scene
from backwright.emit.testing.values import Unfit
from backwright.expr.typed import (
    Aggregate,
    And,
    Compare,
    Conditional,
    Constant,
    Distinct,
    Expression,
    Filtered,
    In,
    Input,
    Linked,
    Mapped,
    Member,
    Name,
    Not,
    Or,
    Part,
    Quantified,
    Related,
    Rows,
    Size,
    Text,
    Within,
)
from backwright.expr.walk import nodes
from backwright.model.types import ManyType

WAYS = 12
"""How many scenes are looked at for one part of a condition."""


def satisfied(condition: Expression, want: bool, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """Scenes in which the condition is as wanted, and whose rows a database could hold."""
    for made in make(condition, want, scene, frame):
        if (value(condition, made, frame) is True) != want:
            # A later part has undone an earlier one: once more, from there.
            mended = next(make(condition, want, made, frame), made)
        else:
            mended = made
        if (value(condition, mended, frame) is True) == want and mended.world.is_sound():
            yield mended


def make(condition: Expression, want: bool, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """Scenes in which the condition should be as wanted."""
    if (value(condition, scene, frame) is True) == want:
        yield scene
        return
    yield from islice(_made(condition, want, scene, frame), WAYS)


def _made(condition: Expression, want: bool, scene: Scene, frame: Frame) -> Iterator[Scene]:
    match condition:
        case And(parts=parts):
            yield from _all(parts, True, scene, frame) if want else _one(parts, False, scene, frame)
        case Or(parts=parts):
            yield from _one(parts, True, scene, frame) if want else _all(parts, False, scene, frame)
        case Not(of=of):
            yield from make(of, not want, scene, frame)
        case Compare():
            yield from _compared(condition, want, scene, frame)
        case In(item=item, options=options):
            yield from _in(item, options, want, scene, frame)
        case Within(item=item, of=of):
            yield from _within(item, of, want, scene, frame)
        case Quantified():
            yield from _quantified(condition, want, scene, frame)
        case Member() | Input() | Part():
            yield from assign(condition, want, scene, frame)
        case Conditional(when=when, then=then, otherwise=otherwise):
            for chosen in make(when, True, scene, frame):
                yield from make(then, want, chosen, frame)
            for chosen in make(when, False, scene, frame):
                yield from make(otherwise, want, chosen, frame)
        case Text(function="startsWith" | "endsWith" | "contains", arguments=(text, part)):
            yield from _holding(condition, text, part, want, scene, frame)
        case _:
            return


def _all(parts: tuple[Expression, ...], want: bool, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """Every part as wanted, one after the other."""
    if not parts:
        yield scene
        return
    for made in make(parts[0], want, scene, frame):
        yield from _all(parts[1:], want, made, frame)


def _one(parts: tuple[Expression, ...], want: bool, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """One part as wanted: each in turn gives its first way, then its other ways."""
    ways = [make(part, want, scene, frame) for part in parts]
    firsts = [list(islice(each, 1)) for each in ways]
    yield from chain.from_iterable(firsts)
    yield from chain.from_iterable(ways)


# Comparisons ------------------------------------------------------------------------------------------


def _compared(condition: Compare, want: bool, scene: Scene, frame: Frame) -> Iterator[Scene]:
    op = condition.op
    if op in ("==", "!="):
        equal = (op == "==") == want
        yield from (_equal if equal else _unlike)(condition.left, condition.right, scene, frame)
    else:
        yield from relations(condition, want, scene, frame)
    yield from _counted(condition, want, scene, frame)
    yield from _nudged(condition, want, scene, frame)
    yield from _repointed(condition, want, scene, frame)


def _equal(left: Expression, right: Expression, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """Both sides alike: what comes with the request follows what is stored."""
    for one, other in _sides(left, right):
        wanted = value(other, scene, frame)
        if isinstance(wanted, bool) and not isinstance(one, Input | Member):
            yield from make(one, wanted, scene, frame)
        elif wanted is not None or isinstance(other, Constant) or not isinstance(one, Input):
            yield from assign(one, wanted, scene, frame)
    for one, other in _sides(left, right):
        if value(other, scene, frame) is None and not isinstance(other, Constant):
            for made, found in others(other, None, scene, frame):
                for after in assign(other, found, made, frame):
                    yield from assign(one, found, after, frame)


def _unlike(left: Expression, right: Expression, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """One side gets another value; of a stored row rather than of the request."""
    for one, other in sorted([(left, right), (right, left)], key=lambda pair: _reluctance(pair[0])):
        taken = value(other, scene, frame)
        if isinstance(taken, bool) and not isinstance(one, Input | Member):
            yield from make(one, not taken, scene, frame)
            continue
        for made, found in others(one, taken, scene, frame):
            yield from assign(one, found, made, frame)


def _nudged(condition: Compare, want: bool, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """A number somewhere in a computed comparison moves by one or two."""
    for node in nodes(condition):
        if isinstance(node, Member | Input) and node.type.kind in ("integer", "decimal", "double"):
            found = value(node, scene, frame)
            for step in (1, -1, 2) if found is not None else ():
                for made in assign(node, found + step, scene, frame):
                    if (value(condition, made, frame) is True) == want:
                        yield made


def _repointed(condition: Compare, want: bool, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """A reference on the way leads to another row."""
    for node in nodes(condition):
        if isinstance(node, Member) and isinstance(node.of, Member):
            for made, found in others(node.of, value(node.of, scene, frame), scene, frame):
                for after in assign(node.of, found, made, frame):
                    if (value(condition, after, frame) is True) == want:
                        yield after


def _reluctance(expression: Expression) -> int:
    """How late something is changed: stored rows first, then who calls, then what is sent."""
    return 2 if isinstance(expression, Input) else 1 if isinstance(expression, Name) else 0


def _sides(left: Expression, right: Expression) -> list[tuple[Expression, Expression]]:
    """Both orders of the two sides: first the one where what is assigned comes with the request."""
    pairs = [(left, right), (right, left)]
    return sorted(pairs, key=lambda pair: not isinstance(pair[0], Input))


def _counted(condition: Compare, want: bool, scene: Scene, frame: Frame) -> Iterator[Scene]:
    """Comparisons of a number of rows: one row more, again and again, or one less."""
    for rows in (condition.left, condition.right):
        if not isinstance(rows, Size | Aggregate):
            continue
        of = _rows_within(rows.of)
        if of is None:
            continue
        made = scene
        for _ in range(6):
            grown = next(iter(include(of, made, frame)), None)
            if grown is None:
                break
            made = grown[0]
            if (value(condition, made, frame) is True) == want:
                yield made
                break
        if isinstance(of, Filtered):
            for place in members(of, scene, frame):
                yield from make(of.condition, False, scene, frame.looking_at(of.variable, place))


def _rows_within(expression: Expression) -> Expression | None:
    match expression:
        case Rows() | Related() | Linked() | Filtered():
            return expression
        case Mapped(of=of) | Distinct(of=of):
            return _rows_within(of)
        case _:
            return None


# Lists and rows ---------------------------------------------------------------------------------------


def _in(
    item: Expression, options: tuple[Expression, ...], want: bool, scene: Scene, frame: Frame
) -> Iterator[Scene]:
    if want:
        for option in options:
            yield from _equal(item, option, scene, frame)
        return
    taken = [value(option, scene, frame) for option in options]
    for made, found in others(item, value(item, scene, frame), scene, frame):
        if found not in taken:
            yield from assign(item, found, made, frame)


def _within(item: Expression, of: Expression, want: bool, scene: Scene, frame: Frame) -> Iterator[Scene]:
    wanted = value(item, scene, frame)
    rows = _rows_within(of) if not isinstance(of, Mapped) else None
    if rows is not None:
        for place in members(of, scene, frame):
            if isinstance(place, Spot):
                yield from assign(item, scene.world.key(place.index), scene, frame)
        for made, added in include(of, scene, frame):
            yield from assign(item, made.world.key(added.index), made, frame)
        return
    found = value(of, scene, frame) or []
    if want:
        if wanted is None:
            for each in found:
                yield from assign(item, each, scene, frame)
            for made, other in others(item, None, scene, frame):
                for after in assign(item, other, made, frame):
                    yield from assign(of, [*found, other], after, frame)
        else:
            yield from assign(of, [*found, wanted], scene, frame)
            for each in found:
                yield from assign(item, each, scene, frame)
    else:
        for made, other in others(item, wanted, scene, frame):
            if other not in found:
                yield from assign(item, other, made, frame)
        yield from assign(of, [each for each in found if each != wanted], scene, frame)


def _quantified(condition: Quantified, want: bool, scene: Scene, frame: Frame) -> Iterator[Scene]:
    some = (condition.quantifier == "exists") == want
    holds = condition.quantifier == "exists"
    places = list(members(condition.of, scene, frame))
    if some:
        # exists: one element has to satisfy it; not all: one element must not.
        for place in places:
            yield from make(condition.condition, holds, scene, frame.looking_at(condition.variable, place))
        for made, added in include(condition.of, scene, frame):
            yield from make(condition.condition, holds, made, frame.looking_at(condition.variable, added))
        return
    yield from _each(places, condition, not holds, scene, frame)


def _each(
    places: list[Any], condition: Quantified, want: bool, scene: Scene, frame: Frame
) -> Iterator[Scene]:
    """Every element as wanted."""
    if not places:
        yield scene
        return
    for made in make(condition.condition, want, scene, frame.looking_at(condition.variable, places[0])):
        yield from _each(places[1:], condition, want, made, frame)


def include(rows: Expression, scene: Scene, frame: Frame) -> Iterator[tuple[Scene, Spot]]:
    """Scenes with one more row in a set of rows."""
    match rows:
        case Rows(entity=entity):
            yield from _added(entity, {}, scene)
        case Related(of=of, entity=entity, field=field):
            holder = locate(of, scene, frame)
            if isinstance(holder, Spot):
                key = scene.world.key(holder.index)
                many = isinstance(scene.world.setting.model.entity(entity).field(field).type, ManyType)
                yield from _added(entity, {field: [key] if many else key}, scene)
            elif holder is None:
                for made, found in others(of, None, scene, frame):
                    for after in assign(of, found, made, frame):
                        if locate(of, after, frame) is not None:
                            yield from include(rows, after, frame)
        case Linked(of=of, field=field):
            holder = locate(of, scene, frame)
            if isinstance(holder, Spot):
                target = rows.type.entity or ""
                linked = scene.world.rows[holder.index].values[field]
                for at in scene.world.of(target):
                    if at != holder.index and scene.world.key(at) not in linked:
                        yield _linked(scene.copy(), holder, field, at)
                for made, added in _added(target, {}, scene):
                    yield _linked(made, holder, field, added.index)
        case Filtered(of=of, variable=variable, condition=condition):
            for place in members(of, scene, frame):
                if isinstance(place, Spot):
                    looking = frame.looking_at(variable, place)
                    if value(condition, scene, looking) is not True:
                        for made in make(condition, True, scene, looking):
                            yield made, place
            for made, added in include(of, scene, frame):
                for after in make(condition, True, made, frame.looking_at(variable, added)):
                    yield after, added
        case _:
            return


def _added(entity: str, given: dict[str, Any], scene: Scene) -> Iterator[tuple[Scene, Spot]]:
    made = scene.copy()
    try:
        at = made.world.add(entity, given)
    except Unfit:
        return
    yield made, Spot(at)


def _linked(scene: Scene, holder: Spot, field: str, at: int) -> tuple[Scene, Spot]:
    values = scene.world.rows[holder.index].values
    values[field] = [*values[field], scene.world.key(at)]
    return scene, Spot(at)


def _holding(
    condition: Text, text: Expression, part: Expression, want: bool, scene: Scene, frame: Frame
) -> Iterator[Scene]:
    """Text that begins with, ends with or contains another."""
    whole, inner = value(text, scene, frame), value(part, scene, frame)
    if want and isinstance(whole, str) and whole:
        taken = whole[:4] if condition.function == "startsWith" else whole[-4:]
        yield from assign(part, taken, scene, frame)
    if want and isinstance(inner, str):
        yield from assign(text, inner, scene, frame)
    if not want:
        for one in (text, part):
            for made, found in others(one, value(one, scene, frame), scene, frame):
                yield from assign(one, found, made, frame)
