"""Names that Python or the language cannot use."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from backwright.model.fields import KEY
from backwright.model.naming import package, snake
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import At, CheckNode, ElseNode, SpecDocument, StepNode, below

LANGUAGE = frozenset({"this", "caller", "params", "body", "session", "now", "items", "total", "next"})
PAGING = frozenset({"limit", "after", "caller", "now"})
_SERVICE = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_ENTITY = re.compile(r"[A-Z][A-Za-z0-9_]*")
_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_ERROR = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")

CODE = register(
    "BW309",
    "A name that cannot be used",
    "Names become Python and SQL names; a reserved or malformed one would break what is emitted.",
    "fields: {class: string}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Names of the service, entities, fields, checks, moves, filters and values, and codes of errors."""
    del model
    service = document.service.name
    if not _SERVICE.fullmatch(service.value) or keyword.iskeyword(package(service.value)):
        yield diagnose(
            CODE, service.place, f"`{service.value}` cannot be a service name", "use small letters and -"
        )
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
        declared = {field.name.value for field in entity.fields}
        for key in entity.keys:
            if key.value not in declared:
                yield from _field(key, is_key=True)
        for computed in entity.computed:
            yield from _field(computed.name)
        for each in entity.checks:
            yield from _plain(each.name, "a check")
        for field in entity.fields:
            for move in field.states.moves if field.states is not None else ():
                yield from _plain(move.name, "a move")
        for filter_name, _ in entity.crud.filters if entity.crud is not None else ():
            if not _FIELD.fullmatch(filter_name.value):
                yield _bad(filter_name, "a filter", "small letters, digits and _")
            elif filter_name.value in PAGING:
                yield _reserved(filter_name)

    for node in below(document):
        match node:
            case StepNode(group=group, values=values):
                for assigned in (*group, *values):
                    yield from _plain(assigned.name, "a value")
            case CheckNode(code=code) | ElseNode(code=code) if code is not None:
                if not _ERROR.fullmatch(code.value):
                    message = f"`{code.value}` cannot be the code of an error"
                    yield diagnose(CODE, code.place, message, "use letters, digits, _ . and -")
            case _:
                pass


def _plain(name: At[str], what: str) -> Iterator[Diagnostic]:
    if not _FIELD.fullmatch(name.value):
        yield _bad(name, what, "small letters, digits and _")


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
