"""Bodies and parameters as they go over the wire."""

from __future__ import annotations

import zlib
from typing import Any
from urllib.parse import urlencode

import msgspec


def encoded(body: Any, media: str) -> tuple[bytes, str]:
    """The body in its media type, and the header that says so."""
    base = media.partition(";")[0].strip().lower()
    if base == "application/x-www-form-urlencoded":
        return urlencode({name: plain(value) for name, value in body.items()}, doseq=True).encode(), base
    if base == "multipart/form-data":
        boundary = f"boundary-{zlib.crc32(repr(body).encode()):08x}"
        lines = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{plain(value)}\r\n'
            for name, value in (body.items() if isinstance(body, dict) else ())
        ]
        return "".join([*lines, f"--{boundary}--\r\n"]).encode(), f"{base}; boundary={boundary}"
    if base.startswith("text/"):
        return str(body).encode(), base
    return msgspec.json.encode(body), base if base.endswith("json") else "application/json"


def plain(value: Any) -> Any:
    """A parameter's value as text would have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return value
