"""What is declared of speed and size: read, kept, planned as harmless, and judged."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import cast

import msgspec
import pytest
from built_project import Broken, broken_copy, built
from models import todos

from backwright.model import snapshot
from backwright.model.build import build
from backwright.model.show import show
from backwright.model.size import is_large
from backwright.model.types import Model, Performance
from backwright.plan import plan
from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError
from backwright.spec.reader import read
from backwright.verify import observing
from backwright.verify.backends import CIPHER
from backwright.verify.databases import connected
from backwright.verify.gate import DatabaseName, Gate, GateInput
from backwright.verify.gates import load, query_budget
from backwright.verify.judging import judged
from backwright.verify.multiplying import multiplied
from backwright.verify.observed import Exchange, Observed, Target
from backwright.verify.results import GateResult
from backwright.verify.sending import Timed

SPECIFICATION = """service: {{name: shop, version: 1.0.0}}
{performance}
entities:
  Order:
    fields: {{number: string}}
    access: public
    {rows}
    crud:
      path: /orders
      only: [list, get]
      list: {{{own}}}
"""
LIST = "    page = await todos.list_todos(ctx.db, caller, query)\n"


def sleeps(seconds: float) -> Broken:
    wrong = f"    import asyncio\n    await asyncio.sleep({seconds})\n" + LIST
    return Broken(name="sleeps", file="services/todos.py", right=LIST, wrong=wrong)


def modelled(root: Path, performance: str = "", rows: str = "", own: str = "") -> Model:
    text = SPECIFICATION.format(performance=performance, rows=rows, own=own)
    (root / "backwright.yaml").write_text(text, "utf-8")
    return build(read(Project(root)))


def declared(root: Path) -> Model:
    return modelled(
        root,
        "performance: {p95_ms: 200, rate: 300/minute}",
        "expected_rows: 1000000",
        "performance: {p95_ms: 50}",
    )


def test_it_is_read_kept_and_shown(tmp_path: Path) -> None:
    model = declared(tmp_path)
    assert snapshot.encode(snapshot.decode(snapshot.encode(model))) == snapshot.encode(model)
    assert observing._target(model) == Target(p95=200, rate=5, own={"GET /orders": 50})
    assert model.entity("Order").expected_rows == 1_000_000
    shown = show(model)
    for line in ("p95 within 200 ms, at 300 requests in 60 s", "expected rows: 1000000", "p95 within 50 ms"):
        assert line in shown
    usual = modelled(tmp_path)
    assert observing._target(usual) == Target(p95=500, rate=20)
    assert b"performance" not in snapshot.encode(usual)


def test_declaring_it_is_a_harmless_change(tmp_path: Path) -> None:
    before, after = modelled(tmp_path), declared(tmp_path)
    for changes in (plan(before, after).changes, plan(after, before).changes):
        assert {change.hazard for change in changes} == {"safe"}
        reasons = "\n".join(change.reason for change in changes)
        assert "rows expected" in reasons or "no number of rows expected" in reasons
        assert "performance.p95_ms" in reasons
        assert "p95 is held to" in reasons
    assert not plan(after, after).changes


@pytest.mark.parametrize(
    "performance", ["performance: {p95_ms: 0}", "performance: {rate: 5}", "performance: {p99_ms: 5}"]
)
def test_what_says_nothing_is_refused(tmp_path: Path, performance: str) -> None:
    with pytest.raises(SpecificationError):
        modelled(tmp_path, performance)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return built(todos(), tmp_path_factory.mktemp("built"))


def result(gate: ModuleType, project: Project, model: Model, database: DatabaseName = "sqlite") -> GateResult:
    given = GateInput(project=project, model=model, build="abc", database=database)
    return judged(cast("Gate", gate), given)


def test_a_handler_slower_than_declared_fails_and_one_within_the_target_passes(
    original: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are those that are expected, as far as they can be put in, and the result says how many there were."""
    monkeypatch.setattr(load, "SECONDS", 1.5)
    monkeypatch.setattr(load, "MOST_ROWS", 150)
    monkeypatch.setattr(observing, "MOST_REQUESTS", 120)
    slow = broken_copy(original, "todos", tmp_path, sleeps(0.1))
    model = msgspec.structs.replace(sized(300), performance=Performance(p95_ms=60_000, count=25))
    given = GateInput(project=slow, model=model, build="abc", database="sqlite")
    with observing.observed(given) as seen:
        right = load.observe(seen, load.Bounds())
        own = msgspec.structs.replace(seen.target, own={"GET /todos": 50})
        wrong = load.observe(msgspec.structs.replace(seen, target=own), load.Bounds())
    assert right.status == "passed", right.summary
    assert (right.figures["target p95 ms"], right.figures["requests per second"]) == (60_000, 25)
    assert str(right.figures["rows of todo"]).endswith(" of 300 expected")
    assert 150 <= int(str(right.figures["rows of todo"]).split()[0]) < 300
    assert "rows of todo, where 300 are expected" in right.summary
    all_of_them, *each = right.measures
    assert (all_of_them.operation, {"p50 ms", "p95 ms", "p99 ms"} <= set(all_of_them.figures)) == ("", True)
    assert sum(measure.figures["requests"] for measure in each) == all_of_them.figures["requests"]
    targets = {measure.operation: measure.figures["target p95 ms"] for measure in wrong.measures}
    assert (targets["GET /todos"], targets[""]) == (50, 60_000)
    assert wrong.status == "failed"
    assert [finding.where for finding in wrong.findings] == ["GET /todos"]
    assert "more than 50 ms" in wrong.findings[0].what


