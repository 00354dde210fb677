"""For tests: a seam that can be predicted, cheap passwords, and a service on a database of its own."""

import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from uuid import UUID

import httpx

from backwright_runtime import migrations as migrating
from backwright_runtime.application import Application
from backwright_runtime.passwords import Passwords
from backwright_runtime.seam import Moment, uuid7
from backwright_runtime.settings import RuntimeSettings, TokenKey

__all__ = ["CHEAP_PASSWORDS", "ScriptedSeam", "client", "settings_for"]

START = datetime(2030, 1, 1, tzinfo=UTC)
NUMBERED = re.compile(r"v-([0-9]{1,12})")
CHEAP_PASSWORDS = Passwords.cheap()
S = TypeVar("S", bound=RuntimeSettings)


class ScriptedMoment:
    """An instant, and things made up, that follow from the request id and the order of making."""

    def __init__(self, request_id: str) -> None:
        numbered = NUMBERED.fullmatch(request_id)
        self._request_id = request_id
        self._made = 0
        self.now = START + timedelta(milliseconds=int(numbered[1]) if numbered else 0)

    def again(self) -> Moment:
        """The same instant, in which the same things are made."""
        return ScriptedMoment(self._request_id)

    def new_id(self) -> UUID:
        """The next id."""
        return uuid7(self.now, self._digest())

    def new_token(self) -> str:
        """The next token."""
        return urlsafe_b64encode(self._digest()[:24]).decode()

    def new_suffix(self) -> str:
        """The next suffix."""
        return self._digest().hex()[:8]

    def _digest(self) -> bytes:
        digest = sha256(f"{self._request_id}/{self._made}".encode()).digest()
        self._made += 1
        return digest


class ScriptedSeam:
    """A request `v-<n>` happens n milliseconds after the start of 2030; all others happen at the start."""

    def begin(self, request_id: str) -> Moment:
        """The moment of this request."""
        return ScriptedMoment(request_id)


def settings_for(settings: type[S], database_url: str) -> S:
    """Settings for a test."""
    keys = (TokenKey("test", "not a secret, and long enough to sign with"),)
    return settings(database_url=database_url, token_keys=keys, pool_size=4)


@asynccontextmanager
async def client(
    create_app: Callable[[str], Application],
    *,
    migrations: Path | None = None,
    database_url: str | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of a service that runs in this process, on a migrated database.

    `create_app` gets the address of the database: the given one, or a SQLite file for this use.
    """
    with TemporaryDirectory() as folder:
        url = database_url or f"sqlite:///{folder}/service.db"
        if migrations is not None:
            await migrating.up(url, migrations)
        app = create_app(url)
        await app.startup()
        try:
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as opened:
                yield opened
        finally:
            await app.shutdown()
