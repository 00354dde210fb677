"""A stand-in for a source of advisories, on this machine: it speaks OSV's `POST /v1/query`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from backwright.verify.gates.vulnerabilities import CONTROLS

Answer = Callable[[str, str], tuple[int, bytes]]


@contextmanager
def source(answer: Answer) -> Iterator[str]:
    """The address of one that answers so about a name and a version."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, body = answer(asked["package"]["name"], asked["version"])
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}/v1/query"
    finally:
        listening.shutdown()


def none_known(name: str, version: str) -> tuple[int, bytes]:
    """It knows of the old versions that are asked about to see whether anything is known, and of nothing else."""
    return advisory(name) if (name, version) in CONTROLS else (200, b"{}")


def advisory(name: str, **more: str) -> tuple[int, bytes]:
    known: dict[str, Any] = {
        **more,
        "id": "GHSA-0000-0000-0000",
        "modified": "2026-01-01T00:00:00Z",
        "affected": [
            {
                "package": {"name": name, "ecosystem": "PyPI"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
            }
        ],
    }
    return 200, json.dumps({"vulns": [known]}).encode()
