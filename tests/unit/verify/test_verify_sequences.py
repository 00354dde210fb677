"""Random sequences: repeatable, mostly accepted, and reaching every answer that an operation has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from models import library, todos

from backwright.model.types import Model
from backwright.reference import Reference
from backwright.verify.sequences import Sequence
from backwright.verify.traffic import Sent, Values, for_reference, keep_opaque

LENGTH = 900


def played(model: Model, seed: int) -> tuple[list[Sent], dict[str, Counter[int]]]:
    """The requests of one sequence, and the statuses that the reference answered to each operation."""
    sequence, reference, values = Sequence(model, seed, LENGTH), Reference(model), Values()
    sent, statuses = [], {}
    while not sequence.finished:
        request = sequence.next()
        for assigned in request.assigned:
            key = model.entity(assigned.entity).key
            for row in reference.rows[assigned.entity]:
                if str(row[key]) == assigned.key:
                    row[assigned.field] = assigned.value
        answer = reference.answer(for_reference(request, values))
        keep_opaque(request, answer, values)
        sequence.learn(answer)
        sent.append(request)
        statuses.setdefault(request.operation, Counter())[answer.status] += 1
    return sent, statuses


@pytest.mark.parametrize("make", [todos, library])
def test_the_same_seed_makes_the_same_requests(make: Callable[[], Model]) -> None:
    assert played(make(), 3)[0] == played(make(), 3)[0]
    assert played(make(), 3)[0] != played(make(), 4)[0]


@pytest.mark.parametrize("make", [todos, library])
def test_every_operation_is_accepted_and_refused(make: Callable[[], Model]) -> None:
    model = make()
    _, statuses = played(model, 1)
    for operation in model.operations:
        reached = statuses[operation.name]
        assert operation.respond.status in reached, operation.name
        assert any(status >= 400 for status in reached), operation.name
    total = sum(statuses.values(), Counter())
    assert {200, 201, 204, 400, 401, 404, 405, 409, 415, 422} <= set(total)
    assert sum(n for status, n in total.items() if status < 300) > LENGTH / 3


def test_tokens_expire_on_the_way() -> None:
    sent, _ = played(todos(), 1)
    assert sent[-1].number > 3600 * 1000
    assert [request.number for request in sent] == sorted({request.number for request in sent})
