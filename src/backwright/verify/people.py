"""What a sequence has learned from the answers so far: who has an account, which rows there are, which cursors.

Learned from the reference's answers only, so the same seed always makes the same requests.
"""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from backwright.model.types import (
    Create,
    Delete,
    Model,
    Operation,
    ShowPage,
    ShowRow,
    ShowSession,
    Step,
    Update,
)
from backwright.reference.http import Response
from backwright.verify.traffic import Sent, Slot


class Person(msgspec.Struct):
    """An account: what it signs in with, and the newest token with the moment (a request number) it was issued."""

    key: str
    credentials: dict[str, str]
    token: Slot
    issued: int


class Known(msgspec.Struct):
    """A row that was created: its key and the account that created it."""

    key: str
    creator: str | None


class Memory:
    """People, rows and cursors of one sequence."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.people: list[Person] = []
        self.rows: dict[str, list[Known]] = {entity.name: [] for entity in model.entities}
        self.gone: list[str] = []
        self.refused: set[tuple[str, str]] = set()  # operation and person
        self.fresh: list[tuple[str, str]] = []  # entity and key of rows that nobody has looked at yet
        self.seen: dict[
            tuple[str, str], list[str]
        ] = {}  # keys of others' rows by entity and who was shown them
        self.cursors: list[tuple[str, tuple[tuple[str, str], ...], Slot]] = []

    def keys(self, entity: str) -> list[str]:
        return [row.key for row in self.rows[entity]]

    def row_for(self, entity: str, person: Person | None, random: Random) -> str | None:
        """A key: mostly of a row that the person created, sometimes of anybody's or of one that is gone."""
        own = self.own(entity, person)
        if entity == self._identity and person and random.random() < 0.6:
            return person.key
        if own and random.random() < 0.75:
            return random.choice(own[-30:])
        seen = self.seen.get((entity, person.key), []) if person else []
        if seen and random.random() < 0.5:
            return random.choice(seen[-30:])
        if self.gone and random.random() < 0.08:
            return random.choice(self.gone)
        known = self.keys(entity)
        return random.choice(known) if known else None

    def own(self, entity: str, person: Person | None) -> list[str]:
        """The keys of the rows that the person created."""
        return [row.key for row in self.rows[entity] if person and row.creator == person.key]

    def referred(self, entity: str, person: Person | None, random: Random) -> list[str]:
        """Keys to refer to: mostly of one kind, the person's own rows or those that the person was shown.

        Rules over relations ask whether rows belong together: among all rows, few would.
        """
        own = self.own(entity, person)
        seen = self.seen.get((entity, person.key), []) if person else []
        if entity != self._identity and (own or seen) and random.random() < 0.8:
            return (own if own and (not seen or random.random() < 0.6) else seen)[-30:]
        return self.keys(entity)

    def person(self, key: str | None) -> Person | None:
        return next((person for person in self.people if person.key == key), None)

    def learn(
        self, operation: Operation, sent: Sent, body: dict[str, Any], caller: str | None, answer: Response
    ) -> None:
        """Take in an answer. One to another method (HEAD) is not the operation's own."""
        if answer.status == 403 and caller is not None:
            self.refused.add((operation.name, caller))
        if answer.status >= 400 or sent.method != operation.method:
            return
        data: Any = answer.body["data"] if answer.body else None
        match operation.respond.show:
            case ShowSession(row=row):
                self._session(operation, sent, body, data[row])
            case ShowRow(view=view):
                self._row(operation, body, caller, self._model.view(view).entity, data)
            case ShowPage(view=view):
                self._shown(self._model.view(view).entity, caller, data)
                if answer.body["meta"].get("next") is not None:
                    plain = tuple((n, v) for n, v in sent.query if n != "after" and isinstance(v, str))
                    self.cursors.append((operation.name, plain, Slot(sent.number, ("meta", "next"))))
                    del self.cursors[:-40]
            case _:
                pass
        if any(isinstance(step, Delete) for step in operation.steps):
            self._deleted(sent.path)

    @property
    def _identity(self) -> str | None:
        return self._model.auth.identity if self._model.auth else None

    def _key(self, entity: str, data: dict[str, Any]) -> str:
        key = self._model.entity(entity).key
        view = next(view for view in self._model.views if view.entity == entity)
        return str(data[next(field.wire for field in view.fields if field.field == key)])

    def _session(self, operation: Operation, sent: Sent, body: dict[str, Any], row: dict[str, Any]) -> None:
        assert self._identity is not None
        key = self._key(self._identity, row)
        token = Slot(sent.number, ("data", "token"), before="Bearer ")
        known = self.person(key)
        if known is None:
            self.people.append(Person(key, self._credentials(operation, body), token, sent.number))
            self.rows[self._identity].append(Known(key, key))
            self.fresh.append((self._identity, key))
        else:
            known.token, known.issued = token, sent.number

    def _shown(self, entity: str, caller: str | None, shown: list[dict[str, Any]]) -> None:
        """Rows of others that a person was shown."""
        if caller is None:
            return
        person = self.person(caller)
        mine, known = set(self.own(entity, person)), self.seen.setdefault((entity, caller), [])
        known += [key for row in shown if (key := self._key(entity, row)) not in mine and key not in known]

    def _row(
        self,
        operation: Operation,
        body: dict[str, Any],
        caller: str | None,
        entity: str,
        data: dict[str, Any],
    ) -> None:
        key = self._key(entity, data)
        if writes(operation.steps, Create):
            self.rows[entity].append(Known(key, caller))
            self.fresh.append((entity, key))
        person = self.person(key) if entity == self._identity else None
        if person and writes(operation.steps, Update):
            person.credentials.update(self._credentials(operation, body))

    def _credentials(self, operation: Operation, body: dict[str, Any]) -> dict[str, str]:
        """What signing in needs, by field name, as far as this body says it."""
        auth, fields = self._model.auth, operation.body.fields if operation.body else ()
        wanted = {auth.by, auth.password} if auth else set()
        return {
            field.name: body[field.wire]
            for field in fields
            if field.name in wanted and isinstance(body.get(field.wire), str)
        }

    def _deleted(self, path: str) -> None:
        segments = set(path.split("/"))
        for known in self.rows.values():
            self.gone += [row.key for row in known if row.key in segments]
            known[:] = [row for row in known if row.key not in segments]
        for seen in self.seen.values():
            seen[:] = [key for key in seen if key not in segments]
        self.people = [person for person in self.people if person.key not in segments]


def writes(steps: tuple[Step, ...], kind: type[Step]) -> bool:
    """Does the operation have a step of this kind?"""
    return any(isinstance(step, kind) for step in steps)
