"""Access tokens: JSON Web Tokens, signed with the first key, verified with any, by the seam's time."""

import math
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey
from msgspec import Struct

from backwright_runtime.settings import TokenKey

ALGORITHM = "HS256"
CACHED = 10_000


class Session(Struct, frozen=True):
    """What a token stands for: the key of whose it is, as text, its own id, and until when it is valid.

    `csrf` is what proves, in cookie sessions, that a page of this service sends a request.
    """

    token: str
    token_id: str
    subject: str
    expires_at: datetime
    csrf: str | None = None


class Tokens:
    """Issues and verifies the tokens of one service.

    The signatures of recent tokens are remembered (they cost more than the rest of a request); the expiry is
    looked at every time, and the caller's row is read every time, so a deleted account is out at once.
    """

    def __init__(self, issuer: str, keys: Sequence[TokenKey], seconds: int) -> None:
        self.seconds = seconds
        self._issuer = issuer
        self._current = keys[0].kid if keys else ""
        self._keys = KeySet([OctKey.import_key(key.secret.encode(), {"kid": key.kid}) for key in keys])
        self._recent: dict[str, Session] = {}

    def issue(self, subject: object, now: datetime) -> str:
        """A token that names the subject and is valid from now."""
        return self.begin(subject, now).token

    def begin(self, subject: object, now: datetime, *, with_csrf: bool = False) -> Session:
        """A session of the subject, valid from now."""
        issued = math.floor(now.timestamp())
        token_id, csrf = secrets.token_urlsafe(12), secrets.token_urlsafe(24) if with_csrf else None
        claims = {
            "iss": self._issuer,
            "sub": str(subject),
            "iat": issued,
            "exp": issued + self.seconds,
            "jti": token_id,
            **({} if csrf is None else {"csrf": csrf}),
        }
        token = jwt.encode({"alg": ALGORITHM, "kid": self._current}, claims, self._keys, [ALGORITHM])
        return Session(
            token, token_id, str(subject), datetime.fromtimestamp(issued + self.seconds, UTC), csrf
        )

    def session(self, token: str, now: datetime) -> Session | None:
        """What the token stands for; None when it is not ours, was changed, or has expired."""
        known = self._recent.get(token)
        if known is None:
            known = self._verify(token)
            if known is None:
                return None
            if len(self._recent) >= CACHED:
                self._recent.clear()
            self._recent[token] = known
        return known if now < known.expires_at else None

    def _verify(self, token: str) -> Session | None:
        try:
            claims = jwt.decode(token, self._keys, [ALGORITHM]).claims
            if claims.get("iss") != self._issuer:
                return None
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
            csrf = claims.get("csrf")
            return Session(token, str(claims["jti"]), str(claims["sub"]), expires_at, csrf)
        except (JoseError, ValueError, KeyError, TypeError, OverflowError):
            return None
