"""What a caller sees of rows: the JSON of a success answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, assert_never
from uuid import UUID

from backwright.model.types import Model, Show, ShowNothing, ShowPage, ShowRow, ShowSession
from backwright.reference.evaluate import Row
from backwright.reference.http import Opaque


def shown(show: Show, bindings: Mapping[str, Any], model: Model) -> tuple[Any, dict[str, Any]]:
    """The `data` of the envelope, and what is added to its `meta`."""
    match show:
        case ShowRow():
            return view(bindings[show.bind], show.view, model), {}
        case ShowPage():
            page = bindings[show.bind]
            cursor = None if page.next is None else Opaque(page.next)
            return [view(row, show.view, model) for row in page.rows], {"next": cursor}
        case ShowSession():
            token = Opaque(bindings[show.token])
            return {show.row: view(bindings[show.row], show.view, model), "token": token}, {}
        case ShowNothing():
            return None, {}
        case _:
            assert_never(show)


def view(row: Row, name: str, model: Model) -> dict[str, Any]:
    """One row as callers see it."""
    return {field.wire: printed(row[field.field]) for field in model.view(name).fields}


def printed(value: Any) -> Any:
    """A value in JSON: times in UTC with six digits, references as their key."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def location(show: Show, bindings: Mapping[str, Any]) -> str | None:
    """The path of the row that was created."""
    if not isinstance(show, ShowRow) or show.location is None:
        return None
    row = bindings[show.bind]
    return re.sub(r"\{(\w+)\}", lambda hole: str(printed(row[hole[1]])), show.location)
