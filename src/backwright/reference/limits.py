"""What is too much, and what was asked before: rates and idempotency keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from backwright.model.types import Operation, Rate
from backwright.reference.failures import Failure
from backwright.reference.http import Request, Response
from backwright.reference.read import headers_sent

KEPT = timedelta(hours=24)
KEY = re.compile(r"[!-~]{1,255}")


class Rates:
    """How many requests came in each window."""

    def __init__(self) -> None:
        self.counts: dict[tuple[Any, ...], int] = {}

    def count(self, operation: str, rates: Iterable[Rate], who: Any, now: datetime) -> None:
        """Count a request. Raises Failure: 429, with the seconds until the window ends."""
        for rate in rates:
            second = int(now.timestamp())
            window = (operation, rate, who, second // rate.seconds)
            self.counts[window] = self.counts.get(window, 0) + 1
            if self.counts[window] > rate.count:
                wait = max(1, rate.seconds - second % rate.seconds)
                raise Failure("too_many_requests", headers={"retry-after": str(wait)})


class Answered(msgspec.Struct, frozen=True):
    """An answer that is given again: to which request, and until when."""

    request: bytes
    response: Response
    until: datetime


class Answers:
    """The answers to requests with an idempotency key."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Any, ...], Answered] = {}

    def key(self, operation: Operation, request: Request, who: Any) -> tuple[Any, ...] | None:
        """Under what the answer is kept; None without a key. Raises Failure: 400."""
        given = request.headers.get("idempotency-key")
        if operation.idempotent == "no":
            return None
        if given is None:
            if operation.idempotent == "required":
                raise Failure("malformed", code="idempotency_key_required")
            return None
        if not KEY.fullmatch(given):
            raise Failure("malformed", code="idempotency_key_malformed")
        return (operation.name, who, given)

    def again(self, key: tuple[Any, ...], operation: Operation, request: Request) -> Response | None:
        """The answer that was given before. Raises Failure where it was to another request: 422."""
        found = self.kept.get(key)
        if found is None or request.now >= found.until:
            return None
        if found.request != fingerprint(operation, request):
            raise Failure("invalid", code="idempotency_key_reused")
        headers = {**found.response.headers, "idempotency-replayed": "true"}
        return msgspec.structs.replace(found.response, headers=headers)

    def keep(self, key: tuple[Any, ...], operation: Operation, request: Request, response: Response) -> None:
        """Remember an answer."""
        self.kept[key] = Answered(fingerprint(operation, request), response, request.now + KEPT)


def fingerprint(operation: Operation, request: Request) -> bytes:
    """What makes two requests the same."""
    query = "&".join(f"{name}={value}" for name, value in request.query)
    told = "".join(f"{name}: {text}\n" for name, text in headers_sent(operation, request))
    head = f"{request.method} {request.path}?{query}\n{told}".encode("utf-8", "surrogatepass")
    return sha256(head + (request.body or b"")).digest()
