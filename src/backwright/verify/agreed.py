"""What was agreed to be otherwise than a contract says, and of what: a kind of deviation, an operation, a place.

Two ask: the gate `contract` about what it found in two descriptions, and whoever holds running answers against the
contract. An agreement frees nothing but what it names; what else is wrong at the same operation is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backwright.model.types import Deviation

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

ENDS = r"(?=$|[.\[ ])"
"""An agreement about `body.line` is one about `body.line.sku`, and none about `body.lines`."""
_RULES = {
    "type": ("CD501",),
    "format": ("CD502",),
    "enum": ("CD503",),
    "const": ("CD503",),
    "minimum": ("CD505",),
    "maximum": ("CD505",),
    "exclusiveMinimum": ("CD505",),
    "exclusiveMaximum": ("CD505",),
    "multipleOf": ("CD505",),
    "minLength": ("CD506",),
    "maxLength": ("CD506",),
    "minItems": ("CD507",),
    "maxItems": ("CD507",),
    "minProperties": ("CD507",),
    "maxProperties": ("CD507",),
    "pattern": ("CD508",),
    "uniqueItems": ("CD509",),
    "required": ("CD521", "CD523", "CD524"),
    "additionalProperties": ("CD522", "CD525"),
    "unevaluatedProperties": ("CD522", "CD525"),
    "anyOf": ("CD531",),
    "oneOf": ("CD531", "CD532"),
}
"""By which rules a keyword of a schema may be agreed not to hold."""
_OTHER = ("CD533",)
_NULL = "CD504"
_TYPE = "CD501"


class Agreed:
    """Agreements, asked one by one; `used` are those that something was met by."""

    def __init__(self, deviations: tuple[Deviation, ...], base: str = "") -> None:
        self._deviations = deviations
        self._base = base
        self.used: set[Deviation] = set()

    def covers(self, rule: str, operation: str, at: str) -> bool:
        """Whether it was agreed that here something is otherwise."""
        found = [each for each in self._deviations if each.rule == rule and self._is_of(each, operation, at)]
        self.used.update(found)
        return bool(found)

    def covers_error(self, error: ValidationError, operation: str, at: str) -> bool:
        """The same of a value of an answer that a schema does not allow; `at` is where the schema holds."""
        here = at + "".join("[]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        for place, rules in _excuses(error, here):
            if not any(self.covers(rule, operation, place) for rule in rules):
                return self._covers_branch(error, operation, at)
        return True

    def _covers_branch(self, error: ValidationError, operation: str, at: str) -> bool:
        """Whether one alternative would hold but for what was agreed to."""
        branches: dict[Any, list[ValidationError]] = {}
        for each in error.context or ():
            branches.setdefault(next(iter(each.schema_path), None), []).append(each)
        return any(
            all(self.covers_error(each, operation, at) for each in found) for found in branches.values()
        )

    def _is_of(self, deviation: Deviation, operation: str, at: str) -> bool:
        return self._is_operation(deviation.operation, operation) and _is_place(deviation.at, at)

    def _is_operation(self, agreed: str | None, operation: str) -> bool:
        """As the contract writes it, or with what stands before its paths."""
        if agreed is None:
            return True
        method, _, path = agreed.partition(" ")
        return shape(operation) in (shape(agreed), shape(f"{method} {self._base}{path}"))


def words(deviation: Deviation) -> str:
    """An agreement in a few words."""
    of = f" of {deviation.operation}" if deviation.operation else ""
    return f"{deviation.rule}{of} at {deviation.at}" if deviation.at else f"{deviation.rule}{of}"


def shape(path: str) -> str:
    """A path whatever its parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def _is_place(agreed: str | None, at: str) -> bool:
    if agreed is None:
        return True
    pattern = ".*".join(map(re.escape, agreed.split("*")))
    return re.match(pattern + ENDS, at) is not None


def _excuses(error: ValidationError, here: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each place at which something has to be agreed to, and the rules that would do."""
    rules = _RULES.get(str(error.validator), _OTHER)
    match error.validator:
        case "required":
            # One error for each member that is missing, which only its words name.
            wanted = error.validator_value if isinstance(error.validator_value, list) else []
            missing = [each for each in wanted if error.message.startswith(repr(each))]
            yield from ((f"{here}.{each}", rules) for each in missing or [""])
        case "additionalProperties" | "unevaluatedProperties" if isinstance(error.instance, dict):
            known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
            yield from ((f"{here}.{each}", rules) for each in error.instance if each not in known)
        case "type" | "enum" if error.instance is None:
            yield here, (_NULL, _TYPE)
        case _:
            yield here, rules