def test_a_rate_that_cannot_be_sent_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "repeatable", lambda seen: [object()])
    seen = Observed(
        name="x", url="", contract={}, callers=(), exchanges=(), target=Target(rate=999_999_999.0)
    )
    with pytest.raises(load.NotRun, match="can be sent from here"):
        load.observe(seen, load.Bounds())


@pytest.mark.parametrize(
    ("method", "status", "judged"), [("POST", 409, "passed"), ("POST", 503, "failed"), ("GET", 409, "failed")]
)
def test_what_changes_something_may_be_refused_in_the_end(
    monkeypatch: pytest.MonkeyPatch, method: str, status: int, judged: str
) -> None:
    name = f"{method} /orders/7/payments"
    sent = Exchange(
        caller="ann", method=method, target="/orders/7", operation=name, headers={}, content=None, status=201
    )
    timed = [Timed(name, 0.001, status if number % 5 == 0 else 201) for number in range(100)]
    monkeypatch.setattr(load, "repeatable", lambda seen: [sent])
    monkeypatch.setattr(load, "at_rate", lambda *given: timed)
    seen = Observed(name="x", url="", contract={}, callers=(), exchanges=())
    found = load.observe(seen, load.Bounds())
    assert found.status == judged
    assert found.figures.get("refused since something changed") == (20 if judged == "passed" else None)


def test_rows_that_are_wanted_are_put_in_and_no_more(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rows.db'}"
    with closing(connected(url)) as connection:
        for statement in (
            "CREATE TABLE few (id integer PRIMARY KEY)",
            "CREATE TABLE many (id integer PRIMARY KEY, name text)",
            "CREATE TABLE other (name text PRIMARY KEY)",
            "CREATE TABLE none (id integer PRIMARY KEY)",
            "INSERT INTO few VALUES (1), (2)",
            "INSERT INTO many VALUES (1, 'a'), (2, 'b'), (3, 'c')",
            "INSERT INTO other VALUES ('x')",
        ):
            connection.query(statement)
    added, rows = multiplied(url, 3, {"many": 20, "few": 1, "none": 5})
    assert rows == {"many": 20, "few": 2, "none": 0}
    assert added == 17 + 3  # and three copies of what nobody wants a number of


def test_copies_of_what_is_encrypted_can_be_read(tmp_path: Path) -> None:
    """A unique value is made anew: from what it says, and not from how that is stored."""
    url, purpose = f"sqlite:///{tmp_path / 'rows.db'}", "patient.number"
    with closing(connected(url)) as connection:
        connection.query("CREATE TABLE patient (id integer PRIMARY KEY, number text UNIQUE)")
        connection.query("INSERT INTO patient VALUES (1, {1})", [CIPHER.encrypt_same("A 1", purpose)])
        assert multiplied(url, 3, encrypted={("patient", "number")}) == (3, {})
        found = [row["number"] for row in connection.query("SELECT number FROM patient")]
    assert len({CIPHER.decrypt(each, purpose) for each in found}) == 4


DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.mark.parametrize("database", DATABASES)
def test_a_large_table_that_lost_its_index_fails(
    original: Project, tmp_path: Path, database: DatabaseName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index goes from the delivered migration: a request may scan the table unless it is declared large."""
    monkeypatch.setattr(observing, "LEAST_REQUESTS", 40)
    monkeypatch.setattr(query_budget, "MANY", 10)
    right = result(query_budget, original, sized(100_000), database)
    assert right.status == "passed", right.summary
    counted = {measure.operation: measure.figures for measure in right.measures}
    assert counted["GET /todos"]["with 1"] == counted["GET /todos"]["with 10"] >= 1
    project = broken_copy(original, "todos", tmp_path, sleeps(0))
    (up,) = project.migrations.glob(f"*/up.{database}.sql")
    text = up.read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("CREATE INDEX")]
    assert len(lines) < len(text.splitlines())
    up.write_text("\n".join(lines) + "\n", "utf-8")
    given = GateInput(project=project, model=sized(100_000), build="abc", database=database)
    with observing.observed(given) as seen:
        found = query_budget.observe(seen, query_budget.Bounds())
        small = query_budget.observe(msgspec.structs.replace(seen, large=()), query_budget.Bounds())
    assert found.status == "failed", found.summary
    assert "declared large" in found.findings[0].what
    assert small.status == "passed", small.summary
    assert not any(map(is_large, sized(99_999).entities))


def sized(rows: int) -> Model:
    model = todos()
    entities = tuple(
        msgspec.structs.replace(each, expected_rows=rows if each.table == "todo" else None)
        for each in model.entities
    )
    return msgspec.structs.replace(model, entities=entities)
