"""The steps of an operation, one after the other, on a copy of the rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, assert_never

import msgspec

from backwright.model.types import (
    Call,
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Entity,
    Failing,
    Find,
    Formula,
    Group,
    Model,
    Operation,
    Require,
    Rule,
    Select,
    SignIn,
    SignOut,
    Step,
    Update,
    UpdateAll,
    Upsert,
    VerifyPassword,
)
from backwright.reference import calling, removing, selecting, writing
from backwright.reference.evaluate import Environment, Row, evaluate, holds
from backwright.reference.failures import Failure
from backwright.reference.seam import Seam
from backwright.reference.selecting import Cursors
from backwright.reference.sessions import Session, begun, ended, expires

Rows = dict[str, list[Row]]
Observe = Callable[[Rule | Formula, bool], None]
"""Told what each rule and each condition came to."""


class Execution(msgspec.Struct, kw_only=True):
    """One run of one operation.

    `rows`, `gone` (rows that were deleted softly) and `sequences` (the last number of each) are copies that
    replace the state only if every step succeeds. `query` is what decides a page, by its usual names, and `members`
    are the names of the body's members that were sent. `version` is what `If-Match` demands (None: anything).
    `removed` are the entities and keys of rows that this run took out for good.
    """

    model: Model
    operation: Operation
    request_id: str
    now: datetime
    rows: Rows
    gone: Rows
    sequences: dict[tuple[str, str], int]
    caller: Row | None
    params: dict[str, Any]
    body: dict[str, Any]
    presented: Session | None
    seam: Seam
    fresh: Callable[[str], str]
    cursors: Cursors
    scripts: calling.Scripts = {}
    query: dict[str, Any] = {}
    members: frozenset[str] = frozenset()
    version: frozenset[int] | None = None
    bindings: dict[str, Any] = {}
    issued: list[Session] = []
    revoked: list[str] = []
    removed: set[tuple[str, Any]] = set()
    observe: Observe | None = None

    def entity(self, name: str) -> Entity:
        return self.model.entity(name)

    def environment(self, this: Row | None = None, **names: Any) -> Environment:
        """What names mean at this point of the run."""
        return Environment(
            now=self.now,
            keys={entity.name: entity.keys for entity in self.model.entities},
            rows=self.rows,
            this=this,
            caller=self.caller,
            params=self.params,
            body=self.body,
            session={} if self.presented is None else self.presented.named(),
            bindings=self.bindings,
            **names,
        )

    def value(self, formula: Formula, this: Row | None = None, **names: Any) -> Any:
        """What an expression means at this point of the run."""
        found = evaluate(formula.meaning, self.environment(this, **names))
        if self.observe is not None and isinstance(found, bool):
            self.observe(formula, found)
        return found

    def permits(self, rule: Rule | None, row: Row) -> bool:
        """Whether a rule holds for a row. A trusted step has no rule."""
        if rule is None:
            return True
        found = holds(rule.condition, self.environment(row))
        if self.observe is not None:
            self.observe(rule, found)
        return found

    def readable(self, entity: str, key: Any) -> bool:
        """Whether there is such a row and the caller may read it."""
        target, environment = self.entity(entity), self.environment()
        return any(
            environment.key_of(row, entity) == key and self.permits(target.access["read"], row)
            for row in self.rows[entity]
        )

    def run(self, step: Step) -> None:
        """One step. Raises Failure."""
        if step.when is not None and self.value(step.when) is not True:
            skip(step, self)
            return
        match step:
            case Find():
                selecting.find(step, self)
            case Select():
                selecting.select(step, self)
            case Group():
                selecting.group(step, self)
            case Require():
                if self.value(step.condition) is not True:
                    raise failed(step.otherwise)
            case Create():
                writing.create(step, self)
            case Update():
                writing.update(step, self)
            case UpdateAll():
                writing.update_all(step, self)
            case Ensure():
                writing.ensure(step, self)
            case Upsert():
                writing.upsert(step, self)
            case Delete():
                removing.delete(step, self)
            case DeleteAll():
                removing.delete_all(step, self)
            case VerifyPassword():
                self.verify_password(step)
            case SignIn():
                self.sign_in(step)
            case SignOut():
                self.sign_out()
            case Call():
                self.call(step)
            case _:
                assert_never(step)

    @property
    def sent(self) -> frozenset[str]:
        """The fields that the request sends, under their names in the specification."""
        members = self.operation.body.fields if self.operation.body is not None else ()
        return frozenset(member.name for member in members if member.name in self.members)

    def given(self) -> dict[str, Any]:
        """The declared parameters that the request has."""
        return dict(self.params)

    def failing(self, otherwise: Failing | None) -> Failure:
        """What a step answers in its author's words; a conflict without any."""
        return Failure("conflict") if otherwise is None else failed(otherwise)

    def verify_password(self, step: VerifyPassword) -> None:
        row: Row | None = self.bindings[step.bind]
        if row is None or row[step.field] != self.value(step.given):
            raise Failure("invalid_credentials") if step.otherwise is None else failed(step.otherwise)

    def sign_in(self, step: SignIn) -> None:
        assert self.model.auth is not None
        key = self.entity(self.model.auth.identity).key
        session = Session(
            token=self.fresh("token"),
            subject=self.bindings[step.row][key],
            expires=expires(self.now, self.model.auth),
            csrf=None if self.model.auth.cookie is None else self.fresh("csrf"),
        )
        self.issued.append(session)
        self.bindings[step.bind] = session.token

    def sign_out(self) -> None:
        if self.presented is not None:
            self.revoked.append(self.presented.token)

    def call(self, step: Call) -> None:
        """Something stands in for custom logic. Raises Failure with what it says that is wrong."""
        logic = self.model.function(step.logic)
        given = {each.name: self.value(each.value) for each in step.values}
        if not calling.within(given, logic.input):
            raise Failure("invalid")
        outcome = calling.chosen(self.scripts[step.logic], step.logic, given)
        if outcome.error is not None:
            raise failed(logic.error(outcome.error))
        self.bindings[step.bind] = calling.read(logic.output, outcome.output or {})

    def cookies(self) -> tuple[str, ...]:
        """The cookies that begin or end sessions."""
        auth = self.model.auth
        if auth is None:
            return ()
        if self.issued:
            return begun(self.issued[-1], auth)
        return ended(auth) if self.revoked else ()

    def csrf(self) -> str | None:
        """What a form of the answer proves that it is ours with."""
        session = self.issued[-1] if self.issued else self.presented
        return None if session is None else session.csrf


def skip(step: Step, run: Execution) -> None:
    """What a step would have bound is null; what earlier steps have bound stays."""
    if isinstance(step, Update | Delete | Require | VerifyPassword | SignOut):
        return
    run.bindings[step.bind] = None
    if isinstance(step, Ensure | Upsert):
        run.bindings[f"{step.bind}_created"] = None


def failed(failing: Failing) -> Failure:
    """What a step answers in its author's words."""
    fields = [(failing.field, failing.code)] if failing.field is not None else []
    return Failure(failing.category, fields, code=failing.code, message=failing.message)
