"""Validation: from the bytes of a request to a struct, or to an error that names every bad field.

There are two paths that accept the same inputs. The fast one is msgspec's decoder, which stops at the first
error. The careful one decodes generically, judges every member, and is taken when the fast one refuses or
cannot judge (escapes that may hide NUL, timestamps, decimals, patterns, deep nesting).
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Generic, Literal, NoReturn, TypeVar, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct, UnsetType

from backwright_runtime import forms
from backwright_runtime.errors import FieldError, Invalid, Malformed
from backwright_runtime.forms import File, FormText
from backwright_runtime.kinds import (
    Boolean,
    Choice,
    Content,
    Date,
    Integer,
    Key,
    Kind,
    Many,
    Member,
    Record,
    Text,
    record,
)
from backwright_runtime.values import LARGEST, SMALLEST, Refused, content, from_json, from_text

DEEPEST = 32
# Exponents that Decimal may not hold: the careful path decides.
HUGE_EXPONENT = re.compile(rb"[0-9][eE][+-]?[0-9]{18}")

MediaType = Literal["json", "form", "multipart"]
Errors = list[FieldError]
Read = Callable[[Any, str, Errors], object]
"""Reads a value that is not null, at its place in the request. Raises Refused; mistakes within go to the errors."""

T = TypeVar("T")
S = TypeVar("S", bound=Struct)
J = TypeVar("J", dict[str, object], list[object])


def given(value: T | UnsetType, otherwise: T) -> T:
    """The value, when the caller gave one."""
    return otherwise if isinstance(value, UnsetType) else value


class Found(Struct, frozen=True):
    """What was read: values by their names in the struct, what is wrong with them, and what nobody asked for."""

    values: dict[str, object]
    errors: Errors
    unknown: Errors


class Body(Generic[S]):
    """Reads the bodies of one operation.

    `wrap` is the member of the JSON object that holds the fields; `bare` the one field that is the body, a list.
    """

    def __init__(
        self, struct: type[S], media: MediaType = "json", wrap: str | None = None, bare: str | None = None
    ) -> None:
        self.media: MediaType = media
        self._struct = struct
        self._record = record(struct)
        self._wrap = wrap
        self._bare = bare
        self._members = [(member, reader(member.kind)) for member in self._record.members]
        self._decode = _decoder(struct, wrap, bare) if media == "json" and _is_exact(self._record) else None
        self._lists = frozenset(each.wire for each in self._record.members if isinstance(each.kind, Many))

    def quickly(self, raw: bytes) -> S | None:
        """The body, where the fast path is sure of it."""
        if self._decode is None or not _is_plain(raw):
            return None
        try:
            raw.isascii() or raw.decode()
            return self._decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None  # the careful path says what is wrong, or that nothing is

    def parsed(self, raw: bytes, content_type: str = "") -> Mapping[str, object]:
        """The members as they came. Raises Malformed, or Invalid where they are not where they should be."""
        if self.media == "form":
            return forms.members(forms.urlencoded(raw), self._lists)
        if self.media == "multipart":
            return forms.members(forms.multipart(raw, content_type), self._lists)
        if self._bare is not None:
            return {self._bare: _json(raw, list)}
        sent = _json(raw, dict)
        if self._wrap is None:
            return sent
        inner = sent.get(self._wrap)
        if not isinstance(inner, dict):
            raise Invalid(FieldError(self._wrap, "type" if self._wrap in sent else "required"))
        return inner

    def judged(self, sent: Mapping[str, object]) -> Found:
        """The values of the members, and what is wrong with them."""
        found = Found({}, [], [])
        for member, read in self._members:
            _read_member(member, read, sent, member.wire, found)
        if self._record.rejects_unknown and self._members:
            proof = () if self.media == "json" else (forms.CSRF,)
            found.unknown.extend(_unknown((each for each in sent if each not in proof), self._record.members))
        return found

    def made(self, found: Found) -> S:
        """The body of what was read."""
        return self._struct(**found.values)

    def read(self, raw: bytes, content_type: str = "") -> S:
        """The body. Raises Malformed, or Invalid with every bad field."""
        quick = self.quickly(raw)
        return self.read_carefully(raw, content_type) if quick is None else quick

    def read_carefully(self, raw: bytes, content_type: str = "") -> S:
        """The same answer as `read`, without the fast path."""
        found = self.judged(self.parsed(raw, content_type))
        refuse([found])
        return self.made(found)


NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Query(Generic[S]):
    """Reads the parameters of one operation: those of the query, and those that come in `headers` of their own."""

    def __init__(self, struct: type[S], headers: Sequence[str] = ()) -> None:
        self._struct = struct
        self._record = record(struct)
        self._members = [(member, text_reader(member.kind)) for member in self._record.members]
        self._headers = frozenset(headers)
        self._asked = [member for member in self._record.members if member.wire not in self._headers]

    def judged(self, raw: bytes, headers: Mapping[str, str] = NO_HEADERS) -> Found:
        """The values of the parameters, and what is wrong with them."""
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True) if raw else []
        asked: dict[str, list[str]] = {}
        for name, text in pairs:
            asked.setdefault(name, []).append(text)
        told = {name: [headers[name.lower()]] for name in self._headers if name.lower() in headers}
        sent = {name: texts for name, texts in asked.items() if name not in self._headers} | told
        found = Found({}, [], [])
        for member, read in self._members:
            texts = sent.get(member.wire)
            if texts is None:
                if member.required:
                    found.errors.append(FieldError(member.wire, "required"))
                continue
            try:
                if isinstance(member.kind, Many):
                    found.values[member.name] = read(texts, member.wire, found.errors)
                elif len(texts) > 1:
                    raise Refused("repeated")
                else:
                    found.values[member.name] = read(texts[0], member.wire, found.errors)
            except Refused as refused:
                found.errors.append(FieldError(member.wire, refused.code))
        if self._record.rejects_unknown and self._members:
            found.unknown.extend(_unknown(asked, self._asked))
        return found

    def made(self, found: Found) -> S:
        """The parameters of what was read."""
        return self._struct(**found.values)

    def read(self, raw: bytes, headers: Mapping[str, str] = NO_HEADERS) -> S:
        """The parameters. Raises Invalid with every bad one."""
        found = self.judged(raw, headers)
        refuse([found])
        return self.made(found)


def refuse(found: Sequence[Found]) -> None:
    """Raises Invalid with everything that is wrong, if anything is; what is not known comes last."""
    errors = [error for each in found for error in each.errors]
    errors += [error for each in found for error in each.unknown]
    if errors:
        raise Invalid(*errors)


# Readers --------------------------------------------------------------------------------------------


def reader(kind: Kind) -> Read:
    """Reads values of bodies: JSON, and the texts and files of forms."""
    match kind:
        case Record():
            return _record_reader(kind)
        case Many():
            return _list_reader(kind, reader(kind.element))
        case _:
            of_json, of_text = from_json(kind), from_text(kind)

            def read(value: Any, _place: str, _errors: Errors) -> object:
                if isinstance(value, FormText):
                    return True if value == "on" and isinstance(kind, Boolean) else of_text(str(value))
                if isinstance(value, File):
                    return _of_file(kind, value)
                return of_json(value)

            return read


def text_reader(kind: Kind) -> Read:
    """Reads parameters."""
    match kind:
        case Record():
            raise TypeError("an object is no parameter")
        case Many():
            return _list_reader(kind, text_reader(kind.element))
        case _:
            convert = from_text(kind)
            return lambda text, _place, _errors: convert(text)


def _of_file(kind: Kind, file: File) -> bytes:
    if not isinstance(kind, Content):
        raise Refused("type")
    if kind.media and file.media not in kind.media:
        raise Refused("media")
    return content(kind, file.content)


def _list_reader(kind: Many, read_element: Read) -> Read:
    def read(items: Any, place: str, errors: Errors) -> object:
        if not isinstance(items, list):
            raise Refused("type")
        if kind.least is not None and len(items) < kind.least:
            raise Refused("too_short")
        if kind.most is not None and len(items) > kind.most:
            raise Refused("too_long")
        found = []
        for position, item in enumerate(items):
            at = f"{place}[{position}]"
            try:
                if item is None:
                    raise Refused("null")
                found.append(read_element(item, at, errors))
            except Refused as refused:
                errors.append(FieldError(at, refused.code))
        return found

    return read


def _record_reader(kind: Record) -> Read:
    members = [(member, reader(member.kind)) for member in kind.members]

    def read(value: Any, place: str, errors: Errors) -> object:
        if not isinstance(value, dict):
            raise Refused("type")
        found = Found({}, [], [])
        for member, read_member in members:
            _read_member(member, read_member, value, f"{place}.{member.wire}", found)
        if kind.rejects_unknown:
            found.errors.extend(_unknown(value, kind.members, f"{place}."))
        errors += found.errors
        return None if found.errors else kind.struct(**found.values)

    return read


def _read_member(member: Member, read: Read, sent: Mapping[str, Any], place: str, into: Found) -> None:
    try:
        if member.wire not in sent:
            if member.required:
                raise Refused("required")
            return
        value = _emptied(member, sent[member.wire])
        if value is None:
            if not member.nullable:
                raise Refused("null")
            into.values[member.name] = None
            return
        into.values[member.name] = read(value, place, into.errors)
        if isinstance(value, File):
            about = ((member.type_into, value.media), (member.name_into, value.filename))
            into.values.update({name: text for name, text in about if name is not None})
    except Refused as refused:
        into.errors.append(FieldError(place, refused.code))


def _emptied(member: Member, value: Any) -> Any:
    """In a form nothing but an empty text can say null, where the empty text is no value itself."""
    if not member.nullable or _is_plain_text(member.kind):
        return value
    if isinstance(value, FormText):
        return value or None
    if isinstance(value, list) and any(each == "" and isinstance(each, FormText) for each in value):
        return [None if each == "" and isinstance(each, FormText) else each for each in value]
    return value


def _is_plain_text(kind: Kind) -> bool:
    return isinstance(kind, Text) and not kind.is_email and not kind.is_word


def _unknown(sent: Iterable[str], known: Sequence[Member], prefix: str = "") -> Errors:
    names = {member.wire for member in known}
    return [FieldError(prefix + printable(name), "unknown") for name in sent if name not in names]


def printable(name: str) -> str:
    """A name that a caller made up, as UTF-8 can carry it."""
    return name.encode("utf-8", "replace").decode()


# JSON -----------------------------------------------------------------------------------------------


def _json(raw: bytes, kind: type[J]) -> J:
    try:
        value = _DECODER.decode(raw.decode())
    except (ValueError, RecursionError, InvalidOperation):
        raise Malformed from None
    if not isinstance(value, kind) or _too_deep(value):
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


# The fast path --------------------------------------------------------------------------------------


def _decoder(struct: type[S], wrap: str | None, bare: str | None) -> Callable[[bytes], S]:
    if bare is not None:
        return _list_decoder(struct)
    if wrap is None:
        return msgspec.json.Decoder(struct).decode
    wrapper = msgspec.defstruct("Wrapped", [("fields", struct, msgspec.field(name=wrap))])
    decode = msgspec.json.Decoder(wrapper).decode

    def unwrapped(raw: bytes) -> S:
        whole: Any = decode(raw)
        fields: S = whole.fields
        return fields

    return unwrapped


def _list_decoder(struct: type[S]) -> Callable[[bytes], S]:
    ((name, kind),) = get_type_hints(struct, include_extras=True).items()
    decode = msgspec.json.Decoder(kind).decode
    return lambda raw: struct(**{name: decode(raw)})


def _is_plain(raw: bytes) -> bool:
    """Whether the fast path can judge these bytes."""
    shallow = raw.count(b"{") + raw.count(b"[") <= DEEPEST
    return shallow and b"\\u" not in raw and HUGE_EXPONENT.search(raw) is None


def _is_exact(kind: Kind) -> bool:
    """Whether msgspec accepts exactly what the careful path accepts, and makes the same of it."""
    match kind:
        case Record(members=members):
            return all(_is_exact(member.kind) for member in members)
        case Many(element=element):
            return _is_exact(element)
        case Integer(least=least, most=most):
            return least is not None and most is not None and least >= SMALLEST and most <= LARGEST
        case Text(pattern=pattern, is_folded=is_folded, is_email=is_email):
            return pattern is None and not is_folded and not is_email
        case Boolean() | Choice() | Date() | Key():
            return True
        case _:
            return False  # msgspec rounds timestamps finer than microseconds, and decimals have their digits
