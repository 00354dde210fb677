"""A request while it is being made."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any
from urllib.parse import urlencode

from backwright.model.types import Operation
from backwright.reference.evaluate import Row
from backwright.reference.http import is_line
from backwright.reference.sessions import CSRF, Session
from backwright.verify import values
from backwright.verify.wire import BOUNDARY, multipart

MEDIA = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "multipart": f"multipart/form-data; boundary={BOUNDARY}",
}


class Draft:
    """A request that is being made: good first, then perhaps spoiled in one place.

    `members` are those of the body, each with JSON source. `rows` are those it is about.
    """

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.label = operation.name
        self.method: str = operation.method
        self.path = operation.path
        self.query: list[tuple[str, str]] = []
        self.headers: dict[str, str] = {}
        self.members: list[tuple[str, str]] | None = None
        self.content: bytes | None = None
        self.session: Session | None = None
        self.rows: list[tuple[str, Row]] = []

    def apart(self) -> tuple[list[tuple[str, str]], dict[str, str]]:
        """The query and the headers: parameters that come in headers are made like the others, and sent there.

        What no line of a header can hold is not sent at all.
        """
        told = self.told()
        query = [pair for pair in self.query if pair not in told]
        return query, {**{name.lower(): text for name, text in told if is_line(text)}, **self.headers}

    def told(self) -> list[tuple[str, str]]:
        """The parameters that come in headers."""
        names = {field.wire for field in self.operation.query if field.header}
        return [pair for pair in self.query if pair[0] in names]

    def body(self) -> bytes | None:
        """The content of the body."""
        if self.content is not None or self.members is None or self.operation.body is None:
            return self.content
        if self.operation.body.bare is not None:
            return self._alone(self.operation.body.bare).encode("utf-8", "surrogatepass")
        if self.operation.body.media == "json":
            return wrapped(_object(self.members), self.operation.body.wrap)
        pairs = [(name, text) for name, value in self.members for text in values.as_texts(value)]
        if self.operation.body.media == "form":
            return urlencode(pairs, errors="surrogatepass").encode()
        return multipart({name: _part(value) for name, value in self.members})

    def _alone(self, name: str) -> str:
        """The JSON of the one member that is the body, of the last one where there are several."""
        return next((value for member, value in reversed(self.members or []) if member == name), "{}")

    def prove(self, csrf: str, *, as_member: bool) -> None:
        """Show the CSRF token, in the header or among the members of a form."""
        if as_member and self.members is not None:
            self.members.append((CSRF, values.source(csrf)))
        else:
            self.headers["x-csrf-token"] = csrf


def wrapped(inside: str, wrap: str | None) -> bytes:
    """A JSON body, in its wrapping member where it has one."""
    text = inside if wrap is None else f"{{{values.source(wrap)}: {inside}}}"
    return text.encode("utf-8", "surrogatepass")


def _object(members: list[tuple[str, str]]) -> str:
    return f"{{{', '.join(f'{values.source(name)}: {value}' for name, value in members)}}}"


def _part(json_source: str) -> Any:
    """What a multipart body says for a member: a file, or text."""
    try:
        value = json.loads(json_source)
    except ValueError:
        return json_source
    if isinstance(value, dict) and "base64" in value:
        return {"file": b64decode(value["base64"]), "type": value["type"], "name": value["name"]}
    return values.as_text(value)
