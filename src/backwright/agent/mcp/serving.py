"""How agents reach the server: over stdio, or over HTTP on this machine."""

from __future__ import annotations

import hmac
from typing import Any

import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

TOKEN = "BACKWRIGHT_MCP_TOKEN"  # noqa: S105 (the name of a variable)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LARGEST_REQUEST = 1024 * 1024


class NotLoopback(ValueError):
    """Other machines could reach the server, and it asks nobody for a token."""


def application(server: MCPServer[Any], host: str, port: int, token: str = "") -> ASGIApp:
    """The server as an ASGI application. Raises NotLoopback where it would be open to others without a token.

    Host and Origin have to be this address's own, so that no page of a browser reaches it by DNS rebinding.
    """
    if host not in LOOPBACK and not token:
        raise NotLoopback(f"on {host} the server needs a token: set {TOKEN}")
    names = [*LOOPBACK[:2], "[::1]"] if host in LOOPBACK else [host]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[f"{name}:{port}" for name in names],
        allowed_origins=[f"http://{name}:{port}" for name in names],
    )
    app = server.streamable_http_app(
        host=host, transport_security=security, max_request_body_size=LARGEST_REQUEST
    )
    return _Bearer(app, token) if token else app


class _Bearer:
    """Lets through who sends the token (RFC 6750), compared in constant time."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            if not hmac.compare_digest(given, self._wanted):
                answer = JSONResponse(
                    {"error": "unauthorized"}, status_code=401, headers={"WWW-Authenticate": "Bearer"}
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve until it is stopped."""
    uvicorn.run(app, host=host, port=port, log_level="warning")
