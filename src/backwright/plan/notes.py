"""What a plan means to those who read along: changelog, notes for the migration, notes for the way back (Markdown).

The headings of the changelog are those of Keep a Changelog 1.1.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backwright.model.types import Service
from backwright.plan.approval import Approval
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
    ChangeOperation,
    ChangeRule,
    ChangeSetting,
    ChangeView,
    Hazard,
    RemoveCheck,
    RemoveEntity,
    RemoveField,
    RemoveIndex,
    RemoveOperation,
    RemoveView,
    RenameEntity,
    RenameField,
    identity,
    reverse,
)
from backwright.plan.fields import aspects, filled, fit, valueless
from backwright.plan.keys import changes_key
from backwright.plan.meaning import NO_RENAMES
from backwright.plan.plan import Plan

_DATA = (
    AddEntity | RemoveEntity | RenameEntity | AddField | RemoveField | RenameField | ChangeField
    | AddIndex | RemoveIndex | AddCheck | RemoveCheck | ChangeEntity
)  # fmt: skip


_OPERATORS: dict[Hazard, str] = {
    "needs_backfill": "Rows that exist are filled",
    "limit": "Rows can stand in the way",
    "needs_index": "Slow with many rows",
    "destructive": "Loses data",
}


def notes(plan: Plan, service: Service, approvals: Sequence[Approval] = ()) -> str:
    """The notes of a plan, ending with a newline. `service` is as it is after it."""
    lines = [f"# Version {service.version}, plan {plan.short}", ""]
    parts = {
        "Changelog": list(_changelog(plan)),
        "For clients": list(_for_clients(plan)),
        "Before the migration": list(_before(plan, service, approvals)),
        "The way back": list(_way_back(plan, service.kept_days)),
    }
    for heading, said in parts.items():
        text = "\n".join(said).rstrip() or "Nothing."
        lines += [f"## {heading}", "", text, ""]
    return "\n".join(lines).rstrip() + "\n"


def _changelog(plan: Plan) -> Iterator[str]:
    for heading in ("Added", "Changed", "Removed", "Security"):
        found = [change for change in plan.changes if _heading(change) == heading]
        if found:
            yield f"### {heading}"
            yield ""
            yield from (f"- {_line(_entry(change))}" for change in found)
            yield ""


def _heading(change: Change) -> str:
    match change:
        case ChangeRule():
            return "Security"
        case AddEntity() | AddField() | AddIndex() | AddCheck() | AddView() | AddOperation():
            return "Added"
        case (
            RemoveEntity() | RemoveField() | RemoveIndex() | RemoveCheck() | RemoveView() | RemoveOperation()
        ):
            return "Removed"
        case (
            RenameEntity() | RenameField() | ChangeField() | ChangeEntity() | ChangeView() | ChangeOperation()
            | ChangeSetting()
        ):  # fmt: skip
            return "Changed"


_KINDS: dict[type, str] = {
    AddEntity: "Entity ",
    RemoveEntity: "Entity ",
    AddField: "Field ",
    RemoveField: "Field ",
}
_SAID_ABOVE = (" is in the specification", " is no longer in the specification")


def _entry(change: Change) -> str:
    """What the changelog says below a heading that tells already whether it comes or goes."""
    for said in _SAID_ABOVE:
        if said in change.reason:
            name = change.reason.replace(said, "", 1)
            return _KINDS.get(type(change), "") + name
    return change.reason


def _for_clients(plan: Plan) -> Iterator[str]:
    """What breaks, and who sees more."""
    for change in plan.changes:
        if "breaking" in change.hazards:
            yield f"- Breaking: {_line(change.reason)}"
        if "widens_access" in change.hazards:
            yield f"- Wider access: {_line(change.reason)}"


def _before(plan: Plan, service: Service, approvals: Sequence[Approval]) -> Iterator[str]:
    failing = [f"`{_line(identity(change))}`" for change in plan.changes if _fails_earlier(change)]
    if failing and service.changes == "at_once":
        yield f"- Stop the earlier version first, it fails from then on: {', '.join(failing)}"
    for change in plan.changes:
        for hazard in change.hazards:
            if hazard in _OPERATORS:
                yield f"- {_OPERATORS[hazard]}: {_line(change.reason)}"
    for each in approvals:
        named = ", ".join(f"`{_line(name)}`" for name in each.changes)
        yield f"- Approved by {_line(each.by)} on {each.at:%Y-%m-%d}: {named}. {_line(each.reason)}"
        yield f"  - If it was wrong: {_line(each.rollback)}"


def _fails_earlier(change: Change) -> bool:
    """Whether statements of the earlier version name what is gone or other than before, or leave out what must be."""
    match change:
        case RemoveEntity() | RenameEntity() | RemoveField() | RenameField():
            return True
        case AddField(field=field, hazards=hazards):
            return valueless(field) and bool(hazards)
        case ChangeField(before=before, after=after):
            return fit(before.type, after.type) in ("converted", "different")
        case ChangeEntity(before=before, after=after):
            return changes_key(before, after, NO_RENAMES)
        case _:
            return False


def _way_back(plan: Plan, kept_days: int) -> Iterator[str]:
    """In the opposite order, with what each step back costs."""
    stored = [change for change in plan.changes if isinstance(change, _DATA)]
    if stored:
        yield "`migrate down` takes the stored part back:"
        yield ""
    for change in reversed(stored):
        yield f"- `{_line(identity(reverse(change)))}`{_cost(change, kept_days)}"


_STANDS = ": values written since can stand in the way"


def _cost(change: Change, kept_days: int) -> str:
    match change:
        case AddEntity() | AddField():
            return ": what was written there since is lost"
        case RemoveEntity() | RemoveField():
            return f": from the values that the migration keeps for {kept_days} days"
        case ChangeField(hazards=hazards) if "destructive" in hazards:
            return ": with the former values, where nobody has changed them since"
        case ChangeField(before=before, after=after) if filled(before, after):
            return ": rows that had no value have none again, where nobody has changed it since"
        case ChangeField(entity=owner, before=before, after=after):
            back = aspects(after, before, owner, NO_RENAMES)
            return _STANDS if any(hazard == "limit" for _, hazard in back) else ""
        case RemoveIndex(index=index):
            return _STANDS if index.unique else ""
        case RemoveCheck():
            return _STANDS
        case _:
            return ""


def _line(words: str) -> str:
    """One line of Markdown: words of the specification are no markup."""
    plain = " ".join(words.split())
    return "".join(f"\\{sign}" if sign in "<*_[]#|" else sign for sign in plain)
