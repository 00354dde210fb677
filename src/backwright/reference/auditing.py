"""The records of audited writes: who, when, what, before and after."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from backwright.model.types import Entity, Field, ManyType, ScalarType, Verb
from backwright.reference.evaluate import Row
from backwright.reference.execution import Execution
from backwright.reference.texts import written

ACTIONS: dict[Verb, str] = {"create": "created", "update": "updated", "delete": "deleted"}
SECRET = ("password", "token", "bytes")


def record(entity: Entity, verb: Verb, before: Row | None, after: Row | None, run: Execution) -> None:
    """Add a record of one write, where the entity is audited."""
    audit = entity.audit
    row = after or before
    if audit is None or row is None or verb not in audit.verbs:
        return
    companion = run.entity(audit.into)
    values: dict[str, Any] = {
        "row": "/".join(written(row[key]) for key in entity.keys),
        "action": ACTIONS[verb],
        "at": run.now,
        "operation": run.operation.name,
        "request_id": run.request_id,
        "before": None if before is None else shown(entity, before),
        "after": None if after is None else shown(entity, after),
    }
    if run.model.auth is not None:
        caller = run.caller
        key = run.entity(run.model.auth.identity).key
        values["caller"] = None if caller is None else caller[key]
    if entity.tenancy is not None:
        values[entity.tenancy] = row[entity.tenancy]
    fields = {field.name for field in companion.fields}
    kept = {name: value for name, value in values.items() if name in fields}
    run.rows[companion.name].append({companion.key: run.seam.id(), **kept})


def shown(entity: Entity, row: Row) -> dict[str, Any]:
    """A row as plain JSON, without what is secret."""
    return {
        field.name: plain(_kept(field, row[field.name])) for field in entity.fields if not is_secret(field)
    }


def _kept(field: Field, value: Any) -> Any:
    """What a field lists in no order is recorded in that of the keys."""
    return sorted(value) if isinstance(field.type, ManyType) else value


def is_secret(field: Field) -> bool:
    return field.encrypted or (isinstance(field.type, ScalarType) and field.type.scalar in SECRET)


def plain(value: Any) -> Any:
    """A stored value as JSON holds it."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    return written(value) if isinstance(value, datetime | date | Decimal | UUID) else value
