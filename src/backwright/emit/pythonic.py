"""Expressions as the Python of emitted functions: what stands for the row, the request and the caller there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from backwright.emit.source import Imports, Source, imports, source
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
    known = fold(expression, caller_known=caller_known, lookup=field_types(model))
    named = dict(roots)

    def spelled(node: Expression) -> Expression:
        match node:
            case Name(root="total" | "next" as root, binding=binding):
                text = f"{roots[binding or '']}.{root}"
                named[text] = text
                return Name(type=node.type, root="variable", binding=text)
            case _:
                return node

    known = rebuilt(known, spelled)
    names = python.Names(
        roots=named,
        attribute=lambda of, field: model.entity(of).field(field).column,
        keys=lambda of: tuple(model.entity(of).field(name).column for name in model.entity(of).keys),
        inputs=inputs or (lambda origin, name: f"{origin}.{name}"),
        caller_known=caller_known,
    )
    try:
        text = python.compile(known, names)
    except python.NotLocal:
        text = "NOT_COMPILED"
    return source(text, _needed(text))


def _needed(text: str) -> Imports:
    return imports("backwright_runtime.arithmetic", *python.functions(text))
