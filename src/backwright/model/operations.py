"""What follows from an operation's steps: who has to sign in, which errors it can answer, its tag."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal as OneOf

import msgspec

from backwright.expr.typed import Arithmetic, Compare, Expression, Input, Name
from backwright.expr.walk import mentions_caller, nodes
from backwright.model.rules import always, needs_caller
from backwright.model.types import (
    Assignment,
    Auth,
    Body,
    Call,
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Entity,
    FieldType,
    Find,
    Formula,
    Group,
    ListType,
    Logic,
    ManyType,
    Operation,
    RecordType,
    ReferenceType,
    Require,
    Rule,
    Select,
    ShowFile,
    ShowPage,
    ShowRow,
    ShowSession,
    SignIn,
    SignOut,
    Step,
    Update,
    UpdateAll,
    Upsert,
    VerifyPassword,
    View,
    Viewed,
)
from backwright.spec.diagnostics import Place

ERRORS = (
    "malformed", "unauthenticated", "invalid_credentials", "forbidden", "not_found", "conflict", "gone",
    "precondition_failed", "payload_too_large", "unsupported_media_type", "invalid", "precondition_required",
    "too_many_requests",
)  # fmt: skip
_ANONYMOUS = re.compile(r"\bcaller\s*[!=]=\s*null\b|\bnull\s*[!=]=\s*caller\b")


def finished(
    operation: Operation,
    entities: Mapping[str, Entity],
    views: Mapping[str, View],
    logic: Mapping[str, Logic],
    auth: Auth | None,
) -> Operation:
    """The operation with its caller, errors and tag."""
    caller = _Caller(operation, entities, views, auth).demand()
    possible = _errors(operation, entities, auth, caller)
    for step in operation.steps:
        if isinstance(step, Call):
            possible |= {"invalid", *(each.category for each in logic[step.logic].errors)}
    return msgspec.structs.replace(
        operation,
        tag=tag_of(operation.path),
        caller=caller,
        errors=tuple(error for error in ERRORS if error in possible),
    )


def tag_of(path: str) -> str:
    """The first literal segment of a path."""
    return next((part for part in path.split("/") if part and not part.startswith("{")), "root")


def expressions(value: object) -> Iterator[Expression]:
    """Every expression in a part of the model: those of formulas and of rules, in its order."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Formula):
            yield part.meaning
        elif isinstance(part, Rule):
            yield part.condition
        elif isinstance(part, msgspec.Struct) and not isinstance(part, Place):
            waiting += [getattr(part, name) for name in reversed(part.__struct_fields__)]
        elif isinstance(part, tuple | list):
            waiting += reversed(part)
        elif isinstance(part, dict):
            waiting += reversed(part.values())


def referred(kind: FieldType) -> Iterator[str]:
    """The entities whose rows a value of this type refers to."""
    match kind:
        case ReferenceType(entity=entity) | ManyType(entity=entity):
            yield entity
        case ListType(element=element):
            yield from referred(element)
        case RecordType(members=members):
            for member in members:
                yield from referred(member.type)
        case _:
            return


def views_of(value: object, views: Mapping[str, View]) -> set[str]:
    """The views that an answer shows, and those that these show."""
    found: set[str] = set()
    waiting = list(_named_views(value))
    while waiting:
        name = waiting.pop()
        if name not in found and name in views:
            found.add(name)
            waiting += _named_views(views[name])
    return found


def _named_views(value: object) -> Iterator[str]:
    match value:
        case Formula() | Rule() | Place():
            pass
        case msgspec.Struct():
            if isinstance(value, Viewed | ShowRow | ShowPage | ShowSession):
                yield value.view
            for name in value.__struct_fields__:
                yield from _named_views(getattr(value, name))
        case tuple():
            for item in value:
                yield from _named_views(item)
        case _:
            pass


