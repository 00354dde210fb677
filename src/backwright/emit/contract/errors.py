"""What an operation answers when it fails: status, code and shape of each category."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import msgspec

from backwright.emit.contract.headers import REPLAYED, REQUEST_ID, deprecation_headers
from backwright.emit.contract.values import NULL, Json, array, closed, either, ref
from backwright.emit.failures import MEANING, OF_RUNTIME, Answer, Outcome, answer_of, field_codes, outcomes
from backwright.emit.names import pascal
from backwright.model.types import (
    MEDIA_OF_FAILURES,
    ErrorArray,
    ErrorMembers,
    ErrorShape,
    ErrorText,
    ErrorWord,
    Model,
    Operation,
)

FIELD_CODES = [
    "required",
    "type",
    "null",
    "too_short",
    "too_long",
    "too_small",
    "too_large",
    "format",
    "enum",
    "unknown",
    "repeated",
    "cursor",
    "reference",
    "taken",
]
WITH_FIELDS = frozenset({"invalid", "conflict"})
"""The categories whose envelope names fields."""


OF_FORMS = {
    "malformed": "The body is not what it is declared as: a JSON object, or a form.",
    "unsupported_media_type": "The body is not declared as what the operation takes.",
}
"""The same in words, for services that take forms."""
BEFORE_KEYS = frozenset(
    {"payload_too_large", "unsupported_media_type", "unauthenticated", "too_many_requests", *OF_RUNTIME}
)
"""The categories that are answered before an idempotency key is looked at, or whatever it is."""


class Failing(msgspec.Struct, frozen=True):
    """One category of an operation, and how it is answered."""

    outcome: Outcome
    answer: Answer


def failures(operation: Operation, model: Model) -> Json:
    """The answers of failure by status."""
    by_status: dict[int, list[Failing]] = {}
    for outcome in outcomes(operation, model):
        answer = answer_of(outcome.category, operation, model.service)
        by_status.setdefault(answer.status, []).append(Failing(outcome, answer))
    found: Json = {}
    for status, failing in sorted(by_status.items()):
        particular = particular_headers(operation, failing)
        component = None if particular else shared(failing, model)
        found[str(status)] = failure(failing, model) if component is None else _response(component)
        if particular:
            found[str(status)]["headers"] |= particular
    return found


def particular_headers(operation: Operation, failing: list[Failing]) -> Json:
    """The headers that the failures of one operation have, and others do not."""
    found: Json = {}
    if operation.idempotent != "no" and not all(each.outcome.category in BEFORE_KEYS for each in failing):
        found |= REPLAYED
    if operation.deprecated is not None:
        found |= deprecation_headers(operation.deprecated)
    return found


def _response(component: str) -> Json:
    return {"$ref": f"#/components/responses/{component}"}


def shared(failing: list[Failing], model: Model) -> str | None:
    """The component that answers, where there is nothing particular about the operation."""
    category = failing[0].outcome.category
    if len(failing) > 1 or failure(failing, model) != usual_failure(category, model):
        return None
    return pascal(category)


def usual_failure(category: str, model: Model) -> Json:
    """How a category is answered where no operation says otherwise."""
    usual = answer_of(category, None, model.service)
    return failure([Failing(Outcome(category, (category,)), usual)], model)


def shared_responses(model: Model) -> Json:
    """The components that operations share, in the order of the categories."""
    used = {outcome.category for operation in model.operations for outcome in outcomes(operation, model)}
    return {pascal(category): usual_failure(category, model) for category in MEANING if category in used}


def failure(failing: list[Failing], model: Model) -> Json:
    """The answer of one status: of one category, or of several."""
    about = " Or: ".join(meaning(each.outcome.category, model) for each in failing)
    found: Json = {"description": about, "headers": headers(failing, model)}
    told = [each for each in failing if not each.answer.empty]
    schemas = []
    for body, categories in _alike(told):
        schemas.append(_schema(body, categories))
    if schemas:
        media = MEDIA_OF_FAILURES[model.service.failures]
        found["content"] = {media: {"schema": either(schemas)}}
    return found


def _alike(failing: Iterable[Failing]) -> list[tuple[ErrorShape | None, list[Failing]]]:
    """The categories whose bodies have one shape."""
    found: list[tuple[ErrorShape | None, list[Failing]]] = []
    for each in failing:
        same = next((group for body, group in found if body == each.answer.body), None)
        if same is None:
            found.append((each.answer.body, [each]))
        else:
            same.append(each)
    return found


def headers(failing: list[Failing], model: Model) -> Json:
    """The headers of a failure."""
    found: Json = dict(REQUEST_ID)
    auth = model.auth
    if failing[0].answer.status == 401 and (auth is None or auth.cookie is None):
        scheme = "Bearer" if auth is None else auth.scheme
        found["WWW-Authenticate"] = {"description": f"`{scheme}`", "schema": {"type": "string"}}
    if any(each.outcome.category == "too_many_requests" for each in failing):
        found["Retry-After"] = {"description": "In how many seconds.", "schema": {"type": "integer"}}
    return found


def meaning(category: str, model: Model) -> str:
    """A category in words; those that name a member of the envelope say so only where there is one."""
    words = MEANING[category]
    if category in OF_FORMS and model.takes_forms:
        words = OF_FORMS[category]
    if answer_of(category, None, model.service).body is None:
        return words
    return words.partition("; `fields`")[0].rstrip(".") + "."


# Bodies -----------------------------------------------------------------------------------------------


def _schema(body: ErrorShape | None, failing: list[Failing]) -> Json:
    return envelope(failing) if body is None else shaped(body, failing)


def codes(failing: list[Failing]) -> list[str]:
    """Every code of these categories, each once."""
    return list(dict.fromkeys(code for each in failing for code in each.outcome.codes))


def one_of(words: list[str]) -> Json:
    """One of some fixed texts."""
    return {"const": words[0]} if len(words) == 1 else {"enum": words}


def envelope(failing: list[Failing]) -> Json:
    """`{data, error, meta}` of a failure."""
    error: Json = {"code": one_of(codes(failing)), "message": {"type": "string"}}
    required = ["code", "message"]
    with_fields = [each for each in failing if each.outcome.category in WITH_FIELDS]
    if with_fields:
        error["fields"] = array(ref("FieldError"))
        required = [*required, "fields"] if len(with_fields) == len(failing) else required
    return closed(
        {
            "data": NULL,
            "error": {"type": "object", "required": required, "properties": error},
            "meta": ref("Meta"),
        }
    )


def shaped(shape: ErrorShape, failing: list[Failing]) -> Json:
    """The schema of an author's own shape of errors."""
    match shape:
        case ErrorText(text=text):
            return {"const": text}
        case ErrorMembers(members=members):
            return closed({each.wire: shaped(each.shape, failing) for each in members})
        case ErrorArray(items=items):
            schemas = [shaped(item, failing) for item in items]
            size = {"minItems": len(items), "maxItems": len(items)}
            return {"type": "array", "prefixItems": schemas, "items": False, **size}
        case ErrorWord():
            return word(shape, failing)
        case _:
            assert_never(shape)


def word(shape: ErrorWord, failing: list[Failing]) -> Json:
    """The schema of a value about the failure."""
    match shape.word:
        case "code":
            return one_of(codes(failing))
        case "category":
            return one_of([each.outcome.category for each in failing])
        case "status":
            return {"const": failing[0].answer.status}
        case "message" | "request_id":
            return {"type": "string"}
        case "fields":
            return array(ref("FieldError"))
        case "messages":
            return array({"type": "string"})
        case "by_field":
            return {"type": "object", "additionalProperties": array({"type": "string"})}
        case _:
            assert_never(shape.word)


def field_error(model: Model) -> Json:
    """One field that is wrong."""
    known = list(dict.fromkeys([*FIELD_CODES, *_of_files(model), *field_codes(model)]))
    return closed({"field": {"type": "string"}, "code": {"enum": known}, "message": {"type": "string"}})


def _of_files(model: Model) -> list[str]:
    """`media`, where files are sent."""
    bodies = [operation.body for operation in model.operations if operation.body is not None]
    return ["media"] if any(body.media == "multipart" for body in bodies) else []
