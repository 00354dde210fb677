"""A reference to an entity that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument
from backwright.spec.shape import nearest

CODE = register(
    "BW301",
    "An unknown entity",
    "A reference must point at rows that exist.",
    "owner: {ref: Usr}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """`ref`, `refs` and `auth.identity` that name no entity."""
    known = list(dict.fromkeys(entity.name.value for entity in document.entities))
    there = set(known)
    fields = [field for entity in document.entities for field in entity.fields]
    named = [target for field in fields for target in (field.ref, field.refs) if target is not None]
    if document.auth is not None:
        named.append(document.auth.identity)
    for name in named:
        if name.value not in there:
            near = nearest(name.value, known)
            mend = f"did you mean `{near}`?" if near else "declare it under `entities`"
            yield diagnose(CODE, name.place, f"there is no entity `{name.value}`", mend)
