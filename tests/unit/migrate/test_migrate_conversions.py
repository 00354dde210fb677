"""Stored values become values of another type, or stand in the way; and they come back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from migrate_parts import execute, fetch, migrate, proven
from model_parts import constant
from msgspec.structs import replace
from plan_parts import choice, entity, index, many, model, number, reference, scalar, string

from backwright.expr.typed import Constant, Convert, Name, Type
from backwright.migrate.conversions import conversion
from backwright.migrate.converted import converted
from backwright.migrate.inspect import dialect_of
from backwright.migrate.obstacles import obstacles
from backwright.model.types import Field, Formula, Model, ScalarType
from backwright.plan import plan
from backwright.plan.conversions import _BY_NAME
from backwright_runtime import migrations as runner


def kind(name: str, scale: int | None = None) -> ScalarType:
    match name:
        case "decimal":
            return ScalarType(scalar="decimal", scale=2 if scale is None else scale)
        case "enum":
            return ScalarType(scalar="enum", values=("a", "it's"))
        case "string":
            return ScalarType(scalar="string", max=40)
        case _:
            return ScalarType(scalar=name)


PAIRS = [(kind(one), kind(other)) for one, other in _BY_NAME]
PAIRS += [
    (kind("decimal"), kind("decimal", 4)),
    (kind("decimal"), kind("decimal", 1)),
    (kind("decimal", 0), kind("string")),
    (kind("string"), kind("decimal", 0)),
    (kind("double"), kind("decimal", 5)),
    (kind("decimal", 3), kind("integer")),
    (kind("text"), kind("integer")),
    (kind("string"), kind("decimal", 18)),
    (kind("integer"), kind("decimal", 0)),
]


def test_every_conversion_there_and_back(tmp_path: Path, database: str) -> None:
    """All of the table in one migration: counterparts as computed apart from it, and former rows on the way down."""
    before = [
        Field(name=f"f{n}", column=f"f{n}", type=one, nullable=True) for n, (one, _) in enumerate(PAIRS)
    ]
    after = [
        Field(name=f"f{n}", column=f"f{n}", type=other, nullable=True) for n, (_, other) in enumerate(PAIRS)
    ]
    assert proven(tmp_path, database, model(entity("Item", *before)), model(entity("Item", *after))) == {}


VALUES: dict[tuple[str, str, int | None], dict[str, bool]] = {
    ("string", "integer", None): {
        "0": True, "-7": True, "9223372036854775807": True, "-9223372036854775808": True,
        "9223372036854775808": False, "05": False, "+5": False, " 5": False, "5 ": False, "5\n": False,
        "-0": False, "1e3": False, "": False, "many": False, "0x1F": False, "1_000": False, "٣": False,
    },
    ("string", "decimal", 2): {
        "0": True, "1.5": True, "-1.50": True, "9999999999999999.99": True, "-0.01": True, "0.0": True,
        "10000000000000000": False, "1.": False, ".5": False, "1.505": False, "--1": False, "1.5.1": False,
        "01.5": False, "1,5": False, "": False, "-": False, "1e2": False, "NaN": False, "1-": False,
    },
    ("string", "date", None): {
        "2024-02-29": True, "0001-01-01": True, "9999-12-31": True, "2023-02-29": False, "2024-04-31": False,
        "0000-01-01": False, "2024-1-1": False, "now": False, "2024-01-01 ": False, "20240101": False, "": False,
    },
    ("string", "timestamp", None): {
        "2024-02-29T23:59:59Z": True, "2024-02-29T00:00:00.5Z": True, "2024-02-29T00:00:00.123456Z": True,
        "2024-02-30T00:00:00Z": False, "2024-02-29T24:00:00Z": False, "2024-02-29T00:60:00Z": False,
        "2024-02-29 00:00:00Z": False, "2024-02-29T00:00:00": False, "2024-02-29T00:00:00.Z": False,
        "2024-02-29T00:00:00.1234567Z": False, "2024-02-29T00:00:00+01:00": False, "2024-02-29": False,
    },
    ("string", "boolean", None): {"true": True, "false": True, "True": False, "1": False, "": False, "yes": False},
    ("string", "email", None): {
        "a@b.c": True, "A.B+c@Example.TEST": True, "a@b": True, "a{|}b@b-c.de": True, "o'x@b": True, "-@b": True,
        "@b.c": False, "a@": False, "a": False, "a@b@c": False, "a@-b": False, "a@b-.c": False, "a@b.-c": False,
        "a@b..c": False, "a@.b": False, "a@b.": False, "a b@c": False, "a@b c": False, "é@b": False, "a@é": False,
        "a@b\n": False, "": False, f"a@{'b' * 63}": True, f"a@{'b' * 64}": False, "a[@b": False, "a]@b": False,
    },
    ("string", "uuid", None): {
        "0193e3a4-7b1c-7000-8000-0123456789ab": True, "0193E3A4-7b1c-7000-8000-0123456789ab": False,
        "0193e3a47b1c700080000123456789ab": False, "": False, "0193e3a4-7b1c-7000-8000-0123456789ab0": False,
    },
}  # fmt: skip
"""Texts that have a counterpart, and texts that have none. Everything that looks alike but is not is none."""


@pytest.mark.parametrize("way", VALUES, ids=lambda way: f"{way[0]}-{way[1]}")
def test_which_texts_have_a_counterpart(database: str, way: tuple[str, str, int | None]) -> None:
    """The databases and the computation apart from them agree about every text."""
    before, after = kind(way[0]), kind(way[1], way[2])
    made = conversion(before, after, dialect_of(database))
    for text, has in VALUES[way].items():
        quoted = "'" + text.replace("'", "''") + "'"
        typed = f"CAST({quoted} AS TEXT)"
        ((misfit,),) = fetch(database, f"SELECT {made.misfit(typed)}")
        assert bool(misfit) is not has, text
        assert _has(text, before, after) is has, text


def _has(text: str, before: ScalarType, after: ScalarType) -> bool:
    try:
        converted(text, before, after)
    except ValueError:
        return False
    return True


def test_what_has_no_counterpart_stands_in_the_way(tmp_path: Path, database: str) -> None:
    """It is named by key before anything begins, and the migration itself refuses it and is undone."""
    before, after = model(entity("Item", string("size", 1, 30))), model(entity("Item", number("size", 1, 50)))
    made = plan(before, after)
    assert [(each.hazard, "stand in the way" in each.reason) for each in made.changes][:1] == [
        ("breaking", True)
    ]
    stored(tmp_path, database, before, after, {1: "'7'", 2: "'many'", 3: "'99'"})
    found = asyncio.run(obstacles(database, made, before, after))
    assert [(each.code, each.message.partition(":")[0]) for each in found] == [
        ("BW809", "1 rows of Item have a size that is no integer 1..50"),
        ("BW806", "1 rows of Item have a size outside of integer 1..50"),
    ]
    assert key(2) in found[0].message
    assert key(3) in found[1].message
    with pytest.raises(runner.MigrationError, match="stored rows stand in the way"):
        asyncio.run(runner.up(database, tmp_path))
    assert fetch(database, "SELECT size FROM item ORDER BY id") == [("7",), ("many",), ("99",)]
    execute(database, "UPDATE item SET size = '8' WHERE size IN ('many', '99')")
    assert asyncio.run(obstacles(database, made, before, after)) == []
    asyncio.run(runner.up(database, tmp_path))
    assert fetch(database, "SELECT size FROM item ORDER BY id") == [(7,), (8,), (8,)]


def test_nothing_is_begun_where_a_converted_value_is_missing(tmp_path: Path, database: str) -> None:
    """Null is no misfit, but the later field has to have a value."""
    before = model(entity("Item", replace(string("size", 1, 30), nullable=True)))
    after = model(entity("Item", number("size", 1, 50)))
    stored(tmp_path, database, before, after, {1: "'7'", 2: "NULL"})
    with pytest.raises(runner.MigrationError, match=r"(?s)step 1 .*stored rows stand in the way"):
        asyncio.run(runner.up(database, tmp_path))


def test_values_that_become_alike_stand_in_the_way(tmp_path: Path, database: str) -> None:
    before = model(entity("Item", scalar("at", "timestamp", unique=True)))
    after = model(entity("Item", scalar("at", "date", unique=True)))
    stored(tmp_path, database, before, after, {1: moment(8), 2: moment(9), 3: moment(10, day=2)}, column="at")
    (found,) = asyncio.run(obstacles(database, plan(before, after), before, after))
    assert (found.code, found.message) == ("BW801", "2 rows of Item would share 1 values of at.")


def test_what_is_lost_needs_an_approval_and_comes_back(tmp_path: Path, database: str) -> None:
    """Rounded values are kept; the way back restores them where nobody has changed them since."""
    before = model(entity("Item", Field(name="size", column="size", type=kind("decimal", 2))))
    after = model(entity("Item", Field(name="size", column="size", type=kind("decimal", 0))))
    made = plan(before, after)
    assert [each.hazard for each in made.changes][:1] == ["destructive"]
    unit = 100 if database.startswith("sqlite") else 1
    stored(tmp_path, database, before, after, {1: 1.5 * unit, 2: -2.5 * unit, 3: 3 * unit, 4: 4.49 * unit})
    asyncio.run(runner.up(database, tmp_path))
    assert [int(size) for (size,) in fetch(database, "SELECT size FROM item ORDER BY id")] == [2, -3, 3, 4]
    ((table,),) = fetch(database, _RETAINED[dialect_of(database)])
    assert [int(n) for (n,) in fetch(database, f"SELECT count(*) FROM {table}")] == [3]
    execute(database, f"UPDATE item SET size = 9 WHERE id = '{key(1)}'")
    execute(database, f"DELETE FROM item WHERE id = '{key(4)}'")
    execute(database, f"INSERT INTO item (id, size) VALUES ('{key(5)}', 5)")
    asyncio.run(runner.down(database, tmp_path))
    sizes = [float(size) / unit for (size,) in fetch(database, "SELECT size FROM item ORDER BY id")]
    assert sizes == [9, -2.5, 3, 5]
    assert fetch(database, _RETAINED[dialect_of(database)]) == []


_RETAINED = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'backwright_retained%'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE tablename LIKE 'backwright_retained%'",
}

NOW = Formula(source="now", meaning=Name(root="now", type=Type("timestamp")))


TODAY = Formula(source="date(now)", meaning=Convert(type=Type("date"), to="date", of=NOW.meaning))


def test_rows_without_a_date_get_the_day(tmp_path: Path, database: str) -> None:
    before = model(entity("Item", scalar("on", "date", nullable=True)))
    after = model(entity("Item", scalar("on", "date", default=TODAY), scalar("since", "date", default=TODAY)))
    assert [each.hazard for each in plan(before, after).changes] == ["needs_backfill", "needs_backfill"]
    assert proven(tmp_path, database, before, after) == {}


@pytest.mark.parametrize("default", ["constant", "now"])
def test_rows_without_a_value_get_the_default(tmp_path: Path, database: str, default: str) -> None:
    """When a field is required from now on; the way back takes from them what nobody has changed since."""
    field = scalar("at", "timestamp", nullable=True)
    moment_of = Constant(type=Type("timestamp"), value="2024-01-01T00:00:00.000000Z")
    given = NOW if default == "now" else Formula(source="timestamp", meaning=moment_of)
    before = model(entity("Item", field))
    after = model(entity("Item", replace(field, nullable=False, default=given)))
    made = plan(before, after)
    assert [each.hazard for each in made.changes][:1] == ["needs_backfill"]
    assert proven(tmp_path, database, before, after) == {}
    asyncio.run(runner.down(database, tmp_path))
    execute(database, "DELETE FROM item")
    for row, value in {1: moment(8), 2: "NULL", 3: "NULL"}.items():
        execute(database, f"INSERT INTO item (id, at) VALUES ('{key(row)}', {value})")
    assert asyncio.run(obstacles(database, made, before, after)) == []
    asyncio.run(runner.up(database, tmp_path))
    assert fetch(database, "SELECT count(*) FROM item WHERE at IS NULL") == [(0,)]
    execute(database, f"UPDATE item SET at = {moment(9)} WHERE id = '{key(3)}'")
    asyncio.run(runner.down(database, tmp_path))
    assert [at is None for (at,) in fetch(database, "SELECT at FROM item ORDER BY id")] == [
        False,
        True,
        False,
    ]


def test_a_field_is_renamed_converted_and_required_at_once(tmp_path: Path, database: str) -> None:
    """Its unique index and its default follow; a check is made of the other type."""
    before = model(
        entity(
            "Item", replace(string("size", 1, 20), nullable=True), indexes=(index("item", string("size")),)
        )
    )
    later = replace(number("width", 0, 2**40, default=3), was="size")
    after = model(entity("Item", later, indexes=(index("item", later),)))
    assert proven(tmp_path, database, before, after) == {}


def test_a_required_default_of_the_former_type_gives_way(tmp_path: Path, database: str) -> None:
    before = model(entity("Item", number("size", 0, 99, default=7), choice("kind", "a", "b", default="a")))
    size = Field(
        name="size",
        column="size",
        type=kind("decimal", 2),
        default=constant("7.00", Type("decimal", scale=2)),
    )
    after = model(entity("Item", size, replace(string("kind", 1, 9), default=constant("a", Type("string")))))
    assert proven(tmp_path, database, before, after) == {}


TAG = entity("Tag", string("name", 1, 9))
ONE = model(TAG, entity("Item", reference("tag", "Tag", nullable=True), string("name", 1, 9)))
MANY = model(TAG, entity("Item", replace(many("tags", "Tag"), was="tag"), string("name", 1, 9)))
ONE_AGAIN = model(TAG, entity("Item", replace(reference("tag", "Tag"), was="tags"), string("name", 1, 9)))


def test_a_reference_becomes_links(tmp_path: Path, database: str) -> None:
    """Each row lists what it referred to, and comes back, also what was listed since."""
    assert proven(tmp_path, database, ONE, MANY) == {}
    joined = "SELECT count(*) FROM item_tags"
    ((links,),) = fetch(database, joined)
    first = "SELECT item_id FROM item_tags ORDER BY item_id LIMIT 1"
    execute(database, f"DELETE FROM item_tags WHERE item_id = ({first})")
    asyncio.run(runner.down(database, tmp_path))
    assert fetch(database, "SELECT count(*) FROM item WHERE tag_id IS NOT NULL") == [(links - 1,)]
    assert fetch(database, _RETAINED[dialect_of(database)]) == []


def test_a_way_back_with_two_links_is_undone(tmp_path: Path, database: str) -> None:
    assert proven(tmp_path, database, ONE, MANY) == {}
    linked = "SELECT i.item_id, t.id FROM item_tags AS i JOIN tag AS t ON t.id <> i.tag_id LIMIT 1"
    execute(database, f"INSERT INTO item_tags (item_id, tag_id) {linked}")
    with pytest.raises(runner.MigrationError, match="counterpart"):
        asyncio.run(runner.down(database, tmp_path))


def test_links_become_a_reference(tmp_path: Path, database: str) -> None:
    """Rows that list two, or nothing where one must be, stand in the way."""
    made = plan(MANY, ONE_AGAIN)
    assert not made.refused
    assert proven(tmp_path, database, MANY, ONE_AGAIN) == {}
    asyncio.run(runner.down(database, tmp_path))
    assert asyncio.run(obstacles(database, made, MANY, ONE_AGAIN)) == []
    some = [str(row[0]) for row in fetch(database, "SELECT item_id FROM item_tags ORDER BY item_id LIMIT 2")]
    execute(database, f"DELETE FROM item_tags WHERE item_id = '{some[0]}'")
    listed = f"SELECT tag_id FROM item_tags WHERE item_id = '{some[1]}'"
    owner = f"CAST('{some[1]}' AS {_KEY[dialect_of(database)]})"
    another = f"SELECT {owner}, id FROM tag WHERE id NOT IN ({listed}) LIMIT 1"
    execute(database, f"INSERT INTO item_tags (item_id, tag_id) {another}")
    found = asyncio.run(obstacles(database, made, MANY, ONE_AGAIN))
    assert [(each.code, each.message) for each in found] == [
        ("BW809", f"1 rows of Item list more than one in tags: {some[1]}."),
        ("BW807", f"1 rows of Item list nothing in tags: {some[0]}."),
    ]
    with pytest.raises(runner.MigrationError):
        asyncio.run(runner.up(database, tmp_path))


_KEY = {"sqlite": "TEXT", "postgresql": "uuid"}


def key(row: int) -> str:
    return f"00000000-0000-4000-8000-00000000000{row}"


def moment(hour: int, day: int = 1) -> str:
    return f"'2024-01-0{day}T{hour:02}:00:00.000000Z'"


def stored(
    folder: Path, url: str, before: Model, after: Model, values: dict[int, Any], column: str = "size"
) -> None:
    """Both migrations in the folder, the first of them made, and these rows."""
    migrate(folder, before, after)
    first = next(path.name for path in sorted(folder.iterdir()))
    asyncio.run(runner.up(url, folder, to=first))
    for row, value in values.items():
        said = f"{value:g}" if isinstance(value, float) else value
        execute(url, f"INSERT INTO item (id, {column}) VALUES ('{key(row)}', {said})")


def test_addresses_are_in_lower_case_and_come_back_as_they_were(tmp_path: Path, database: str) -> None:
    """What the service would store of them; two that become one address stand in the way of a unique one."""
    before = model(entity("Item", string("size", 1, 30)))
    address = Field(name="size", column="size", type=ScalarType(scalar="email", max=254))
    after = model(entity("Item", address))
    stored(tmp_path, database, before, after, {1: "'A@b.c'", 2: "'a@b.c'"})
    single = model(entity("Item", replace(address, unique=True)))
    found = asyncio.run(obstacles(database, plan(before, single), before, single))
    assert [each.code for each in found] == ["BW801"]
    asyncio.run(runner.up(database, tmp_path))
    assert fetch(database, "SELECT size FROM item ORDER BY id") == [("a@b.c",), ("a@b.c",)]
    asyncio.run(runner.down(database, tmp_path))
    assert fetch(database, "SELECT size FROM item ORDER BY id") == [("A@b.c",), ("a@b.c",)]
