"""Custom logic as the reference has it: nobody knows what the code will say, so something stands in for it.

Where an example says what comes out for what goes in, that is what comes out. For every other input one of the
`outcomes` does: the examples and, without any, values made of the declared types; and each declared error. Which one
follows from the input alone, so that a server that is told the same outcomes answers the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from backwright.expr.typed import Member
from backwright.model.types import (
    Call,
    FieldType,
    InputField,
    ListType,
    Logic,
    ManyType,
    Model,
    RecordType,
    ReferenceType,
    ScalarType,
)
from backwright.reference.decode import Refused, from_json
from backwright.reference.read import patterned

NUMBERS = (7, 1, 40, 0, 1_000_000)
WORDS = ("some text", "a", "other words", "ß 漢字", "some text of more words")
SLUGS = ("some-text", "a", "other-words", "x1", "some-text-of-more-words")
MOMENTS = (
    "2030-02-03T04:05:06Z",
    "2031-12-31T23:59:59.999999Z",
    "2029-01-01T00:00:00Z",
    "2030-01-01T00:00:00Z",
    "2029-12-31T23:59:59Z",
)
VARIANTS = len(NUMBERS)


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What custom logic says: an output (JSON, by name), or the code of an error. `input` is the only input that
    it is for; None: any."""

    input: dict[str, Any] | None = None
    output: dict[str, Any] | None = None
    error: str | None = None


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """The outcomes of one function. `deciding` are the inputs that decide which: those that no database makes up."""

    outcomes: tuple[Outcome, ...]
    deciding: tuple[str, ...]


Scripts = dict[str, Script]


_LAST: list[tuple[Model, Scripts]] = []
"""The model that was asked for last: thousands of requests are tried of one model, and its steps say all of it."""


def scripts(model: Model) -> Scripts:
    """What stands in for each function of a model."""
    if not _LAST or _LAST[0][0] is not model:
        _LAST[:] = [(model, {logic.name: script(logic, model) for logic in model.logic})]
    return dict(_LAST[0][1])


def script(logic: Logic, model: Model) -> Script:
    """What stands in for a function."""
    told = [
        Outcome(
            input=json.loads(each.input),
            output=None if each.output is None else json.loads(each.output),
            error=each.error,
        )
        for each in logic.examples
    ]
    numbered = set(_numbered(logic, model))
    return Script(
        outcomes=(*told, *outputs(logic), *errors(logic)),
        deciding=tuple(each.name for each in logic.input if each.name not in numbered),
    )


def outputs(logic: Logic) -> list[Outcome]:
    """What may come out for any input: what examples have, and values made of the declared types."""
    told = [Outcome(output=json.loads(each.output)) for each in logic.examples if each.output is not None]
    made = [Outcome(output=_output(logic, variant)) for variant in range(VARIANTS)]
    return [each for at, each in enumerate([*told, *made]) if each not in [*told, *made][:at]]


def errors(logic: Logic) -> list[Outcome]:
    """The errors that may be raised for any input."""
    return [Outcome(error=each.code) for each in logic.errors]


def always(outcome: Outcome) -> Script:
    """A function that says the same for every input."""
    return Script(outcomes=(outcome,), deciding=())


def _numbered(logic: Logic, model: Model) -> Iterator[str]:
    """The inputs that may be the number of a sequence, which two databases need not count alike."""
    for member in logic.input:
        if _is_numbered(member.type, model):
            yield member.name
    for operation in model.operations:
        for step in operation.steps:
            if isinstance(step, Call) and step.logic == logic.name:
                yield from (each.name for each in step.values if _asks_number(each.value.meaning, model))


def _is_numbered(kind: FieldType, model: Model) -> bool:
    match kind:
        case ReferenceType(entity=name) | ManyType(entity=name):
            entity = model.entity(name)
            return any(entity.field(key).generated == "sequence" for key in entity.keys)
        case ListType(element=element):
            return _is_numbered(element, model)
        case RecordType(members=members):
            return any(_is_numbered(member.type, model) for member in members)
        case _:
            return False


def _asks_number(part: Any, model: Model) -> bool:
    """Whether the number of a sequence is anywhere in an expression."""
    match part:
        case Member(entity=name, field=field) if model.entity(name).field(field).generated == "sequence":
            return True
        case tuple():
            return any(_asks_number(each, model) for each in part)
        case msgspec.Struct():
            return any(_asks_number(getattr(part, name), model) for name in part.__struct_fields__)
        case _:
            return False


def _output(logic: Logic, variant: int) -> dict[str, Any]:
    return {each.name: _value(each, variant) for each in logic.output}


