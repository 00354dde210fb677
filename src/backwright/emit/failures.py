"""Which errors an operation can answer, from what it does."""

from __future__ import annotations

from backwright.emit.access import references
from backwright.emit.inputs import has_query
from backwright.emit.judgements import judgements, touched
from backwright.emit.repositories import is_referenced, unique_keys
from backwright.model.types import Create, Delete, Find, Model, Operation, Update, VerifyPassword

STATUS = {
    "malformed": 400,
    "unauthenticated": 401,
    "invalid_credentials": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "invalid": 422,
    "internal": 500,
    "unavailable": 503,
}
MEANING = {
    "malformed": "The body is not a JSON object.",
    "unauthenticated": "Nobody is signed in, or the access token is not valid (any more).",
    "invalid_credentials": "The credentials do not match.",
    "forbidden": "The caller may see this, but may not do that.",
    "not_found": "There is nothing here, or the caller may not know of it.",
    "method_not_allowed": "The address exists, with other methods; `Allow` names them.",
    "conflict": "This contradicts what is stored already; `fields` says where.",
    "payload_too_large": "The body is larger than the service reads.",
    "unsupported_media_type": "The body is not declared as `application/json`.",
    "invalid": "Some fields are not valid; `fields` names every one of them.",
    "internal": "A defect. The request id leads to it in the log.",
    "unavailable": "The service cannot answer now; trying again later may help.",
}


def error_codes(operation: Operation, model: Model) -> list[str]:
    """The codes that the operation can answer, in the order in which it would."""
    found = set(operation.errors)
    if operation.body is not None:
        found |= {"malformed", "payload_too_large", "unsupported_media_type", "invalid"}
    if has_query(operation) or references(operation):
        found.add("invalid")
    if operation.caller != "none":
        found.add("unauthenticated")
    if operation.path_parameters:
        found.add("not_found")
    if any(each.outcome != "proven" for each in judgements(operation, model)):
        found.add("forbidden")
    for step in operation.steps:
        match step:
            case Find(error=error):
                found.add(error)
            case VerifyPassword():
                found.add("invalid_credentials")
            case Create() if unique_keys(model.entity(step.entity)):
                found.add("conflict")
            case Update() if writes_key(step, model):
                found.add("conflict")
            case Delete() if is_referenced(model.entity(step.entity), model):
                found.add("conflict")
            case _:
                pass
    return [code for code in (*STATUS, *sorted(found - STATUS.keys())) if code in found] + [
        "internal",
        "unavailable",
    ]


def writes_key(step: Update, model: Model) -> bool:
    """Whether a change may write a field of a unique key."""
    names = touched(step)
    return any(field.name in names for _, key in unique_keys(model.entity(step.entity)) for field in key)
