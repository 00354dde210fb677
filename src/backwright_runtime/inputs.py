"""Validation: from the bytes of a request to a struct, or to an error that names every bad field.

There are two paths that accept the same inputs. The fast one is msgspec's decoder, which stops at the first
error. The careful one decodes generically, judges every member, and is taken when the fast one refuses or
cannot judge (escapes that may hide NUL, timestamps, integers that are not bounded, deep nesting).
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Generic, NoReturn, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta, Struct, UnsetType

from backwright_runtime.errors import FieldError, Invalid, Malformed
from backwright_runtime.values import LARGEST, SMALLEST, Convert, Refused, from_json, from_text

# https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address
EMAIL = (
    r"\A[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\Z"
)
Email = Annotated[str, Meta(pattern=EMAIL, max_length=254)]
DEEPEST = 32
# Exponents that Decimal may not hold: the careful path decides.
HUGE_EXPONENT = re.compile(rb"[0-9][eE][+-]?[0-9]{18}")

T = TypeVar("T")
S = TypeVar("S", bound=Struct)


def given(value: T | UnsetType, otherwise: T) -> T:
    """The value, when the caller gave one."""
    return otherwise if isinstance(value, UnsetType) else value


class Member(Struct, frozen=True):
    """One member of an input: its name in the struct and on the wire, and how its value is read."""

    name: str
    wire: str
    required: bool
    nullable: bool
    read: Convert


def members(struct: type[Struct], *, query: bool) -> tuple[Member, ...]:
    """The members of a struct, in declared order."""
    described = msgspec.inspect.type_info(struct)
    assert isinstance(described, msgspec.inspect.StructType)
    reader = from_text if query else from_json
    found = []
    for field in described.fields:
        kinds = field.type.types if isinstance(field.type, msgspec.inspect.UnionType) else (field.type,)
        plain = [kind for kind in kinds if not isinstance(kind, msgspec.inspect.NoneType)]
        if len(plain) != 1:
            raise TypeError(f"{struct.__name__}.{field.name}: inputs have one type each")
        nullable = len(plain) < len(kinds)
        found.append(Member(field.name, field.encode_name, field.required, nullable, reader(plain[0])))
    return tuple(found)


class Body(Generic[S]):
    """Reads the JSON bodies of one operation."""

    def __init__(self, struct: type[S]) -> None:
        self._struct = struct
        self._members = members(struct, query=False)
        self._rejects_unknown = struct.__struct_config__.forbid_unknown_fields
        self._decode = msgspec.json.Decoder(struct).decode
        self._has_fast_path = _msgspec_suffices(struct)

    def read(self, raw: bytes) -> S:
        """The body. Raises Malformed, or Invalid with every bad field."""
        if self._has_fast_path and _is_plain(raw):
            try:
                raw.isascii() or raw.decode()
                return self._decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass  # the careful path says what is wrong, or that nothing is
        return self.read_carefully(raw)

    def read_carefully(self, raw: bytes) -> S:
        """The same answer as `read`, without the fast path."""
        sent = _json_object(raw)
        values: dict[str, object] = {}
        errors = []
        for member in self._members:
            if member.wire not in sent:
                if member.required:
                    errors.append(FieldError(member.wire, "required"))
                continue
            try:
                values[member.name] = _member_value(member, sent[member.wire])
            except Refused as refused:
                errors.append(FieldError(member.wire, refused.code))
        if self._rejects_unknown:
            errors += _unknown(sent, self._members)
        if errors:
            raise Invalid(*errors)
        return self._struct(**values)


class Query(Generic[S]):
    """Reads the query parameters of one operation."""

    def __init__(self, struct: type[S]) -> None:
        self._struct = struct
        self._members = members(struct, query=True)
        self._rejects_unknown = struct.__struct_config__.forbid_unknown_fields

    def read(self, raw: bytes) -> S:
        """The parameters. Raises Invalid with every bad one."""
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True) if raw else []
        sent = dict(pairs)
        times = Counter(name for name, _ in pairs)
        values: dict[str, object] = {}
        errors = []
        for member in self._members:
            if member.wire not in sent:
                if member.required:
                    errors.append(FieldError(member.wire, "required"))
            elif times[member.wire] > 1:
                errors.append(FieldError(member.wire, "repeated"))
            else:
                try:
                    values[member.name] = member.read(sent[member.wire])
                except Refused as refused:
                    errors.append(FieldError(member.wire, refused.code))
        if self._rejects_unknown:
            errors += _unknown(sent, self._members)
        if errors:
            raise Invalid(*errors)
        return self._struct(**values)


def _is_plain(raw: bytes) -> bool:
    """Whether the fast path can judge these bytes."""
    shallow = raw.count(b"{") + raw.count(b"[") <= DEEPEST
    return shallow and b"\\u" not in raw and HUGE_EXPONENT.search(raw) is None


def _member_value(member: Member, value: object) -> object:
    if value is not None:
        return member.read(value)
    if member.nullable:
        return None
    raise Refused("null")


def _unknown(sent: Iterable[str], known: tuple[Member, ...]) -> list[FieldError]:
    names = {member.wire for member in known}
    return [FieldError(printable(name), "unknown") for name in sent if name not in names]


def printable(name: str) -> str:
    """A name that a caller made up, as UTF-8 can carry it."""
    return name.encode("utf-8", "replace").decode()


def _json_object(raw: bytes) -> Mapping[str, object]:
    try:
        value = _DECODER.decode(raw.decode())
    except (ValueError, RecursionError, InvalidOperation):
        raise Malformed from None
    if not isinstance(value, dict) or _too_deep(value):
        raise Malformed
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


# Numbers stay exact: 9007199254740993.0 is that integer.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse_constant)


def _too_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _msgspec_suffices(struct: type[Struct]) -> bool:
    described = msgspec.inspect.type_info(struct)
    assert isinstance(described, msgspec.inspect.StructType)
    return all(_is_exact(field.type) for field in described.fields)


def _is_exact(kind: msgspec.inspect.Type) -> bool:
    match kind:
        case msgspec.inspect.UnionType(types=kinds):
            return all(_is_exact(each) for each in kinds)
        case msgspec.inspect.DateTimeType():
            return False  # msgspec rounds what is finer than microseconds
        case msgspec.inspect.IntType(ge=low, le=high):
            return low is not None and high is not None and low >= SMALLEST and high <= LARGEST
        case _:
            return True
