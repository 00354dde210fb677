"""Every service of the language gets its tables: up, as expected, with rows, down to nothing, and up again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backwright.migrate import live, write
from backwright.migrate.inspect import dialect_of, differences, expected, inspect
from backwright.migrate.prove import prove
from backwright.migrate.rows import rows
from backwright.model import snapshot
from backwright.model.build import build
from backwright.model.types import Model
from backwright.plan import plan
from backwright.project import Project
from backwright.spec import read
from backwright_runtime import migrations as runner

ROOT = Path(__file__).parents[3]
SERVICES = sorted(
    path.parent.relative_to(ROOT).as_posix()
    for folder in ("examples", "tests/cases/semantics")
    for path in ROOT.glob(f"{folder}/*/backwright.yaml")
)


def model_of(service: str) -> Model:
    return build(read(Project(ROOT / service)))


def written(folder: Path, *models: Model) -> Path:
    """A migration to each model from the one before it."""
    before: Model | None = None
    for number, model in enumerate(models):
        stamp = f"2030010100000{number}"
        place = folder / f"{stamp}_step"
        place.mkdir(parents=True)
        for name, text in write(plan(before, model), before, model, stamp).items():
            (place / name).write_text(text, encoding="utf-8")
        before = model
    return folder


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_its_tables(service: str, tmp_path: Path, database: str) -> None:
    """Up, down and up again; and the tables take rows of every kind."""
    model = model_of(service)
    proof = asyncio.run(prove(written(tmp_path, model), database, model, 30))
    assert {check.what: check.wrong for check in proof.checks if check.wrong} == {}
    assert [table for table, count in proof.rows.items() if count < 6] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_goes_down_to_nothing_with_rows_in_place(
    service: str, tmp_path: Path, database: str
) -> None:
    """The schema is the expected one, and a snapshot of the model expects the same."""
    model = model_of(service)
    folder = written(tmp_path, model)
    asyncio.run(runner.up(database, folder))
    asyncio.run(live.insert(database, rows(model, 12)))
    assert differences(asyncio.run(inspect(database)), expected(model, dialect_of(database))) == []
    again = snapshot.decode(snapshot.encode(model))
    assert plan(again, model).verdict == "empty"
    assert expected(again, dialect_of(database)) == expected(model, dialect_of(database))
    asyncio.run(runner.down(database, folder))
    assert asyncio.run(inspect(database)).tables == {}


PAIRS = [
    ("conduit", "tracker"),
    ("tracker", "conduit"),
    ("forum", "clinic"),
    ("clinic", "inventory"),
    ("inventory", "forum"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_service_becomes_another_and_comes_back(
    one: str, other: str, tmp_path: Path, database: str
) -> None:
    """Whatever both call the same stays, the rest is kept for the way back: entities, fields, links, checks."""
    before, after = model_of(f"examples/{one}"), model_of(f"examples/{other}")
    proof = asyncio.run(prove(written(tmp_path, before, after), database, after, 12))
    assert {check.what: check.wrong for check in proof.checks if check.wrong} == {}
    assert all(proof.rows.values())
