"""Operations that always run in one transaction with their kept answer: in these, `ctx.db` is that transaction."""

from __future__ import annotations

import ast

from backwright.verify.mutation.editing import keywords
from backwright.verify.mutation.sources import Module, Sources


def always_joined(sources: Sources) -> frozenset[str]:
    """The service functions of routes with `idempotent="required"`: no request without a key gets so far."""
    return frozenset(
        function.name
        for module in sources.modules("routes")
        for function in module.functions()
        for decorator in function.decorator_list
        for _, keyword in keywords(module, decorator)
        if keyword.arg == "idempotent"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value == "required"
    )


def function_at(module: Module, line: int) -> str:
    """The name of the function that a line is in; empty outside of all."""
    for function in module.functions():
        if function.lineno <= line <= (function.end_lineno or function.lineno):
            return function.name
    return ""
