"""What a request carries, checked against its operation: every bad field, in order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from backwright.model.types import Body, InputField, Operation, PathParameter, ScalarType, Select
from backwright.reference.decode import Refused, from_json, from_path, from_query
from backwright.reference.failures import Failure

Default = Callable[[InputField], Any]
Errors = list[tuple[str, str]]

DEEPEST = 33
"""Levels of a body: its object, and 32 within it."""

JSON_TYPE = re.compile(r'application/json\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)


def query_fields(operation: Operation) -> tuple[InputField, ...]:
    """The query parameters in the order of error reports: those of paging first, then the declared ones."""
    for step in operation.steps:
        if isinstance(step, Select):
            limit = ScalarType(scalar="integer", min=1, max=step.paging.max)
            after = ScalarType(scalar="string")
            declared = (field for field in operation.query if field.name not in {"limit", "after"})
            return (
                InputField(wire="limit", name="limit", type=limit),
                InputField(wire="after", name="after", type=after),
                *declared,
            )
    return operation.query


def read_query(
    fields: Sequence[InputField], pairs: Sequence[tuple[str, str]], default: Default
) -> tuple[dict[str, Any], Errors]:
    """The parameters that are present or have a default, and what is wrong with them."""
    values: dict[str, Any] = {}
    errors: Errors = []
    for field in fields:
        given = [text for name, text in pairs if name == field.wire]
        try:
            if len(given) > 1:
                raise Refused("repeated")
            if given:
                values[field.name] = from_query(given[0], field.type)
            elif field.required:
                raise Refused("required")
            elif field.default is not None:
                values[field.name] = default(field)
        except Refused as refusal:
            errors.append((field.wire, str(refusal)))
    return values, errors


def read_body(body: Body, members: Mapping[str, Any], default: Default) -> tuple[dict[str, Any], Errors]:
    """The values of a body. In a partial one, what is absent stays absent."""
    values: dict[str, Any] = {}
    errors: Errors = []
    for field in body.fields:
        try:
            if field.wire in members:
                values[field.name] = member(members[field.wire], field)
            elif field.required:
                raise Refused("required")
            elif not body.partial:
                values[field.name] = None if field.default is None else default(field)
        except Refused as refusal:
            errors.append((field.wire, str(refusal)))
    return values, errors


def unknown(sent: Iterable[str], fields: Sequence[InputField]) -> Errors:
    """The names that the specification does not have, each once; lone surrogates are shown as `?`."""
    known = {field.wire for field in fields}
    names = dict.fromkeys(name for name in sent if name not in known)
    return [(name.encode("utf-8", "replace").decode(), "unknown") for name in names]


def member(value: Any, field: InputField) -> Any:
    """The value of one JSON member. Raises Refused."""
    if value is not None:
        return from_json(value, field.type)
    if not field.nullable:
        raise Refused("null")
    return None


def read_path(parameters: Sequence[PathParameter], given: Mapping[str, str]) -> dict[str, Any] | None:
    """The path parameters; None when one of them cannot be a key, which is answered as a missing row."""
    try:
        return {parameter.name: from_path(given[parameter.name], parameter.type) for parameter in parameters}
    except Refused:
        return None


def is_json(content_type: str | None) -> bool:
    """Whether the body is declared as JSON (which is always UTF-8)."""
    return content_type is not None and JSON_TYPE.fullmatch(content_type.strip()) is not None


def parse_object(content: bytes) -> dict[str, Any]:
    """The JSON object of a body; of members with the same name, the last counts. Numbers are exact.

    Raises Failure "malformed" when it is not JSON in UTF-8, or not an object.
    """
    try:
        value = json.loads(
            content.decode("utf-8"), parse_int=Decimal, parse_float=Decimal, parse_constant=not_a_number
        )
        if isinstance(value, dict) and depth(value) <= DEEPEST:
            return value
    except (ValueError, InvalidOperation, RecursionError):
        pass
    raise Failure("malformed")


def depth(value: Any) -> int:
    """How many objects and arrays lie in each other, at the deepest place."""
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)


def not_a_number(text: str) -> Decimal:
    """NaN and Infinity are not JSON, though Python reads them."""
    raise ValueError(text)
