"""Tests of lists: who sees which rows, filters, orders, and pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

from backwright.emit.names import snake
from backwright.emit.testing.alternatives import alternatives
from backwright.emit.testing.cases import Case, Test, signature
from backwright.emit.testing.frames import Frame, Spot, frame_at, value
from backwright.emit.testing.full import full_page, listed
from backwright.emit.testing.reach import both, sent
from backwright.emit.testing.satisfy import satisfied
from backwright.emit.testing.trial import Scene, Stage, Trial, tried
from backwright.emit.testing.values import PEOPLE, Unfit, fitting
from backwright.expr.typed import BOOLEAN, Expression, Member, Not
from backwright.expr.walk import nodes
from backwright.model.types import (
    DeleteAll,
    Entity,
    Filter,
    Group,
    OrderTerm,
    Paging,
    ReferenceType,
    ScalarType,
    Select,
    UpdateAll,
)

WAYS = 4


def list_tests(trial: Trial) -> Iterator[Test]:
    """The tests of one operation's lists."""
    for at, step in enumerate(trial.scene.operation.steps):
        if isinstance(step, Select | Group | UpdateAll | DeleteAll) and step.when is None:
            yield from _hidden(trial, step, at)
        if isinstance(step, Select | Group) and step.when is None:
            for each in step.filters:
                yield from _filtered(trial, step, each, at)
        if isinstance(step, Select) and step.when is None:
            yield from _ordered(trial, step, at)
            yield from _in_other_orders(trial, step, at)
            longer = _three(trial, step, at, differing=False)
            yield from () if longer is None else full_page(longer, step)


def _all(step: Select | Group | UpdateAll | DeleteAll) -> Expression:
    where = () if step.where is None else (step.where.meaning,)
    readable = () if step.readable is None else (step.readable.condition,)
    return both(*where, *readable)


def _another(trial: Trial, entity: str) -> tuple[Scene, int] | None:
    """The scene with one more row of the entity."""
    made = trial.scene.copy()
    try:
        return made, made.world.add(entity)
    except Unfit:
        return None


def _hidden(trial: Trial, step: Select | Group | UpdateAll | DeleteAll, position: int) -> Iterator[Test]:
    """A second row that does not match, or may not be read: the answer stays as it was."""
    added = _another(trial, step.entity)
    if added is None:
        return
    scene, at = added
    frame = frame_at(trial, scene, position).about(Spot(at))
    where = None if step.where is None else step.where.meaning
    readable = None if step.readable is None else step.readable.condition
    for name, condition, others, source in (
        ("leaves_out_what_may_not_be_read", readable, where, step.readable.source if step.readable else ""),
        ("leaves_out_what_does_not_match", where, readable, step.where.source if step.where else ""),
    ):
        if condition is None:
            continue
        hidden: Expression = Not(type=BOOLEAN, of=condition)
        wanted = both(hidden, others) if others is not None else hidden
        for made in islice(satisfied(wanted, True, scene, frame), WAYS):
            asked = tried(made)
            if asked.succeeded:
                yield Case(name, [asked], f"Needs {source}", is_brief=True)
    if readable is not None:
        for wanted in alternatives(readable):
            for made in islice(satisfied(wanted, True, scene, frame), 1):
                asked = tried(made)
                if asked.succeeded and signature(asked) != signature(trial):
                    yield Case(
                        "shows_what_may_be_read",
                        [asked],
                        f"Because of {step.readable.source if step.readable else ''}",
                    )
    if isinstance(step, UpdateAll | DeleteAll) and step.allowed is not None:
        matching = next(satisfied(_all(step), True, scene, frame), None)
        if matching is None:
            return
        for made in islice(satisfied(step.allowed.condition, False, matching, frame), WAYS):
            asked = tried(made)
            if asked.failure is not None and asked.step == position:
                yield Case("of_one_forbidden_row_changes_nothing", [asked], f"Needs {step.allowed.source}")
                return


