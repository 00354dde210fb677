"""How failures look."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler


def failed(error: Exception, context: Any) -> Response | None:
    if isinstance(error, ValidationError):
        return Response({"errors": error.detail}, 422)
    if isinstance(error, IntegrityError):
        return Response({"errors": {"slug": ["has already been taken"]}}, 409)
    answer = exception_handler(error, context)
    if answer is not None:
        status = 401 if isinstance(error, NotAuthenticated | AuthenticationFailed) else answer.status_code
        return Response({"errors": {"body": [str(getattr(error, "detail", error))]}}, status)
    return None