class _Caller:
    """Whether credentials are demanded, looked at, or ignored."""

    def __init__(
        self,
        operation: Operation,
        entities: Mapping[str, Entity],
        views: Mapping[str, View],
        auth: Auth | None,
    ) -> None:
        self.operation = operation
        self.entities = entities
        self.views = views
        self.auth = auth

    def demand(self) -> OneOf["none", "optional", "required"]:
        """`required` where a step turns anonymous callers away, else whether anyone looks at the caller."""
        if self._turns_away():
            return "required"
        return "optional" if self._looks() else "none"

    def _turns_away(self) -> bool:
        access = self.operation.access
        if access is not None and needs_caller(access.condition):
            return True
        for step in self.operation.steps:
            if step.when is not None:
                continue
            if any(needs_caller(rule.condition) for rule in _demanding(step)):
                return True
            if any(_is_callers(value.value) for value in _values(step)):
                return True
            if isinstance(step, Require) and _turns_away(step):
                return True
        return False

    def _looks(self) -> bool:
        operation = self.operation
        shown = [self.views[name] for name in views_of(operation.respond, self.views)]
        for expression in expressions((operation.access, operation.steps, operation.respond, shown)):
            if mentions_caller(expression) or _asks_session(expression):
                return True
        if self.auth is None:
            return False
        if any(isinstance(step, SignOut) for step in operation.steps):
            return True
        if operation.body is not None and any(mentions_caller(e) for e in expressions(operation.body)):
            return True
        if any(mentions_caller(self.entities[name].access["read"].condition) for name in self._referred()):
            return True
        return any(rate.by == "caller" for rate in operation.rates) or self._is_recorded()

    def _referred(self) -> Iterator[str]:
        """The entities of which the body names rows: the caller has to be able to read them."""
        waiting = [field.type for field in (self.operation.body.fields if self.operation.body else ())]
        while waiting:
            match waiting.pop():
                case ReferenceType(entity=name) | ManyType(entity=name) if name in self.entities:
                    yield name
                case ListType(element=element):
                    waiting.append(element)
                case RecordType(members=members):
                    waiting += [member.type for member in members]
                case _:
                    pass

    def _is_recorded(self) -> bool:
        """Whether a write is recorded with who made it."""
        for step in self.operation.steps:
            entity = self.entities.get(getattr(step, "entity", ""))
            audit = None if entity is None else entity.audit
            if audit is not None and set(audit.verbs) & set(_writes(step)):
                return True
        return False


def _turns_away(step: Require) -> bool:
    """Whether a condition is about who may, and no anonymous caller meets it."""
    about_callers = step.otherwise.category in ("forbidden", "unauthenticated")
    return about_callers and needs_caller(step.condition.meaning)


def _writes(step: Step) -> tuple[str, ...]:
    match step:
        case Create() | Ensure():
            return ("create",)
        case Update() | UpdateAll():
            return ("update",)
        case Delete() | DeleteAll():
            return ("delete",)
        case Upsert():
            return ("create", "update")
        case _:
            return ()


def _asks_session(expression: Expression) -> bool:
    return any(isinstance(node, Input) and node.source == "session" for node in nodes(expression))


def _is_callers(value: Formula) -> bool:
    """Whether a value needs a caller: it names one, and does not ask whether there is one."""
    return mentions_caller(value.meaning) and _ANONYMOUS.search(value.source) is None


def _values(step: Step) -> tuple[Assignment, ...]:
    match step:
        case Create() | Update() | UpdateAll() | Ensure():
            return step.values
        case Upsert():
            return (*step.values, *step.changes)
        case _:
            return ()


