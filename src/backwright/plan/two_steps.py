"""Changes that take something from the earlier version of a service, in two migrations: expand, then contract.

Between the two, both versions serve. `service: {changes: expand_then_contract}` asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model import storage
from backwright.model.types import Entity, Field, ManyType, Model
from backwright.plan import codes
from backwright.plan.fields import fit
from backwright.plan.keys import rekeyed
from backwright.plan.meaning import Renames
from backwright.plan.parts import moved_to
from backwright.plan.renames import pairs, renames_between
from backwright.spec.diagnostics import Diagnostic, Place, diagnose


def asked_for(after: Model) -> bool:
    """Whether the specification asks for two steps."""
    return after.service.changes == "expand_then_contract"


def in_two_steps(before: Model | None, after: Model) -> bool:
    """Whether the way from one model to the other is made in two migrations."""
    if before is None or not asked_for(after):
        return False
    renames = renames_between(before, after)
    return any(taken(old, new, renames) for old, new in pairs(before, after, renames))


def taken(old: Entity, new: Entity, renames: Renames) -> list[Field]:
    """The stored fields whose column the later model does not have."""
    stay = {field.column for field in storage.columns(new)}
    return [field for field in storage.columns(old) if field.column not in stay]


# What is not split -----------------------------------------------------------------------------------


def unsplit(before: Model | None, after: Model) -> Iterator[Diagnostic]:
    """What would take something from the earlier version and has no expansion: to be made at once, if at all."""
    if before is None or not asked_for(after):
        return
    renames = renames_between(before, after)
    kept = {old.name for old, _ in pairs(before, after, renames)}
    for _, new in rekeyed(before, after, renames):
        yield _at_once(new.place, f"the key of {new.name} becomes another one")
    for place in moved_to(before, after).values():
        yield _at_once(after.service.place, f"{place} moves to another entity")
    for entity in before.entities:
        if entity.name not in kept:
            mend = (
                f"Keep {entity.name} with `access: none` and without operations until nobody runs the earlier version, "
                "and drop it then, in a change of its own with `changes: at_once`"
            )
            yield _at_once(after.service.place, f"{entity.name} is no longer in the specification", mend)
    for old, new in pairs(before, after, renames):
        if old.table != new.table:
            mend = (
                f"Keep the name {old.name} and give clients the other one, in paths, in the names of operations and of "
                f"views (`views: {{{new.name}: {{of: {old.name}, …}}}}`): no row has to move"
            )
            yield _at_once(new.place, f"the rows of {new.name} move to another table", mend)
        yield from _fields(old, new, renames)
        for word in _led_to(before, after, old, new, renames):
            yield _at_once(new.place, word)
    secured = [each.security is not None and each.security.row_level for each in (before, after)]
    if any(secured) and in_two_steps(before, after):
        yield _at_once(after.service.place, "row-level security is on")


_LINKS = (
    "Keep `{name}` and call it otherwise in views only; or keep it, unused, until nobody runs the earlier version, and "
    "drop it then, in a change of its own with `changes: at_once`"
)


def _fields(old: Entity, new: Entity, renames: Renames) -> Iterator[Diagnostic]:
    now = {field.name: field for field in new.fields}
    for field in old.fields:
        later = now.get(renames.field_after(old.name, field.name))
        name = f"{new.name}.{field.name}"
        if isinstance(field.type, ManyType):
            if later is None or not isinstance(later.type, ManyType) or later.name != field.name:
                yield _at_once(
                    new.place, f"the links of {name} go, or get another name", _LINKS.format(name=field.name)
                )
        elif later is not None and isinstance(later.type, ManyType):
            mend = (
                f"Keep `{field.name}` and add the links beside it (`{field.name}_list: {{refs: …}}`); fill them "
                f"through the service, and drop `{field.name}` in a later change"
            )
            yield _at_once(later.place, f"{name} becomes links", mend)
        elif later is not None and later.column == field.column:
            if fit(field.type, later.type, renames) == "converted":
                mend = f"Give it a name of its own: `{field.name}_now: {{…, was: {field.name}}}`"
                yield _at_once(later.place, f"{name} changes its type under the same name", mend)
        elif later is not None and field.name in old.keys:
            yield _at_once(later.place, f"the key {name} gets another name")
        elif later is not None and field.generated == "sequence":
            yield _at_once(later.place, f"{name}, which the database counts, gets another name")


def _led_to(before: Model, after: Model, old: Entity, new: Entity, renames: Renames) -> Iterator[str]:
    """Fields whose name references rely on, because both rows share their value."""
    shared = {field.same for model in (before, after) for each in model.entities for field in each.fields}
    for field in taken(old, new, renames):
        if field.name in shared or renames.field_after(old.name, field.name) in shared:
            yield f"references rely on {new.name}.{field.name}"


def _at_once(place: Place, why: str, mend: str = "") -> Diagnostic:
    mend = mend or "Make it a change of its own"
    return diagnose(
        codes.NOT_IN_TWO_STEPS,
        place,
        f"Expansion and contraction of this are not built: {why}.",
        f"{mend}; or write `changes: at_once` in `service`, and stop the earlier version before the migration.",
    )
