"""The reference served over HTTP: a mock of the service for front-end teams, before or beside the real backend.

Everything is in memory and gone at the end. Time and ids are real; browsers of any origin may call it. It is no
backend: one request at a time, passwords kept as they are given, no limit but that of the body.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from backwright.model.types import Model
from backwright.reference import Reference, Request, Response, seam

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
ASKED = "authorization, content-type, x-request-id, x-csrf-token, if-match, if-none-match, idempotency-key"
SHOWN = "location, x-request-id, etag, retry-after, deprecation, sunset, link, idempotency-replayed"


class Mock:
    """A reference behind HTTP.

    `scripted`: time and ids follow from the request ids, as the verifier's do, and cookies stay as they are meant:
    then the mock can stand in for a backend under test.
    """

    def __init__(self, model: Model, *, scripted: bool = False) -> None:
        self.reference = Reference(model)
        self.scripted = scripted
        self.application = Starlette(routes=[Route("/{path:path}", self.answer, methods=METHODS)])

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """The answer to one request."""
        shared = any_origin(request)
        if request.method == "OPTIONS":
            return HttpResponse(status_code=204, headers=shared)
        return self.sent(self.reference.answer(await self.asked(request)), shared)

    async def asked(self, request: HttpRequest) -> Request:
        """The request as the reference sees it."""
        request_id = request.headers.get("x-request-id", "") if self.scripted else secrets.token_hex(8)
        return Request(
            method=request.method,
            path=request.scope["path"],
            now=seam.now(request_id) if self.scripted else datetime.now(UTC),
            request_id=request_id,
            query=tuple(request.query_params.multi_items()),
            authorization=request.headers.get("authorization"),
            content_type=request.headers.get("content-type"),
            headers={name.lower(): value for name, value in request.headers.items()},
            address=request.client.host if request.client is not None else "127.0.0.1",
            body=await request.body() or None,
        )

    def sent(self, answered: Response, shared: dict[str, str]) -> HttpResponse:
        """The reference's answer over HTTP."""
        content = answered.content or b""
        if answered.body is not None:
            content = msgspec.json.encode(answered.body, enc_hook=str)
        response = HttpResponse(content, answered.status, headers={**answered.headers, **shared})
        for cookie in answered.cookies:
            # Served without TLS, so that a browser on this machine keeps it.
            response.headers.append("set-cookie", cookie if self.scripted else cookie.replace("; Secure", ""))
        return response


def mock(model: Model) -> Starlette:
    """An ASGI application that answers as the model means."""
    return Mock(model).application


def any_origin(request: HttpRequest) -> dict[str, str]:
    """What lets a page of any origin call it, with its cookies (https://fetch.spec.whatwg.org/#http-cors-protocol)."""
    origin = request.headers.get("origin")
    return {
        "access-control-allow-origin": origin or "*",
        "access-control-allow-headers": ASKED,
        "access-control-allow-methods": ", ".join(METHODS),
        "access-control-expose-headers": SHOWN,
        **({} if origin is None else {"access-control-allow-credentials": "true", "vary": "origin"}),
    }


def serve(model: Model, host: str, port: int) -> None:
    """Answer until stopped."""
    uvicorn.run(mock(model), host=host, port=port, log_level="warning", server_header=False)
