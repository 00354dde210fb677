"""Rows that hold rows are made of the flat values that a joined statement gives."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import pytest
from msgspec import Struct

from backwright_runtime import Scale, sql
from backwright_runtime.database import open_database
from backwright_runtime.database.values import maker


class Place(Struct, frozen=True, kw_only=True):
    id: UUID
    fee: Annotated[Decimal, Scale(2)]


class Person(Struct, frozen=True, kw_only=True):
    id: int
    since: datetime | None
    place: Place | None


class Note(Struct, frozen=True, kw_only=True):
    id: int
    tags: list[str]
    writer: Person
    reader: Person | None
    done: bool


KEY = UUID(int=7)
AT = datetime(2030, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
PLACE = Place(id=KEY, fee=Decimal("1.50"))
WHOLE = Note(
    id=1,
    tags=["a"],
    writer=Person(id=2, since=None, place=PLACE),
    reader=Person(id=3, since=AT, place=None),
    done=True,
)
ALONE = Note(id=1, tags=[], writer=Person(id=2, since=AT, place=None), reader=None, done=False)


def flat(row: Struct | None, kind: type[Struct]) -> list[object]:
    """The values of a row and of those inside of it."""
    nested = {"writer": Person, "reader": Person, "place": Place}
    found: list[object] = []
    for name in kind.__struct_fields__:
        value = getattr(row, name) if row is not None else None
        found += flat(value, nested[name]) if name in nested else [value]
    return found


@pytest.mark.parametrize("row", [WHOLE, ALONE])
def test_a_row_is_what_its_values_say(row: Note) -> None:
    assert maker(Note, stored=False)(flat(row, Note)) == row


class Counted(Struct, frozen=True, kw_only=True):
    id: int
    count: int


class Holder(Struct, frozen=True, kw_only=True):
    id: int
    inner: Counted | None


def test_what_is_computed_of_a_row_that_is_not_there_does_not_make_it() -> None:
    assert maker(Holder, stored=False)([1, None, 0]) == Holder(id=1, inner=None)
    assert maker(Holder, stored=False)([1, 2, 0]) == Holder(id=1, inner=Counted(id=2, count=0))


@pytest.mark.parametrize("values", [[], [1, [], 2], [*flat(WHOLE, Note), 1]])
def test_another_number_of_values_is_an_error(values: list[object]) -> None:
    with pytest.raises((ValueError, IndexError)):
        maker(Note, stored=False)(values)


STATEMENT = sql(
    """
    SELECT 1 AS id, ARRAY['a'] AS tags, 2 AS writer, NULL::timestamptz AS a, CAST(:key AS uuid) AS b, 1.50 AS c,
           3 AS reader, CAST(:at AS timestamptz) AS d, NULL::uuid AS e, NULL::numeric AS f, TRUE AS done
    """,
    sqlite="""
    SELECT 1 AS id, '["a"]' AS tags, 2 AS writer, NULL AS a, :key AS b, 150 AS c,
           3 AS reader, :at AS d, NULL AS e, NULL AS f, 1 AS done
    """,
)


def test_both_databases_make_the_same_row(database_url: str) -> None:
    async def story() -> None:
        database = open_database(database_url)
        await database.connect()
        try:
            assert await database.fetch_one(Note, STATEMENT, key=KEY, at=AT) == WHOLE
            assert await database.fetch_all(Note, STATEMENT, key=KEY, at=AT) == [WHOLE]
        finally:
            await database.close()

    asyncio.run(story())
