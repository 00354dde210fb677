"""Custom logic that reads rows: its caller's and nobody else's; and what the database holds it to."""

from __future__ import annotations

import asyncio
import importlib
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from built_project import built

from backwright.emit.isolation import Isolation
from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec import read
from backwright_runtime.testing import client, settings_for

SPECIFICATION = """
service: {{name: {name}, version: 1.0.0}}
security: {{row_level: {row_level}}}
auth: {{identity: User, by: email, flows: [register, login]}}
logic:
  fare_of:
    input: {{route: string, agreement: uuid?, way: string}}
    output: {{routes: {{list: string}}}}
    reads: [Agreement]
entities:
  User:
    fields: {{email: {{type: email, unique: true}}, password: password}}
    access: {{create: public, read: this == caller}}
  Agreement:
    fields:
      owner: {{ref: User, set: caller}}
      route: string
      note: {{type: string?, read: caller != null && this.route != 'north'}}
      {more}
    indexes: [[route]]
    access: this.owner == caller
    crud: {{path: /agreements, only: [create]}}
  Passage:
    fields: {{owner: {{ref: User, set: caller}}, routes: {{list: string}}}}
    access: this.owner == caller
operations:
  sail:
    route: POST /passages
    body: {{route: string, agreement: uuid?, way: string}}
    steps:
      - {{call: fare_of, from: body, as: fare}}
      - {{create: Passage, set: {{routes: fare.routes}}}}
    respond: {{status: 201, body: {{routes: passage.routes}}}}
"""
STUB = """
import asyncio
from backwright_runtime import sql
from {name}.boundary import AgreementRead, FareOfInput, FareOfOutput, FareOfUse

ALL = "SELECT id, owner_id, route FROM agreement ORDER BY id"

async def fare_of(given: FareOfInput, use: FareOfUse) -> FareOfOutput:
    db = getattr(use.agreements, "_" + "db")
    match given.way:
        case "find":
            found = [await use.agreements.find(given.agreement)]
        case "where":
            found = await use.agreements.where(route=given.route)
        case "several":
            found = sum(await asyncio.gather(*(use.agreements.where() for _ in range(3))), [])
        case "past":
            found = await db.fetch_all(AgreementRead, sql(ALL))
        case "written":
            found = await db.fetch_all(AgreementRead, sql("DELETE FROM agreement RETURNING id, owner_id, route"))
        case _:
            found = [await db.execute(sql("DELETE FROM agreement"))]
    return FareOfOutput(routes=[each.route for each in found if each])
"""


def delivered(name: str, root: Path, *, row_level: bool = False) -> Project:
    text = SPECIFICATION.format(name=name, row_level="on" if row_level else "off", more="")
    (root / "backwright.yaml").write_text(text, encoding="utf-8")
    project = built(build(read(Project(root))), root)
    (root / name / "logic" / "fare_of.py").write_text(STUB.format(name=name), encoding="utf-8")
    return project


async def seen(project: Project, name: str, url: str) -> dict[str, object]:
    """What the function gets of two people's rows, asked by the second."""
    sys.path.insert(0, str(project.root))
    try:
        create_app = importlib.import_module(f"{name}.app").create_app
        settings = settings_for(importlib.import_module(f"{name}.settings").Settings, url)
    finally:
        sys.path.remove(str(project.root))

    def app(_: str) -> Any:
        return create_app(settings)

    async with client(app, migrations=project.migrations, database_url=url) as asking:
        headers, keys = [], []
        for who, route in (("ann", "north"), ("bob", "south")):
            account = {"email": f"{who}@example.com", "password": "correct horse"}
            (await asking.post("/auth/register", json=account)).raise_for_status()
            token = (await asking.post("/auth/login", json=account)).json()["data"]["token"]
            headers.append({"authorization": f"Bearer {token}"})
            made = await asking.post("/agreements", json={"route": route}, headers=headers[-1])
            keys.append(made.json()["data"]["id"])

        async def asked(way: str, route: str = "", agreement: str | None = None) -> object:
            body = {"way": way, "route": route, "agreement": agreement}
            answer = await asking.post("/passages", json=body, headers=headers[1])
            return answer.json()["data"]["routes"] if answer.status_code == 201 else answer.status_code

        return {
            "own": await asked("find", agreement=keys[1]),
            "another's": await asked("find", agreement=keys[0]),
            "own by route": await asked("where", "south"),
            "another's by route": await asked("where", "north"),
            "several at once": await asked("several"),
            "written": await asked("written"),
            "executed": await asked("executed"),
            "past the rules": await asked("past"),
        }


WITHIN = {
    "own": ["south"],
    "another's": [],
    "own by route": ["south"],
    "another's by route": [],
    "several at once": ["south"] * 3,
    "written": 500,
    "executed": 500,
}


def test_a_function_reads_what_its_caller_may_read(sqlite_url: str, tmp_path: Path) -> None:
    """A statement of its own, which the gate `logic` refuses, shows everything where nothing else confines it."""
    found = asyncio.run(seen(delivered("ferries", tmp_path), "ferries", sqlite_url))
    assert found == WITHIN | {"past the rules": ["north", "south"]}


@pytest.mark.postgres
@pytest.mark.parametrize(("row_level", "past"), [(False, ["north", "south"]), (True, ["south"])])
def test_the_database_confines_it_with_row_level_security(
    row_level: bool, past: list[str], postgres_url: str, tmp_path: Path
) -> None:
    """Whatever it writes, another's rows are not there; without the layer, they are."""
    name = f"ferries_{'held' if row_level else 'free'}"
    found = asyncio.run(seen(delivered(name, tmp_path, row_level=row_level), name, postgres_url))
    assert found == WITHIN | {"past the rules": past}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    root = tmp_path_factory.mktemp("specification")
    (root / "backwright.yaml").write_text(
        SPECIFICATION.format(name="ferries", row_level="off", more="key: {type: string?, encrypted: true}"),
        encoding="utf-8",
    )
    return build(read(Project(root)))


def test_it_sees_no_secrets_and_nothing_that_has_a_rule_of_its_own(model: Model, tmp_path: Path) -> None:
    boundary = (built(model, tmp_path).root / "ferries" / "boundary.py").read_text(encoding="utf-8")
    struct = boundary.partition("class AgreementRead(")[2].partition("class ")[0]
    assert "route: str" in struct
    assert "note" not in struct
    assert "key:" not in struct


def test_what_it_reads_decides_what_is_written(model: Model) -> None:
    """So the operation runs as if alone, and so does whoever writes what was read."""
    assert alone(model) == {"sail", "create_agreement"}
    without = msgspec.structs.replace(model.logic[0], reads=())
    assert alone(msgspec.structs.replace(model, logic=(without,))) == set()


def alone(model: Model) -> set[str]:
    isolation = Isolation(model)
    return {each.name for each in model.operations if isolation.serializable(each)}
