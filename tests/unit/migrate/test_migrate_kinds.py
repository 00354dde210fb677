"""What is particular to links, shared references, sequences, deleted rows and checks."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from sqlite3 import IntegrityError
from tempfile import TemporaryDirectory

import asyncpg
import pytest
from migrate_parts import execute, fetch, migrate, proven, started
from plan_parts import (
    DELETED,
    SEQUENCE,
    at_least,
    changed,
    entity,
    many,
    model,
    number,
    reference,
    replace,
    several,
    string,
)

from backwright.migrate import live, write
from backwright.migrate.expected import expected
from backwright.migrate.inspect import dialect_of, differences, inspect
from backwright.migrate.naming import next_stamp
from backwright.migrate.obstacles import obstacles
from backwright.migrate.prove import prove
from backwright.migrate.rows import Rows, rows
from backwright.model.build import build
from backwright.model.naming import index_name
from backwright.model.types import Model
from backwright.plan import plan
from backwright.project import Project
from backwright.spec import read
from backwright_runtime import migrations as runner
from backwright_runtime.database.names import unique_name

BROKEN = (IntegrityError, asyncpg.IntegrityConstraintViolationError)


ORG = entity("Org", string("name", 1, 9))
LABEL = entity(
    "Label", reference("org", "Org", "cascade", immutable=True), string("name", 1, 9), tenancy="org"
)
TASK = entity(
    "Task",
    reference("org", "Org", "cascade", immutable=True),
    string("title", 1, 30),
    many("labels", "Label", same="org"),
    reference("label", "Label", nullable=True, same="org"),
    reference("blocker", "Task", "set_null", nullable=True, same="org"),
    tenancy="org",
)
START = model(ORG, LABEL, TASK)


def test_links_are_renamed_with_both_sides(tmp_path: Path, database: str) -> None:
    """The table and both columns follow their entities and the field; every link stays."""
    fields = [replace(field, was="labels", name="tags", column="tags") if field.name == "labels" else field
              for field in TASK.fields[1:]]  # fmt: skip
    tag = replace(LABEL, name="Tag", table="tag", was="Label")
    fields = [
        replace(f, type=replace(f.type, entity="Tag")) if f.name in ("tags", "label") else f for f in fields
    ]
    job = replace(entity("Job", *fields, was="Task", tenancy="org"))
    kind = job.field("blocker").type
    job = replace(job, fields=tuple(replace(f, type=replace(kind, entity="Job")) if f.name == "blocker" else f
                                    for f in job.fields))  # fmt: skip
    assert proven(tmp_path, database, START, model(ORG, tag, job)) == {}
    assert fetch(database, "SELECT count(*) FROM job_tags JOIN tag ON tag.id = tag_id")[0][0] == 20


def test_links_come_and_go_with_their_field(tmp_path: Path, database: str) -> None:
    without = changed(START, "Task", *(field for field in TASK.fields[1:] if field.name != "labels"))
    assert proven(tmp_path, database, START, without) == {}


def test_links_that_are_new_are_empty(tmp_path: Path, database: str) -> None:
    without = changed(START, "Task", *(field for field in TASK.fields[1:] if field.name != "labels"))
    assert proven(tmp_path, database, without, START) == {}
    assert fetch(database, "SELECT count(*) FROM task_labels") == [(0,)]


def test_a_row_cannot_refer_into_another_tenant(tmp_path: Path, database: str) -> None:
    started(tmp_path, database, START)
    foreign = "SELECT l.id FROM label AS l WHERE l.org_id <> task.org_id LIMIT 1"
    with pytest.raises(BROKEN):
        execute(database, f"UPDATE task SET label_id = ({foreign})")
    execute(database, "UPDATE task SET label_id = NULL")


def test_a_shared_reference_is_cleared_alone(tmp_path: Path, database: str) -> None:
    """The tenant stays; and the whole tenant can go."""
    started(tmp_path, database, START)
    one = "SELECT id FROM {} ORDER BY id LIMIT 1"
    execute(database, f"UPDATE task SET org_id = ({one.format('org')}), label_id = NULL, blocker_id = NULL")
    execute(database, f"UPDATE task SET blocker_id = ({one.format('task')})")
    ((first,),) = fetch(database, one.format("task"))
    execute(database, f"DELETE FROM task WHERE id = '{first}'")
    assert fetch(database, f"SELECT count(*) FROM task WHERE blocker_id = '{first}' OR org_id IS NULL") == [
        (0,)
    ]
    assert fetch(database, "SELECT count(*) FROM task WHERE blocker_id IS NULL") == [(5,)]
    execute(database, "DELETE FROM org")
    assert fetch(database, "SELECT count(*) FROM task") == [(0,)]


def test_what_references_share_comes_and_goes(tmp_path: Path, database: str) -> None:
    fields = [replace(field, same=None) for field in TASK.fields[1:]]
    loose = changed(START, "Task", *fields)
    made = plan(loose, START)
    assert not made.refused
    assert proven(tmp_path, database, START, loose) == {}
    assert [d.code for d in asyncio.run(obstacles(database, made, loose, START))] == []
    execute(
        database,
        "UPDATE task SET label_id = (SELECT l.id FROM label AS l WHERE l.org_id <> task.org_id LIMIT 1)",
    )
    found = asyncio.run(obstacles(database, made, loose, START))
    assert [diagnostic.code for diagnostic in found] == ["BW805"]


def test_on_delete_changes_in_place(tmp_path: Path, database: str) -> None:
    note = entity("Note", reference("org", "Org"), string("text", 1, 9))
    later = changed(model(ORG, note), "Note", reference("org", "Org", "cascade"), string("text", 1, 9))
    assert proven(tmp_path, database, model(ORG, note), later) == {}
    execute(database, "DELETE FROM org")
    assert fetch(database, "SELECT count(*) FROM note") == [(0,)]


TICKET = entity("Ticket", string("title", 1, 9), key=(SEQUENCE,))


def test_a_sequence_goes_on_where_it_was(tmp_path: Path, database: str) -> None:
    """Also after the table was changed: the number of a row that is gone does not come again."""
    migrate(tmp_path, model(TICKET))
    asyncio.run(runner.up(database, tmp_path))
    for _ in range(3):
        execute(database, "INSERT INTO ticket (title) VALUES ('a')")
    execute(database, "DELETE FROM ticket WHERE number = 3")
    later = changed(model(TICKET), "Ticket", indexes=())
    later = replace(
        later, entities=(replace(TICKET, fields=(*TICKET.fields, number("points", 0, 9, default=1))),)
    )
    made = plan(model(TICKET), later)
    stamp = next_stamp(tmp_path)
    (tmp_path / f"{stamp}_later").mkdir()
    for name, text in write(made, model(TICKET), later, stamp).items():
        (tmp_path / f"{stamp}_later" / name).write_text(text, encoding="utf-8")
    asyncio.run(runner.up(database, tmp_path))
    execute(database, "INSERT INTO ticket (title) VALUES ('b')")
    assert fetch(database, "SELECT number, points FROM ticket ORDER BY number") == [(1, 1), (2, 1), (4, 1)]


def test_a_sequence_goes_on_after_its_rows_came_back(tmp_path: Path, database: str) -> None:
    migrate(tmp_path, model(ORG, TICKET), model(ORG))
    first = next(path.name for path in sorted(tmp_path.iterdir()))
    asyncio.run(runner.up(database, tmp_path, to=first))
    asyncio.run(live.insert(database, rows(model(ORG, TICKET), 5)))
    asyncio.run(runner.up(database, tmp_path))
    asyncio.run(runner.down(database, tmp_path))
    execute(database, "INSERT INTO ticket (title) VALUES ('next')")
    assert fetch(database, "SELECT max(number) FROM ticket") == [(6,)]


def test_a_field_that_went_before_its_table_comes_back_with_it(tmp_path: Path, database: str) -> None:
    """Three migrations: a field goes, then the entity, then another of its name comes. Back, every row is as it was."""
    whole = entity("Item", reference("org", "Org"), string("name", 1, 9, unique=True), number("size", 0, 99))
    later = entity("Item", string("title", 1, 9))
    migrate(
        tmp_path,
        model(ORG, whole),
        changed(model(ORG, whole), "Item", *(field for field in whole.fields[1:] if field.name == "org")),
        model(ORG),
        model(ORG, later),
    )
    first = next(path.name for path in sorted(tmp_path.iterdir()))
    asyncio.run(runner.up(database, tmp_path, to=first))
    asyncio.run(live.insert(database, rows(model(ORG, whole), 5)))
    stored = fetch(database, "SELECT id, org_id, name, size FROM item ORDER BY id")
    asyncio.run(runner.up(database, tmp_path))
    assert (
        differences(asyncio.run(inspect(database)), expected(model(ORG, later), dialect_of(database))) == []
    )
    asyncio.run(runner.down(database, tmp_path, steps=3))
    assert fetch(database, "SELECT id, org_id, name, size FROM item ORDER BY id") == stored
    assert (
        differences(asyncio.run(inspect(database)), expected(model(ORG, whole), dialect_of(database))) == []
    )
    with pytest.raises(BROKEN):
        execute(database, "UPDATE item SET name = 'a'")


SEAT = entity(
    "Seat",
    string("name", 1, 30, unique=True),
    DELETED,
    key=(reference("org", "Org", "cascade"), number("place", 0, 99)),
    soft_delete="deleted_at",
)


def test_what_is_deleted_does_not_take_a_key(tmp_path: Path, database: str) -> None:
    """Neither the unique field nor the composite key; two rows that are there still do."""
    migrate(tmp_path, model(ORG, SEAT))
    asyncio.run(runner.up(database, tmp_path))
    org = "00000000-0000-4000-8000-000000000000"
    gone = Rows("org", ("id", "name"), ((org, "a"),))
    asyncio.run(live.insert(database, [gone]))
    insert = "INSERT INTO seat (org_id, place, name, deleted_at) VALUES ('{}', 1, 'first', {})"
    for _ in range(2):
        execute(database, insert.format(org, "NULL"))
        execute(
            database, "UPDATE seat SET deleted_at = '2030-01-01T00:00:00.000000Z' WHERE deleted_at IS NULL"
        )
    execute(database, insert.format(org, "NULL"))
    with pytest.raises(BROKEN):
        execute(database, insert.format(org, "NULL"))


def test_soft_delete_can_be_added_and_removed(tmp_path: Path, database: str) -> None:
    hard = replace(SEAT, fields=SEAT.fields[:-1], soft_delete=None)
    assert proven(tmp_path / "on", database, model(ORG, hard), model(ORG, SEAT)) == {}
    (change, *_) = plan(model(ORG, SEAT), model(ORG, hard)).changes
    assert (change.hazard, change.reason) == (
        "destructive",
        "Seat.deleted_at is no longer in the specification; rows that were deleted are there again",
    )


def test_a_table_without_a_primary_key_keeps_dropped_values(tmp_path: Path, database: str) -> None:
    wider = replace(
        SEAT, fields=(*SEAT.fields, number("price", 0, 9), several("tags", "string", 3, nullable=True))
    )
    assert proven(tmp_path, database, model(ORG, wider), model(ORG, SEAT)) == {}


def test_a_check_is_counted_before_it_is_made(tmp_path: Path, database: str) -> None:
    item = entity("Item", number("size", -3, 99))
    strict = replace(item, checks=(at_least("big", "Item", item.field("size"), 2),))
    started(tmp_path, database, model(item))
    made = plan(model(item), model(strict))
    (found,) = asyncio.run(obstacles(database, made, model(item), model(strict)))
    assert found.code == "BW804"
    assert re.search(r"`this.size >= 2` is false of \d+ rows of Item: [0-9a-f-]{36}", found.message)
    execute(database, "DELETE FROM item WHERE size < 2")
    assert asyncio.run(obstacles(database, made, model(item), model(strict))) == []


STRICTER = {
    "not null": (replace(number("size", -9, 99), nullable=True), number("size", -9, 99), "NULL", "BW807"),
    "least": (number("size", -9, 99), number("size", 3, 99), "2", "BW806"),
    "shorter": (string("size", 1, 30), string("size", 1, 4), "'12345'", "BW806"),
}


@pytest.mark.parametrize("kind", STRICTER)
def test_a_field_accepts_less_where_no_row_stands_in_the_way(
    tmp_path: Path, database: str, kind: str
) -> None:
    """Rows outside are counted and named by key before it begins, and the database itself refuses them."""
    loose, strict, outside, code = STRICTER[kind]
    before, after = model(entity("Item", loose)), model(entity("Item", strict))
    made = plan(before, after)
    assert not made.refused
    assert proven(tmp_path, database, before, after) == {}
    asyncio.run(runner.down(database, tmp_path, steps=1))
    assert asyncio.run(obstacles(database, made, before, after)) == []
    ((key,),) = fetch(database, "SELECT id FROM item ORDER BY id LIMIT 1")
    execute(database, f"UPDATE item SET size = {outside} WHERE id = '{key}'")
    (found,) = asyncio.run(obstacles(database, made, before, after))
    assert found.code == code
    assert found.message.startswith("1 rows of Item ")
    assert str(key) in found.message
    with pytest.raises((*BROKEN, runner.MigrationError)):
        asyncio.run(runner.up(database, tmp_path))
    assert differences(asyncio.run(inspect(database)), expected(before, dialect_of(database))) == []


def test_a_required_field_is_added_to_a_table_without_rows(tmp_path: Path, database: str) -> None:
    before = model(ORG, entity("Item", string("name", 1, 9)))
    after = changed(before, "Item", string("name", 1, 9), number("size", 0, 9))
    migrate(tmp_path, before, after)
    proof = asyncio.run(prove(tmp_path, database, after, 20))
    assert proof.passed, proof.checks
    assert proof.rows == {"org": 20, "item": 0}
    asyncio.run(runner.down(database, tmp_path, steps=1))
    made = plan(before, after)
    assert asyncio.run(obstacles(database, made, before, after)) == []
    execute(database, "INSERT INTO item (id, name) VALUES ('00000000-0000-4000-8000-000000000000', 'a')")
    (found,) = asyncio.run(obstacles(database, made, before, after))
    assert found.code == "BW808"


def test_checks_are_enforced_and_change_in_place(tmp_path: Path, database: str) -> None:
    item = entity("Item", number("size", None, 99), string("name", 1, 9))
    size = item.field("size")
    first = replace(item, checks=(at_least("big", "Item", size, 2), at_least("bigger", "Item", size, 3)))
    renamed = replace(size, name="width", column="width", was="size")
    later = entity("Item", renamed, string("name", 1, 9))
    later = replace(
        later, checks=(at_least("big", "Item", renamed, 2), at_least("other", "Item", renamed, 1))
    )
    assert proven(tmp_path, database, model(first), model(later)) == {}
    with pytest.raises(BROKEN):
        execute(database, "UPDATE item SET width = 1")


def test_another_on_delete_is_a_difference(tmp_path: Path, database: str) -> None:
    note = entity("Note", reference("org", "Org"), string("text", 1, 9))
    started(tmp_path, database, model(ORG, note))
    other = model(ORG, entity("Note", reference("org", "Org", "cascade"), string("text", 1, 9)))
    found = differences(asyncio.run(inspect(database)), expected(other, dialect_of(database)))
    assert found == [
        "note: reference note_org_id_fkey is org_id to org (id), on delete restrict, "
        "expected org_id to org (id), on delete cascade"
    ]


def test_values_are_encrypted_only_by_the_service() -> None:
    plain = entity("Item", string("code", 1, 9))
    secret = entity("Item", replace(string("code", 1, 9), encrypted=True))
    assert [d.code for d in plan(model(plain), model(secret)).refused] == ["BW619"]
    assert [c.type for c in expected(model(secret), "postgresql").tables["item"].columns][
        1
    ] == 'text COLLATE "C"'
    assert expected(model(secret), "postgresql").tables["item"].checks == ()


def checked(*lines: str) -> Model:
    """An entity with these checks, read from a specification."""
    with TemporaryDirectory() as place:
        text = """service: {name: a, version: 1.0.0}
