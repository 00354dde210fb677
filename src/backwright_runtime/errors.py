"""What a service can answer instead of success: one exception for each category of failures."""

from collections.abc import Iterable
from typing import ClassVar, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import force_setattr

Category = Literal[
    "malformed", "unauthenticated", "invalid_credentials", "forbidden", "not_found", "method_not_allowed", "conflict",
    "gone", "precondition_failed", "payload_too_large", "unsupported_media_type", "invalid", "precondition_required",
    "too_many_requests", "internal", "unavailable",
]  # fmt: skip

FIELD_MESSAGES = {
    "taken": "has already been taken",
    "required": "is required",
    "null": "must not be null",
    "type": "has the wrong type",
    "format": "has the wrong format",
    "too_short": "is too short",
    "too_long": "is too long",
    "too_small": "is too small",
    "too_large": "is too large",
    "enum": "is not one of the allowed values",
    "reference": "does not exist",
    "unknown": "is not known",
    "repeated": "is given more than once",
    "cursor": "is not a cursor of this list",
    "media": "has a media type that is not allowed",
}
T = TypeVar("T")
Headers = tuple[tuple[str, str], ...]


def words(code: str) -> str:
    """A code in words for people."""
    return code.replace("_", " ")


class FieldError(Struct, frozen=True):
    """What is wrong with one field: a stable code for programs, a message for people."""

    field: str
    code: str
    message: str = ""

    def __post_init__(self) -> None:
        if not self.message:
            force_setattr(self, "message", FIELD_MESSAGES.get(self.code) or words(self.code))


class ServiceError(Exception):
    """An answer other than success. Subclasses are the categories, which decide the status.

    `code`, `message` and `field` are an author's own words; `fields` are all the fields that are wrong.
    """

    category: ClassVar[Category] = "internal"
    status: ClassVar[int] = 500

    def __init__(
        self,
        *fields: FieldError,
        code: str | None = None,
        message: str | None = None,
        field: str | None = None,
        headers: Headers = (),
    ) -> None:
        self.code = code or self.category
        super().__init__(self.code)
        self.message = message or words(self.code)
        self.fields = fields if field is None else (FieldError(field, self.code), *fields)
        self.headers = headers


class Malformed(ServiceError):
    """The request cannot be read at all."""

    category, status = "malformed", 400


class Unauthenticated(ServiceError):
    """Nobody is signed in, or the token is not valid any more."""

    category, status = "unauthenticated", 401


class InvalidCredentials(ServiceError):
    """The password does not match, or there is no such account: deliberately not told apart."""

    category, status = "invalid_credentials", 401


class Forbidden(ServiceError):
    """The caller may see this, but may not do that."""

    category, status = "forbidden", 403


class NotFound(ServiceError):
    """There is no such thing, or the caller may not know of it. `what` is for logs and debuggers only."""

    category, status = "not_found", 404

    def __init__(
        self,
        what: str = "",
        *fields: FieldError,
        code: str | None = None,
        message: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(*fields, code=code, message=message, field=field)
        self.what = what


class MethodNotAllowed(ServiceError):
    """The address exists, with other methods."""

    category, status = "method_not_allowed", 405


class Conflict(ServiceError):
    """The request contradicts what is stored; `fields` say where."""

    category, status = "conflict", 409


class Gone(ServiceError):
    """It was there, and will not be again."""

    category, status = "gone", 410


class PreconditionFailed(ServiceError):
    """The row has another version than `If-Match` demands."""

    category, status = "precondition_failed", 412


class PayloadTooLarge(ServiceError):
    """The body is larger than the operation reads."""

    category, status = "payload_too_large", 413


class UnsupportedMediaType(ServiceError):
    """The body is not declared as what the operation reads."""

    category, status = "unsupported_media_type", 415


class Invalid(ServiceError):
    """The request was understood and some of its fields are wrong: `fields` names every one of them."""

    category, status = "invalid", 422


class IntegerOverflow(Invalid, OverflowError):
    """A computed integer does not fit into 64 bits; which field is to blame cannot be said."""


class PreconditionRequired(ServiceError):
    """The version that is to be changed has to be named."""

    category, status = "precondition_required", 428


class TooManyRequests(ServiceError):
    """More than the operation allows in this window of time."""

    category, status = "too_many_requests", 429


class Internal(ServiceError):
    """A defect: what happened is in the log, under the request id, and nowhere else."""


class Unavailable(ServiceError):
    """The service cannot answer now; trying again later may help."""

    category, status = "unavailable", 503

    def __init__(self) -> None:
        super().__init__(headers=(("retry-after", "1"),))


def found(row: T | None, otherwise: str | ServiceError = "") -> T:
    """The row. Raises NotFound where there is none, or what is given instead."""
    if row is None:
        raise otherwise if isinstance(otherwise, ServiceError) else NotFound(otherwise)
    return row


def by_field(fields: Iterable[FieldError]) -> dict[str, list[str]]:
    """What is wrong, in words, for each field; what is about no field is under `base`."""
    told: dict[str, list[str]] = {}
    for each in fields:
        told.setdefault(each.field or "base", []).append(each.message)
    return told
