"""Access tokens: JSON Web Tokens, signed with the first key, verified with any, by the seam's time."""

import math
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey
from msgspec import Struct

from backwright_runtime.settings import TokenKey

ALGORITHM = "HS256"
CACHED = 10_000


class _Verified(Struct, frozen=True):
    subject: UUID
    expires: float


class Tokens:
    """Issues and verifies the tokens of one service.

    The signatures of recent tokens are remembered (they cost more than the rest of a request); the expiry is
    looked at every time, and the caller's row is read every time, so a deleted account is out at once.
    """

    def __init__(self, issuer: str, keys: Sequence[TokenKey], seconds: int) -> None:
        self._issuer = issuer
        self._seconds = seconds
        self._current = keys[0].kid if keys else ""
        self._keys = KeySet([OctKey.import_key(key.secret.encode(), {"kid": key.kid}) for key in keys])
        self._recent: dict[str, _Verified] = {}

    def issue(self, subject: UUID, now: datetime) -> str:
        """A token that names the subject and is valid from now."""
        issued = math.floor(now.timestamp())
        claims = {
            "iss": self._issuer,
            "sub": str(subject),
            "iat": issued,
            "exp": issued + self._seconds,
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode({"alg": ALGORITHM, "kid": self._current}, claims, self._keys, [ALGORITHM])

    def subject(self, token: str, now: datetime) -> UUID | None:
        """Whom the token names; None when it is not ours, was changed, or has expired."""
        known = self._recent.get(token)
        if known is None:
            known = self._verify(token)
            if known is None:
                return None
            if len(self._recent) >= CACHED:
                self._recent.clear()
            self._recent[token] = known
        return known.subject if now.timestamp() < known.expires else None

    def _verify(self, token: str) -> _Verified | None:
        try:
            claims = jwt.decode(token, self._keys, [ALGORITHM]).claims
            if claims.get("iss") != self._issuer:
                return None
            return _Verified(UUID(str(claims["sub"])), float(claims["exp"]))
        except (JoseError, ValueError, KeyError, TypeError):
            return None
