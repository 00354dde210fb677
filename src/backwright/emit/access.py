"""Writes `access.py`: who may call operations, whatever they are about."""

from __future__ import annotations

from backwright.emit.names import snake
from backwright.emit.package import Package
from backwright.emit.services.judging import plain_condition
from backwright.emit.services.parameters import context_type
from backwright.emit.source import (
    Identifier,
    Source,
    docstring,
    indented,
    module,
    source,
)
from backwright.expr.walk import mentions_caller


def access_module(package: Package) -> str:
    """Writes `access.py`: the operations' own rules, about the caller only."""

    model, names = package.model, package.names
    pieces: list[Source] = []
    for operation in model.operations:
        rule = package.accesses.get(operation.name)
        if rule is None:
            continue
        context = context_type(model, names)
        known = operation.caller == "required"
        start = "caller = ctx.signed_in()" if known else "caller = ctx.caller"
        condition, needed, is_async = plain_condition(rule, operation, package)
        lines = [start] if mentions_caller(rule.condition) else []
        text = (
            f"{'async ' if is_async else ''}def {Identifier(snake(operation.name))}(ctx: {context}) -> bool:\n"
            f"    {docstring(f'{operation.method} {operation.path}: {rule.source}', 4)}\n"
            f"{indented(chr(10).join([*lines, f'return {condition}']))}"
        )
        pieces.append(source(text, context, needed))

    return module("Who may call operations, whatever they are about.", pieces, package=names.package)
