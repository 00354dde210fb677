"""Time and everything that is made up, as the runtime's scripted seam makes it, so that both sides agree.

A request with the id `v-<n>` happens n milliseconds after the start of 2030; what it makes follows from its own
id and the order of making.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

START = datetime(2030, 1, 1, tzinfo=UTC)


def now(request_id: str) -> datetime:
    """The instant of a request; requests whose id is not `v-<n>` happen at the start."""
    numbered = re.fullmatch(r"v-([0-9]+)", request_id)
    return START + timedelta(milliseconds=int(numbered[1]) if numbered else 0)


def digest(request_id: str, position: int) -> bytes:
    """SHA-256 of `<request id>/<position>`: where everything made up comes from."""
    return sha256(f"{request_id}/{position}".encode()).digest()


def identifier(request_id: str, at: datetime, position: int) -> UUID:
    """The UUIDv7 that a request makes as its `position`-th thing (from 0).

    48 bits of Unix milliseconds, then the first 80 bits of the digest, of which six are overwritten by version
    and variant.
    """
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    number = int.from_bytes(milliseconds.to_bytes(6, "big") + digest(request_id, position)[:10])
    number = number & ~(0xF << 76) | (7 << 76)
    number = number & ~(0b11 << 62) | (0b10 << 62)
    return UUID(int=number)


class Seam:
    """What one request makes up, counted together: ids, tokens, and what makes slugs differ."""

    def __init__(self, request_id: str, at: datetime) -> None:
        self.request_id = request_id
        self.at = at
        self.made = 0

    def id(self) -> UUID:
        """The next UUIDv7."""
        return identifier(self.request_id, self.at, self._next())

    def token(self) -> str:
        """32 characters that nobody can guess: the first 24 bytes of the digest in URL-safe base64."""
        return urlsafe_b64encode(digest(self.request_id, self._next())[:24]).decode()

    def suffix(self) -> str:
        """The first eight hexadecimal digits of the digest."""
        return digest(self.request_id, self._next()).hex()[:8]

    def _next(self) -> int:
        self.made += 1
        return self.made - 1
