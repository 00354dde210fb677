"""Pages of a list, by keyset: a cursor says after which row to go on, so every page costs the same."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct

from backwright_runtime.database.interface import Value
from backwright_runtime.errors import FieldError, Invalid
from backwright_runtime.values import storable

Row = TypeVar("Row", bound=Struct)


class KeysetQuery(Struct, frozen=True, kw_only=True):
    """The query parameters of a paged list; each list says its own default and largest `limit`."""

    limit: int = 20
    after: str | None = None


class Page(Struct, Generic[Row], frozen=True):
    """Some rows of a list, and the cursor of the next page (None: this is the last)."""

    rows: Sequence[Row]
    next: str | None


class Keyset(Generic[Row]):
    """The columns that order a list totally. A column may be followed by its direction."""

    def __init__(self, row: type[Row], *terms: str) -> None:
        self._columns = tuple(term.split()[0] for term in terms)
        self._order = ",".join(terms)
        known = {field.name: field.type for field in msgspec.structs.fields(row)}
        self._types = tuple(known[column] for column in self._columns)

    def after(self, query: KeysetQuery) -> dict[str, Value]:
        """The parameters `after_<column>` of the cursor; all unset on the first page.

        Raises Invalid when the cursor was made for another list, other filters or another order.
        """
        names = [f"after_{column}" for column in self._columns]
        if query.after is None:
            return dict.fromkeys(names, UNSET)
        return dict(zip(names, self._values(query.after, self._digest(query)), strict=True))

    def page(self, rows: Sequence[Row], query: KeysetQuery) -> Page[Row]:
        """The page, from up to `limit + 1` rows: the one too many tells that there is a next page."""
        if len(rows) <= query.limit:
            return Page(rows, None)
        shown = rows[: query.limit]
        values = [getattr(shown[-1], column) for column in self._columns]
        text = msgspec.json.encode([self._digest(query), *values])
        return Page(shown, base64.urlsafe_b64encode(text).rstrip(b"=").decode())

    def _values(self, cursor: str, digest: str) -> list[Value]:
        try:
            decoded = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            found, *values = msgspec.json.decode(decoded, type=list[object])
            if found != digest or len(values) != len(self._types):
                raise ValueError("made for another list")
            return [_value(value, kind) for value, kind in zip(values, self._types, strict=True)]
        except (ValueError, RecursionError, binascii.Error, msgspec.MsgspecError):
            raise Invalid(FieldError("after", "cursor")) from None

    def _digest(self, query: KeysetQuery) -> str:
        filters = {
            name: value
            for name, value in msgspec.structs.asdict(query).items()
            if name not in ("limit", "after") and value is not UNSET
        }
        bound = msgspec.json.encode([type(query).__qualname__, self._order, filters], order="sorted")
        return hashlib.sha256(bound).hexdigest()[:16]


def _value(value: object, kind: object) -> Value:
    if isinstance(value, str):
        storable(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("beyond 64 bits")
    converted: Value = msgspec.convert(value, kind)
    if isinstance(converted, datetime) and converted.tzinfo is not UTC:
        raise ValueError("cursors carry UTC")
    return converted
