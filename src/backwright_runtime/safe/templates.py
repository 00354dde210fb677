"""Texts from templates: in a sandbox (CWE-1336), everything escaped, no more of it than was allowed."""

from collections.abc import Mapping

import jinja2
import jinja2.sandbox

from backwright_runtime.safe import Refused

LARGEST = 1024 * 1024


def html(template: str, values: Mapping[str, object], *, largest: int = LARGEST) -> str:
    """HTML: every value is escaped. A name that has no value is an error. Raises Refused."""
    return _rendered(template, values, largest, escape=True)


def text(template: str, values: Mapping[str, object], *, largest: int = LARGEST) -> str:
    """Plain text, which nobody shows as HTML. Raises Refused."""
    return _rendered(template, values, largest, escape=False)


def _rendered(template: str, values: Mapping[str, object], largest: int, *, escape: bool) -> str:
    sandbox = jinja2.sandbox.ImmutableSandboxedEnvironment(
        autoescape=escape, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    found: list[str] = []
    size = 0
    try:
        for piece in sandbox.from_string(template).generate(**values):
            size += len(piece)
            if size > largest:
                raise Refused(f"more than {largest} characters")
            found.append(piece)
    except (jinja2.TemplateError, OverflowError, MemoryError, TypeError) as error:
        raise Refused("the template cannot be filled with these values") from error
    return "".join(found)
