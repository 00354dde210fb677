"""One run of one operation: the rows that it works on, what names mean in it, and what it has done so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from backwright.model.types import Entity, Formula, Model, Operation, Rule, Step
from backwright.reference.calling import Scripts
from backwright.reference.cursors import Cursors
from backwright.reference.evaluate import Environment, Page, Row, evaluate, holds
from backwright.reference.seam import Seam
from backwright.reference.sessions import Session, begun, ended

Rows = defaultdict[str, list[Row]]
"""The rows of each entity. Those without rows take no place: a copy costs what is there, however large the model is."""
Observe = Callable[[Rule | Formula, bool], None]
"""Told what each rule and each condition came to."""


class Execution(msgspec.Struct, kw_only=True):
    """One run of one operation.

    `rows`, `gone` (rows that were deleted softly) and `sequences` (the last number of each) are copies that
    replace the state only if every step succeeds. `query` is what the request says of a page, by its usual names;
    `paged` is what holds. `members` are the names of the body's members that were sent. `version` is what `If-Match`
    demands (None: anything). `removed` are the entities and keys of rows that this run took out for good.
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
    scripts: Scripts = {}
    query: dict[str, Any] = {}
    paged: dict[str, int] = {}
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
            keys=self.model.keys,
            rows=self.rows,
            this=this,
            caller=self.caller,
            params=self.paged | self.params,
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

    def moved(self, before: Row, after: Row) -> None:
        """A row is another now: so it is for every binding that holds it."""

        def now(row: Any) -> Any:
            return after if row is before else row

        for name, bound in self.bindings.items():
            match bound:
                case Page():
                    self.bindings[name] = msgspec.structs.replace(
                        bound, rows=[now(row) for row in bound.rows]
                    )
                case list():
                    self.bindings[name] = [now(row) for row in bound]
                case _:
                    self.bindings[name] = now(bound)

    def begin(self, step: Step) -> None:
        """A step is about to be taken: for those who watch a run."""

    @property
    def sent(self) -> frozenset[str]:
        """The fields that the request sends, under their names in the specification."""
        members = self.operation.body.fields if self.operation.body is not None else ()
        return frozenset(member.name for member in members if member.name in self.members)

    def given(self) -> dict[str, Any]:
        """The declared parameters that the request has."""
        return dict(self.params)

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
