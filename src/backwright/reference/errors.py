"""How failures look: the envelope, or what the specification says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

from backwright.model.types import (
    ErrorAnswer,
    ErrorArray,
    ErrorMembers,
    ErrorShape,
    ErrorText,
    ErrorWord,
    Operation,
    Service,
)
from backwright.reference.failures import STATUS, Failure


class Words(str):
    """Words for people, which every implementation chooses for itself. An author's own words are plain text."""

    __slots__ = ()


WORDS = {
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


def answered(
    failure: Failure, operation: Operation | None, service: Service, request_id: str
) -> tuple[int, Any]:
    """Status and body of a failure; a body of None is none."""
    answers = [*(operation.answers if operation is not None else ()), *service.answers]
    own = _first(answers, failure.category)
    usual = _first(answers, "*")
    status = STATUS[failure.category] if own is None or own.status is None else own.status
    said = own if own is not None and (own.empty or own.body is not None) else usual
    if said is None or (said.body is None and not said.empty):
        return status, envelope(failure, request_id)
    return status, None if said.empty or said.body is None else _shape(said.body, failure, status, request_id)


def _first(answers: Iterable[ErrorAnswer], category: str) -> ErrorAnswer | None:
    return next((each for each in answers if each.category == category), None)


def envelope(failure: Failure, request_id: str) -> Any:
    """`{data, error, meta}`."""
    error: dict[str, Any] = {"code": failure.code, "message": message(failure)}
    if failure.category in {"invalid", "conflict"}:
        error["fields"] = fields(failure)
    return {"data": None, "error": error, "meta": {"request_id": request_id}}


def message(failure: Failure) -> str:
    """Words for people."""
    return failure.message or Words(failure.code.replace("_", " "))


def words(code: str) -> str:
    """What is wrong with a field, in words."""
    return Words(WORDS.get(code, code.replace("_", " ")))


def fields(failure: Failure) -> list[dict[str, str]]:
    """Every field that is wrong."""
    return [{"field": name, "code": code, "message": words(code)} for name, code in failure.fields]


def _shape(shape: ErrorShape, failure: Failure, status: int, request_id: str) -> Any:
    match shape:
        case ErrorText(text=text):
            return text
        case ErrorMembers(members=members):
            return {each.wire: _shape(each.shape, failure, status, request_id) for each in members}
        case ErrorArray(items=items):
            return [_shape(item, failure, status, request_id) for item in items]
        case ErrorWord():
            return _word(shape, failure, status, request_id)
        case _:
            assert_never(shape)


def _word(shape: ErrorWord, failure: Failure, status: int, request_id: str) -> Any:
    match shape.word:
        case "code":
            return failure.code
        case "category":
            return failure.category
        case "status":
            return status
        case "message":
            return message(failure)
        case "request_id":
            return request_id
        case "fields":
            return fields(failure)
        case "messages":
            told: list[str] = [Words(f"{name} {words(code)}".strip()) for name, code in failure.fields]
            return told or [message(failure)]
        case "by_field":
            found: dict[str, list[str]] = {}
            for name, code in failure.fields:
                found.setdefault(name or "base", []).append(words(code))
            return found or {"base": [message(failure)]}
        case _:
            assert_never(shape.word)
