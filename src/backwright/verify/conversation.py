"""Sends requests to a reference and a backend side by side and notes where they disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from backwright.model.types import Create, Ensure, Entity, Field, Model, Operation, Upsert
from backwright.reference.http import Response
from backwright.verify import compare, rows, traffic
from backwright.verify.backends import Backend, NoAnswer
from backwright.verify.compare import Seen
from backwright.verify.coverage import Coverage
from backwright.verify.oracle import Made, Oracle
from backwright.verify.traffic import Assigned, Put, Sent, Values

Inspect = Callable[[Sent, Seen], list[str]]


class Disagreement(msgspec.Struct, frozen=True):
    """Where the two sides part: the requests up to there, and how the last answer (or the rows) differ.

    `changed` are the numbers of the requests that were accepted and could change something.
    """

    requests: tuple[Sent, ...]
    differences: tuple[str, ...]
    about_rows: bool = False
    changed: frozenset[int] = frozenset()


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

    def prepare(self, sent: Sent) -> Made:
        """What happens on both sides before the request; the rows that are new."""
        made: Made = []
        for done in sent.before:
            match done:
                case Assigned():
                    if self.oracle.assign(self._filled(done)):
                        self._backend.assign(self._filled(done))
                case Put():
                    new = self.oracle.put(done)
                    made += new
                    for entity, row in new:
                        self._backend.insert(entity, row)
        if made:
            self._share_numbers()
        return made

    def _filled(self, assigned: Assigned) -> Assigned:
        keys = tuple(self.oracle.numbers.fill(key) for key in assigned.keys)
        return msgspec.structs.replace(assigned, keys=keys)

    def exchange(self, sent: Sent) -> tuple[Response, Made, list[str]]:
        """The reference's answer, what it made, and how the backend's answer differs.

        The backend is asked first: its database may leave gaps in sequences, and the reference follows.
        """
        try:
            seen = self._backend.send(
                sent.method,
                traffic.target(sent, self.theirs.fill),
                traffic.headers(sent, self.theirs.fill),
                traffic.content(sent, self.theirs),
            )
        except NoAnswer as error:
            answer, made = self.oracle.answer(sent)
            return answer, made, [f"no answer: {error}", self._log()]
        if seen.status < 400:
            for entity, field in self._counting.get(sent.operation, ()):
                self._follow(entity, field)
        answer, made = self.oracle.answer(sent)
        if made:
            self._share_numbers()
        found = compare.differences(
            sent,
            answer,
            seen,
            self.theirs,
            extra=self._extra.get(sent.operation, ()),
            remembers=self.oracle.gave_out(sent),
        )
        if seen.status >= 500:
            found.append(self._log())
        if self._inspect is not None:
            found += self._inspect(sent, seen)
        return answer, made, found

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


def replay(conversation: Conversation, requests: Iterable[Sent]) -> Disagreement | None:
    """Send fixed requests from the start. The first disagreement, or None."""
    done: list[Sent] = []
    changed: set[int] = set()
    for sent in requests:
        done.append(sent)
        conversation.prepare(sent)
        answer, _, found = conversation.exchange(sent)
        if answer.status < 400 and sent.method not in ("GET", "HEAD"):
            changed.add(sent.number)
        if found:
            return Disagreement(tuple(done), tuple(found), changed=frozenset(changed))
    found = conversation.row_differences()
    if not found:
        return None
    return Disagreement(tuple(done), tuple(found), about_rows=True, changed=frozenset(changed))
