"""Who is calling: the header or the cookie that a token comes in, and what protects cookies from other sites."""

import hmac
import re
from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar, get_type_hints

from backwright_runtime.database.interface import Queries
from backwright_runtime.database.statement import sql
from backwright_runtime.errors import Forbidden, Unauthenticated
from backwright_runtime.forms import CSRF
from backwright_runtime.kinds import Many, Record, kind_of
from backwright_runtime.tokens import Session, Tokens
from backwright_runtime.values import Convert, Refused, from_text

SAFE = ("GET", "HEAD")
Caller_co = TypeVar("Caller_co", covariant=True)

REVOKED = sql("SELECT token_id FROM backwright_revoked_token WHERE token_id = :token_id")
REVOKE = sql("""
    INSERT INTO backwright_revoked_token (token_id, expires_at) VALUES (:token_id, :expires_at)
    ON CONFLICT (token_id) DO NOTHING
""")


class Identify(Protocol[Caller_co]):
    """Finds the caller that a token's subject names; None when there is no such row any more.

    The annotation of `subject` says what it is: UUID, int or str.
    """

    def __call__(self, db: Queries, subject: Any, /) -> Awaitable[Caller_co | None]: ...


class Sessions:
    """How the callers of one service prove who they are."""

    def __init__(
        self,
        tokens: Tokens,
        identify: Identify[object] | None,
        *,
        scheme: str,
        cookie: str | None,
        revocation: bool,
    ) -> None:
        self.scheme = scheme
        self.cookie = cookie
        self.revocation = revocation
        self._tokens = tokens
        self._identify = identify
        self._read_subject = None if identify is None else _subject_of(identify)
        self._in_header = re.compile(rf"{re.escape(scheme)} +(\S+)", re.IGNORECASE)

    def issue(self, subject: object, now: datetime) -> Session:
        """A new session of the identity row with this key."""
        return self._tokens.begin(subject, now, with_csrf=self.cookie is not None)

    async def caller(
        self, headers: Mapping[str, str], db: Queries, now: datetime, *, required: bool
    ) -> tuple[Session | None, object]:
        """The session and the caller. Raises Unauthenticated without valid credentials where they count."""
        token = self._presented(headers)
        if token is None:
            if required:
                raise Unauthenticated
            return None, None
        session = self._tokens.session(token, now)
        caller = None if session is None else await self._identified(session, db)
        if caller is not None:
            return session, caller
        if self.cookie is not None and not required:
            return None, None  # a browser sends an old cookie by itself
        raise Unauthenticated

    def _presented(self, headers: Mapping[str, str]) -> str | None:
        if self.cookie is not None:
            return cookies(headers).get(self.cookie) or None
        given = headers.get("authorization")
        if given is None:
            return None
        found = self._in_header.fullmatch(given.strip())
        if found is None:
            raise Unauthenticated
        return found[1]

    async def _identified(self, session: Session, db: Queries) -> object | None:
        if self._identify is None or self._read_subject is None:
            return None
        if self.revocation and await db.fetch_value(str, REVOKED, token_id=session.token_id) is not None:
            return None
        try:
            subject = self._read_subject(session.subject)
        except Refused:
            return None
        return await self._identify(db, subject)

    def begun(self, session: Session) -> tuple[str, ...]:
        """The Set-Cookie headers of an answer that signs in."""
        if self.cookie is None:
            return ()
        common = f"; Path=/; Max-Age={self._tokens.seconds}"
        return (
            f"{self.cookie}={session.token}{common}; HttpOnly; Secure; SameSite=Lax",
            f"{CSRF}={session.csrf}{common}; Secure; SameSite=Lax",
        )

    def ended(self) -> tuple[str, ...]:
        """The Set-Cookie headers of an answer that signs out."""
        if self.cookie is None:
            return ()
        gone = "; Path=/; Max-Age=0"
        return (
            f"{self.cookie}={gone}; HttpOnly; Secure; SameSite=Lax",
            f"{CSRF}={gone}; Secure; SameSite=Lax",
        )


def check_origin(
    session: Session | None, method: str, headers: Mapping[str, str], members: Mapping[str, object]
) -> None:
    """Raises Forbidden where a request that writes does not prove that a page of ours sends it."""
    if session is None or session.csrf is None or method in SAFE:
        return
    given = headers.get("x-csrf-token") or members.get(CSRF)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise Forbidden(code="csrf")


def cookies(headers: Mapping[str, str]) -> dict[str, str]:
    """The cookies of a request, as servers read them (RFC 6265, 5.4): other sites' odd ones are in nobody's way.

    The standard library's reader loses all of them over one that is odd, and takes seconds for some.
    """
    pairs = (each.partition("=") for each in headers.get("cookie", "").split(";"))
    return {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _subject_of(identify: Identify[object]) -> Convert:
    hints = list(get_type_hints(identify, include_extras=True).values())
    kind = kind_of(hints[1])
    if isinstance(kind, Record | Many):
        raise TypeError("the subject of a token is a single value")
    return from_text(kind)
