"""The alternatives of a condition: each `||` branch, and each value of an `in`, as the only one that holds."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.expr.typed import BOOLEAN, And, Compare, Expression, In, Not, Or, Quantified

MOST = 6
"""How many alternatives of one condition are looked at."""


def alternatives(condition: Expression) -> list[Expression]:
    """The condition with one of its alternatives chosen, for each; empty where it has only one way to hold."""
    found = list(_chosen(condition))
    return found[:MOST] if len(found) > 1 else []


def _chosen(condition: Expression) -> Iterator[Expression]:
    match condition:
        case Or(parts=parts):
            for position, part in enumerate(parts):
                rest = [Not(type=BOOLEAN, of=other) for at, other in enumerate(parts) if at != position]
                for inner in list(_chosen(part)) or [part]:
                    yield And(type=BOOLEAN, parts=(inner, *rest))
        case And(parts=parts):
            for position, part in enumerate(parts):
                for inner in _chosen(part):
                    yield And(type=BOOLEAN, parts=(*parts[:position], inner, *parts[position + 1 :]))
        case In(item=item, options=options) if len(options) > 1:
            for option in options:
                yield Compare(type=BOOLEAN, op="==", left=item, right=option)
        case Quantified(quantifier="exists", condition=inside):
            for inner in _chosen(inside):
                yield msgspec.structs.replace(condition, condition=inner)
        case _:
            return
