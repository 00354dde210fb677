"""Does a value have the shape that a JSON schema demands?

A fast validator says whether it does, thousands of times; why it does not is said by a slow one, whose words people
read, and which takes seconds to import.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import jsonschema_rs

from backwright.verify.promised_values import errors

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator


class Fitting:
    """A schema of JSON Schema 2020-12 that stands on its own: nothing is fetched that it refers to."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = dict(schema)

    def differences(self, value: object) -> list[str]:
        """Where the value is not as the schema says, the first few places."""
        if self._fits(value):
            return []
        return list(errors(self._telling, value))

    def _fits(self, value: object) -> bool:
        """Whether it surely does. What the fast validator cannot read, the other one judges."""
        try:
            return self._deciding is not None and self._deciding.is_valid(value)
        except ValueError:
            return False

    @cached_property
    def _deciding(self) -> jsonschema_rs.Draft202012Validator | None:
        try:
            return jsonschema_rs.Draft202012Validator(self._schema, retriever=_not_fetched)
        except (ValueError, TypeError, jsonschema_rs.ReferencingError):
            return None

    @cached_property
    def _telling(self) -> Draft202012Validator:
        from jsonschema import Draft202012Validator  # noqa: PLC0415 (takes seconds)

        return Draft202012Validator(self._schema)


def _not_fetched(address: str) -> NoReturn:
    raise ValueError(f"{address} is not part of the contract")
