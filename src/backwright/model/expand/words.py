"""Names as callers see them: in JSON, in queries, in headers."""

from __future__ import annotations

import re

from backwright.model.naming import camel, snake

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2


def wire(name: str, *, camel_case: bool) -> str:
    """A name of the specification in requests and answers."""
    return camel(name) if camel_case else name


def spoken(name: str) -> str:
    """What expressions call the parameter `{name}` of a path: `userName` is `user_name`."""
    return snake(name).replace("-", "_")
