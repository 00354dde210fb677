"""An address in a body is not fetched from where the backend stands."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.exploring import World

IDS = ("API7:2023",)
NAME = "fetching"
WHY = "A backend that fetches any address it is given reads the cloud's metadata and the network behind the firewall."
ADDRESS = re.compile(
    r"ur[il]|link|webhook|callback|image|avatar|picture|photo|feed|source|website|hook", re.IGNORECASE
)
SECONDS = 2.0


def run(world: World) -> Outcome:
    """Members that look like addresses get one of this machine, where a listener waits: nobody may come to it."""
    notes = Notes(world)
    with _listener() as (port, visits):
        for operation in world.operations:
            if operation.body is None:
                continue
            body = world.body(operation)
            names = [name for name in _names(body) if ADDRESS.search(name)]
            if not names:
                continue
            caller = next(iter(world.callers), None)
            path = world.path_for(operation, caller)
            if path is None:
                continue
            before, notes.tried = len(visits), notes.tried + 1
            address = f"http://127.0.0.1:{port}/{operation.method.lower()}"
            try:
                sent = world.send(operation, caller, path, _with(body, names, address)).sent
            except Unreachable:
                continue
            _patience(visits, before)
            if len(visits) > before:
                notes.found(operation.name, f"fetches the address in `{names[0]}`: {visits[-1]}", sent)
    if not notes.tried:
        notes.unjudged("fetching", "no body of the contract has a member that looks like an address")
    return notes.outcome()


def _names(body: Any) -> Iterator[str]:
    if isinstance(body, dict):
        for name, value in body.items():
            if isinstance(value, str):
                yield name
            yield from _names(value)


def _with(body: Any, names: list[str], address: str) -> Any:
    if not isinstance(body, dict):
        return body
    return {
        name: address if name in names and isinstance(value, str) else _with(value, names, address)
        for name, value in body.items()
    }


def _patience(visits: list[str], before: int) -> None:
    """Fetching may be done a little later."""
    end = time.monotonic() + min(SECONDS, 0.5)
    while time.monotonic() < end and len(visits) == before:
        time.sleep(0.02)


@contextmanager
def _listener() -> Iterator[tuple[int, list[str]]]:
    """A port on this machine, and the first lines of what comes to it."""
    visits: list[str] = []
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        listening.settimeout(0.1)
        done = threading.Event()

        def serve() -> None:
            while not done.is_set():
                try:
                    connection, _ = listening.accept()
                except (TimeoutError, OSError):
                    continue
                with connection:
                    connection.settimeout(1.0)
                    try:
                        first = connection.recv(2048).split(b"\r\n")[0].decode("latin-1")
                        connection.sendall(
                            b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                        )
                    except OSError:
                        first = "a connection"
                visits.append(first)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1], visits
        finally:
            done.set()
            thread.join(2.0)
