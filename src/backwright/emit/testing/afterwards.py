"""Tests of what is read again: a row that was changed or has gone between two requests is not as it was remembered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, permutations

from backwright.emit.testing.cases import Case, Test, outcome, signature
from backwright.emit.testing.frames import Spot, key_of
from backwright.emit.testing.reach import mended, sent
from backwright.emit.testing.trial import Scene, Stage, Trial
from backwright.emit.testing.values import Unfit
from backwright.expr.typed import Compare, Input, Member
from backwright.expr.walk import nodes
from backwright.model.types import Delete, Find, Operation, Step, Update

PAIRS = 6
"""How many pairs of members are tried."""
WAYS = 2
"""How many operations are tried that delete or change a row."""


def later_tests(trial: Trial) -> Iterator[Test]:
    """The tests of a second request of one operation."""
    yield from _in_turns(trial)
    yield from _changed_meanwhile(trial)


def _in_turns(trial: Trial) -> Iterator[Test]:
    """One member is changed, and then another one: the first keeps what it has become."""
    scene, body = trial.scene, trial.scene.operation.body
    steps = [step for step in scene.operation.steps if isinstance(step, Update)]
    if not steps or body is None or not body.partial or scene.operation.if_match != "no":
        return
    changed = [name for name in scene.body or {} if name in steps[0].changes]
    for one, other in islice(permutations(changed, 2), PAIRS):
        stage = Stage(scene.world)
        asked = [stage.send(_with_only(scene, name)) for name in (one, other)]
        if all(each.succeeded for each in asked) and _is_told(asked, steps[0].entity, one):
            about = "What was changed first stays"
            yield Case("changes_one_member_after_the_other", asked, about, is_telling=True)
            return


def _with_only(scene: Scene, name: str) -> Scene:
    made = scene.copy()
    made.body = {name: (scene.body or {})[name]}
    return made


def _is_told(asked: list[Trial], entity: str, name: str) -> bool:
    """Whether the first request changes the member."""
    before = [row.values.get(name) for row in asked[0].scene.world.rows if row.entity == entity]
    return before != [row.get(name) for row in asked[0].rows[entity]]


def _changed_meanwhile(trial: Trial) -> Iterator[Test]:
    """The row that an operation finds is deleted or, where it is only read, changed; and it is looked for once more."""
    found = _found(trial)
    if found is None:
        return
    step, place = found
    for other in islice(_others(trial, step, place), WAYS):
        stage = Stage(other.world)
        same = trial.scene.copy()
        same.world = other.world
        asked = [stage.send(same)]
        if other.operation is not same.operation:
            asked.append(stage.send(other))
        asked.append(stage.send(same))
        first, *between, last = asked
        if not first.succeeded or not all(each.succeeded for each in between) or _is_signed_out(last):
            continue
        if signature(first) != signature(last):
            is_gone = any(isinstance(each, Delete) for each in other.operation.steps)
            name = f"when_the_{step.bind}_has_{'gone' if is_gone else 'changed'}_{outcome(last)}"
            yield Case(name, asked, "It is looked for each time", is_telling=True)
            return


def _is_signed_out(trial: Trial) -> bool:
    """Whether what came between has taken the caller's session: then no row is looked for."""
    return trial.failure is not None and trial.failure.category == "unauthenticated"


def _found(trial: Trial) -> tuple[Find, Spot] | None:
    """The first step that finds a stored row, and where it is."""
    scene, recording = trial.scene, trial.recording
    for step in scene.operation.steps:
        row = recording.bindings.get(step.bind) if isinstance(step, Find) and recording is not None else None
        if isinstance(step, Find) and isinstance(row, dict):
            entity = scene.world.setting.model.entity(step.entity)
            at = scene.world.at(entity.name, key_of(entity, row))
            return None if at is None else (step, Spot(at))
    return None


def _others(trial: Trial, step: Find, place: Spot) -> Iterator[Scene]:
    """Requests that delete or change a row in the world of a success; where it is deleted by itself, that is enough."""
    scene = trial.scene
    operations = scene.world.setting.model.operations
    if any(_writes(step.entity, each, Delete) for each in scene.operation.steps):
        yield scene
        return
    kinds = (Delete, Update) if scene.operation.method == "GET" else (Delete,)
    for kind in kinds:
        for operation in operations:
            if any(_writes(step.entity, each, kind) for each in operation.steps):
                asking = _about(operation, scene, place)
                answer = None if asking is None else mended(asking)
                if answer is not None:
                    yield answer.scene


def _writes(entity: str, step: Step, kind: type[Delete | Update]) -> bool:
    return isinstance(step, kind) and step.entity == entity


def _about(operation: Operation, scene: Scene, place: Spot) -> Scene | None:
    """A request of an operation whose path names that row; None where it names something else."""
    row = scene.world.rows[place.index]
    made = Scene(operation, scene.world.copy(), scene.caller if operation.caller != "none" else None)
    for step in operation.steps:
        if isinstance(step, Find) and step.entity == row.entity:
            for node in nodes(step.where.meaning):
                match node:
                    case Compare(op="==", left=Member(field=field), right=Input(source="params", name=name)):
                        made.params[name] = row.values[field]
                    case _:
                        pass
    if any(parameter.name not in made.params for parameter in operation.path_parameters):
        return None
    try:
        for each in operation.query:
            if each.required:
                made.params[each.name] = sent(each, each.type, made.world, 0)
        if operation.body is not None:
            made.body = {
                field.name: sent(field, field.type, made.world, 1) for field in operation.body.fields
            }
    except Unfit:
        return None
    if operation.if_match != "no":
        made.headers["If-Match"] = "*"
    return made
