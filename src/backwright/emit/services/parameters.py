"""The parameters that handlers and services share: the context, path values, the query and the body."""

from __future__ import annotations

from backwright.emit.annotations import annotation, limited
from backwright.emit.inputs import has_query
from backwright.emit.names import Names
from backwright.emit.services.mentions import formulas
from backwright.emit.services.scope import path_variable
from backwright.emit.source import Source, imports, source
from backwright.expr.typed import Input
from backwright.expr.walk import nodes
from backwright.model.operations import referred
from backwright.model.types import Find, Model, Operation

_RUNTIME = "backwright_runtime"


def context_type(model: Model, names: Names) -> Source:
    """The type of the first parameter of handlers and services."""
    if model.auth is None:
        return source("RequestContext[None]", imports(_RUNTIME, "RequestContext"))
    return source("Context", imports(f"{names.package}.callers", "Context"))


def parameters(
    operation: Operation, model: Model, names: Names, *, limits: bool = False
) -> tuple[list[str], list[Source]]:
    """What follows the context, and what its types need.

    `limits`: values of the path that do more than find a row say what they have to be like.
    """
    found: list[str] = []
    needed: list[Source] = []
    for each in operation.path_parameters:
        kind = annotation(each.type, model)
        if limits and (each.folded or _is_kept(operation, each.name) or _may_fail_first(operation)):
            kind = limited(each.type, folded=each.folded)
        found.append(f"{path_variable(each.name)}: {kind}")
        needed.append(kind)
    inputs = f"{names.package}.inputs"
    if has_query(operation):
        query = names.query_class(operation)
        found.append(f"query: {query}")
        needed.append(source(query, imports(inputs, query)))
    if operation.body is not None:
        body = names.input_class(operation)
        found.append(f"body: {body}")
        needed.append(source(body, imports(inputs, body)))
    return found, needed


def _may_fail_first(operation: Operation) -> bool:
    """Whether something else is answered before a row is found: a value that no row can have is 404 all the same."""
    fields = operation.body.fields if operation.body is not None else ()
    if any(True for field in fields for _ in referred(field.type)):
        return True
    return bool(operation.steps) and not isinstance(operation.steps[0], Find)


def _is_kept(operation: Operation, name: str) -> bool:
    """Whether a value of the path does more than find a row."""
    others = tuple(step for step in operation.steps if not isinstance(step, Find))
    return any(
        isinstance(node, Input) and node.source == "params" and node.name == name
        for formula in formulas((others, operation.respond))
        for node in nodes(formula.meaning)
    )
