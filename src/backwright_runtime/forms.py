"""Form bodies: URL-encoded, and multipart with files."""

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from msgspec import Struct
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

from backwright_runtime.errors import Malformed

CSRF = "csrf_token"
"""The member, and the cookie, that proves that a page of this service sends a form."""
MOST_PARTS = 1000
PLAIN_ENCODINGS = (b"7bit", b"8bit", b"binary")
"""Of parts; RFC 7578 deprecates the others."""
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
    parts = _Parts()
    _, options = parse_options_header(content_type)
    try:
        parser = MultipartParser(options.get(b"boundary", b""), parts.callbacks())
        parser.write(raw)
        parser.finalize()
        return [part.member() for part in parts.finished()]
    except (FormParserError, UnicodeDecodeError):
        raise Malformed from None


class _Part:
    """One part, as it is read."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.content = bytearray()

    def member(self) -> tuple[str, FormText | File]:
        """Its name and value. Raises Malformed where it has no name, or hides what it holds."""
        _, options = parse_options_header(self.headers.get(b"content-disposition"))
        media = self.headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
        encoding = self.headers.get(b"content-transfer-encoding", b"binary").strip().lower()
        if b"name" not in options or media.startswith("multipart/") or encoding not in PLAIN_ENCODINGS:
            raise Malformed
        name = options[b"name"].decode()
        if b"filename" not in options:
            return name, FormText(self.content.decode())
        told = media if media.count("/") == 1 else "text/plain"
        return name, File(bytes(self.content), told, options[b"filename"].decode(errors="replace"))


class _Parts:
    """Collects what the parser finds."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._name, self._value = bytearray(), bytearray()
        self._ended = False

    def callbacks(self) -> "MultipartCallbacks":
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_part_data": lambda data, start, end: self._parts[-1].content.extend(data[start:end]),
            "on_end": self._end,
        }

    def finished(self) -> list[_Part]:
        """All parts. Raises Malformed where there is none, or the last one has no end."""
        if not self._ended or not self._parts:
            raise Malformed
        return self._parts

    def _begin(self) -> None:
        if len(self._parts) >= MOST_PARTS:
            raise Malformed
        self._parts.append(_Part())

    def _header(self) -> None:
        self._parts[-1].headers.setdefault(bytes(self._name).lower(), bytes(self._value))
        self._name.clear()
        self._value.clear()

    def _end(self) -> None:
        self._ended = True
