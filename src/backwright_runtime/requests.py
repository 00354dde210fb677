"""What a request carries, beside its inputs."""

import asyncio
import re
from collections.abc import Mapping

from starlette.types import Receive, Scope

from backwright_runtime.errors import Malformed, PayloadTooLarge, PreconditionRequired, UnsupportedMediaType
from backwright_runtime.forms import MULTIPART, URLENCODED
from backwright_runtime.idempotency import Demand
from backwright_runtime.inputs import MediaType

BODY_SECONDS = 60.0
"""How long a client may take to send a body."""
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
JSON = re.compile(r'application/json\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)
DECLARED: dict[MediaType, re.Pattern[str]] = {"json": JSON, "form": URLENCODED, "multipart": MULTIPART}
ENTITY_TAGS = re.compile(r'(?:^|,)\s*"([0-9]{1,18})"\s*(?=,|$)')


Headers = Mapping[str, str]
"""The headers of a request, by their names in lower case."""


class ClientGone(Exception):
    """The caller hung up before the request was complete; there is nobody to answer."""


def headers_of(scope: Scope) -> Headers:
    """The headers of a request; where one is repeated, the first counts."""
    return {name.decode("latin-1"): text.decode("latin-1") for name, text in reversed(scope["headers"])}


async def whole_body(headers: Headers, receive: Receive, largest: int) -> bytes:
    """The body. Raises PayloadTooLarge as soon as that is known, Content-Length or not, and Malformed if it takes
    too long to come; the connection is then closed.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _received(headers, receive, largest)
    except TimeoutError:
        raise Malformed(code="body_too_slow", headers=(("connection", "close"),)) from None


async def _received(headers: Headers, receive: Receive, largest: int) -> bytes:
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared[:20]) > largest:
        raise PayloadTooLarge
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        whole: bytes = message.get("body", b"")
        if len(whole) > largest:
            raise PayloadTooLarge
        return whole
    received = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        received += message.get("body", b"")
        if len(received) > largest:
            raise PayloadTooLarge
        if not message.get("more_body"):
            return bytes(received)
        message = await receive()


def check_media_type(headers: Headers, media: MediaType) -> None:
    """Raises UnsupportedMediaType where the body is not declared as what the operation reads."""
    if not DECLARED[media].fullmatch(headers.get("content-type", "").strip()):
        raise UnsupportedMediaType


def versions(headers: Headers, demand: Demand) -> frozenset[int] | None:
    """The versions that `If-Match` allows; None: any. Raises PreconditionRequired where one has to be named."""
    if demand == "no":
        return None
    given = headers.get("if-match")
    if given is None:
        if demand == "required":
            raise PreconditionRequired
        return None
    if given.strip() == "*":
        return None
    return frozenset(map(int, ENTITY_TAGS.findall(given)))
