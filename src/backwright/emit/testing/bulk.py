"""Tests of writes to many rows: which of two rows that are wrong in different ways is the one that is answered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, permutations

from backwright.emit.testing.cases import Case, Test, outcome, signature
from backwright.emit.testing.frames import Candidate, Frame, Spot, frame_at, value
from backwright.emit.testing.keys import another
from backwright.emit.testing.reach import both
from backwright.emit.testing.satisfy import satisfied
from backwright.emit.testing.trial import Scene, Trial, tried
from backwright.emit.testing.values import Unfit
from backwright.emit.testing.world import unique_names
from backwright.expr.typed import Expression
from backwright.model.types import UpdateAll

WAYS = 4
"""In how many ways a row is made to match, and to be wrong."""


def bulk_tests(trial: Trial) -> Iterator[Test]:
    """The tests of one operation's writes to all rows that match."""
    for at, step in enumerate(trial.scene.operation.steps):
        if isinstance(step, UpdateAll) and step.when is None:
            yield from _first_in_order(trial, step, at)
            yield from _each_of_two(trial, step, at)


def _first_in_order(trial: Trial, step: UpdateAll, position: int) -> Iterator[Test]:
    """Rows are judged in the order of their keys, each part of a key in its turn."""
    entity = trial.scene.world.setting.model.entity(step.entity)
    for name in entity.keys if len(entity.checks) > 1 else ():
        for scene, places in _two_that_match(trial, step, position, name):
            asked = _both_wrong(scene, step, position, places)
            if asked is not None:
                yield Case(
                    f"answers_for_the_first_row_by_{name}", [asked], "Rows come in the order of the key"
                )
                break


def _each_of_two(trial: Trial, step: UpdateAll, position: int) -> Iterator[Test]:
    """Two rows are changed; and the second alone is wrong by each check: none is left out because it comes later."""
    entity = trial.scene.world.setting.model.entity(step.entity)
    for scene, (_, place) in islice(_two_that_match(trial, step, position, entity.keys[-1]), 1):
        whole = tried(scene)
        yield Case("handles_each_of_two", [whole], "Later rows are not left out", is_telling=True)
        second = _written(scene, step, place, whole, position)
        for check in entity.checks:
            for wrong in islice(satisfied(check.condition.meaning, False, scene, second), WAYS):
                asked = tried(wrong)
                if asked.failure is not None and asked.step == position:
                    name = f"with_a_second_row_that_is_wrong_{outcome(asked)}"
                    yield Case(name, [asked], check.condition.source, is_telling=True)
                    break


def _two_that_match(
    trial: Trial, step: UpdateAll, position: int, part: str
) -> Iterator[tuple[Scene, tuple[int, int]]]:
    """Scenes with two rows that are changed, whose keys differ in one part; where each of them is."""
    entity = trial.scene.world.setting.model.entity(step.entity)
    there = trial.scene.world.of(entity.name)
    if not there:
        return
    made = trial.scene.copy()
    for sent in (made.body or {}).values():
        if isinstance(sent, list) and sent:
            sent.append(dict(sent[0]) if isinstance(sent[0], dict) else sent[0])
    row = made.world.rows[there[0]].values
    try:
        shared = set(entity.keys) if entity.composite else set()
        apart = (unique_names(entity) - shared) | {part}
        given = {name: sent for name, sent in row.items() if name not in apart}
        if entity.composite:
            given[part] = another(made, entity, entity.field(part))
        second = made.world.add(entity.name, given)
    except Unfit:
        return
    places = (there[0], second)
    wanted = both(step.where.meaning, *([] if step.readable is None else [step.readable.condition]))
    frame = frame_at(trial, made, position)
    for found in islice(satisfied(wanted, True, made, frame.about(Spot(second))), WAYS):
        if _match(wanted, found, frame, places) and tried(found).succeeded:
            yield found, places


def _match(wanted: Expression, scene: Scene, frame: Frame, places: tuple[int, int]) -> bool:
    return all(value(wanted, scene, frame.about(Spot(at))) is True for at in places)


def _both_wrong(scene: Scene, step: UpdateAll, position: int, places: tuple[int, int]) -> Trial | None:
    """A request that fails by both rows, each by a check of its own, and otherwise than by the second alone."""
    whole = tried(scene)
    first, second = (_written(scene, step, at, whole, position) for at in places)
    entity = scene.world.setting.model.entity(step.entity)
    for one, other in permutations([check.condition.meaning for check in entity.checks], 2):
        for alone in islice(satisfied(other, False, scene, second), WAYS):
            of_second = tried(alone)
            for made in islice(satisfied(one, False, alone, first), WAYS):
                asked = tried(made)
                failed = [asked.failure, of_second.failure]
                if None in failed or asked.step != position or of_second.step != position:
                    continue
                if signature(asked) != signature(of_second) and made.world.is_sound():
                    return asked
    return None


def _written(scene: Scene, step: UpdateAll, at: int, trial: Trial, position: int) -> Frame:
    """A frame about a row as the step would write it."""
    entity = scene.world.setting.model.entity(step.entity)
    values = {each.field: each.value for each in step.values}
    return frame_at(trial, scene, position).about(Candidate(entity, Spot(at), values))
