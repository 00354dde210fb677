"""What goes wrong in a request, and the status of each."""

from __future__ import annotations

from collections.abc import Iterable

STATUS = {
    "malformed": 400,
    "unauthenticated": 401,
    "invalid_credentials": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "invalid": 422,
}


class Failure(Exception):
    """An answer other than success: `fields` are (field, code) pairs, `allow` is the header of a 405."""

    def __init__(self, code: str, fields: Iterable[tuple[str, str]] = (), allow: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.fields = tuple(fields)
        self.allow = allow
