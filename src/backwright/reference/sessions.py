"""Who is calling: tokens, cookies and what protects them from other sites (CSRF)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from backwright.model.types import Auth
from backwright.reference.failures import Failure
from backwright.reference.http import Opaque, Request

CSRF = "csrf_token"
SAFE = ("GET", "HEAD")


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What a token stands for: whose it is, until when it is valid, and what proves that a page sends it."""

    token: str
    subject: Any
    expires: datetime
    csrf: str | None = None

    def named(self) -> dict[str, Any]:
        """What expressions call `session`."""
        return {"token": Opaque(self.token), "expires_at": self.expires}


def presented(request: Request, auth: Auth) -> str | None:
    """The token that a request comes with. Raises Failure: 401 for a header that is none."""
    if auth.cookie is not None:
        return cookies(request).get(auth.cookie) or None
    if request.authorization is None:
        return None
    found = re.fullmatch(rf"{re.escape(auth.scheme)} +(\S+)", request.authorization.strip(), re.IGNORECASE)
    if found is None:
        raise Failure("unauthenticated")
    return found[1]


def cookies(request: Request) -> dict[str, str]:
    """The cookies of a request (RFC 6265); of those with the same name, the last counts."""
    found: dict[str, str] = {}
    for text in request.headers.get("cookie", "").split(";"):
        name, _, value = text.partition("=")
        found[name.strip()] = value.strip().strip('"')
    return found


def check_origin(session: Session, request: Request, members: Mapping[str, Any]) -> None:
    """Raises Failure where a request that writes does not prove that a page of ours sends it."""
    if session.csrf is None or request.method in SAFE:
        return
    given = request.headers.get("x-csrf-token") or members.get(CSRF)
    if given != session.csrf:
        raise Failure("forbidden", code="csrf")


def expires(now: datetime, auth: Auth) -> datetime:
    """Until when a token is valid that is made now: from the second in which it was made."""
    return now.replace(microsecond=0) + timedelta(seconds=auth.token_seconds)


def begun(session: Session, auth: Auth) -> tuple[str, ...]:
    """The cookies of an answer that signs in."""
    if auth.cookie is None or session.csrf is None:
        return ()
    common = f"; Path=/; Max-Age={auth.token_seconds}"
    return (
        f"{auth.cookie}={session.token}{common}; HttpOnly; Secure; SameSite=Lax",
        f"{CSRF}={session.csrf}{common}; Secure; SameSite=Lax",
    )


def ended(auth: Auth) -> tuple[str, ...]:
    """The cookies of an answer that signs out."""
    if auth.cookie is None:
        return ()
    gone = "; Path=/; Max-Age=0"
    return (f"{auth.cookie}={gone}; HttpOnly; Secure; SameSite=Lax", f"{CSRF}={gone}; Secure; SameSite=Lax")
