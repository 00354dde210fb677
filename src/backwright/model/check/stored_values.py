"""A stored value that depends on who asks, or when."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.expr.typed import Expression, Name
from backwright.expr.walk import nodes
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW812",
    "A stored value that depends on who asks, or when",
    "What is stored is one value for everybody, until the rows that it is made of change.",
    "computed:\n  mine: {value: this.owner == caller, stored: true}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Computed values that are `stored`, with `caller` or `now` in them, also in another value that they name."""
    for entity in model.entities:
        for computed in entity.computed:
            roots = {root for node in nodes(computed.value.meaning) if (root := _changing(node))}
            if computed.stored and roots:
                found = " and ".join(f"`{root}`" for root in sorted(roots))
                message = f"{entity.name}.{computed.name} is stored, and {found} is in it"
                mend = "leave out `stored`: the value is the same"
                yield diagnose(CODE, computed.place, message, mend)


def _changing(node: Expression) -> str | None:
    match node:
        case Name(root="caller" | "now" as root):
            return root
        case _:
            return None
