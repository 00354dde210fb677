"""Time and ids, made as the runtime's scripted seam makes them, so that both sides give the same values.

A request with the id `v-<n>` happens n milliseconds after the start of 2030; its ids follow from its own id.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

START = datetime(2030, 1, 1, tzinfo=UTC)


def now(request_id: str) -> datetime:
    """The instant of a request; requests whose id is not `v-<n>` happen at the start."""
    numbered = re.fullmatch(r"v-([0-9]+)", request_id)
    return START + timedelta(milliseconds=int(numbered[1]) if numbered else 0)


def identifier(request_id: str, at: datetime, position: int) -> UUID:
    """The UUIDv7 that a request makes as its `position`-th (from 0).

    48 bits of Unix milliseconds, then the first 80 bits of SHA-256 of `<request id>/<position>`, of which six
    are overwritten by version and variant.
    """
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    number = int.from_bytes(
        milliseconds.to_bytes(6, "big") + sha256(f"{request_id}/{position}".encode()).digest()[:10]
    )
    number = number & ~(0xF << 76) | (7 << 76)
    number = number & ~(0b11 << 62) | (0b10 << 62)
    return UUID(int=number)
