"""An index or an order over a field that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.fields import made_key
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import At, EntityNode, SpecDocument
from backwright.spec.shape import nearest

CODE = register(
    "BW302",
    "An unknown field",
    "An index, an order or a sign-in needs a field that is stored.",
    "order: craeted_at",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Fields named by anything but an expression or an order. Expressions are checked elsewhere."""
    for entity in document.entities:
        terms = [term for index in entity.indexes for term in index.terms]
        names = [term.field for term in terms]
        names += [name for key in entity.unique for name in key]
        names += entity.keys if entity.key_type is None else ()
        names += [entity.tenancy] if entity.tenancy is not None else []
        names += [field.same for field in entity.fields if field.same is not None]
        names += [field.source for field in entity.fields if field.source is not None]
        names += [each.field for each in entity.checks if each.field is not None]
        yield from (problem for name in names for problem in _unknown(entity, name))
    if document.auth is not None:
        identity = document.entity(document.auth.identity.value)
        if identity is not None:
            yield from _unknown(identity, document.auth.by)


def _unknown(entity: EntityNode, name: At[str]) -> Iterator[Diagnostic]:
    made = made_key(entity)
    known = [*([] if made is None else [made]), *(field.name.value for field in entity.fields)]
    if name.value not in known:
        near = nearest(name.value, known)
        mend = f"did you mean `{near}`?" if near else f"fields of {entity.name.value}: {', '.join(known)}"
        yield diagnose(CODE, name.place, f"{entity.name.value} has no field `{name.value}`", mend)
