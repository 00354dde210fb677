"""What names in an expression stand for while a scene is being made: places that can still be changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from backwright.emit.testing.trial import Scene, Trial
from backwright.emit.testing.values import NOW
from backwright.expr.typed import Expression, Input, Name
from backwright.model.types import (
    Assignment,
    Create,
    Ensure,
    Entity,
    Find,
    Formula,
    Step,
    Update,
    UpdateAll,
    Upsert,
)
from backwright.reference.evaluate import Environment, Overflow, Row, evaluate
from backwright.reference.evaluate import elements as listed
from backwright.reference.writing import stored


class Spot(msgspec.Struct, frozen=True):
    """A stored row, by its place in the world."""

    index: int


class Item(msgspec.Struct, frozen=True):
    """An element of a list in the body."""

    name: str
    position: int


class Candidate(msgspec.Struct):
    """A row as a step would write it: over `base` (None: a new row), `changes` from the body, and `values`."""

    entity: Entity
    base: Spot | None
    values: Mapping[str, Formula]
    changes: tuple[str, ...] = ()
    item: Item | None = None


class Frame(msgspec.Struct):
    """What `this`, bindings and variables stand for: places, or values that nothing can change any more."""

    this: Spot | Candidate | None = None
    bindings: Mapping[str, Any] = {}
    variables: Mapping[str, Any] = {}

    def looking_at(self, variable: str, place: Any) -> Frame:
        """The same, and what the variable of a macro stands for."""
        return msgspec.structs.replace(self, variables={**self.variables, variable: place})

    def about(self, this: Spot | Candidate | None) -> Frame:
        """The same about another row."""
        return msgspec.structs.replace(self, this=this)


def value(expression: Expression, scene: Scene, frame: Frame) -> Any:
    """What an expression is in a scene; None where it cannot be computed."""
    try:
        return evaluate(expression, environment(scene, frame))
    except (Overflow, KeyError, TypeError, AttributeError):
        return None


def environment(scene: Scene, frame: Frame) -> Environment:
    """The names of a frame in a scene."""
    world = scene.world
    return world.environment(
        now=NOW,
        this=_row(frame.this, scene, frame),
        caller=None if scene.caller is None else world.rows[world.variable(scene.caller)].values,
        params=scene.params,
        body=scene.body or {},
        bindings={name: _row(place, scene, frame) for name, place in frame.bindings.items()},
        variables={name: _row(place, scene, frame) for name, place in frame.variables.items()},
    )


def _row(place: Any, scene: Scene, frame: Frame) -> Any:
    match place:
        case Spot(index=index):
            return scene.world.rows[index].values
        case Item(name=name, position=position):
            return (scene.body or {})[name][position]
        case Candidate():
            return candidate_row(place, scene, frame)
        case _:
            return place


def candidate_row(candidate: Candidate, scene: Scene, frame: Frame) -> Row:
    """What the row of a candidate holds."""
    base = None if candidate.base is None else scene.world.rows[candidate.base.index].values
    row: Row = dict(base) if base is not None else {field.name: None for field in candidate.entity.fields}
    for name in candidate.changes:
        if name in (scene.body or {}):
            row[name] = stored((scene.body or {})[name], candidate.entity.field(name).type)
    within = inside(candidate, frame)
    for name, formula in candidate.values.items():
        given = value(formula.meaning, scene, within)
        try:
            row[name] = stored(given, candidate.entity.field(name).type)
        except (Overflow, TypeError):
            row[name] = None
    return row


def inside(candidate: Candidate, frame: Frame) -> Frame:
    """The frame in which a candidate's values are computed: `this` is the stored row."""
    found = frame.about(candidate.base)
    return found if candidate.item is None else found.looking_at("item", candidate.item)


