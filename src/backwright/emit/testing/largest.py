"""Tests of numbers that leave their range: what is computed of the largest that can be stored fails the operation."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from backwright.emit.failures import can_overflow
from backwright.emit.testing.cases import Case, Test, outcome
from backwright.emit.testing.keys import another
from backwright.emit.testing.trial import Scene, Trial, tried
from backwright.emit.testing.values import Unfit
from backwright.emit.testing.world import unique_names
from backwright.model.types import Field, ScalarType
from backwright.reference.numbers import DIGITS, GREATEST

MOST_SCENES = 24
"""How many numbers are tried."""


def largest_tests(trial: Trial) -> Iterator[Test]:
    """The test of one operation that computes something: one stored number is as large as it can be, or two are."""
    scene = trial.scene
    if not can_overflow(scene.operation, scene.world.setting.model):
        return
    for number, (name, made) in enumerate(_largest(scene)):
        if number == MOST_SCENES:
            return
        asked = tried(made)
        failure = asked.failure
        if failure is not None and failure.category == "invalid" and asked.recording is not None:
            yield Case(f"with_the_largest_{name}_{outcome(asked)}", [asked], "It leaves its range")
            return


def _largest(scene: Scene) -> Iterator[tuple[str, Scene]]:
    """Scenes with one number of a row as large as it can be; then with another row like it."""
    model = scene.world.setting.model
    for at, row in enumerate(scene.world.rows):
        for field in model.entity(row.entity).fields:
            most = _most(field)
            if most is None or row.gone:
                continue
            made = scene.copy()
            made.world.rows[at].values[field.name] = most
            if not made.world.is_sound():
                continue
            yield field.name, made
            yield from ((field.name, both) for both in _with_another(made, at))


def _with_another(scene: Scene, at: int) -> Iterator[Scene]:
    """Scenes with another row that is like the one in all that need not differ."""
    row = scene.world.rows[at]
    entity = scene.world.setting.model.entity(row.entity)
    for apart in (
        [[name] for name in entity.keys] if entity.composite else [[*unique_names(entity), entity.key]]
    ):
        made = scene.copy()
        given = {name: sent for name, sent in row.values.items() if name not in apart}
        try:
            if entity.composite:
                given[apart[0]] = another(made, entity, entity.field(apart[0]))
            made.world.add(row.entity, given)
        except Unfit:
            continue
        if made.world.is_sound():
            yield made


def _most(field: Field) -> Any:
    """The largest number that a field holds; None where it holds no numbers, or names rows by them."""
    kind = field.type
    if not isinstance(kind, ScalarType) or field.generated == "sequence":
        return None
    match kind.scalar:
        case "integer":
            return GREATEST if kind.max is None else kind.max
        case "decimal":
            scale = kind.scale or 0
            return Decimal(10**DIGITS - 1).scaleb(-scale) if kind.max is None else Decimal(kind.max)
        case _:
            return None
