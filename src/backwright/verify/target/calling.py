"""Requests to a backend that is not trusted: no redirects, a time limit, a limit on what is read."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

SECONDS = 15.0
LARGEST = 4 * 1024 * 1024
"""How much of an answer is read, in bytes."""

AGAIN = 64 * 1024
"""Up to how many bytes a request is sent again when the connection was gone."""

SECRET_HEADERS = re.compile(r"auth|cookie|key|token|secret|csrf|xsrf|session", re.IGNORECASE)
"""Headers whose values are not printed."""


class Unreachable(Exception):
    """No answer came: the backend is gone, or took too long."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A request: `target` is the percent-encoded path with its query, from the root of the host."""

    method: str
    target: str
    headers: Mapping[str, str] = {}
    content: bytes | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    content: bytes
    seconds: float

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The decoded body; None where it is no JSON."""
        try:
            return msgspec.json.decode(self.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def text(self) -> str:
        return self.content.decode("utf-8", errors="replace")


class Client:
    """Sends requests to one host and counts them."""

    def __init__(self, url: str, seconds: float = SECONDS) -> None:
        self.url = url.rstrip("/")
        self.count = 0
        # The environment may name a proxy or credentials; neither has to do with the backend that is judged.
        secure = self.url.lower().startswith(
            "https:"
        )  # certificates take long to load, and many clients are made
        self._client = httpx.Client(timeout=seconds, follow_redirects=False, trust_env=False, verify=secure)

    def send(self, sent: Sent) -> Answer:
        """The answer to one request. Raises Unreachable."""
        try:
            return self._sent(sent)
        except Unreachable as error:
            # The server may have closed a connection that idled, or closed one after it failed: that says nothing of
            # this request. What is too large to be read is not sent twice.
            gone = isinstance(error.__cause__, httpx.ReadError | httpx.RemoteProtocolError | httpx.WriteError)
            if not gone or len(sent.content or b"") > AGAIN:
                raise
        return self._sent(sent)

    def _sent(self, sent: Sent) -> Answer:
        self.count += 1
        started = time.perf_counter()
        try:
            with self._client.stream(
                sent.method, self.url + sent.target, headers=dict(sent.headers), content=sent.content
            ) as response:
                content = b""
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > LARGEST:
                        break
                cookies = dict(response.cookies)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"{sent.method} {sent.target}: {error!r}") from error
        finally:
            self._client.cookies.clear()  # who is calling is said by each request alone
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            cookies=cookies,
            content=content,
            seconds=time.perf_counter() - started,
        )

    def close(self) -> None:
        self._client.close()


def curl(url: str, sent: Sent) -> str:
    """The request as a command. Credentials are not printed: `$TOKEN` stands for them."""
    parts = ["curl", "-i", "-X", sent.method]
    for name, value in sent.headers.items():
        parts += ["-H", _quoted(f"{name}: {hidden(name, value)}".encode())]
    if sent.content is not None:
        long = len(sent.content) > 2000
        parts += ["--data-binary", _quoted(sent.content[:200] if long else sent.content)]
        parts += [f"# … {len(sent.content)} bytes in all;"] if long else []
    return " ".join([*parts[:4], shlex.quote(url.rstrip("/") + sent.target), *parts[4:]])


def _quoted(content: bytes) -> str:
    """The bytes as a word of a shell: bash reads `$'…'` with escapes, which can be printed and copied."""
    text = content.decode("utf-8", errors="surrogateescape")
    if all(letter.isprintable() for letter in text):
        return shlex.quote(text)
    escaped = (
        letter.replace("\\", "\\\\").replace("'", "\\'")
        if letter.isprintable()
        else "".join(f"\\x{byte:02x}" for byte in letter.encode("utf-8", "surrogateescape"))
        for letter in text
    )
    return f"$'{''.join(escaped)}'"


def hidden(name: str, value: str) -> str:
    """The header's value as it may be printed."""
    if not SECRET_HEADERS.search(name) or name.lower() == "idempotency-key":
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} $TOKEN" if space and name.lower() == "authorization" else "$SECRET"
