"""What follows from an operation's steps: who has to sign in, which errors it can answer, its tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal as OneOf

import msgspec

from backwright.expr.walk import mentions_caller
from backwright.model.access import always
from backwright.model.rules import needs_caller
from backwright.model.types import (
    Assignment,
    Create,
    Delete,
    Entity,
    Find,
    Operation,
    Rule,
    Select,
    SignIn,
    Update,
    VerifyPassword,
)

ERRORS = (
    "malformed", "unauthenticated", "invalid_credentials", "forbidden", "not_found", "conflict",
    "payload_too_large", "unsupported_media_type", "invalid",
)  # fmt: skip


def finished(operation: Operation, entity: Entity) -> Operation:
    """The operation with its caller, errors and tag."""
    caller = caller_of(operation)
    return msgspec.structs.replace(
        operation,
        tag=tag_of(operation.path),
        caller=caller,
        errors=tuple(error for error in ERRORS if error in _errors(operation, entity, caller)),
    )


def tag_of(path: str) -> str:
    """The first literal segment of a path."""
    return next((part for part in path.split("/") if part and not part.startswith("{")), "root")


def caller_of(operation: Operation) -> OneOf["none", "optional", "required"]:
    """`required` where a step turns anonymous callers away, else whether anyone looks at the caller."""
    rules = [rule for rule in _rules(operation) if rule is not None]
    as_value = any(mentions_caller(a.value.meaning) for a in _values(operation))
    if as_value or any(needs_caller(rule.condition) for rule in rules):
        return "required"
    in_filter = any(
        mentions_caller(f.condition.meaning)
        for step in operation.steps
        if isinstance(step, Select)
        for f in step.filters
    )
    if in_filter or any(mentions_caller(rule.condition) for rule in rules):
        return "optional"
    return "none"


def _values(operation: Operation) -> Iterator[Assignment]:
    for step in operation.steps:
        if isinstance(step, Create | Update):
            yield from step.values


def _rules(operation: Operation) -> Iterator[Rule | None]:
    for step in operation.steps:
        match step:
            case Find(readable=rule) | Select(readable=rule):
                yield rule
            case Create(allowed=rule) | Update(allowed=rule) | Delete(allowed=rule):
                yield rule
            case VerifyPassword() | SignIn():
                pass


def _errors(operation: Operation, entity: Entity, caller: str) -> set[str]:
    found: set[str] = set() if caller == "none" else {"unauthenticated"}
    if operation.body is not None:
        found |= {"malformed", "payload_too_large", "unsupported_media_type", "invalid"}
    if operation.query or any(isinstance(step, Select) for step in operation.steps):
        found.add("invalid")
    for step in operation.steps:
        match step:
            case Find(error=error):
                found.add(error)
            case Create(allowed=rule) | Update(allowed=rule):
                found |= set() if always(rule) else {"forbidden"}
                found |= {"conflict"} if _unique(entity) else set()
            case Delete(allowed=rule):
                # A row that others refer to cannot be deleted.
                found |= {"conflict"} if always(rule) else {"forbidden", "conflict"}
            case VerifyPassword():
                found.add("invalid_credentials")
            case Select() | SignIn():
                pass
    return found


def _unique(entity: Entity) -> bool:
    return any(field.unique for field in entity.fields) or any(index.unique for index in entity.indexes)
