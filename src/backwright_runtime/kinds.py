"""What the annotation of a member of an input says: its type and its limits.

The markers are written into `Annotated[…]` beside msgspec's `Meta`, which says lengths and bounds.
"""

from __future__ import annotations

import types
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from msgspec import NODEFAULT, Meta, Struct, UnsetType

Json: TypeAlias = dict[str, Any]
"""A JSON object that is kept as it comes."""


# Markers --------------------------------------------------------------------------------------------


class Scale(Struct, frozen=True):
    """A decimal has this many digits behind its point, and lies between its bounds."""

    digits: int
    ge: int | None = None
    le: int | None = None


class Pattern(Struct, frozen=True):
    """What the whole of a text looks like, in the syntax of RE2, which takes linear time."""

    regex: str


class Media:
    """The media types that a file may have."""

    __slots__ = ("allowed",)

    def __init__(self, *allowed: str) -> None:
        self.allowed = allowed


class _Mark(Struct, frozen=True):
    name: str


FOLDED = _Mark("folded")
"""A to Z arrive in lower case."""
EMAIL_ADDRESS = _Mark("email")
"""An address as HTML defines it; it arrives in lower case."""
WORD = _Mark("word")
"""A slug, token or password: where it may be null, an empty text in a form says null."""
_OF_FILE = _Mark("file")

Email = Annotated[str, EMAIL_ADDRESS, Meta(max_length=254)]
FromFile = Annotated[str | None, _OF_FILE]
"""The media type (`<field>_type`) or the name (`<field>_name`) of a file that came; no input of its own."""


# Kinds ----------------------------------------------------------------------------------------------


class Text(Struct, frozen=True):
    """Text, its length in code points."""

    least: int | None = None
    most: int | None = None
    pattern: str | None = None
    is_folded: bool = False
    is_email: bool = False
    is_word: bool = False


class Integer(Struct, frozen=True):
    """A whole number; 64 bits where nothing else bounds it."""

    least: int | None = None
    most: int | None = None


class Exact(Struct, frozen=True):
    """A decimal of up to 18 digits, `scale` of them behind the point."""

    scale: int
    least: int | None = None
    most: int | None = None


class Double(Struct, frozen=True):
    """A finite number of IEEE 754."""

    least: float | None = None
    most: float | None = None


class Boolean(Struct, frozen=True):
    """True or false."""


class Date(Struct, frozen=True):
    """A day."""


class Timestamp(Struct, frozen=True):
    """An instant, to six digits of a second."""


class Key(Struct, frozen=True):
    """A UUID."""


class Choice(Struct, frozen=True):
    """One of some words; each stands for a value."""

    values: dict[str, object]


class Document(Struct, frozen=True):
    """Any JSON object."""


class Content(Struct, frozen=True):
    """Bytes: in base64, or a file."""

    least: int | None = None
    most: int | None = None
    media: tuple[str, ...] = ()


class Many(Struct, frozen=True):
    """A list."""

    element: Kind
    least: int | None = None
    most: int | None = None


class Record(Struct, frozen=True):
    """An object with members of its own."""

    struct: type[Struct]
    members: tuple[Member, ...]
    rejects_unknown: bool


Scalar = Text | Integer | Exact | Double | Boolean | Date | Timestamp | Key | Choice | Document | Content
Kind = Scalar | Many | Record


class Member(Struct, frozen=True):
    """One member: its name in the struct and on the wire, and what it may be.

    `type_into` and `name_into` are the members of the struct that get what comes with a file.
    """

    name: str
    wire: str
    required: bool
    nullable: bool
    kind: Kind
    type_into: str | None = None
    name_into: str | None = None


def record(struct: type[Struct]) -> Record:
    """What a struct takes, in declared order. Raises TypeError for what is no input."""
    hints = get_type_hints(struct, include_extras=True)
    of_files = {name for name, hint in hints.items() if _OF_FILE in getattr(hint, "__metadata__", ())}
    members = []
    for field in msgspec.structs.fields(struct):
        if field.name in of_files:
            continue
        options = _options(hints[field.name])
        plain = [each for each in options if each not in (types.NoneType, UnsetType)]
        if len(plain) != 1:
            raise TypeError(f"{struct.__name__}.{field.name}: inputs have one type each")
        about_file = (f"{field.name}_type", f"{field.name}_name")
        members.append(
            Member(
                name=field.name,
                wire=field.encode_name,
                required=field.default is NODEFAULT and field.default_factory is NODEFAULT,
                nullable=types.NoneType in options,
                kind=kind_of(plain[0]),
                type_into=about_file[0] if about_file[0] in of_files else None,
                name_into=about_file[1] if about_file[1] in of_files else None,
            )
        )
    return Record(struct, tuple(members), struct.__struct_config__.forbid_unknown_fields)


def kind_of(hint: Any) -> Kind:
    """What an annotation without null says. Raises TypeError for what is no type of inputs."""
    marks: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        marks = tuple(rest)
    limits = _limits(marks)
    if hint is str:
        pattern = _marker(marks, Pattern)
        return Text(
            limits.min_length,
            limits.max_length,
            None if pattern is None else pattern.regex,
            FOLDED in marks,
            EMAIL_ADDRESS in marks,
            WORD in marks,
        )
    if hint is bool:
        return Boolean()
    if hint is int:
        return Integer(_whole(limits.ge), _whole(limits.le))
    if hint is float:
        return Double(limits.ge, limits.le)
    if hint is Decimal:
        scale = _marker(marks, Scale)
        if scale is None:
            raise TypeError("a Decimal of an input has its Scale")
        return Exact(scale.digits, scale.ge, scale.le)
    if hint is bytes:
        media = _marker(marks, Media)
        return Content(limits.min_length, limits.max_length, () if media is None else media.allowed)
    return _composed(hint, limits)


def _composed(hint: Any, limits: Meta) -> Kind:
    origin = get_origin(hint)
    if origin is list:
        return Many(kind_of(get_args(hint)[0]), limits.min_length, limits.max_length)
    if origin is Literal:
        return Choice({str(value): value for value in get_args(hint)})
    if origin is dict or hint is dict:
        return Document()
    if isinstance(hint, type):
        if issubclass(hint, Struct):
            return record(hint)
        if issubclass(hint, Enum):
            return Choice({str(each.value): each for each in hint})
        simple: dict[type, Kind] = {date: Date(), datetime: Timestamp(), UUID: Key()}
        if hint in simple:
            return simple[hint]
    raise TypeError(f"{hint!r} is not a type of inputs")


def _options(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _limits(marks: tuple[Any, ...]) -> Meta:
    return next((each for each in marks if isinstance(each, Meta)), Meta())


def _marker(marks: tuple[Any, ...], kind: type[Any]) -> Any:
    return next((each for each in marks if isinstance(each, kind)), None)


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)
