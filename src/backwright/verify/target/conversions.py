"""What a contract leaves open, and what frameworks do then: they convert `"5"` to 5, and refuse with statuses that no
operation names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from backwright.verify.target.contract import Operation

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

OF_BODIES = {400, 422}
"""With these a body is refused: a contract that names any refusal says which."""

WORDS = {"0", "1", "true", "false", "yes", "no", "on", "off", "t", "f", "y", "n"}


def spoken_of(operations: Iterable[Operation], status: int) -> bool:
    """Does the contract say anything of such a status? One that lists no 404 anywhere has only left it out."""
    named = {each for operation in operations for each in operation.statuses}
    refusals = {each for each in named if each.startswith("4")}
    if not 400 <= status < 500 or (status in OF_BODIES and refusals):
        return True
    return bool({str(status), "4XX", "default"} & named)


def converted(contract: Mapping[str, Any], operation: Operation, content: Any) -> bool:
    """Is nothing wrong with a body but that numbers or truth values are written as texts, or the other way round?"""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 (takes long)

    try:
        body = msgspec.json.decode(content or b"")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    if operation.body is None:
        return False
    schema = {**operation.body.schema, "components": contract.get("components", {})}
    try:
        errors = list(Draft202012Validator(schema).iter_errors(body))
    except Exception:  # a schema of another dialect, or a reference that leads nowhere
        return False
    return bool(errors) and all(_conversion(each) for each in errors)


def _conversion(error: ValidationError) -> bool:
    """Is the value one of another type that can be read as it?"""
    if error.validator in {"anyOf", "oneOf"}:
        branches = {each.schema_path[0] for each in error.context or ()}
        return any(
            all(_conversion(each) for each in error.context or () if each.schema_path[0] == branch)
            for branch in branches
        )
    if error.validator != "type":
        return False
    value = error.instance
    types = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    if isinstance(value, dict | list) or value is None:
        return False
    return (
        "string" in types
        or ("boolean" in types and str(value).lower() in WORDS)
        or (bool({"integer", "number"} & {*types}) and _numeral(value))
    )


def _numeral(value: Any) -> bool:
    try:
        return isinstance(value, bool) or float(value) is not None
    except (TypeError, ValueError):
        return False
