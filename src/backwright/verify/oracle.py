"""The reference in a comparison: what it is asked, the rows that are put into it, and what each request made."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backwright.model.types import Entity, Field, ManyType, Model, ReferenceType
from backwright.reference import Reference
from backwright.reference.answer import State
from backwright.reference.evaluate import Environment, Row, holds
from backwright.reference.execution import Observe
from backwright.reference.http import Response
from backwright.reference.seam import START
from backwright.verify import fixtures
from backwright.verify.rows import Rows, remembered
from backwright.verify.traffic import Assigned, Numbers, Put, Sent, for_reference

Made = list[tuple[Entity, Row]]


class Oracle:
    """One reference from empty tables on. `numbers` are the numbers of sequences by their names in requests."""

    def __init__(self, model: Model, observe: Observe | None = None) -> None:
        self.model = model
        self.reference = Reference(fixtures.with_fixtures(model), observe=observe)
        self.numbers = Numbers()
        self._counted = [
            (entity, field)
            for entity in model.entities
            for field in entity.fields
            if field.generated == "sequence"
        ]

    @property
    def rows(self) -> Mapping[str, list[Row]]:
        """The rows that there are."""
        return self.reference.rows

    def answer(self, sent: Sent) -> tuple[Response, Made]:
        """The answer to a request, and the rows that it made."""
        before = self.reference.rows
        response = self.reference.answer(for_reference(sent, self.numbers))
        return response, self._made(before, sent.number)

    def state(self) -> State:
        """All that decides later answers."""
        return self.reference.state()

    def go_back(self, state: State) -> None:
        """Be as it was. Numbers that were named meanwhile keep their names: they are named anew."""
        self.reference.go_back(state)

    def foretold(self, sent: Sent) -> Response:
        """The answer that a request would get."""
        return self.reference.foretold(for_reference(sent, self.numbers))

    def gave_out(self, sent: Sent) -> bool:
        """Whether the answer to a request holds a string that the reference made up."""
        return self.reference.made_up(sent.request_id)

    def put(self, put: Put) -> Made:
        """Put a row in. Answers the rows that are new: none where it cannot be, and its audit record, too."""
        before, sequences = self.reference.rows, self.reference.sequences
        self.reference.answer(for_reference(self._putting(put), self.numbers))
        made = self._made(before, put.number)
        if all(self._is_whole(entity, row) for entity, row in made):
            return made
        self.reference.rows, self.reference.sequences = before, sequences
        return []

    def fits(self, put: Put) -> bool:
        """Whether the row could be put in."""
        return self.foretold(self._putting(put)).status == 201

    def _is_whole(self, entity: Entity, row: Row) -> bool:
        """Whether everything that a row refers to is there. No operation would check that for a row put in."""
        for field in entity.fields:
            if isinstance(field.type, ReferenceType | ManyType):
                target = self.model.entity(field.type.entity)
                there = {other[target.key] for other in self.reference.rows[target.name]}
                value = row[field.name]
                wanted = value if isinstance(value, list) else [value]
                if any(key is not None and key not in there for key in wanted):
                    return False
        return True

    def _putting(self, put: Put) -> Sent:
        headers = (("content-type", "application/json"),)
        path = f"{fixtures.PATH}{put.entity}"
        return Sent(
            number=put.number, operation="", method="POST", path=path, headers=headers, body=put.content
        )

    def _made(self, before: Mapping[str, list[Row]], number: int) -> Made:
        after = self.reference.rows
        if after is before:
            return []
        found: Made = []
        for entity in self.model.entities:
            old, new = before[entity.name], after[entity.name]
            if len(new) < len(old) or (
                new and (not old or key_of(entity, new[-1]) != key_of(entity, old[-1]))
            ):
                known = {key_of(entity, row) for row in old}
                found += [(entity, row) for row in new if key_of(entity, row) not in known]
        for entity, field in self._counted:
            rows = [row for each, row in found if each is entity]
            for position, row in enumerate(rows):
                self.numbers.keep(
                    number_name(number, self._place(entity, field) + position), str(row[field.name])
                )
        return found

    def _place(self, entity: Entity, field: Field) -> int:
        """Where the names of a sequence's numbers begin in a request."""
        return 1000 * next(i for i, pair in enumerate(self._counted) if pair == (entity, field))

    def number_name(self, request: int, entity: Entity, field: Field, value: int) -> str | None:
        """The name of a number that a request took from a sequence."""
        start = self._place(entity, field)
        for position in range(200):
            name = number_name(request, start + position)
            found = self.numbers.of(name)
            if found is None:
                return None
            if found == str(value):
                return name
        return None

    def assign(self, assigned: Assigned) -> Assigned | None:
        """Set one field of one row, where there is such a row and its checks still hold; as it is for the database."""
        entity = self.model.entity(assigned.entity)
        keys = tuple(self.numbers.fill(key) for key in assigned.keys)
        row = next((row for row in self.reference.rows[entity.name] if key_of(entity, row) == keys), None)
        if row is None:
            return None
        every = {each.name: each.keys for each in self.model.entities}
        changed = {**row, assigned.field: assigned.value}
        about = Environment(now=START, keys=every, rows=self.reference.rows, this=changed)
        if not all(holds(check.condition.meaning, about) for check in entity.checks):
            return None
        row[assigned.field] = assigned.value
        return msgspec.structs.replace(assigned, keys=keys)

    def go_on_with(self, entity: Entity, field: Field, number: int) -> None:
        """The next number of a sequence is this one: a database may leave gaps."""
        self.reference.sequences[entity.name, field.name] = number - 1

    def stored(self) -> tuple[Rows, Rows]:
        """The rows, and those that were deleted softly, in plain values."""
        return remembered(self.reference.rows, self.model), remembered(self.reference.gone, self.model)


def key_of(entity: Entity, row: Row) -> tuple[str, ...]:
    """The key of a row as text."""
    return tuple(str(row[name]) for name in entity.keys)


def number_name(request: int, position: int) -> str:
    """How requests write a number that is not known in advance."""
    return f"number-v-{request}-{position}"
