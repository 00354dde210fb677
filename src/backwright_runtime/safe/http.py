"""Requests to elsewhere: only to public addresses (CWE-918, OWASP API7:2023), within time and size, no redirects.

The address that was judged is the one that is connected to, so that a name that resolves anew leads nowhere else.
"""

import asyncio
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from backwright_runtime.safe import Refused

SECONDS = 5.0
LARGEST = 1024 * 1024
PORTS = {"https": 443, "http": 80}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


class TooLate(Refused):
    """The answer took longer than it may."""


class Answer(Struct, frozen=True):
    """What was answered. Names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    hosts: Collection[str] | None = None,
    plain: bool = False,
    private: bool = False,
    seconds: float = SECONDS,
    largest: int = LARGEST,
) -> Answer:
    """One request, and its answer of at most `largest` bytes, within `seconds`.

    `hosts` are the only ones that may be asked; None: any. `plain` allows http beside https, `private` addresses that
    are not public (a partner in one's own network). Redirects are answers like others: judge where they lead, and ask
    again. Raises Refused for an URL that may not be asked, and for too much or too late an answer; OSError where
    nobody answers.
    """
    host, port, target, secure = _judged(url, hosts, plain=plain)
    if method not in METHODS:
        raise Refused("not a method")
    asked = _Asked(method, host, port, target, secure, dict(headers or {}), body, private, seconds, largest)
    try:
        async with asyncio.timeout(seconds + 1):
            return await asyncio.to_thread(asked.answered)
    except TimeoutError:
        raise TooLate(f"the answer took longer than {seconds:g} s") from None


def _judged(url: str, hosts: Collection[str] | None, *, plain: bool) -> tuple[str, int, str, bool]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("not an URL") from None
    if parts.scheme not in PORTS or (parts.scheme == "http" and not plain):
        raise Refused("not an https URL")
    if not parts.hostname or parts.username is not None or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise Refused("not an URL of a host")
    host = parts.hostname.rstrip(".")
    if hosts is not None and host not in hosts:
        raise Refused("not a host that may be asked")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return host, port or PORTS[parts.scheme], target, parts.scheme == "https"


class _Asked(Struct, frozen=True):
    method: str
    host: str
    port: int
    target: str
    secure: bool
    headers: dict[str, str]
    body: bytes | None
    private: bool
    seconds: float
    largest: int

    def answered(self) -> Answer:
        deadline = time.monotonic() + self.seconds
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.seconds)
        connection.sock = self._connected()
        try:
            connection.request(self.method, self.target, self.body, self.headers)
            answer = connection.getresponse()
            body = b""
            while chunk := answer.read(65536):
                body += chunk
                if len(body) > self.largest:
                    raise Refused(f"the answer has more than {self.largest} bytes")
                if time.monotonic() > deadline:
                    raise TooLate(f"the answer took longer than {self.seconds:g} s")
        except TimeoutError:
            raise TooLate(f"the answer took longer than {self.seconds:g} s") from None
        except (http.client.HTTPException, ValueError) as error:
            if isinstance(error, Refused):
                raise
            raise Refused("no answer that can be read") from error
        finally:
            connection.close()
        return Answer(answer.status, {name.lower(): text for name, text in answer.getheaders()}, body)

    def _connected(self) -> socket.socket:
        plain = socket.create_connection((str(self._address()), self.port), timeout=self.seconds)
        if not self.secure:
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)

    def _address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        for *_, place in found:
            address = ipaddress.ip_address(str(place[0]).partition("%")[0])
            if not (self.private or is_public(address)):
                raise Refused("not a public address")
        return ipaddress.ip_address(str(found[0][-1][0]).partition("%")[0])


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is reachable for everybody: not loopback, private, link-local, multicast or reserved."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None:
            return is_public(inner)
        if address in ipaddress.ip_network("64:ff9b::/96"):
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast
