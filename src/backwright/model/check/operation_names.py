"""Names of operations, views and what operations declare."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import At, OperationNode, SpecDocument

_WORD = re.compile(r"[a-z][a-z0-9_]{0,62}")
_VIEW = re.compile(r"[A-Z][A-Za-z0-9_]{0,62}")

CODE = register(
    "BW385",
    "A name in an operation that cannot be used",
    "Names of operations, bindings, parameters and sorts become names in code and in requests.",
    "operations: {Get-Order: {route: GET /orders}}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Operations, their parents, bindings, parameters, filters and sorts; views and their arguments."""
    for view in document.views:
        if not _VIEW.fullmatch(view.name.value):
            yield _bad(view.name, "a view", "letters and digits, beginning with a capital")
        yield from _words((argument.name for argument in view.arguments), "an argument")
    for operation in document.operations:
        yield from _operation(operation)


def _operation(node: OperationNode) -> Iterator[Diagnostic]:
    if not _WORD.fullmatch(node.name.value) or keyword.iskeyword(node.name.value):
        yield _bad(node.name, "an operation", "small letters, digits and _")
    bindings = [name for name, _ in node.parents]
    bindings += [step.binding for step in node.steps if step.binding is not None]
    for name in bindings:
        if not _WORD.fullmatch(name.value) or keyword.iskeyword(name.value):
            yield _bad(name, "a row", "small letters, digits and _")
    yield from _words((param.name for param in node.params), "a parameter")
    if node.body is not None:
        yield from _words((member.name for member in node.body.fields), "a member of a body")
    filters = [*node.filters, *(each for step in node.steps for each in step.filters)]
    sorts = [*node.sort, *(each for step in node.steps for each in step.sort)]
    yield from _words((name for name, _ in filters), "a filter")
    yield from _words((sort.name for sort in sorts), "a sort")


def _words(names: Iterator[At[str]], what: str) -> Iterator[Diagnostic]:
    return (
        _bad(name, what, "small letters, digits and _") for name in names if not _WORD.fullmatch(name.value)
    )


def _bad(name: At[str], what: str, use: str) -> Diagnostic:
    return diagnose(CODE, name.place, f"`{name.value}` cannot be the name of {what}", f"use {use}")
