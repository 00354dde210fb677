"""Values that are held against the schemas of a contract: bodies and headers of answers, formats among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

FORMATS = (
    "date", "date-time", "email", "hostname", "int32", "int64", "ipv4", "ipv6", "uri", "uri-reference", "uuid",
)  # fmt: skip
"""The formats that can be judged. Whatever else a contract names, words like `color` or `phone`, is a remark."""
MOST = 3
LONGEST = 200


def validator_of(schema: Any, document: Mapping[str, Any]) -> Validator:
    """What judges values by a schema of this document, as its version of OpenAPI means it."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 (takes seconds)
    from openapi_schema_validator import OAS30ReadValidator  # noqa: PLC0415

    kind = OAS30ReadValidator if str(document["openapi"]).startswith("3.0") else Draft202012Validator
    return kind(
        {"allOf": [schema], "components": document.get("components", {})}, format_checker=_format_checker()
    )


@cache
def _format_checker() -> FormatChecker:
    from jsonschema import FormatChecker  # noqa: PLC0415 (takes seconds)
    from openapi_schema_validator import OAS30ReadValidator  # noqa: PLC0415

    known = OAS30ReadValidator.FORMAT_CHECKER.checkers
    checker = FormatChecker(formats=())
    checker.checkers = {name: known[name] for name in FORMATS if name in known}
    return checker


def errors(
    validator: Validator, value: Any, free: Callable[[ValidationError], bool] | None = None
) -> Iterator[str]:
    """What is wrong with a value, the first few of it. `free` says what was agreed to be otherwise."""
    found = (error for error in validator.iter_errors(value) if free is None or not free(error))
    for error in islice(found, MOST):
        yield f"{error.json_path}: {error.message[:LONGEST]}"


def media_of(sent: str, content: Mapping[str, Any]) -> str | None:
    """The entry of `content` that an answer of this type is of: by its name, or by a range."""
    bare = _bare(sent)
    kind = bare.partition("/")[0]
    for wanted in (bare, f"{kind}/*", "*/*"):
        found = next((each for each in content if _bare(each) == wanted), None)
        if found is not None:
            return found
    return None


def _bare(media: str) -> str:
    return media.partition(";")[0].strip().lower()


def header_value(text: str, schema: Any) -> Any:
    """What a header says, as its schema types it; the text itself where it cannot be that."""
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    try:
        match kind:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}.get(text, text)
            case _:
                return text
    except ValueError:
        return text
