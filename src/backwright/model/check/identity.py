"""An identity that nobody could sign in with."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW311",
    "An identity that cannot sign in",
    "Signing in finds one row by a unique field and checks its one password.",
    "auth: {identity: User, by: nickname}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """The identity's `by` must be unique, required text; it has exactly one password, which is required."""
    auth = document.auth
    entity = document.entity(auth.identity.value) if auth is not None else None
    if auth is None or entity is None:
        return
    by = entity.field(auth.by.value)
    if by is not None:
        is_key = [key.value for key in entity.keys] == [auth.by.value]
        unique = is_key or (by.unique is not None and by.unique.value)
        text = by.type is not None and by.type.name in {"email", "string"}
        if not unique or by.nullable or not text:
            message = f"{entity.name.value}.{auth.by.value} cannot find one row"
            mend = "make it an email or a string that is unique and not null"
            yield diagnose(CODE, by.place, message, mend)
    passwords = [field for field in entity.fields if field.type is not None and field.type.name == "password"]
    if len(passwords) != 1:
        message = f"{entity.name.value} has {len(passwords)} fields of type password"
        yield diagnose(CODE, entity.place, message, "give it exactly one, such as `password: password`")
    elif passwords[0].nullable:
        message = f"{entity.name.value}.{passwords[0].name.value} may be null"
        yield diagnose(CODE, passwords[0].place, message, "write `password` without ?")
