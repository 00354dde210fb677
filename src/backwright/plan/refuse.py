"""Changes that cannot be carried out with the data that is there: refused, with the reason and the mend."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.storage import link_table
from backwright.model.types import Field, ManyType, Model, ScalarType
from backwright.plan import codes
from backwright.plan.changes import AddField, Change, ChangeField
from backwright.plan.fields import constrained, described, fillable, fit
from backwright.plan.keys import hindrances, is_made, rekeyed
from backwright.plan.meaning import Renames
from backwright.plan.parts import unmoved
from backwright.plan.renames import pairs, renames_between
from backwright.plan.two_steps import unsplit
from backwright.spec.diagnostics import Diagnostic, Place, diagnose


def refusals(before: Model | None, after: Model, changes: tuple[Change, ...]) -> tuple[Diagnostic, ...]:
    """Every reason why these changes cannot be made; none when they can."""
    if before is None:
        return ()
    renames = renames_between(before, after)
    return (
        *(found for change in changes for found in _change(change, after, renames)),
        *_keys(before, after, renames),
        *unmoved(before, after, renames),
        *_reused(before, after, renames),
        *_contradictory(before, after, renames),
        *unsplit(before, after),
    )


def _change(change: Change, after: Model, renames: Renames) -> Iterator[Diagnostic]:
    match change:
        case AddField(entity=owner, field=field):
            yield from _added(owner, field)
        case ChangeField(entity=owner, after=new) if is_made(after.entity(owner), new):
            return  # where its type changes, rows get keys of the later one
        case ChangeField(entity=owner, before=old, after=new):
            yield from _changed(owner, old, new, renames)
        case _:
            return


def _added(owner: str, field: Field) -> Iterator[Diagnostic]:
    name = f"{owner}.{field.name}"
    if isinstance(field.type, ManyType) or field.generated == "version":
        return
    if field.default is not None and not fillable(field, field.default.meaning):
        yield diagnose(
            codes.UNSTORABLE_DEFAULT, field.place,
            f"The default `{field.default.source}` of {name} cannot be filled in: not built yet.",
            "Use a constant or `now`, or make it nullable without a default.",
        )  # fmt: skip
    elif field.default is not None and field.unique:
        yield diagnose(
            codes.NEW_UNIQUE, field.place,
            f"{name} is new, unique, and would have the same value in every row.",
            "Make it nullable without a default, and fill it before it is required.",
        )  # fmt: skip


def _changed(owner: str, old: Field, new: Field, renames: Renames) -> Iterator[Diagnostic]:
    name = f"{owner}.{new.name}"
    match fit(old.type, new.type, renames):
        case "different":
            yield diagnose(
                codes.TYPE_CHANGE, new.place,
                f"{name} changes from {described(old.type)} to {described(new.type)}: "
                "stored values are not converted between these.",
                f"Write `{new.name}_now` of the later type beside `{old.name}`, nullable, and build; fill it "
                f"through the service or in SQL; then drop `{old.name}`; then write `{new.name}` with "
                f"`was: {new.name}_now`. Each is a change of its own.",
            )  # fmt: skip
        case "converted" if old.encrypted or new.encrypted:
            yield diagnose(
                codes.TYPE_CHANGE, new.place,
                f"{name} changes its type, and the database cannot read what is encrypted.",
                "Add a field beside it, fill it through the service, and drop the old one in a later change.",
            )  # fmt: skip
        case "narrower" if not _is_password(new) and not constrained(old, new):
            yield diagnose(
                codes.NARROWER, new.place,
                f"{name} accepts less than before, in what the database has no constraint for.",
                "Keep the former bounds, or add a field with the new ones.",
            )  # fmt: skip
        case _:
            pass
    if old.encrypted != new.encrypted:
        yield diagnose(
            codes.ENCRYPTION, new.place,
            f"{name} {'becomes' if new.encrypted else 'is no longer'} encrypted: not built yet.",
            "Add a field beside it, fill it through the service, and drop the old one in a later change.",
        )  # fmt: skip


def _is_password(field: Field) -> bool:
    return isinstance(field.type, ScalarType) and field.type.scalar == "password"


def _keys(before: Model, after: Model, renames: Renames) -> Iterator[Diagnostic]:
    for old, new in rekeyed(before, after, renames):
        for why, mend in hindrances(before, after, old, new, renames):
            yield diagnose(
                codes.KEY_CHANGE, new.place,
                f"The key of {new.name} (`{', '.join(old.keys)}`) cannot become `{', '.join(new.keys)}`: {why}.",
                f"{mend}.",
            )  # fmt: skip


def _reused(before: Model, after: Model, renames: Renames) -> Iterator[Diagnostic]:
    """Tables and columns whose name belongs to something else after the plan."""
    owners = {
        table: renames.field_path_after(entity, field) if field else renames.entity_after(entity)
        for table, entity, field, _ in _tables(before)
    }
    for table, owner, many, place in _tables(after):
        name = f"{owner}.{many}" if many else owner
        if owners.get(table, name) != name:
            yield diagnose(
                codes.NAME_REUSE, place,
                f"The table `{table}` of {name} is that of {owners[table]} so far.",
                "Make it two changes: first the rename or the drop, then what is new; or write `was:`.",
            )  # fmt: skip
    for old, new in pairs(before, after, renames):
        columns = {field.column: renames.field_after(old.name, field.name) for field in old.fields}
        for each in new.fields:
            if columns.get(each.column, each.name) != each.name:
                yield diagnose(
                    codes.NAME_REUSE, each.place,
                    f"Column `{each.column}` of {new.name}.{each.name} belongs to another field so far.",
                    "Make it two changes: first the rename or the drop, then the new field; or write `was:`.",
                )  # fmt: skip


def _tables(model: Model) -> Iterator[tuple[str, str, str, Place]]:
    """Every table: its name, its entity, and the many-to-many field whose links it holds."""
    for entity in model.entities:
        yield entity.table, entity.name, "", entity.place
        for field in entity.fields:
            if isinstance(field.type, ManyType):
                yield link_table(entity, field.name), entity.name, field.name, field.place


def _contradictory(before: Model, after: Model, renames: Renames) -> Iterator[Diagnostic]:
    """New names whose `was:` names something that stays. (Other names have been renamed already.)"""
    had, has = {entity.name for entity in before.entities}, {entity.name for entity in after.entities}
    for entity in after.entities:
        if entity.was in had & has and entity.name not in had:
            yield _both(entity.place, entity.name, entity.was or "")
    for old, new in pairs(before, after, renames):
        stored, stays = {field.name for field in old.fields}, {field.name for field in new.fields}
        for field in new.fields:
            if field.was in stored & stays and field.name not in stored:
                yield _both(field.place, f"{new.name}.{field.name}", field.was or "")


def _both(place: Place, name: str, was: str) -> Diagnostic:
    return diagnose(
        codes.CONTRADICTORY_WAS, place,
        f"{name} says `was: {was}`, but `{was}` is still there.",
        f"Remove `{was}`, or remove the `was`.",
    )  # fmt: skip
