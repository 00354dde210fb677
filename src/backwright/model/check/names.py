"""Names that Python or the language cannot use."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Iterator

from backwright.model.fields import KEY
from backwright.model.naming import package, snake
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import At, SpecDocument

LANGUAGE = frozenset({"this", "caller", "params", "body", "session", "now", "items", "total", "next"})
PAGING = frozenset({"limit", "after", "caller", "now"})
EMITTED = frozenset({"date", "datetime", "uuid", "applied_to", "db"})
# What only an interactive Python adds (exit, license …) depends on how it was started.
BUILTINS = frozenset(
    name
    for name in dir(builtins)
    if not name.startswith("_") and name not in {"copyright", "credits", "exit", "license", "quit"}
)
MODULES = frozenset(sys.stdlib_module_names) | {
    "asyncpg", "argon2", "backwright", "backwright_runtime", "cryptography", "httpx", "jinja2", "joserfc", "jwt",
    "msgspec", "pytest", "re2", "sqlite3", "starlette", "structlog", "test", "tests", "uvicorn", "uvloop",
}  # fmt: skip
_SERVICE = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_ENTITY = re.compile(r"[A-Z][A-Za-z0-9_]*")
_FIELD = re.compile(r"[a-z][a-z0-9_]*")

CODE = register(
    "BW309",
    "A name that cannot be used",
    "Names become Python and SQL names; a reserved or malformed one would break what is emitted.",
    "fields: {class: string}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Names of the service, entities, fields and filters."""
    service = document.service.name
    if not _SERVICE.fullmatch(service.value) or keyword.iskeyword(package(service.value)):
        yield diagnose(
            CODE, service.place, f"`{service.value}` cannot be a service name", "use small letters and -"
        )
    elif package(service.value) in MODULES:
        message = f"`{service.value}` would be a package that hides a module which the service needs"
        yield diagnose(CODE, service.place, message, f"choose another name, such as {service.value}-service")
    for entity in document.entities:
        if entity.records is not None:
            continue
        name = entity.name
        if not _ENTITY.fullmatch(name.value):
            yield _bad(name, "an entity", "letters and digits, beginning with a capital")
        elif snake(name.value) in LANGUAGE or keyword.iskeyword(snake(name.value)):
            yield _reserved(name)
        if entity.plural is not None and not _ENTITY.fullmatch(entity.plural.value.title()):
            yield _bad(entity.plural, "a plural", "letters, digits and _")
        own = {key.value for key in entity.keys}
        for field in entity.fields:
            yield from _field(field.name, is_key=field.name.value in own)
        for computed in entity.computed:
            yield from _field(computed.name)
        for filter_name, _ in entity.crud.filters if entity.crud is not None else ():
            if not _FIELD.fullmatch(filter_name.value):
                yield _bad(filter_name, "a filter", "small letters, digits and _")
            elif filter_name.value in PAGING:
                yield _reserved(filter_name)


def _field(name: At[str], *, is_key: bool = False) -> Iterator[Diagnostic]:
    if name.value == KEY and not is_key:
        mend = "remove it: it is always there; or say how it is made: key: {id: sequence}"
        yield diagnose(CODE, name.place, "`id` is the key of an entity without another", mend)
    elif not _FIELD.fullmatch(name.value):
        yield _bad(name, "a field", f"small letters, digits and _, such as `{snake(name.value)}`")
    elif keyword.iskeyword(name.value):
        mend = f"choose another name; on the wire it may be called so: wire: {name.value}"
        yield diagnose(CODE, name.place, f"`{name.value}` is reserved", mend)


def _bad(name: At[str], what: str, use: str) -> Diagnostic:
    return diagnose(CODE, name.place, f"`{name.value}` cannot be the name of {what}", f"use {use}")


def _reserved(name: At[str]) -> Diagnostic:
    return diagnose(CODE, name.place, f"`{name.value}` is reserved", "choose another name")
