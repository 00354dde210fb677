"""Sends requests to a reference and a backend side by side and notes where they disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import permutations

import msgspec

from backwright.model.types import Create, Ensure, Entity, Field, Model, Operation, Upsert
from backwright.reference.answer import State
from backwright.reference.http import Response
from backwright.reference.sessions import SAFE
from backwright.verify import compare, rows, traffic
from backwright.verify.backends import Backend, NoAnswer, OverHttp
from backwright.verify.compare import Seen
from backwright.verify.coverage import Coverage
from backwright.verify.oracle import Made, Oracle
from backwright.verify.traffic import Assigned, Event, Put, Sent, Together, Values

Inspect = Callable[[Sent, Seen], list[str]]
Learn = Callable[["Event", "Outcome"], None]


class Answered(msgspec.Struct, frozen=True):
    """A request, the reference's answer, and the rows that it made."""

    sent: Sent
    answer: Response
    made: Made

    @property
    def changed(self) -> bool:
        """Whether it may have changed something."""
        return self.answer.status < 400 and self.sent.method not in SAFE


class Outcome(msgspec.Struct, frozen=True):
    """What came of an event: the answers to its requests, the rows put in, and how the backend's answers differ."""

    answers: tuple[Answered, ...] = ()
    put: Made = []
    differences: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether it may have changed something."""
        return not self.answers or any(each.changed for each in self.answers)


class Disagreement(msgspec.Struct, frozen=True):
    """Where the two sides part: what happened up to there, and how the last answer (or the rows) differ.

    `changed` are the numbers of the events that may have changed something.
    """

    events: tuple[Event, ...]
    differences: tuple[str, ...]
    about_rows: bool = False
    changed: frozenset[int] = frozenset()

    def requests(self) -> list[Sent]:
        """The requests among the events."""
        return [sent for event in self.events for sent in requests_of(event)]


class Conversation:
    """One reference and one backend, from empty tables on. `inspect` may find more wrong with an answer."""

    def __init__(
        self,
        model: Model,
        backend: Backend,
        inspect: Inspect | None = None,
        coverage: Coverage | None = None,
    ) -> None:
        self._model = model
        self._backend = backend
        self._inspect = inspect
        self.oracle = Oracle(model, coverage.observe if coverage is not None else None)
        self.theirs = Values()
        self._extra = {
            operation.name: tuple(header.name for header in operation.respond.headers)
            for operation in model.operations
        }
        self._counting = {operation.name: _sequences(model, operation) for operation in model.operations}
        backend.fresh()

    def carry_out(self, event: Event) -> Outcome:
        """Let it happen on both sides."""
        match event:
            case Sent():
                return self._exchange(event)
            case Together():
                return self._at_once(event)
            case Put():
                return Outcome(put=self._put(event))
            case Assigned():
                self._assign(event)
                return Outcome()

    def _put(self, put: Put) -> Made:
        made = self.oracle.put(put)
        for entity, row in made:
            self._backend.insert(entity, row)
        self._share_numbers()
        return made

    def _assign(self, assigned: Assigned) -> None:
        done = self.oracle.assign(assigned)
        if done is not None:
            self._backend.assign(done)

    def _exchange(self, sent: Sent) -> Outcome:
        """One request. The backend is asked first: its database may leave gaps in sequences; the reference follows."""
        try:
            seen = self._backend.send(*self._wired(sent))
        except NoAnswer as error:
            answer, made = self.oracle.answer(sent)
            return Outcome((Answered(sent, answer, made),), [], (f"no answer: {error}", self._log()))
        if seen.status < 400:
            for entity, field in self._counting.get(sent.operation, ()):
                self._follow(entity, field)
        answered, found = self._compared(sent, seen, self.theirs)
        self._share_numbers()
        return Outcome((answered,), [], tuple(found))

    def _at_once(self, together: Together) -> Outcome:
        """Requests at the same time: their answers are right where those of some order, one after the other, are."""
        try:
            seen = self._backend.send_together([self._wired(sent) for sent in together.requests])
        except NoAnswer as error:
            return Outcome((), [], (f"no answer: {error}", self._log()))
        pairs = list(zip(together.requests, seen, strict=True))
        before = self.oracle.state()
        told: list[str] = []
        fitting: list[tuple[State, Values, Outcome]] = []
        for order in permutations(pairs):
            values = self.theirs.copied()
            answers: list[Answered] = []
            found: list[str] = []
            for sent, each in order:
                answered, differences = self._compared(sent, each, values)
                answers.append(answered)
                found += [f"{sent.operation}: {text}" for text in differences]
            if not found:
                fitting.append((self.oracle.state(), values, Outcome(tuple(answers))))
            self.oracle.go_back(before)
            told = told or found
        if not fitting:
            return Outcome((), [], ("no order explains the answers to what was sent at once", *told))
        state, self.theirs, outcome = fitting[0] if len(fitting) == 1 else self._as_stored(fitting)
        self.oracle.go_back(state)
        self._share_numbers()
        return outcome

    def _as_stored(self, fitting: list[tuple[State, Values, Outcome]]) -> tuple[State, Values, Outcome]:
        """Where several orders explain the answers, the one that left the rows as they are."""
        stored = self._backend.rows()
        for each in fitting:
            self.oracle.go_back(each[0])
            if not rows.differences(*self.oracle.stored(), stored, self._model):
                return each
        return fitting[0]

    def _wired(self, sent: Sent) -> OverHttp:
        fill = self.theirs.fill
        target, lines = traffic.target(sent, fill), traffic.headers(sent, fill)
        return sent.method, target, lines, traffic.content(sent, self.theirs)

    def _compared(self, sent: Sent, seen: Seen, values: Values) -> tuple[Answered, list[str]]:
        answer, made = self.oracle.answer(sent)
        found = compare.differences(
            sent,
            answer,
            seen,
            values,
            extra=self._extra.get(sent.operation, ()),
            remembers=self.oracle.gave_out(sent),
        )
        if seen.status >= 500:
            found.append(self._log())
        if self._inspect is not None:
            found += self._inspect(sent, seen)
        return Answered(sent, answer, made), found

    def _log(self) -> str:
        return f"the backend's log ends with:\n{self._backend.log_tail()}"

    def _follow(self, entity: Entity, field: Field) -> None:
        last = self.oracle.reference.sequences.get((entity.name, field.name), 0)
        number = self._backend.number_after(entity, field, last)
        if number is not None:
            self.oracle.go_on_with(entity, field, number)

    def _share_numbers(self) -> None:
        """Numbers are the same on both sides."""
        for name, number in self.oracle.numbers.news():
            self.theirs.keep(name, number)

    def row_differences(self) -> list[str]:
        """How the rows differ in the end."""
        expected, gone = self.oracle.stored()
        return rows.differences(expected, gone, self._backend.rows(), self._model)


def _sequences(model: Model, operation: Operation) -> list[tuple[Entity, Field]]:
    """The sequences from which an operation takes numbers."""
    makes = {step.entity for step in operation.steps if isinstance(step, Create | Ensure | Upsert)}
    entities = [entity for entity in model.entities if entity.name in makes]
    return [
        (entity, field) for entity in entities for field in entity.fields if field.generated == "sequence"
    ]


def requests_of(event: Event) -> tuple[Sent, ...]:
    """The requests of an event."""
    match event:
        case Sent():
            return (event,)
        case Together(requests=requests):
            return requests
        case _:
            return ()


def played(
    conversation: Conversation, events: Iterable[Event], learn: Learn | None = None
) -> Disagreement | None:
    """Let events happen until the two sides disagree; the rows are compared when all is over."""
    done: list[Event] = []
    changed: set[int] = set()
    for event in events:
        done.append(event)
        outcome = conversation.carry_out(event)
        if learn is not None:
            learn(event, outcome)
        if outcome.changed:
            changed.add(event.number)
        if outcome.differences:
            return Disagreement(tuple(done), outcome.differences, changed=frozenset(changed))
    found = conversation.row_differences()
    if not found:
        return None
    return Disagreement(tuple(done), tuple(found), about_rows=True, changed=frozenset(changed))