def locate(expression: Expression, scene: Scene, frame: Frame) -> Spot | Candidate | None:
    """The row that an expression stands for; None for null, and for a row that cannot be changed."""
    if isinstance(expression, Name):
        place: Any = None
        match expression.root:
            case "this":
                place = frame.this
            case "caller":
                place = None if scene.caller is None else Spot(scene.world.variable(scene.caller))
            case "binding":
                place = frame.bindings.get(expression.binding or "")
            case "variable":
                place = frame.variables.get(expression.binding or "")
            case _:
                pass
        if isinstance(place, Spot | Candidate):
            return place if _entity_of(place, scene) == expression.type.entity else None
        if place is None:
            return None
    entity = expression.type.entity
    if entity is None:
        return None
    at = scene.world.at(entity, value(expression, scene, frame))
    return None if at is None else Spot(at)


def _entity_of(place: Spot | Candidate, scene: Scene) -> str:
    return scene.world.rows[place.index].entity if isinstance(place, Spot) else place.entity.name


def members(expression: Expression, scene: Scene, frame: Frame) -> Iterator[Any]:
    """The rows or elements of a list, as places where they can be changed."""
    if isinstance(expression, Input) and expression.source == "body":
        items = (scene.body or {}).get(expression.name) or []
        for position, item in enumerate(items):
            yield Item(expression.name, position) if isinstance(item, dict) else item
        return
    try:
        found = listed(expression, environment(scene, frame))
    except (Overflow, KeyError, TypeError, AttributeError):
        return
    places = {id(row.values): at for at, row in enumerate(scene.world.rows)}
    for each in found:
        yield Spot(places[id(each)]) if id(each) in places else each


# From a trial back to places -----------------------------------------------------------------------------


def frame_at(trial: Trial, scene: Scene, step: int) -> Frame:
    """The frame before a step of a trial. Rows that were stored before are places, others are values."""
    recording = trial.recording
    if recording is None:
        return Frame()
    operation = scene.operation
    bound: dict[str, Any] = {}
    for name, found in recording.bound[step].items():
        entity = bound_entity(operation.steps, name)
        bound[name] = found
        if entity is not None and isinstance(found, dict):
            at = scene.world.at(entity, key_of(scene.world.setting.model.entity(entity), found))
            bound[name] = found if at is None else Spot(at)
    return Frame(bindings=bound)


def key_of(entity: Entity, row: Row) -> Any:
    """The key of a row: one value, or all of them where there are several."""
    found = tuple(row[name] for name in entity.keys)
    return found if len(found) > 1 else found[0]


def bound_entity(steps: tuple[Step, ...], name: str) -> str | None:
    """The entity of which a binding is a row."""
    for step in steps:
        if isinstance(step, Find | Create | Ensure | Upsert) and step.bind == name:
            return None if isinstance(step, Create) and step.each is not None else step.entity
    return None


def subject(step: Step, row: Row | None, scene: Scene, frame: Frame) -> Spot | Candidate | None:
    """The place of a row that a step judged: a stored one, or the one that it would write."""
    if row is None:
        return None
    entity = getattr(step, "entity", None)
    if entity is None:
        return None
    described = scene.world.setting.model.entity(entity)
    at = scene.world.at(entity, key_of(described, row))
    there = None if at is None or scene.world.rows[at].values != row else Spot(at)
    match step:
        case Update():
            base = frame.bindings.get(step.bind)
            if there is not None and there == base:
                return there
            return (
                Candidate(described, base, _formulas(step.values), step.changes)
                if isinstance(base, Spot)
                else None
            )
        case UpdateAll() if there is None and at is not None:
            return Candidate(described, Spot(at), _formulas(step.values))
        case Create() | Ensure() | Upsert() if there is None:
            if at is not None and isinstance(step, Upsert):
                return Candidate(described, Spot(at), _formulas(step.changes))
            item = Item(_list_of(step), 0) if isinstance(step, Create) and step.each is not None else None
            return Candidate(described, None, _formulas(step.values), item=item)
        case _:
            return Spot(at) if at is not None else None


def _formulas(values: tuple[Assignment, ...]) -> dict[str, Formula]:
    return {each.field: each.value for each in values}


def _list_of(step: Create) -> str:
    meaning = step.each.meaning if step.each is not None else None
    return meaning.name if isinstance(meaning, Input) else ""
