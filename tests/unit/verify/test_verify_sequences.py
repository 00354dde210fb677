"""Random sequences: repeatable, mostly accepted, and reaching every answer that an operation has."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from models import library, todos

from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec.reader import read
from backwright.verify.conversation import Answered, Outcome, requests_of
from backwright.verify.coverage import Coverage, declared
from backwright.verify.oracle import Oracle
from backwright.verify.sequences import Sequence
from backwright.verify.traffic import Assigned, Event, Put, Sent

LENGTH = 900
EXAMPLES = Path(__file__).parents[3] / "examples"
CASES = Path(__file__).parents[2] / "cases" / "requests"


def specified(name: str) -> Callable[[], Model]:
    return lambda: build(read(Project(EXAMPLES / name)))


MODELS = {
    "todos": todos,
    "library": library,
    **{name: specified(name) for name in ("conduit", "inventory", "clinic", "forum", "tracker")},
}


def played(model: Model, seed: int, length: int = LENGTH) -> tuple[list[Event], Coverage]:
    """What happens in one sequence, and what the reference answered."""
    coverage = Coverage(model)
    oracle = Oracle(model, coverage.observe)
    sequence = Sequence(model, seed, length, oracle)
    events = []
    for event in sequence.events(time.monotonic() + 60):
        outcome = carried_out(event, oracle)
        for each in outcome.answers:
            coverage.count(each.sent, each.answer)
        sequence.learn(outcome)
        events.append(event)
    return events, coverage


def carried_out(event: Event, oracle: Oracle) -> Outcome:
    """The event, with the reference alone."""
    match event:
        case Put():
            return Outcome(put=oracle.put(event))
        case Assigned():
            oracle.assign(event)
            return Outcome()
        case _:
            return Outcome(tuple(Answered(sent, *oracle.answer(sent)) for sent in requests_of(event)))


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_makes_the_same_requests(name: str) -> None:
    model = MODELS[name]()
    assert played(model, 3, 200)[0] == played(model, 3, 200)[0]
    assert played(model, 3, 200)[0] != played(model, 4, 200)[0]


@pytest.mark.parametrize("make", [todos, library])
def test_every_operation_is_accepted_and_refused(make: Callable[[], Model]) -> None:
    model = make()
    _, coverage = played(model, 1)
    for operation in model.operations:
        reached = coverage.reached(operation)
        assert operation.respond.status in reached, operation.name
        assert any(status >= 400 for status in reached), operation.name
    total = {status for counts in coverage.statuses.values() for status in counts}
    assert {200, 201, 204, 400, 401, 404, 405, 409, 415, 422} <= total


def test_accounts_are_proved_with_what_a_query_holds() -> None:
    model = build(read(Project(CASES / "signs-in-by-query")))
    _, coverage = played(model, 1, 150)
    assert {200, 401} <= set(coverage.reached(model.operation("sign_in")))
    assert coverage.accepted >= coverage.requests * 0.45


NUMBERED = """\
service: {name: lending, version: 1.0.0}
auth: {identity: Reader, by: card, flows: [login, me]}
entities:
  Reader:
    key: {card: sequence}
    fields: {name: {type: string, max: 20}, password: {type: password, min: 6}}
    access: {read: this == caller, create: none, update: this == caller}
    crud: {path: /readers, only: [list, get, update]}
"""


def test_accounts_that_no_operation_makes_are_proved_with_their_number(tmp_path: Path) -> None:
    (tmp_path / "backwright.yaml").write_text(NUMBERED, encoding="utf-8")
    model = build(read(Project(tmp_path)))
    _, coverage = played(model, 1, 150)
    assert {200, 401} <= set(coverage.reached(model.operation("login")))
    assert coverage.accepted >= coverage.requests * 0.4


@pytest.mark.parametrize("name", MODELS)
def test_most_requests_do_something_and_most_answers_are_reached(name: str) -> None:
    """Operations that nobody could call, or only by a chain of others, are called, too."""
    model = MODELS[name]()
    _, coverage = played(model, 1)
    assert coverage.accepted >= coverage.requests * 0.45
    called = [o.name for o in model.operations if any(status < 400 for status in coverage.reached(o))]
    assert len(called) >= len(model.operations) * 0.9
    every = sum(len(declared(operation, model)) for operation in model.operations)
    assert len(coverage.never_answered()) < every * 0.35


def test_what_was_not_reached_is_named() -> None:
    model = todos()
    coverage = Coverage(model)
    assert "create_todo 201" in coverage.never_answered()
    assert any("never asked" in told for told in coverage.never_came_to())
    _, coverage = played(model, 1)
    assert "create_todo 201" not in coverage.never_answered()
    assert coverage.told()["rules seen true and false"] == "4 of 4"


def test_tokens_expire_on_the_way() -> None:
    events, _ = played(todos(), 1)
    assert events[-1].number > 3600 * 1000
    assert [event.number for event in events] == sorted({event.number for event in events})


def test_a_forecast_changes_nothing() -> None:
    """What the reference would answer may be asked as often as one likes."""
    model = specified("forum")()
    oracle = Oracle(model)
    sequence = Sequence(model, 1, 120, oracle)
    for event in sequence.events(time.monotonic() + 60):
        foretold = [oracle.foretold(event) for _ in range(2)] if isinstance(event, Sent) else []
        outcome = carried_out(event, oracle)
        assert all(answer == outcome.answers[0].answer for answer in foretold)
        sequence.learn(outcome)


def test_people_who_only_sign_in_are_put_in_so_that_they_can(tmp_path: Path) -> None:
    """What they are called fits the pattern that the request is held against."""
    (tmp_path / "backwright.yaml").write_text(
        "service: {name: badges, version: 1.0.0}\n"
        "auth: {identity: Worker, by: badge, flows: [login, me]}\n"
        "entities:\n"
        "  Worker:\n"
        "    fields: {badge: {type: string, matches: 'W[0-9]{4}', max: 5, unique: true}, password: password}\n"
        "    access: {read: this == caller}\n"
    )
    _, coverage = played(build(read(Project(tmp_path))), seed=1, length=60)
    assert coverage.accepted > 20
