"""What clients notice of a changed operation or view, in words, and whether it breaks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backwright.model.types import (
    InputField,
    Operation,
    PathParameter,
    Require,
    Select,
    SignIn,
    SignOut,
    Step,
    VerifyPassword,
    View,
)
from backwright.plan.changes import ChangeOperation, ChangeView, Hazard
from backwright.plan.fields import described, fit
from backwright.plan.meaning import Renames, carried_over, plain

Aspect = tuple[str, Hazard]
_RANK: tuple[Hazard, ...] = ("safe", "breaking", "widens_access")


def operation_change(before: Operation, after: Operation, renames: Renames) -> ChangeOperation | None:
    """The change of one operation, or None when clients and rows notice nothing."""
    found = [*_route(before, after), *_inputs(before, after, renames), *_answers(before, after, renames)]
    found += _effects(before, after, renames)
    if not found:
        return None
    words = tuple(word for word, _ in found)
    hazard = max((hazard for _, hazard in found), key=_RANK.index)
    reason = f"{after.method} {after.path}: {'; '.join(words)}"
    return ChangeOperation(
        before=before, after=after, aspects=words, hazard=hazard, place=after.place, reason=reason
    )


def view_change(before: View, after: View, renames: Renames) -> ChangeView | None:
    """The change of what a view shows, or None."""
    former = {item["wire"]: item for item in carried_over(before, renames)["fields"]}
    later = {item["wire"]: item for item in plain(after)["fields"]}
    gone = [wire for wire in former if wire not in later]
    new = [wire for wire in later if wire not in former]
    other = [wire for wire in later if wire in former and later[wire] != former[wire]]
    words = (
        *(f"`{wire}` is no longer shown" for wire in gone),
        *(f"`{wire}` is shown" for wire in new),
        *(f"`{wire}` shows another field" for wire in other),
    )
    if not words:
        return None
    return ChangeView(
        before=before,
        after=after,
        aspects=words,
        hazard="breaking" if gone or other else "safe",
        reason=f"answers with {after.name}: {'; '.join(words)}",
    )


def _route(before: Operation, after: Operation) -> Iterator[Aspect]:
    if before.name != after.name:
        yield f"called {before.name} so far (the route is the same)", "safe"
    if (before.method, before.path) != (after.method, after.path):
        yield f"was {before.method} {before.path}", "breaking"
    if before.caller != after.caller:
        words = f"credentials: {before.caller} becomes {after.caller}"
        if after.caller == "required":
            yield words, "breaking"
        else:
            yield words, "widens_access" if before.caller == "required" else "safe"
    old, new = _typed(before.path_parameters), _typed(after.path_parameters)
    if old != new and before.path == after.path:
        yield "path parameters have other types", "breaking"


def _typed(parameters: Sequence[PathParameter]) -> list[Any]:
    return [plain(parameter) for parameter in parameters]


def _inputs(before: Operation, after: Operation, renames: Renames) -> Iterator[Aspect]:
    yield from _members(before.query, after.query, "query parameter", renames)
    match before.body, after.body:
        case None, None:
            return
        case None, _:
            yield "takes a body now", "breaking"
        case _, None:
            yield "takes no body any more", "breaking"
        case old, new:
            if old.partial != new.partial:
                yield "absent members mean something else", "breaking"
            yield from _members(old.fields, new.fields, "member", renames)


def _members(
    before: Sequence[InputField], after: Sequence[InputField], what: str, renames: Renames
) -> Iterator[Aspect]:
    former, later = {item.wire: item for item in before}, {item.wire: item for item in after}
    for wire in former:
        if wire not in later:
            yield f"{what} `{wire}` is gone", "breaking"
    for wire, item in later.items():
        if wire in former:
            yield from _member(former[wire], item, f"{what} `{wire}`", renames)
        elif item.required:
            yield f"{what} `{wire}` is new and required", "breaking"
        else:
            yield f"{what} `{wire}` is new and optional", "safe"


def _member(before: InputField, after: InputField, what: str, renames: Renames) -> Iterator[Aspect]:
    match fit(before.type, after.type, renames):
        case "wider":
            yield f"{what} accepts more: {described(after.type)}", "safe"
        case "narrower":
            yield f"{what} accepts less: {described(after.type)}", "breaking"
        case "different":
            yield f"{what} is {described(after.type)} instead of {described(before.type)}", "breaking"
        case "same":
            if plain(before.type) != plain(after.type):
                yield f"{what} is {described(after.type)} instead of {described(before.type)}", "safe"
    if before.nullable != after.nullable:
        yield (f"{what} may be null", "safe") if after.nullable else (f"{what} must not be null", "breaking")
    if before.required != after.required:
        yield (f"{what} is required", "breaking") if after.required else (f"{what} is optional", "safe")
    if carried_over(before.default and before.default.meaning, renames) != plain(
        after.default and after.default.meaning
    ):
        yield f"{what} has another default", "safe"


def _answers(before: Operation, after: Operation, renames: Renames) -> Iterator[Aspect]:
    if before.respond.status != after.respond.status:
        yield f"answers {after.respond.status} instead of {before.respond.status}", "breaking"
    if _shown(carried_over(before.respond.show, renames)) != _shown(plain(after.respond.show)):
        yield "answers something else", "breaking"
    for code in after.errors:
        if code not in before.errors:
            yield f"may fail with {code}", "safe"
    for code in before.errors:
        if code not in after.errors:
            yield f"never fails with {code} any more", "safe"


def _shown(show: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in show.items() if key not in {"bind", "row", "token"}}


def _effects(before: Operation, after: Operation, renames: Renames) -> Iterator[Aspect]:
    """Steps, apart from access rules (which are changes of their own) and from the bindings' names."""
    old_paging, new_paging = _paging(before.steps), _paging(after.steps)
    if old_paging and new_paging and new_paging[1] < old_paging[1]:
        yield f"pages have at most {new_paging[1]} rows", "breaking"
    elif old_paging != new_paging and old_paging and new_paging:
        yield f"pages have {new_paging[0]} rows, at most {new_paging[1]}", "safe"
    trusted = {_trusted(step) for step in before.steps}
    for step in after.steps:
        reason = _trusted(step)
        if reason is not None and reason not in trusted:
            yield f"reaches past the access rules: {reason}", "widens_access"
    if _essence(before.steps, renames) != _essence(after.steps, None):
        yield "does something else", "safe"