def _demanding(step: Step) -> Iterator[Rule]:
    """The rules that everyone who takes a step has to pass."""
    found: list[Rule | None]
    match step:
        case Find():
            found = [] if step.optional else [step.readable]
        case Select() | Group():
            found = [step.readable]
        case Create() | Delete() | Ensure():
            found = [step.allowed]
        case Update():
            found = [step.allowed, step.after]
        case UpdateAll() | DeleteAll():
            found = [step.readable, step.allowed]
        case Upsert():
            both = step.created is not None and needs_caller(step.created.condition)
            found = [step.updated] if both else []
        case Require() | VerifyPassword() | SignIn() | SignOut() | Call():
            found = []
    yield from (rule for rule in found if rule is not None)


# Errors -----------------------------------------------------------------------------------------------


def _errors(operation: Operation, entities: Mapping[str, Entity], auth: Auth | None, caller: str) -> set[str]:
    found: set[str] = set() if caller == "none" else {"unauthenticated"}
    found |= _body_errors(operation.body)
    if operation.query or any(isinstance(step, Select) for step in operation.steps):
        found.add("invalid")
    if operation.access is not None and not _only_signed_in(operation.access):
        found.add("forbidden")
    if auth is not None and auth.cookie is not None and operation.method != "GET" and caller != "none":
        found.add("forbidden")
    if operation.rates:
        found.add("too_many_requests")
    if operation.idempotent != "no":
        found |= {"malformed", "invalid"}
    if operation.if_match == "required":
        found.add("precondition_required")
    if isinstance(operation.respond.show, ShowFile):
        found.add("not_found")
    for step in operation.steps:
        found |= _step_errors(step, entities)
    if any(isinstance(node, Arithmetic) for e in expressions(operation.steps) for node in nodes(e)):
        found.add("invalid")
    return found


def _only_signed_in(rule: Rule) -> bool:
    """Whether a rule asks for nothing but a caller."""
    match rule.condition:
        case Compare(op="!=", left=Name(root="caller")) | Compare(op="!=", right=Name(root="caller")):
            return True
        case _:
            return always(rule)


def _body_errors(body: Body | None) -> set[str]:
    if body is None:
        return set()
    found = {"malformed", "payload_too_large", "unsupported_media_type", "invalid"}
    return found | ({"forbidden"} if any(member.write is not None for member in body.fields) else set())


def _step_errors(step: Step, entities: Mapping[str, Entity]) -> set[str]:
    match step:
        case Find():
            if step.optional:
                return set()
            return {step.error if step.otherwise is None else step.otherwise.category}
        case Require():
            return {step.otherwise.category}
        case Create() | Ensure():
            return _judged(step.allowed) | _written(entities[step.entity])
        case Update():
            found = _judged(step.allowed) | _judged(step.after) | _written(entities[step.entity])
            return found | ({"precondition_failed"} if step.match else set())
        case UpdateAll():
            return _judged(step.allowed) | _judged(step.after) | _written(entities[step.entity])
        case Delete():
            # A row that others refer to cannot be deleted.
            found = _judged(step.allowed) | {"conflict"}
            return found | ({"precondition_failed"} if step.match else set())
        case DeleteAll():
            return _judged(step.allowed) | {"conflict"}
        case Upsert():
            found = _judged(step.created) | _judged(step.updated) | _written(entities[step.entity])
            return found | ({step.otherwise.category} if step.otherwise is not None else set())
        case VerifyPassword():
            return {"invalid_credentials" if step.otherwise is None else step.otherwise.category}
        case Select() | Group() | SignIn() | SignOut() | Call():
            return set()


def _judged(rule: Rule | None) -> set[str]:
    return set() if rule is None or always(rule) else {"forbidden"}


def _written(entity: Entity) -> set[str]:
    """What a write can break: unique keys, and the checks of the entity."""
    found = {"conflict"} if _unique(entity) else set()
    return found | ({"invalid"} if entity.checks or any(f.same is not None for f in entity.fields) else set())


def _unique(entity: Entity) -> bool:
    given = entity.composite or entity.field(entity.key).input
    return bool(
        given or any(field.unique for field in entity.fields) or any(index.unique for index in entity.indexes)
    )
