"""Form bodies: URL-encoded, and multipart with files."""

from __future__ import annotations

import re
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from backwright.model.types import Body, FieldType, InputField, ListType, ManyType, ScalarType
from backwright.reference.failures import Failure

MOST_PARTS = 1000
FORM = re.compile(r'application/x-www-form-urlencoded\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)
MULTIPART = re.compile(r'multipart/form-data\s*;.*boundary="?[^";]{1,70}"?.*', re.IGNORECASE)


class File(msgspec.Struct, frozen=True):
    """A file of a multipart body: its content, media type and name."""

    content: bytes
    media: str
    filename: str


class Text(str):
    """A text of a form: it is read like a query parameter."""

    __slots__ = ()


def members(body: Body, content: bytes, content_type: str) -> dict[str, Any]:
    """The members of a form by name, as JSON would hold them where their field says how.

    Raises Failure "malformed" for what is no form in UTF-8.
    """
    pairs = urlencoded(content) if body.media == "form" else multipart(content, content_type)
    fields = {field.wire: field for field in body.fields}
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: shaped(values, fields.get(name)) for name, values in found.items()}


def shaped(values: list[Any], field: InputField | None) -> Any:
    """The value of a member: a list where the field is one; null where it is empty and may be."""
    if field is not None and isinstance(field.type, ListType | ManyType):
        return [typed(value, field, field.type) for value in values]
    return typed(values[-1], field, field.type if field is not None else None)


def typed(value: Any, field: InputField | None, kind: FieldType | None) -> Any:
    if isinstance(value, File) or field is None:
        return value
    textual = isinstance(kind, ScalarType) and kind.scalar in ("string", "text")
    return None if value == "" and field.nullable and not textual else Text(value)


def urlencoded(content: bytes) -> list[tuple[str, Any]]:
    try:
        text = content.decode("ascii")
        return (
            list(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARTS))
            if text
            else []
        )
    except (UnicodeDecodeError, ValueError):
        raise Failure("malformed") from None


def multipart(content: bytes, content_type: str) -> list[tuple[str, Any]]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + content)
    if not message.is_multipart() or message.defects:
        raise Failure("malformed")
    found: list[tuple[str, Any]] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(data, bytes) or len(found) >= MOST_PARTS:
            raise Failure("malformed")
        if part.get("content-transfer-encoding", "binary").strip().lower() not in ("7bit", "8bit", "binary"):
            raise Failure("malformed")  # RFC 7578 deprecates it
        filename = part.get_filename()
        if filename is not None:
            found.append((name, File(data, part.get_content_type(), filename)))
            continue
        try:
            found.append((name, data.decode("utf-8")))
        except UnicodeDecodeError:
            raise Failure("malformed") from None
    return found


def is_form(body: Body, content_type: str | None) -> bool:
    """Whether the body is declared as the form that is wanted."""
    wanted = FORM if body.media == "form" else MULTIPART
    return content_type is not None and wanted.fullmatch(content_type.strip()) is not None
