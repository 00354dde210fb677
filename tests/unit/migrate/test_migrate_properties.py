"""For any two models whose plan can be carried out: up gives the schema as built at once, down restores."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from migrate_parts import contract
from model_parts import constant
from msgspec.structs import replace
from plan_parts import (
    DELETED,
    KEY,
    SEQUENCE,
    VERSION,
    at_least,
    choice,
    entity,
    flag,
    index,
    many,
    model,
    nothing,
    number,
    reference,
    scalar,
    several,
    string,
)

from backwright.expr.typed import Type
from backwright.migrate import disposable, write
from backwright.migrate.prove import prove
from backwright.model.types import Entity, Field, ListType, ManyType, Model, ReferenceType, ScalarType
from backwright.plan import plan
from backwright.plan.two_steps import in_two_steps

LONGER = int(os.environ.get("BACKWRIGHT_LONGER", "1"))
"""So many times more pairs of models than in the suite."""

NAMES = ["alpha", "beta", "order"]
KEYS: dict[str, tuple[Field, ...]] = {
    "One": (KEY,),
    "Two": (SEQUENCE,),
    "User": (string("code", 1, 12),),
    "Pair": (reference("one", "One", "cascade"), reference("two", "Two", "cascade")),
}
"""The kinds of keys: a uuid, a sequence, one that clients give, and one of two references."""
MADE = {"One": SEQUENCE, "Two": KEY}
"""Keys that rows get instead, now and then."""


def fields(name: str, targets: list[str]) -> st.SearchStrategy[Field]:
    nullable = [string(name, None, 30, nullable=True), scalar(name, "date", nullable=True)]
    nullable += [scalar(name, "timestamp", nullable=True), string(name, 1, 9, nullable=True, unique=True)]
    nullable += [scalar(name, "json", nullable=True), scalar(name, "token", nullable=True, unique=True)]
    nullable += [replace(string(name, nullable=True), encrypted=True), decimals(name, nullable=True)]
    nullable += [several(name, "decimal", scale=1, nullable=True), several(name, "uuid", nullable=True)]
    nullable += [Field(name=name, column=name, type=ScalarType(scalar="bytes", max=9), nullable=True)]
    filled = [number(name, 0, 99, default=7), flag(name, True), choice(name, "x", "it's", default="it's")]
    filled += [decimals(name, default=constant("1.50", Type("decimal", scale=2))), many(name, targets[0])]
    filled += [several(name, "string", default=nothing("string")), several(name, "boolean", nullable=True)]
    filled += [scalar(name, "double", default=constant(0.5, Type("double")))]
    wider = [string(name, None, 60, nullable=True), number(name, None, None, default=-1)]
    wider += [several(name, "string", 200, default=nothing("string"))]
    refs = [reference(name, each, way, nullable=True) for each in targets for way in ("cascade", "set_null")]
    stricter = [string(name, 1, 9), number(name, 0, 50), number(name, 3, 9, default=7), string(name, None, 5)]
    stricter += [scalar(name, "date"), decimals(name), choice(name, "x"), reference(name, targets[0])]
    return st.sampled_from([*nullable, *filled, *wider, *stricter, *refs])


def decimals(name: str, **members: object) -> Field:
    return Field(name=name, column=name, type=ScalarType(scalar="decimal", scale=2, min=-5), **members)


@st.composite
def entities(draw: st.DrawFn, name: str, targets: list[str]) -> Entity:
    chosen = [draw(fields(each, targets)) for each in draw(st.lists(st.sampled_from(NAMES), unique=True))]
    if name == "Pair":
        chosen = [each for each in chosen if not isinstance(each.type, ManyType)]
    if len(chosen) > 1 and draw(st.booleans()):
        former = draw(st.sampled_from([each for each in [*NAMES, "gamma"] if each != chosen[0].name]))
        chosen[0] = replace(chosen[0], was=former)
    indexed = [each for each in chosen if not isinstance(each.type, ManyType) and not _unindexed(each)]
    unique = draw(st.booleans()) and not any(_few(each) for each in indexed)
    made = index(name.lower(), *indexed, unique=unique) if indexed and draw(st.booleans()) else None
    numbers = [each for each in chosen if each.type in (number("n").type, number("n", 0, 99).type)]
    checks = tuple(at_least("enough", name, each, -1) for each in numbers[:1] if draw(st.booleans()))
    other = name in MADE and draw(st.integers(0, 3)) == 3
    hidden, counted = draw(st.booleans()), draw(st.booleans())
    return entity(
        name,
        *chosen,
        *((VERSION,) if counted else ()),
        *((DELETED,) if hidden else ()),
        key=(MADE[name],) if other else KEYS[name],
        indexes=(made,) if made else (),
        checks=checks,
        soft_delete="deleted_at" if hidden else None,
        version="version" if counted else None,
    )


def _unindexed(field: Field) -> bool:
    return isinstance(field.type, ScalarType) and field.type.scalar in ("bytes", "json")


def _few(field: Field) -> bool:
    """Whether stored rows may well have equal values."""
    return field.default is not None or isinstance(field.type, ListType | ReferenceType)


@st.composite
def models(draw: st.DrawFn) -> Model:
    names = ["One", *draw(st.lists(st.sampled_from(["Two", "User"]), unique=True))]
    made = [draw(entities(name, names[: place + 1])) for place, name in enumerate(names)]
    if "Two" in names and draw(st.booleans()):
        made.append(draw(entities("Pair", names)))
    return model(*made)


@given(models())
def test_a_model_does_not_differ_from_itself(same: Model) -> None:
    assert plan(same, same).verdict == "empty"


def holds(url: str, before: Model, after: Model, *, contracted: bool = False) -> None:
    made = plan(before, after)
    with tempfile.TemporaryDirectory() as place:
        former: Model | None = None
        for number_of, later in enumerate((before, after), start=1):
            folder = Path(place) / f"2030010100000{number_of}_step"
            folder.mkdir()
            stamp = folder.name[:14]
            for name, text in write(plan(former, later), former, later, stamp).items():
                (folder / name).write_text(text, encoding="utf-8")
            former = later
        if contracted:
            contract(Path(place))
        proof = asyncio.run(prove(Path(place), url, after, 6))
    assert [check for check in proof.checks if check.wrong] == [], [
        type(each).__name__ for each in made.changes
    ]


@settings(max_examples=60 * LONGER, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(models(), models())
def test_up_and_down_on_sqlite(before: Model, after: Model) -> None:
    assume(not plan(before, after).refused)
    with disposable.sqlite_url() as url:
        holds(url, before, after)


@settings(
    max_examples=5 * LONGER,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
@given(models(), models())
def test_up_and_down_on_postgresql(postgres_url: str, before: Model, after: Model) -> None:
    assume(not plan(before, after).refused)
    with disposable.beside(postgres_url) as url:
        holds(url, before, after)


@st.composite
def split(draw: st.DrawFn) -> tuple[Model, Model]:
    """Two models without links, of which the later one has every entity: most of that can be made in two steps."""
    before, after = (_unlinked(draw(models())) for _ in range(2))
    kept = {each.name for each in after.entities}
    entities = (*after.entities, *(each for each in before.entities if each.name not in kept))
    service = replace(after.service, changes="expand_then_contract")
    return before, replace(after, service=service, entities=entities)


def _unlinked(found: Model) -> Model:
    return replace(
        found,
        entities=tuple(
            replace(each, fields=tuple(f for f in each.fields if not isinstance(f.type, ManyType)))
            for each in found.entities
        ),
    )


@pytest.mark.parametrize("contracted", [False, True])
@settings(
    max_examples=4 * LONGER,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
@given(split())
def test_expansion_and_contraction(postgres_url: str, contracted: bool, both: tuple[Model, Model]) -> None:
    before, after = both
    assume(not plan(before, after).refused and in_two_steps(before, after))
    with disposable.beside(postgres_url) as url:
        holds(url, before, after, contracted=contracted)
