"""Checks of the specification as SQL of one database, where a CHECK constraint can say the same.

The service judges every check before it writes; the constraint is what holds when something else writes.
A constraint may not look at other rows, the caller or the clock, and PostgreSQL wants it to mean the same in every
session. What is not among `_SAYABLE`, or does not compile, is left to the service.
"""

from __future__ import annotations

import re

from backwright.emit.sql import quoted
from backwright.expr import sql
from backwright.expr.typed import (
    And,
    Arithmetic,
    Compare,
    Conditional,
    Constant,
    Expression,
    In,
    Member,
    Name,
    Not,
    Or,
    Size,
)
from backwright.expr.walk import nodes
from backwright.model.storage import Dialect, is_column
from backwright.model.types import Entity, Formula, Model

_SAYABLE = (Constant, Name, Member, Compare, And, Or, Not, In, Arithmetic, Conditional, Size)
_KINDS = frozenset(
    {"null", "boolean", "integer", "decimal", "string", "date", "timestamp", "uuid", "enum", "entity"}
)
_QUERY = re.compile(r"'(?:[^']|'')*'|(\bSELECT\b)", re.IGNORECASE)


def check_sql(model: Model, entity: Entity, condition: Formula, dialect: Dialect) -> str | None:
    """The condition about one row as SQL, false where the language says false; None where it cannot be said."""
    meaning = condition.meaning
    if not all(_sayable(node, entity, dialect) for node in nodes(meaning)):
        return None

    def column(owner: str, field: str) -> str:
        return quoted(model.entity(owner).field(field).column)

    try:
        compiled = sql.compile(meaning, column, dialect, value=True)
    except (TypeError, ValueError, KeyError, sql.NotPortable):
        return None
    if compiled.parameters or any(match[1] for match in _QUERY.finditer(compiled.text)):
        return None
    return " ".join(compiled.text.split("\n")) if "'" not in compiled.text else compiled.text


def _sayable(node: Expression, entity: Entity, dialect: Dialect) -> bool:
    if not isinstance(node, _SAYABLE) or node.type.kind not in _KINDS:
        return False
    if (
        node.type.kind == "decimal" and dialect == "sqlite"
    ):  # whole numbers there, each with a scale of its own
        return False
    match node:
        case Name(root=root):
            return root == "this"
        case Member(of=Name(root="this"), field=name):
            field = entity.field(name)
            return is_column(field) and not field.encrypted
        case Member():
            return False
        case Arithmetic(type=kind):
            return kind.kind in ("integer", "decimal")
        case Size(of=of):
            return of.type.kind == "string"
        case _:
            return True
