"""What the two wire formats share: one streamed request, its limits, its failures, and keys that stay unseen."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any

import httpx
import httpx_sse
import msgspec

from backwright.agent.loop import Spent
from backwright.agent.providers.provider import SECONDS, Busy, Cut, Denied, Price, Reply, Unusable

TIMEOUT = httpx.Timeout(connect=10, read=120, write=30, pool=10)
"""Seconds; `read` is the longest silence."""
MOST_BYTES = 4_000_000
BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
"""Statuses that pass; 529 is Anthropic's for overloaded."""
NO_MONEY = frozenset({"insufficient_quota", "billing_error", "billing_hard_limit_reached"})
"""Kinds of error that do not pass, though their status is 429."""
LOOKS_LIKE_A_KEY = re.compile(r"\b(?:sk|key|api)-[\w*.-]{6,}|Bearer\s+\S+", re.IGNORECASE)


class Failed(Exception):
    """The provider said, in the middle of its answer, that it cannot go on."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        self.message = message
        super().__init__(kind)


class Partial(msgspec.Struct):
    """What has come so far."""

    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float | None = None
    text: str = ""
    arguments: str = ""
    called: bool = False
    stop: str = ""
    complete: bool = False

    def spent(self, price: Price | None) -> Spent:
        """What was used. What the provider itself says it costs goes before a price that was given."""
        cost = self.dollars
        if cost is None and price is not None:
            cost = price.of(self.input_tokens, self.output_tokens)
        return Spent(input_tokens=self.input_tokens, output_tokens=self.output_tokens, dollars=cost)


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where to ask. `key` is in the header and nowhere else."""

    url: str
    headers: Mapping[str, str]
    key: str
    price: Price | None = None
    transport: httpx.BaseTransport | None = None
    seconds: float = SECONDS

    def __repr__(self) -> str:
        return f"Endpoint({self.url})"


def checked_address(url: str) -> str:
    """The base address. Raises Unusable where a key would travel in the clear."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Unusable(f"this is no address: {error}") from None
    if parsed.scheme == "https" or (parsed.scheme == "http" and _is_loopback(parsed.host)):
        if parsed.userinfo:
            raise Unusable("an address must have no user or password in it")
        return url.rstrip("/")
    raise Unusable("the address of a provider takes https, or http on this machine: the key would be seen")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def streamed(
    endpoint: Endpoint,
    body: Mapping[str, Any],
    take: Callable[[Partial, httpx_sse.ServerSentEvent], None],
    conclude: Callable[[Partial, Price | None], Reply],
) -> Reply:
    """Send one request and read its stream to the end; `take` adds an event, `conclude` says what it came to."""
    partial = Partial()
    try:
        with (
            httpx.Client(timeout=TIMEOUT, transport=endpoint.transport, follow_redirects=False) as client,
            client.stream(
                "POST", endpoint.url, content=msgspec.json.encode(body), headers=dict(endpoint.headers)
            ) as response,
        ):
            if response.status_code != 200:
                return _refused(endpoint, response)
            deadline = monotonic() + endpoint.seconds
            for event in _bounded(httpx_sse.EventSource(response).iter_sse()):
                take(partial, event)
                if partial.complete:
                    break
                if monotonic() > deadline:
                    why = f"the answer was not complete after {endpoint.seconds:.0f} s"
                    return Cut(why=why, spent=partial.spent(endpoint.price))
    except Failed as failed:
        why = redacted(f"{failed.kind}: {failed.message}", endpoint.key)
        if failed.kind in NO_MONEY or failed.kind in {"invalid_request_error", "authentication_error"}:
            return Denied(why=why, spent=partial.spent(endpoint.price))
        return Busy(why=why, spent=partial.spent(endpoint.price))
    except (httpx.TransportError, httpx_sse.SSEError) as error:
        return Busy(why=f"no answer: {type(error).__name__}", spent=partial.spent(endpoint.price))
    except (msgspec.DecodeError, UnicodeError):
        return Busy(why="the stream is not as the format says", spent=partial.spent(endpoint.price))
    if not partial.complete:
        return Busy(why="the stream ended early", spent=partial.spent(endpoint.price))
    return conclude(partial, endpoint.price)


def _bounded(events: Iterator[httpx_sse.ServerSentEvent]) -> Iterator[httpx_sse.ServerSentEvent]:
    size = 0
    for event in events:
        size += len(event.data)
        if size > MOST_BYTES:
            raise Failed("too_long", f"more than {MOST_BYTES} bytes")
        yield event


class _Error(msgspec.Struct):
    message: str = ""
    type: str | None = None
    code: str | int | None = None


class _ErrorBody(msgspec.Struct):
    error: _Error


def _refused(endpoint: Endpoint, response: httpx.Response) -> Reply:
    """What a status other than 200 means. Both formats have `{"error": {"type", "message"}}`."""
    data = b""
    for piece in response.iter_bytes():
        data += piece
        if len(data) > 20_000:
            break
    try:
        error = msgspec.json.decode(data, type=_ErrorBody).error
    except (msgspec.DecodeError, UnicodeError):
        error = _Error()
    told = f"{response.status_code} {error.code or error.type or ''}".strip()
    why = redacted(f"{told}: {error.message[:300]}" if error.message else told, endpoint.key)
    if response.status_code in BUSY and not {str(error.code), str(error.type)} & NO_MONEY:
        return Busy(why=why, after=retry_after(response.headers.get("retry-after")))
    return Denied(why=why)


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds to wait: a number or a date (RFC 9110, 10.2.3). None where it is neither."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value.strip()):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())


def redacted(text: str, key: str) -> str:
    """The text without the key, and without what looks like one: some providers repeat it in their errors."""
    return LOOKS_LIKE_A_KEY.sub("[key]", text.replace(key, "[key]") if key else text)
