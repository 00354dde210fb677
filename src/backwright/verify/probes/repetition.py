"""A request that is repeated with the same key is done once."""

from __future__ import annotations

import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from threading import Barrier
from typing import Any

import msgspec

from backwright.verify.probes.alike import told
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Answer, Client, Sent, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.leading import number
from backwright.verify.target.made import Made
from backwright.verify.target.naming import best, members, noun_of

IDS: tuple[str, ...] = ()
NAME = "repetition"
WHY = "The network lost the answer, the app sends the payment again, and the customer pays twice."
KEY = re.compile(r"idempotency", re.IGNORECASE)
AMOUNT = re.compile(r"amount|quantity|price|total|cents|sum$", re.IGNORECASE)
AT_ONCE, ROUNDS, WAYS = 6, 2, 4


def run(world: World) -> Outcome:
    """Where the contract has a header for it (`Idempotency-Key`), an accepted request is sent twice with the same key,
    and another six times at once: the answers have to be about one thing. Another key has to make another thing.
    With another amount in the body, accepted with a key of its own, the same key must not be answered as if that were
    done.

    Without such a header, what is answered with the same id when it is sent twice is sent six times at once with
    another body: the answers have to have one id.
    """
    notes = Notes(world)
    for operation in world.operations:
        header = next(
            (p.name for p in operation.parameters if p.where == "header" and KEY.search(p.name)), None
        )
        if operation.method not in {"POST", "PATCH"} or notes.late(operation.name):
            continue
        try:
            if header is not None:
                _judge(world, notes, operation, header)
            elif operation.method == "POST" and operation.body is not None:
                _judge_same(world, notes, operation)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation, header: str) -> None:
    owner = next(iter(world.callers), None)
    made = world.ready(operation, owner)
    if made is None or not made.answer.accepted:
        notes.unjudged(operation.name, "it was not accepted")
        return

    def keyed() -> Sent:
        return msgspec.structs.replace(made.sent, headers={**made.sent.headers, header: world.sampler.word()})

    again, other = keyed(), keyed()
    first, second = world.client.send(again), world.client.send(again)
    different = world.client.send(other)
    if (
        not first.accepted
        or not different.accepted
        or _thing(operation, first) == _thing(operation, different)
    ):
        notes.unjudged(operation.name, "a second request is refused, or answered alike, whatever its key")
        return
    notes.tried += 1
    if second.accepted and _thing(operation, second) != _thing(operation, first):
        notes.found(operation.name, f"does it twice for the same `{header}`", again)
        return
    _judge_reuse(world, notes, made, again, header)
    at_once = keyed()
    said = {_thing(operation, each) for each in together(world, [at_once] * AT_ONCE) if each.accepted}
    notes.tried += 1
    if len(said) > 1:
        notes.found(
            operation.name, f"does it {len(said)} times for the same `{header}` sent at once", at_once
        )


def _judge_reuse(world: World, notes: Notes, made: Made, used: Sent, header: str) -> None:
    """The key of one request, with another body: answered as before, it says that something was done that was not."""
    caller = next((each for each in world.callers if each.name == made.caller), None)
    for _, body in itertools.islice(world.bodies(made.operation), WAYS):
        other = world.request(made.operation, caller, made.path, body)
        if not _amounts(body) or _amounts(body) == _amounts(made.body):
            continue
        fresh = msgspec.structs.replace(other, headers={**other.headers, header: world.sampler.word()})
        if not world.client.send(fresh).accepted:
            continue
        reused = msgspec.structs.replace(other, headers={**other.headers, header: used.headers[header]})
        first, answer = world.client.send(used), world.client.send(reused)
        notes.tried += 1
        if (
            first.accepted
            and answer.accepted
            and _thing(made.operation, answer) == _thing(made.operation, first)
        ):
            what = f"answers another body with what was done before for the same `{header}`"
            notes.found(made.operation.name, what, reused)
        return


def _amounts(body: Any) -> list[float]:
    """The amounts of a body. Of all else it is a matter of taste whether it makes another request."""
    return [
        each for name, value in members(body) if AMOUNT.search(name) and (each := number(value)) is not None
    ]


def _judge_same(world: World, notes: Notes, operation: Operation) -> None:
    """What is got where it is, and made where it is not, is made once."""
    owner = next(iter(world.callers_for(operation)), None)
    made = world.ready(operation, owner)
    if made is None or not made.answer.accepted or _id(operation, made.answer) is None:
        return
    if _id(operation, world.client.send(made.sent)) != _id(operation, made.answer):
        return
    for _ in range(ROUNDS):
        at_once = world.request(operation, owner, made.path, world.body(operation))
        said = {_id(operation, each) for each in together(world, [at_once] * AT_ONCE) if each.accepted}
        notes.tried += 1
        if len(said) > 1:
            what = f"makes {len(said)} things of the same body sent at once, and one when one after the other"
            notes.found(operation.name, what, at_once)
            return


def _id(operation: Operation, answer: Answer) -> str | None:
    """The id in an answer that is accepted."""
    return best(answer.json(), "id", noun_of(operation.path + "/{id}", "id")) if answer.accepted else None


def _thing(operation: Operation, answer: Answer) -> str:
    """What the answer is about: the id of the thing, else all that it says."""
    named = best(answer.json(), "id", noun_of(operation.path + "/{id}", "id"))
    return named if named is not None else str(sorted(told(answer.json()).items()))


def together(world: World, requests: list[Sent]) -> list[Answer]:
    """The answers to requests that are sent at once, each on a connection of its own; what got none is left out."""
    start = Barrier(len(requests))

    def asked(client: Client, sent: Sent) -> Any:
        start.wait()  # a client takes longer to be made than some backends to answer
        try:
            return client.send(sent)
        except Unreachable:
            return None

    world.client.count += len(requests)
    with ExitStack() as stack, ThreadPoolExecutor(len(requests)) as pool:
        clients = [stack.enter_context(closing(Client(world.seen.url))) for _ in requests]
        return [answer for answer in pool.map(asked, clients, requests) if answer is not None]
