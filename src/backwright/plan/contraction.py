"""The plan of a contraction: what only the earlier version of a service uses is taken away."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Entity, Field, Model
from backwright.plan.changes import Change, RemoveField
from backwright.plan.meaning import Renames, digest, model_digest
from backwright.plan.plan import Plan
from backwright.plan.renames import pairs, renames_between
from backwright.plan.two_steps import taken


def contraction(before: Model, after: Model, migration: str) -> Plan:
    """The plan that takes away what only the earlier version uses, after `migration` has added what the later needs."""
    renames = renames_between(before, after)
    changes = tuple(
        change
        for old, new in pairs(before, after, renames)
        for change in _contracted(old, new, taken(old, new, renames), renames)
    )
    former, later = model_digest(before), model_digest(after)
    return Plan(
        before=former,
        after=later,
        hash=digest(["contraction", migration, former, later, changes]),
        changes=changes,
    )


def _contracted(old: Entity, new: Entity, gone: list[Field], renames: Renames) -> Iterator[Change]:
    for field in gone:
        later = renames.field_after(old.name, field.name)
        stays = any(each.name == later for each in new.fields)
        why = (
            f"`{field.column}` is kept in step with {new.name}.{later} for the earlier version"
            if stays
            else f"`{field.column}` is still there for the earlier version"
        )
        reason = f"{why}, which must not serve any more"
        yield RemoveField(
            entity=new.name, field=field, place=new.place, reason=reason, hazards=("destructive",)
        )
