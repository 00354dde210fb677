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
from backwright.reference import Reference, Request

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
ANY_ORIGIN = {
    "access-control-allow-origin": "*",
    "access-control-allow-headers": "authorization, content-type, x-request-id",
    "access-control-allow-methods": ", ".join(METHODS),
    "access-control-expose-headers": "location, x-request-id",
}


def mock(model: Model) -> Starlette:
    """An ASGI application that answers as the model means."""
    reference = Reference(model)

    async def answer(request: HttpRequest) -> HttpResponse:
        if request.method == "OPTIONS":
            return HttpResponse(status_code=204, headers=ANY_ORIGIN)
        answered = reference.answer(await asked(request))
        body = b"" if answered.body is None else msgspec.json.encode(answered.body, enc_hook=str)
        return HttpResponse(body, answered.status, headers={**answered.headers, **ANY_ORIGIN})

    return Starlette(routes=[Route("/{path:path}", answer, methods=METHODS)])


async def asked(request: HttpRequest) -> Request:
    """The request as the reference sees it."""
    return Request(
        method=request.method,
        path=request.url.path,
        now=datetime.now(UTC),
        request_id=secrets.token_hex(8),
        query=tuple(request.query_params.multi_items()),
        authorization=request.headers.get("authorization"),
        content_type=request.headers.get("content-type"),
        body=await request.body() or None,
    )


def serve(model: Model, host: str, port: int) -> None:
    """Answer until stopped."""
    uvicorn.run(mock(model), host=host, port=port, log_level="warning", server_header=False)
