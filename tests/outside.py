"""The backend that tests break on purpose, as a target: as a process of its own, or within the test's."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import notes_backend
import shelf_backend
import shelf_contract
import store_backend
import store_contract
from notes_contract import CONTRACT

from backwright.verify.observed import Observed
from backwright.verify.target.observing import observed
from backwright.verify.target.reading import read_target

START = """
name: notes
start:
  command: [{python}, {backend}, "{{port}}"]
  env: {{DEFECTS: "{defects}", PYTHONDONTWRITEBYTECODE: "1"}}
contract: openapi.json
callers:
"""
RUNNING = """
name: notes
url: {url}
contract: openapi.json
callers:
"""
CALLER = """
  {name}:
    sign_in:
      - request: POST /accounts
        body: {{email: "{{name}}-{{unique}}@example.com", password: "longenough-{{unique}}"}}
        keep: {{token: token}}
    headers: {{Authorization: "Bearer {{token}}"}}
"""
SHELF_CALLER = """
  {name}:
    sign_in:
      - request: POST /accounts
        body: {{name: "{{name}}-{{unique}}", password: "longenough-{{unique}}"}}
      - request: POST /sessions
        body: {{name: "{{name}}-{{unique}}", password: "longenough-{{unique}}"}}
        keep: {{token: token}}
    headers: {headers}
"""
STORE_CALLER = """
  {name}:
    sign_in:
      - request: POST /accounts
        body: {{email: "{{name}}-{{unique}}@example.com", password: "longenough-{{unique}}"}}
      - request: POST /sessions
        body: {{email: "{{name}}-{{unique}}@example.com", password: "longenough-{{unique}}"}}
        keep: {{token: token}}
    headers: {{Authorization: "Bearer {{token}}"}}
"""
BEARER = '{Authorization: "Bearer {token}"}'
COOKIE = '{Cookie: "session={token}", X-Guard: "{token}"}'
CALLERS = "".join(CALLER.format(name=name) for name in ("ann", "bob"))


def target_file(folder: Path, *defects: str, more: str = "") -> Path:
    """A target file that starts the backend with these defects, with its contract beside it."""
    text = START.format(
        python=json.dumps(sys.executable),
        backend=json.dumps(str(Path(notes_backend.__file__))),
        defects=",".join(defects),
    )
    return _written(folder, text + CALLERS + more)


def _written(folder: Path, text: str, contract: Mapping[str, Any] = CONTRACT) -> Path:
    (folder / "openapi.json").write_text(json.dumps(contract), "utf-8")
    path = folder / "target.yaml"
    path.write_text(text, "utf-8")
    return path


@contextmanager
def within(folder: Path, *defects: str, more: str = "") -> Iterator[Observed]:
    """The backend with these defects, in a thread of this process, as gates see it."""
    for state in (notes_backend.ACCOUNTS, notes_backend.NOTES, notes_backend.FAILED):
        state.clear()
    notes_backend.DEFECTS |= set(defects)
    try:
        with served(notes_backend.Handler) as url:
            path = _written(folder, RUNNING.format(url=url) + CALLERS + more)
            with observed(read_target(path), folder / "server.log") as seen:
                yield seen
    finally:
        notes_backend.DEFECTS.clear()


@contextmanager
def shelves(folder: Path, *defects: str, headers: str = BEARER) -> Iterator[Observed]:
    """The second backend with these defects, as gates see it; only bob may ask for statistics."""
    shelf_backend.clear()
    shelf_backend.DEFECTS |= set(defects)
    with served(shelf_backend.Handler) as url:
        callers = "".join(SHELF_CALLER.format(name=name, headers=headers) for name in ("ann", "bob"))
        text = RUNNING.format(url=url) + callers + "\nreserved: {GET /statistics: [bob]}\n"
        path = _written(folder, text, shelf_contract.CONTRACT)
        with observed(read_target(path), folder / "server.log") as seen:
            yield seen


@contextmanager
def stores(folder: Path, *defects: str) -> Iterator[Observed]:
    """The backend of which some things take several steps, with these defects, as gates see it."""
    store_backend.clear()
    store_backend.DEFECTS |= set(defects)
    with served(store_backend.Handler) as url:
        callers = "".join(STORE_CALLER.format(name=name) for name in ("ann", "bob"))
        path = _written(folder, RUNNING.format(url=url) + callers, store_contract.CONTRACT)
        with observed(read_target(path), folder / "server.log") as seen:
            yield seen


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server of this process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
