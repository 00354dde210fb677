"""Checks of the specification as SQL of one database, where a CHECK constraint can say the same.

The service judges every check before it writes; the constraint is what holds when something else writes.
A constraint may not look at other rows, the caller or the clock, and has to mean the same in every session and
to whoever opens the file. What is not among `_SAYABLE`, or needs a query or a function that not every client has,
is left to the service.
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
from backwright.model.stored import Stored
from backwright.model.types import Entity, Formula, Model

_SAYABLE = (Constant, Name, Member, Compare, And, Or, Not, In, Arithmetic, Conditional, Size)
_KINDS = frozenset(
    {"null", "boolean", "integer", "decimal", "string", "date", "timestamp", "uuid", "enum", "entity"}
)
_WORD = re.compile(r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | (\w+)\s*(\()? """, re.VERBOSE)
_CALLED = frozenset(
    {
        "abs", "and", "any", "case", "cast", "char_length", "coalesce", "else", "in", "length", "not", "nullif",
        "numeric", "or", "round", "then", "when",
    }
)  # fmt: skip
"""What may stand before a parenthesis."""


def check_sql(model: Model, entity: Entity, condition: Formula, dialect: Dialect) -> str | None:
    """The condition about one row as SQL, false where the language says false; None where it cannot be said."""
    meaning = condition.meaning
    if not all(_sayable(node, entity) for node in nodes(meaning)):
        return None
    try:
        compiled = sql.compile(meaning, Stored(model, quoted), dialect, value=True)
    except sql.NotCompiled:
        return None
    return None if compiled.parameters or not _plain(compiled.text, dialect) else compiled.text


def _sayable(node: Expression, entity: Entity) -> bool:
    if not isinstance(node, _SAYABLE) or node.type.kind not in _KINDS:
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


def _plain(text: str, dialect: Dialect) -> bool:
    """Whether it has no query, and on SQLite nothing that the service adds to its own connections."""
    for match in _WORD.finditer(text):
        word, calls = (match[1] or "").lower(), bool(match[2])
        if word == "select" or (calls and word not in _CALLED):
            return False
        if word == "collate" and dialect == "sqlite":
            return False
    return True
