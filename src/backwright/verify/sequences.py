"""Random request sequences by several callers, made from a model: most of them sensible, many of them not.

A seed gives the same sequence every time. A request is a good one for its operation, and then, in about one
case of three, one thing about it is made wrong or unusual.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Sequence as Choices
from random import Random
from typing import Any, cast

from backwright.model.types import (
    Create,
    Field,
    Find,
    InputField,
    Model,
    Operation,
    ReferenceType,
    ScalarType,
    Select,
    ShowPage,
    SignIn,
    Update,
    VerifyPassword,
)
from backwright.reference.http import Response
from backwright.reference.read import query_fields
from backwright.verify import values
from backwright.verify.draft import Draft
from backwright.verify.people import Memory, Person, writes
from backwright.verify.spoil import Spoiler, edges
from backwright.verify.traffic import Assigned, Sent, Text

UNUSUAL_SHARE = 0.36
ASSIGNED_SHARE = 0.6
EDGE_SHARE = 0.15


class Sequence:
    """Makes the requests of one sequence of `length`. Tell it each of the reference's answers with `learn`."""

    def __init__(self, model: Model, seed: int, length: int) -> None:
        self._model = model
        self._random = Random(seed)  # noqa: S311  (repeatable on purpose)
        self._length = length
        self._made = 0
        self._number = 0
        self.memory = Memory(model)
        self._pending: tuple[Draft, Sent] | None = None
        self._unique = 0
        self._taken: dict[str, list[str]] = {}  # values of unique fields that were sent
        self._operations = list(model.operations)
        self._edges = edges(model)
        self._random.shuffle(self._edges)
        self._spoiler = Spoiler(model, self._random, self.memory)

    @property
    def finished(self) -> bool:
        return self._made >= self._length

    def next(self) -> Sent:
        """The next request."""
        self._made += 1
        self._number += 1 + self._passing_time()
        draft = self._draft()
        sent = Sent(
            number=self._number,
            operation=draft.label,
            method=draft.method,
            path=draft.path,
            query=tuple(draft.query),
            authorization=draft.authorization,
            content_type=draft.content_type,
            body=draft.body(),
            assigned=tuple(self._assigned()),
        )
        self._pending = (draft, sent)
        return sent

    def learn(self, answer: Response) -> None:
        """What the reference answered to the last request."""
        assert self._pending is not None
        draft, sent = self._pending
        caller = draft.caller.key if draft.caller and draft.authorization is not None else None
        self.memory.learn(draft.operation, sent, _object(sent.body), caller, answer)

    def _passing_time(self) -> int:
        """Milliseconds that pass: after 70 % the tokens are nearly expired, after 75 % they all are."""
        auth = self._model.auth
        if auth is None or self._made not in (self._length * 70 // 100, self._length * 75 // 100):
            return 0
        return auth.token_seconds * 1000 - 60_000 if self._made < self._length * 73 // 100 else 120_000

    def _assigned(self) -> Iterator[Assigned]:
        """Values for fields that only somebody at the database can set: for most of the new rows, now and then
        for the account of one of the first people."""
        chosen, self.memory.fresh = self.memory.fresh, []
        if self._model.auth and self.memory.people and self._random.random() < 0.03:
            person = self._random.choice(self.memory.people[:4])
            chosen.append((self._model.auth.identity, person.key))
            self.memory.refused -= {(o.name, person.key) for o in self._operations}
        for entity, key in chosen:
            for field in self._model.entity(entity).fields:
                choices = assignable(field)
                if choices and self._random.random() < ASSIGNED_SHARE:
                    value: str | bool = self._random.choice(choices)
                    yield Assigned(entity=entity, key=key, field=field.name, value=value)

    # Choosing ------------------------------------------------------------------------------------------

    def _draft(self) -> Draft:
        if self._random.random() < 0.02:
            return self._unknown_route()
        caller = self._caller()
        operation = self._choose()
        if caller and self._expired(caller) and self._random.random() < 0.6:
            operation = self._sign_in() or operation
        operation = self._possible(operation)
        if caller and self._edges and self._random.random() < EDGE_SHARE:
            edge = self._edges.pop()
            draft = self._good(edge.operation, self._able(edge.operation, caller))
            edge.apply(draft)
            return draft
        draft = self._good(operation, self._able(operation, caller))
        if self._random.random() < UNUSUAL_SHARE:
            self._spoiler.spoil(draft)
        return draft

    def _choose(self) -> Operation:
        entrance = [o for o in self._operations if writes(o.steps, SignIn) and writes(o.steps, Create)]
        if entrance and len(self.memory.people) < 3:
            return entrance[0]
        return self._random.choices(self._operations, [self._weight(o) for o in self._operations])[0]

    def _possible(self, operation: Operation) -> Operation:
        """Mostly one that has the rows it needs: where there are none, the operation that makes them."""
        for entity in self._needed(operation):
            makers = [o for o in self._operations if entity in created(o)]
            if makers and not self.memory.rows[entity] and self._random.random() < 0.85:
                return self._possible(makers[0]) if makers[0] is not operation else operation
        return operation

    def _needed(self, operation: Operation) -> list[str]:
        """The entities whose rows the path or a required reference names."""
        found = [step.entity for step in operation.steps if isinstance(step, Find)]
        fields = operation.body.fields if operation.body else ()
        references = [f.type.entity for f in fields if f.required and isinstance(f.type, ReferenceType)]
        return [*(found if operation.path_parameters else []), *references]

    def _able(self, operation: Operation, caller: Person | None) -> Person | None:
        """Mostly somebody who was not refused this operation before."""
        refused = self.memory.refused
        if caller is None or (operation.name, caller.key) not in refused or self._random.random() < 0.2:
            return caller
        others = [p for p in self.memory.people if (operation.name, p.key) not in refused]
        return self._random.choice(others) if others else caller

    def _weight(self, operation: Operation) -> float:
        if writes(operation.steps, SignIn):
            return 0.4
        if writes(operation.steps, Select):
            return 3
        if writes(operation.steps, Create):
            return 3.5
        return 1.2 if operation.method == "DELETE" else 3

    def _caller(self) -> Person | None:
        """Mostly one of the first few people, who then own much; sometimes a stranger, sometimes nobody."""
        people = self.memory.people
        if not people or self._random.random() < 0.04:
            return None
        return self._random.choice(people[:4] if self._random.random() < 0.85 else people)

    def _sign_in(self) -> Operation | None:
        return next((o for o in self._operations if writes(o.steps, VerifyPassword)), None)

    def _expired(self, person: Person) -> bool:
        auth = self._model.auth
        return auth is not None and self._number - person.issued >= auth.token_seconds * 1000 - 1000

    def _unknown_route(self) -> Draft:
        draft = Draft(self._random.choice(self._operations))
        draft.label = "unknown route"
        literal = draft.path.replace("{", "").replace("}", "")
        draft.path = self._random.choice(
            (f"{literal}/more/of/it", f"{literal}x", "/", "/nothing/here", f"{literal}/")
        )
        return draft

    # A good request ------------------------------------------------------------------------------------

    def _good(self, operation: Operation, caller: Person | None) -> Draft:
        draft = Draft(operation)
        draft.caller = caller
        if caller is not None and operation.caller != "none":
            draft.authorization = caller.token
        for parameter in operation.path_parameters:
            draft.path = draft.path.replace(f"{{{parameter.name}}}", self._row(operation, caller))
        draft.query = self._query(operation, caller)
        if operation.body is not None:
            draft.content_type = "application/json"
            draft.members = self._members(operation, caller)
        return draft

    def _row(self, operation: Operation, caller: Person | None) -> str:
        entity = next((step.entity for step in operation.steps if isinstance(step, Find | Select)), None)
        key = self.memory.row_for(entity, caller, self._random) if entity else None
        return key or values.unknown_key(self._random)

    def _query(self, operation: Operation, caller: Person | None) -> list[tuple[str, Text]]:
        pages = [cursor for cursor in self.memory.cursors if cursor[0] == operation.name]
        if isinstance(operation.respond.show, ShowPage) and pages and self._random.random() < 0.35:
            _, plain, cursor = self._random.choice(pages[-8:])
            return [*plain, ("after", cursor)]
        chosen: list[tuple[str, Text]] = []
        for field in query_fields(operation):
            if field.name == "limit":
                if self._random.random() < 0.6:
                    chosen.append(("limit", str(self._random.randint(1, min(5, most(field) or 5)))))
            elif field.name != "after" and (field.required or self._random.random() < 0.4):
                chosen.append(
                    (field.wire, values.parameter(field.type, self._random, self._keys(field, caller)))
                )
        return chosen

    def _members(self, operation: Operation, caller: Person | None) -> list[tuple[str, str]]:
        assert operation.body is not None
        known = self._known_credentials(operation, caller)
        chosen = []
        for field in operation.body.fields:
            if not field.required and self._random.random() < 0.4:
                continue
            nothing = isinstance(field.type, ReferenceType) and not self._keys(field, caller)
            if field.nullable and self._random.random() < (0.9 if nothing else 0.2):
                chosen.append((field.wire, "null"))
            elif field.name in known:
                chosen.append((field.wire, values.source(known[field.name])))
            else:
                chosen.append((field.wire, self._value(operation, field, caller)))
        self._random.shuffle(chosen)
        return chosen

    def _known_credentials(self, operation: Operation, caller: Person | None) -> dict[str, str]:
        if not writes(operation.steps, VerifyPassword) or caller is None:
            return {}
        return dict(caller.credentials)

    def _value(self, operation: Operation, field: InputField, caller: Person | None) -> str:
        made = values.good(field.type, self._random, self._keys(field, caller))
        if not self._is_unique(operation, field):
            return made
        taken = self._taken.setdefault(field.name, [])
        if taken and self._random.random() < 0.08:
            return self._random.choice(taken)
        taken.append(self._another(field, made))
        return taken[-1]

    def _another(self, field: InputField, made: str) -> str:
        """A value that is not there yet."""
        self._unique += 1
        text = json.loads(made)
        if not isinstance(text, str):
            return values.source(self._unique)
        if "@" in text:
            return values.source(
                f"Caller{self._unique}@{self._random.choice(('example.com', 'Example.org'))}"
            )
        return values.source(f"{self._unique}-{text}"[: most(field)])

    def _is_unique(self, operation: Operation, field: InputField) -> bool:
        written = [step.entity for step in operation.steps if isinstance(step, Create | Update)]
        return any(
            stored.unique
            for entity in written
            for stored in self._model.entity(entity).fields
            if stored.name == field.name
        )

    def _keys(self, field: InputField, caller: Person | None) -> list[str]:
        entity = getattr(field.type, "entity", None)
        return self.memory.referred(entity, caller, self._random) if entity else []


def created(operation: Operation) -> list[str]:
    """The entities of which the operation makes a row."""
    return [step.entity for step in operation.steps if isinstance(step, Create)]


def assignable(field: Field) -> Choices[str | bool]:
    """The values of a field of few values that is neither input nor set by the system."""
    if field.input or field.set is not None or not isinstance(field.type, ScalarType):
        return ()
    return (False, True) if field.type.scalar == "boolean" else field.type.values


def most(field: InputField) -> int | None:
    """The largest value or length that the field takes, where it has one."""
    return field.type.max if isinstance(field.type, ScalarType) else None


def _object(body: bytes | None) -> dict[str, Any]:
    """The members of a body; none where it is not a JSON object."""
    try:
        decoded = json.loads(body or b"{}")
    except ValueError:
        return {}
    return cast("dict[str, Any]", decoded) if isinstance(decoded, dict) else {}
