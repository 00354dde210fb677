"""Limits that allow more requests than a conversation has: they are lowered, on both sides, and then asked for.

The backend counts as it always does, with its own limits on its own operations; the process that runs it under test
makes each of them at most `ALLOWED`. That a limit is as large as it is declared to be is what delivered tests look at.
"""

from __future__ import annotations

import msgspec

from backwright.emit.names import names
from backwright.emit.testing.reach import closest, setting
from backwright.model.types import Model, Operation
from backwright.verify.aimed import LONGEST
from backwright.verify.staged import Played, Staging, Unstorable

ALLOWED = 2
"""How many requests a lowered limit allows."""


def is_long(operation: Operation) -> bool:
    """Whether nothing but a long conversation reaches a limit of the operation."""
    return bool(operation.rates) and all(rate.count >= LONGEST for rate in operation.rates)


def lowered(model: Model) -> Model:
    """The model with every limit at most as large as a lowered one."""
    return msgspec.structs.replace(model, operations=tuple(map(_lowered, model.operations)))


def _lowered(operation: Operation) -> Operation:
    rates = tuple(msgspec.structs.replace(rate, count=min(rate.count, ALLOWED)) for rate in operation.rates)
    return msgspec.structs.replace(operation, rates=rates)


def play_bursts(model: Model, long: frozenset[str], staging: Staging) -> Played | None:
    """One request too many of each of these operations: the first burst whose answers differ, None where all agree.

    The model has its limits lowered already.
    """
    common = setting(model, names(model))
    for operation in model.operations:
        best = closest(operation, common) if operation.name in long else None
        if best is None:
            continue
        try:
            played = staging.play(*[best.scene] * (ALLOWED + 1))
        except Unstorable:
            continue
        if played.differences:
            return played
    return None
