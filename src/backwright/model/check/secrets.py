"""A rule or a filter that names a password."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backwright.model.access import written_rules
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW316",
    "An expression that names a password",
    "A condition on a secret lets callers find it out by trying.",
    "access: this.password == 'x'",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Fields of type password in rules and filters; the expression's own diagnostic calls them unknown."""
    for entity in document.entities:
        secret = [f.name.value for f in entity.fields if f.type is not None and f.type.name == "password"]
        if not secret:
            continue
        named = re.compile(rf"\b(?:this|caller)\.(?:{'|'.join(map(re.escape, secret))})\b")
        written = list(dict.fromkeys(written_rules(entity).values()))
        written += [condition for _, condition in (entity.crud.filters if entity.crud is not None else ())]
        for expression in written:
            if named.search(expression.value):
                message = f"`{expression.value}` names a password"
                yield diagnose(CODE, expression.place, message, "leave the password out")
