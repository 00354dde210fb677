"""A request on its way, and the bodies that are no JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

BOUNDARY = "scenario-7c0f"


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `path` is not percent-encoded; header names are in lower case. `number` gives it its moment."""

    number: int
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = {}
    content: bytes | None = None

    @property
    def request_id(self) -> str:
        return f"v-{self.number}"


def form(values: Mapping[str, Any]) -> bytes:
    """A form body: lists by repetition."""
    pairs = [
        (name, item)
        for name, value in values.items()
        for item in (value if isinstance(value, list) else [value])
    ]
    return urlencode([(name, text(item)) for name, item in pairs]).encode()


def multipart(values: Mapping[str, Any]) -> bytes:
    """A multipart body. A file is written `{file: its text or bytes, type: image/png, name: a.png}`."""
    parts: list[bytes] = []
    for name, value in values.items():
        if isinstance(value, dict) and "file" in value:
            shown = re.sub(r'[\r\n"]', "_", str(value.get("name", "file")))
            head = f'form-data; name="{name}"; filename="{shown}"\r\nContent-Type: {value.get("type", "text/plain")}'
            content = value["file"]
            body = content if isinstance(content, bytes) else str(content).encode()
        else:
            head, body = f'form-data; name="{name}"', text(value).encode("utf-8", "surrogatepass")
        parts.append(f"--{BOUNDARY}\r\nContent-Disposition: {head}\r\n\r\n".encode() + body + b"\r\n")
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def text(value: Any) -> str:
    """A value as a form, a query or a path writes it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
