"""Headers that say how long an answer may be kept, and that an operation is going to end."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from backwright.model.types import Operation
from backwright.reference.http import Request, Response


def notices(operation: Operation, request: Request, response: Response) -> dict[str, str]:
    """The headers of an operation, for one answer."""
    found: dict[str, str] = {}
    if operation.cache is not None and response.status < 400 and request.method in ("GET", "HEAD"):
        found["cache-control"] = f"{operation.cache.scope}, max-age={operation.cache.seconds}"
    if operation.deprecated is not None:
        found["deprecation"] = f"@{int(_midnight(operation.deprecated.since).timestamp())}"
        if operation.deprecated.sunset is not None:
            found["sunset"] = format_datetime(_midnight(operation.deprecated.sunset), usegmt=True)
        if operation.deprecated.link is not None:
            found["link"] = f'<{operation.deprecated.link}>; rel="deprecation"'
    return found


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)
