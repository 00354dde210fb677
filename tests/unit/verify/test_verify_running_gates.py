"""The gates that judge a running backend go red when it is slow, leaks, asks per row, or loses an index."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType
from typing import cast

import asyncpg
import pytest
from built_project import Broken, broken_copy, built
from models import todos

from backwright.migrate import disposable
from backwright.project import Project
from backwright.verify import sending
from backwright.verify.gate import DatabaseName, Gate, GateInput
from backwright.verify.gates import behaviour, load, memory, query_budget
from backwright.verify.judging import judged
from backwright.verify.multiplying import UUID_FORM, Table, anew, another, multiplied, ordered
from backwright.verify.observed import Observed
from backwright.verify.plans import scans
from backwright.verify.results import GateResult

LIST = "    page = await todos.list_todos(ctx.db, caller, query)\n"
PER_ROW = Broken(
    name="a statement per row",
    file="services/todos.py",
    right=LIST,
    wrong=LIST + "    for row in page.rows:\n        await todos.find(ctx.db, caller, row.id)\n",
)
SLEEPS = Broken(
    name="sleeps",
    file="services/todos.py",
    right=LIST,
    wrong="    import asyncio\n    await asyncio.sleep(0.6)\n" + LIST,
)
LEAKS = Broken(
    name="keeps every request",
    file="services/todos.py",
    right=LIST,
    wrong=LIST + "    KEPT.append(bytearray(20_000))\n",
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return built(todos(), tmp_path_factory.mktemp("built"))


def result(gate: ModuleType, project: Project, database: DatabaseName = "sqlite") -> GateResult:
    given = GateInput(project=project, model=todos(), build="abc", database=database)
    return judged(cast("Gate", gate), given)


def test_behaviour_that_had_no_time_was_not_judged(original: Project) -> None:
    given = GateInput(
        project=original, model=todos(), build="abc", database="sqlite", requests=10_000, seconds=0.5
    )
    found = judged(cast("Gate", behaviour), given)
    assert found.status == "not_run"
    assert "of 10000 requests" in found.summary


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_statement_per_row_is_over_budget(
    original: Project, tmp_path: Path, database: DatabaseName
) -> None:
    right = result(query_budget, original, database)
    assert right.status == "passed"
    assert int(right.figures["reads"]) > 2
    wrong = result(query_budget, broken_copy(original, "todos", tmp_path, PER_ROW), database)
    assert wrong.status == "failed"
    assert wrong.findings[0].where.startswith("GET /todos (")
    assert "FROM todo" in wrong.findings[0].what


def test_a_handler_that_sleeps_is_over_the_target(
    original: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "SECONDS", 2.0)
    wrong = result(load, broken_copy(original, "todos", tmp_path, SLEEPS))
    assert wrong.status == "failed"
    assert [finding.where for finding in wrong.findings] == ["GET /todos"]
    assert float(wrong.figures["max ms"]) > 600


def test_a_list_that_keeps_every_request_is_a_leak(
    original: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "WARM", 100)
    assert result(memory, original).status == "passed"
    project = broken_copy(original, "todos", tmp_path, LEAKS)
    file = tmp_path / "todos" / "services" / "todos.py"
    file.write_text(file.read_text("utf-8") + "\n\nKEPT: list[bytearray] = []\n", "utf-8")
    wrong = result(memory, project)
    assert wrong.status == "failed"
    assert "each request leaves about" in wrong.findings[0].what


def test_one_jump_of_memory_is_no_leak() -> None:
    mebibyte = 1 << 20
    assert not memory.grows([50 * mebibyte] * 4 + [60 * mebibyte] * 5)
    assert memory.grows([mebibyte * each for each in range(50, 59)])


def test_what_is_late_is_counted_from_when_it_was_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one line and 50 ms an answer, at 40 a second, requests wait longer and longer."""
    import time

    def slow(line: object, exchange: object) -> int:
        time.sleep(0.05)
        return 200

    monkeypatch.setattr(sending, "sent", slow)
    monkeypatch.setattr(sending, "LINES", 1)
    exchange = cast("sending.Exchange", type("E", (), {"operation": "GET /"}))
    timed = sending.at_rate("http://127.0.0.1:1", [exchange], 40, 1.0)
    assert len(timed) == 40
    assert max(each.seconds for each in timed) > 0.8


def test_without_what_they_need_they_are_not_run(original: Project) -> None:
    nothing = Observed(name="x", url="http://127.0.0.1:1", contract={}, callers=(), exchanges=())
    for gate in (query_budget, load, memory):
        with pytest.raises(gate.NotRun):
            gate.observe(nothing, gate.Bounds())


@pytest.mark.postgres
def test_a_large_table_without_an_index_is_found() -> None:
    with disposable.postgres_url() as (url, reason):
        assert url is not None, reason
        statements = (
            "CREATE TABLE note (id integer PRIMARY KEY, owner integer, text text)",
            "CREATE INDEX note_owner ON note (owner)",
        )
        _execute(url, *statements)
        seen = Observed(
            name="x", url="", contract={}, callers=(), exchanges=(), database_url=url, large=("note",)
        )
        asked = ["SELECT * FROM note WHERE owner = $1 ORDER BY id", "SELECT * FROM note ORDER BY id LIMIT 5"]
        assert list(scans(seen, asked)) == []
        assert [table for table, _ in scans(seen, ["SELECT * FROM note WHERE text = $1"])] == ["note"]
        _execute(url, "DROP INDEX note_owner")
        assert [table for table, _ in scans(seen, asked)] == ["note"]


@pytest.mark.postgres
def test_copies_keep_to_unique_keys_and_references() -> None:
    with disposable.postgres_url() as (url, reason):
        assert url is not None, reason
        _execute(
            url,
            "CREATE TABLE person (id uuid PRIMARY KEY, mail text UNIQUE)",
            "CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner uuid REFERENCES person)",
            "CREATE TABLE liked (note bigint REFERENCES note, person uuid REFERENCES person, UNIQUE (note, person))",
            "INSERT INTO person VALUES (gen_random_uuid(), 'a@b.example')",
            "INSERT INTO note (owner) SELECT id FROM person",
            "INSERT INTO liked SELECT note.id, owner FROM note",
        )
        assert multiplied(url, 50) == (150, {})
        assert _value(url, "SELECT count(DISTINCT owner) FROM note") == 1
        assert _value(url, "SELECT count(DISTINCT person) FROM liked") == 51


def test_another_value_is_of_the_same_kind() -> None:
    text = "01920000-0000-7000-8000-000000000000"
    assert UUID_FORM.fullmatch(another(text, 3))
    assert another("ann", 3) != another("ann", 4)
    table = Table("t", ("a", "b"), (("a", "b"),), {"a": "x"})
    assert anew(table, {"a": 1, "b": "text"}) == {"b"}
    child = Table("c", (), (), {"t": "t"})
    assert [each.name for each in ordered([child, table])] == ["t", "c"]


def _execute(url: str, *statements: str) -> None:
    _value(url, *statements)


def _value(url: str, *statements: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(url)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())
