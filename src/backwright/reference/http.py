"""Requests and responses as the reference sees them: values, no sockets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

_LINE = re.compile("([!-~]([ -~]*[!-~])?)?")


def is_line(text: str) -> bool:
    """Whether a header can hold the text as it is: visible ASCII, without spaces around it (RFC 9110, 5.5)."""
    return _LINE.fullmatch(text) is not None


class Opaque(str):
    """A string that the implementation chooses (token, cursor): compared by role, not by text."""

    __slots__ = ()


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request. `path` is percent-decoded and without the query string.

    `now` and `request_id` are what the seam gives this request: ids are derived from them in the order of
    their making (`seam.identifier`). `content_type` and `body` are None when there is no body. `headers` are the
    others, by their names in lower case; `address` is where the request comes from.
    """

    method: str
    path: str
    now: datetime
    request_id: str
    query: tuple[tuple[str, str], ...] = ()
    authorization: str | None = None
    content_type: str | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = {}
    address: str = "127.0.0.1"


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: status, the headers that matter (lower-case names), and the JSON body (None: no body).

    `content` is a body that is no JSON. `cookies` are the values of the Set-Cookie headers.
    """

    status: int
    headers: dict[str, str] = {}
    body: Any = None
    content: bytes | None = None
    cookies: tuple[str, ...] = ()
