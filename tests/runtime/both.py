"""A service written by hand and the reference of its specification: each request is sent to both."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec

from backwright.model.build import build
from backwright.project import Project
from backwright.reference import Reference, Request
from backwright.reference.http import Opaque
from backwright.reference.seam import now
from backwright.spec.reader import read
from backwright_runtime import Application
from backwright_runtime.testing import client

COMPARED = (
    "content-type", "location", "etag", "allow", "www-authenticate", "retry-after", "deprecation", "sunset", "link",
    "content-disposition", "idempotency-replayed", "x-none",
)  # fmt: skip


class Both:
    """Sends requests one millisecond apart. What each side makes up on its own is kept side by side."""

    def __init__(self, folder: Path, http: httpx.AsyncClient) -> None:
        self.reference = Reference(build(read(Project(folder))))
        self.http = http
        self.count = 0
        self.pairs: dict[str, str] = {}
        """What the runtime calls something, by what the reference calls it."""

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        content_type: str | None = "application/json",
        query: list[tuple[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        request_id: str | None = None,
    ) -> httpx.Response:
        """Sends the request to both and compares the answers. Values of the reference's own stand for the runtime's."""
        self.count += 1
        request_id = request_id or f"v-{self.count}"
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        said = dict(headers or {})
        if content is not None and content_type is not None:
            said["content-type"] = content_type
        answer = self.reference.answer(
            Request(
                method=method,
                path=path,
                now=now(request_id),
                request_id=request_id,
                query=tuple(query or ()),
                authorization=said.get("authorization"),
                content_type=said.get("content-type"),
                body=content,
                headers=said,
            )
        )
        seen = await self.http.request(
            method,
            path + (f"?{urlencode(self._own(query))}" if query else ""),
            content=None if content is None else self._own(content.decode("latin-1")).encode("latin-1"),
            headers={**self._own(said), "x-request-id": request_id},
        )
        self.http.cookies.clear()
        about = (
            f"{method} {path}: {seen.status_code} {seen.text[:500]}\nexpected {answer.status} {answer.body}"
        )
        assert seen.status_code == answer.status, about
        for name in COMPARED:
            assert seen.headers.get(name) == answer.headers.get(name), f"{name}: {about}"
        if "cache-control" in answer.headers or "cache-control" in seen.headers:
            assert seen.headers["cache-control"] == answer.headers.get("cache-control", "no-store"), about
        self._same_cookies(answer.cookies, seen.headers.get_list("set-cookie"))
        if method == "HEAD":
            assert seen.content == b""
        elif answer.content is not None:
            self._same(answer.content.decode("latin-1"), seen.content.decode("latin-1"), about)
        elif answer.body is None:
            assert seen.content == b"", about
        else:
            self._same(plain(answer.body), seen.json(), about)
        return seen

    def _own(self, value: Any) -> Any:
        """With the runtime's names of things."""
        match value:
            case str():
                for theirs, ours in self.pairs.items():
                    value = value.replace(theirs, ours)
                return value
            case dict():
                return {name: self._own(each) for name, each in value.items()}
            case list() | tuple():
                return type(value)(self._own(each) for each in value)
            case _:
                return value

    def _same(self, expected: Any, seen: Any, about: str) -> None:
        match expected:
            case Opaque():
                assert isinstance(seen, str), about
                assert self.pairs.setdefault(str(expected), seen) == seen
            case dict():
                assert isinstance(seen, dict), about
                assert list(expected) == list(seen) or expected.keys() == seen.keys(), about
                for name, each in expected.items():
                    self._same(each, seen[name], about)
            case list():
                assert isinstance(seen, list), about
                assert len(expected) == len(seen), about
                for one, other in zip(expected, seen, strict=True):
                    self._same(one, other, about)
            case str():
                assert self._own(expected) == seen, about
            case _:
                assert (type(expected), expected) == (type(seen), seen), about

    def _same_cookies(self, expected: tuple[str, ...], seen: list[str]) -> None:
        assert len(expected) == len(seen), (expected, seen)
        for one, other in zip(expected, seen, strict=True):
            name, _, rest = one.partition("=")
            value, _, attributes = rest.partition(";")
            own_name, _, own_rest = other.partition("=")
            own_value, _, own_attributes = own_rest.partition(";")
            assert (own_name, own_attributes) == (name, attributes)
            if value.startswith(("token-", "csrf-")):
                assert self.pairs.setdefault(value, own_value) == own_value
            else:
                assert own_value == value


def plain(value: Any) -> Any:
    """The reference's body as JSON holds it, with what it chose freely still marked."""
    match value:
        case Opaque():
            return value
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case _:
            return msgspec.json.decode(msgspec.json.encode(value, enc_hook=str))


@asynccontextmanager
async def both(
    folder: Path, create_app: Callable[[str], Application], url: str, *, migrations: Path
) -> AsyncIterator[Both]:
    """Both sides, without rows."""
    async with client(create_app, migrations=migrations, database_url=url) as http:
        yield Both(folder, http)
