"""What a request carries, checked against its operation: every bad field, in order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, assert_never

import re2

from backwright.model.types import (
    Body,
    FieldType,
    InputField,
    ListType,
    ManyType,
    Model,
    Operation,
    PathParameter,
    RecordType,
    ReferenceType,
    ScalarType,
    Select,
)
from backwright.reference.decode import Refused, file, from_json, from_query, require
from backwright.reference.failures import Failure
from backwright.reference.forms import File, Text
from backwright.reference.http import Request
from backwright.reference.texts import LOWER

Default = Callable[[InputField], Any]
Errors = list[tuple[str, str]]
T = TypeVar("T", dict[str, Any], list[Any])

DEEPEST = 33
"""Levels of a body: its object, and 32 within it."""

JSON_TYPE = re.compile(r'application/json\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)


class Reading:
    """Reads the values of one request; what is wrong is in `errors`, by place."""

    def __init__(self, model: Model, default: Default) -> None:
        self.model = model
        self.default = default
        self.reject = model.service.unknown_fields == "reject"
        self.errors: Errors = []

    # Parameters --------------------------------------------------------------------------------------

    def query(self, fields: Sequence[InputField], pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """The parameters that are present or have a default."""
        values: dict[str, Any] = {}
        for field in fields:
            given = [text for name, text in pairs if name == field.wire]
            try:
                if given and isinstance(field.type, ListType | ManyType):
                    values[field.name] = self.texts(given, field, field.type)
                    continue
                if len(given) > 1:
                    raise Refused("repeated")
                if given:
                    values[field.name] = self.text(given[0], field, field.type)
                elif field.required:
                    raise Refused("required")
                elif field.default is not None:
                    values[field.name] = self.default(field)
            except Refused as refusal:
                self.errors.append((field.wire, str(refusal)))
        return values

    def texts(self, given: Sequence[str], field: InputField, kind: ListType | ManyType) -> list[Any]:
        """A list that is written by repetition. Raises Refused for its size."""
        sized(given, kind)
        element = kind.element if isinstance(kind, ListType) else ReferenceType(entity=kind.entity)
        values = []
        for position, text in enumerate(given):
            try:
                values.append(self.text(text, field, element))
            except Refused as refusal:
                self.errors.append((f"{field.wire}[{position}]", str(refusal)))
        return values

    def text(self, text: str, field: InputField, kind: FieldType) -> Any:
        """One value that is written as text. Raises Refused."""
        return patterned(from_query(text, self.scalar(kind)), field)

    def scalar(self, kind: FieldType) -> ScalarType:
        """How one value is written: a reference as the key of its row."""
        if isinstance(kind, ScalarType):
            return kind
        if isinstance(kind, ReferenceType):
            entity = self.model.entity(kind.entity)
            return self.scalar(entity.field(entity.key).type)
        raise Refused("type")

    def path(self, parameters: Sequence[PathParameter], given: Mapping[str, str]) -> dict[str, Any] | None:
        """The path parameters; None when one of them cannot be a key, which is answered as a missing row."""
        try:
            return {
                each.name: self.text(given[each.wire or each.name], _like(each), each.type)
                for each in parameters
            }
        except Refused:
            return None

    # Bodies ------------------------------------------------------------------------------------------

    def body(self, body: Body, members: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a body. In a partial one, what is absent stays absent."""
        values: dict[str, Any] = {}
        for field in body.fields:
            try:
                if field.wire in members:
                    values[field.name] = self.member(members[field.wire], field, field.wire)
                    if isinstance(members[field.wire], File):
                        values[f"{field.name}_type"] = members[field.wire].media
                        values[f"{field.name}_name"] = members[field.wire].filename
                elif field.required:
                    raise Refused("required")
                elif not body.partial:
                    values[field.name] = self.absent(field)
            except Refused as refusal:
                self.errors.append((field.wire, str(refusal)))
        return values

    def absent(self, field: InputField) -> Any:
        """What a member is that is not sent: its default, no rows, or null."""
        if field.default is not None:
            return self.default(field)
        return [] if isinstance(field.type, ManyType) else None

    def member(self, value: Any, field: InputField, place: str) -> Any:
        """The value of one member. Raises Refused."""
        if value is None:
            return require(None, field.nullable, "null")
        return self.value(value, field, field.type, place)

    def value(self, value: Any, field: InputField, kind: FieldType, place: str) -> Any:
        match kind:
            case RecordType(members=members):
                require(value, isinstance(value, dict), "type")
                return self.record(value, members, place)
            case ListType() | ManyType():
                require(value, isinstance(value, list), "type")
                return self.listed(value, field, kind, place)
            case ScalarType() if isinstance(value, File):
                require(value, kind.scalar == "bytes", "type")
                require(value, not kind.media or value.media in kind.media, "media")
                return file(value.content, kind)
            case ScalarType() | ReferenceType() if isinstance(value, Text):
                checked = isinstance(kind, ScalarType) and kind.scalar == "boolean" and value == "on"
                return True if checked else self.text(str(value), field, kind)
            case ScalarType() | ReferenceType():
                return patterned(from_json(value, self.scalar(kind)), field)
            case _:
                assert_never(kind)

    def listed(self, items: list[Any], field: InputField, kind: ListType | ManyType, place: str) -> list[Any]:
        """Every element; those that are wrong are reported each at its position. Raises Refused for the size."""
        sized(items, kind)
        element = kind.element if isinstance(kind, ListType) else ReferenceType(entity=kind.entity)
        found = []
        for position, item in enumerate(items):
            at = f"{place}[{position}]"
            try:
                require(item, item is not None, "null")
                found.append(self.value(item, field, element, at))
            except Refused as refusal:
                self.errors.append((at, str(refusal)))
        return found

    def record(self, given: dict[str, Any], members: Sequence[InputField], place: str) -> dict[str, Any]:
        """An object; what is wrong is reported at each of its members."""
        values: dict[str, Any] = {}
        for field in members:
            at = f"{place}.{field.wire}"
            try:
                if field.wire in given:
                    values[field.name] = self.member(given[field.wire], field, at)
                elif field.required:
                    raise Refused("required")
                else:
                    values[field.name] = self.absent(field)
            except Refused as refusal:
                self.errors.append((at, str(refusal)))
        if self.reject:
            self.errors += [(f"{place}.{name}", code) for name, code in unknown(given, members)]
        return values


