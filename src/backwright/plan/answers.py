"""What an operation answers, with its views written out: under whichever names, the same answer is equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backwright.model.types import Model, Show, ShowPage, ShowRow, ShowSession, ShowShape, Viewed
from backwright.plan.entities import Aspect
from backwright.plan.meaning import meant, plain, worded


def written_out(show: Show, model: Model) -> Any:
    """An answer as plain values, in which objects have their members instead of the names of their views."""
    match show:
        case ShowRow(bind=bind, view=view):
            return {"type": "row", "bind": bind, "shown": _view(view, model, ())}
        case ShowShape(shape=Viewed(row=row, view=view, arguments=())) if _binding(plain(row)):
            return {"type": "row", "bind": _binding(plain(row)), "shown": _view(view, model, ())}
        case ShowPage(bind=bind, view=view):
            return {"type": "page", "bind": bind, "shown": _view(view, model, ())}
        case ShowSession(row=row, view=view, token=token):
            return {"type": "session", "row": row, "token": token, "shown": _view(view, model, ())}
        case ShowShape(shape=shape):
            return {"type": "shape", "shown": _shape(plain(shape), model, ())}
        case _:
            return plain(show)


def views_of(show: Show, model: Model) -> set[str]:
    """The names of all views in an answer, those inside others included."""
    return set(_views(plain(show), model, set()))


def differences(before: Any, after: Any, where: str = "") -> Iterator[Aspect]:
    """What clients notice when an answer that was written out becomes another one."""
    if meant(before) == meant(after):
        return
    inner = _inside(before, after)
    if inner is not None:
        yield from differences(before[inner], after[inner], where)
        return
    match before, after:
        case {"members": dict(former), **others}, {"members": dict(later), **now} if meant(others) == meant(
            now
        ):
            yield from (
                (f"`{where}{wire}` is no longer shown", "breaking") for wire in former if wire not in later
            )
            yield from ((f"`{where}{wire}` is shown", "safe") for wire in later if wire not in former)
            for wire in former:
                if wire in later:
                    yield from differences(former[wire], later[wire], f"{where}{wire}.")
        case _ if worded(before) == worded(after):
            yield f"{_at(where)} follows something that has changed", "safe"
        case _:
            yield f"{_at(where)} shows something else", "breaking"


def _at(where: str) -> str:
    return f"`{where.removesuffix('.')}`" if where else "the answer"


def _inside(before: Any, after: Any) -> str | None:
    """The member of two lists, pages or rows that holds what each item shows, where nothing else differs."""
    for name in ("shown", "shape"):
        match before, after:
            case {"type": str(), **old}, {"type": str(), **new} if name in old and name in new:
                others = [
                    {key: each for key, each in side.items() if key != name} for side in (before, after)
                ]
                if meant(others[0]) == meant(others[1]):
                    return name
            case _:
                pass
    return None


def _binding(row: Any) -> str | None:
    """The binding that an expression is, if it is no more than that."""
    match row:
        case {"meaning": {"node": "Name", "root": "binding", "binding": str(name)}}:
            return name
        case _:
            return None


def _view(name: str, model: Model, opened: tuple[str, ...]) -> Any:
    if name in opened:  # it shows itself: as far up as it is
        return {"again": opened[::-1].index(name)}
    view = model.view(name)
    members: dict[str, Any] = {
        each.wire: {"entity": view.entity, "field": each.field} for each in view.fields
    }
    inside = (*opened, name)
    members |= {each.wire: _shape(plain(each.shape), model, inside) for each in view.shape}
    return {"entity": view.entity, "given": list(view.arguments), "members": members}


def _shape(shape: Any, model: Model, opened: tuple[str, ...]) -> Any:
    match shape:
        case {"type": "viewed", "view": str(view), **others}:
            return {"type": "viewed", **others, "shown": _view(view, model, opened)}
        case {"type": "members", "members": list(members)}:
            return {"members": {each["wire"]: _shape(each["shape"], model, opened) for each in members}}
        case {"type": "value", "value": {"meaning": {"node": "Member", "of": {"root": "this"}, **member}}}:
            return {"entity": member["entity"], "field": member["field"]}
        case dict():
            return {name: _shape(each, model, opened) for name, each in shape.items()}
        case list():
            return [_shape(each, model, opened) for each in shape]
        case _:
            return shape


def _views(value: Any, model: Model, found: set[str]) -> set[str]:
    match value:
        case {"view": str(name), **others}:
            if name not in found:
                found.add(name)
                _views(plain(model.view(name).shape), model, found)
            _views(others, model, found)
        case dict():
            for each in value.values():
                _views(each, model, found)
        case list() | tuple():
            for each in value:
                _views(each, model, found)
        case _:
            pass
    return found
