"""What a model means, as plain values: without places, and under the names of the next model.

Two models that mean the same compare equal here, wherever their parts are written.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from backwright.model import snapshot
from backwright.model.types import Model

_WITHOUT_MEANING = frozenset({"place", "was", "inverse", "computed"})


class Renames(msgspec.Struct, frozen=True):
    """Names that changed: new entity name to old one, and (new entity, new field) to the old field."""

    entities: dict[str, str]
    fields: dict[tuple[str, str], str]

    def entity_after(self, before: str) -> str:
        """The name that an entity of the earlier model has now."""
        return next((new for new, old in self.entities.items() if old == before), before)

    def field_after(self, entity_before: str, field: str) -> str:
        """The name that a field of the earlier model has now."""
        owner = self.entity_after(entity_before)
        found = (new for (entity, new), old in self.fields.items() if entity == owner and old == field)
        return next(found, field)

    def field_path_after(self, entity_before: str, field: str) -> str:
        """`Task.labels`, as an entity and a field of the earlier model are called now."""
        return f"{self.entity_after(entity_before)}.{self.field_after(entity_before, field)}"


NO_RENAMES = Renames({}, {})


def plain(value: object) -> Any:
    """The value as dictionaries, lists and scalars, without what has no meaning."""
    return _stripped(snapshot.plain(value))


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stripped(item) for key, item in value.items() if key not in _WITHOUT_MEANING}
    if isinstance(value, list | tuple):
        return [_stripped(item) for item in value]
    return value


def meant(value: object, renames: Renames = NO_RENAMES, entity: str = "") -> Any:
    """`carried_over(value)` without the author's words: two ways to write one expression are equal."""
    return _wordless(carried_over(value, renames, entity))


def _wordless(value: Any) -> Any:
    if isinstance(value, list):
        return [_wordless(item) for item in value]
    if not isinstance(value, dict):
        return value
    worded = "meaning" in value or "condition" in value
    return {key: _wordless(item) for key, item in value.items() if not (worded and key == "source")}


def worded(value: object, renames: Renames = NO_RENAMES, entity: str = "") -> Any:
    """`carried_over(value)` with each formula reduced to the author's words and its type.

    Where only this stays the same, something that the words lead to has changed: a computed value, or a rule.
    """
    return _reduced(carried_over(value, renames, entity))


def _reduced(value: Any) -> Any:
    if isinstance(value, list):
        return [_reduced(item) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("meaning"), dict):
        return {"source": value.get("source"), "type": value["meaning"].get("type")}
    return {key: _reduced(item) for key, item in value.items()}


def canonical(value: object) -> bytes:
    """One byte string for one meaning: JSON with sorted members."""
    return msgspec.json.encode(plain(value), order="sorted")


def digest(value: object) -> str:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()


def model_digest(model: Model | None) -> str:
    """The digest of a model, or of the absence of one (the first plan)."""
    return digest(model)


def carried_over(value: object, renames: Renames, entity: str = "") -> Any:
    """`plain(value)` of the earlier model with its entity and field names replaced by the later ones."""
    return _renamed(plain(value), renames, entity)


def _renamed(value: Any, renames: Renames, entity: str) -> Any:
    if isinstance(value, list):
        return [_renamed(item, renames, entity) for item in value]
    if not isinstance(value, dict):
        return value
    inside = value["entity"] if isinstance(value.get("entity"), str) else _rows_of(value) or entity
    result: dict[str, Any] = {}
    for key, item in value.items():
        match key, item:
            case (("entity" | "identity" | "view" | "into"), str()):
                result[key] = renames.entity_after(item)
            case "field", str():
                result[key] = renames.field_after(inside, item)
            case (("changes" | "by"), list()):
                result[key] = [renames.field_after(inside, name) for name in item]
            case _:
                result[key] = _renamed(item, renames, inside)
    return result


def _rows_of(value: dict[str, Any]) -> str | None:
    """The entity of the rows that are shown in an order of their fields (`each`, `csv`)."""
    rows = value.get("rows")
    kind = rows["meaning"].get("type", {}) if isinstance(rows, dict) and "meaning" in rows else {}
    found = kind.get("entity") or (kind.get("element") or {}).get("entity")
    return found if isinstance(found, str) else None
