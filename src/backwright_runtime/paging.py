"""Pages of a list, by keyset: a cursor says after which row to go on, so every page costs the same."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, Struct

from backwright_runtime.database.interface import Queries, Value
from backwright_runtime.database.statement import Statement
from backwright_runtime.database.values import behind
from backwright_runtime.errors import FieldError, Invalid
from backwright_runtime.kinds import Scale
from backwright_runtime.values import DIGITS, storable

Row = TypeVar("Row", bound=Struct)
Item = TypeVar("Item")
Shown = TypeVar("Shown")


class KeysetQuery(Struct, frozen=True, kw_only=True):
    """The query parameters of a paged list; each list says its own default and largest `limit`."""

    limit: int = 20
    after: str | None = None


class OffsetQuery(Struct, frozen=True, kw_only=True):
    """The query parameters of a list of which rows are skipped; each list says its own default and largest `limit`."""

    limit: int = 20
    offset: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0


class NumberedQuery(Struct, frozen=True, kw_only=True):
    """The query parameters of a list whose pages have numbers, from 1 on. Each list says its own lengths of pages."""

    limit: int = 20
    page: Annotated[int, Meta(ge=1, le=2**63 - 1)] = 1

    @property
    def offset(self) -> int:
        """How many rows the pages before have, or more than any table has."""
        return min((self.page - 1) * self.limit, 2**63 - 1)


class Page(Struct, Generic[Item], frozen=True):
    """Some rows of a list, the cursor of the next page (None: this is the last), and how many there are in all."""

    rows: Sequence[Item]
    next: str | None = None
    total: int = 0

    def showing(self, shown: Sequence[Shown]) -> "Page[Shown]":
        """The same page of what callers see of its rows."""
        return Page(shown, self.next, self.total)


async def counted(
    db: Queries, row: type[Row], page: Statement, total: Statement, /, **params: Value
) -> tuple[list[Row], int]:
    """The rows of a page, and how many there are in all. Both are of one state of the data, without a snapshot."""
    while True:
        found = await db.fetch_all(behind(int, row), page.behind(total), **params)
        if found:
            return [each.row for each in found], found[0].value
        if params.get("offset") == 0 and params.get("limit") != 0:
            return [], 0
        count = await db.fetch_value(int, page.without_rows(total), **params)
        if count is not None:
            return [], count  # else there are rows by now


class Keyset(Generic[Row]):
    """The columns that order a list totally. A column may be followed by its direction.

    `bound` is what decides the list beside its query: the values of its path.
    """

    def __init__(self, row: type[Row], *terms: str) -> None:
        self._columns = tuple(term.split()[0] for term in terms)
        self._order = ",".join(terms)
        known = {field.name: field.type for field in msgspec.structs.fields(row)}
        self._types = tuple(known[column] for column in self._columns)

    def after(self, query: KeysetQuery, *bound: object) -> dict[str, Any]:
        """The parameters `after_<column>` of the cursor; all unset on the first page.

        Raises Invalid when the cursor was made for another list, other filters or another order.
        """
        names = [f"after_{column}" for column in self._columns]
        if query.after is None:
            return dict.fromkeys(names, UNSET)
        try:
            values = self._values(query.after, self._digest(query, bound))
        except (ValueError, RecursionError, binascii.Error, msgspec.MsgspecError):
            raise Invalid(FieldError(_wire_name(type(query)), "cursor")) from None
        return dict(zip(names, values, strict=True))

    def page(self, rows: Sequence[Row], query: KeysetQuery, *bound: object, total: int = 0) -> Page[Row]:
        """The page, from up to `limit + 1` rows: the one too many tells that there is a next page.

        `total` is how many there are in all, where that was asked for.
        """
        if len(rows) <= query.limit:
            return Page(rows, None, total)
        shown = rows[: query.limit]
        values = [getattr(shown[-1], column) for column in self._columns]
        text = msgspec.json.encode([self._digest(query, bound), *values])
        return Page(shown, base64.urlsafe_b64encode(text).rstrip(b"=").decode(), total)

    def _values(self, cursor: str, digest: str) -> list[object]:
        decoded = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found, *values = msgspec.json.decode(decoded, type=list[object])
        if found != digest or len(values) != len(self._types):
            raise ValueError("made for another list")
        return [_value(value, kind) for value, kind in zip(values, self._types, strict=True)]

    def _digest(self, query: KeysetQuery, bound: tuple[object, ...]) -> str:
        filters = {
            name: value
            for name, value in msgspec.structs.asdict(query).items()
            if name not in ("limit", "after") and value is not UNSET
        }
        whole = [type(query).__qualname__, self._order, filters, bound]
        return hashlib.sha256(msgspec.json.encode(whole, order="sorted")).hexdigest()[:16]


def _wire_name(query: type[KeysetQuery]) -> str:
    return next(field.encode_name for field in msgspec.structs.fields(query) if field.name == "after")


def _value(value: object, kind: object) -> object:
    if isinstance(value, str):
        storable(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("beyond 64 bits")
    converted = msgspec.convert(value, kind)
    if isinstance(converted, datetime) and converted.tzinfo is not UTC:
        raise ValueError("cursors carry UTC")
    if isinstance(converted, Decimal):
        _check_digits(converted, kind)
    return converted


def _check_digits(value: Decimal, kind: object) -> None:
    """A column of a fixed scale never has another number of digits."""
    scales = [each for each in _marks(kind) if isinstance(each, Scale)]
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or value.adjusted() > DIGITS:
        raise ValueError("no such decimal")
    if scales and -exponent != scales[0].digits:
        raise ValueError("another scale")


def _marks(kind: Any) -> tuple[Any, ...]:
    """What `Annotated` says of a type, which may be beside None."""
    options = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return tuple(mark for each in options for mark in getattr(each, "__metadata__", ()))