def _filtered(trial: Trial, step: Select | Group, condition: Filter, position: int) -> Iterator[Test]:
    """One row that the filter lets through, and one that it does not."""
    added = _another(trial, step.entity)
    if added is None:
        return
    scene, second = added
    places = [at for at in scene.world.of(step.entity) if at != second]
    frame = frame_at(trial, scene, position)
    shown = next(satisfied(_all(step), True, scene, frame.about(Spot(second))), None)
    if shown is None or not places:
        return
    first, other, meaning = (
        frame.about(Spot(places[-1])),
        frame.about(Spot(second)),
        condition.condition.meaning,
    )
    one_by_one = chain(
        _both_ways(meaning, True, first, other, shown), _both_ways(meaning, False, other, first, shown)
    )
    for made in one_by_one:
        if value(meaning, made, first) is not True or value(meaning, made, other) is True:
            continue
        asked = tried(made)
        unfiltered = made.copy()
        for name in set(made.params) - set(trial.scene.params):
            del unfiltered.params[name]
        if asked.succeeded and signature(asked) != signature(tried(unfiltered)):
            yield Case(
                f"filtered_by_{snake(condition.name)}", [asked], condition.condition.source, is_brief=True
            )
            return


def _both_ways(meaning: Expression, want: bool, first: Frame, second: Frame, scene: Scene) -> Iterator[Scene]:
    """A condition as wanted of the first row, and then the other way round of the second."""
    for made in islice(satisfied(meaning, want, scene, first), WAYS):
        for turned in islice(satisfied(meaning, not want, made, second), 3 * WAYS):
            yield turned
            # The second may only have changed by what was sent: then the first has to follow.
            yield from islice(satisfied(meaning, want, turned, first), WAYS)


# Orders and pages ---------------------------------------------------------------------------------------


def _in_other_orders(trial: Trial, step: Select, position: int) -> Iterator[Test]:
    """What is left out, in each order that has to be asked for: it is a query of its own."""
    for sort in step.sorts:
        if sort.order == step.order:
            continue
        made = trial.scene.copy()
        made.query.append(("sort", sort.name))
        turned = tried(made)
        if not turned.succeeded:
            continue
        seen: set[str] = set()
        filtered = (test for each in step.filters for test in _filtered(turned, step, each, position))
        for test in chain(_hidden(turned, step, position), filtered):
            if test.name not in seen and not test.name.startswith("shows_"):
                seen.add(test.name)
                test.name += f"_in_order_of_{snake(sort.name)}"
                yield test


def _ordered(trial: Trial, step: Select, position: int) -> Iterator[Test]:
    scene = _three(trial, step, position)
    if scene is None:
        return
    alike = _three(trial, step, position, differing=False)
    if alike is not None and (asked := tried(alike)).succeeded:
        yield Case("in_order_of_the_key_where_all_else_is_equal", [asked], is_brief=True)
    paging = step.paging
    orders: list[tuple[str, str | None]] = [("in_order", None)]
    orders += [(f"in_order_of_{snake(sort.name)}", sort.name) for sort in step.sorts]
    for name, sort in orders:
        made = scene.copy()
        if sort is not None:
            made.query.append(("sort", sort))
        asked = tried(made)
        if asked.succeeded:
            yield Case(name, [asked], "The key ends every order", is_brief=True)
    if paging.style == "none" or paging.max < 2:
        return
    pages = _two_pages(scene, paging)
    if pages is None:
        return
    yield Case("continues_on_the_next_page", pages, is_brief=True)
    for other in step.sorts:
        turned = None if other.order == step.order else _two_pages(scene, paging, other.name)
        if turned is not None:  # a query of its own
            name = f"continues_on_the_next_page_in_order_of_{snake(other.name)}"
            yield Case(name, turned, is_brief=True)
    yield from _just_one_page(scene, paging)
    first, second = (page.scene for page in pages)
    elsewhere = _elsewhere(second, step) if paging.style == "keyset" else None
    if elsewhere is None:
        return
    stage = Stage(first.world)
    asked, refused = stage.send(first), stage.send(elsewhere)
    if refused.failure is not None and refused.failure.fields:
        yield Case("refuses_the_cursor_of_another_list", [asked, refused], is_brief=True)


