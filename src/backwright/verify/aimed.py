"""Conversations that are made on purpose: what random requests would hardly meet within a few thousand."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from backwright.emit.names import names
from backwright.emit.testing.cases import Case, Repeated, Table, Test, content
from backwright.emit.testing.outcomes import tests_of
from backwright.emit.testing.reach import setting
from backwright.emit.testing.trial import Scene, Trial
from backwright.model.types import Model, ScalarType
from backwright.verify.matrix import matrix
from backwright.verify.staged import Played, Staging, Unstorable
from backwright.verify.values import TEXTS

LONGEST = 120
"""How many requests one conversation has at most: a limit that allows more of them is left to chance."""
Scenes = tuple[Scene, ...]
"""Requests one after the other, in the world of the first."""


def play_aimed(model: Model, staging: Staging, most: float, deadline: float) -> Played | None:
    """The first conversation whose answers differ; None where all agree, `most` were sent, or it is too late."""
    for scenes in aimed(model):
        if staging.requests + len(scenes) > most:
            continue
        if time.monotonic() > deadline:
            return None
        try:
            played = staging.play(*scenes)
        except Unstorable:
            continue
        if played.differences:
            return played
    return None


class _Kept:
    """What an iterator makes, made when it is first asked for and kept: a large service has thousands of scenes."""

    def __init__(self, making: Iterator[Scenes]) -> None:
        self.made: list[Scenes] = []
        self.making = making

    def __iter__(self) -> Iterator[Scenes]:
        at = 0
        while at < len(self.made) or self._makes():
            yield self.made[at]
            at += 1

    def _makes(self) -> bool:
        found = next(self.making, None)
        if found is not None:
            self.made.append(found)
        return found is not None


_LAST: list[tuple[Model, _Kept]] = []
"""The model of the last search: a gate runs once on each database."""


def aimed(model: Model) -> Iterable[Scenes]:
    """Each answer of each operation once, what is telling, and texts that are misread; then both sides of each rule;
    then all other outcomes. No scene twice.
    """
    if not _LAST or _LAST[0][0] is not model:
        _LAST[:] = [(model, _Kept(_once(model)))]
    return _LAST[0][1]


def _once(model: Model) -> Iterator[Scenes]:
    seen: set[str] = set()
    for scenes in _in_order(model):
        key = scenes[0].operation.name + "".join(content(scene) for scene in scenes)
        if key not in seen:
            seen.add(key)
            yield scenes


def _in_order(model: Model) -> Iterator[Scenes]:
    common = setting(model, names(model))
    tests: list[list[Test]] = []
    found: list[list[tuple[Trial, ...]]] = []
    for operation in model.operations:
        tests.append(tests_of(operation, common)[0])
        conversations = list(_conversations(tests[-1]))
        found.append(conversations)
        answers = {_answer(trials[-1]): trials for trials in reversed(conversations)}
        yield from (_scenes(trials) for trials in answers.values())
    for each in tests:
        yield from (
            _scenes(tuple(test.trials)) for test in each if isinstance(test, Case) and test.is_telling
        )
    for conversations in found:
        yield from ((scene,) for trials in conversations[:1] for scene in misread(trials[0]))
    for asked in matrix(model):
        if asked.scene is not None:
            yield (asked.scene,)
    for conversations in found:
        yield from map(_scenes, conversations)


MISREAD = ("%", "'")
"""A pattern that everything fits, and the end of a text: what a careless statement takes them for."""


def misread(accepted: Trial) -> Iterator[Scene]:
    """A request that is accepted, with such a text in the place of one of its query: of paths, tests do the same."""
    if not accepted.succeeded:
        return
    scene = accepted.scene
    for field in scene.operation.query:
        for text in MISREAD if isinstance(field.type, ScalarType) and field.type.scalar in TEXTS else ():
            other = scene.copy()
            other.params[field.name] = text
            yield other


def _conversations(tests: list[Test]) -> Iterator[tuple[Trial, ...]]:
    """The requests of each test; of a table of values the first."""
    for test in tests:
        match test:
            case Case(trials=trials):
                yield tuple(trials)
            case Table(values=[first, *_]):
                yield (first.trial,)
            case Repeated(allowed=allowed, refused=refused, times=times) if times < LONGEST:
                yield (*[allowed] * times, refused)
            case _:
                pass


def _answer(trial: Trial) -> tuple[int, str]:
    """What is answered, in short."""
    return trial.response.status, "" if trial.failure is None else trial.failure.code


def _scenes(trials: tuple[Trial, ...]) -> Scenes:
    return tuple(trial.scene for trial in trials)
