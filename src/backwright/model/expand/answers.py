"""How failures are answered: statuses and bodies of the author's own."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from backwright.model.expand.codes import STATUS, WIRE
from backwright.model.types import (
    ErrorAnswer,
    ErrorArray,
    ErrorMember,
    ErrorMembers,
    ErrorShape,
    ErrorText,
    ErrorWord,
)
from backwright.spec.diagnostics import Diagnostic, diagnose
from backwright.spec.nodes import ErrorAnswerNode, ShapeNode

EVERY = "*"
WORDS = frozenset({"code", "category", "status", "message", "request_id", "fields", "messages", "by_field"})


def build_answers(nodes: Iterable[ErrorAnswerNode], found: list[Diagnostic]) -> tuple[ErrorAnswer, ...]:
    """The answers that `errors` gives to each category of failures; what is wrong is added to `found`."""
    built: dict[str, ErrorAnswer] = {}
    for node in nodes:
        category = EVERY if node.category.value in (EVERY, "body") else node.category.value
        status = None if node.status is None else node.status.value
        if node.status is not None and not 400 <= node.status.value <= 599:
            message = f"{node.status.value} is not the status of a failure"
            found.append(diagnose(STATUS, node.status.place, message, "give one from 400 to 599"))
            status = None
        built[category] = ErrorAnswer(
            category=category,
            status=status,
            body=None if node.body is None else _shape(node.body, found),
            empty=node.empty,
        )
    return tuple(built.values())


def _shape(node: ShapeNode, found: list[Diagnostic]) -> ErrorShape:
    if node.members is not None:
        wires: set[str] = set()
        members = []
        for name, inner in node.members:
            if name.value in wires:
                found.append(diagnose(WIRE, name.place, f"`{name.value}` is there twice", "name each once"))
                continue
            wires.add(name.value)
            members.append(ErrorMember(wire=name.value, shape=_shape(inner, found)))
        return ErrorMembers(members=tuple(members))
    if node.items is not None:
        return ErrorArray(items=tuple(_shape(item, found) for item in node.items))
    assert node.text is not None, "errors hold text, tables and lists"
    text = node.text.value
    if text in WORDS:
        return msgspec.convert({"type": "word", "word": text}, ErrorWord)
    return ErrorText(text=text)
