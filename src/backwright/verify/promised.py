"""Is an answer one that a contract allows which was handed over? Asked of what a running backend answers.

The gate `contract` compares two descriptions; this looks past ours, so that both cannot be wrong in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from backwright.model.types import HandedOver, Model
from backwright.project import Project
from backwright.verify.agreed import Agreed, shape
from backwright.verify.compare import Seen
from backwright.verify.gate import NotRun
from backwright.verify.promised_values import errors, header_value, media_of, validator_of
from backwright.verify.target.contract import METHODS, base_path, resolved
from backwright.verify.target.documents import ContractUnusable, read_contract

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

FAILED = 400
_OF_STATUS = "CD302"
_OF_MEDIA = "CD221"
_OF_HEADERS = ("CD303", "CD305")
Key = tuple[str, str]
"""A method in lower case, and a path whose parameters have no names."""


class Promised:
    """The answers of a contract. `checked` counts those that were held against it.

    What was agreed to be otherwise is free, and nothing beside it; a contract of several files is left to the gate
    `contract`. Failures that the contract does not name are the service's own.
    """

    def __init__(self, contract: HandedOver, project: Project, model: Model) -> None:
        self.name = contract.file
        self.checked = 0
        try:
            self._document = read_contract(project.root / contract.file)
        except ContractUnusable as error:
            raise NotRun(str(error)) from error
        self._agreed = Agreed(contract.deviations, base_path(self._document))
        promised = {} if _has_other_files(self._document) else self._found()
        self._responses = {
            operation.name: promised[key]
            for operation in model.operations
            if (key := (operation.method.lower(), shape(operation.path))) in promised
        }
        self._routes = {each.name: f"{each.method} {each.path}" for each in model.operations}
        self._validators: dict[tuple[str, ...], Validator] = {}

    def differences(self, operation: str, seen: Seen) -> list[str]:
        """What the contract does not allow about an answer: its status, media type, body and headers."""
        responses = self._responses.get(operation)
        if responses is None:
            return []
        status = str(seen.status)
        response = responses.get(status, responses.get(f"{status[0]}XX", responses.get("default")))
        if response is None and seen.status < FAILED and any(_is_success(each) for each in responses):
            free = self._agreed.covers(_OF_STATUS, self._routes[operation], f"answer {seen.status}")
            return [] if free else [f"status {seen.status} is not in {self.name} for {operation}"]
        if response is None:
            return []
        described = resolved(self._document, response)
        found = [*self._of_body(operation, described, seen), *self._of_headers(operation, described, seen)]
        return [f"{self.name}: {each}" for each in found]

    def _of_body(self, operation: str, response: Mapping[str, Any], seen: Seen) -> Iterator[str]:
        content = response.get("content") or {}
        if not content:
            return
        at = f"answer {seen.status}"
        any_media = self._agreed.covers(_OF_MEDIA, self._routes[operation], at)
        if not seen.content:
            if not any_media:
                yield f"status {seen.status} has no body"
            return
        sent_as = seen.headers.get("content-type", "application/json")
        media = media_of(sent_as, content)
        if media is None and not any_media:
            yield f"status {seen.status} is answered as {sent_as}, and not as {' or '.join(content)}"
        schema = (content.get(media) or {}).get("schema") if media is not None else None
        if schema is not None and ("json" in sent_as or isinstance(seen.body, str)):
            self.checked += 1
            validator = self._validator((operation, str(seen.status), str(media)), schema)
            yield from errors(validator, seen.body, self._free(operation, at))

    def _free(self, operation: str, at: str) -> Callable[[ValidationError], bool]:
        return lambda error: self._agreed.covers_error(error, self._routes[operation], at)

    def _of_headers(self, operation: str, response: Mapping[str, Any], seen: Seen) -> Iterator[str]:
        for name, header in (response.get("headers") or {}).items():
            described, sent = resolved(self._document, header), seen.headers.get(name.lower())
            if name.lower() == "content-type":
                continue
            at = f"answer {seen.status} header {name.lower()}"
            needed = sent is None and described.get("required") is True
            if needed and not self._may_be_missing(operation, at):
                yield f"the header {name} is missing"
            schema = described.get("schema")
            if sent is not None and schema is not None:
                validator = self._validator((operation, str(seen.status), "header", name), schema)
                value = header_value(sent, resolved(self._document, schema))
                wrong = errors(validator, value, self._free(operation, at))
                yield from (f"the header {name}: {each}" for each in wrong)

    def _may_be_missing(self, operation: str, at: str) -> bool:
        return any(self._agreed.covers(rule, self._routes[operation], at) for rule in _OF_HEADERS)

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


def _is_success(status: str) -> bool:
    return status[0] in "23" or status == "default"


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
