"""Scenes that are made on purpose: what random requests would hardly meet within a few thousand."""

from __future__ import annotations

import time
from collections.abc import Iterator

from backwright.emit.names import names
from backwright.emit.testing.cases import Case, content
from backwright.emit.testing.outcomes import tests_of
from backwright.emit.testing.reach import setting
from backwright.emit.testing.trial import Scene
from backwright.model.types import Model
from backwright.verify.matrix import matrix
from backwright.verify.staged import Played, Staging, Unstorable


def play_aimed(model: Model, staging: Staging, most: float, deadline: float) -> Played | None:
    """The first scene whose answers differ; None where all agree, or `most` were played, or it is too late."""
    for scene in aimed(model):
        if staging.requests >= most or time.monotonic() > deadline:
            return None
        try:
            played = staging.play(scene)
        except Unstorable:
            continue
        if played.differences:
            return played
    return None


def aimed(model: Model) -> Iterator[Scene]:
    """Both sides of each rule; then every outcome of every operation; each scene once."""
    seen: set[str] = set()
    for scene in _scenes(model):
        key = scene.operation.name + content(scene)
        if key not in seen:
            seen.add(key)
            yield scene


def _scenes(model: Model) -> Iterator[Scene]:
    for asked in matrix(model):
        if asked.scene is not None:
            yield asked.scene
    common = setting(model, names(model))
    for operation in model.operations:
        for test in tests_of(operation, common)[0]:
            if isinstance(test, Case) and len(test.trials) == 1:
                yield test.trial.scene
