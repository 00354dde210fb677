"""Headers that say how long an answer may be kept, and that an operation is going to end."""

from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Literal

from msgspec import Struct

from backwright_runtime.texts import header_text


class Cache(Struct, frozen=True):
    """How long, and by whom, a success answer to GET may be kept."""

    seconds: int
    scope: Literal["public", "private"] = "private"

    def headers(self) -> dict[str, str]:
        """The header."""
        return {"cache-control": f"{self.scope}, max-age={self.seconds}"}


class Deprecation(Struct, frozen=True):
    """Since when (RFC 9745) and until when (RFC 8594) clients may still use an operation; dates of ISO 8601."""

    since: str
    sunset: str | None = None
    link: str | None = None

    def headers(self) -> dict[str, str]:
        """The headers."""
        found = {"deprecation": f"@{int(_midnight(self.since).timestamp())}"}
        if self.sunset is not None:
            found["sunset"] = format_datetime(_midnight(self.sunset), usegmt=True)
        if self.link is not None:
            found["link"] = f'<{header_text(self.link)}>; rel="deprecation"'
        return found


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)
