"""Uploads and errors, asked from outside: green on a backend that is right, red on one that is broken."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from backwright.verify.observed import Bounds, Caller, Observed
from backwright.verify.probes import errors, uploads
from backwright.verify.probes.probe import Outcome, Probe, world_of

ERROR = {"application/json": {"schema": {"type": "object"}}}
FILE = {
    "type": "object",
    "required": ["scan"],
    "properties": {"scan": {"type": "string", "format": "binary"}},
}
CONTRACT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "scans", "version": "1"},
    "paths": {
        "/scans": {
            "post": {
                "requestBody": {
                    "content": {
                        "multipart/form-data": {
                            "schema": FILE,
                            "encoding": {"scan": {"contentType": "application/pdf"}},
                        }
                    }
                },
                "responses": {
                    "201": {"description": "Kept.", "content": ERROR},
                    "413": {"description": "More than 50 kB.", "content": ERROR},
                    "415": {"description": "No PDF.", "content": ERROR},
                },
            }
        },
        "/scans/{scanId}": {
            "get": {
                "parameters": [
                    {"name": "scanId", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
                "responses": {
                    "200": {"description": "It.", "content": {"application/pdf": {}}},
                    "404": {"description": "There is none.", "content": ERROR},
                },
            }
        },
    },
}


def handler(defect: str) -> type[BaseHTTPRequestHandler]:
    kept: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status: int, content: bytes, media: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            (part,) = BytesParser().parsebytes(head + content).get_payload()
            media, data = part.get_content_type(), part.get_payload(decode=True)
            if defect == "crashes" and ".." in str(part.get_filename()):
                self.answer(500, b"{}")
            elif media != "application/pdf" and defect not in {"any_type", "page"}:
                self.answer(415, b"{}")
            elif len(data) > 50 * 1024 and defect != "any_size":
                self.answer(413, b"{}")
            else:
                kept.append((media, data[:-1] if defect == "cut" else data))
                self.answer(201, json.dumps({"id": f"s{len(kept)}"}).encode())

        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2].removeprefix("s")
            if name.isdigit() and 0 < int(name) <= len(kept):
                media, data = kept[int(name) - 1]
                self.answer(200, data, media)
            elif defect == "html":
                self.answer(404, b"<h1>Not Found</h1>", "text/html")
            else:
                self.answer(404, b"{}")

    return Handler


@contextmanager
def judged(defect: str, probe: Probe) -> Iterator[Outcome]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(defect))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    seen = Observed(
        name="scans",
        url=f"http://127.0.0.1:{server.server_port}",
        contract=CONTRACT,
        callers=(Caller(name="ann", headers={"Cookie": "session=1"}),),
        exchanges=(),
    )
    try:
        with world_of(seen, Bounds()) as world:
            yield probe.run(world)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("probe", [uploads, errors])
def test_what_is_right_is_asked_and_nothing_is_found(probe: Probe) -> None:
    with judged("", probe) as outcome:
        assert [(each.where, each.what) for each in (*outcome.findings, *outcome.advice)] == []
        assert outcome.tried >= 2


@pytest.mark.parametrize(
    ("defect", "probe", "where", "what"),
    [
        ("any_type", uploads, "POST /scans", "a file of text/html is accepted, where the contract lists"),
        ("any_size", uploads, "POST /scans", "where the contract says 0.0488 MB"),
        ("crashes", uploads, "POST /scans", "answers 500 to a file whose name leads elsewhere"),
        ("cut", uploads, "GET /scans/{scanId}", "bytes, where"),
        ("page", uploads, "GET /scans/{scanId}", "answers an uploaded page as a page"),
        ("html", errors, "GET /scans/{scanId}", "404 is a page of HTML, where the contract promises"),
    ],
)
def test_what_is_wrong_is_found(defect: str, probe: Probe, where: str, what: str) -> None:
    with judged(defect, probe) as outcome:
        assert any(each.where == where and what in each.what for each in outcome.findings), outcome.findings
