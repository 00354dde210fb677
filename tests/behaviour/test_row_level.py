"""Row-level security as a second layer: it agrees with the rules, and holds where a query forgot its own."""

from __future__ import annotations

import asyncio
import importlib
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
from built_project import Broken, broken_copy, built, compared
from model_trial import accepted, trial
from models import todos
from spec_random import specification, yaml

from backwright.migrate import live
from backwright.migrate.expected import expected
from backwright.migrate.inspect import differences, inspect
from backwright.migrate.prove import prove
from backwright.migrate.rows import rows
from backwright.model.build import build, examine
from backwright.model.storage import link_columns, link_table
from backwright.model.types import Entity, ManyType, Model, Security
from backwright.plan import plan
from backwright.project import Project
from backwright.reference.evaluate import Environment, holds
from backwright.spec.reader import read
from backwright.verify.script import script
from backwright.verify.server import running
from backwright_runtime import migrations as runner
from backwright_runtime.database.names import caller_role
from backwright_runtime.testing import client, settings_for

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
    found = compared(built(model, tmp_path), model, postgres_url, requests=150, seconds=60)
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


def test_neither_owner_nor_service_needs_to_be_a_superuser(postgres_url: str, tmp_path: Path) -> None:
    """The owner may make roles and nothing else; the service logs in as somebody who owns nothing."""
    name = f"svc{secrets.token_hex(4)}"
    model = guarded(todos())
    model = msgspec.structs.replace(
        model, service=msgspec.structs.replace(model.service, name=name, package=name)
    )
    project = built(model, tmp_path)
    owner, service = (as_user(postgres_url, f"{name}_{each}") for each in ("owner", "app"))
    database = urlsplit(postgres_url).path.strip("/")
    asyncio.run(
        executed(
            postgres_url,
            f"CREATE ROLE {name}_owner LOGIN CREATEROLE; CREATE ROLE {name}_app LOGIN; "
            f"ALTER DATABASE {database} OWNER TO {name}_owner",
        )
    )
    try:
        with running(project.root, name, owner) as server:
            assert strangers_view(server.url) == (404, 404, 404, 0)
        asyncio.run(executed(owner, f"GRANT {name}_caller, {name}_trusted TO {name}_app"))
        assert asyncio.run(strangers_view_in_process(project, name, service)) == (200, 404)
        asyncio.run(runner.down(owner, project.migrations))
        left = asyncio.run(
            live.fetch(postgres_url, f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{name}%'")
        )
        assert sorted(left) == [(f"{name}_app",), (f"{name}_owner",)]
    finally:
        asyncio.run(
            executed(
                postgres_url,
                f"REASSIGN OWNED BY {name}_owner TO CURRENT_USER; DROP OWNED BY {name}_owner, {name}_app; "
                f"DROP ROLE {name}_owner, {name}_app",
            )
        )


def as_user(url: str, user: str) -> str:
    """The same database for another user; the server of the tests trusts its own machine."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}"))


async def executed(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statements)
    await connection.close()


async def strangers_view_in_process(project: Project, package: str, url: str) -> tuple[int, int]:
    """What owner and stranger get of a todo from a service that does not migrate."""
    sys.path.insert(0, str(project.root))
    try:
        create_app = importlib.import_module(f"{package}.app").create_app
        settings = importlib.import_module(f"{package}.settings").Settings
    finally:
        sys.path.remove(str(project.root))
    given = settings_for(settings, url)

    def serving(_: str) -> Any:
        app = create_app(given)
        app.migrations = project.migrations  # so that /ready reads the ledger
        return app

    async with client(serving, database_url=url) as asking:
        headers = []
        for name in ("cy", "di"):
            account = {"email": f"{name}@example.com", "password": "correct horse"}
            (await asking.post("/auth/register", json=account)).raise_for_status()
            token = (await asking.post("/auth/login", json=account)).json()["data"]["token"]
            headers.append({"authorization": f"Bearer {token}"})
        made = await asking.post("/todos", json={"title": "Milk"}, headers=headers[0])
        path = f"/todos/{made.json()['data']['id']}"
        assert (await asking.get("/ready")).status_code == 200
        own, others = [(await asking.get(path, headers=each)).status_code for each in headers]
        return own, others


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


# Every table, every caller ----------------------------------------------------------------------------


async def visible(url: str, model: Model) -> list[tuple[str, Any, list[Any], list[Any]]]:
    """For each caller and entity: the keys that its role sees, and those that the reference lets it read."""
    connection = await asyncpg.connect(url)
    stored = {each.name: await rows_of(connection, model, each) for each in model.entities}
    assert model.auth is not None
    identity = model.entity(model.auth.identity)
    now = datetime(2030, 1, 1, tzinfo=UTC)
    found = []
    for caller in [None, *stored[identity.name][:6]]:
        subject = "" if caller is None else str(caller[identity.key])
        for entity in model.entities:
            about = Environment(
                now=now, caller=caller, rows=stored, keys={each.name: each.keys for each in model.entities}
            )
            readable = [
                tuple(row[key] for key in entity.keys)
                for row in stored[entity.name]
                if holds(entity.access["read"].condition, msgspec.structs.replace(about, this=row))
            ]
            async with connection.transaction():
                await connection.execute(f"SET LOCAL ROLE {caller_role(model.service.package)}")
                await connection.execute("SELECT set_config('backwright.caller', $1, true)", subject)
                await connection.execute("SELECT set_config('backwright.now', $1, true)", now.isoformat())
                columns = ", ".join(f'"{entity.field(key).column}"' for key in entity.keys)
                seen = [
                    tuple(row) for row in await connection.fetch(f'SELECT {columns} FROM "{entity.table}"')
                ]
            found.append((entity.name, subject, sorted(seen), sorted(readable)))
    await connection.close()
    return found


async def rows_of(connection: Any, model: Model, entity: Entity) -> list[dict[str, Any]]:
    """The rows that are there, as the reference has them: by the names of fields, links as lists of keys."""
    found = [dict(row) for row in await connection.fetch(f'SELECT * FROM "{entity.table}"')]
    rows = []
    for stored in found:
        row: dict[str, Any] = {}
        for field in entity.fields:
            if isinstance(field.type, ManyType):
                holder, target = link_columns(entity, field.name, model.entity(field.type.entity))
                query = f'SELECT "{target}" FROM "{link_table(entity, field.name)}" WHERE "{holder}" = $1'
                row[field.name] = [link[0] for link in await connection.fetch(query, row[entity.key])]
            else:
                row[field.name] = stored[field.column]
        if entity.soft_delete is None or row[entity.soft_delete] is None:
            rows.append(row)
    return rows


@pytest.mark.parametrize("name", ["tracker", "clinic", "forum", "inventory", "conduit"])
def test_a_caller_sees_in_every_table_what_the_reference_lets_it_read(
    name: str, postgres_url: str, tmp_path: Path
) -> None:
    """Straight from the tables, in the role of callers: no query of the service has a part in it."""
    model = example(name)

    async def seen() -> list[tuple[str, Any, list[Any], list[Any]]]:
        await runner.up(postgres_url, built(model, tmp_path).migrations)
        await live.insert(postgres_url, rows(model, 12))
        return await visible(postgres_url, model)

    found = asyncio.run(seen())
    assert [each for each in found if each[2] != each[3]] == []
    assert any(each[2] for each in found)


def test_a_stranger_writes_nothing_in_the_role_of_callers(postgres_url: str, tmp_path: Path) -> None:
    model = guarded(todos())

    async def written() -> tuple[str, str, bool]:
        await runner.up(postgres_url, built(model, tmp_path).migrations)
        await live.insert(postgres_url, rows(model, 3))
        connection = await asyncpg.connect(postgres_url)
        owner, key = await connection.fetchrow("SELECT owner_id, id FROM todo LIMIT 1")
        await connection.execute("SELECT set_config('backwright.caller', $1, false)", str(UUID(int=7)))
        await connection.execute(f"SET ROLE {caller_role('todos')}")
        changed = await connection.execute("UPDATE todo SET title = 'hacked' WHERE id = $1", key)
        removed = await connection.execute("DELETE FROM todo WHERE id = $1", key)
        new = "INSERT INTO todo (id, title, done, owner_id, created_at) VALUES ($1, 'x', false, $2, now())"
        try:
            await connection.execute(new, UUID(int=8), owner)
            refused = False
        except asyncpg.InsufficientPrivilegeError:
            refused = True
        await connection.close()
        return changed, removed, refused

    assert asyncio.run(written()) == ("UPDATE 0", "DELETE 0", True)


# The switch as a change -------------------------------------------------------------------------------


def test_switching_it_off_needs_an_approval_and_on_says_whom_it_concerns() -> None:
    plain = todos()
    [on] = plan(plain, guarded(plain)).changes
    [off] = plan(guarded(plain), plain).changes
    assert (on.hazard, off.hazard) == ("breaking", "widens_access")
    assert "row_level" in on.reason


def test_a_rule_that_compares_what_is_encrypted_is_refused(tmp_path: Path) -> None:
    (tmp_path / "backwright.yaml").write_text(SEALED, encoding="utf-8")
    model, found = examine(read(Project(tmp_path)))
    assert model is None
    assert "BW327" in {each.code for each in found}


SEALED = """
service: {name: vault, version: 1.0.0}
security: {row_level: on}
auth: {identity: User, by: email, flows: [register, login]}
entities:
  User:
    fields: {email: {type: email, unique: true}, password: password, word: string}
    access: {create: public, read: this == caller}
  Box:
    fields: {secret: {type: string, encrypted: true}}
    access: {read: "this.secret == caller.word"}
"""


def test_a_random_specification_agrees_with_the_layer(tmp_path: Path) -> None:
    tree = {**specification(34), "security": {"row_level": "on"}}
    model = accepted(yaml(tree), tmp_path)
    assert isinstance(model, Model)
    assert trial(tmp_path, ("migrations", "behaviour"), ("postgresql",), 150) == []
