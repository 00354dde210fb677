"""A migration that is killed at any boundary whatever comes to its end afterwards, or is taken back; nothing is lost.

A boundary is before and after every statement, half way through every script, half way through an index that is made
concurrently, after every batch, before and after every line of the ledger, and before and after every commit.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal

import asyncpg
import pytest
from killed_runs import Killed, dying
from migrate_parts import contract, fetch, migrate, migrate_on
from model_parts import constant
from msgspec.structs import replace
from plan_parts import (
    DELETED,
    KEY,
    SEQUENCE,
    at_least,
    choice,
    entity,
    flag,
    index,
    many,
    model,
    number,
    reference,
    scalar,
    several,
    string,
)

from backwright.expr.typed import Type
from backwright.migrate import live
from backwright.migrate.allowed import Successor
from backwright.migrate.expansion import made_by
from backwright.migrate.inspect import dialect_of, differences, inspect
from backwright.migrate.naming import migration_folders
from backwright.migrate.rows import rows
from backwright.model.types import Entity, Field, Model, Security
from backwright.plan import plan
from backwright_runtime import migrations as runner

ORG, LABEL = entity("Org", string("name", 1, 9)), entity("Label", string("name", 1, 9))
SIZE, CODE = number("size", 0, 99), string("code", 1, 12)
FIVE = constant(5, Type("integer"))


def was(field: Field, place: str) -> Field:
    return replace(field, was=place)


def nullable(field: Field) -> Field:
    return replace(field, nullable=True)


WIDE: tuple[Entity, ...] = (
    ORG,
    LABEL,
    entity(
        "Item",
        SIZE,
        CODE,
        nullable(number("old", 0, 9)),
        nullable(number("rank", 0, 9)),
        string("note", None, 20, nullable=True),
        string("weight", 1, 9),
        replace(scalar("price", "decimal"), type=replace(scalar("price", "decimal").type, scale=2)),
        choice("state", "x", "y", default="x"),
        scalar("at", "timestamp"),
        many("labels", "Label"),
        reference("org", "Org", "cascade"),
        reference("label", "Label", nullable=True),
        indexes=(index("item", SIZE),),
    ),
    entity("Gone", reference("org", "Org"), string("text", 1, 9), number("n", 0, 9)),
    entity("Line", reference("org", "Org"), string("text", 1, 9)),
)
WIDER: tuple[Entity, ...] = (
    ORG,
    LABEL,
    entity(
        "Thing",
        was(number("width", 0, 99), "size"),
        replace(CODE, unique=True),
        replace(number("rank", 0, 9), default=FIVE),
        string("note", None, 40, nullable=True),
        was(number("grams"), "weight"),
        was(number("units"), "price"),
        choice("state", "x", "y", "z", default="z"),
        scalar("at", "date"),
        was(many("tags", "Label"), "label"),
        reference("org", "Org", "restrict"),
        flag("seen", False),
        several("words", "string", nullable=True),
        DELETED,
        indexes=(index("thing", number("width"), number("rank")),),
        checks=(at_least("big", "Thing", number("width"), 0),),
        soft_delete="deleted_at",
        was="Item",
    ),
    entity("New", reference("org", "Org"), reference("thing", "Thing"), string("text", 1, 9)),
    entity("Line", was(reference("owner", "Org"), "org"), was(string("words", 1, 9), "text")),
)


def shop(*key: Field, rest: tuple[Field, ...] = (CODE,)) -> Model:
    parent = reference("parent", "Item", "set_null", nullable=True)
    item = entity("Item", *rest, SIZE, parent, many("alike", "Item"), key=key)
    line = entity("Line", reference("item", "Item", "cascade"), string("text", 1, 30))
    only = entity("Only", string("text", 1, 30), key=(reference("item", "Item", "cascade"),))
    return model(item, line, entity("Note", many("items", "Item")), only)


PERSON = string("name", 1, 30, unique=True)
STREET, CITY = string("street", 1, 30), string("city", None, 20, nullable=True)
OWNER = reference("person", "Person", "cascade", unique=True)


def parted(*mine: Field, part: tuple[Field, ...] = ()) -> Model:
    parts = (entity("Address", OWNER, *part),) if part else ()
    return model(entity("Person", PERSON, *mine), *parts)


def moved(place: str) -> tuple[Field, ...]:
    return tuple(was(each, f"{place}.{each.name}") for each in (STREET, CITY))


def split(found: Model) -> Model:
    return replace(found, service=replace(found.service, changes="expand_then_contract"))


def guarded(*entities: Entity) -> Model:
    return replace(model(*entities), security=Security(row_level=True))


KINDS: dict[str, tuple[Model, Model]] = {
    "all at once": (model(*WIDE), model(*WIDER)),
    "all back at once": (model(*WIDER), model(*(replace(e, was="Thing" if e.name == "Item" else None) for e in WIDE))),
    "links become a reference": (
        model(ORG, LABEL, entity("Item", reference("org", "Org"), many("extra", "Label"))),
        model(ORG, LABEL, entity("Item", was(many("orgs", "Org"), "org"))),
    ),
    "another key": (shop(KEY), shop(SEQUENCE)),
    "a field as the key": (shop(KEY, rest=(replace(CODE, unique=True),)), shop(CODE, rest=())),
    "a key of two": (
        model(ORG, entity("Seat", SIZE, reference("org", "Org"), CODE)),
        model(ORG, entity("Seat", CODE, key=(reference("org", "Org"), number("size", 0, 99)))),
    ),
    "split": (parted(STREET, CITY), parted(part=moved("Person"))),
    "merge": (parted(part=(STREET, CITY)), parted(*moved("Address"))),
    "expand": (
        model(ORG, entity("Item", CITY, string("weight", 1, 9), number("old", 0, 9))),
        split(model(ORG, entity("Item", was(CITY, "city"), was(number("grams"), "weight"), nullable(SIZE)))),
    ),
    "policies": (
        guarded(ORG, entity("Item", SIZE, CODE, reference("org", "Org"))),
        guarded(ORG, entity("Item", was(number("width", 0, 99), "size"), reference("org", "Org"), nullable(STREET))),
    ),
}  # fmt: skip
WAYS = [(kind, False) for kind in KINDS] + [("expand", True)]


@pytest.fixture(params=WAYS, ids=lambda way: way[0] + (", contracted" if way[1] else ""))
def folder(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> Path:
    """Migrations of which the last is pending, in front of rows. A batch is of two rows."""
    kind, contracted = request.param
    before, after = KINDS[kind]
    assert plan(before, after).refused == ()
    migrate(tmp_path, before)
    asyncio.run(runner.up(database, tmp_path))
    asyncio.run(live.insert(database, rows(before, 7, Successor(before, after))))
    migrate_on(tmp_path, before, after)
    if contracted:
        contract(tmp_path)
    for path in tmp_path.glob("*/*.sql"):
        path.write_text(path.read_text(encoding="utf-8").replace("LIMIT 5000", "LIMIT 2"), encoding="utf-8")
    if contracted:
        asyncio.run(runner.up(database, tmp_path, to=migration_folders(tmp_path)[-2]))
    return tmp_path


UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
Stored = dict[str, list[str]]


def stored(url: str, known: Stored | None = None) -> Stored:
    """Every row of every table, kept ones included. Keys that were not `known` are all called the same."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            found = {
                name: [
                    str(sorted(dict(row).items())) for row in connection.execute(f'SELECT * FROM "{name}"')
                ]
                for connection.row_factory in (sqlite3.Row,)
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_schema WHERE type = 'table'"
                ).fetchall()
            }
    else:
        found = asyncio.run(_on_postgresql(url))
    mine = {name for each in (known or {}).values() for row in each for name in UUID.findall(row)}
    return {
        table: sorted(
            UUID.sub(lambda one: one[0] if known is None or one[0] in mine else "made", e) for e in each
        )
        for table, each in found.items()
        if table not in ("backwright_migration", "sqlite_sequence")
    }


