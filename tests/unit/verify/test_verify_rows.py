"""Rows past the backend: whatever a database holds a value as, it reads as the reference's value."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from built_project import built
from relations_models import specified

from backwright.model.types import Model
from backwright.verify.backends import encrypted
from backwright.verify.databases import Tables
from backwright.verify.rows import HIDDEN, differences, remembered
from backwright.verify.traffic import Assigned
from backwright_runtime import migrations

EVERYTHING = """
service: {name: everything, version: 1.0.0}
entities:
  Tag:
    key: name
    fields: {name: string}
    access: public
  Thing:
    key: {number: sequence}
    soft_delete: true
    fields:
      title: {type: string, max: 50}
      count: integer?
      price: {type: decimal?, scale: 2}
      ratio: double?
      open: {type: boolean, default: false}
      day: date?
      at: timestamp?
      ref: uuid?
      data: json?
      file: {type: bytes?, input: false}
      words: {list: {type: string, max: 20}, max: 5, default: "[]"}
      flags: {list: boolean, max: 5, default: "[]"}
      sums: {list: {type: decimal, scale: 3}, max: 5, default: "[]"}
      code: {type: string?, max: 30, encrypted: true}
      tags: {refs: Tag}
      parent: {ref: "Thing?", inverse: children, on_delete: set_null}
    access: public
  Pair:
    key: [tag, thing]
    fields: {tag: {ref: Tag, on_delete: cascade}, thing: {ref: Thing, on_delete: cascade}}
    access: public
operations:
  list_things: {route: GET /things, list: Thing, order: number, view: Short}
views:
  Short: {of: Thing, fields: [number, title]}
"""
FULL: dict[str, Any] = {
    "number": 7,
    "title": "é 日本 😀 'x' \\",
    "count": -(2**63),
    "price": Decimal("-1234567890123456.78"),
    "ratio": 0.1,
    "open": True,
    "day": date(2024, 2, 29),
    "at": datetime(2030, 1, 1, 12, 30, 45, 123456, UTC),
    "ref": UUID(int=5),
    "data": {"a": [1, 1.5, None, True], "é": {"x": "y"}},
    "file": b"\x00\xff",
    "words": ["a", "", "b,c", '"'],
    "flags": [True, False],
    "sums": [Decimal("1.500"), Decimal("-0.001")],
    "code": "secret",
    "tags": ["x", "y"],
    "parent": None,
    "deleted_at": None,
}
EMPTY = {
    **dict.fromkeys(FULL),
    "number": 8, "title": "", "open": False, "words": [], "flags": [], "sums": [], "tags": [], "parent": 7,
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Model:
    return specified(EVERYTHING)


@pytest.fixture
def tables(model: Model, database_url: str, tmp_path: Path) -> Iterator[Tables]:
    root = tmp_path / "project"
    root.mkdir()
    asyncio.run(migrations.up(database_url, built(model, root).root / "migrations"))
    with closing(Tables(database_url, model, encrypted)) as opened:
        yield opened


def put(tables: Tables, model: Model) -> dict[str, list[dict[str, Any]]]:
    """Two things, two tags and a pair."""
    rows = {
        "Tag": [{"name": "x"}, {"name": "y"}],
        "Thing": [dict(FULL), dict(EMPTY)],
        "Pair": [{"tag": "x", "thing": 8}],
    }
    for entity in model.entities:
        for row in rows[entity.name]:
            tables.insert(entity, row)
    return rows


def test_what_is_put_in_is_read_back_as_it_was(tables: Tables, model: Model) -> None:
    expected = remembered(put(tables, model), model)
    found = tables.rows()
    assert found == expected
    assert found["Thing"]["7",]["code"] == HIDDEN
    assert differences(expected, remembered(nothing(model), model), found, model) == []


def nothing(model: Model) -> dict[str, list[dict[str, Any]]]:
    return {entity.name: [] for entity in model.entities}


def test_a_difference_names_row_field_and_both_values(tables: Tables, model: Model) -> None:
    rows = put(tables, model)
    tables.assign(Assigned(number=1, entity="Thing", keys=("7",), field="open", value=False))
    rows["Pair"] = []
    told = differences(remembered(rows, model), remembered(nothing(model), model), tables.rows(), model)
    assert told == [
        "Thing 7: open is False, True expected",
        "row of Pair stored, not expected: {'tag': 'x', 'thing': 8}",
    ]


def test_the_database_goes_on_behind_a_number_that_was_put_in(tables: Tables, model: Model) -> None:
    put(tables, model)
    thing = model.entity("Thing")
    assert tables.number_after(thing, thing.field("number"), 7) == 8
    assert tables.number_after(thing, thing.field("number"), 8) is None
    tables.insert(thing, {name: value for name, value in EMPTY.items() if name not in ("number", "tags")})
    assert tables.number_after(thing, thing.field("number"), 8) == 9


def test_softly_deleted_rows_are_there_and_gone(tables: Tables, model: Model) -> None:
    """A row that the reference holds as gone has its moment in the database; any other one is a difference."""
    rows = put(tables, model)
    at = datetime(2030, 1, 2, tzinfo=UTC)
    gone = {**nothing(model), "Thing": [{**FULL, "number": 9, "deleted_at": at}]}
    tables.insert(model.entity("Thing"), gone["Thing"][0])
    expected, found = remembered(rows, model), tables.rows()
    assert differences(expected, remembered(gone, model), found, model) == []
    told = differences(expected, remembered(nothing(model), model), found, model)
    assert len(told) == 1
    assert told[0].startswith("row of Thing is deleted, not expected")


def test_clearing_leaves_nothing_and_begins_sequences_again(tables: Tables, model: Model) -> None:
    put(tables, model)
    tables.clear()
    assert tables.rows() == remembered(nothing(model), model)
    tables.insert(model.entity("Tag"), {"name": "x"})
    assert list(tables.rows()["Tag"]) == [("x",)]


def test_the_same_row_with_other_digits_is_the_same(model: Model) -> None:
    one = {**nothing(model), "Thing": [{**FULL, "price": Decimal("1.5"), "data": {"n": 1.0}}]}
    other = {**nothing(model), "Thing": [{**FULL, "price": Decimal("1.50"), "data": {"n": 1}}]}
    assert remembered(one, model) == remembered(other, model)
    assert msgspec.json.encode(remembered(one, model)["Thing"]["7",]["price"]) == b'"1.50"'
