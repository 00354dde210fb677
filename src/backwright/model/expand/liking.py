"""`like: other_operation`: an operation that says only what differs."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backwright.model.expand.building import Building
from backwright.model.expand.codes import LIKE, UNKNOWN
from backwright.spec.nodes import OperationNode

_OWN = frozenset({"place", "name", "like", "deprecated", "summary", "route"})


def merged(base: OperationNode, over: OperationNode) -> OperationNode:
    """What `over` says, and where it says nothing, what `base` does.

    A name, a route, a summary and a deprecation are each operation's own.
    """
    said = {
        name: getattr(base, name)
        for name in OperationNode.__struct_fields__
        if name not in _OWN and _is_silent(getattr(over, name))
    }
    return msgspec.structs.replace(over, **said)


def _is_silent(value: object) -> bool:
    return value is None or value == ()


def resolved(
    node: OperationNode, nodes: Mapping[str, OperationNode], building: Building
) -> OperationNode | None:
    """An operation with everything that those it is like say; None, and recorded, in a circle."""
    line = [node]
    while (like := line[-1].like) is not None:
        other = nodes.get(like.value)
        if other is None:
            building.unknown(UNKNOWN, like, "operation", nodes)
            return None
        if any(other is each for each in line):
            circle = " → ".join(each.name.value for each in (*line, other))
            building.refuse(LIKE, like.place, f"it is like itself: {circle}", "let one of them say it all")
            return None
        line.append(other)
    found = line[-1]
    for each in reversed(line[:-1]):
        found = merged(found, each)
    return found
