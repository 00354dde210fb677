"""A parameter that nothing uses."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backwright.expr.typed import Input
from backwright.expr.walk import nodes
from backwright.model.operations import expressions
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register
from backwright.spec.nodes import At, SpecDocument

_PARAMETER = re.compile(r"\bparams\.([A-Za-z_][A-Za-z0-9_]*)")
CODE = register(
    "BW354",
    "A parameter that nothing uses",
    "A request that names something which has no effect hides a mistake, often a row that is not looked for.",
    "route: GET /customers/{customer}/orders\nlist: Order",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Path parameters and declared query parameters that no expression of their operation names."""
    written = {node.name.value: node for node in document.operations}
    for operation in model.operations:
        if not operation.path_parameters and not operation.query:
            continue
        named = {
            node.name
            for expression in expressions(operation)
            for node in nodes(expression)
            if isinstance(node, Input) and node.source == "params"
        }
        # An expression that is wrong is not in the model, and has its own diagnostic.
        named |= set(_mentioned(written.get(operation.name)))
        for parameter in operation.path_parameters:
            if parameter.name not in named:
                message = (
                    f"{operation.name} does not use `{{{parameter.wire or parameter.name}}}` of its path"
                )
                mend = "name its row with `parent`, use it in `where`, or take it out of the path"
                yield diagnose(CODE, operation.place, message, mend)
        for member in operation.query:
            if member.name not in named:
                message = f"{operation.name} does not use the parameter `{member.name}`"
                yield diagnose(CODE, member.place, message, f"name params.{member.name}, or remove it")


def _mentioned(node: object) -> Iterator[str]:
    """The parameters in the author's words."""
    match node:
        case At(value=str(text)):
            yield from _PARAMETER.findall(text)
        case At() | Place():
            pass
        case msgspec.Struct():
            for name in node.__struct_fields__:
                yield from _mentioned(getattr(node, name))
        case tuple():
            for item in node:
                yield from _mentioned(item)
        case _:
            pass
