"""A backend and the reference, side by side: random sequences by several callers, over HTTP."""

from __future__ import annotations

import time

import msgspec

from backwright.model.types import Model
from backwright.verify.backends import Backend
from backwright.verify.conversation import Conversation, Disagreement, Inspect, replay
from backwright.verify.coverage import Coverage
from backwright.verify.sequences import Sequence
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
    backend: Backend,
    *,
    seed: int,
    requests: int,
    seconds: float,
    inspect: Inspect | None = None,
    length: int = SEQUENCE_LENGTH,
) -> Comparison:
    """Send sequences from the seed on until `requests` were compared, or `seconds` are over, or they disagree."""
    coverage = Coverage(model)
    deadline = time.monotonic() + seconds
    while coverage.requests < requests and time.monotonic() < deadline:
        wanted = min(length, requests - coverage.requests)
        conversation = Conversation(model, backend, inspect, coverage)
        found = _sequence(
            Sequence(model, seed, wanted, conversation.oracle), conversation, coverage, deadline
        )
        if found is not None:
            small = shrunk(
                found, lambda sent: replay(Conversation(model, backend, inspect), sent), SHRINK_SECONDS
            )
            return Comparison(small, coverage.told())
        seed += 1
    return Comparison(None, coverage.told())


def _sequence(
    sequence: Sequence, conversation: Conversation, coverage: Coverage, deadline: float
) -> Disagreement | None:
    """One sequence from empty tables; the rows are compared when it is over."""
    done: list[Sent] = []
    changed: set[int] = set()
    while not sequence.finished and time.monotonic() < deadline:
        sent = sequence.next()
        put = conversation.prepare(sent)
        answer, made, differences = conversation.exchange(sent)
        sequence.learn(answer, put, made)
        done.append(sent)
        coverage.count(sent, answer)
        if answer.status < 400 and sent.method not in ("GET", "HEAD"):
            changed.add(sent.number)
        if differences:
            return Disagreement(tuple(done), tuple(differences), changed=frozenset(changed))
    found = conversation.row_differences()
    if not found:
        return None
    return Disagreement(tuple(done), tuple(found), about_rows=True, changed=frozenset(changed))
