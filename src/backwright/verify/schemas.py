"""Does an answer have the shape that openapi.json promises, and a contract that was handed over?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from backwright.model.interface import MEDIA_OF_FAILURES
from backwright.model.types import Model
from backwright.project import Project
from backwright.verify.compare import Seen
from backwright.verify.fitting import Fitting
from backwright.verify.promised import Promised
from backwright.verify.traffic import Sent

FAILED = 400


def document_path(project: Project, model: Model) -> Path:
    """Where the contract lies in a delivered project."""
    return project.root / model.service.package / "openapi.json"


class Schemas:
    """The response schemas of a contract. `checked` counts the answers that had one."""

    def __init__(self, project: Project, model: Model) -> None:
        self._document: dict[str, Any] = msgspec.json.decode(document_path(project, model).read_bytes())
        self._paths = {
            operation.name: (operation.path, operation.method.lower()) for operation in model.operations
        }
        self._validators: dict[tuple[str, int], Fitting | None] = {}
        answers = [
            *model.service.answers,
            *(each for operation in model.operations for each in operation.answers),
        ]
        self._silent = any(each.empty for each in answers)
        self.checked = 0
        contract = model.contract
        self.promised = None if contract is None else Promised(contract, project, model)

    def differences(self, sent: Sent, seen: Seen) -> list[str]:
        """What a contract does not allow about the answer to an operation; other routes are not described."""
        own = self._own(sent, seen)
        return own if own or self.promised is None else self.promised.differences(sent.operation, seen)

    def figures(self) -> dict[str, int]:
        """How many answers were held against which contract."""
        found = {"answers held against openapi.json": self.checked}
        if self.promised is not None:
            found[f"answers held against {self.promised.name}"] = self.promised.checked
        return found

    def _own(self, sent: Sent, seen: Seen) -> list[str]:
        if sent.operation not in self._paths or (seen.status in (404, 405) and seen.body is None):
            return []
        path, method = self._paths[sent.operation]
        described = self._document["paths"].get(path, {}).get(method, {}).get("responses", {})
        if str(seen.status) not in described and "default" not in described:
            return [f"status {seen.status} is not in openapi.json for {method.upper()} {path}"]
        key = (sent.operation, seen.status)
        if key not in self._validators:
            self._validators[key] = self._validator(described.get(str(seen.status), described.get("default")))
        validator = self._validators[key]
        if seen.status >= FAILED and not seen.content and self._silent:
            return []  # of several failures with one status, some have no body; no schema says which
        if validator is None:
            return []
        self.checked += 1
        return [f"openapi.json: {each}" for each in validator.differences(seen.body)]

    def _validator(self, response: dict[str, Any]) -> Fitting | None:
        response = self._resolved(response)
        content = response.get("content", {})
        media = next((each for each in MEDIA_OF_FAILURES.values() if each in content), "")
        schema = content.get(media, {}).get("schema")
        if schema is None:
            return None
        return Fitting({**schema, "components": self._document.get("components", {})})

    def _resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        """The value that a local `$ref` names."""
        while "$ref" in value:
            found: Any = self._document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value
