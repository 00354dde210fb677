"""Tests of requests that would be refused for two reasons: the one that comes first is the one that is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from backwright.emit.testing.cases import Case, Test, outcome, signature
from backwright.emit.testing.trial import Scene, Trial, tried


def refused_twice(usual: Scene, tests: list[Test]) -> Iterator[Test]:
    """For each two refusals of an operation that follow each other, a request that gives reason for both."""
    first: dict[object, Trial] = {}
    for test in tests:
        if isinstance(test, Case) and len(test.trials) == 1 and _is_refused_by_a_step(test.trial):
            first.setdefault((test.trial.step, signature(test.trial)), test.trial)
    in_order = sorted(first.values(), key=lambda each: each.step or 0)
    for one, other in pairwise(in_order):
        if signature(one) == signature(other):
            continue
        made = _merged(usual, one.scene, other.scene)
        answer = None if made is None else tried(made)
        if answer is None or answer.failure is None or answer.failure.category == "not_found":
            continue  # nothing is asked of a row that is not there
        if signature(answer) in (signature(one), signature(other)):
            beside = next(each for each in (other, one) if signature(each) != signature(answer))
            name = f"{outcome(answer)}_before_it_{outcome(beside)}"
            yield Case(name, [answer], "The first reason is answered", is_telling=True)


def _is_refused_by_a_step(trial: Trial) -> bool:
    return trial.failure is not None and trial.recording is not None and trial.step is not None


def _merged(usual: Scene, one: Scene, other: Scene) -> Scene | None:
    """The scene with what is particular about both; None where they cannot be had together."""
    made = other.copy()
    if one.operation is not other.operation or not _is_plain(one, usual):
        return None
    if one.caller != usual.caller:
        if other.caller != usual.caller:
            return None
        made.caller = one.caller
    pairs = [(usual.params, one.params, made.params)]
    if usual.body is not None and one.body is not None and made.body is not None:
        pairs.append((usual.body, one.body, made.body))
    known = len(usual.world.rows)
    if len(one.world.rows) > known < len(made.world.rows):
        return None
    for before, changed, both in zip(usual.world.rows, one.world.rows, made.world.rows, strict=False):
        pairs.append((before.values, changed.values, both.values))
        both.gone = both.gone or changed.gone
    if not all(_taken_over(before, changed, both) for before, changed, both in pairs):
        return None
    made.world.rows += one.world.copy().rows[known:]
    return made if made.world.is_sound() else None


def _is_plain(one: Scene, usual: Scene) -> bool:
    """Whether nothing but caller, values and rows is particular about a scene."""
    return (one.query, one.segments, one.headers, one.raw, one.media, one.tokenless, one.says) == (
        usual.query,
        usual.segments,
        usual.headers,
        usual.raw,
        usual.media,
        usual.tokenless,
        usual.says,
    )


def _taken_over(usual: Mapping[str, Any], one: Mapping[str, Any], made: dict[str, Any]) -> bool:
    """Puts what one has otherwise than usual into a copy; False where that has been changed there, too."""
    nothing = object()
    for name in {**usual, **one}:
        before, changed = usual.get(name, nothing), one.get(name, nothing)
        if before is changed or before == changed:
            continue
        if made.get(name, nothing) != before:
            return False
        if changed is nothing:
            del made[name]
        else:
            made[name] = changed
    return True
