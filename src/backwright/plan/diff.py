"""The changes from one model to the next, in an order in which they can be carried out."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.model.types import Entity, Field, Index, ManyType, Model, Operation, View
from backwright.plan.access import rule_changes
from backwright.plan.answers import views_of
from backwright.plan.changes import (
    AddCheck,
    AddEntity,
    AddField,
    AddIndex,
    AddOperation,
    AddView,
    Change,
    ChangeEntity,
    ChangeField,
    RemoveCheck,
    RemoveEntity,
    RemoveField,
    RemoveIndex,
    RemoveOperation,
    RemoveView,
    RenameEntity,
    RenameField,
    ranked,
)
from backwright.plan.contracts import keeps_views, operation_change
from backwright.plan.entities import Aspect, check_changes, entity_change, of_all
from backwright.plan.fields import aspects, look_alike
from backwright.plan.keys import is_made
from backwright.plan.meaning import NO_RENAMES, Renames, carried_over, plain
from backwright.plan.parts import moved_from, moved_to
from backwright.plan.renames import pairs, renames_between
from backwright.plan.replies import view_change
from backwright.plan.searches import instead, new_searches
from backwright.plan.settings import logic_changes, setting_changes
from backwright.plan.tables import dependency_order, stored_index
from backwright.spec.diagnostics import NOWHERE

_MEANWHILE = (
    "; stop the earlier version before it: what that writes during the migration is only in the kept copy"
)


def diff(before: Model | None, after: Model) -> tuple[Change, ...]:
    """Every difference in meaning. Renames come first, then what goes, what comes, and the interface."""
    if before is None:
        return (*_first_data(after), *_interface(None, after, NO_RENAMES))
    renames = renames_between(before, after)
    return (
        *_data(before, after, renames),
        *_access(before, after, renames),
        *_interface(before, after, renames),
    )


def _first_data(after: Model) -> Iterator[Change]:
    for entity in dependency_order(after.entities):
        yield AddEntity(entity=entity, place=entity.place, reason=f"{entity.name} is in the specification")


def _data(before: Model, after: Model, renames: Renames) -> Iterator[Change]:
    both = pairs(before, after, renames)
    kept, known = {new.name for _, new in both}, {old.name for old, _ in both}
    gone = [entity for entity in before.entities if entity.name not in known]
    added = [entity for entity in after.entities if entity.name not in kept]
    for new, old in renames.entities.items():
        place = after.entity(new).place
        reason = f"{old} is called {new} now (`was: {old}`); the rows stay"
        yield RenameEntity(before=old, after=new, place=place, reason=reason)
    for (owner, new), old in renames.fields.items():
        place = after.entity(owner).field(new).place
        reason = f"{owner}.{old} is called {new} now (`was: {old}`); the values stay"
        yield RenameField(entity=owner, before=old, after=new, place=place, reason=reason)
    goes, comes = moved_from(before, after), moved_to(before, after)
    parts = [
        [_moved(change, goes, comes) for change in _entity(old, new, renames, after)] for old, new in both
    ]
    gone_kinds = RemoveIndex | RemoveCheck | RemoveField
    yield from (change for part in parts for change in part if isinstance(change, gone_kinds))
    yield from _removed_entities(gone, added)
    for entity in dependency_order(added):
        yield AddEntity(entity=entity, place=entity.place, reason=f"{entity.name} is in the specification")
    for kind in (AddField, ChangeField, AddIndex, AddCheck, ChangeEntity):
        yield from (change for part in parts for change in part if isinstance(change, kind))


def _moved(change: Change, goes: dict[tuple[str, str], str], comes: dict[tuple[str, str], str]) -> Change:
    """A field whose values go to another entity, or come from one."""
    match change:
        case RemoveField(entity=owner, field=field) if place := goes.get((owner, field.name)):
            reason = f"{owner}.{field.name} becomes {place}{_MEANWHILE}"
            return msgspec.structs.replace(change, reason=reason, hazards=("breaking",), note="")
        case AddField(entity=owner, field=field) if place := comes.get((owner, field.name)):
            reason = f"{owner}.{field.name} was {place}{_MEANWHILE}"
            hazards = ranked("safe" if field.nullable else "limit")
            return msgspec.structs.replace(change, reason=reason, hazards=hazards)
        case _:
            return change


def _removed_entities(gone: list[Entity], added: list[Entity]) -> Iterator[Change]:
    for entity in reversed(dependency_order(gone)):
        names = {field.name for field in entity.fields}
        twin = next(
            (new for new in added if len(names & {f.name for f in new.fields}) * 2 > len(names)),
            None,
        )
        yield RemoveEntity(
            entity=entity,
            place=twin.place if twin else entity.place,
            reason=f"{entity.name} is no longer in the specification",
            hazards=("destructive",),
            note=f"Is {twin.name} the same entity? Then write `was: {entity.name}` in it." if twin else "",
        )


def _entity(before: Entity, after: Entity, renames: Renames, model: Model) -> list[Change]:
    former = {renames.field_after(before.name, field.name): field for field in before.fields}
    gone = [field for name, field in former.items() if name not in {f.name for f in after.fields}]
    added = [field for field in after.fields if field.name not in former]
    changes: list[Change] = [*_indexes(before, after, renames), *check_changes(before, after, renames)]
    changes += [
        _removed_field(after, field, added, revives=field.name == before.soft_delete) for field in gone
    ]
    changes += [_added_field(after, field) for field in added]
    for field in after.fields:
        old = former.get(field.name)
        if old is not None and (differences := aspects(old, field, before.name, renames)):
            changes.append(_changed_field(after, old, field, differences))
    signs_in = model.auth is not None and model.auth.identity == after.name
    whole = entity_change(before, after, renames, signs_in=signs_in)
    return changes if whole is None else [*changes, whole]


def _removed_field(owner: Entity, field: Field, added: list[Field], *, revives: bool) -> Change:
    back = "; rows that were deleted are there again" if revives else ""
    twin = next((new for new in added if look_alike(field, new)), None)
    return RemoveField(
        entity=owner.name,
        field=field,
        place=twin.place if twin else owner.place,
        reason=f"{owner.name}.{field.name} is no longer in the specification{back}",
        hazards=("destructive",),
        note=f"Is `{twin.name}` the same field? Then write `was: {field.name}` in it." if twin else "",
    )


def _added_field(owner: Entity, field: Field) -> Change:
    filled = field.default is not None or field.generated == "version"
    value = field.default.source if field.default is not None else "1"
    rows = f"get {value}" if filled else "get null" if field.nullable else ""
    many = isinstance(field.type, ManyType)
    rows = "list nothing" if many else rows
    rows = f"get {field.name} of their own" if is_made(owner, field) else rows
    empty = not (filled or field.nullable or many or is_made(owner, field))
    if empty:
        return AddField(
            entity=owner.name,
            field=field,
            place=field.place,
            reason=f"{owner.name}.{field.name} is in the specification; rows that exist stand in the way",
            hazards=("limit",),
        )
    return AddField(
        entity=owner.name,
        field=field,
        place=field.place,
        reason=f"{owner.name}.{field.name} is in the specification{rows and f'; rows that exist {rows}'}",
        hazards=ranked("needs_backfill" if filled else "safe"),
    )


def _changed_field(owner: Entity, before: Field, after: Field, found: tuple[Aspect, ...]) -> Change:
    words = tuple(word for word, _ in found)
    reason = f"{owner.name}.{after.name}: {'; '.join(words)}"
    return ChangeField(
        entity=owner.name, before=before, after=after, aspects=words,
        place=after.place, reason=reason, hazards=of_all(found),
    )  # fmt: skip


def _indexes(before: Entity, after: Entity, renames: Renames) -> Iterator[Change]:
    former = {stored_index(carried_over(index, renames, before.name)): index for index in before.indexes}
    later = {stored_index(plain(index)): index for index in after.indexes}
    for form, index in former.items():
        if form not in later:
            reason = f"index {index.name} is no longer in the specification"
            yield RemoveIndex(entity=after.name, index=index, place=after.place, reason=reason)
    for form, index in later.items():
        if form not in former:
            yield _added_index(after, index)


def _added_index(owner: Entity, index: Index) -> Change:
    return AddIndex(
        entity=owner.name,
        index=index,
        place=index.place,
        reason=f"index {index.name} is in the specification",
        hazards=ranked("limit" if index.unique else "safe"),
    )


def _access(before: Model, after: Model, renames: Renames) -> Iterator[Change]:
    for old, new in pairs(before, after, renames):
        yield from rule_changes(old, new, renames)


def _interface(before: Model | None, after: Model, renames: Renames) -> Iterator[Change]:
    same = [] if before is None else list(_same_operations(before, after))
    noticed = {
        view
        for old, new in same
        if keeps_views(old, new, renames)
        for view in views_of(new.respond.show, after)
    }
    yield from _views(before.views if before else (), after, renames, noticed)
    yield from _operations(before, after, same, renames)
    if before is not None:
        yield from setting_changes(before, after, renames)
        yield from logic_changes(before, after)


def _views(before: tuple[View, ...], after: Model, renames: Renames, noticed: set[str]) -> Iterator[Change]:
    former = {renames.entity_after(view.name): view for view in before}
    later = {view.name for view in after.views}
    for name, view in former.items():
        if name not in later:
            reason = f"view {view.name} is no longer in the specification"
            yield RemoveView(view=view, reason=reason)
    for view in after.views:
        place = after.entity(view.entity).place if view.place == NOWHERE else view.place
        old = former.get(view.name)
        if old is None:
            yield AddView(view=view, place=place, reason=f"view {view.name} is in the specification")
        elif change := view_change(old, view, renames, noticed=view.name in noticed):
            yield msgspec.structs.replace(change, place=place)


def _same_operations(before: Model, after: Model) -> Iterator[tuple[Operation, Operation]]:
    """The operations of both models: by route, or by name where the route of before is nobody's now."""
    by_route = {(operation.method, operation.path): operation for operation in before.operations}
    by_name = {operation.name: operation for operation in before.operations}
    routes = {(operation.method, operation.path) for operation in after.operations}
    for operation in after.operations:
        old = by_route.get((operation.method, operation.path))
        if old is None:
            old = by_name.get(operation.name)
            if old is not None and (old.method, old.path) in routes:
                old = None
        if old is not None:
            yield old, operation


def _operations(
    before: Model | None, after: Model, same: list[tuple[Operation, Operation]], renames: Renames
) -> Iterator[Change]:
    former = {new.name: old for old, new in same}
    matched = {old.name for old, _ in same}
    for operation in before.operations if before is not None else ():
        if operation.name not in matched:
            words = f"{operation.method} {operation.path} is no longer in the specification"
            yield RemoveOperation(operation=operation, reason=words, hazards=("breaking",))
    for operation in after.operations:
        old = former.get(operation.name)
        if old is None or before is None:
            yield _added_operation(operation, after)
            continue
        searches = new_searches(old, operation, (before, after), renames)
        change = operation_change(old, operation, (before, after), renames, searches)
        if change is not None:
            yield change


def _added_operation(operation: Operation, model: Model) -> AddOperation:
    searches = new_searches(None, operation, (None, model))
    said = (
        f"{operation.method} {operation.path} is in the specification",
        *(each.words for each in searches),
    )
    return AddOperation(
        operation=operation,
        place=operation.place,
        reason="; ".join(said),
        hazards=ranked("needs_index" if searches else "safe"),
        instead=instead(searches),
    )
