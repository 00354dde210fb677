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
    """`ref` and `auth.identity` that name no entity."""
    known = [entity.name.value for entity in document.entities]
    named = [field.ref for entity in document.entities for field in entity.fields if field.ref is not None]
    if document.auth is not None:
        named.append(document.auth.identity)
    for name in named:
        if name.value not in known:
            near = nearest(name.value, known)
            mend = f"did you mean `{near}`?" if near else "declare it under `entities`"
            yield diagnose(CODE, name.place, f"there is no entity `{name.value}`", mend)
