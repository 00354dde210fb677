"""Puts the expression of a computed value in the place of its name, and measures what that makes."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from backwright.expr.fold import rebuilt
from backwright.expr.typed import (
    BOOLEAN,
    Compare,
    Conditional,
    Constant,
    Expression,
    Filtered,
    Mapped,
    Member,
    Name,
    Quantified,
    Type,
)
from backwright.expr.walk import nodes, parts

NULL = Constant(type=Type("null", nullable=True), value=None)
_MACROS = Filtered | Quantified | Mapped


def inlined(value: Expression, of: Expression, variables: Iterable[str]) -> Expression:
    """The value about the row `of` instead of `this`; null where that row is (a member of null is null).

    Its own variables get names that differ from `variables`, which are in scope around it.
    """
    row = _certain(of)

    def about(node: Expression) -> Expression:
        return row if isinstance(node, Name) and node.root == "this" else node

    found = rebuilt(_apart(value, set(variables)), about)
    if not of.type.nullable:
        return found
    kind = msgspec.structs.replace(found.type, nullable=True)
    there = Compare(type=BOOLEAN, op="!=", left=of, right=NULL)
    return Conditional(type=kind, when=there, then=found, otherwise=NULL)


def _certain(of: Expression) -> Expression:
    return msgspec.structs.replace(of, type=msgspec.structs.replace(of.type, nullable=False))


def _apart(value: Expression, taken: set[str]) -> Expression:
    """The expression with its variables renamed where their names are taken."""
    own = {node.variable for node in nodes(value) if isinstance(node, _MACROS)}
    names: dict[str, str] = {}
    for variable in sorted(own & taken):
        number = 2
        while f"{variable}{number}" in taken | own:
            number += 1
        names[variable] = f"{variable}{number}"
        taken = taken | {names[variable]}

    def renamed(node: Expression) -> Expression:
        match node:
            case Name(root="variable", binding=str(name)) if name in names:
                return msgspec.structs.replace(node, binding=names[name])
            case Filtered(variable=name) | Quantified(variable=name) | Mapped(variable=name) if name in names:
                return msgspec.structs.replace(node, variable=names[name])
            case _:
                return node

    return rebuilt(value, renamed) if names else value


def depth(node: Expression) -> int:
    """How many macros stand inside each other."""
    match node:
        case Filtered(of=of, condition=inside) | Quantified(of=of, condition=inside):
            return max(depth(of), 1 + depth(inside))
        case Mapped(of=of, value=inside):
            return max(depth(of), 1 + depth(inside))
        case _:
            return max(map(depth, parts(node)), default=0)


def levels(node: Expression) -> int:
    """How deep its parts stand inside each other. It does not recurse: it is asked before anything that does."""
    found, level = 0, [node]
    while level:
        found += 1
        level = [part for each in level for part in parts(each)]
    return found


def from_caller(node: Expression) -> bool:
    """Whether it is null only for anonymous callers, as far as its own path goes: `caller.org`."""
    match node:
        case Name(root="caller"):
            return True
        case Member(of=of):
            return from_caller(of)
        case _:
            return False
