"""Requests that can be sent twice: once to the reference and once to the server.

What an implementation makes up itself (a token, a cursor) cannot be written down in advance, so a request says
which earlier answer it comes from (`Slot`) and each side fills in its own value.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from backwright.reference import seam
from backwright.reference.http import Opaque, Request, Response

Role = tuple[int, tuple[str, ...]]


class Slot(msgspec.Struct, frozen=True):
    """Text around an opaque value: the one at `path` in the answer to request `number`."""

    number: int
    path: tuple[str, ...]
    before: str = ""
    after: str = ""

    def filled(self, value: str) -> str:
        return f"{self.before}{value}{self.after}"


Text = str | Slot


class Assigned(msgspec.Struct, frozen=True, kw_only=True):
    """A field that somebody sets in the database itself, because no operation takes it: a role, say."""

    entity: str
    key: str
    field: str
    value: str | bool


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a sequence. `number` gives it its id (`v-<number>`), and by that its time and new ids.

    `operation` is the one it was made for, or a word for what it tries; it is for figures and reports only.
    `assigned` happens on both sides just before the request.
    """

    number: int
    operation: str
    method: str
    path: str
    query: tuple[tuple[str, Text], ...] = ()
    authorization: Text | None = None
    content_type: str | None = None
    body: bytes | None = None
    assigned: tuple[Assigned, ...] = ()

    @property
    def request_id(self) -> str:
        return f"v-{self.number}"

    def slots(self) -> list[Slot]:
        """The earlier answers that this request needs."""
        texts = [self.authorization, *(value for _, value in self.query)]
        return [text for text in texts if isinstance(text, Slot)]


class Values:
    """The opaque values of one side, by role. A value that is not there yet is a text that nobody issued."""

    def __init__(self) -> None:
        self._by_role: dict[Role, str] = {}

    def keep(self, role: Role, value: str) -> None:
        self._by_role[role] = value

    def fill(self, text: Text) -> str:
        if isinstance(text, str):
            return text
        return text.filled(self._by_role.get((text.number, text.path), "never-issued"))


def for_reference(sent: Sent, values: Values) -> Request:
    """The request as the reference sees it."""
    return Request(
        method=sent.method,
        path=sent.path,
        now=seam.now(sent.request_id),
        request_id=sent.request_id,
        query=tuple((name, values.fill(value)) for name, value in sent.query),
        authorization=None if sent.authorization is None else values.fill(sent.authorization),
        content_type=sent.content_type,
        body=sent.body,
    )


def target(sent: Sent, values: Values) -> str:
    """Path and query string as they go over the wire."""
    query = urlencode([(name, values.fill(value)) for name, value in sent.query])
    return quote(sent.path, safe="/") + (f"?{query}" if query else "")


def headers(sent: Sent, values: Values) -> dict[str, str]:
    """The headers that go over the wire."""
    lines = {"x-request-id": sent.request_id}
    if sent.authorization is not None:
        lines["authorization"] = values.fill(sent.authorization)
    if sent.content_type is not None:
        lines["content-type"] = sent.content_type
    return lines


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


def keep_opaque(sent: Sent, answer: Response, values: Values) -> None:
    """Remember what the reference made up in this answer."""
    for path, value in opaque(answer.body):
        values.keep((sent.number, path), value)
