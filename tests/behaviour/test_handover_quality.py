"""What quality assurance is handed: rows that load, callers who can sign in, scripts that answer as promised."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from handover_packs import ROOT, mock_serving, packs_of, specified
from production import serving

from backwright.emit.contract import document
from backwright.emit.names import names
from backwright.handover import place, rows
from backwright.handover.quality import expected
from backwright.handover.replays import replays
from backwright.handover.templates import rendered
from backwright.model.types import Model
from backwright.pipeline.rehearsing import scenarios
from backwright.project import Project
from backwright.verify.acceptance import parse_scenarios
from backwright.verify.databases import Tables
from backwright.verify.rows import remembered
from backwright_runtime import ForeignKeyViolation, UniqueViolation, migrations

EXAMPLES = ("clinic", "conduit", "forum", "inventory", "todos", "tracker")
HANDED = ("clinic", "conduit", "todos")
KEYS = "first:a key that is long enough for a test"
HURTFUL = "x $(touch PWNED) `touch PWNED` '; touch PWNED; ' \\\" %s \\n $HOME & | > # é"


@pytest.fixture(scope="module")
def packs() -> dict[str, Path]:
    return {name: packs_of(name) / "qa" for name in HANDED}


def project_of(pack: Path) -> Project:
    return Project(pack.parents[1])


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "ENCRYPTION_KEYS": KEYS, "PYTHON": sys.executable, **more}


def load(pack: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """What `python load.py` does, in this process."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ENCRYPTION_KEYS", KEYS)
    spec = importlib.util.spec_from_file_location("load", pack / "load.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    asyncio.run(module.main(list(arguments)))


def stored(database_url: str, model: Model) -> Any:
    tables = Tables(database_url, model)
    try:
        return tables.rows()
    finally:
        tables.close()


# Rows -------------------------------------------------------------------------------------------------


def data_of(example: str, folder: Path) -> Model:
    """The rows of an example, and what loads them."""
    model = specified(Project(ROOT / "examples" / example))
    made = rows.made(model, names(model))
    place.put(folder / "qa", rows.files(made, model) | {"load.py": rendered("load.py.j2", {})})
    return model


@pytest.mark.parametrize(
    ("example", "kind"), [("clinic", "sqlite"), ("conduit", "postgres"), ("tracker", "sqlite")]
)
def test_the_rows_load(
    example: str,
    kind: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Encrypted values, numbers that the database makes, and links among them. All of them or none."""
    database_url = request.getfixturevalue(f"{kind}_url")
    model = data_of(example, tmp_path)
    asyncio.run(migrations.up(database_url, ROOT / "examples" / example / "migrations"))
    load(tmp_path / "qa", database_url, monkeypatch)
    made = rows.made(model, names(model))
    wanted = {
        entity.name: [row.values for row in made.rows if row.entity == entity.name]
        for entity in model.entities
    }
    assert stored(database_url, model) == remembered(wanted, model)
    with pytest.raises(UniqueViolation):
        load(tmp_path / "qa", database_url, monkeypatch)
    assert stored(database_url, model) == remembered(wanted, model)


@pytest.mark.parametrize("example", EXAMPLES)
def test_there_are_rows_of_every_entity_unlike_each_other(example: str) -> None:
    model = specified(Project(ROOT / "examples" / example))
    made = rows.made(model, names(model))
    assert made.missing == ()
    for entity in model.entities:
        found = made.of(entity.name)
        assert len(found) == rows.EACH
        assert len({json.dumps(row, sort_keys=True) for row in found}) == rows.EACH
    assert rows.files(made, model) == rows.files(rows.made(model, names(model)), model)


def test_rows_that_are_wrong_do_not_load(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one of them."""
    model = data_of("todos", tmp_path)
    asyncio.run(migrations.up(sqlite_url, ROOT / "examples" / "todos" / "migrations"))
    file = tmp_path / "qa" / "rows" / "Todo.json"
    found = json.loads(file.read_text())
    found[2]["owner"] = "00000000-0000-7000-8000-00000000dead"
    file.write_text(json.dumps(found))
    with pytest.raises(ForeignKeyViolation):
        load(tmp_path / "qa", sqlite_url, monkeypatch)
    assert stored(sqlite_url, model) == {"User": {}, "Todo": {}}


def test_a_decimal_loads_with_the_digits_of_its_column(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = data_of("inventory", tmp_path)
    asyncio.run(migrations.up(sqlite_url, ROOT / "examples" / "inventory" / "migrations"))
    product = {"sku": "a", "name": "A", "price": 2, "weight_grams": None, "discontinued": False}
    load(tmp_path / "qa", sqlite_url, monkeypatch, "row", "Product", json.dumps(product))
    (found,) = stored(sqlite_url, model)["Product"].values()
    assert found["price"] == "2.00"


# Callers and scenarios --------------------------------------------------------------------------------


def replayed(script: Path, address: str, database_url: str) -> subprocess.CompletedProcess[str]:
    given = environment(BASE=address, DATABASE_URL=database_url)
    return subprocess.run(
        ["sh", str(script)], env=given, capture_output=True, text=True, check=False, timeout=120
    )


def test_callers_sign_in_and_a_script_finds_rows_and_keeps_cookies(
    packs: dict[str, Path], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack, model = packs["clinic"], specified(project_of(packs["clinic"]))
    script = pack / "scenarios" / "AC-1.sh"
    with serving(project_of(pack).root, "clinic", sqlite_url, ENCRYPTION_KEYS=KEYS) as address:
        load(pack, sqlite_url, monkeypatch)
        callers = json.loads((pack / "callers.json").read_text())
        assert len(callers) == rows.EACH
        for caller in callers:
            sign_in = caller["sign_in"]
            assert sign_in["content_type"] == "application/json"
            answer = httpx.request(sign_in["method"], address + sign_in["path"], json=sign_in["body"])
            cookies = {name: value.split(";")[0] for name, value in pairs(answer)}
            me = httpx.get(f"{address}/auth/me", cookies=cookies).json()
            assert me["id"] == caller["key"]["id"]
        tables = Tables(sqlite_url, model)
        tables.clear()
        tables.close()
        done = replayed(script, address, sqlite_url)
    assert (done.returncode, done.stdout) == (0, "AC-1 holds\n"), done.stderr


def pairs(answer: httpx.Response) -> list[tuple[str, str]]:
    """The cookies that an answer sets, as they are written."""
    return [
        (name, value) for name, _, value in (c.partition("=") for c in answer.headers.get_list("set-cookie"))
    ]


@pytest.mark.parametrize(("example", "scenario"), [("todos", "AC-4"), ("conduit", "AC-3")])
def test_scripts_fill_in_what_was_answered(example: str, scenario: str, packs: dict[str, Path]) -> None:
    script = packs[example] / "scenarios" / f"{scenario}.sh"
    with mock_serving(specified(project_of(packs[example]))) as address:
        done = replayed(script, address, "")
        assert (done.returncode, done.stdout) == (0, f"{scenario} holds\n"), done.stderr
        again = replayed(script, address, "")
    assert again.returncode == 1
    assert re.search(r"FAILED: a success expected; answered 4\d\d .*\n  in: given 1", again.stderr)


def test_an_answer_that_is_not_as_promised_fails_the_script(packs: dict[str, Path], tmp_path: Path) -> None:
    """The specification is understood wrongly in one place: strangers see todos."""
    shutil.copytree(project_of(packs["todos"]).root, tmp_path / "wrong")
    file = tmp_path / "wrong" / "backwright.yaml"
    own = "    access: this.owner == caller\n    crud:"
    assert own in file.read_text()
    file.write_text(
        file.read_text().replace(own, "    access: {read: public, write: this.owner == caller}\n    crud:")
    )
    with mock_serving(specified(Project(tmp_path / "wrong"))) as address:
        done = replayed(packs["todos"] / "scenarios" / "AC-4.sh", address, "")
    assert done.returncode == 1
    assert "FAILED: status 404 expected; answered 403" in done.stderr


def test_a_scenario_that_no_script_can_do_is_named_with_the_reason() -> None:
    project = Project(ROOT / "examples" / "tracker")
    found = {
        each.scenario.id: each for each in replays(scenarios(project, specified(project)), specified(project))
    }
    assert (found["AC-3"].script, found["AC-3"].reason) == ("", "time has to pass in it")
    assert (found["AC-7"].script, found["AC-7"].reason[:22]) == ("", "it depends on the date")
    assert all(each.script for id, each in found.items() if id not in ("AC-3", "AC-7"))


LINES = "x\ntouch PWNED\n" + HURTFUL
HOSTILE = f"""
- id: "../AC 1; touch PWNED"
  title: {json.dumps(LINES)}
  given:
    - {{user: ann}}
    - {{as: ann, do: create_todo, with: {{title: {json.dumps(HURTFUL)}}}, keep: made}}
    - {{as: ann, do: create_todo, with: {{title: $made.title}}, keep: second}}
  when: {{as: ann, do: get_todo, with: {{id: $second.id}}, headers: {{x-note: "$$x `touch PWNED`"}}}}
  then:
    - {{status: 200, body: {{title: {json.dumps(HURTFUL)}}}}}
    - {{as: ann, do: get_todo, with: {{id: "a b?c=$(touch PWNED)"}}, status: 404}}
    - {{as: ann, do: list_todos, with: {{after: "$$(touch PWNED)&limit=1"}}, status: 422, fields: {{after: cursor}}}}
"""


def test_no_word_of_a_scenario_is_a_command(packs: dict[str, Path], tmp_path: Path) -> None:
    model = specified(project_of(packs["todos"]))
    parsed, wrong = parse_scenarios(HOSTILE, "acceptance.yaml")
    assert not wrong
    (found,) = replays(parsed, model)
    assert found.reason == ""
    assert found.file == "scenarios/..-AC-1-touch-PWNED.sh"
    for name in ("replay.sh", "answers.py"):
        (tmp_path / name).write_bytes((packs["todos"] / name).read_bytes())
    (tmp_path / "scenarios").mkdir()
    script = tmp_path / found.file
    script.write_text(found.script)
    with mock_serving(model) as address:
        done = subprocess.run(
            ["sh", str(script)],
            cwd=tmp_path,
            env=environment(BASE=address),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.rglob("PWNED"))


# Operations -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_statuses_are_those_of_the_contract(example: str) -> None:
    model = specified(Project(ROOT / "examples" / example))
    contract = document(model, names(model))
    for operation in model.operations:
        said = expected(operation, model, contract)
        responses = contract["paths"][operation.path][operation.method.lower()]["responses"]
        assert {*map(str, said["success"]), *said["failure"]} == responses.keys()
        assert all(said["failure"].values())
