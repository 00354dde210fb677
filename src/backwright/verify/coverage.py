"""What a comparison has reached: the statuses of each operation, and which rules and conditions came to both ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from backwright.emit.certain import Writing, holds, may_refuse
from backwright.emit.contract.answers import NOT_MODIFIED, statuses
from backwright.emit.contract.requests import tells_version
from backwright.emit.failures import OF_RUNTIME, answer_of, outcomes
from backwright.expr.typed import Compare, Constant, Expression, Name
from backwright.model.types import (
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Find,
    Formula,
    Group,
    Model,
    Operation,
    Require,
    Rule,
    Select,
    Step,
    Update,
    UpdateAll,
    Upsert,
)
from backwright.reference.http import Response
from backwright.spec.diagnostics import Place
from backwright.verify.traffic import Sent

Condition = tuple[str, Place]
MOST_NAMED = 40


class Coverage:
    """Counts while requests are compared. `observe` is for the reference."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._conditions = conditions(model)
        self._certain = certain(model)
        self._results: dict[Condition, set[bool]] = {condition: set() for condition in self._conditions}
        self.requests = 0
        self.accepted = 0
        self.successes = 0
        self.statuses: dict[str, Counter[int]] = {}

    def observe(self, condition: Rule | Formula, result: bool) -> None:
        """What a rule or condition came to."""
        found = self._results.get((condition.source, condition.place))
        if found is not None:
            found.add(result)

    def count(self, sent: Sent, answer: Response) -> None:
        """One compared answer."""
        self.requests += 1
        self.accepted += 200 <= answer.status < 400
        self.successes += 200 <= answer.status < 300
        self.statuses.setdefault(sent.operation, Counter())[answer.status] += 1

    def reached(self, operation: Operation) -> Counter[int]:
        """How often the operation was answered with each status."""
        return self.statuses.get(operation.name, Counter())

    def never_answered(self) -> list[str]:
        """What operations say they answer, and did not."""
        return [
            f"{operation.name} {status}"
            for operation in self._model.operations
            for status in sorted(self._reachable(operation) - set(self.reached(operation)))
        ]

    def only_in_a_race(self) -> list[str]:
        """What operations say they answer, and only another request at the same instant could lead to."""
        return [
            f"{operation.name} {status}"
            for operation in self._model.operations
            for status in sorted(of_a_race(operation, self._model) - set(self.reached(operation)))
        ]

    def _reachable(self, operation: Operation) -> frozenset[int]:
        found = declared(operation, self._model)
        return found - (of_a_race(operation, self._model) - set(self.reached(operation)))

    def never_came_to(self) -> list[str]:
        """The rules and conditions that were always, or never, true, though they could be otherwise."""
        return [
            f"{name}: {'never asked' if not results else 'never true' if False in results else 'never false'}"
            for condition, name in self._conditions.items()
            if len(results := self._results[condition]) < 2
            and not (results == {True} and condition in self._certain)
        ]

    def never_false(self) -> list[str]:
        """The rules that were true whenever they were asked, as they have to be: what is written makes them true."""
        return [
            name
            for condition, name in self._conditions.items()
            if condition in self._certain and self._results[condition] == {True}
        ]

    def _share(self, some: int) -> float:
        return round(100 * some / self.requests, 1) if self.requests else 0.0

    def told(self) -> dict[str, int | float | str]:
        """The figures of a result."""
        both = sum(len(results) == 2 for results in self._results.values())
        every = sum(len(self._reachable(operation)) for operation in self._model.operations)
        return {
            "requests": self.requests,
            "accepted %": self._share(self.accepted),
            "2xx %": self._share(self.successes),
            "declared statuses answered": f"{every - len(self.never_answered())} of {every}",
            "rules seen true and false": f"{both} of {len(self._results) - len(self.never_false())}",
            "statuses": "; ".join(
                " ".join([name, *(f"{status}:{n}" for status, n in sorted(counts.items()))])
                for name, counts in sorted(self.statuses.items())
            ),
            **_named("never answered", self.never_answered()),
            **_named("answered in a race only", self.only_in_a_race()),
            **_named("one-sided rules", self.never_came_to()),
            **_named("rules that nothing can make false", self.never_false()),
        }


def _named(what: str, found: list[str]) -> dict[str, str]:
    """A few names, and how many more there are."""
    if not found:
        return {}
    more = f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return {what: "; ".join(found[:MOST_NAMED]) + more}


