"""Changes between two models: a closed union, each with from and to, place, reason, hazards and reverse."""

from __future__ import annotations

from typing import Literal as OneOf
from typing import assert_never, get_args

import msgspec

from backwright.model.types import Check, Entity, Field, Index, Operation, Verb, View
from backwright.spec.diagnostics import NOWHERE, Place

Hazard = OneOf["safe", "needs_backfill", "limit", "needs_index", "breaking", "widens_access", "destructive"]
RANK: tuple[Hazard, ...] = get_args(Hazard)
"""From the mildest to the worst."""
Symbol = OneOf["+", "~", "-", "->"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="change"):
    """What every change carries.

    `reason` says in words what changes. `hazards` are all that hold of it, the worst last (none: it is safe): `limit`
    is something that stored rows may stand in the way of, `needs_index` a list that looks at all rows of a table
    that is declared large. `note` is a question or a remark for the reader, `instead` what to write in place of it.
    """

    place: Place = NOWHERE
    reason: str
    hazards: tuple[Hazard, ...] = ()
    note: str = ""
    instead: str = ""

    @property
    def hazard(self) -> Hazard:
        """The worst of them."""
        return self.hazards[-1] if self.hazards else "safe"


def ranked(*found: Hazard) -> tuple[Hazard, ...]:
    """The hazards of a change that is all of this: each once, the worst last."""
    return tuple(each for each in RANK[1:] if each in found)


class AddEntity(Fact, frozen=True, kw_only=True, tag=True):
    entity: Entity


class RemoveEntity(Fact, frozen=True, kw_only=True, tag=True):
    entity: Entity


class RenameEntity(Fact, frozen=True, kw_only=True, tag=True):
    """`before` and `after` are names; rows stay."""

    before: str
    after: str


class AddField(Fact, frozen=True, kw_only=True, tag=True):
    entity: str
    field: Field


class RemoveField(Fact, frozen=True, kw_only=True, tag=True):
    entity: str
    field: Field


class RenameField(Fact, frozen=True, kw_only=True, tag=True):
    """`before` and `after` are names in `entity` (its name after the plan); values stay."""

    entity: str
    before: str
    after: str


class ChangeField(Fact, frozen=True, kw_only=True, tag=True):
    """One field under its name after the plan; `aspects` are the differences in words."""

    entity: str
    before: Field
    after: Field
    aspects: tuple[str, ...]


class AddIndex(Fact, frozen=True, kw_only=True, tag=True):
    entity: str
    index: Index


class RemoveIndex(Fact, frozen=True, kw_only=True, tag=True):
    entity: str
    index: Index


class AddCheck(Fact, frozen=True, kw_only=True, tag=True):
    """A condition that every row satisfies from now on."""

    entity: str
    check: Check


class RemoveCheck(Fact, frozen=True, kw_only=True, tag=True):
    entity: str
    check: Check


class ChangeEntity(Fact, frozen=True, kw_only=True, tag=True):
    """States, audit and other settings of a whole entity; `aspects` are the differences in words."""

    before: Entity
    after: Entity
    aspects: tuple[str, ...]


class ChangeRule(Fact, frozen=True, kw_only=True, tag=True):
    """An access rule from one text to another. `effect` is for the rows that callers reach."""

    entity: str
    verb: Verb
    before: str
    after: str
    effect: OneOf["widens", "narrows", "unclear"]


class AddView(Fact, frozen=True, kw_only=True, tag=True):
    view: View


class RemoveView(Fact, frozen=True, kw_only=True, tag=True):
    view: View


class ChangeView(Fact, frozen=True, kw_only=True, tag=True):
    """What answers show; `aspects` are the differences in words."""

    before: View
    after: View
    aspects: tuple[str, ...]


class AddOperation(Fact, frozen=True, kw_only=True, tag=True):
    operation: Operation


class RemoveOperation(Fact, frozen=True, kw_only=True, tag=True):
    operation: Operation


class ChangeOperation(Fact, frozen=True, kw_only=True, tag=True):
    """The contract or the effect of one operation; `aspects` are the differences in words."""

    before: Operation
    after: Operation
    aspects: tuple[str, ...]


class ChangeSetting(Fact, frozen=True, kw_only=True, tag=True):
    """A setting of the whole service, such as `service.version` or `auth.token_seconds`."""

    name: str
    before: str
    after: str


Change = (
    AddEntity
    | RemoveEntity
    | RenameEntity
    | AddField
    | RemoveField
    | RenameField
    | ChangeField
    | AddIndex
    | RemoveIndex
    | AddCheck
    | RemoveCheck
    | ChangeEntity
    | ChangeRule
    | AddView
    | RemoveView
    | ChangeView
    | AddOperation
    | RemoveOperation
    | ChangeOperation
    | ChangeSetting
)


def identity(change: Change) -> str:
    """What an approval calls the change: `drop-field Order.due`."""
    match change:
        case AddEntity(entity=entity):
            return f"add-entity {entity.name}"
        case RemoveEntity(entity=entity):
            return f"drop-entity {entity.name}"
        case RenameEntity(before=before, after=after):
            return f"rename-entity {before} -> {after}"
        case AddField(entity=owner, field=field):
            return f"add-field {owner}.{field.name}"
        case RemoveField(entity=owner, field=field):
            return f"drop-field {owner}.{field.name}"
        case RenameField(entity=owner, before=before, after=after):
            return f"rename-field {owner}.{before} -> {after}"
        case ChangeField(entity=owner, after=field):
            return f"change-field {owner}.{field.name}"
        case AddIndex(index=index):
            return f"add-index {index.name}"
        case RemoveIndex(index=index):
            return f"drop-index {index.name}"
        case AddCheck(entity=owner, check=check):
            return f"add-check {owner}.{check.name}"
        case RemoveCheck(entity=owner, check=check):
            return f"drop-check {owner}.{check.name}"
        case ChangeEntity(after=entity):
            return f"change-entity {entity.name}"
        case ChangeRule(entity=owner, verb=verb):
            return f"change-rule {owner}.{verb}"
        case _:
            return _interface_identity(change)