async def _on_postgresql(url: str) -> Stored:
    tables = (
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    connection = await asyncpg.connect(url)
    try:
        return {
            name: [
                str(sorted(dict(row).items())) for row in await connection.fetch(f'SELECT * FROM "{name}"')
            ]
            for (name,) in await connection.fetch(tables)
        }
    finally:
        await connection.close()


class Story:
    """One way of one migration, killed again and again."""

    def __init__(self, url: str, folder: Path, way: Literal["up", "down"], known: Stored) -> None:
        self.url, self.folder, self.way = url, folder, way
        self.name = migration_folders(folder)[-1]
        self.steps = runner.Migration(self.name, folder / self.name).steps(way, dialect_of(url))
        self.known = known

    def run(self) -> None:
        asyncio.run((runner.up if self.way == "up" else runner.down)(self.url, self.folder))

    def done(self) -> int:
        """How many steps of this way are done. The last one of the way back clears the ledger."""
        asked = f"SELECT step FROM backwright_migration WHERE migration = '{self.name}'"
        found = [step for (step,) in fetch(self.url, asked)]
        if self.way == "down" and not found:
            return len(self.steps)
        return sum(step > 0 if self.way == "up" else step < 0 for step in found)

    def seen(self) -> list[Stored]:
        """What is stored before the first step, and after each, in a run that nobody kills."""
        found = [stored(self.url, self.known)]

        async def after_step(migration: runner.Migration, step: runner.Step) -> None:
            found.append(await asyncio.to_thread(stored, self.url, self.known))

        way = runner.up if self.way == "up" else runner.down
        asyncio.run(way(self.url, self.folder, after_step=after_step))
        return found

    def to_its_end(self, monkeypatch: pytest.MonkeyPatch, seen: list[Stored]) -> int:
        """Killed at every boundary of every step, each time run again; how often it was killed."""
        due, killed = 1, 0
        done = self.done()
        while done < len(self.steps):
            with dying(monkeypatch, due) as boundaries, suppress(Killed):
                self.run()
            assert boundaries.passed == due
            killed += 1
            before, done = done, self.done()
            is_whole = done == len(self.steps) or self.steps[done].manner == "in a transaction"
            if is_whole and not boundaries.last.startswith("before "):
                assert stored(self.url, self.known) == seen[done], boundaries.last
            due = due + 1 if done == before else 1
        return killed


def test_killed_at_every_boundary_it_comes_to_its_end(
    folder: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up, and down again. No kill leaves half a step behind, and the end is that of a run that nobody killed."""
    begun = stored(database)
    up = Story(database, folder, "up", begun)
    seen_up = up.seen()
    down = Story(database, folder, "down", begun)
    seen_down = down.seen()
    assert stored(database) == begun
    assert up.to_its_end(monkeypatch, seen_up) > 4 * len(up.steps)
    assert stored(database, begun) == seen_up[-1]
    wanted = made_by(folder / up.name, dialect_of(database))
    assert differences(asyncio.run(inspect(database)), wanted) == []
    assert down.to_its_end(monkeypatch, seen_down) > 4 * len(down.steps)
    assert stored(database) == begun


def test_killed_after_any_step_it_is_taken_back(folder: Path, database: str) -> None:
    """What was begun can be rolled back without anybody saying so twice."""
    begun, schema = stored(database), asyncio.run(inspect(database))
    name = migration_folders(folder)[-1]
    steps = runner.Migration(name, folder / name).steps("up", dialect_of(database))
    for last in steps[:-1]:

        async def kill(migration: runner.Migration, step: runner.Step, number: int = last.number) -> None:
            if step.number == number:
                raise Killed

        with pytest.raises(Killed):
            asyncio.run(runner.up(database, folder, after_step=kill))
        assert asyncio.run(runner.down(database, folder)) == [name]
        assert stored(database) == begun
        assert differences(asyncio.run(inspect(database)), schema) == []
