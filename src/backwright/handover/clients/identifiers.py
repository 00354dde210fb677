"""Names in clients. What a specification calls its parts is not what a language lets one write."""

from __future__ import annotations

import keyword
import re

from backwright.emit.names import pascal
from backwright.emit.source import Identifier

PYTHON_TYPES = frozenset(
    {
        "Any", "Answer", "Client", "Connection", "File", "Literal", "Mapping", "NotRequired", "REFUSALS", "Refused",
        "TypedDict", "Unexpected",
    }
)  # fmt: skip
"""What the modules of a Python client import or define."""

TYPESCRIPT_TYPES = frozenset(
    {
        "AbortSignal", "Answer", "Array", "ArrayBuffer", "Blob", "CSRF", "Call", "Client", "Connection", "Error",
        "FormData", "Headers", "JSON", "Map", "Object", "Promise", "REFUSALS", "RangeError", "Read", "ReadonlyMap",
        "Refused", "Response", "SCHEME", "Sending", "URLSearchParams", "Unexpected", "Values",
    }
)  # fmt: skip
"""What the module of a TypeScript client uses or defines."""

SCALARS = frozenset({"bool", "bytes", "dict", "float", "int", "list", "object", "str", "tuple"})
"""Built-in types that annotations of a Python client use: a method of that name would hide one."""

NOT_METHODS = SCALARS | {"constructor", "then"}
"""Names that no method has: hidden types, and in JavaScript what makes a class or a promise."""

NOT_ARGUMENTS = frozenset({"arguments", "body", "eval", "self"})


class Taken:
    """Names of one scope, all unlike each other."""

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        self._taken = set(taken)

    def free(self, wanted: str) -> Identifier:
        """The wanted name, or with a number behind it. It is taken from now on."""
        name, number = wanted, 2
        while name in self._taken:
            name, number = f"{wanted}{number}", number + 1
        self._taken.add(name)
        return Identifier(name)


def types() -> Taken:
    """The scope of types: nothing of either language is hidden."""
    return Taken(PYTHON_TYPES | TYPESCRIPT_TYPES | frozenset(REFUSED.values()))


def type_name(*words: str) -> str:
    """A name for a type, of words of any kind."""
    plain = "".join(pascal(re.sub(r"[^A-Za-z0-9]+", "_", word)) for word in words)
    return plain if plain[:1].isalpha() else f"Of{plain}"


def method_name(operation: str) -> Identifier:
    """The method of an operation: named like it, unless the languages need that name."""
    return Identifier(f"{operation}_" if operation in NOT_METHODS else operation)


def argument_name(wire: str, scope: Taken) -> Identifier:
    """The argument for a parameter, apart from all others of its function."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", wire).strip("_")
    if "-" in wire:  # a header
        plain = plain.lower()
    if not plain[:1].isalpha():
        plain = f"value_{plain}".rstrip("_")
    return scope.free(f"{plain}_" if keyword.iskeyword(plain) or plain in NOT_ARGUMENTS else plain)


REFUSED = {
    400: "BadRequest",
    401: "Unauthorized",
    402: "PaymentRequired",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    410: "Gone",
    412: "PreconditionFailed",
    413: "PayloadTooLarge",
    415: "UnsupportedMediaType",
    422: "Unprocessable",
    428: "PreconditionRequired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "Unavailable",
}
"""The exception of each usual status."""


def refusal_name(status: int) -> str:
    """The exception of a status."""
    return REFUSED.get(status, f"Status{status}")
