"""What changes of a whole entity: checks, states and their moves, audit, and what its rows may do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backwright.model.types import Check, Entity, Move, States
from backwright.plan.access import condition_effect, rule_effect
from backwright.plan.changes import AddCheck, ChangeEntity, Hazard, RemoveCheck, ranked
from backwright.plan.keys import changes_key
from backwright.plan.meaning import Renames, meant

Aspect = tuple[str, Hazard]


def of_all(aspects: Iterable[Aspect]) -> tuple[Hazard, ...]:
    """The hazards of a change that is all of this."""
    return ranked(*(hazard for _, hazard in aspects))


def check_changes(before: Entity, after: Entity, renames: Renames) -> Iterator[AddCheck | RemoveCheck]:
    """Checks that go, then checks that come; one that means something else is both."""
    former = {check.name: check for check in before.checks}
    later = {check.name: check for check in after.checks}
    for name, check in former.items():
        if name not in later or not _same(check, later[name], before, renames):
            reason = f"`{check.condition.source}` need not hold of every {after.name} any more"
            yield RemoveCheck(entity=after.name, check=check, place=after.place, reason=reason)
    for name, check in later.items():
        old = former.get(name)
        if old is None or not _same(old, check, before, renames):
            follows = old is not None and condition_effect(
                old.condition, check.condition, renames, before.name
            ) in ("same", "widens")
            known = ", as every one does that there is" if follows else ""
            reason = f"`{check.condition.source}` has to hold of every {after.name}{known}"
            hazards = ranked("safe" if follows else "limit")
            yield AddCheck(entity=after.name, check=check, place=check.place, reason=reason, hazards=hazards)


def _same(one: Check, other: Check, entity: Entity, renames: Renames) -> bool:
    return bool(meant(one, renames, entity.name) == meant(other))


def entity_change(
    before: Entity, after: Entity, renames: Renames, *, signs_in: bool = False
) -> ChangeEntity | None:
    """The change of what is said of the whole entity, or None.

    `signs_in`: its rows are those that callers sign in as.
    """
    found = [*_settings(before, after, renames), *_states(before, after, renames)]
    if signs_in and changes_key(before, after, renames):
        found.append(("nobody is signed in any more: tokens name rows by the former key", "breaking"))
    if not found:
        return None
    words = tuple(word for word, _ in found)
    return ChangeEntity(
        before=before,
        after=after,
        aspects=words,
        hazards=of_all(found),
        place=after.place,
        reason=f"{after.name}: {'; '.join(words)}",
    )


def _settings(before: Entity, after: Entity, renames: Renames) -> Iterator[Aspect]:
    yield from _key(before, after, renames)
    if before.immutable != after.immutable:
        yield (
            ("rows are never updated any more", "breaking")
            if after.immutable
            else (
                "rows may be updated now",
                "safe",
            )
        )
    if before.expected_rows != after.expected_rows:
        rows = "no number of rows" if after.expected_rows is None else f"{after.expected_rows} rows"
        yield f"{rows} expected", "safe"
    former = before.tenancy and renames.field_after(before.name, before.tenancy)
    if former != after.tenancy:
        yield f"belongs to {after.tenancy or 'nobody in particular'} instead of {former or 'nobody'}", "limit"
    if before.audit is not None and after.audit is None:
        yield "writes are not recorded any more", "breaking"
    elif after.audit is not None and (before.audit is None or before.audit.verbs != after.audit.verbs):
        yield f"recorded: {', '.join(after.audit.verbs)}", "safe"
    if before.after is None and after.after is None:
        return
    old, new = before.after or before.access.get("update"), after.after or after.access.get("update")
    found = rule_effect(old, new, renames, before.name)
    if found != "same":
        words = f"after an update `{old.source if old else 'none'}` becomes `{new.source if new else 'none'}`"
        yield words, "safe" if found == "narrows" else "widens_access"


def _key(before: Entity, after: Entity, renames: Renames) -> Iterator[Aspect]:
    if not changes_key(before, after, renames):
        return
    former, later = ", ".join(before.keys), ", ".join(after.keys)
    other = (
        f"rows are found by `{later}` instead of `{former}`"
        if former != later
        else f"rows get another `{later}`"
    )
    yield f"{other}, and what refers to them follows", "breaking"
    yield "nobody can read or write them, or what refers to them, meanwhile", "breaking"
    if before.audit is not None:
        yield f"what was recorded names rows by `{former}`", "breaking"


def _states(before: Entity, after: Entity, renames: Renames) -> Iterator[Aspect]:
    old, new = before.states, after.states
    if old is None or new is None:
        if new is not None:
            yield f"`{new.field}` changes only through its moves: {_moves(new)}", "breaking"
        elif old is not None:
            yield f"`{old.field}` changes like any field", "widens_access"
        return
    if old.initial != new.initial:
        yield f"begins as {new.initial} instead of {old.initial}", "breaking"
    former, later = {move.name: move for move in old.moves}, {move.name: move for move in new.moves}
    yield from ((f"move {name} is gone", "breaking") for name in former if name not in later)
    yield from ((f"move {name} is new", "widens_access") for name in later if name not in former)
    for name in former.keys() & later.keys():
        yield from _move(former[name], later[name], before.name, renames)


def _moves(states: States) -> str:
    return ", ".join(move.name for move in states.moves) or "none"


def _move(before: Move, after: Move, entity: str, renames: Renames) -> Iterator[Aspect]:
    if (before.sources, before.target) != (after.sources, after.target):
        yield f"move {after.name} leads from {', '.join(after.sources)} to {after.target}", "breaking"
    found = rule_effect(before.may, after.may, renames, entity)
    if found != "same":
        words = f"move {after.name}: may `{before.may.source}` becomes `{after.may.source}`"
        yield words, "safe" if found == "narrows" else "widens_access"
    found = condition_effect(before.when, after.when, renames, entity)
    if found != "same":
        said = after.when.source if after.when else "always"
        yield f"move {after.name}: when `{said}`", "breaking" if found == "narrows" else "widens_access"
    if meant(before.values, renames, entity) != meant(after.values):
        yield f"move {after.name} sets other values", "safe"
