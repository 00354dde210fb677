"""The emitted backend and the reference, side by side: random sequences by several callers, over HTTP."""

from __future__ import annotations

import time

import httpx
import msgspec

from backwright.model.types import Model
from backwright.verify.conversation import (
    REQUEST_SECONDS,
    Conversation,
    Disagreement,
    Figures,
    Inspect,
    replay,
)
from backwright.verify.sequences import Sequence
from backwright.verify.server import Server
from backwright.verify.shrink import shrunk
from backwright.verify.traffic import Sent

SEQUENCE_LENGTH = 450
SHRINK_SECONDS = 6.0


class Comparison(msgspec.Struct, frozen=True):
    """What the comparison found: at most one disagreement, made small, and what was reached."""

    disagreement: Disagreement | None
    figures: dict[str, int | float | str]


def compare_backends(
    model: Model,
    server: Server,
    *,
    seed: int,
    requests: int,
    seconds: float,
    inspect: Inspect | None = None,
    length: int = SEQUENCE_LENGTH,
) -> Comparison:
    """Send sequences from the seed on until `requests` were compared, or `seconds` are over, or they disagree."""
    figures = Figures()
    deadline = time.monotonic() + seconds
    with httpx.Client(timeout=REQUEST_SECONDS) as client:

        def fresh() -> Conversation:
            return Conversation(model, server, client, inspect)

        while figures.requests < requests and time.monotonic() < deadline:
            wanted = min(length, requests - figures.requests)
            found = _sequence(Sequence(model, seed, wanted), fresh(), figures, deadline)
            if found is not None:
                small = shrunk(found, lambda sent: replay(fresh(), sent), SHRINK_SECONDS)
                return Comparison(small, figures.told())
            seed += 1
    return Comparison(None, figures.told())


def _sequence(
    sequence: Sequence, conversation: Conversation, figures: Figures, deadline: float
) -> Disagreement | None:
    """One sequence from empty tables; the rows are compared when it is over."""
    done: list[Sent] = []
    while not sequence.finished and time.monotonic() < deadline:
        sent = sequence.next()
        expected = conversation.expect(sent)
        sequence.learn(expected)
        done.append(sent)
        figures.count(sent, expected)
        differences = conversation.differences(sent, expected)
        if differences:
            return Disagreement(tuple(done), tuple(differences))
    found = conversation.row_differences()
    return Disagreement(tuple(done), tuple(found), about_rows=True) if found else None
