"""How failures look: the envelope, or what the service and its operations say."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from backwright_runtime.errors import Category, FieldError, ServiceError, by_field


class ErrorWords(Struct, frozen=True):
    """What can be said of a failure."""

    error: ServiceError
    status: int
    request_id: str

    @property
    def code(self) -> str:
        """The stable code: the category, or an author's own."""
        return self.error.code

    @property
    def category(self) -> Category:
        """The category."""
        return self.error.category

    @property
    def message(self) -> str:
        """Words for people."""
        return self.error.message

    @property
    def fields(self) -> tuple[FieldError, ...]:
        """Every field that is wrong: {field, code, message}."""
        return self.error.fields

    @property
    def messages(self) -> list[str]:
        """A text for each field that is wrong, or the message alone."""
        told = [f"{each.field} {each.message}".strip() for each in self.error.fields]
        return told or [self.error.message]

    @property
    def by_field(self) -> dict[str, list[str]]:
        """The texts for each field; those without a field are under `base`."""
        return by_field(self.error.fields) or {"base": [self.error.message]}


class ErrorAnswer(Struct, frozen=True):
    """How one category is answered, where that is not as usual. `empty`: without a body."""

    status: int | None = None
    body: Callable[[ErrorWords], object] | None = None
    empty: bool = False


PROBLEM_JSON = "application/problem+json"
"""The media type of failures by RFC 9457."""

ErrorAnswers: TypeAlias = Mapping[Category | Literal["*"], ErrorAnswer]
"""The answers of categories; "*" has the body of all that have none of their own."""
AS_USUAL: ErrorAnswers = {}

USUAL = ErrorAnswer()


class _Error(Struct, frozen=True):
    code: str
    message: str
    fields: tuple[FieldError, ...] | UnsetType = UNSET


class _Meta(Struct, frozen=True):
    request_id: str


class _Envelope(Struct, frozen=True):
    data: None
    error: _Error
    meta: _Meta


def answered(
    error: ServiceError, request_id: str, of_operation: ErrorAnswers, of_service: ErrorAnswers
) -> tuple[int, object]:
    """Status and body of a failure; UNSET is no body. What an operation says goes before what its service says."""
    own = of_operation.get(error.category) or of_service.get(error.category) or USUAL
    status = error.status if own.status is None else own.status
    says_body = own.empty or own.body is not None
    said = own if says_body else of_operation.get("*") or of_service.get("*") or USUAL
    if said.empty:
        return status, UNSET
    if said.body is None:
        return status, _enveloped(error, request_id)
    return status, said.body(ErrorWords(error, status, request_id))


def _enveloped(error: ServiceError, request_id: str) -> _Envelope:
    has_fields = error.category in ("invalid", "conflict")
    told = _Error(error.code, error.message, error.fields if has_fields else UNSET)
    return _Envelope(None, told, _Meta(request_id))
