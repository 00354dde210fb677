"""The document: operations by path, and the components that they refer to."""

from __future__ import annotations

import json

from backwright.emit.contract.answers import SESSION, session_schema, successes, view_schema
from backwright.emit.contract.errors import failures, field_error, shared_responses
from backwright.emit.contract.headers import SHARED
from backwright.emit.contract.requests import body_schemas, parameters, request_body
from backwright.emit.contract.values import Json, closed
from backwright.emit.names import Names
from backwright.emit.shown import shown_views
from backwright.model.types import Auth, Model, Operation, Rate, ShowSession

CSRF_HEADER = "X-CSRF-Token"
_SPANS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def contract(model: Model, names: Names) -> str:
    """The contract as stable, indented JSON."""
    return json.dumps(document(model, names), indent=2, ensure_ascii=True) + "\n"


def document(model: Model, names: Names) -> Json:
    """The contract that the service answers by."""
    service = model.service
    info = {"title": service.name, "version": service.version}
    if service.description:
        info["description"] = service.description
    described = {"paths": paths(model, names), "components": components(model, names)}
    parts = {
        **described["components"],
        "schemas": referred(described, "schemas"),
        "headers": referred(described, "headers"),
    }
    return {
        "openapi": "3.1.0",
        "info": info,
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in model.operations)],
        "paths": described["paths"],
        "components": parts,
    }


def referred(described: Json, kind: str) -> Json:
    """The components that are referred to from anywhere."""
    text = json.dumps(described)
    components: Json = described["components"][kind]
    return {name: each for name, each in components.items() if f'{kind}/{name}"' in text}


def paths(model: Model, names: Names) -> Json:
    """The operations by path and method."""
    found: Json = {}
    for operation in model.operations:
        found.setdefault(operation.path, {})[operation.method.lower()] = described(operation, model, names)
    return found


def described(operation: Operation, model: Model, names: Names) -> Json:
    """One operation."""
    about: Json = {"operationId": operation.name, "tags": [operation.tag], "summary": operation.summary}
    words = remarks(operation)
    if words:
        about["description"] = words
    asked = parameters(operation, model)
    if asked:
        about["parameters"] = asked
    about["responses"] = answers(operation, model, names)
    if operation.body is not None:
        about["requestBody"] = request_body(operation, operation.body, model, names)
    if model.auth is not None and operation.caller != "none":
        about["security"] = security(operation, model.auth)
    if operation.deprecated is not None:
        about["deprecated"] = True
    return about


def answers(operation: Operation, model: Model, names: Names) -> Json:
    """Every answer by status: of success first, then failures."""
    found = successes(operation, model, names)
    for status, answer in failures(operation, model).items():
        found.setdefault(status, answer)
    return found


def remarks(operation: Operation) -> str:
    """What else callers should know: limits, and when the operation ends."""
    found = [f"At most {rate_words(rate)}." for rate in operation.rates]
    if operation.max_body is not None:
        found.append(f"At most {operation.max_body} bytes of body.")
    deprecated = operation.deprecated
    if deprecated is not None:
        until = f", until {deprecated.sunset}" if deprecated.sunset is not None else ""
        link = f": {deprecated.link}" if deprecated.link is not None else ""
        found.append(f"Deprecated since {deprecated.since}{until}{link}.")
    return " ".join(found)


def rate_words(rate: Rate) -> str:
    """A limit of requests in words: `5 requests a minute by caller`."""
    length, span = next(each for each in _SPANS if rate.seconds % each[0] == 0)
    times = rate.seconds // length
    window = f"a {span}" if times == 1 else f"in {times} {span}s"
    window = "an hour" if window == "a hour" else window
    return f"{rate.count} request{'s' if rate.count != 1 else ''} {window} by {rate.by}"


# Who is calling ---------------------------------------------------------------------------------------


def security(operation: Operation, auth: Auth) -> list[Json]:
    """What a caller comes with."""
    demands: list[Json] = [{scheme_name(auth): []}]
    if auth.cookie is not None and operation.method != "GET":
        demands = [{scheme_name(auth): [], "csrf": []}]
        if operation.body is not None and operation.body.media != "json":
            demands.append({scheme_name(auth): []})  # with the form's own member
    return demands if operation.caller == "required" else [{}, *demands]


def scheme_name(auth: Auth) -> str:
    """What the contract calls the way in which callers are known."""
    return "session" if auth.cookie is not None else auth.scheme.lower()


def security_schemes(auth: Auth) -> Json:
    """The ways in which callers are known."""
    if auth.cookie is not None:
        about = f"The cookie `csrf_token`, in every request that writes and comes with `{auth.cookie}`."
        return {
            scheme_name(auth): {"type": "apiKey", "in": "cookie", "name": auth.cookie},
            "csrf": {"type": "apiKey", "in": "header", "name": CSRF_HEADER, "description": about},
        }
    if auth.scheme.lower() == "bearer":
        return {scheme_name(auth): {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    about = f"`{auth.scheme} <access token>`"
    scheme = {"type": "apiKey", "in": "header", "name": "Authorization", "description": about}
    return {scheme_name(auth): scheme}


# Components -------------------------------------------------------------------------------------------


def components(model: Model, names: Names) -> Json:
    """Everything that operations refer to."""
    schemas: Json = {}
    for view in shown_views(model.operations, model):
        schemas[names.view_class(view.name)] = view_schema(view, model, names)
    for operation in model.operations:
        if operation.body is not None:
            schemas |= body_schemas(operation, operation.body, model, names)
        if isinstance(operation.respond.show, ShowSession):
            schemas[SESSION] = session_schema(operation.respond.show, names)
    found: Json = {
        "schemas": schemas | common(model),
        "responses": shared_responses(model),
        "headers": SHARED,
    }
    if model.auth is not None:
        found["securitySchemes"] = security_schemes(model.auth)
    return found


def common(model: Model) -> Json:
    """The schemas that do not depend on one operation."""
    request_id: Json = {"type": "string"}
    return {
        "Meta": closed({"request_id": request_id}),
        "PageMeta": closed({"request_id": request_id, "next": {"type": ["string", "null"]}}),
        "TotalMeta": closed({"request_id": request_id, "total": {"type": "integer", "minimum": 0}}),
        "FieldError": field_error(model),
    }
