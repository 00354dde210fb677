"""The loop of agent mode, as a function: states, events and effects, with nothing carried out."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from backwright.agent import loop
from backwright.agent.loop import (
    Answered,
    Ask,
    Asking,
    Conflicting,
    Deliver,
    Delivered,
    Delivering,
    Done,
    Event,
    GivenUp,
    Judge,
    Judged,
    Judging,
    Limits,
    OverBudget,
    Overloaded,
    Prepared,
    RecordAnswer,
    RecordEnd,
    RecordVerdict,
    Refused,
    Resumed,
    Spent,
    State,
    Tried,
    Try,
    Trying,
    Unusable,
    Wait,
    Waited,
)
from backwright.agent.patches import Patch
from backwright.agent.verdicts import Failure, told

PATCH = Patch(files={"a/logic/f.py": "x = 1\n"})
OTHER = Patch(files={"a/logic/f.py": "x = 2\n"})
SPENT = Spent(input_tokens=100, output_tokens=10, dollars=0.5)
WRONG = (Failure(kind="example", what="it should return 1", where="example 1"),)
BEYOND = (Failure(kind="out_of_bounds", what="`b.py` is not yours to write", where="b.py"),)
CUT = Failure(kind="incomplete", what="cut off")


def after(*events: Event, limits: Limits | None = None) -> tuple[State, tuple[loop.Effect, ...]]:
    """State and last effects after these events."""
    state, effects = loop.begin(limits or Limits())
    for event in events:
        state, effects = loop.step(state, event)
    return state, effects


def test_a_patch_that_holds_is_delivered_and_then_it_is_done() -> None:
    answered = (Prepared(), Answered(patch=PATCH, spent=SPENT))
    state, effects = after(*answered)
    assert isinstance(state, Trying)
    assert effects == (RecordAnswer(attempt=1, patch=PATCH, spent=SPENT), Try(patch=PATCH))
    state, effects = after(*answered, Tried())
    assert isinstance(state, Judging)
    assert effects == (Judge(patch=PATCH),)
    state, effects = after(*answered, Tried(), Judged())
    assert isinstance(state, Delivering)
    assert effects == (RecordVerdict(attempt=1, patch=PATCH, failures=()), Deliver(patch=PATCH))
    state, effects = after(*answered, Tried(), Judged(), Delivered())
    assert isinstance(state, Done)
    assert effects == (RecordEnd(attempts=1, spent=SPENT),)


def test_nothing_is_delivered_without_a_verdict() -> None:
    """Delivery follows a verdict without failures and nothing else."""
    for events in ((), (Prepared(),), (Prepared(), Answered(patch=PATCH, spent=SPENT))):
        state, _ = after(*events)
        with pytest.raises(loop.Unexpected):
            loop.step(state, Delivered())
        with pytest.raises(loop.Unexpected):
            loop.step(state, Judged())


def test_what_failed_is_told_in_the_next_question() -> None:
    state, effects = after(Prepared(), Answered(patch=PATCH, spent=SPENT), Tried(), Judged(failures=WRONG))
    assert isinstance(state, Asking)
    assert state.progress.attempt == 2
    assert effects[1] == Ask(attempt=2, feedback=told(WRONG), patch=PATCH, tokens=None)
    assert "it should return 1" in told(WRONG)


def test_of_a_held_back_criterion_only_the_kind_is_told() -> None:
    hidden = Failure(kind="example", what="it should return 4711", where="example 2", held_back=True)
    assert told((hidden, hidden)) == "- example: a criterion that you are not shown does not hold"


def test_attempts_end() -> None:
    state, effects = after(
        Prepared(),
        Answered(patch=PATCH, spent=SPENT),
        Tried(),
        Judged(failures=WRONG),
        limits=Limits(attempts=1),
    )
    assert isinstance(state, GivenUp)
    assert state.reason == "attempts"
    assert isinstance(effects[-1], RecordEnd)


def test_the_same_patch_again_is_no_progress() -> None:
    again = (Prepared(), Answered(patch=PATCH, spent=SPENT), Tried(), Judged(failures=WRONG))
    state, _ = after(*again, Answered(patch=PATCH, spent=SPENT))
    assert isinstance(state, GivenUp)
    assert state.reason == "no_progress"
    state, _ = after(*again, Answered(patch=OTHER, spent=SPENT))
    assert isinstance(state, Trying)


def test_beyond_the_bounds_twice_is_the_end() -> None:
    once = (Prepared(), Answered(patch=PATCH, spent=SPENT), Tried(failures=BEYOND))
    state, _ = after(*once)
    assert isinstance(state, Asking)
    state, _ = after(*once, Answered(patch=OTHER, spent=SPENT), Tried(failures=BEYOND))
    assert isinstance(state, GivenUp)
    assert state.reason == "out_of_bounds"


def test_waits_double_and_end() -> None:
    state, _ = after(Prepared())
    waits = []
    while isinstance(state, Asking):
        state, effects = loop.step(state, Overloaded(why="429"))
        if isinstance(state, Asking):
            assert isinstance(effects[-1], Wait)
            waits.append(effects[-1].seconds)
            state, _ = loop.step(state, Waited())
    assert waits == [2, 4, 8, 16, 32, 64]
    assert isinstance(state, GivenUp)
    assert state.reason == "unavailable"


def test_retry_after_is_kept_unless_it_is_too_long() -> None:
    _, effects = after(Prepared(), Overloaded(why="429", after=17))
    assert effects[-1] == Wait(seconds=17, why="429")
    state, _ = after(Prepared(), Overloaded(why="429", after=3600))
    assert isinstance(state, GivenUp)


def test_budgets_end_it_in_tokens_and_in_money() -> None:
    events = (Prepared(), Answered(patch=PATCH, spent=SPENT), Tried(), Judged(failures=WRONG))
    for limits in (Limits(tokens=110), Limits(dollars=0.5)):
        state, _ = after(*events, limits=limits)
        assert isinstance(state, GivenUp)
        assert state.reason == "budget"
    state, effects = after(*events, limits=Limits(tokens=1000))
    assert effects[-1] == Ask(attempt=2, feedback=told(WRONG), patch=PATCH, tokens=890)
    state, _ = after(Prepared(), OverBudget(why="too long"))
    assert isinstance(state, GivenUp)
    assert state.reason == "budget"


def test_an_answer_that_was_paid_for_is_still_judged() -> None:
    dear = Spent(input_tokens=5000)
    state, _ = after(
        Prepared(),
        Answered(patch=PATCH, spent=dear),
        Tried(),
        Judged(),
        Delivered(),
        limits=Limits(tokens=100),
    )
    assert isinstance(state, Done)


def test_what_cannot_be_used_counts_as_an_attempt() -> None:
    state, effects = after(Prepared(), Unusable(failure=CUT, spent=SPENT))
    assert isinstance(state, Asking)
    assert (state.progress.attempt, state.progress.spent) == (2, SPENT)
    assert effects[-1] == Ask(attempt=2, feedback="- incomplete: cut off", patch=None, tokens=None)


def test_a_refusal_is_the_end() -> None:
    state, _ = after(Prepared(), Refused(why="401"))
    assert isinstance(state, GivenUp)
    assert (state.reason, state.why) == ("provider_refused", "401")


def test_files_of_the_user_are_not_written_over() -> None:
    held = (Prepared(), Answered(patch=PATCH, spent=SPENT), Tried(), Judged())
    state, _ = after(*held, Conflicting(paths=("a/logic/f.py",)))
    assert isinstance(state, GivenUp)
    assert state.reason == "changed"
    assert "a/logic/f.py" in state.why


def test_a_run_goes_on_where_it_was() -> None:
    before = Resumed(attempt=2, spent=SPENT, seen=(PATCH.digest,), feedback="- x", last=PATCH)
    _, effects = after(before)
    assert effects == (Ask(attempt=2, feedback="- x", patch=PATCH, tokens=None),)
    _, effects = after(msgspec.structs.replace(before, patch=OTHER))
    assert effects == (Try(patch=OTHER),)
    _, effects = after(msgspec.structs.replace(before, patch=OTHER, accepted=True))
    assert effects == (Deliver(patch=OTHER),)
    state, _ = after(msgspec.structs.replace(before, attempt=6))
    assert isinstance(state, GivenUp)


EVENTS = some.sampled_from(
    [
        Prepared(),
        Resumed(attempt=2, spent=SPENT),
        Answered(patch=PATCH, spent=SPENT),
        Answered(patch=OTHER, spent=SPENT),
        Unusable(failure=CUT, spent=SPENT),
        Overloaded(why="429"),
        Refused(why="401"),
        OverBudget(why="no"),
        Waited(),
        Tried(),
        Tried(failures=BEYOND),
        Judged(),
        Judged(failures=WRONG),
        Delivered(),
        Conflicting(paths=("a",)),
    ]
)


@settings(max_examples=200, deadline=None)
@given(some.lists(EVENTS, max_size=30), some.integers(1, 4))
def test_whatever_happens_it_stays_within_its_limits(events: list[Event], attempts: int) -> None:
    """Never more attempts than allowed, never done without a verdict, and an end records itself once."""
    state, effects = loop.begin(Limits(attempts=attempts))
    held = False
    for event in events:
        try:
            state, effects = loop.step(state, event)
        except loop.Unexpected:
            continue
        held = held or event == Judged()
        assert sum(isinstance(each, Ask) for each in effects) <= 1
        for effect in effects:
            if isinstance(effect, Ask):
                assert effect.attempt <= attempts
            if isinstance(effect, Deliver):
                assert held
        ends = [each for each in effects if isinstance(each, RecordEnd)]
        assert len(ends) == isinstance(state, Done | GivenUp)
