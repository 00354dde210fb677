"""Requests and responses as the reference sees them: values, no sockets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Opaque(str):
    """A string that the implementation chooses (token, cursor): compared by role, not by text."""

    __slots__ = ()


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request. `path` is percent-decoded and without the query string.

    `now` and `request_id` are what the seam gives this request: ids are derived from them in the order of
    their making (`seam.identifier`). `content_type` and `body` are None when there is no body.
    """

    method: str
    path: str
    now: datetime
    request_id: str
    query: tuple[tuple[str, str], ...] = ()
    authorization: str | None = None
    content_type: str | None = None
    body: bytes | None = None


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: status, the headers that matter (lower-case names), and the JSON body (None: no body)."""

    status: int
    headers: dict[str, str] = {}
    body: Any = None
