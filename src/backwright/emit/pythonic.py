"""Expressions as the Python of emitted functions: what stands for the row, the request and the caller there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from backwright.emit.names import attribute
from backwright.emit.source import Source, imports, source
from backwright.emit.storage import field_types
from backwright.expr import python
from backwright.expr.fold import fold, rebuilt
from backwright.expr.typed import Expression, Name
from backwright.model.types import Model


def compiled(
    expression: Expression,
    model: Model,
    *,
    roots: Mapping[str, str],
    caller_known: bool,
    inputs: Callable[[str, str], str] | None = None,
) -> Source:
    """The Python of an expression that asks for no rows, and what it imports."""
    asked = expression if caller_known else rebuilt(expression, _perhaps_nobody)
    known = fold(asked, caller_known=caller_known, lookup=field_types(model))
    names = python.Names(
        roots=roots,
        attribute=lambda of, field: model.entity(of).field(field).column,
        keys=lambda of: tuple(model.entity(of).field(name).column for name in model.entity(of).keys),
        inputs=inputs,
        part=attribute,
        caller_known=caller_known,
    )
    text = python.compile(known, names)
    needed = (imports(module, *names) for module, names in python.needed(text).items())
    return source(text, *needed)


def _perhaps_nobody(node: Expression) -> Expression:
    """The caller as somebody who may not be there: `set` is understood once, whoever calls."""
    match node:
        case Name(root="caller", type=kind) if not kind.nullable:
            return msgspec.structs.replace(node, type=msgspec.structs.replace(kind, nullable=True))
        case _:
            return node
