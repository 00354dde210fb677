"""What a test is before it is printed: a world, the requests that are made in it, and what they answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from backwright.emit.names import a, snake, words
from backwright.emit.testing.trial import Scene, Trial
from backwright.emit.testing.values import Wrong
from backwright.emit.testing.world import Stored, World
from backwright.model.types import ReferenceType
from backwright.reference.evaluate import Row

MOST_DIFFERENCES = 2
SHORTEST_NAME = 24


class Case(msgspec.Struct):
    """One test: `name` follows the operation's, `about` says what it is about, beyond request and status.

    A brief one, of a list, says which rows the answer has and in which order, and not what it shows of each. A telling
    one shows a mistake that none of the other answers does, so that it is played early where time is short.
    """

    name: str
    trials: list[Trial]
    about: str = ""
    is_brief: bool = False
    is_telling: bool = False

    @property
    def trial(self) -> Trial:
        """The last request, which the test is about."""
        return self.trials[-1]

    @property
    def world(self) -> World:
        """What is stored before the first request."""
        return self.trials[0].scene.world


class BadValue(msgspec.Struct):
    """A value that one member or parameter may not have, and the trial that says so."""

    member: str
    wrong: Wrong
    trial: Trial


class Table(msgspec.Struct):
    """One test of many values: each replaces one member of the body, one parameter of the query, or one header."""

    name: str
    scene: Scene
    values: list[BadValue]
    of: str
    accepted: bool = False


class Repeated(msgspec.Struct):
    """A test that makes one request `times` times, each allowed, and then once too often."""

    name: str
    allowed: Trial
    refused: Trial
    times: int


class Full(msgspec.Struct):
    """A test of a list with one row more than it shows: the rows of `trial`, and `more` like the last of them.

    `column` tells these apart; it is empty where nothing has to. They have the `values` of it where there are any, and
    else a text with a number.
    """

    name: str
    trial: Trial
    like: Stored
    column: str
    more: int
    values: tuple[str | int, ...] = ()


class Handed(msgspec.Struct):
    """A test of what custom logic reads while it is called: the rows with the `key` of these variables, of all that are
    stored. `attribute` is where the function finds them, `hidden` the variable of a row that is not there for it.
    """

    name: str
    trial: Trial
    logic: str
    attribute: str
    key: str
    variables: list[str]
    hidden: str


Test = Case | Table | Repeated | Full | Handed


def outcome(trial: Trial) -> str:
    """What an answer is called in a test's name."""
    if trial.failure is None:
        return "is_allowed"
    return f"is_{snake(re.sub(r'[^A-Za-z0-9_]+', '_', trial.failure.code))}"


def signature(trial: Trial) -> tuple[Any, ...]:
    """What makes two answers the same for a test: status, code, fields, and what is shown."""
    failure = trial.failure
    if failure is not None:
        return (trial.response.status, failure.code, failure.fields)
    return (trial.response.status, repr(trial.response.body), trial.response.content)


def content(scene: Scene) -> str:
    """Everything that decides what a scene answers."""
    rows = [(row.entity, row.values, row.gone) for row in scene.world.rows]
    sent = (scene.params, scene.body, scene.query, scene.segments, scene.headers, scene.raw, scene.media)
    return repr((rows, scene.caller, sent, scene.tokenless, scene.says))


# What tells two scenes apart ---------------------------------------------------------------------------


def difference(before: Scene, after: Scene) -> str:
    """In a test's name: what is particular about a scene, compared with the usual one; empty for nothing."""
    found = list(dict.fromkeys(_differences(before, after)))
    telling = [each for each in found if not each.startswith("beside_")] or found
    return "_and_".join([*telling, *(each for each in found if each not in telling)][:MOST_DIFFERENCES])


def shortened(name: str, longest: int) -> str:
    """A name that leaves room in a line."""
    longest = max(longest, SHORTEST_NAME)
    return name if len(name) <= longest else name[:longest].rpartition("_")[0]


def _differences(before: Scene, after: Scene) -> Iterator[str]:
    if before.caller != after.caller:
        yield f"by_{after.caller or 'nobody'}"
    known = len(before.world.rows)
    for at, row in enumerate(after.world.rows):
        if at >= known:
            if row.entity != after.world.setting.identity or after.caller != row.variable:
                yield f"beside_{a(words(row.entity))}".replace(" ", "_")
        elif row.gone != before.world.rows[at].gone:
            yield f"of_a_deleted_{snake(row.entity)}"
        else:
            yield from _changes(
                row.variable, before.world.rows[at].values, row.values, after.world, row.entity
            )
    for name, value in after.params.items():
        if before.params.get(name) != value and not _is_key(before, after, value):
            yield f"with_{snake(name)}_{said(value)}"
    for name, value in (after.body or {}).items():
        if name not in (before.body or {}) or before.body[name] != value:  # type: ignore[index]
            yield f"with_{snake(name)}_{said(value)}"
    for name, said_ in after.says.items():
        if before.says.get(name) != said_:
            yield f"when_{snake(name)}_says_{'otherwise' if said_.error is None else snake(said_.error)}"
    for name in before.body or {}:
        if name not in (after.body or {}):
            yield f"without_{snake(name)}"


def _changes(variable: str, before: Row, after: Row, world: World, entity: str) -> Iterator[str]:
    for name, value in after.items():
        if value == before[name]:
            continue
        field = world.setting.model.entity(entity).field(name)
        if isinstance(field.type, ReferenceType) and value is not None:
            at = world.at(field.type.entity, value)
            yield f"when_{variable}_{snake(name)}_is_{world.rows[at].variable if at is not None else 'gone'}"
        elif isinstance(value, bool):
            yield f"when_{variable}_is_{'' if value else 'not_'}{snake(name)}"
        elif isinstance(value, datetime | date | int | Decimal | float) and before[name] is not None:
            yield f"when_{variable}_{snake(name)}_is_{'larger' if value > before[name] else 'smaller'}"
        else:
            yield f"when_{variable}_{snake(name)}_is_{said(value)}"


def _is_key(before: Scene, after: Scene, value: Any) -> bool:
    """Whether a parameter only follows what is stored."""
    return any(value in row.values.values() for row in after.world.rows if _plain(value))


def _plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def said(value: Any) -> str:
    """A value in a name."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str() if re.fullmatch(r"[A-Za-z][A-Za-z0-9_ -]{0,20}", value):
            return snake(value.replace(" ", "_").replace("-", "_"))
        case int() if value >= 0:
            return str(value)
        case _:
            return "another"
