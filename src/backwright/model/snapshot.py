"""A model as stable JSON, kept beside the migrations so that the next one can be compared with it."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from backwright.model.types import Model
from backwright.spec.diagnostics import Place


def encode(model: Model) -> bytes:
    """Indented JSON with sorted members: equal models are equal bytes. Places and defaults are left out."""
    return msgspec.json.format(msgspec.json.encode(plain(model), order="sorted"), indent=2) + b"\n"


def decode(data: bytes) -> Model:
    """The model that a snapshot holds. Raises msgspec.ValidationError or DecodeError when it holds none."""
    return msgspec.json.decode(data, type=Model)


def same_meaning(first: Model, second: Model) -> bool:
    """Whether two models differ in nothing but where they were written."""
    return encode(first) == encode(second)


def plain(value: Any) -> Any:
    """A model, or a part of one, as dictionaries, lists and scalars: equal parts give equal values.

    msgspec's own omit_defaults compares some values by identity, so equal models could differ in their bytes;
    places move with every line above them and have no meaning.
    """
    match value:
        case msgspec.Struct():
            return _members(value)
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value


def _members(value: msgspec.Struct) -> dict[str, Any]:
    config = value.__struct_config__
    found: dict[str, Any] = {} if config.tag is None else {str(config.tag_field): config.tag}
    for field in _fields(type(value)):
        member = getattr(value, field.name)
        if not isinstance(member, Place) and member != field.default:
            found[field.encode_name] = plain(member)
    return found


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Of one type, resolved once: it takes msgspec longer than everything else here."""
    return msgspec.structs.fields(kind)