def _trusted(step: Step) -> str | None:
    match step:
        case Require() | VerifyPassword() | SignIn() | SignOut():
            return None
        case _:
            return step.trusted


def _paging(steps: Sequence[Step]) -> tuple[int, int] | None:
    found = (step.paging for step in steps if isinstance(step, Select))
    paging = next(found, None)
    return (paging.default, paging.max) if paging else None


_SAID_ELSEWHERE = frozenset({"allowed", "readable", "trusted", "paging", "source", "lock", "changes", "type"})


def _essence(steps: Sequence[Step], renames: Renames | None) -> Any:
    names: dict[str, str] = {}
    found = []
    for number, step in enumerate(steps):
        value = carried_over(step, renames) if renames else plain(step)
        bind = value.get("bind")
        if isinstance(bind, str):
            names.setdefault(bind, f"#{number}")
        found.append([type(step).__name__, _bare(value, names)])
    return found


def _bare(value: Any, names: dict[str, str]) -> Any:
    """Without what is said elsewhere, and with bindings by number."""
    if isinstance(value, list):
        return [_bare(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key, item in value.items():
        if key in _SAID_ELSEWHERE:
            continue
        bound = key in {"bind", "binding", "row"} and isinstance(item, str)
        result[key] = names.get(item, item) if bound else _bare(item, names)
    return result
