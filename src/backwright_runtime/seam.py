"""The one place where time and everything that is made up come from, so that a verifier can control them."""

import os
import secrets
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class Moment(Protocol):
    """One request's instant, and what is made up in it."""

    @property
    def now(self) -> datetime:
        """The instant, in UTC; the same throughout a request."""
        ...

    def new_id(self) -> UUID:
        """A new UUIDv7."""
        ...

    def new_token(self) -> str:
        """32 characters that nobody can guess."""
        ...

    def new_suffix(self) -> str:
        """Eight hexadecimal digits that tell things of one name apart."""
        ...

    def again(self) -> "Moment":
        """The same instant from its beginning, for another attempt at the same request."""
        ...


class Seam(Protocol):
    """Where moments come from."""

    def begin(self, request_id: str) -> Moment:
        """The moment in which this request happens."""
        ...


def uuid7(at: datetime, randomness: bytes) -> UUID:
    """The UUIDv7 (RFC 9562) of an instant; version and variant overwrite six bits of the ten random bytes."""
    milliseconds = (at - EPOCH) // MILLISECOND
    number = (milliseconds << 80) | int.from_bytes(randomness[:10])
    number = number & ~(0xF << 76) | (7 << 76)
    number = number & ~(0b11 << 62) | (0b10 << 62)
    return UUID(int=number)


class SystemMoment:
    """The wall clock and the operating system's randomness."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def again(self) -> Moment:
        """Itself: what it made before is in nobody's hands, and what it makes is never the same."""
        return self

    def new_id(self) -> UUID:
        """A new UUIDv7."""
        return uuid7(self.now, os.urandom(10))

    def new_token(self) -> str:
        """32 characters that nobody can guess."""
        return secrets.token_urlsafe(24)

    def new_suffix(self) -> str:
        """Eight hexadecimal digits that tell things of one name apart."""
        return secrets.token_hex(4)


class SystemSeam:
    """What a service runs on in production."""

    def begin(self, request_id: str) -> Moment:
        """The present moment."""
        return SystemMoment()


SYSTEM: Seam = SystemSeam()
