"""What may be done so many times may not be done more often by being quick."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.balances import STOCK
from backwright.verify.probes.involved import named, numbers
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.probes.repetition import together
from backwright.verify.target.calling import Sent, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.leading import like
from backwright.verify.target.naming import members
from backwright.verify.target.order import ends
from backwright.verify.target.references import replaced

IDS: tuple[str, ...] = ()
NAME = "races"
WHY = "Between the look at the balance and the booking there is time for a second booking: money is spent twice."
MOST, MORE, ROUNDS, TWICE = 3, 7, 3, 2


def run(world: World) -> Outcome:
    """The same request is sent one after the other until it is refused; then, on a new thing, more of it at once. Not
    more of these may be accepted than before, and none answered 5xx.

    So that something runs out, members of the body are also given the numbers that the thing shows, or that a thing
    shows which the body names: all of a balance, or of a stock.
    """
    notes = Notes(world)
    for operation in world.operations:
        acts = operation.body is not None or (operation.path_names and not ends(operation))
        if operation.method != "POST" or not acts or notes.late(operation.name):
            continue
        try:
            _judge(world, notes, operation)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation) -> None:
    who = [*world.callers_for(operation)[:1]] if operation.secured else [None]
    for caller in who:
        for member in [None, *_numeric(world, operation)]:
            with _alike(world, operation) as again:
                limit = _limit(world, operation, caller, member, again)
                if limit is None:
                    continue
                for _ in range(ROUNDS):
                    again()
                    if _raced(world, notes, operation, caller, member, limit):
                        return
            notes.tried += 1
            return
    notes.unjudged(operation.name, "it is not refused after a while, so nothing runs out")


@contextmanager
def _alike(world: World, operation: Operation) -> Iterator[Callable[[], None]]:
    """What is made is made with the same numbers each time it is called for: a stock of five runs out after five.

    Where the path names nothing that is made, other values are needed, as a day that is not booked yet.
    """
    names = operation.path_names
    made = bool(names) and world.creation(operation, names[-1]) is not None
    place = world.sampler.place()
    yield (lambda: world.sampler.resume(place)) if made else (lambda: None)
    world.sampler.word()


def _limit(
    world: World, operation: Operation, caller: Caller | None, member: str | None, again: Callable[[], None]
) -> int | None:
    """How often the same request is accepted on a new thing: each time as often. None: never, always, or by chance."""
    counts = set()
    for _ in range(TWICE):
        again()
        counts.add(_until_refused(world, operation, caller, member))
        if None in counts:
            return None
    return counts.pop() if len(counts) == 1 else None


def _numeric(world: World, operation: Operation) -> list[str]:
    """Members of the body that could be amounts."""
    return [name for name, value in members(world.body(operation)) if _number(value) is not None][:3]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _until_refused(
    world: World, operation: Operation, caller: Caller | None, member: str | None
) -> int | None:
    """How often the same request is accepted on a new thing before it is refused. None: never, or always."""
    sent = _prepared(world, operation, caller, member)
    if sent is None:
        return None
    for number in range(MOST + 1):
        answer = world.client.send(sent)
        if not answer.accepted:
            refused = number and 400 <= answer.status < 500 and answer.status != 429
            return number if refused else None
    return None


def _prepared(world: World, operation: Operation, caller: Caller | None, member: str | None) -> Sent | None:
    """The request on a new thing, which has what else can be made in it; the member takes all that the thing shows."""
    path = world.prepared(operation, caller)
    if path is None:
        return None
    body = world.body(operation)
    if member is not None:
        if any(True for _ in named(world, body)):
            body = world.leads.body(operation, caller)  # about new things: of the others nothing may be left
        known = [*_amounts(world, operation, caller, path), *_stocks(world, body, caller)]
        if not known or not isinstance(body, dict):
            return None
        was = next((value for name, value in members(body) if name == member), None)
        body = replaced(body, {member: _as(known[0], was)})
    return world.request(operation, caller, path, body)


def _amounts(
    world: World, operation: Operation, caller: Caller | None, path: Mapping[str, str]
) -> Iterator[Any]:
    """Numbers that the thing above the operation shows and that could be spent."""
    above = world.operation("GET", operation.path.rpartition("/")[0])
    if above is None:
        return
    taken = set(path.values())
    for name, value in members(world.send(above, caller, path).answer.json()):
        number = _number(value)
        if number is not None and number > 0 and str(value) not in taken and not name.lower().endswith("id"):
            yield value


def _stocks(world: World, body: Any, caller: Caller | None) -> Iterator[float]:
    """What the things that a body names show that there is of them: of a product, its stock."""
    for thing in named(world, body):
        for place, shown in numbers(thing.read(world, caller)).items():
            if shown > 0 and STOCK.search(place.rpartition("/")[2]):
                yield shown


def _as(amount: Any, value: Any) -> Any:
    """The amount in the form of the value that it replaces."""
    found = _number(amount)
    return like(found, value) if found is not None and type(amount) is not type(value) else amount


def _raced(
    world: World, notes: Notes, operation: Operation, caller: Caller | None, member: str | None, limit: int
) -> bool:
    """Send more at once than are accepted one after the other; true where it was seen to go wrong."""
    sent = _prepared(world, operation, caller, member)
    if sent is None:
        return False
    answers = together(world, [msgspec.structs.replace(sent)] * (limit + MORE))
    done = sum(answer.accepted for answer in answers)
    if done > limit:
        what = f"is accepted {done} times when sent at once, and {limit} when one after the other"
        notes.found(operation.name, what, sent)
    broken = next((answer.status for answer in answers if answer.status >= 500), None)
    if broken is not None:
        notes.found(operation.name, f"answers {broken} when sent at once", sent)
    if done > limit or broken is not None:
        notes.tried += 1
    return done > limit or broken is not None
