"""Form bodies: URL-encoded, and multipart with files."""

import re
from collections.abc import Collection, Iterable
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from msgspec import Struct

from backwright_runtime.errors import Malformed

CSRF = "csrf_token"
"""The member, and the cookie, that proves that a page of this service sends a form."""
MOST_PARTS = 1000
URLENCODED = re.compile(r'application/x-www-form-urlencoded\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)
MULTIPART = re.compile(r'multipart/form-data\s*;.*boundary="?[^";]{1,70}"?.*', re.IGNORECASE)


class FormText(str):
    """A text of a form: it is read like a parameter."""

    __slots__ = ()


class File(Struct, frozen=True):
    """A file of a multipart body."""

    content: bytes
    media: str
    filename: str


def members(pairs: Iterable[tuple[str, FormText | File]], lists: Collection[str]) -> dict[str, object]:
    """The members by name: those that are lists with all their values, others with the last one."""
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in lists:
            several = found.setdefault(name, [])
            assert isinstance(several, list)
            several.append(value)
        else:
            found[name] = value
    return found


def urlencoded(raw: bytes) -> list[tuple[str, FormText | File]]:
    """The members of a URL-encoded form. Raises Malformed for what is none, in UTF-8."""
    if not raw:
        return []
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARTS
        )
    except ValueError:
        raise Malformed from None
    return [(name, FormText(text)) for name, text in pairs]


def multipart(raw: bytes, content_type: str) -> list[tuple[str, FormText | File]]:
    """The parts of a multipart form (RFC 7578). Raises Malformed for what is none."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + raw)
    if not message.is_multipart() or message.defects:
        raise Malformed
    found: list[tuple[str, FormText | File]] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes) or len(found) >= MOST_PARTS:
            raise Malformed
        filename = part.get_filename()
        if filename is not None:
            found.append((name, File(content, part.get_content_type(), filename)))
            continue
        try:
            found.append((name, FormText(content.decode())))
        except UnicodeDecodeError:
            raise Malformed from None
    return found
