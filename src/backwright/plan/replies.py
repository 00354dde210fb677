"""What clients notice of success: views and answers, compared by what they mean, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backwright.model.types import (
    Cookie,
    Header,
    Model,
    Operation,
    ShapeMember,
    Show,
    ShowRow,
    ShowShape,
    View,
)
from backwright.plan.access import alike
from backwright.plan.answers import differences, written_out
from backwright.plan.changes import ChangeView
from backwright.plan.entities import Aspect, of_all
from backwright.plan.meaning import Renames, carried_over, meant, plain, worded

Names = dict[str, str]


def view_change(before: View, after: View, renames: Renames, *, noticed: bool) -> ChangeView | None:
    """The change of what a view shows, or None. `noticed`: an operation answers with it that did so before."""
    found = [*_fields(before, after, renames), *_members(before, after, renames)]
    if before.arguments != after.arguments:
        found.append((f"is shown with {', '.join(after.arguments) or 'nothing beside the row'}", "safe"))
    if not found:
        return None
    words = tuple(word for word, _ in found)
    hazards = of_all(found)
    unseen = "breaking" in hazards and not noticed
    aside = " (no operation that was there answers with it)" if unseen else ""
    return ChangeView(
        before=before,
        after=after,
        aspects=words,
        hazards=tuple(each for each in hazards if noticed or each != "breaking"),
        place=after.place,
        reason=f"answers with {after.name}: {'; '.join(words)}{aside}",
    )


def _shown(view: View) -> set[str]:
    return {field.wire for field in view.fields} | {member.wire for member in view.shape}


def _fields(before: View, after: View, renames: Renames) -> Iterator[Aspect]:
    yield from (
        (f"`{wire}` is no longer shown", "breaking") for wire in _order(before) if wire not in _shown(after)
    )
    yield from ((f"`{wire}` is shown", "safe") for wire in _order(after) if wire not in _shown(before))
    former = {item["wire"]: item for item in carried_over(before, renames)["fields"]}
    later = {item["wire"]: item for item in plain(after)["fields"]}
    for wire, item in later.items():
        if wire in former and former[wire] != item:
            yield f"`{wire}` shows another field", "breaking"


def _order(view: View) -> list[str]:
    return [*(field.wire for field in view.fields), *(member.wire for member in view.shape)]


def _members(before: View, after: View, renames: Renames) -> Iterator[Aspect]:
    """What the view makes of the row. A stored field that becomes a shape, or the other way round, is another value."""
    former = {member.wire: member for member in before.shape}
    fields = {field.wire for field in before.fields}, {field.wire for field in after.fields}
    for member in after.shape:
        if member.wire in former:
            yield from _member(former[member.wire], member, before.entity, renames)
        elif member.wire in fields[0]:
            yield f"`{member.wire}` shows something else", "breaking"
    yield from ((f"`{wire}` shows a stored field", "breaking") for wire in former if wire in fields[1])


def _member(before: ShapeMember, after: ShapeMember, entity: str, renames: Renames) -> Iterator[Aspect]:
    if alike(meant(before.shape, renames, entity), meant(after.shape)):
        return
    if worded(before.shape, renames, entity) == worded(after.shape):
        yield f"`{after.wire}` follows something that has changed", "safe"
    else:
        yield f"`{after.wire}` shows something else", "breaking"


def replies(
    before: Operation,
    after: Operation,
    models: tuple[Model, Model],
    names: tuple[Names, Names],
    renames: Renames,
) -> Iterator[Aspect]:
    """What an operation answers. `names` number the bindings of both, whose names do not matter."""
    old, new = before.respond, after.respond
    former, later = names
    if old.status != new.status:
        yield f"answers {new.status} instead of {old.status}", "breaking"
    if _said(old.choose, former, renames) != _said(new.choose, later):
        yield f"chooses its status: {new.choose.source if new.choose else new.status}", "breaking"
    if not same_show(before, after, names, renames):
        yield from _shows(old.show, new.show, models, names, renames)
    if old.envelope != new.envelope:
        yield "answers with the envelope" if new.envelope else "answers without the envelope", "breaking"
    if old.wrap != new.wrap:
        yield f"the answer is under `{new.wrap}`" if new.wrap else "the answer is bare", "breaking"
    yield from _named("header", old.headers, new.headers, former, later, renames)
    yield from _named("cookie", old.cookies, new.cookies, former, later, renames)


def same_show(before: Operation, after: Operation, names: tuple[Names, Names], renames: Renames) -> bool:
    """Whether both answer under the same views, whatever these show."""
    return bool(_said(before.respond.show, names[0], renames) == _said(after.respond.show, names[1]))


def _shows(
    before: Show, after: Show, models: tuple[Model, Model], names: tuple[Names, Names], renames: Renames
) -> Iterator[Aspect]:
    """What is answered under other views than before, or otherwise."""
    old = _numbered(carried_over(written_out(before, models[0]), renames), names[0])
    new = _numbered(written_out(after, models[1]), names[1])
    found = list(differences(old, new))
    yield from found or [("answers the same, written otherwise", "safe")]
    match before, after:
        case (ShowRow(location=str()), ShowRow(location=None) | ShowShape()):
            yield "no `Location` any more", "breaking"


def _named(
    what: str,
    before: Sequence[Header | Cookie],
    after: Sequence[Header | Cookie],
    former: Names,
    later: Names,
    renames: Renames,
) -> Iterator[Aspect]:
    old, new = {each.name: each for each in before}, {each.name: each for each in after}
    yield from ((f"{what} {name} is gone", "breaking") for name in old if name not in new)
    for name, each in new.items():
        if name not in old:
            yield f"{what} {name} is new", "safe"
        elif _said(old[name], former, renames) != _said(each, later):
            yield f"{what} {name} has another value", "breaking"


def _said(value: Any, names: Names, renames: Renames | None = None) -> Any:
    """What is answered, with bindings by number, and without the names that only the operation itself knows."""
    return _numbered(meant(value, renames) if renames else meant(value), names)


def _numbered(value: Any, names: Names) -> Any:
    if isinstance(value, list):
        return [_numbered(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: names.get(item, item)
        if key in {"bind", "binding", "row", "token"} and isinstance(item, str)
        else _numbered(item, names)
        for key, item in value.items()
    }
