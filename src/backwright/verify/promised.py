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
from backwright.verify.target.contract import METHODS, base_path, resolved
from backwright.verify.target.documents import ContractUnusable, read_contract

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

FAILED = 400
Key = tuple[str, str]
"""A method in lower case, and a path whose parameters have no names."""


class Promised:
    """The answers of a contract. `checked` counts those that were held against it.

    An operation of which a deviation was agreed to is left to the gate `contract`, and so is a contract of several
    files. Failures that the contract does not name are the service's own.
    """

    def __init__(self, contract: HandedOver, project: Project, model: Model) -> None:
        self.name = contract.file
        self.checked = 0
        try:
            self._document = read_contract(project.root / contract.file)
        except ContractUnusable as error:
            raise NotRun(str(error)) from error
        free = [_key(each.operation) for each in contract.deviations]
        promised = {} if None in free or _has_other_files(self._document) else self._found()
        self._responses = {
            operation.name: promised[key]
            for operation in model.operations
            if (key := (operation.method.lower(), shape(operation.path))) in promised and key not in free
        }
        self._validators: dict[tuple[str, int], Validator | None] = {}

    def differences(self, operation: str, seen: Seen) -> list[str]:
        """What the contract does not allow about an answer."""
        responses = self._responses.get(operation)
        if responses is None:
            return []
        response = responses.get(str(seen.status), responses.get("default"))
        if response is None and seen.status < FAILED:
            return [f"status {seen.status} is not in {self.name} for {operation}"]
        if response is None or not seen.content:
            return []
        key = (operation, seen.status)
        if key not in self._validators:
            self._validators[key] = self._validator(response)
        validator = self._validators[key]
        if validator is None:
            return []
        self.checked += 1
        errors = list(validator.iter_errors(seen.body))[:3]
        return [f"{self.name}: {error.json_path}: {error.message[:200]}" for error in errors]

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

    def _validator(self, response: Any) -> Validator | None:
        content = resolved(self._document, response).get("content") or {}
        media = next((each for each in content if each.partition(";")[0].strip() == "application/json"), None)
        schema = (content.get(media) or {}).get("schema") if media is not None else None
        if schema is None:
            return None
        from jsonschema import Draft202012Validator  # noqa: PLC0415 (takes seconds)
        from openapi_schema_validator import OAS30ReadValidator  # noqa: PLC0415

        kind = (
            OAS30ReadValidator if str(self._document["openapi"]).startswith("3.0") else Draft202012Validator
        )
        return kind({"allOf": [schema], "components": self._document.get("components", {})})


def shape(path: str) -> str:
    """A path whatever its parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", path)


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
