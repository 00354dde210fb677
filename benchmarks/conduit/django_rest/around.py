"""What is around every request: its id, security headers, the access log."""

from __future__ import annotations

import json
import secrets
import sys
import time
from datetime import UTC, datetime
from typing import Any

SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


def around(get_response: Any) -> Any:
    """Request id, security headers and the access log, in one middleware."""

    def middleware(request: Any) -> Any:
        started, request_id = time.perf_counter(), secrets.token_hex(12)
        response = get_response(request)
        response.headers["x-request-id"] = request_id
        for name, value in SECURITY.items():
            response.headers[name] = value
        line = {
            "time": datetime.now(UTC).isoformat(),
            "level": "info",
            "event": "request",
            "request_id": request_id,
            "method": request.method,
            "route": request.resolver_match.route if request.resolver_match else "",
            "status": response.status_code,
            "milliseconds": round((time.perf_counter() - started) * 1000, 3),
        }
        sys.stdout.write(json.dumps(line) + "\n")
        return response

    return middleware
