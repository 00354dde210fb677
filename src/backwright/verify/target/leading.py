"""What has to be done before an operation is accepted: things that it names are supplied, and others acted on first.

An order is placed when its products are in stock, and shipped when it has been placed and paid. What a contract says of
this is a 409; so it is tried out, once, and done again each time that such a thing is needed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from backwright.verify.observed import Caller
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.made import Made
from backwright.verify.target.naming import before, best, members, names_of, noun_of, referred
from backwright.verify.target.references import replaced

if TYPE_CHECKING:
    from backwright.verify.target.exploring import World

NOT_YET = {400, 409, 422}
"""Statuses that may say that something else has to be done before."""
LONGEST, MOST = 2, 12
"""How many acts may lead to an operation, and how many sequences of them are tried."""
SHOWN = 4
"""How many of the numbers that a thing shows are tried as an amount."""


class Leads:
    """Which operations need what, as far as it was found out."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.furnished: set[str] = set()  # bodies name things that were supplied
        self.acts: dict[str, tuple[Operation, ...]] = {}  # done on the thing before
        self._raising: dict[str, tuple[Operation, ...]] = {}
        self._busy = False

    def find(self, operation: Operation, caller: Caller | None, last: Made) -> Made | None:
        """An accepted exchange of an operation that was refused as it was; how is remembered. None: not found."""
        if last.answer.status not in NOT_YET:
            return None
        made = self._with_supplies(operation, caller, last)
        return made or self._after_acts(operation, caller)

    def between(self, operation: Operation, caller: Caller | None) -> Made | None:
        """An accepted exchange of what names two things of one kind: the same one twice is seldom meant."""
        small = self._world.small(operation) if not operation.path_names else None
        makers = [
            maker.name for name, _ in members(small) if (maker := self._maker(operation, referred(name)))
        ]
        if len(makers) == len(set(makers)):
            return None
        try:
            made = self._world.send(operation, caller, {}, self.body(operation, caller))
        except Unreachable:
            return None
        if made.done:
            self.furnished.add(operation.name)
        return made if made.done else None

    def body(self, operation: Operation, caller: Caller | None) -> Any:
        """A small body that names things of the caller's, made and supplied for it, each another one."""
        world = self._world
        body, values = world.small(operation), {}
        if self._busy:
            return body
        self._busy = True
        chosen: dict[str, dict[str, Any]] = {}
        try:
            for name, like in list(members(body)):
                creation = self._maker(operation, referred(name))
                value = self._supplied(creation, caller, chosen) if creation is not None else None
                if value is not None:
                    values[name] = int(value) if isinstance(like, int) and value.isdigit() else value
        finally:
            self._busy = False
        return replaced(body, values)

    def act(self, operation: Operation, caller: Caller | None, path: Mapping[str, str]) -> Made | None:
        """Do it on the thing: with all that the thing shows where it is about an amount. None: it is refused."""
        world, last = self._world, None
        for number in self._numbers(operation, caller, path):
            body = world.small(operation)
            amounts = {name: like(number, each) for name, each in members(body) if _amount(each)}
            if not amounts:
                break
            try:
                last = world.send(operation, caller, path, replaced(body, amounts))
            except Unreachable:
                return None
            if last.done:
                return last
        last = world.attempt(operation, caller, path)
        return last if last is not None and last.done else None

    def before(self, operation: Operation, caller: Caller | None, path: Mapping[str, str]) -> None:
        """Do on a new thing what was found to lead to the operation."""
        for each in self.acts.get(operation.name, ()):
            self.act(each, caller, path)

    # Finding out ----------------------------------------------------------------------------------

    def _with_supplies(self, operation: Operation, caller: Caller | None, last: Made) -> Made | None:
        """With a body that names supplied things; or on a thing whose own body named such."""
        world = self._world
        made = None
        if self._names_things(operation) and operation.name not in self.furnished:
            try:
                made = world.send(operation, caller, last.path, self.body(operation, caller))
            except Unreachable:
                return None
            if made.done:
                self.furnished.add(operation.name)
                return made
        creation = world.creation(operation, operation.path_names[-1]) if operation.path_names else None
        if creation is None or creation.name in self.furnished or not self._names_things(creation):
            return None
        self.furnished.add(creation.name)
        made = world.perform(operation, caller)
        if made is not None and made.done:
            return made
        if not self._after_acts_on(operation, caller):
            self.furnished.discard(creation.name)
            return None
        return world.perform(operation, caller)

    def _after_acts(self, operation: Operation, caller: Caller | None) -> Made | None:
        return self._world.perform(operation, caller) if self._after_acts_on(operation, caller) else None

    def _after_acts_on(self, operation: Operation, caller: Caller | None) -> bool:
        """Find the acts on a new thing after which the operation is accepted."""
        world = self._world
        refused: set[tuple[str, ...]] = set()
        for acts in itertools.islice(_sequences(world.beside(operation, acts=True)), MOST):
            names = tuple(each.name for each in acts)
            if any(names[: len(each)] == each for each in refused):
                continue
            path = world.path_for(operation, caller)
            if path is None:
                return False
            for number, each in enumerate(acts, 1):
                if self.act(each, caller, path) is None:
                    refused.add(names[:number])
                    break
            else:
                made = world.attempt(operation, caller, path)
                if made is not None and made.done:
                    self.acts[operation.name] = acts
                    return True
        return False

    # Supplies -------------------------------------------------------------------------------------

    def _names_things(self, operation: Operation) -> bool:
        small = self._world.small(operation)
        return any(self._maker(operation, referred(name)) is not None for name, _ in members(small))

    def _maker(self, operation: Operation, noun: str) -> Operation | None:
        """What makes a thing of this name: `from_account` is an account."""
        return next(
            (
                each
                for each in self._world.operations
                if noun
                and each.method == "POST"
                and not each.path_names
                and each is not operation
                and names_of(each.path) & {noun, noun.rpartition("_")[2]}
            ),
            None,
        )

    def _supplied(
        self, creation: Operation, caller: Caller | None, chosen: dict[str, dict[str, Any]]
    ) -> str | None:
        """The id of a new thing, with more of what it shows as a number.

        `chosen`: what was chosen of enumerations for the first of its kind; two accounts need one currency.
        """
        world = self._world
        made = self._alike(creation, caller, chosen.get(creation.name)) or world.attempt(creation, caller, {})
        if made is not None and creation.body is not None:
            schemas = world.sampler.merged(creation.body.schema).get("properties") or {}
            chosen[creation.name] = {
                name: value
                for name, value in members(made.body)
                if name in schemas and world.sampler.merged(schemas[name]).get("enum")
            }
        if made is None or not made.answer.accepted:
            return None
        self.supply(creation, made, caller)
        return best(made.answer.json(), "id", noun_of(f"{creation.path}/{{id}}", "id"))

    def supply(self, creation: Operation, made: Made, caller: Caller | None) -> None:
        """Do on a new thing what makes the numbers greater that it shows: a deposit, a receipt of stock."""
        world = self._world
        known = self._raising.get(creation.name)
        raising: list[Operation] = []
        for each in self._beneath(creation) if known is None else known:
            value = world.named(made, each, each.path_names[0])
            if value is None:
                continue
            path = {each.path_names[0]: value}
            was = self._sum(creation, caller, value)
            done = world.attempt(each, caller, path)
            if done is not None and done.done and self._sum(creation, caller, value) > was:
                raising.append(each)
        if known is None:
            self._raising[creation.name] = tuple(raising)

    def _alike(
        self, creation: Operation, caller: Caller | None, chosen: Mapping[str, Any] | None
    ) -> Made | None:
        """A thing with these choices; None where there are none, or it is refused."""
        if not chosen:
            return None
        made = self._world.send(creation, caller, {}, replaced(self._world.body(creation), chosen))
        return made if made.answer.accepted else None

    def _beneath(self, creation: Operation) -> Iterator[Operation]:
        """What can be done with a body on what it makes."""
        for each in self._world.operations:
            names = each.path_names
            if each.method != "POST" or each.body is None or len(names) != 1 or each.path.endswith("}"):
                continue
            if before(each.path, names[0]) == creation.path:
                yield each

    def _sum(self, creation: Operation, caller: Caller | None, value: str) -> float:
        """The numbers that the thing shows, added up."""
        for reading in self._world.operations:
            names = reading.path_names
            if (
                reading.method == "GET"
                and len(names) == 1
                and reading.path == f"{creation.path}/{{{names[0]}}}"
            ):
                shown = self._world.send(reading, caller, {names[0]: value}).answer.json()
                return sum(each for _, one in members(shown) if (each := number(one)) is not None)
        return 0.0

    def _numbers(self, operation: Operation, caller: Caller | None, path: Mapping[str, str]) -> list[float]:
        """What the thing shows as numbers, the greatest first."""
        reading = self._world.operation("GET", operation.path.rpartition("/")[0])
        if reading is None or operation.body is None:
            return []
        shown = members(self._world.send(reading, caller, path).answer.json())
        found = {
            each
            for name, one in shown
            if (each := number(one)) and each > 0 and name not in {"id", "version"}
        }
        return sorted(found, reverse=True)[:SHOWN]


def number(value: Any) -> float | None:
    """A number, also where it is written as a text: money often is."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _amount(value: Any) -> bool:
    return number(value) is not None


def like(amount: float, value: Any) -> Any:
    """The amount in the form of the value: a text with as many decimals, a whole number, or any."""
    if isinstance(value, str):
        return f"{amount:.{len(value.partition('.')[2])}f}"
    return int(amount) if isinstance(value, int) else amount


def _sequences(acts: tuple[Operation, ...]) -> Iterator[tuple[Operation, ...]]:
    for length in range(1, LONGEST + 1):
        yield from itertools.permutations(acts, length)
