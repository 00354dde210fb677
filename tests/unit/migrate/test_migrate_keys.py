"""Rows that get another key: references follow, nothing is lost, and the way back restores every key."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from migrate_parts import execute, fetch, migrate_on, proven, started
from plan_parts import (
    KEY,
    SEQUENCE,
    entity,
    many,
    model,
    number,
    reference,
    replace,
    string,
)

from backwright.migrate.obstacles import obstacles
from backwright.model.types import Auth, Field, ListType, Model, ReferenceType, Security
from backwright.plan import plan
from backwright.plan.changes import identity
from backwright_runtime import migrations as runner
from backwright_runtime.kinds import kind_of
from backwright_runtime.values import Refused, from_text

CODE = string("code", 1, 30, unique=True)
ID = replace(SEQUENCE, name="id", column="id")
TOKEN = Field(name="token", column="token", type=replace(SEQUENCE.type, scalar="uuid"), input=False)


def shop(*key: Field, rest: tuple[Field, ...] = (CODE,), **members: object) -> Model:
    """An entity with this key, and all that may lead to it: rows of its own, references and links."""
    item = entity(
        "Item",
        *rest,
        number("size", 0, 99, default=3),
        reference("parent", "Item", "set_null", nullable=True),
        many("alike", "Item"),
        key=key,
        **members,
    )
    line = entity("Line", reference("item", "Item", "cascade"), string("text", 1, 30))
    note = entity("Note", many("items", "Item"), string("text", 1, 30, unique=True))
    only = entity("Only", string("text", 1, 30), key=(reference("item", "Item", "cascade"),))
    below = entity("Below", reference("only", "Only", "cascade"), string("text", 1, 30))
    return model(item, line, note, only, below)


WAYS = {
    "to a number": (shop(KEY), shop(SEQUENCE)),
    "to a number of the same name": (shop(KEY), shop(ID)),
    "to a field that was there": (shop(KEY), shop(CODE, rest=())),
    "to another uuid": (shop(CODE, rest=()), shop(TOKEN)),
    "from a number": (shop(SEQUENCE), shop(KEY)),
    "from a number to a field": (
        shop(SEQUENCE),
        shop(replace(CODE, name="sku", column="sku", was="code"), rest=()),
    ),
    "of another name": (
        shop(CODE, rest=()),
        shop(replace(CODE, name="sku", column="sku", was="code"), rest=()),
    ),
    "to text": (shop(number("code", 1, 9999), rest=()), shop(string("code", 1, 30), rest=())),
}


@pytest.mark.parametrize("way", WAYS)
def test_references_follow_a_key(tmp_path: Path, database: str, way: str) -> None:
    before, after = WAYS[way]
    assert not plan(before, after).refused
    assert proven(tmp_path, database, before, after) == {}


def test_several_fields_become_the_key_and_one_again(tmp_path: Path, database: str) -> None:
    """Nothing refers to such rows; each gets a number of its own on the way back."""
    org = entity("Org", string("name", 1, 30, unique=True))
    fields = (reference("org", "Org", "cascade"), number("place", 0, 9999))
    single = model(org, entity("Seat", *fields, string("text", 1, 30)))
    several = model(org, entity("Seat", string("text", 1, 30), key=fields))
    assert not plan(single, several).refused
    assert proven(tmp_path / "several", database, single, several) == {}


def test_several_fields_become_a_number(tmp_path: Path, database: str) -> None:
    org = entity("Org", string("name", 1, 30, unique=True))
    fields = (reference("org", "Org", "cascade"), number("place", 0, 9999))
    several = model(org, entity("Seat", string("text", 1, 30), key=fields))
    numbered = model(org, entity("Seat", *fields, string("text", 1, 30), key=(SEQUENCE,)))
    assert proven(tmp_path / "one", database, several, numbered) == {}


def test_rows_that_came_meanwhile_get_a_former_key(tmp_path: Path, database: str) -> None:
    """A row that came after the change has no former key: the way back makes one, and references lead to it."""
    before, after = WAYS["to a number"]
    started(tmp_path, database, before)
    stored = fetch(database, "SELECT id, code FROM item ORDER BY id")
    migrate_on(tmp_path, before, after)
    asyncio.run(runner.up(database, tmp_path))
    execute(database, "INSERT INTO item (code, size) VALUES ('later', 1)")
    assert fetch(database, "SELECT number FROM item WHERE code = 'later'") == [(len(stored) + 1,)]
    execute(database, "UPDATE line SET item_id = (SELECT number FROM item WHERE code = 'later')")
    asyncio.run(runner.down(database, tmp_path))
    assert fetch(database, "SELECT id, code FROM item WHERE code <> 'later' ORDER BY id") == stored
    leads = fetch(database, "SELECT DISTINCT item.code FROM line JOIN item ON item.id = line.item_id")
    assert leads == [("later",)]


def test_numbers_go_on_after_the_way_back(tmp_path: Path, database: str) -> None:
    before, after = WAYS["from a number"]
    started(tmp_path, database, before)
    migrate_on(tmp_path, before, after)
    asyncio.run(runner.up(database, tmp_path))
    key = "00000000-0000-4000-8000-000000000001"
    execute(database, f"INSERT INTO item (id, code, size) VALUES ('{key}', 'later', 1)")
    asyncio.run(runner.down(database, tmp_path))
    execute(database, "INSERT INTO item (code, size) VALUES ('last', 1)")
    found = [row[0] for row in fetch(database, "SELECT number FROM item ORDER BY number")]
    assert found[:6] == [1, 2, 3, 4, 5, 6]
    assert len(set(found)) == 8
    assert fetch(database, "SELECT code FROM item ORDER BY number DESC LIMIT 1") == [("last",)]


def test_rows_that_would_share_a_key_are_named_and_nothing_is_begun(tmp_path: Path, database: str) -> None:
    plain = replace(CODE, unique=False)
    before, after = shop(KEY, rest=(plain,)), shop(CODE, rest=())
    started(tmp_path, database, before)
    execute(database, "UPDATE item SET code = 'same'")
    stored = fetch(database, "SELECT id, code FROM item ORDER BY id")
    made = plan(before, after)
    found = asyncio.run(obstacles(database, made, before, after))
    assert [diagnostic.code for diagnostic in found] == ["BW801"]
    migrate_on(tmp_path, before, after)
    with pytest.raises(runner.MigrationError, match="no row stands in the way") as raised:
        asyncio.run(runner.up(database, tmp_path))
    assert "stored rows stand in the way: item with the same code (1)" in str(raised.value)
    assert fetch(database, "SELECT id, code FROM item ORDER BY id") == stored


def test_a_change_of_a_key_says_what_it_takes(tmp_path: Path) -> None:
    made = plan(*WAYS["to a number"])
    found = {identity(change): change.hazard for change in made.changes}
    assert found == {
        "drop-field Item.id": "destructive",
        "add-field Item.number": "safe",
        "change-entity Item": "breaking",
    }
    (whole,) = (change for change in made.changes if identity(change) == "change-entity Item")
    assert "nobody can read or write them, or what refers to them, meanwhile" in whole.reason


def test_what_relies_on_a_key_keeps_it() -> None:
    """Tokens name rows of those who sign in; policies compare keys; neither follows."""
    before, after = WAYS["to a number"]
    secured = [replace(each, security=Security(row_level=True)) for each in (before, after)]
    split = replace(after, service=replace(after.service, changes="expand_then_contract"))
    listing = Field(
        name="best", column="best", type=ListType(element=ReferenceType(entity="Item"), max=3), nullable=True
    )
    lists = [replace(each, entities=(*each.entities, entity("Board", listing))) for each in (before, after)]
    assert [each.code for each in plan(*secured).refused] == ["BW615"]
    assert [each.code for each in plan(*lists).refused] == ["BW615"]
    assert "BW810" in {each.code for each in plan(before, split).refused}


def test_who_signs_in_gets_another_key_only_where_no_token_could_name_someone_else() -> None:
    auth = Auth(identity="Item", by="code", password="code", flows=("login",))
    ways = {name: [replace(each, auth=auth) for each in pair] for name, pair in WAYS.items()}
    made = plan(*ways["to a number"])
    assert made.refused == ()
    (whole,) = (change for change in made.changes if identity(change) == "change-entity Item")
    assert "nobody is signed in any more" in whole.reason
    assert whole.hazard == "breaking"
    (refused,) = plan(*ways["to a field that was there"]).refused
    assert (refused.code, "could name someone else" in refused.message) == ("BW615", True)
    with pytest.raises(Refused):
        from_text(kind_of(int))("0190b3a0-0000-7000-8000-000000000001")
    with pytest.raises(Refused):
        from_text(kind_of(UUID))("12")
