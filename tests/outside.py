"""The backend that tests break on purpose, as a target: as a process of its own, or within the test's."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import notes_backend
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
CALLERS = "".join(CALLER.format(name=name) for name in ("ann", "bob"))


def target_file(folder: Path, *defects: str, more: str = "") -> Path:
    """A target file that starts the backend with these defects, with its contract beside it."""
    text = START.format(
        python=json.dumps(sys.executable),
        backend=json.dumps(str(Path(notes_backend.__file__))),
        defects=",".join(defects),
    )
    return _written(folder, text + CALLERS + more)


def _written(folder: Path, text: str) -> Path:
    (folder / "openapi.json").write_text(json.dumps(CONTRACT), "utf-8")
    path = folder / "target.yaml"
    path.write_text(text, "utf-8")
    return path


@contextmanager
def within(folder: Path, *defects: str, more: str = "") -> Iterator[Observed]:
    """The backend with these defects, in a thread of this process, as gates see it."""
    for state in (notes_backend.ACCOUNTS, notes_backend.NOTES, notes_backend.FAILED):
        state.clear()
    notes_backend.DEFECTS |= set(defects)
    server = ThreadingHTTPServer(("127.0.0.1", 0), notes_backend.Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    path = _written(folder, RUNNING.format(url=f"http://127.0.0.1:{server.server_port}") + CALLERS + more)
    try:
        with observed(read_target(path), folder / "server.log") as seen:
            yield seen
    finally:
        notes_backend.DEFECTS.clear()
        server.shutdown()
        server.server_close()
        thread.join(5)
