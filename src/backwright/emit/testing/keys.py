"""Tests of rows that stand in the way: unique keys that are taken, rows that others refer to, rows that are there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from backwright.emit.testing.alternatives import alternatives
from backwright.emit.testing.cases import Case, Test, difference, outcome
from backwright.emit.testing.frames import Candidate, Frame, Spot, frame_at, key_of
from backwright.emit.testing.reach import steered
from backwright.emit.testing.satisfy import satisfied
from backwright.emit.testing.trial import Scene, Trial, tried
from backwright.emit.testing.values import Unfit
from backwright.expr.typed import TRUE, Linked, Member, Name
from backwright.expr.walk import nodes
from backwright.model.types import (
    Create,
    Delete,
    Ensure,
    Entity,
    Field,
    InputField,
    ManyType,
    ReferenceType,
    Update,
    Upsert,
)
from backwright.reference.evaluate import Row
from backwright.reference.writing import unique_keys

WAYS = 4


def key_tests(trial: Trial) -> Iterator[Test]:
    """The tests of one operation's writes."""
    for at, step in enumerate(trial.scene.operation.steps):
        match step:
            case Create(each=None):
                yield from _taken(trial, step)
            case Update():
                yield from _taken(trial, step)
                yield from _its_own_words(trial, step, at)
                yield from _beside(trial, step)
                yield from _given_away(trial, step, at)
            case Ensure() | Upsert():
                yield from _there_already(trial, step, at)
            case Delete():
                yield from _referred(trial, step)
                yield from _beside(trial, step)
            case _:
                pass


def _new_rows(trial: Trial, entity: Entity) -> list[Row]:
    """The rows of an entity that are new or changed after a success."""
    before = {
        key_of(entity, row.values): row.values for row in trial.scene.world.rows if row.entity == entity.name
    }
    return [row for row in trial.rows[entity.name] if before.get(key_of(entity, row)) != row]


def _taken(trial: Trial, step: Create | Update) -> Iterator[Test]:
    """Another row has the unique key already that this one would get."""
    scene = trial.scene
    entity = scene.world.setting.model.entity(step.entity)
    written = _new_rows(trial, entity)
    if not written:
        return
    row = written[-1]
    for key in unique_keys(entity):
        if any(row[name] is None for name in key) or all(name in _made(entity) for name in key):
            continue
        if isinstance(step, Update) and _has_already(scene, entity, key, row):
            continue
        made = scene.copy()
        try:
            at = made.world.add(entity.name, {name: row[name] for name in key})
        except Unfit:
            continue
        if not made.world.is_sound():
            continue
        made.world.rows[at].variable = "taken"
        asked = tried(made)
        if asked.failure is not None and asked.failure.category == "conflict":
            yield Case(f"with_a_taken_{'_and_'.join(key)}_{outcome(asked)}", [asked])


def _made(entity: Entity) -> set[str]:
    return {
        field.name
        for field in entity.fields
        if field.generated is not None or (field.name == entity.key and not field.input)
    }


def _has_already(scene: Scene, entity: Entity, key: tuple[str, ...], row: Row) -> bool:
    """Whether the change leaves a unique key as it was."""
    at = scene.world.at(entity.name, key_of(entity, row))
    return at is not None and all(scene.world.rows[at].values[name] == row[name] for name in key)


def _its_own_words(trial: Trial, step: Update, position: int) -> Iterator[Test]:
    """A text is changed to the words of the slug that the row has already: it is not taken by another one."""
    scene = trial.scene
    entity = scene.world.setting.model.entity(step.entity)
    base = frame_at(trial, scene, position).bindings.get(step.bind)
    for field in entity.fields:
        if field.generated != "slug" or field.source not in step.changes or not isinstance(base, Spot):
            continue
        after = next((each for each in _new_rows(trial, entity) if each[field.name] is not None), None)
        before = scene.world.rows[base.index].values
        if after is None or after[field.name] == before[field.name]:
            continue
        made = scene.copy()
        made.params = {
            name: after[field.name] if sent == before[field.name] else sent
            for name, sent in made.params.items()
        }
        made.world.rows[base.index].values[field.name] = after[field.name]
        asked = tried(made)
        if asked.succeeded and made.world.is_sound():
            yield Case(f"keeps_a_{field.name}_of_the_same_words", [asked], is_telling=True)


