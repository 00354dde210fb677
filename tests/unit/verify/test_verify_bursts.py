"""Limits that allow many requests are lowered on both sides, and are missed where they are not there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from mock_backend import mocked
from models import todos

from backwright.emit.testing.values import NOW
from backwright.model.types import Model, Rate
from backwright.reference import Opaque
from backwright.reference.sessions import Session
from backwright.verify.bursts import ALLOWED, is_long, lowered, play_bursts
from backwright.verify.coverage import Coverage
from backwright.verify.serve_under_test import lower_limits
from backwright.verify.staged import Played, Staging
from backwright_runtime.errors import TooManyRequests
from backwright_runtime.limits import Rate as Limit
from backwright_runtime.limits import Rates


def limited(count: int) -> Model:
    """Todos, where each operation may be asked so often a minute."""
    rate = Rate(count=count, seconds=60)
    made = todos()
    operations = tuple(msgspec.structs.replace(each, rates=(rate,)) for each in made.operations)
    return msgspec.structs.replace(made, operations=operations)


def played(expected: Model, backend: Model) -> tuple[Played | None, Coverage]:
    coverage = Coverage(expected)
    with mocked(backend) as running:

        def sign_in(subject: Any) -> tuple[str, str | None]:
            token = Opaque("token-of-the-caller")
            session = Session(token=token, subject=subject, expires=NOW.replace(year=2031))
            running._mock.reference.sessions[token] = session
            return token, None

        every = frozenset(each.name for each in expected.operations)
        return play_bursts(expected, every, Staging(expected, running, sign_in, None, coverage)), coverage


def test_each_operation_is_asked_once_too_often() -> None:
    model = limited(300)
    assert all(map(is_long, model.operations)) and not any(map(is_long, limited(5).operations))
    assert {rate.count for each in lowered(model).operations for rate in each.rates} == {ALLOWED}
    found, coverage = played(lowered(model), lowered(model))
    assert found is None
    assert all(429 in coverage.reached(each) for each in model.operations)


def test_a_limit_that_is_not_there_is_noticed() -> None:
    found, _ = played(lowered(limited(300)), todos())
    assert found is not None and len(found.earlier) == ALLOWED
    assert "429 expected" in found.differences[0]


def test_a_process_counts_as_before_with_lowered_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rates, "count", Rates.count)  # restored afterwards
    lower_limits(ALLOWED)
    rates, now = Rates(), datetime(2030, 1, 1, tzinfo=UTC)
    for name, limits in (("much", [Limit(300, 60)]), ("little", [Limit(1, 60)])):
        for _ in range(min(ALLOWED, limits[0].count)):
            rates.count(name, limits, "address 1", now)
        with pytest.raises(TooManyRequests):
            rates.count(name, limits, "address 1", now)