def _interface_identity(
    change: AddView
    | RemoveView
    | ChangeView
    | AddOperation
    | RemoveOperation
    | ChangeOperation
    | ChangeSetting,
) -> str:
    match change:
        case AddView(view=view):
            return f"add-view {view.name}"
        case RemoveView(view=view):
            return f"drop-view {view.name}"
        case ChangeView(after=view):
            return f"change-view {view.name}"
        case AddOperation(operation=operation):
            return f"add-operation {operation.name}"
        case RemoveOperation(operation=operation):
            return f"drop-operation {operation.name}"
        case ChangeOperation(after=operation):
            return f"change-operation {operation.name}"
        case ChangeSetting(name=name):
            return f"change-setting {name}"
        case _:
            assert_never(change)


def symbol(change: Change) -> Symbol:
    """How the plan marks it: added, changed, removed, renamed."""
    match change:
        case AddEntity() | AddField() | AddIndex() | AddCheck() | AddView() | AddOperation():
            return "+"
        case (
            RemoveEntity() | RemoveField() | RemoveIndex() | RemoveCheck() | RemoveView() | RemoveOperation()
        ):
            return "-"
        case RenameEntity() | RenameField():
            return "->"
        case (
            ChangeField() | ChangeEntity() | ChangeRule() | ChangeView() | ChangeOperation() | ChangeSetting()
        ):
            return "~"
        case _:
            assert_never(change)


_OPPOSITE: dict[str, OneOf["widens", "narrows", "unclear"]] = {
    "widens": "narrows",
    "narrows": "widens",
    "unclear": "unclear",
}


def reverse(change: Change) -> Change:
    """The change that takes this one back. Its hazards are those of going back, not of going there."""
    place = change.place
    reason = f"takes back: {identity(change)}"
    match change:
        case AddEntity(entity=entity):
            return RemoveEntity(entity=entity, place=place, reason=reason, hazards=("destructive",))
        case RemoveEntity(entity=entity):
            return AddEntity(entity=entity, place=place, reason=reason)
        case RenameEntity(before=before, after=after):
            return RenameEntity(before=after, after=before, place=place, reason=reason)
        case AddField(entity=owner, field=field):
            return RemoveField(
                entity=owner, field=field, place=place, reason=reason, hazards=("destructive",)
            )
        case RemoveField(entity=owner, field=field):
            return AddField(entity=owner, field=field, place=place, reason=reason)
        case RenameField(entity=owner, before=before, after=after):
            return RenameField(entity=owner, before=after, after=before, place=place, reason=reason)
        case ChangeField(entity=owner, before=old, after=new, aspects=aspects):
            return ChangeField(
                entity=owner,
                before=new,
                after=old,
                aspects=aspects,
                place=place,
                reason=reason,
                hazards=("limit",),
            )
        case AddIndex(entity=owner, index=index):
            return RemoveIndex(entity=owner, index=index, place=place, reason=reason)
        case RemoveIndex(entity=owner, index=index):
            return AddIndex(entity=owner, index=index, place=place, reason=reason)
        case AddCheck(entity=owner, check=check):
            return RemoveCheck(entity=owner, check=check, place=place, reason=reason)
        case RemoveCheck(entity=owner, check=check):
            return AddCheck(entity=owner, check=check, place=place, reason=reason, hazards=("limit",))
        case ChangeEntity(before=former, after=later, aspects=aspects):
            return ChangeEntity(
                before=later, after=former, aspects=aspects, place=place, reason=reason, hazards=("breaking",)
            )
        case ChangeRule(entity=owner, verb=verb, before=rule, after=now, effect=effect):
            opposite = _OPPOSITE[effect]
            hazards = ranked("safe" if opposite == "narrows" else "widens_access")
            return ChangeRule(
                entity=owner, verb=verb, before=now, after=rule, effect=opposite,
                place=place, reason=reason, hazards=hazards,
            )  # fmt: skip
        case _:
            return _interface_reverse(change, reason)


def _interface_reverse(
    change: AddView
    | RemoveView
    | ChangeView
    | AddOperation
    | RemoveOperation
    | ChangeOperation
    | ChangeSetting,
    reason: str,
) -> Change:
    place = change.place
    match change:
        case AddView(view=view):
            return RemoveView(view=view, place=place, reason=reason)
        case RemoveView(view=view):
            return AddView(view=view, place=place, reason=reason)
        case ChangeView(before=old, after=new, aspects=aspects):
            return ChangeView(
                before=new, after=old, aspects=aspects, place=place, reason=reason, hazards=("breaking",)
            )
        case AddOperation(operation=operation):
            return RemoveOperation(operation=operation, place=place, reason=reason, hazards=("breaking",))
        case RemoveOperation(operation=operation):
            return AddOperation(operation=operation, place=place, reason=reason)
        case ChangeOperation(before=former, after=later, aspects=aspects):
            return ChangeOperation(
                before=later, after=former, aspects=aspects, place=place, reason=reason, hazards=("breaking",)
            )
        case ChangeSetting(name=name, before=value, after=now):
            return ChangeSetting(name=name, before=now, after=value, place=place, reason=reason)
        case _:
            assert_never(change)