def _beside(trial: Trial, step: Update | Delete) -> Iterator[Test]:
    """Another row is there, and stays as it is."""
    made = trial.scene.copy()
    try:
        made.world.add(step.entity)
    except Unfit:
        return
    asked = tried(made)
    if asked.succeeded and made.world.is_sound():
        yield Case("leaves_others_as_they_are", [asked])


def _given_away(trial: Trial, step: Update, position: int) -> Iterator[Test]:
    """The row would be moved beside another one, where the caller may not have it (semantics 3)."""
    rule, body = step.after or step.allowed, trial.scene.operation.body
    base = frame_at(trial, trial.scene, position).bindings.get(step.bind)
    if rule is None or body is None or not isinstance(base, Spot):
        return
    entity = trial.scene.world.setting.model.entity(step.entity)
    values = {each.field: each.value for each in step.values}
    after = Candidate(entity, base, values, step.changes)
    looked_at = {
        node.field
        for node in nodes(rule.condition)
        if isinstance(node, Member | Linked) and isinstance(node.of, Name) and node.of.root == "this"
    }
    for field in body.fields:
        if isinstance(field.type, ReferenceType) and field.name in looked_at & {*step.changes}:
            refused = (
                asked
                for moved in islice(_moved(trial.scene, field), WAYS)
                for frame in [frame_at(trial, moved, position).about(after)]
                for made in islice(satisfied(rule.condition, False, moved, frame), WAYS)
                if (asked := steered(made, position)) is not None and _because_of(field, asked, base)
            )
            for asked in islice(refused, 1):
                about = f"Has to hold afterwards, too: {rule.source}"
                yield Case(f"to_another_{field.name}_{outcome(asked)}", [asked], about)


def _because_of(field: InputField, asked: Trial, base: Spot) -> bool:
    """Whether a request is refused, and would not be if it left that field as it is."""
    if asked.failure is None or asked.failure.category != "forbidden" or asked.scene.body is None:
        return False
    staying = asked.scene.copy()
    staying.body = {**asked.scene.body, field.name: staying.world.rows[base.index].values[field.name]}
    return tried(staying).succeeded


def _moved(scene: Scene, field: InputField) -> Iterator[Scene]:
    """The request with another row in a reference of the body, which the caller may read for one reason or another."""
    assert isinstance(field.type, ReferenceType)
    made = scene.copy()
    read = made.world.setting.model.entity(field.type.entity).access.get("read")
    try:
        at = made.world.add(field.type.entity)
    except Unfit:
        return
    reasons = [TRUE] if read is None else [read.condition, *alternatives(read.condition)]
    for readable in (
        scene for each in reasons for scene in islice(satisfied(each, True, made, Frame(this=Spot(at))), 1)
    ):
        asking = readable.copy()
        if asking.body is not None and asking.world.is_sound():
            asking.body[field.name] = asking.world.key(at)
            yield asking


