"""What clients notice of a changed operation or view, in words, and whether it breaks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backwright.model.types import (
    Body,
    Call,
    Group,
    InputField,
    Model,
    Operation,
    PathParameter,
    Require,
    Select,
    SignIn,
    SignOut,
    Step,
    VerifyPassword,
)
from backwright.plan.access import rule_effect
from backwright.plan.changes import ChangeOperation
from backwright.plan.entities import Aspect, of_all
from backwright.plan.fields import described, fit, same_value
from backwright.plan.meaning import Renames, carried_over, plain
from backwright.plan.policies import policies
from backwright.plan.replies import replies, same_show
from backwright.plan.searches import Search, instead
from backwright.plan.steps import effects, numbered


def operation_change(
    before: Operation,
    after: Operation,
    models: tuple[Model, Model],
    renames: Renames,
    searches: Sequence[Search] = (),
) -> ChangeOperation | None:
    """The change of one operation, or None when clients and rows notice nothing.

    `models` are the earlier and the later one. `searches` are filters and orders that are new in it and that no
    index serves.
    """
    found = [*_route(before, after), *_inputs(before, after, renames)]
    found += _answers(before, after, models, renames)
    found += [*policies(before, after, renames), *_effects(before, after, renames)]
    found += [(search.words, "needs_index") for search in searches]
    if not found:
        return None
    words = tuple(word for word, _ in found)
    reason = f"{after.method} {after.path}: {'; '.join(words)}"
    return ChangeOperation(
        before=before, after=after, aspects=words, hazards=of_all(found), place=after.place, reason=reason,
        instead=instead(searches),
    )  # fmt: skip


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
    for what, in_header in (("query parameter", False), ("header", True)):
        sides = [[each for each in side.query if each.header is in_header] for side in (before, after)]
        yield from _members(sides[0], sides[1], what, renames)
    match before.body, after.body:
        case None, None:
            return
        case None, _:
            yield "takes a body now", "breaking"
        case _, None:
            yield "takes no body any more", "breaking"
        case Body() as old, Body() as new:
            if old.partial != new.partial:
                yield "absent members mean something else", "breaking"
            if old.media != new.media:
                yield f"takes {new.media} instead of {old.media}", "breaking"
            if old.wrap != new.wrap:
                yield f"the body is {_under(new.wrap)} instead of {_under(old.wrap)}", "breaking"
            if old.bare != new.bare:
                words = "an object instead of a list" if new.bare is None else "a list instead of an object"
                yield f"the body is {words}", "breaking"
            yield from _members(old.fields, new.fields, "member", renames)


def _under(wrap: str | None) -> str:
    return "bare" if wrap is None else f"under `{wrap}`"


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
        case "different" | "converted":  # stored values are converted; what clients send is not
            yield f"{what} is {described(after.type)} instead of {described(before.type)}", "breaking"
        case "same":
            if carried_over(before.type, renames) != plain(after.type):
                yield f"{what} is {described(after.type)} instead of {described(before.type)}", "safe"
    if before.nullable != after.nullable:
        yield (f"{what} may be null", "safe") if after.nullable else (f"{what} must not be null", "breaking")
    if before.required != after.required:
        yield (f"{what} is required", "breaking") if after.required else (f"{what} is optional", "safe")
    if not same_value(before.default, after.default, renames):
        yield f"{what} has another default", "safe"
    if before.matches != after.matches:
        if after.matches is None:
            yield f"{what} need not match a pattern any more", "safe"
        else:
            yield f"{what} has to match {after.matches}", "breaking"
    if before.folded != after.folded:
        yield f"{what} is put into lower case" if after.folded else f"{what} keeps its case", "safe"
    found = rule_effect(before.write, after.write, renames, "")
    if found != "same":
        said = after.write.source if after.write else "everybody"
        yield f"{what} may be sent by: {said}", "breaking" if found == "narrows" else "widens_access"


def keeps_views(before: Operation, after: Operation, renames: Renames) -> bool:
    """Whether an operation answers under the views of before, so that it follows what they become."""
    return same_show(before, after, (numbered(before.steps), numbered(after.steps)), renames)


def _answers(
    before: Operation, after: Operation, models: tuple[Model, Model], renames: Renames
) -> Iterator[Aspect]:
    names = numbered(before.steps), numbered(after.steps)
    yield from replies(before, after, models, names, renames)
    for code in after.errors:
        if code not in before.errors:
            yield f"may fail with {code}", "safe"
    for code in before.errors:
        if code not in after.errors:
            yield f"never fails with {code} any more", "safe"


def _effects(before: Operation, after: Operation, renames: Renames) -> Iterator[Aspect]:
    """Steps, apart from access rules (which are changes of their own) and from the bindings' names."""
    yield from _pages(before.steps, after.steps)
    trusted = {_trusted(step) for step in before.steps}
    for step in after.steps:
        reason = _trusted(step)
        if reason is not None and reason not in trusted:
            yield f"reaches past the access rules: {reason}", "widens_access"
    yield from effects(before, after, renames)


def _trusted(step: Step) -> str | None:
    match step:
        case Require() | VerifyPassword() | SignIn() | SignOut() | Call():
            return None
        case _:
            return step.trusted


def _pages(before: Sequence[Step], after: Sequence[Step]) -> Iterator[Aspect]:
    """The first list of the operation: how much of it, in which style, and in which orders."""
    old, new = (next((s for s in steps if isinstance(s, Select)), None) for steps in (before, after))
    if old is not None and new is not None:
        former, later = old.paging, new.paging
        if later.max < former.max:
            yield f"pages have at most {later.max} rows", "breaking"
        elif (former.default, former.max) != (later.default, later.max):
            yield f"pages have {later.default} rows, at most {later.max}", "safe"
        styles = [f"{p.style} by number" if p.numbered else p.style for p in (former, later)]
        if styles[0] != styles[1]:
            yield f"pages by {styles[1]} instead of {styles[0]}", "breaking"
        elif former.parameters != later.parameters:
            yield "the parameters of pages have other names", "breaking"
        sorts = [sort.name for sort in new.sorts]
        yield from ((f"sort {s.name} is gone", "breaking") for s in old.sorts if s.name not in sorts)
    most = [next((s.max for s in steps if isinstance(s, Group)), None) for steps in (before, after)]
    if most[0] is not None and most[1] is not None and most[1] < most[0]:
        yield f"at most {most[1]} groups", "breaking"
