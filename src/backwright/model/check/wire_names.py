"""Names of members, parameters and columns on the wire that no JSON reader or writer would take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import (
    At,
    CrudNode,
    FieldNode,
    Node,
    OperationNode,
    PagingNode,
    ShapeNode,
    SpecDocument,
    ViewNode,
    below,
)

_NAME = re.compile(r'[^"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,100}')

CODE = register(
    "BW324",
    "A name on the wire that cannot be written",
    "Names of members stand in JSON, in the contract and in the code of clients.",
    'shape: {"a\\"b": this.title}',
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Empty and overlong names, and those with quotes, backslashes, line breaks or control characters."""
    for entity in model.entities:
        wires: set[str] = set()
        for field in entity.fields:
            wire = field.wire or field.name
            if wire in wires:
                message = f"two fields of {entity.name} are `{wire}` on the wire"
                yield diagnose(CODE, field.place, message, "give one of them another `wire`")
            wires.add(wire)
    for name in (name for node in below(document) for name in _names(node)):
        if not _NAME.fullmatch(name.value):
            message = f"{name.value[:100]!r} cannot be a name on the wire"
            mend = 'use up to 100 characters, without ", \\, line breaks and control characters'
            yield diagnose(CODE, name.place, message, mend)


def _names(node: Node) -> Iterator[At[str]]:
    """The names that an author chose for the wire here."""
    match node:
        case FieldNode(wire=name) | OperationNode(wrap=name) | CrudNode(wrap=name) if name is not None:
            yield name
        case ShapeNode(members=members) | ViewNode(shape=members) if members is not None:
            yield from (name for name, _ in members)
        case PagingNode(names=names):
            yield from (name for _, name in names)
        case _:
            return
