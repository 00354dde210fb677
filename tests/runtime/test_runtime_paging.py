"""Cursors: what somebody made up is refused, whatever it decodes to."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec
import pytest
from msgspec import UNSET, Struct, UnsetType, field

from backwright_runtime import Invalid, Keyset, KeysetQuery, Scale

NEWEST_FIRST = "made desc"


class Letter(Struct):
    made: datetime
    number: int


LETTERS = [Letter(datetime(2030, 1, 1, tzinfo=UTC), number) for number in range(3)]


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_cursor_continues_after_its_row() -> None:
    keyset = Keyset(Letter, NEWEST_FIRST, "number")
    page = keyset.page(LETTERS, KeysetQuery(limit=2))
    assert list(page.rows) == LETTERS[:2]
    assert keyset.after(KeysetQuery(limit=2, after=page.next)) == {
        "after_made": LETTERS[1].made,
        "after_number": 1,
    }


@pytest.mark.parametrize(
    "values",
    [
        ["0001-01-01T00:00:00+14:00", 1],  # no instant in UTC
        ["9999-12-31T23:59:59-14:00", 1],
        ["2030-01-01T00:00:00", 1],  # no offset
        [5, 1],
        ["2030-01-01T00:00:00Z", True],
        ["2030-01-01T00:00:00Z", 2**63],
        ["2030-01-01T00:00:00Z"],
    ],
)
def test_forged_values_are_refused(values: list[object]) -> None:
    keyset = Keyset(Letter, NEWEST_FIRST, "number")
    issued = keyset.page(LETTERS, KeysetQuery(limit=2)).next
    assert issued is not None
    digest = msgspec.json.decode(base64.urlsafe_b64decode(issued + "=="))[0]
    with pytest.raises(Invalid):
        keyset.after(KeysetQuery(after=encoded(msgspec.json.encode([digest, *values]))))


@pytest.mark.parametrize("raw", [b"[" * 30_000, b'{"a":' * 9_000, b"\xff\xfe", b"[]", b"null", b""])
def test_what_is_no_list_of_values_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        Keyset(Letter, NEWEST_FIRST, "number").after(KeysetQuery(after=encoded(raw)))


class Listed(KeysetQuery, frozen=True, kw_only=True):
    after: str | None = field(default=None, name="cursor")
    title: str | UnsetType = UNSET


class Priced(Struct):
    price: Annotated[Decimal, Scale(2)] | None
    rate: float | None
    id: UUID


PRICED = (
    Priced(None, 0.1, UUID(int=1)),
    Priced(Decimal("1.50"), None, UUID(int=2)),
    Priced(None, None, UUID(int=3)),
)
CHEAPEST = Keyset(Priced, "price", "rate", "id")


def test_a_cursor_carries_nulls_and_exact_numbers() -> None:
    for position in (0, 1):
        cursor = CHEAPEST.page(PRICED[position : position + 2], Listed(limit=1)).next
        row = PRICED[position]
        assert CHEAPEST.after(Listed(after=cursor)) == {
            "after_price": row.price,
            "after_rate": row.rate,
            "after_id": row.id,
        }


@pytest.mark.parametrize("price", ["1.5", "1.505", "1E+99", "NaN", "Infinity", 5, 1.5])
def test_a_decimal_of_another_scale_is_no_value_of_a_cursor(price: object) -> None:
    cursor = CHEAPEST.page(PRICED[:2], Listed(limit=1)).next or ""
    digest = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=="))[0]
    forged = encoded(msgspec.json.encode([digest, price, 0.5, str(UUID(int=1))]))
    with pytest.raises(Invalid) as caught:
        CHEAPEST.after(Listed(after=forged))
    assert [(each.field, each.code) for each in caught.value.fields] == [("cursor", "cursor")]


def test_a_cursor_is_bound_to_filters_order_and_path() -> None:
    cursor = CHEAPEST.page(PRICED[:2], Listed(limit=1, title="a"), "path", 5).next
    again = Listed(limit=9, after=cursor, title="a")
    assert CHEAPEST.after(again, "path", 5)["after_id"] == UUID(int=1)
    other = Keyset(Priced, "price desc", "rate", "id")
    for keyset, query, bound in (
        (other, again, ("path", 5)),
        (CHEAPEST, Listed(after=cursor), ("path", 5)),
        (CHEAPEST, again, ("path", 6)),
        (CHEAPEST, again, ()),
        (CHEAPEST, KeysetQuery(after=cursor), ("path", 5)),
    ):
        with pytest.raises(Invalid):
            keyset.after(query, *bound)
