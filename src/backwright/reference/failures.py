"""What goes wrong in a request, and the status of each category."""

from __future__ import annotations

from collections.abc import Iterable

from backwright.model.types import Failing

STATUS = {
    "malformed": 400,
    "unauthenticated": 401,
    "invalid_credentials": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "gone": 410,
    "precondition_failed": 412,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "invalid": 422,
    "precondition_required": 428,
    "too_many_requests": 429,
}


class Failure(Exception):
    """An answer other than success: `fields` are (field, code) pairs.

    The category decides the status; a code of its own and words may be given by the step. `headers` go with it
    (`allow` of a 405, `retry-after` of a 429).
    """

    def __init__(
        self,
        category: str,
        fields: Iterable[tuple[str, str]] = (),
        *,
        code: str | None = None,
        message: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code or category)
        self.category = category
        self.code = code or category
        self.message = message
        self.fields = tuple(fields)
        self.headers = headers or {}


def failed(failing: Failing) -> Failure:
    """What a step answers in its author's words."""
    fields = [(failing.field, failing.code)] if failing.field is not None else []
    return Failure(failing.category, fields, code=failing.code, message=failing.message)


def conflict(otherwise: Failing | None) -> Failure:
    """What a step answers in its author's words; a conflict without any."""
    return Failure("conflict") if otherwise is None else failed(otherwise)
