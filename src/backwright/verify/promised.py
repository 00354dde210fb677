"""Is an answer one that a contract allows which was handed over? Asked of what a running backend answers.

The gate `contract` compares two descriptions; this looks past ours, so that both cannot be wrong in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from backwright.model.types import HandedOver, Model
from backwright.project import Project
from backwright.verify.compare import Seen
from backwright.verify.gate import NotRun
from backwright.verify.promised_values import errors, header_value, media_of, validator_of
from backwright.verify.target.contract import METHODS, base_path, resolved
from backwright.verify.target.documents import ContractUnusable, read_contract

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

FAILED = 400
_OF_ANSWERS = re.compile("CD(3|5).*")
_OF_MEDIA = "CD221"
Key = tuple[str, str]
"""A method in lower case, and a path whose parameters have no names."""


class Promised:
    """The answers of a contract. `checked` counts those that were held against it.

    An operation of whose answers a deviation was agreed to is left to the gate `contract`, and so is a contract of
    several files. Failures that the contract does not name are the service's own.
    """

    def __init__(self, contract: HandedOver, project: Project, model: Model) -> None:
        self.name = contract.file
        self.checked = 0
        try:
            self._document = read_contract(project.root / contract.file)
        except ContractUnusable as error:
            raise NotRun(str(error)) from error
        free = [_key(each.operation) for each in contract.deviations if _OF_ANSWERS.match(each.rule)]
        promised = {} if None in free or _has_other_files(self._document) else self._found()
        self._responses = {
            operation.name: promised[key]
            for operation in model.operations
            if (key := (operation.method.lower(), shape(operation.path))) in promised and key not in free
        }
        others = [_key(each.operation) for each in contract.deviations if each.rule == _OF_MEDIA]
        self._any_media = {
            operation.name
            for operation in model.operations
            if None in others or (operation.method.lower(), shape(operation.path)) in others
        }
        self._validators: dict[tuple[str, ...], Validator] = {}

    def differences(self, operation: str, seen: Seen) -> list[str]:
        """What the contract does not allow about an answer: its status, media type, body and headers."""
        responses = self._responses.get(operation)
        if responses is None:
            return []
        status = str(seen.status)
        response = responses.get(status, responses.get(f"{status[0]}XX", responses.get("default")))
        if response is None and seen.status < FAILED and any(_is_success(each) for each in responses):
            return [f"status {seen.status} is not in {self.name} for {operation}"]
        if response is None:
            return []
        described = resolved(self._document, response)
        found = [*self._of_body(operation, described, seen), *self._of_headers(operation, described, seen)]
        return [f"{self.name}: {each}" for each in found]

    def _of_body(self, operation: str, response: Mapping[str, Any], seen: Seen) -> Iterator[str]:
        content = response.get("content") or {}
        if not content:
            return
        if not seen.content:
            yield f"status {seen.status} has no body"
            return
        sent_as = seen.headers.get("content-type", "application/json")
        media = media_of(sent_as, content)
        if media is None and operation not in self._any_media:
            yield f"status {seen.status} is answered as {sent_as}, and not as {' or '.join(content)}"
        schema = (content.get(media) or {}).get("schema") if media is not None else None
        if schema is not None and ("json" in sent_as or isinstance(seen.body, str)):
            self.checked += 1
            yield from errors(self._validator((operation, str(seen.status), str(media)), schema), seen.body)

    def _of_headers(self, operation: str, response: Mapping[str, Any], seen: Seen) -> Iterator[str]:
        for name, header in (response.get("headers") or {}).items():
            described, sent = resolved(self._document, header), seen.headers.get(name.lower())
            if name.lower() == "content-type":
                continue
            if sent is None and described.get("required") is True:
                yield f"the header {name} is missing"
            schema = described.get("schema")
            if sent is not None and schema is not None:
                validator = self._validator((operation, str(seen.status), "header", name), schema)
                value = header_value(sent, resolved(self._document, schema))
                yield from (f"the header {name}: {each}" for each in errors(validator, value))

    def _validator(self, key: tuple[str, ...], schema: Any) -> Validator:
        if key not in self._validators:
            self._validators[key] = validator_of(schema, self._document)
        return self._validators[key]

    def _found(self) -> dict[Key, Mapping[str, Any]]:
        """The responses of each operation, under its path with and without what stands before all paths."""
        base = base_path(self._document)
        found: dict[Key, Mapping[str, Any]] = {}
        for before in (base, ""):
            for path, item in self._document["paths"].items():
                whole = resolved(self._document, item)
                for method in METHODS:
                    operation = whole.get(method) if isinstance(whole, Mapping) else None
                    if isinstance(operation, Mapping):
                        responses = resolved(self._document, operation.get("responses") or {})
                        found[method, shape(before + path)] = responses
        return found


def shape(path: str) -> str:
    """A path whatever its parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def _is_success(status: str) -> bool:
    return status[0] in "23" or status == "default"


def _key(operation: str | None) -> Key | None:
    if operation is None:
        return None
    method, _, path = operation.partition(" ")
    return method.lower(), shape(path)


def _has_other_files(value: object) -> bool:
    return any(not reference.startswith("#") for reference in _references(value))


def _references(value: object) -> Iterator[str]:
    match value:
        case {"$ref": str(reference)}:
            yield reference
        case Mapping():
            for each in value.values():
                yield from _references(each)
        case list():
            for each in value:
                yield from _references(each)
        case _:
            return
