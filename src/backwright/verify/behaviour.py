"""A backend and the reference, side by side: random sequences by several callers, over HTTP."""

from __future__ import annotations

import time

import msgspec

from backwright.model.types import Model
from backwright.verify.aimed import play_aimed
from backwright.verify.backends import Backend
from backwright.verify.conversation import Conversation, Disagreement, Inspect, Outcome, played
from backwright.verify.coverage import Coverage
from backwright.verify.sequences import Sequence
from backwright.verify.shrink import shrunk
from backwright.verify.staged import Played, SignIn, Staging
from backwright.verify.traffic import Event

SEQUENCE_LENGTH = 450
SHRINK_SECONDS = 20.0


AIMED_SHARE = 0.4
"""How much of the requests and of the time is for scenes that are made on purpose, at most."""


class Comparison(msgspec.Struct, frozen=True):
    """What the comparison found: at most one disagreement, made small, and what was reached.

    `scene` is a disagreement, too: one request in a world that was made for it.
    """

    disagreement: Disagreement | None
    figures: dict[str, int | float | str]
    scene: Played | None = None

    @property
    def agrees(self) -> bool:
        """Whether nothing differed."""
        return self.disagreement is None and self.scene is None


def compare_backends(
    model: Model,
    backend: Backend,
    *,
    seed: int,
    requests: int,
    seconds: float,
    inspect: Inspect | None = None,
    length: int = SEQUENCE_LENGTH,
    sign_in: SignIn | None = None,
    coverage: Coverage | None = None,
) -> Comparison:
    """Send sequences from the seed on until `requests` were compared, or `seconds` are over, or they disagree.

    Where callers can be signed in past the service (`sign_in`), scenes come first that are made for what chance
    would hardly meet: both sides of each rule, each error. `coverage` may have counted others before.
    """
    coverage = coverage or Coverage(model)
    deadline = time.monotonic() + seconds
    if sign_in is not None:
        staging = Staging(model, backend, sign_in, inspect, coverage)
        differing = play_aimed(
            model, staging, requests * AIMED_SHARE, time.monotonic() + seconds * AIMED_SHARE
        )
        if differing is not None:
            return Comparison(None, coverage.told(), differing)
    length = min(length, requests)
    while coverage.requests < requests and time.monotonic() < deadline:
        conversation = Conversation(model, backend, inspect, coverage)
        sequence = Sequence(model, seed, length, conversation.oracle)
        wanted = requests - coverage.requests

        def learn(event: Event, outcome: Outcome, sequence: Sequence = sequence) -> None:
            sequence.learn(outcome)
            for each in outcome.answers:
                coverage.count(each.sent, each.answer)

        found = played(conversation, sequence.events(deadline, wanted), learn)
        if found is not None:
            small = shrunk(
                found, lambda events: played(Conversation(model, backend, inspect), events), SHRINK_SECONDS
            )
            return Comparison(small, coverage.told())
        seed += 1
    return Comparison(None, coverage.told())
