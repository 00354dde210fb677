"""Rows that get another key: which entities, where the later key comes from, and what keeps it from being done."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Entity, Field, ListType, Model, ReferenceType, ScalarType
from backwright.plan.fields import fit
from backwright.plan.meaning import Renames
from backwright.plan.renames import pairs


def changes_key(old: Entity, new: Entity, renames: Renames) -> bool:
    """Whether rows are found by something else than before: by other fields, or by values of another type."""
    if tuple(renames.field_after(old.name, name) for name in old.keys) != new.keys:
        return True
    renamed = ((old.field(renames.fields.get((new.name, name), name)), new.field(name)) for name in new.keys)
    return any(_retyped(was, now, renames) for was, now in renamed)


def _retyped(old: Field, new: Field, renames: Renames) -> bool:
    return fit(old.type, new.type, renames) in ("converted", "different")


def former_field(old: Entity, new: Entity, name: str, renames: Renames) -> Field | None:
    """The earlier field whose values a field of the later key has, or is converted from."""
    former = renames.fields.get((new.name, name), name)
    found = next((field for field in old.fields if field.name == former), None)
    if found is None or fit(found.type, new.field(name).type, renames) == "different":
        return None
    return found


def is_made(entity: Entity, field: Field) -> bool:
    """Whether rows that exist can get a key of this kind: a number, or a uuid."""
    if field.name != entity.key or entity.composite:
        return False
    made = isinstance(field.type, ScalarType) and field.type.scalar == "uuid" and not field.input
    return field.generated == "sequence" or (made and field.generated is None)


def hindrances(
    before: Model, after: Model, old: Entity, new: Entity, renames: Renames
) -> Iterator[tuple[str, str]]:
    """Why a key cannot become another one, and the mend."""
    keep = f"Keep the key `{', '.join(old.keys)}`"
    identities = {model.auth.identity for model in (before, after) if model.auth is not None}
    if {old.name, new.name} & identities and not _tokens_end(old, new):
        yield (
            "tokens that were given out could name someone else",
            f"{keep} and add what is to be the key beside it, unique; of those who sign in only a uuid and a number "
            "become one another, since no token for the one can be read as the other",
        )
    if any(model.security is not None and model.security.row_level for model in (before, after)):
        yield "row-level security is on", f"{keep}, or switch row-level security off in a change before it"
    if any(
        isinstance(entity.field(entity.key).type, ReferenceType) and not entity.composite
        for entity in (old, new)
    ):
        yield "one of the keys is itself a reference", keep
    for entity in before.entities:
        for field in entity.fields:
            kind = field.type
            listed = kind.element if isinstance(kind, ListType) else None
            if isinstance(listed, ReferenceType) and listed.entity == old.name:
                yield (
                    f"{entity.name}.{field.name} lists keys in one value",
                    "Make it `refs` in a change before it",
                )


def _tokens_end(old: Entity, new: Entity) -> bool:
    """Whether no token that names a row by the earlier key is a token for the later one."""
    kinds = [entity.field(entity.key).type for entity in (old, new) if not entity.composite]
    scalars = {kind.scalar for kind in kinds if isinstance(kind, ScalarType)}
    return scalars == {"uuid", "integer"}


def rekeyed(before: Model, after: Model, renames: Renames) -> list[tuple[Entity, Entity]]:
    """The entities whose rows get another key, earlier and later."""
    return [(old, new) for old, new in pairs(before, after, renames) if changes_key(old, new, renames)]
