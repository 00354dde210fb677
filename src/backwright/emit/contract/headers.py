"""The headers of answers."""

from __future__ import annotations

from backwright.emit.contract.requests import tells_version
from backwright.emit.contract.values import Json
from backwright.model.types import Deprecation, Model, Operation, ShowCsv, ShowFile, ShowRow, SignIn, SignOut

SHARED: Json = {
    "RequestId": {
        "description": "Names the request in the log; the caller's own is echoed.",
        "schema": {"type": "string"},
    },
    "Replayed": {
        "description": "`true`: the answer to an earlier request with this key.",
        "schema": {"type": "string"},
    },
    "Deprecation": {"description": "Since when (RFC 9745).", "schema": {"type": "string"}},
    "Sunset": {"description": "Until when (RFC 8594).", "schema": {"type": "string"}},
    "Link": {"description": "Where to read about it.", "schema": {"type": "string"}},
}
"""The headers of more than one answer."""


def shared_header(name: str) -> Json:
    """A header of the components."""
    return {"$ref": f"#/components/headers/{name}"}


REQUEST_ID: Json = {"X-Request-Id": shared_header("RequestId")}
REPLAYED: Json = {"Idempotency-Replayed": shared_header("Replayed")}


def headers(operation: Operation, model: Model) -> Json:
    """The headers of a success."""
    respond = operation.respond
    found: Json = dict(REQUEST_ID)
    show = respond.show
    if isinstance(show, ShowRow) and show.location is not None:
        found["Location"] = _header("The new row.")
    if tells_version(operation, model):
        found["ETag"] = _header("The version of the row, for `If-Match`.")
    if isinstance(show, ShowCsv | ShowFile) and show.filename is not None:
        found["Content-Disposition"] = _header("The name under which to save it.")
    if operation.cache is not None and operation.method == "GET":
        found["Cache-Control"] = _header("How long the answer may be kept.")
    if operation.deprecated is not None:
        found |= deprecation_headers(operation.deprecated)
    if operation.idempotent != "no":
        found |= REPLAYED
    for header in respond.headers:
        found[header.name.title()] = _header()
    if sets_cookies(operation, model):
        found["Set-Cookie"] = _header()
    return dict(sorted(found.items(), key=lambda each: each[0] != "X-Request-Id"))


def deprecation_headers(deprecated: Deprecation) -> Json:
    """What tells clients that an operation is going to end."""
    found: Json = {"Deprecation": shared_header("Deprecation")}
    if deprecated.sunset is not None:
        found["Sunset"] = shared_header("Sunset")
    if deprecated.link is not None:
        found["Link"] = shared_header("Link")
    return found


def sets_cookies(operation: Operation, model: Model) -> bool:
    """Whether a success can set cookies: the author's own, or those of a session."""
    sessions = model.auth is not None and model.auth.cookie is not None
    signs = any(isinstance(step, SignIn | SignOut) for step in operation.steps)
    return bool(operation.respond.cookies) or (sessions and signs)


def _header(about: str = "") -> Json:
    said = {"description": about} if about else {}
    return {**said, "schema": {"type": "string"}}
