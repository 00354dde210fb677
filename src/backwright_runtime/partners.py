"""Partners that custom logic asks over HTTP: typed answers, time limits, repetition and a circuit breaker.

Built on `safe.http`: no redirects, no addresses that are not public unless the specification says so, and no answer
beyond its limits. What a partner answered, and where it is, is in no log.
"""

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from backwright_runtime.errors import Unavailable
from backwright_runtime.safe import Refused, http

LOG = logging.getLogger("backwright.partners")
T = TypeVar("T")

REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Idempotent methods (RFC 9110, 9.2.2): asking twice does no more than asking once."""
LATER = frozenset({429, 502, 503, 504})
"""Statuses of a partner that may be able to answer a little later."""
PAUSE, LONGEST_PAUSE = 0.1, 2.0
FAILURES, REST = 5, 30.0
"""After so many failures in a row a partner is left alone for so many seconds."""


class PartnerFailed(Unavailable):
    """A partner did not answer as it should. `answered` is its status; None: it gave no answer that counts."""

    def __init__(self, partner: str, answered: int | None = None) -> None:
        super().__init__()
        self.partner = partner
        self.answered = answered


class Partner:
    """A partner as all requests of this process know it: how it is asked, and whether it answers at all."""

    def __init__(
        self,
        name: str,
        *,
        seconds: float = 5,
        attempts: int = 3,
        header: str | None = None,
        private: bool = False,
    ) -> None:
        self.name = name
        self.seconds = seconds
        self.attempts = attempts
        self.header = header
        self.private = private
        self._failures = 0
        self._rests_until = 0.0

    def at(self, url: str, key: str | None = None, *, request_id: str = "") -> "Client":
        """A client of it. `key` is the secret that it wants; `request_id` is told along (`X-Request-Id`)."""
        headers = {"accept": "application/json"}
        if request_id:
            headers["x-request-id"] = request_id
        if self.header is not None and key is not None:
            bearer = self.header.lower() == "authorization"
            headers[self.header] = f"Bearer {key}" if bearer else key
        return Client(self, url.rstrip("/"), headers)

    def may_be_asked(self) -> bool:
        """Whether it is not resting; when its rest is over, one request at a time tries."""
        now = time.monotonic()
        if self._failures < FAILURES:
            return True
        if now < self._rests_until:
            return False
        self._rests_until = now + self.seconds
        return True

    def answered(self) -> None:
        """It gave an answer."""
        self._failures = 0

    def failed(self) -> None:
        """It gave none, after all attempts."""
        self._failures += 1
        if self._failures >= FAILURES:
            self._rests_until = time.monotonic() + REST


class Client:
    """Asks one partner on behalf of one request. Paths are templates: `/rates/{base}`, with `base=` beside it.

    Each method returns what the JSON of the answer is, as the type that is wanted; None as a type wants no content.
    Each raises PartnerFailed.
    """

    def __init__(self, partner: Partner, url: str, headers: Mapping[str, str]) -> None:
        self._partner = partner
        self._url = url
        self._headers = dict(headers)

    async def get(
        self, kind: type[T], path: str, /, query: Mapping[str, object] | None = None, **segments: object
    ) -> T:
        """What is there."""
        return await self._asked("GET", kind, _target(path, query, segments))

    async def post(
        self,
        kind: type[T],
        path: str,
        /,
        body: object = None,
        query: Mapping[str, object] | None = None,
        **segments: object,
    ) -> T:
        """Have something done, once: it is not repeated."""
        return await self._asked("POST", kind, _target(path, query, segments), body)

    async def put(
        self,
        kind: type[T],
        path: str,
        /,
        body: object = None,
        query: Mapping[str, object] | None = None,
        **segments: object,
    ) -> T:
        """Put something there."""
        return await self._asked("PUT", kind, _target(path, query, segments), body)

    async def delete(
        self, kind: type[T], path: str, /, query: Mapping[str, object] | None = None, **segments: object
    ) -> T:
        """Take something away."""
        return await self._asked("DELETE", kind, _target(path, query, segments))

    async def _asked(self, method: str, kind: type[T], target: str, body: object = None) -> T:
        answer = await self._patiently(method, target, None if body is None else msgspec.json.encode(body))
        if not 200 <= answer.status < 300:
            raise self._failure(f"answered {answer.status}", answer.status)
        try:
            return msgspec.json.decode(answer.body or b"null", type=kind)
        except msgspec.DecodeError:  # a ValidationError, too; its message may quote the answer
            raise self._failure("answered something else than expected", answer.status) from None

    async def _patiently(self, method: str, target: str, body: bytes | None) -> http.Answer:
        partner = self._partner
        if not partner.may_be_asked():
            raise self._failure("is left alone after failures in a row")
        left = partner.attempts if method in REPEATABLE else 1
        pause = PAUSE
        while True:
            left -= 1
            answer, said = await self._once(method, target, body)
            if answer is not None and answer.status not in LATER:
                partner.answered()
                return answer
            if not left:
                partner.failed()
                raise self._failure(said, None if answer is None else answer.status)
            await asyncio.sleep(_wait(answer, pause))
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _once(self, method: str, target: str, body: bytes | None) -> tuple[http.Answer | None, str]:
        try:
            answer = await self.send(method, target, body)
        except http.TooLate:
            return None, "took too long"
        except OSError as error:
            return None, f"cannot be reached ({type(error).__name__})"
        except Refused as refused:
            raise self._failure(f"was not asked or not understood: {refused}") from None
        return answer, f"answered {answer.status}"

    async def send(self, method: str, target: str, body: bytes | None) -> http.Answer:
        """One request. Raises OSError and Refused."""
        partner = self._partner
        headers = self._headers if body is None else {**self._headers, "content-type": "application/json"}
        return await http.request(
            method,
            f"{self._url}{target}",
            headers=headers,
            body=body,
            hosts={urlsplit(self._url).hostname or ""},
            plain=partner.private,
            private=partner.private,
            seconds=partner.seconds,
        )

    def _failure(self, said: str, answered: int | None = None) -> PartnerFailed:
        LOG.warning("partner %s %s", self._partner.name, said)
        return PartnerFailed(self._partner.name, answered)


def _target(path: str, query: Mapping[str, object] | None, segments: Mapping[str, object]) -> str:
    """The path with its values as segments (RFC 3986), and the query."""
    if not path.startswith("/"):
        raise ValueError("a path begins with /")
    filled = path.format_map({name: quote(str(value), safe="") for name, value in segments.items()})
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return f"{filled}?{urlencode(given)}" if given else filled


def _wait(answer: http.Answer | None, pause: float) -> float:
    """Seconds to wait: as the partner says (RFC 9110, 10.2.3) if that is short, else up to the pause (full jitter)."""
    said = "" if answer is None else answer.headers.get("retry-after", "")
    if said.isascii() and said.isdigit() and int(said) <= LONGEST_PAUSE:
        return float(said)
    return random.uniform(0, pause)  # noqa: S311 (no secret)
