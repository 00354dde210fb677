"""For any two models whose plan can be carried out: up gives the schema as built at once, down restores."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from plan_parts import choice, entity, flag, index, model, number, reference, scalar, string

from backwright.migrate import disposable, write
from backwright.migrate.prove import prove
from backwright.model.types import Entity, Field, Model
from backwright.plan import plan

NAMES = ["alpha", "beta", "order"]
ENTITIES = ["One", "Two", "User"]


def fields(name: str) -> st.SearchStrategy[Field]:
    nullable = [string(name, None, 30, nullable=True), scalar(name, "date", nullable=True)]
    nullable += [scalar(name, "timestamp", nullable=True), string(name, 1, 9, nullable=True, unique=True)]
    filled = [number(name, 0, 99, default=7), flag(name, True), choice(name, "x", "it's", default="it's")]
    wider = [string(name, None, 60, nullable=True), number(name, None, None, default=-1)]
    refs = [reference(name, target, nullable=True) for target in ENTITIES[:1]]
    return st.sampled_from([*nullable, *filled, *wider, *refs])


@st.composite
def entities(draw: st.DrawFn, name: str) -> Entity:
    chosen = [draw(fields(each)) for each in draw(st.lists(st.sampled_from(NAMES), unique=True))]
    if len(chosen) > 1 and draw(st.booleans()):
        former = draw(st.sampled_from([each for each in [*NAMES, "gamma"] if each != chosen[0].name]))
        chosen[0] = replace(chosen[0], was=former)
    made = index(name.lower(), *chosen) if chosen and draw(st.booleans()) else None
    return entity(name, *chosen, indexes=(made,) if made else ())


@st.composite
def models(draw: st.DrawFn) -> Model:
    names = draw(st.lists(st.sampled_from(ENTITIES[1:]), unique=True))
    return model(draw(entities(ENTITIES[0])), *(draw(entities(name)) for name in names))


@given(models())
def test_a_model_does_not_differ_from_itself(same: Model) -> None:
    assert plan(same, same).verdict == "empty"


def holds(url: str, before: Model, after: Model) -> None:
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
        proof = asyncio.run(prove(Path(place), url, after, 6))
    assert [check for check in proof.checks if check.wrong] == [], [
        type(each).__name__ for each in made.changes
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(models(), models())
def test_up_and_down_on_sqlite(before: Model, after: Model) -> None:
    assume(not plan(before, after).refused)
    with disposable.sqlite_url() as url:
        holds(url, before, after)


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
@given(models(), models())
def test_up_and_down_on_postgresql(postgres_url: str, before: Model, after: Model) -> None:
    assume(not plan(before, after).refused)
    with disposable.beside(postgres_url) as url:
        holds(url, before, after)
