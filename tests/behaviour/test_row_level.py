"""Row-level security as a second layer: it agrees with the rules, and holds where a query forgot its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg
import httpx
import msgspec
import pytest
from built_project import Broken, broken_copy, built, compared
from models import todos

from backwright.migrate.prove import prove
from backwright.model.build import build
from backwright.model.types import Model, Security
from backwright.project import Project
from backwright.spec.reader import read
from backwright.verify.script import script
from backwright.verify.server import running
from backwright_runtime import migrations as runner

EXAMPLES = Path(__file__).parents[2] / "examples"


def guarded(model: Model) -> Model:
    """The same service with the second layer."""
    return msgspec.structs.replace(model, security=Security(row_level=True))


def example(name: str) -> Model:
    return guarded(build(read(Project(EXAMPLES / name))))


@pytest.mark.parametrize("name", ["tracker", "clinic"])
def test_a_guarded_example_agrees_with_its_meaning(name: str, postgres_url: str, tmp_path: Path) -> None:
    """Membership rules, tenants, soft deletion, audit, idempotent answers: all of it as without the layer."""
    model = example(name)
    found = compared(built(model, tmp_path), model, postgres_url, requests=250, seconds=60)
    assert found.disagreement is None, script(found.disagreement)[-3000:]
    assert float(found.figures["accepted %"]) > 40


@pytest.mark.parametrize(
    "make", [lambda: guarded(todos()), lambda: example("tracker")], ids=["todos", "tracker"]
)
def test_policies_are_migrated_up_and_down(
    make: Callable[[], Model], postgres_url: str, tmp_path: Path
) -> None:
    model = make()
    proof = asyncio.run(prove(built(model, tmp_path).migrations, postgres_url, model, 5))
    assert [check for check in proof.checks if check.wrong] == []


def test_a_missing_policy_is_noticed(postgres_url: str, tmp_path: Path) -> None:
    from backwright.migrate.expected import expected
    from backwright.migrate.inspect import differences, inspect

    model = guarded(todos())

    async def spoiled() -> list[str]:
        await runner.up(postgres_url, built(model, tmp_path).migrations)
        connection = await asyncpg.connect(postgres_url)
        await connection.execute(
            "DROP POLICY todo_read ON todo; ALTER TABLE todo NO FORCE ROW LEVEL SECURITY"
        )
        await connection.close()
        return differences(await inspect(postgres_url), expected(model, "postgresql"))

    found = asyncio.run(spoiled())
    assert "todo: policy todo_read is missing" in found
    assert any("not forced" in each for each in found)


# The second layer by itself ---------------------------------------------------------------------------

OWN = "owner_id = :caller  -- Todo read: this.owner == caller"
FORGOTTEN = (
    Broken(
        "a row is found whoever asks",
        "repositories/todos.py",
        f'AND {OWN}\n""")',
        'AND :caller::uuid = :caller::uuid\n""")',
    ),
    Broken(
        "a row is locked whoever asks",
        "repositories/todos.py",
        f"      AND {OWN}\n    FOR UPDATE",
        "      AND :caller::uuid = :caller::uuid\n    FOR UPDATE",
    ),
    Broken(
        "a list shows everybody's rows",
        "repositories/todos.py",
        f"WHERE {OWN}\n      {{",
        "WHERE :caller::uuid = :caller::uuid\n      {",
    ),
)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return built(guarded(todos()), tmp_path_factory.mktemp("delivered"))


def strangers_view(url: str) -> tuple[int, int, int, int]:
    """What a stranger gets of ann's todo: status of reading, changing and removing it, and rows of the list."""
    with httpx.Client(base_url=url) as client:
        headers = []
        for name in ("ann", "bob"):
            account = {"email": f"{name}@example.com", "password": "correct horse"}
            client.post("/auth/register", json=account).raise_for_status()
            token = client.post("/auth/login", json=account).json()["data"]["token"]
            headers.append({"authorization": f"Bearer {token}"})
        ann, bob = headers
        path = f"/todos/{client.post('/todos', json={'title': 'Milk'}, headers=ann).json()['data']['id']}"
        assert client.get(path, headers=ann).status_code == 200
        assert client.patch(path, json={"title": "Tea"}, headers=ann).status_code == 200
        return (
            client.get(path, headers=bob).status_code,
            client.patch(path, json={"title": "hacked"}, headers=bob).status_code,
            client.delete(path, headers=bob).status_code,
            len(client.get("/todos", headers=bob).json()["data"]),
        )


@pytest.mark.parametrize("broken", FORGOTTEN, ids=lambda broken: broken.name)
def test_a_query_that_forgot_its_rule_still_shows_strangers_nothing(
    broken: Broken, delivered: Project, postgres_url: str, tmp_path: Path
) -> None:
    project = broken_copy(delivered, "todos", tmp_path / "project", broken)
    with running(project.root, "todos", postgres_url) as server:
        assert strangers_view(server.url) == (404, 404, 404, 0)


def test_without_the_layer_the_same_mistake_shows_everything(
    delivered: Project, sqlite_url: str, tmp_path: Path
) -> None:
    """What the tests above would miss if it were not the database that answers."""
    project = broken_copy(delivered, "todos", tmp_path / "project", FORGOTTEN[0])
    with running(project.root, "todos", sqlite_url) as server:
        assert strangers_view(server.url)[0] == 200
