"""Holds answers and requests against a contract: `openapi.json` as a model emits it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator, FormatChecker

from backwright.emit.aliases import is_file
from backwright.emit.contract import document
from backwright.emit.names import names
from backwright.model.types import Model, Operation
from backwright.reference.routing import match_path
from backwright.verify.compare import Seen
from backwright.verify.subjects import ReferenceSubject
from backwright.verify.wire import Wire

ALWAYS = frozenset({"content-type", "content-length", "x-content-type-options", "allow"})
"""Headers that need no description."""


SHAPE = frozenset(
    {"required", "type", "null", "too_short", "too_long", "too_small", "too_large", "enum", "unknown"}
)


class Contract:
    """A contract, and what of requests and answers it does not allow. `held` counts the answers that were."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.document = json.loads(json.dumps(document(model, names(model))))
        self.held: dict[tuple[str, int], int] = {}

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation that answers a request."""
        fitting = [
            operation
            for operation in self.model.operations
            if operation.method == method and match_path(operation.path, path) is not None
        ]
        key = lambda operation: [part.startswith("{") for part in operation.path.split("/")]  # noqa: E731
        return min(fitting, key=key, default=None)

    def described(self, operation: Operation) -> dict[str, Any]:
        found: dict[str, Any] = self.document["paths"][operation.path][operation.method.lower()]
        return found

    # Answers ------------------------------------------------------------------------------------------

    def wrong(self, operation: Operation, seen: Seen) -> Iterator[str]:
        """What the contract does not allow about an answer."""
        responses = self.described(operation)["responses"]
        at = f"{operation.name}: {seen.status}"
        if str(seen.status) not in responses:
            yield f"{at} is not described"
            return
        self.held[operation.name, seen.status] = self.held.get((operation.name, seen.status), 0) + 1
        response = self.resolved(responses[str(seen.status)])
        told = {name.lower() for name in response.get("headers", {})} | ALWAYS
        extra = {name.lower() for name in seen.headers} - told
        if extra:
            yield f"{at}: headers {sorted(extra)} are not described"
        content = response.get("content", {})
        if not content:
            if seen.body is not None:
                yield f"{at}: a body that is not described: {seen.body!r}"
            return
        (media, schema), *_ = content.items()
        given = seen.headers.get("content-type", "").partition(";")[0]
        if media not in (given, "*/*"):
            yield f"{at}: {given}, not {media}"
        if media.endswith("json"):
            yield from (f"{at}: {each}" for each in self.errors(schema["schema"], seen.body))

    def errors(self, schema: dict[str, Any], value: Any, *, closed: bool = True) -> list[str]:
        """Why a value does not fit. `closed`: members that nobody described are wrong, too."""
        whole = {**schema, "components": self.document["components"]}
        if closed:
            whole = _closed(whole)
        found = Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value)
        return [f"{error.json_path}: {error.message[:300]}" for error in found]

    def resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in value:
            found: Any = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    # Requests -----------------------------------------------------------------------------------------

    def refuses(self, operation: Operation, wire: Wire) -> list[str]:
        """Why the contract does not allow a request: its parameters, and its body."""
        described = self.described(operation)
        found: list[str] = []
        declared = {field.wire for field in operation.query if field.header}
        sent: dict[str, list[str]] = {}
        for name, text in wire.query:
            sent.setdefault(name, []).append(text)
        for parameter in described.get("parameters", []):
            if parameter["in"] == "query":
                found += self._query(parameter, sent.get(parameter["name"]))
            elif parameter["in"] == "header" and parameter["name"] in declared:
                text = wire.headers.get(parameter["name"].lower())
                found += self._query(parameter, None if text is None else [text])
        body = described.get("requestBody")
        if body is None:
            return found
        (media, content), *_ = body["content"].items()
        if media == "application/json":
            found += self.errors(content["schema"], json.loads(wire.content or b""), closed=False)
        elif media != "multipart/form-data":
            pairs = parse_qsl((wire.content or b"").decode(), keep_blank_values=True)
            found += self._form(self.resolved(content["schema"]), pairs)
        return found

    def _query(self, parameter: dict[str, Any], texts: list[str] | None) -> list[str]:
        if texts is None:
            return [f"{parameter['name']} is missing"] if parameter.get("required") else []
        schema = parameter["schema"]
        value: Any = [_parsed(text, schema["items"]) for text in texts] if schema["type"] == "array" else None
        if value is None:
            if len(texts) > 1:
                return [f"{parameter['name']} is repeated"]
            value = _parsed(texts[0], schema)
        return [f"{parameter['name']}{each}" for each in self.errors(schema, value, closed=False)]

    def _form(self, schema: dict[str, Any], pairs: list[tuple[str, str]]) -> list[str]:
        given: dict[str, Any] = {}
        for name, text in pairs:
            member = schema["properties"].get(name, {"type": "string"})
            if member.get("type") == "array":
                given.setdefault(name, []).append(_parsed(text, member["items"]))
            else:
                given[name] = _parsed(text, member)
        return self.errors(schema, given, closed=False)


def _parsed(text: str, schema: Mapping[str, Any]) -> Any:
    """A text of an address as JSON has it, where its schema says that it is no string."""
    if "anyOf" in schema and text:
        return _parsed(text, schema["anyOf"][0])
    kinds = schema.get("type")
    if kinds in ("integer", "number", "boolean"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _closed(schema: Any) -> Any:
    """The schema with every object saying all of its members."""
    if isinstance(schema, dict):
        found = {name: _closed(each) for name, each in schema.items()}
        if (
            "properties" in schema
            and isinstance(schema["properties"], dict)
            and schema.get("type") == "object"
        ):
            found.setdefault("additionalProperties", False)
        return found
    return [_closed(each) for each in schema] if isinstance(schema, list) else schema


def is_misshapen(seen: Seen, operation: Operation) -> bool:
    """Whether a request was refused for what a schema can tell, and nothing else.

    How many bytes a text in base64 stands for is not among it.
    """
    if operation.body is not None and any(is_file(field) for field in operation.body.fields):
        return False
    if seen.status != 422 or not isinstance(seen.body, dict) or not isinstance(seen.body.get("error"), dict):
        return False
    fields = seen.body["error"].get("fields") or []
    return bool(fields) and all(each["code"] in SHAPE for each in fields)


class HeldSubject(ReferenceSubject):
    """The meaning of a model, whose every answer is held against the contract."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.contract = Contract(model)
        self.wrong: list[str] = []

    def send(self, wire: Wire) -> Seen:
        seen = super().send(wire)
        operation = self.contract.operation(wire.method, wire.path)
        if operation is not None:
            self.wrong += self.contract.wrong(operation, seen)
            if 200 <= seen.status < 300:
                refused = self.contract.refuses(operation, wire)
                self.wrong += [f"{operation.name}: accepted, though {each}" for each in refused]
            elif is_misshapen(seen, operation) and not self.contract.refuses(operation, wire):
                self.wrong.append(
                    f"{operation.name}: refused, though it fits: {seen.body['error']['fields']}"
                )
        return seen