entities:
  Item:
    fields: {a: integer, b: integer?, d: {type: decimal, scale: 2}, e: {type: decimal, scale: 1},
             x: string?, at: timestamp, until: timestamp?}
    access: public
    checks:
"""
        lines_of = "".join(f"      c{number}: {line}\n" for number, line in enumerate(lines))
        Path(place, "backwright.yaml").write_text(text + lines_of, encoding="utf-8")
        return build(read(Project(Path(place))))


SAID = {
    "this.a >= 0 && this.b != this.a": ("a >= 0 AND b IS DISTINCT FROM a",) * 2,
    "this.at < this.until": ("COALESCE(at < until, FALSE)",) * 2,
    "this.d > 1.5": ("d > 1.5", "d > 150"),
    "this.d > this.e": ("d > e", None),
    "this.a * 2 < 10": ("a * 2 < 10", None),
    "this.at > now": (None, None),
    "this.at + duration('1h') > this.until": (None, None),
}
"""What each database's constraint says; None: it is the service's alone."""


@pytest.mark.parametrize("check", SAID)
def test_a_check_is_a_constraint_where_the_database_can_say_it(check: str) -> None:
    model = checked(check)
    for dialect, wanted in zip(("postgresql", "sqlite"), SAID[check], strict=True):
        rules = [each.rule for each in expected(model, dialect).tables["item"].checks if not each.column]
        assert rules == ([] if wanted is None else [wanted]), dialect


def test_constraints_are_found_as_they_were_made(tmp_path: Path, database: str) -> None:
    """Whatever PostgreSQL makes of their words, and where a row would break one it is refused."""
    made = checked(
        "this.a >= 0 && this.a != this.b",
        "this.at < this.until",
        "this.d > 1.5",
        "size(this.x) > 2 || this.x == null",
    )
    assert proven(tmp_path, database, made) == {}
    with pytest.raises(BROKEN):
        execute(database, "UPDATE item SET a = -1")


def test_an_index_with_a_long_name_is_called_as_violations_call_it() -> None:
    """SQLite says only which columns repeat; the name is made from them."""
    columns = [f"{letter * 14}" for letter in "abcde"]
    name = unique_name("a_table_of_a_name_that_is_long", columns)
    assert index_name("a_table_of_a_name_that_is_long", columns, unique=True) == name
    assert len(name) <= 63