def chosen(script: Script, name: str, given: dict[str, Any]) -> Outcome:
    """What comes out for an input."""
    written = {key: canonical(value) for key, value in given.items()}
    for each in script.outcomes:
        if each.input is not None and {key: canonical(value) for key, value in each.input.items()} == {
            key: value for key, value in written.items() if value is not None or key in each.input
        }:
            return each
    anything = [each for each in script.outcomes if each.input is None]
    deciding = {key: value for key, value in written.items() if key in script.deciding}
    text = f"{name}\0{json.dumps(deciding, sort_keys=True, separators=(',', ':'))}"
    return anything[int.from_bytes(sha256(text.encode()).digest()[:6]) % len(anything)]


def canonical(value: Any) -> Any:
    """A value as text, lists and objects: alike for everybody who has it."""
    match value:
        case None | bool():
            return value
        case Decimal():
            return format(value.normalize(), "f")
        case int() | float():
            return format(Decimal(str(value)).normalize() + 0, "f")
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case date():
            return value.isoformat()
        case dict():
            return {str(key): canonical(each) for key, each in value.items()}
        case list() | tuple():
            return [canonical(each) for each in value]
        case _:
            return str(value)


# Values -----------------------------------------------------------------------------------------------


def _value(member: InputField, variant: int) -> Any:
    """A value of the declared type, as JSON has it; the last variant is null where that is allowed."""
    if member.nullable and variant == VARIANTS - 1:
        return None
    return _of_type(member.type, variant)


def _of_type(kind: FieldType, variant: int) -> Any:
    match kind:
        case ListType(element=element, min=least):
            return [_of_type(element, each) for each in range(max(least or 0, min(variant, 3)))]
        case RecordType(members=members):
            return {each.name: _value(each, variant) for each in members}
        case ScalarType():
            return _scalar(kind, variant)
        case _:
            raise TypeError(f"{kind} is not what custom logic returns")


def _scalar(kind: ScalarType, variant: int) -> Any:
    match kind.scalar:
        case "boolean":
            return variant % 2 == 0
        case "integer":
            return int(_number(kind, variant))
        case "double":
            return float(_number(kind, variant))
        case "decimal":
            return format(
                Decimal(str(_number(kind, variant))).quantize(Decimal(1).scaleb(-(kind.scale or 0))), "f"
            )
        case "date":
            return MOMENTS[variant][:10]
        case "timestamp":
            return MOMENTS[variant]
        case "uuid":
            return str(UUID(int=(7 << 76) | (0b10 << 62) | variant))
        case "enum":
            return kind.values[variant % len(kind.values)]
        case "email":
            return f"somebody{variant}@example.org"
        case "slug":
            return SLUGS[variant]
        case _:
            text = WORDS[variant].ljust(int(kind.min or 0), "x")
            return text if kind.max is None else text[: int(kind.max)]


def _number(kind: ScalarType, variant: int) -> int:
    wanted = NUMBERS[variant]
    least = -(2**63) if kind.min is None else int(kind.min)
    most = 2**63 - 1 if kind.max is None else int(kind.max)
    return min(max(wanted, least), most)


def read(members: tuple[InputField, ...], given: dict[str, Any]) -> dict[str, Any]:
    """The values of the reference for what JSON has; what is not there is null."""
    return {each.name: _read(given.get(each.name), each.type) for each in members}


def _read(value: Any, kind: FieldType) -> Any:
    if value is None:
        return None
    match kind:
        case ListType(element=element):
            return [_read(each, element) for each in value]
        case RecordType(members=members):
            return read(members, value)
        case ScalarType(scalar=scalar):
            return READERS[scalar](value) if scalar in READERS else _decimal(value, kind)
        case _:
            return value


def _decimal(value: Any, kind: ScalarType) -> Any:
    if kind.scalar != "decimal":
        return value
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-(kind.scale or 0)))


READERS: dict[str, Callable[[Any], Any]] = {
    "double": float,
    "date": date.fromisoformat,
    "timestamp": lambda text: datetime.fromisoformat(text).astimezone(UTC),
    "uuid": UUID,
}


# Limits -----------------------------------------------------------------------------------------------


def within(given: dict[str, Any], members: tuple[InputField, ...]) -> bool:
    """Whether every value is within what its member declares."""
    return all(
        each.nullable if given[each.name] is None else _within(given[each.name], each.type, each)
        for each in members
    )


def _within(value: Any, kind: FieldType, member: InputField) -> bool:
    match kind:
        case ListType(element=element, min=least, max=most):
            return (least or 0) <= len(value) <= most and all(
                _within(each, element, member) for each in value
            )
        case ManyType(max=most):
            return len(value) <= most
        case RecordType(members=members):
            return within(value, members)
        case ScalarType(scalar=scalar):
            number = isinstance(value, int | float) and not isinstance(value, bool)
            written = Decimal(str(value)) if number else value if scalar == "boolean" else canonical(value)
            try:
                patterned(from_json(written, kind), member)
            except Refused:
                return False
            return True
        case _:
            return True
