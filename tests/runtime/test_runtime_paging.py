"""Cursors: what somebody made up is refused, whatever it decodes to."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec import Struct

from backwright_runtime import Invalid, Keyset, KeysetQuery

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
