"""How agents reach the server: over stdio, or over HTTP on this machine."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

TOKEN = "BACKWRIGHT_MCP_TOKEN"  # noqa: S105 (the name of a variable)
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
LARGEST_REQUEST = 1024 * 1024
HTTP_PORT = 80


class NotLoopback(ValueError):
    """Other machines could reach the server, and it asks nobody for a token."""


def application(server: MCPServer[Any], host: str, port: int, token: str = "") -> ASGIApp:
    """The server as an ASGI application. Raises NotLoopback where it would be open to others without a token.

    Host and Origin have to be this address's own, so that no page of a browser reaches it by DNS rebinding. On all
    addresses (0.0.0.0, ::) they have to be an address of numbers or this machine's name: nobody can rebind these.
    """
    address = _address(host)
    if not (host == "localhost" or (address is not None and address.is_loopback)) and not token:
        raise NotLoopback(f"on {host} the server needs a token: set {TOKEN}")
    anywhere = address is not None and address.is_unspecified
    authorities = _authorities(host, port)
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=not anywhere,
        allowed_hosts=authorities,
        allowed_origins=[f"http://{each}" for each in authorities],
    )
    app: ASGIApp = server.streamable_http_app(
        host=host, transport_security=security, max_request_body_size=LARGEST_REQUEST
    )
    if anywhere:
        app = _NotByName(app)
    return _Bearer(app, token) if token else app


def authority(host: str, port: int) -> str:
    """Host and port as they stand in an address (RFC 3986): IPv6 in brackets, without its zone."""
    address = _address(host)
    if address is None or address.version == 4:
        return f"{host.lower()}:{port}"
    return f"[{str(address).partition('%')[0]}]:{port}"


def _authorities(host: str, port: int) -> list[str]:
    """What may stand in Host when the server listens on this one address. Clients leave out HTTP's own port."""
    address = _address(host)
    others = LOOPBACK if host == "localhost" or (address is not None and address.is_loopback) else ()
    found = dict.fromkeys([authority(host, port), *(f"{name}:{port}" for name in others)])
    shortened = [each.removesuffix(f":{port}") for each in found] if port == HTTP_PORT else []
    return [*found, *shortened]


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


class _NotByName:
    """Lets through requests to an address of numbers or to this machine's name; from pages, of that place alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._names = {"localhost", socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            host, origin = headers.get("host", ""), headers.get("origin")
            if not self._is_known(host):
                await PlainTextResponse("Invalid Host header", 421)(scope, receive, send)
                return
            if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
                await PlainTextResponse("Invalid Origin header", 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._names or _address(name) is not None


class _Bearer:
    """Lets through who sends the token (RFC 6750; the scheme in any case, RFC 9110), compared in constant time."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._wanted = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            scheme, _, token = given.partition(b" ")
            right = hmac.compare_digest(token.lstrip(b" "), self._wanted)
            if scheme.lower() != b"bearer" or not right:
                answer = JSONResponse(
                    {"error": "unauthorized"}, status_code=401, headers={"WWW-Authenticate": "Bearer"}
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve until it is stopped."""
    uvicorn.run(app, host=host, port=port, log_level="warning")
