"""Password hashes: argon2id, in threads of its own, as slow for a missing account as for a wrong password."""

import asyncio
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from backwright_runtime.errors import InvalidCredentials, ServiceError, Unavailable

QUEUE = 64


User = TypeVar("User")


class Passwords:
    """Hashes and verifies, as many at a time as there are cores (each takes 64 MiB); some more may wait."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobody: str | None = None

    @classmethod
    def cheap(cls) -> Self:
        """For tests: the same format, almost no work."""
        return cls(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))

    async def hash(self, password: str) -> str:
        """The argon2id hash of a password. Raises Unavailable when too many wait already."""
        return await self._run(password, None) or ""

    async def verified(
        self,
        user: User | None,
        hashed: str | None,
        given: str,
        otherwise: ServiceError | None = None,
    ) -> User:
        """The user, when the hash is of the given password.

        Raises InvalidCredentials, or what is given instead, and takes as long, where there is no user or no
        hash.
        """
        if self._nobody is None:
            self._nobody = await self.hash(secrets.token_urlsafe())
        matches = await self._run(given, hashed or self._nobody)
        if user is None or hashed is None or matches is None:
            raise otherwise or InvalidCredentials()
        return user

    async def _run(self, password: str, hashed: str | None) -> str | None:
        if self._waiting >= QUEUE:
            raise Unavailable
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._work, password, hashed)
        finally:
            self._waiting -= 1

    def _work(self, password: str, hashed: str | None) -> str | None:
        if hashed is None:
            return self._hasher.hash(password)
        try:
            self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return None
        return hashed


ARGON2ID = Passwords()
