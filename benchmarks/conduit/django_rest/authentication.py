"""Who is calling."""

from __future__ import annotations

from typing import Any

import jwt
from django.conf import settings
from models import User
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Any) -> tuple[User, str] | None:
        header = request.headers.get("authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        try:
            claims = jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"], issuer="conduit")
            if scheme != "Token":
                raise AuthenticationFailed
            return User.objects.defer("password").get(id=claims["sub"]), token
        except (jwt.PyJWTError, User.DoesNotExist):
            raise AuthenticationFailed from None

    def authenticate_header(self, request: Any) -> str:
        return "Token"
