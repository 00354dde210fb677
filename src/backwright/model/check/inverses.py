"""The name of a reverse relation that is taken or says nothing."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from backwright.model.relations import Relations
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

_NAME = re.compile(r"[a-z][a-z0-9_]*")

CODE = register(
    "BW319",
    "An inverse that cannot be used",
    "`inverse` names rows on the other entity, where every name means one thing.",
    "owner: {ref: User, inverse: email}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """`inverse` without `ref`, malformed, or a name that the other entity already has."""
    for field, message in Relations(document).clashes:
        place = field.inverse.place if field.inverse is not None else field.place
        yield diagnose(CODE, place, message, "choose another name")
    for entity in document.entities:
        for field in entity.fields:
            if field.inverse is None:
                continue
            name = field.inverse
            if field.ref is None and field.refs is None:
                message = f"{entity.name.value}.{field.name.value} is no reference, so it has no inverse"
                yield diagnose(CODE, name.place, message, "remove it")
            elif not _NAME.fullmatch(name.value) or keyword.iskeyword(name.value):
                message = f"`{name.value}` cannot be the name of an inverse"
                yield diagnose(CODE, name.place, message, "use small letters, digits and _")
