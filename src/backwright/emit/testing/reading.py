"""Tests of what custom logic reads: the rows that the caller of the operation may read, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from backwright.emit.logic.reads import reads_attribute
from backwright.emit.testing.cases import Handed, Test
from backwright.emit.testing.frames import Frame, Spot, value
from backwright.emit.testing.satisfy import satisfied
from backwright.emit.testing.trial import Scene, Trial, tried
from backwright.emit.testing.values import Unfit
from backwright.expr.typed import Expression
from backwright.model.types import Call, Entity

WAYS = 4


def reading_tests(trial: Trial) -> Iterator[Test]:
    """The tests of one operation's calls: for each entity that a function reads, a row that is hidden beside others."""
    scene, model = trial.scene, trial.scene.world.setting.model
    for step in scene.operation.steps:
        if not isinstance(step, Call) or step.when is not None:
            continue
        for name in model.function(step.logic).reads:
            entity = model.entity(name)
            found = None if entity.composite else _with_hidden(scene, entity)
            if found is None:
                continue
            made, hidden = found
            asked = tried(made)
            if asked.succeeded:
                rule = entity.access["read"]
                shown = [at for at in made.world.of(name) if _is_read(rule.condition, made, at)]
                shown.sort(key=made.world.key)
                variables = [asked.scene.world.rows[at].variable for at in shown]
                attribute = str(reads_attribute(entity))
                yield Handed(
                    f"hands_{step.logic}_the_{attribute}_of_its_caller",
                    asked,
                    step.logic,
                    attribute,
                    str(entity.field(entity.key).column),
                    variables,
                    asked.scene.world.rows[hidden].variable,
                )


def _with_hidden(scene: Scene, entity: Entity) -> tuple[Scene, int] | None:
    """The scene with one row that the caller may read and one that they may not; None where there are no two."""
    rule = entity.access["read"].condition
    made = scene.copy()
    try:
        one = made.world.add(entity.name)
        for seen in islice(satisfied(rule, True, made, Frame(this=Spot(one))), WAYS):
            beside = seen.copy()
            other = beside.world.add(entity.name)
            for hidden in islice(satisfied(rule, False, beside, Frame(this=Spot(other))), WAYS):
                if _is_read(rule, hidden, one):
                    return hidden, other
    except Unfit:
        pass
    return None


def _is_read(rule: Expression, scene: Scene, at: int) -> bool:
    return value(rule, scene, Frame(this=Spot(at))) is True