def declared(operation: Operation, model: Model) -> frozenset[int]:
    """The statuses that the contract declares for an operation, but for those of a defect or a service that is down."""
    found = {
        answer_of(each.category, operation, model.service).status
        for each in outcomes(operation, model)
        if each.category not in OF_RUNTIME
    }
    if operation.method == "GET" and tells_version(operation, model):
        found.add(NOT_MODIFIED)
    return frozenset({*found, *statuses(operation)})


def of_a_race(operation: Operation, model: Model) -> frozenset[int]:
    """The declared statuses that have no other reason than that the caller, who was just looked up, is gone."""
    steps = tuple(step for step in operation.steps if not _finds_the_caller(step))
    if operation.caller != "required" or len(steps) == len(operation.steps):
        return frozenset()
    without = msgspec.structs.replace(operation, steps=steps)
    return declared(operation, model) - declared(without, model)


def _finds_the_caller(step: Step) -> bool:
    """Whether a step finds the row of whoever calls, which every rule about it lets them read."""
    match step:
        case Find(
            where=Formula(meaning=Compare(op="==", left=Name(root=one), right=Name(root=other)) as same)
        ):
            is_own = {one, other} == {"this", "caller"}
            readable = step.readable is None or holds(step.readable.condition, [same], signed_in=True)
            return is_own and readable
        case _:
            return False


# What can be true and false --------------------------------------------------------------------------


def conditions(model: Model) -> dict[Condition, str]:
    """Every rule and condition that operations judge rows with, and what to call it."""
    found: dict[Condition, str] = {}
    for operation in model.operations:
        if operation.access is not None:
            _add(found, f"{operation.name} access", operation.access)
        for step in operation.steps:
            for what, condition in of_step(step):
                _add(found, f"{operation.name} {what}", condition)
    for entity in model.entities:
        for check in entity.checks:
            _add(found, f"{entity.name} check {check.name}", check.condition)
        for field in entity.fields:
            if field.write is not None:
                _add(found, f"{entity.name}.{field.name} write", field.write)
    return found


def certain(model: Model) -> set[Condition]:
    """The rules that no step which asks them can fail: it writes what they ask for, or found the row by it."""
    surely: set[Condition] = set()
    maybe: set[Condition] = set()
    for operation in model.operations:
        for step in operation.steps:
            proved = isinstance(step, Writing) and not may_refuse(step, operation)
            for _, rule in of_step(step):
                (surely if proved and isinstance(rule, Rule) else maybe).add((rule.source, rule.place))
    return surely - maybe


def _add(found: dict[Condition, str], name: str, condition: Rule | Formula) -> None:
    meaning = condition.condition if isinstance(condition, Rule) else condition.meaning
    if not isinstance(meaning, Constant) and not _is_signed_in(meaning):
        found.setdefault((condition.source, condition.place), f"{name} `{condition.source}`")


def _is_signed_in(meaning: Expression) -> bool:
    """Whether it only asks for a caller: where there is none, the answer is 401 before it is asked."""
    match meaning:
        case Compare(op="!=", left=Name(root="caller"), right=Constant(value=None)):
            return True
        case _:
            return False


def of_step(step: Step) -> Iterator[tuple[str, Rule | Formula]]:
    """The rules and conditions of one step."""
    if step.when is not None:
        yield "if", step.when
    match step:
        case Find(where=where, readable=readable):
            yield from _those(("where", where), ("read", readable))
        case (
            Select(where=where, readable=readable, filters=filters)
            | Group(where=where, readable=readable, filters=filters)
        ):
            yield from _those(("where", where), ("read", readable))
            yield from ((f"filter {each.name}", each.condition) for each in filters)
        case Require(condition=condition):
            yield "require", condition
        case Create(allowed=allowed) | Ensure(allowed=allowed):
            yield from _those(("create", allowed))
        case Delete(allowed=allowed) | DeleteAll(allowed=allowed):
            yield from _those(("delete", allowed))
        case Update(allowed=allowed, after=after) | UpdateAll(allowed=allowed, after=after):
            yield from _those(("update", allowed), ("update, after", after))
        case Upsert():
            yield from _those(
                ("create", step.created), ("update", step.updated), ("update, after", step.after)
            )
            yield from _those(("if exists", step.if_exists))
        case _:
            pass


def _those(*pairs: tuple[str, Rule | Formula | None]) -> Iterator[tuple[str, Rule | Formula]]:
    return ((what, condition) for what, condition in pairs if condition is not None)
