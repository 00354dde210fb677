"""Fields that move to an entity of their own, and back: nothing is lost either way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from migrate_parts import execute, fetch, migrate_on, proven, started
from plan_parts import KEY, SEQUENCE, entity, model, number, reference, replace, string

from backwright.migrate.obstacles import obstacles
from backwright.model.build import build
from backwright.model.types import Field, Model
from backwright.plan import plan
from backwright.plan.changes import identity
from backwright.project import Project
from backwright.spec import read
from backwright_runtime import migrations as runner

NAME = string("name", 1, 30, unique=True)
STREET, CITY = string("street", 1, 30), string("city", None, 20, nullable=True)


def whole(*fields: Field, key: Field = KEY) -> Model:
    return model(entity("Person", NAME, *fields, key=(key,)))


def split(*fields: Field, key: tuple[Field, ...] = (KEY,), of: Field = KEY, unique: bool = True) -> Model:
    owner = reference("person", "Person", "cascade", unique=unique)
    mine = key if key[0].name != "person" else (owner,)
    rest = () if key[0].name == "person" else (owner,)
    return model(entity("Person", NAME, key=(of,)), entity("Address", *rest, *fields, key=mine))


def was(field: Field, place: str) -> Field:
    return replace(field, was=f"{place}.{field.name}")


MOVED = tuple(was(each, "Person") for each in (STREET, CITY))
BACK = tuple(was(each, "Address") for each in (STREET, CITY))
WAYS = {
    "split": (whole(STREET, CITY), split(*MOVED)),
    "split, numbered, with a default": (
        whole(STREET, CITY, key=SEQUENCE),
        split(*MOVED, number("weight", 0, 9, default=3), key=(SEQUENCE,), of=SEQUENCE),
    ),
    "split, keyed by the reference": (
        whole(CITY),
        split(was(CITY, "Person"), key=(replace(KEY, name="person"),)),
    ),
    "merge": (split(STREET, CITY), whole(*BACK)),
    "merge of some": (split(STREET, CITY), split_of_city := model(
        entity("Person", NAME, was(CITY, "Address")),
        entity("Address", reference("person", "Person", "cascade", unique=True), STREET),
    )),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_values_move_with_their_rows(tmp_path: Path, database: str, way: str) -> None:
    before, after = WAYS[way]
    assert not plan(before, after).refused
    assert proven(tmp_path, database, before, after) == {}


def test_what_changed_since_a_split_comes_back(tmp_path: Path, database: str) -> None:
    before, after = WAYS["split"]
    started(tmp_path, database, before)
    stored = dict(fetch(database, "SELECT name, street FROM person"))
    migrate_on(tmp_path, before, after)
    asyncio.run(runner.up(database, tmp_path))
    first, second = sorted(stored)[:2]
    of = "(SELECT id FROM person WHERE name = '{}')"
    key = "00000000-0000-4000-8000-00000000000{}"
    execute(database, f"UPDATE address SET street = 'moved' WHERE person_id = {quoted_of(of, first)}")
    execute(database, f"INSERT INTO person (id, name) VALUES ('{key.format(1)}', 'late')")
    execute(
        database,
        f"INSERT INTO address (id, person_id, street) VALUES ('{key.format(2)}', '{key.format(1)}', 'new')",
    )
    asyncio.run(runner.down(database, tmp_path))
    found = dict(fetch(database, "SELECT name, street FROM person"))
    assert found == {**stored, first: "moved", "late": "new"}
    assert found[second] == stored[second]


def quoted_of(query: str, name: str) -> str:
    return query.format(name.replace("'", "''"))


def test_what_came_since_a_merge_gets_a_part(tmp_path: Path, database: str) -> None:
    before, after = WAYS["merge"]
    started(tmp_path, database, before)
    keys = dict(fetch(database, "SELECT person_id, id FROM address"))
    migrate_on(tmp_path, before, after)
    asyncio.run(runner.up(database, tmp_path))
    key = "00000000-0000-4000-8000-000000000001"
    execute(database, f"INSERT INTO person (id, name, street) VALUES ('{key}', 'late', 'new')")
    execute(database, "UPDATE person SET city = 'moved' WHERE name <> 'late'")
    asyncio.run(runner.down(database, tmp_path))
    found = dict(fetch(database, "SELECT person_id, id FROM address"))
    assert {person: found[person] for person in keys} == keys
    assert len(found) == len(keys) + 1
    assert fetch(database, "SELECT street, city FROM address WHERE city IS NULL") == [("new", None)]


def test_rows_without_a_part_stand_in_the_way(tmp_path: Path, database: str) -> None:
    before, after = WAYS["merge"]
    started(tmp_path, database, before)
    made = plan(before, after)
    assert asyncio.run(obstacles(database, made, before, after)) == []
    execute(database, "DELETE FROM address WHERE id IN (SELECT id FROM address LIMIT 1)")
    (found,) = asyncio.run(obstacles(database, made, before, after))
    assert found.code == "BW807"
    assert found.message.startswith("1 rows of Person have no Address that says street: ")


def test_a_plan_says_where_values_go() -> None:
    made = plan(*WAYS["split"])
    found = {identity(change): change.hazard for change in made.changes}
    assert found == {
        "drop-field Person.street": "breaking",
        "drop-field Person.city": "breaking",
        "add-entity Address": "safe",
    }
    assert "Person.street becomes Address.street" in made.changes[0].reason


def test_what_cannot_move_is_refused() -> None:
    many = split(*MOVED, unique=False)
    other = split(was(number("street", 0, 9), "Person"))
    lacking = split(*MOVED, number("weight", 0, 9))
    both = model(*split(*MOVED).entities[1:], *whole(STREET, CITY).entities)
    for later in (many, other, lacking, both):
        assert "BW621" in {each.code for each in plan(whole(STREET, CITY), later).refused}


def test_the_specification_says_where_fields_were(tmp_path: Path) -> None:
    """As text: the values of one field go where it says, by the key that every entity has."""
    before = "{Person: {fields: {name: string, street: string}, access: none}}"
    after = (
        "{Person: {fields: {name: string}, access: none}, Address: {fields: {person: {ref: Person, unique: true}, "
        "street: {type: string, was: Person.street}}, access: none}}"
    )
    made = []
    for number_of, entities in enumerate((before, after)):
        folder = tmp_path / str(number_of)
        folder.mkdir()
        text = f"service: {{name: shop, version: 1.0.0}}\nentities: {entities}\n"
        (folder / "backwright.yaml").write_text(text, encoding="utf-8")
        made.append(build(read(Project(folder))))
    found = plan(*made)
    assert not found.refused
    assert ("drop-field Person.street", "breaking") in {(identity(c), c.hazard) for c in found.changes}
