"""Regular expressions that take linear time, whatever they are and whatever they meet (CWE-1333): RE2."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

from backwright_runtime.safe import Refused

LONGEST = 1000
"""Characters of a pattern."""


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern (RE2 syntax) describes the whole of a text. Raises Refused for what is no pattern."""
    return _compiled(pattern).fullmatch(text) is not None


def groups(pattern: str, text: str) -> Mapping[str, str] | None:
    """The named groups of a pattern that describes the whole of a text; None where it does not. Raises Refused."""
    found = _compiled(pattern).fullmatch(text)
    return None if found is None else {name: part or "" for name, part in found.groupdict().items()}


def every(pattern: str, text: str) -> list[str]:
    """Every part of a text that a pattern describes, from left to right. Raises Refused."""
    return [found.group(0) for found in _compiled(pattern).finditer(text)]


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    re2 = import_module("re2")  # only services that have patterns load it; it says nothing of its types
    if len(pattern) > LONGEST:
        raise Refused("the pattern is too long")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise Refused("not a pattern") from error
