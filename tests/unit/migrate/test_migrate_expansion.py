"""Expand, then contract: two versions of a service write side by side, and each reads what the other one wrote."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from migrate_parts import contract, execute, fetch, migrate, proven
from model_parts import constant
from msgspec.structs import replace
from plan_parts import (
    at_least,
    choice,
    entity,
    index,
    many,
    model,
    number,
    reference,
    scalar,
    string,
)

from backwright import pipeline
from backwright.expr.typed import Type
from backwright.migrate.expansion import made_by, outstanding
from backwright.migrate.inspect import differences, inspect
from backwright.migrate.naming import migration_folders
from backwright.migrate.prove import prove
from backwright.model import snapshot
from backwright.model.types import Field, Model
from backwright.plan import plan
from backwright.project import Project
from backwright_runtime import migrations as runner


def split(found: Model) -> Model:
    return replace(found, service=replace(found.service, changes="expand_then_contract"))


def was(field: Field, name: str) -> Field:
    return replace(field, was=name)


ORG = entity("Org", string("name", 1, 9))
NOTE, WEIGHT = string("note", None, 20, nullable=True), string("weight", 1, 9)
BEFORE = model(ORG, entity("Item", NOTE, WEIGHT, number("old", 0, 9)))
AFTER = split(
    model(
        ORG,
        entity(
            "Item",
            was(string("remark", None, 30, nullable=True), "note"),
            was(number("grams", 0, 99), "weight"),
        ),
    )
)
EARLIER = "INSERT INTO item (id, note, weight, old) VALUES (gen_random_uuid(), {}, {}, 1)"
LATER = "INSERT INTO item (id, remark, grams) VALUES (gen_random_uuid(), {}, {})"
BOTH = "SELECT note, remark, weight, grams FROM item ORDER BY grams"


def at(folder: Path, url: str, *, contracted: bool = False) -> None:
    """One row of the earlier version, then the expansion (and the contraction)."""
    migrate(folder, BEFORE, AFTER)
    first, _ = migration_folders(folder)
    asyncio.run(runner.up(url, folder, to=first))
    execute(url, EARLIER.format("'a'", "'1'"))
    if contracted:
        contract(folder)
    asyncio.run(runner.up(url, folder))


def test_each_version_reads_what_the_other_one_wrote(tmp_path: Path, postgres_url: str) -> None:
    at(tmp_path, postgres_url)
    execute(postgres_url, EARLIER.format("NULL", "'2'"))
    execute(postgres_url, LATER.format("'c'", 3))
    assert fetch(postgres_url, BOTH) == [("a", "a", "1", 1), (None, None, "2", 2), ("c", "c", "3", 3)]
    execute(postgres_url, "UPDATE item SET note = 'z', weight = '11' WHERE weight = '1'")
    execute(postgres_url, "UPDATE item SET remark = NULL, grams = 13 WHERE grams = 3")
    execute(postgres_url, "UPDATE item SET old = 2 WHERE grams = 2")
    assert fetch(postgres_url, BOTH) == [
        (None, None, "2", 2),
        ("z", "z", "11", 11),
        (None, None, "13", 13),
    ]
    assert fetch(postgres_url, "SELECT old FROM item WHERE grams = 13") == [(None,)]


def test_what_only_one_version_could_say_is_refused_meanwhile(tmp_path: Path, postgres_url: str) -> None:
    at(tmp_path, postgres_url)
    with pytest.raises(asyncpg.CheckViolationError, match="cannot both say"):
        execute(postgres_url, EARLIER.format("'b'", "'two'"))
    execute(postgres_url, LATER.format("'longer than twenty letters'", 5))


def test_the_contraction_takes_away_what_only_the_earlier_version_used(
    tmp_path: Path, postgres_url: str
) -> None:
    at(tmp_path, postgres_url)
    found = outstanding(tmp_path)
    assert found is not None
    assert found.migration == migration_folders(tmp_path)[-1]
    assert contract(tmp_path) == "drop-field Item.note, drop-field Item.weight, drop-field Item.old"
    assert outstanding(tmp_path) is None
    asyncio.run(runner.up(postgres_url, tmp_path))
    with pytest.raises(asyncpg.UndefinedColumnError):
        execute(postgres_url, EARLIER.format("'b'", "'2'"))
    execute(postgres_url, LATER.format("'b'", 2))
    execute(postgres_url, "UPDATE item SET remark = 'changed since' WHERE grams = 1")
    asyncio.run(runner.down(postgres_url, tmp_path))
    assert fetch(postgres_url, BOTH) == [("changed since", "changed since", "1", 1), ("b", "b", "2", 2)]
    execute(postgres_url, EARLIER.format("'d'", "'4'"))
    execute(postgres_url, LATER.format("'e'", 5))
    assert fetch(postgres_url, BOTH)[2:] == [("d", "d", "4", 4), ("e", "e", "5", 5)]


def test_the_expansion_is_taken_back_with_what_was_written_meanwhile(
    tmp_path: Path, postgres_url: str
) -> None:
    at(tmp_path, postgres_url)
    execute(postgres_url, EARLIER.format("'b'", "'2'"))
    execute(postgres_url, "UPDATE item SET remark = 'c', grams = 7 WHERE grams = 2")
    asyncio.run(runner.down(postgres_url, tmp_path))
    assert fetch(postgres_url, "SELECT note, weight FROM item ORDER BY weight") == [("a", "1"), ("c", "7")]
    execute(postgres_url, EARLIER.format("'b'", "'two'"))


def test_digits_that_the_later_type_has_no_room_for_stay_until_the_contraction(
    tmp_path: Path, postgres_url: str
) -> None:
    price = scalar("price", "decimal")
    price = replace(price, type=replace(price.type, scale=2))
    units = was(number("units", 0, 99), "price")
    migrate(tmp_path, model(entity("Item", price)), split(model(entity("Item", units))))
    first, _ = migration_folders(tmp_path)
    asyncio.run(runner.up(postgres_url, tmp_path, to=first))
    execute(postgres_url, "INSERT INTO item (id, price) VALUES (gen_random_uuid(), 1.4)")
    asyncio.run(runner.up(postgres_url, tmp_path))
    shown = "SELECT price::text, units FROM item ORDER BY price"
    execute(postgres_url, "INSERT INTO item (id, price) VALUES (gen_random_uuid(), 2.6)")
    assert fetch(postgres_url, shown) == [("1.40", 1), ("2.60", 3)]
    execute(postgres_url, "UPDATE item SET units = 3")
    assert fetch(postgres_url, shown) == [("2.60", 3), ("3.00", 3)]
    contract(tmp_path)
    asyncio.run(runner.up(postgres_url, tmp_path))
    execute(postgres_url, "UPDATE item SET units = 5 WHERE backwright_retained_" + _kept(tmp_path) + " = 3")
    asyncio.run(runner.down(postgres_url, tmp_path))
    assert fetch(postgres_url, shown) == [("2.60", 3), ("5.00", 5)]


def _kept(folder: Path) -> str:
    return f"{migration_folders(folder)[-1].partition('_')[0]}_item_price"


def test_a_reference_that_is_dropped_keeps_no_row_of_the_later_version(
    tmp_path: Path, postgres_url: str
) -> None:
    before = model(ORG, entity("Item", reference("org", "Org", "cascade")))
    migrate(tmp_path, before, split(model(ORG, entity("Item"))))
    asyncio.run(runner.up(postgres_url, tmp_path))
    execute(
        postgres_url,
        "WITH made AS (INSERT INTO org (id, name) VALUES (gen_random_uuid(), 'a') RETURNING id)"
        " INSERT INTO item (id, org_id) SELECT gen_random_uuid(), id FROM made",
    )
    execute(postgres_url, "DELETE FROM org")
    assert fetch(postgres_url, "SELECT org_id FROM item") == [(None,)]


FIVE = constant(5, Type("integer"))
DELETED_AT = replace(scalar("deleted_at", "timestamp", nullable=True), input=False)
CODE = (string("code", 1, 12),)
PAIRS: dict[str, tuple[Model, Model]] = {
    "a rename, a conversion and a drop": (BEFORE, AFTER),
    "a unique field": (
        model(entity("Item", string("code", 1, 9, unique=True), number("old", 0, 9, default=3))),
        model(entity("Item", was(string("label", 1, 9, unique=True), "code"))),
    ),
    "indexes and checks": (
        model(
            entity(
                "Item",
                number("size", 0, 99),
                number("old", 0, 9),
                indexes=(index("item", number("size"), number("old")),),
                checks=(at_least("big", "Item", number("size"), 0),),
            )
        ),
        model(
            entity(
                "Item",
                was(number("width", 0, 99), "size"),
                indexes=(index("item", number("width")),),
                checks=(at_least("big", "Item", number("width"), 0),),
            )
        ),
    ),
    "a reference": (
        model(ORG, entity("Item", reference("org", "Org", "cascade"), reference("other", "Org"))),
        model(ORG, entity("Item", was(reference("owner", "Org", "cascade"), "org"))),
    ),
    "a reference to a key that may be given again": (
        model(entity("User", key=CODE), entity("Item", reference("user", "User", "cascade"))),
        model(entity("User", DELETED_AT, key=CODE, soft_delete="deleted_at"), entity("Item")),
    ),
    "required with a default": (
        model(entity("Item", replace(number("size", 0, 99), nullable=True))),
        model(entity("Item", was(replace(number("width", 0, 99), default=FIVE), "size"))),
    ),
    "choices": (
        model(entity("Item", choice("state", "x", "y", default="x"), scalar("at", "timestamp"))),
        model(
            entity(
                "Item",
                was(choice("status", "x", "y", "z", default="y"), "state"),
                was(scalar("on", "date"), "at"),
            )
        ),
    ),
}


@pytest.mark.parametrize("case", PAIRS)
def test_up_down_up_of_both_migrations(tmp_path: Path, sqlite_url: str, postgres_url: str, case: str) -> None:
    """On rows; what the expansion makes is what the proof of the contraction begins with and comes back to."""
    before, after = PAIRS[case][0], split(PAIRS[case][1])
    assert plan(before, after).refused == ()
    assert proven(tmp_path, postgres_url, before, after) == {}
    contract(tmp_path)
    for url in (sqlite_url, postgres_url):
        asyncio.run(_emptied(url))
        proof = asyncio.run(prove(tmp_path, url, after, 20))
        assert {check.what: check.wrong for check in proof.checks if check.wrong} == {}
        assert all(proof.rows.values())


async def _emptied(url: str) -> None:
    if not url.startswith("sqlite"):
        connection = await asyncpg.connect(url)
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await connection.close()


def test_every_pending_migration_runs_and_the_drift_is_none(tmp_path: Path, database: str) -> None:
    """Also on a database that had none of them: rows that stand in the way are looked for when there are some."""
    project = Project(tmp_path)
    migrate(project.migrations, BEFORE, AFTER)
    first, second = migration_folders(project.migrations)
    (project.migrations / "model.json").write_bytes(snapshot.encode(AFTER))
    assert pipeline.migrate(project, "up", database) == [first, second]
    assert pipeline.schema_drift(project, database) == []
    assert pipeline.uncontracted(project) == second


def test_the_schema_of_an_expansion_is_known(tmp_path: Path, postgres_url: str) -> None:
    """What somebody adds by hand is found, and the columns that wait for the contraction are not."""
    at(tmp_path, postgres_url)
    wanted = made_by(tmp_path / migration_folders(tmp_path)[-1], "postgresql")
    assert differences(asyncio.run(inspect(postgres_url)), wanted) == []
    execute(postgres_url, "ALTER TABLE item ADD COLUMN mine integer")
    assert differences(asyncio.run(inspect(postgres_url)), wanted) == ["item: column mine is left over"]


REFUSED: dict[str, tuple[Model, Model, str]] = {
    "an entity": (model(ORG, entity("Item")), model(ORG), "Item is no longer in the specification"),
    "an entity's name": (
        model(entity("Item")),
        model(entity("Thing", was="Item")),
        "the rows of Thing move to another table",
    ),
    "a type under the same name": (
        model(entity("Item", string("size", 1, 9))),
        model(entity("Item", number("size"))),
        "Item.size changes its type under the same name",
    ),
    "links": (
        model(ORG, entity("Item", many("orgs", "Org"))),
        model(ORG, entity("Item")),
        "the links of Item.orgs go, or get another name",
    ),
    "links of a reference": (
        model(ORG, entity("Item", reference("org", "Org"))),
        model(ORG, entity("Item", was(many("orgs", "Org"), "org"))),
        "Item.org becomes links",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_split_is_refused_by_name(case: str) -> None:
    before, after, why = REFUSED[case]
    assert plan(before, after).refused == ()
    refused: Any = plan(before, split(after)).refused
    assert [each.code for each in refused] == ["BW810"]
    assert why in refused[0].message