def _two_pages(scene: Scene, paging: Paging, sort: str | None = None) -> list[Trial] | None:
    """Asks for two rows, and then for what follows. None where there is no such thing."""
    limited = scene.copy()
    if sort is not None:
        limited.query.append(("sort", sort))
    limited.query.append((paging.limit_name, "2"))
    stage = Stage(limited.world)
    first = stage.send(limited)
    if not first.succeeded:
        return None
    second = limited.copy()
    if paging.style == "offset":
        second.query.append((paging.offset_name, "2"))  # two rows are left out: those of the first page
    else:
        cursor = next((text for text in _texts(first.response.body) if text.startswith("cursor-")), None)
        if cursor is None:
            return None
        second.query.append((paging.after_name, cursor))
    return [first, stage.send(second)]


def _just_one_page(scene: Scene, paging: Paging) -> Iterator[Test]:
    """A page that holds exactly what there is: no other comes after it."""
    shown = listed(tried(scene).response.body)
    if paging.style != "keyset" or shown is None or not 0 < shown <= paging.max:
        return
    made = scene.copy()
    made.query.append((paging.limit_name, str(shown)))
    asked = tried(made)
    if asked.succeeded:
        yield Case("ends_where_a_page_is_just_full", [asked], is_brief=True)


def _elsewhere(scene: Scene, step: Select) -> Scene | None:
    """The same page of another list: in another order, or filtered otherwise."""
    made = scene.copy()
    if step.sorts:
        made.query.append(("sort", step.sorts[-1].name))
        return made
    for field in scene.operation.query:
        if field.name in {each.name for each in step.filters} and field.name not in made.params:
            try:
                made.params[field.name] = sent(field, field.type, made.world, 0)
            except Unfit:
                continue
            return made
    return None


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
        case _:
            return


def _three(trial: Trial, step: Select, position: int, *, differing: bool = True) -> Scene | None:
    """The scene with three rows that are shown. They differ in what they can be ordered by, or do not have to."""
    entity = trial.scene.world.setting.model.entity(step.entity)
    made = trial.scene
    for number in (2, 1):
        frame = frame_at(trial, made, position)
        shown = sum(1 for at in made.world.of(entity.name) if _matches(step, made, frame, at))
        if shown >= 3:
            break
        added = made.copy()
        try:
            at = added.world.add(entity.name)
        except Unfit:
            break
        if differing:
            _vary(added, at, number, entity, step)
        found = next(satisfied(_all(step), True, added, frame.about(Spot(at))), None)
        if found is None:
            break
        made = found
    return made if len(made.world.rows) > len(trial.scene.world.rows) else None


def _matches(step: Select, scene: Scene, frame: Frame, at: int) -> bool:
    return next(satisfied(_all(step), True, scene, frame.about(Spot(at))), None) is scene


def _vary(scene: Scene, at: int, number: int, entity: Entity, step: Select) -> None:
    """Gives a row other values in the fields that the orders look at."""
    row = scene.world.rows[at]
    for name in _ordering(entity, step):
        field = entity.field(name)
        if not isinstance(field.type, ScalarType) or field.generated is not None or name in entity.keys:
            continue
        person = (
            PEOPLE[number] if field.name == "name" and entity.name == scene.world.setting.identity else None
        )
        before = row.values[name]
        try:
            choices = [fitting(field, field.type, number, person)]
        except Unfit:
            continue
        if isinstance(before, datetime):
            choices += [before + timedelta(minutes=number), before - timedelta(minutes=number)]
        for choice in choices:
            row.values[name] = choice
            if scene.world.is_sound():
                break
        else:
            row.values[name] = before


def _ordering(entity: Entity, step: Select) -> list[str]:
    terms: list[OrderTerm] = [*step.order, *(term for sort in step.sorts for term in sort.order)]
    names: list[str] = []
    for term in terms:
        if term.value is None:
            names.append(term.field)
            continue
        names += [
            node.field
            for node in nodes(term.value.meaning)
            if isinstance(node, Member) and node.entity == entity.name
        ]
    known = {field.name for field in entity.fields if not isinstance(field.type, ReferenceType)}
    return [name for name in dict.fromkeys(names) if name in known]
