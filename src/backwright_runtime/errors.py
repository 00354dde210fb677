"""What a service can answer instead of success. Each error knows its code, status and message."""

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import force_setattr

FIELD_MESSAGES = {
    "required": "This value is required.",
    "type": "This value has the wrong type.",
    "null": "This value must not be null.",
    "too_short": "This text is too short.",
    "too_long": "This text is too long.",
    "too_small": "This number is too small.",
    "too_large": "This number is too large.",
    "format": "This value is not in the expected format.",
    "enum": "This value is not one of the allowed values.",
    "unknown": "There is no such field.",
    "repeated": "This parameter may be given only once.",
    "cursor": "This cursor does not belong to this list; start again without it.",
    "reference": "This refers to something that does not exist.",
    "taken": "This value is already taken.",
}


class FieldError(Struct, frozen=True):
    """What is wrong with one field: a stable code for programs, a message for people."""

    field: str
    code: str
    message: str = ""

    def __post_init__(self) -> None:
        if not self.message:
            message = FIELD_MESSAGES.get(self.code, "This value is not accepted.")
            force_setattr(self, "message", message)


class ServiceError(Exception):
    """An answer other than success. Subclasses say which."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    message: ClassVar[str] = "Something went wrong on our side."

    def __init__(self, *fields: FieldError, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(self.code)
        self.fields = fields
        self.headers = headers


class Malformed(ServiceError):
    """The body cannot be read at all."""

    code, status, message = "malformed", 400, "The body must be a JSON object."


class Unauthenticated(ServiceError):
    """Nobody is signed in, or the token is not valid any more."""

    code, status, message = "unauthenticated", 401, "Sign in first: a valid access token is needed."

    def __init__(self) -> None:
        super().__init__(headers=(("www-authenticate", "Bearer"),))


class InvalidCredentials(ServiceError):
    """The password does not match, or there is no such account: deliberately not told apart."""

    code, status, message = "invalid_credentials", 401, "The credentials do not match."

    def __init__(self) -> None:
        super().__init__(headers=(("www-authenticate", "Bearer"),))


class Forbidden(ServiceError):
    """The caller may see this, but may not do that."""

    code, status, message = "forbidden", 403, "This is not allowed."


class NotFound(ServiceError):
    """There is no such thing, or the caller may not know of it. `what` is for logs and debuggers only."""

    code, status, message = "not_found", 404, "There is nothing here."

    def __init__(self, what: str = "") -> None:
        super().__init__()
        self.what = what


class MethodNotAllowed(ServiceError):
    """The address exists, with other methods."""

    code, status, message = "method_not_allowed", 405, "This address does not have that method."

    def __init__(self, allowed: str) -> None:
        super().__init__(headers=(("allow", allowed),))


class Conflict(ServiceError):
    """The request contradicts what is stored; `fields` say where."""

    code, status, message = "conflict", 409, "This contradicts what is stored already."


class PayloadTooLarge(ServiceError):
    """The body is larger than the service reads."""

    code, status, message = "payload_too_large", 413, "The body is too large."


class UnsupportedMediaType(ServiceError):
    """The body is not declared as JSON."""

    code, status, message = "unsupported_media_type", 415, "The body must be application/json in UTF-8."


class Invalid(ServiceError):
    """The request was understood and some of its fields are wrong: `fields` names every one of them."""

    code, status, message = "invalid", 422, "Some fields are not valid."


class IntegerOverflow(Invalid, OverflowError):
    """A computed integer does not fit into 64 bits; which field is to blame cannot be said."""


class Internal(ServiceError):
    """A defect: what happened is in the log, under the request id, and nowhere else."""


class Unavailable(ServiceError):
    """The service cannot answer now; trying again later may help."""

    code, status, message = "unavailable", 503, "The service is not available now; try again later."

    def __init__(self) -> None:
        super().__init__(headers=(("retry-after", "1"),))