def _like(parameter: PathParameter) -> InputField:
    """A path parameter as a field: text in its case."""
    return InputField(wire="", name=parameter.name, type=parameter.type, folded=parameter.folded)


def sized(given: Sequence[Any], kind: ListType | ManyType) -> None:
    """Raises Refused where a list has too few or too many elements."""
    least = kind.min if isinstance(kind, ListType) else None
    require(given, least is None or len(given) >= least, "too_short")
    require(given, len(given) <= kind.max, "too_long")


def patterned(value: Any, field: InputField) -> Any:
    """Text in the case and the pattern of its field. Raises Refused."""
    if not isinstance(value, str):
        return value
    folded = type(value)(value.translate(LOWER)) if field.folded else value
    if field.matches is not None:
        require(value, re2.fullmatch(field.matches, value) is not None, "format")
    return folded


def paged(operation: Operation) -> dict[str, str]:
    """The wire names of the parameters that decide a page, with their usual names."""
    for step in operation.steps:
        if isinstance(step, Select):
            names = {wire: usual for usual, wire in step.paging.parameters.items()}
            return names | ({"sort": "sort"} if step.sorts else {})
    return {}


def query_fields(operation: Operation) -> tuple[InputField, ...]:
    """The query parameters in the order of error reports: those of paging first, then the declared ones."""
    names = paged(operation)
    if not names:
        return operation.query
    step = next(step for step in operation.steps if isinstance(step, Select))
    types = {
        "limit": ScalarType(scalar="integer", min=1, max=step.paging.max),
        "after": ScalarType(scalar="string"),
        "offset": ScalarType(scalar="integer", min=0),
        "page": ScalarType(scalar="integer", min=1),
        "sort": ScalarType(scalar="enum", values=tuple(sort.name for sort in step.sorts)),
    }
    found = [InputField(wire=wire, name=wire, type=types[usual]) for wire, usual in names.items()]
    return (*found, *(field for field in operation.query if field.wire not in names))


def headers_sent(operation: Operation, request: Request) -> list[tuple[str, str]]:
    """The parameters that come in headers."""
    names = [field.wire for field in operation.query if field.header]
    return [(name, request.headers[name.lower()]) for name in names if name.lower() in request.headers]


def sent_parameters(operation: Operation, request: Request) -> list[tuple[str, str]]:
    """The parameters as they were sent, each where it belongs: a header's name in the query says nothing."""
    headers = {field.wire for field in operation.query if field.header}
    return [pair for pair in request.query if pair[0] not in headers] + headers_sent(operation, request)


def unknown(sent: Iterable[str], fields: Sequence[InputField]) -> Errors:
    """The names that the specification does not have, each once; lone surrogates are shown as `?`."""
    known = {field.wire for field in fields}
    names = dict.fromkeys(name for name in sent if name not in known)
    return [(name.encode("utf-8", "replace").decode(), "unknown") for name in names]


def is_json(content_type: str | None) -> bool:
    """Whether the body is declared as JSON (which is always UTF-8)."""
    return content_type is not None and JSON_TYPE.fullmatch(content_type.strip()) is not None


def parse_object(content: bytes) -> dict[str, Any]:
    """The JSON object of a body; of members with the same name, the last counts. Numbers are exact.

    Raises Failure "malformed" when it is not JSON in UTF-8, or not an object.
    """
    return _parsed(content, dict)


def parse_list(content: bytes) -> list[Any]:
    """The JSON list of a body, like `parse_object`."""
    return _parsed(content, list)


def _parsed(content: bytes, kind: type[T]) -> T:
    try:
        value = json.loads(
            content.decode("utf-8"), parse_int=Decimal, parse_float=Decimal, parse_constant=not_a_number
        )
        if isinstance(value, kind) and depth(value) <= DEEPEST:
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
