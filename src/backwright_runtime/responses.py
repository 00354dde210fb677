"""What handlers return, and how it becomes bytes."""

from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backwright_runtime.errors import FieldError, ServiceError


class Response(Struct, frozen=True, kw_only=True):
    """A successful answer. `next` is the cursor of the next page: only pages have one."""

    status: int
    data: object = None
    next: str | UnsetType | None = UNSET
    location: str | None = None


class Document(Struct, frozen=True, kw_only=True):
    """An answer that is not in the envelope: a contract, a documentation page."""

    body: bytes
    content_type: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


def ok(data: object, *, next: str | UnsetType | None = UNSET) -> Response:
    """200 with data; with `next`, a page."""
    return Response(status=200, data=data, next=next)


def created(data: object, *, location: str | None = None) -> Response:
    """201 with the new thing, and where it is from now on."""
    return Response(status=201, data=data, location=location)


def no_content() -> Response:
    """204."""
    return Response(status=204)


def timestamp(value: datetime) -> str:
    """How a timestamp is printed: in UTC, always with six digits of fraction."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


class _Meta(Struct, frozen=True):
    request_id: str
    next: str | UnsetType | None = UNSET


class _Error(Struct, frozen=True):
    code: str
    message: str
    fields: tuple[FieldError, ...] | UnsetType = UNSET


class _Envelope(Struct, frozen=True):
    data: object
    error: _Error | None
    meta: _Meta


_encode = msgspec.json.Encoder().encode


def success_body(response: Response, request_id: str) -> bytes:
    """The envelope around what a handler returned."""
    return _encode(_Envelope(response.data, None, _Meta(request_id, response.next)))


def error_body(error: ServiceError, request_id: str) -> bytes:
    """The envelope around an error."""
    has_fields = error.code in ("invalid", "conflict")
    told = _Error(error.code, error.message, error.fields if has_fields else UNSET)
    return _encode(_Envelope(None, told, _Meta(request_id)))
