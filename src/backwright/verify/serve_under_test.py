"""The emitted backend as a process of its own, with time, ids and passwords that a verifier controls.

`python -m backwright.verify.serve_under_test PACKAGE PORT|fd:NUMBER [SCRIPTS]`, with the service's usual environment.
Where there is a file of scripts, they stand in for custom logic.
With BACKWRIGHT_STATEMENTS it notes what SQLite executes in that file; with BACKWRIGHT_UNLIMITED it lets everybody ask
as often as they like, because a refusal costs nothing and says nothing about what is measured; with BACKWRIGHT_LOWERED
no limit allows more requests than that.
`POST /-/fresh` makes a new application in the place of the old one, so that nothing in memory outlives a sequence.
"""

from __future__ import annotations

import importlib
import inspect
import os
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.types import Receive, Scope, Send

from backwright_runtime import Passwords, logs
from backwright_runtime.application import Application
from backwright_runtime.command import KEEP_ALIVE
from backwright_runtime.database import sqlite as runtime_sqlite
from backwright_runtime.limits import Rate, Rates
from backwright_runtime.testing import ScriptedLogic, ScriptedSeam, stand_ins

FRESH = "/-/fresh"
STATEMENTS_VARIABLE = "BACKWRIGHT_STATEMENTS"
UNLIMITED_VARIABLE = "BACKWRIGHT_UNLIMITED"
LOWERED_VARIABLE = "BACKWRIGHT_LOWERED"


class Renewable:
    """An ASGI application that can begin again."""

    def __init__(self, make: Callable[[], Application]) -> None:
        self._make = make
        self._app = make()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != FRESH:
            await self._app(scope, receive, send)
            return
        await self._app.shutdown()
        self._app = self._make()
        await self._app.startup()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def main(arguments: list[str]) -> None:
    """Serve the package's application on a port, or on a listening socket that was handed over."""
    package, where, *scripts = arguments
    if STATEMENTS_VARIABLE in os.environ:
        note_statements(os.environ[STATEMENTS_VARIABLE])
    if UNLIMITED_VARIABLE in os.environ:
        Rates.count = lambda *_: None  # type: ignore[method-assign]
    if LOWERED_VARIABLE in os.environ:
        lower_limits(int(os.environ[LOWERED_VARIABLE]))
    module = importlib.import_module(f"{package}.app")
    for name, value in stand_ins(module.Settings).items():  # custom logic is stood in for as well
        os.environ.setdefault(name.upper(), str(value).lower() if isinstance(value, bool) else str(value))
    given: dict[str, object] = {"seam": ScriptedSeam()}
    if (
        "passwords" in inspect.signature(module.create_app).parameters
    ):  # a service without accounts hashes none
        given["passwords"] = Passwords.cheap()
    if scripts:
        given["logic"] = ScriptedLogic(msgspec.json.decode(Path(scripts[0]).read_bytes()))

    def made() -> Application:
        app: Application = module.create_app(**given)
        if os.environ.get("LOG_LEVEL") == "debug":  # as in production: its logs are looked at
            app.access_log = logs.configure("debug")
        return app

    app = Renewable(made)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
    )
    uvicorn.Server(config).run(sockets=[listening(where)])


def lower_limits(most: int) -> None:
    """Each limit of an operation that is asked allows at most so many requests; how they are counted stays."""
    count = Rates.count

    def lowered(self: Rates, operation: str, rates: Iterable[Rate], who: str, now: datetime) -> None:
        limits = [msgspec.structs.replace(rate, count=min(rate.count, most)) for rate in rates]
        count(self, operation, limits, who, now)

    Rates.count = lowered  # type: ignore[method-assign]


def note_statements(path: str) -> None:
    """Append each statement that SQLite executes in this process to a file, one JSON string a line."""
    runtime_sqlite.LONG = 60.0  # a read that is interrupted, and made again elsewhere, would count twice
    connect, encode = sqlite3.connect, msgspec.json.encode
    noted = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def connected(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **named)
        connection.set_trace_callback(lambda text: os.write(noted, encode(text) + b"\n") and None)
        return connection

    sqlite3.connect = connected  # type: ignore[assignment]


def listening(where: str) -> socket.socket:
    """The socket to serve on."""
    if where.startswith("fd:"):
        return socket.socket(fileno=int(where.removeprefix("fd:")))
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", int(where)))
    return made


if __name__ == "__main__":
    main(sys.argv[1:])