def _there_already(trial: Trial, step: Ensure | Upsert, position: int) -> Iterator[Test]:
    """The row of the key is there before: it stays, is changed, or is in the way."""
    scene = trial.scene
    entity = scene.world.setting.model.entity(step.entity)
    written = [
        row for row in _new_rows(trial, entity) if scene.world.at(entity.name, key_of(entity, row)) is None
    ]
    if not written:
        return
    row = written[-1]
    yield from _neighbours(scene, step, entity, row)
    made = scene.copy()
    given = {name: row[name] for name in step.by}
    for field in entity.fields:
        if isinstance(field.type, ReferenceType) and row[field.name] is not None:
            given[field.name] = row[field.name]
    try:
        at = made.world.add(entity.name, given)
    except Unfit:
        return
    frame = frame_at(trial, made, position).about(Spot(at))
    if isinstance(step, Upsert) and step.if_exists is not None:
        for want in (True, False):
            for changed in islice(satisfied(step.if_exists.meaning, want, made, frame), 2):
                asked = tried(changed)
                what = difference(scene, changed)
                yield Case(f"{what}_{outcome(asked)}", [asked], step.if_exists.source)
        return
    if made.world.is_sound():
        asked = tried(made)
        yield Case(f"where_it_is_there_already_{outcome(asked)}", [asked])
    if step.readable is not None:
        for hidden in islice(satisfied(step.readable.condition, False, made, frame), 1):
            asked = tried(hidden)
            if asked.failure is not None and asked.step == position:
                yield Case(f"{difference(scene, hidden)}_{outcome(asked)}", [asked], step.readable.source)


def _neighbours(scene: Scene, step: Ensure | Upsert, entity: Entity, row: Row) -> Iterator[Test]:
    """A row that shares only a part of the key is there: it is another one."""
    for name in step.by:
        if len(step.by) < 2:
            continue
        made = scene.copy()
        try:
            other = another(made, entity, entity.field(name))
            made.world.add(entity.name, {each: row[each] for each in step.by if each != name} | {name: other})
        except Unfit:
            continue
        if other != row[name] and made.world.is_sound():
            asked = tried(made)
            if asked.succeeded:
                yield Case(f"where_one_of_another_{name}_is_there_{outcome(asked)}", [asked])


def another(scene: Scene, entity: Entity, field: Field) -> Any:
    """Another value of a part of a key: a new row's where it refers to one. Raises Unfit."""
    if isinstance(field.type, ReferenceType):
        return scene.world.key(scene.world.add(field.type.entity))
    return scene.world.setting.another(entity, field, 1)


def _referred(trial: Trial, step: Delete) -> Iterator[Test]:
    """Rows that refer to the one that is deleted: they stop it, go with it, or lose their reference."""
    scene = trial.scene
    model = scene.world.setting.model
    entity = model.entity(step.entity)
    gone = [
        at
        for at in scene.world.of(entity.name)
        if all(
            key_of(entity, row) != key_of(entity, scene.world.rows[at].values)
            for row in trial.rows[entity.name]
        )
    ]
    if not gone or entity.composite:
        return
    key: Any = scene.world.key(gone[0])
    for holder in model.entities:
        for field in holder.fields:
            many = isinstance(field.type, ManyType)
            if not isinstance(field.type, ReferenceType | ManyType) or field.type.entity != entity.name:
                continue
            made = scene.copy()
            try:
                made.world.add(holder.name, {field.name: [key] if many else key})
            except Unfit:
                continue
            if not made.world.is_sound():
                made = next(_made_sound(made, holder), made)
            if not made.world.is_sound():
                continue
            asked = tried(made)
            if asked.response.status != trial.response.status or asked.succeeded:
                how = (
                    outcome(asked)
                    if asked.failure is not None
                    else "keeps_it"
                    if _keeps(asked, holder)
                    else "takes_it_along"
                )
                yield Case(
                    f"with_{holder.plural}_of_{field.name}_{how}", [asked], f"{holder.name}.{field.name}"
                )


def _made_sound(scene: Scene, holder: Entity) -> Iterator[Scene]:
    at = len(scene.world.rows) - 1
    for check in holder.checks:
        yield from islice(satisfied(check.condition.meaning, True, scene, Frame(this=Spot(at))), 1)


def _keeps(trial: Trial, holder: Entity) -> bool:
    return len(trial.rows[holder.name]) == len(trial.scene.world.of(holder.name))
