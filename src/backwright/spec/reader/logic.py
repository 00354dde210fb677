"""Custom logic: its declaration, and the literal values of its examples."""

from __future__ import annotations

import json
import re

from backwright.spec.nodes import At, LogicErrorNode, LogicExampleNode, LogicNode
from backwright.spec.raw import Items, Raw, Scalar, Table
from backwright.spec.reader.fields import read_fields
from backwright.spec.reader.raws import entries, inner, required, text, whole, word, words

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def read_logic(name: Scalar, table: Table) -> LogicNode:
    """A function by its name and its table."""
    examples = table.get("examples")
    return LogicNode(
        place=name.place,
        name=word(name),
        description=text(table, "description"),
        input=read_fields(table, "input"),
        output=read_fields(table, "output"),
        errors=tuple(_error(entry.key, entry.value) for entry in entries(table, "errors")),
        uses=words(table, "uses") or (),
        reads=words(table, "reads") or (),
        seconds=whole(table, "seconds"),
        trusted=text(table, "trusted"),
        examples=tuple(_example(item) for item in examples.items if isinstance(item, Table))
        if isinstance(examples, Items)
        else (),
    )


def _error(code: Scalar, raw: Raw) -> LogicErrorNode:
    if isinstance(raw, Scalar):
        return LogicErrorNode(place=code.place, code=word(code), category=word(raw))
    assert isinstance(raw, Table), "the grammar takes a word or a table"
    return LogicErrorNode(
        place=code.place,
        code=word(code),
        category=required(raw, "error"),
        message=text(raw, "message"),
        field=text(raw, "field"),
    )


def _example(table: Table) -> LogicExampleNode:
    output = inner(table, "output")
    return LogicExampleNode(
        place=table.place,
        input=_values(table, "input"),
        output=None if output is None else _values(table, "output"),
        error=text(table, "error"),
    )


def _values(table: Table, key: str) -> tuple[tuple[At[str], object], ...]:
    return tuple((word(entry.key), literal(entry.value)) for entry in entries(table, key))


def literal(raw: Raw) -> object:
    """A value as JSON has it: null, true, false and numbers where they are not quoted; all else is text."""
    match raw:
        case Table():
            return {entry.key.value: literal(entry.value) for entry in raw.entries}
        case Items():
            return [literal(item) for item in raw.items]
        case Scalar():
            if raw.null:
                return None
            if raw.plain and raw.value in ("true", "false"):
                return raw.value == "true"
            if raw.plain and NUMBER.fullmatch(raw.value):
                return json.loads(raw.value)
            return raw.value
