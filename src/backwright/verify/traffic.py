"""Requests that can be sent twice: once to the reference and once to the server.

What an implementation makes up itself cannot be written down in advance: tokens, cursors, the numbers of a
sequence. A request names such a value (`token-v-17-1`: the first that the request `v-17` made), and each side fills in
its own. The names are the reference's own values, so there is nothing to fill in on that side but numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import msgspec

from backwright.reference import seam
from backwright.reference.http import Opaque, Request

NAME = re.compile(r"(token|csrf|cursor|number)-v-([0-9]+)-[0-9]+")
NAME_IN_BYTES = re.compile(NAME.pattern.encode())
UNKNOWN = "never-issued"
NO_NUMBER = "0"
KEPT_APART = frozenset({"authorization", "content-type"})


class Assigned(msgspec.Struct, frozen=True, kw_only=True, tag="assigned"):
    """A field that somebody sets in the database itself, because no operation takes it: a role, say.

    `keys` are the row's key fields as text. `number` and `needs` as in `Sent`.
    """

    number: int
    entity: str
    keys: tuple[str, ...]
    field: str
    value: str | bool
    needs: tuple[int, ...] = ()

    def names(self) -> Iterator[str]:
        """The values of earlier answers that it names."""
        return _names(self.keys)


class Put(msgspec.Struct, frozen=True, kw_only=True, tag="put"):
    """A row that somebody puts into the database itself. `content` is JSON. `number` and `needs` as in `Sent`."""

    number: int
    entity: str
    content: bytes
    needs: tuple[int, ...] = ()

    def names(self) -> Iterator[str]:
        """The values of earlier answers that it names."""
        return _names([self.content.decode("latin-1")])


class Sent(msgspec.Struct, frozen=True, kw_only=True, tag="sent"):
    """One request of a sequence. `number` gives it its id (`v-<number>`), and by that its time and new ids.

    `operation` is the one it was made for, or a word for what it tries; it is for figures and reports only.
    `path` is not percent-encoded; names of `headers` are in lower case. `needs` are the numbers of what made the
    rows that this one uses.
    """

    number: int
    operation: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    needs: tuple[int, ...] = ()

    @property
    def request_id(self) -> str:
        return f"v-{self.number}"

    def names(self) -> Iterator[str]:
        """The values of earlier answers that it names."""
        pairs = [text for pair in (*self.query, *self.headers) for text in pair]
        return _names([self.path, *pairs, (self.body or b"").decode("latin-1")])


class Together(msgspec.Struct, frozen=True, kw_only=True, tag="together"):
    """Requests that are sent at the same time. `number` is that of the first."""

    requests: tuple[Sent, ...]

    @property
    def number(self) -> int:
        return self.requests[0].number

    @property
    def needs(self) -> tuple[int, ...]:
        return tuple(need for sent in self.requests for need in sent.needs)

    def names(self) -> Iterator[str]:
        """The values of earlier answers that they name."""
        return (name for sent in self.requests for name in sent.names())


Event = Sent | Put | Assigned | Together
"""What happens on both sides, one after the other."""


def _names(texts: Iterable[str]) -> Iterator[str]:
    return (found[0] for text in texts for found in NAME.finditer(text))


class Values:
    """What one side has for each name."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._given: set[str] = set()

    def keep(self, name: str, value: str) -> None:
        self._known[name] = value
        self._given.add(value)

    def has(self, value: str) -> bool:
        """Whether some name stands for this value."""
        return value in self._given

    def copied(self) -> Values:
        """The same values, to go on from."""
        copy = Values()
        copy._known, copy._given = dict(self._known), set(self._given)
        return copy

    def of(self, name: str) -> str | None:
        return self._known.get(name)

    def _found(self, name: str, kind: str) -> str:
        return self._known.get(name) or (NO_NUMBER if kind == "number" else UNKNOWN)

    def fill(self, text: str) -> str:
        """The text with the values in place of their names."""
        return NAME.sub(lambda found: self._found(found[0], found[1]), text) if "-v-" in text else text

    def fill_bytes(self, content: bytes, *, form: bool = False) -> bytes:
        """The same for the content of a body, percent-encoded in a form."""
        if b"-v-" not in content:
            return content

        def value(found: re.Match[bytes]) -> bytes:
            text = self._found(found[0].decode(), found[1].decode())
            return (quote_plus(text) if form else text).encode()

        return NAME_IN_BYTES.sub(value, content)


class Numbers(Values):
    """The reference's side: its own values are the names, but for numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._news: list[tuple[str, str]] = []

    def keep(self, name: str, value: str) -> None:
        super().keep(name, value)
        self._news.append((name, value))

    def news(self) -> list[tuple[str, str]]:
        """The names that are new since this was asked last, with their numbers."""
        found, self._news = self._news, []
        return found

    def _found(self, name: str, kind: str) -> str:
        return super()._found(name, kind) if kind == "number" else name


def for_reference(sent: Sent, values: Numbers, address: str = "127.0.0.1") -> Request:
    """The request as the reference sees it."""
    lines = {name: values.fill(text) for name, text in sent.headers}
    return Request(
        method=sent.method,
        path=values.fill(sent.path),
        now=seam.now(sent.request_id),
        request_id=sent.request_id,
        query=tuple((name, values.fill(text)) for name, text in sent.query),
        authorization=lines.get("authorization"),
        content_type=lines.get("content-type"),
        headers={name: text for name, text in lines.items() if name not in KEPT_APART},
        body=content(sent, values),
        address=address,
    )


def target(sent: Sent, fill: Callable[[str], str]) -> str:
    """Path and query string as they go over the wire."""
    query = urlencode([(name, fill(text)) for name, text in sent.query])
    return quote(fill(sent.path), safe="/") + (f"?{query}" if query else "")


def headers(sent: Sent, fill: Callable[[str], str]) -> dict[str, str]:
    """The headers that go over the wire."""
    return {"x-request-id": sent.request_id, **{name: fill(text) for name, text in sent.headers}}


def content(sent: Sent, values: Values) -> bytes | None:
    """The body as it goes over the wire."""
    form = any(n == "content-type" and "form-urlencoded" in text for n, text in sent.headers)
    return None if sent.body is None else values.fill_bytes(sent.body, form=form)


def opaque(body: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Opaque]]:
    """Every opaque string in a body of the reference, with the way to it."""
    match body:
        case Opaque():
            return [(path, body)]
        case dict():
            return [found for name, member in body.items() for found in opaque(member, (*path, str(name)))]
        case list() | tuple():
            return [found for i, member in enumerate(body) for found in opaque(member, (*path, str(i)))]
        case _:
            return []
