"""Do the reference's answer and the server's answer say the same?

Compared are status, the headers that matter, and the body. Texts of error messages are for people and may
differ; opaque strings must be there and are compared by role: wherever one side's is used, so is the other's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from backwright.reference.http import Opaque, Response
from backwright.verify.traffic import Role, Sent, Values

HEADERS = ("location", "allow", "www-authenticate", "content-type", "x-request-id")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the server answered. `body` is the decoded JSON, None without a body, and the text otherwise.

    `cookies` are those that the answer sets, empty where it removes one.
    """

    status: int
    headers: dict[str, str]
    body: Any = None
    cookies: dict[str, str] = {}


def decoded(status: int, headers: Mapping[str, str], content: bytes, cookies: Sequence[str] = ()) -> Seen:
    """The answer with its body decoded. `cookies` are its Set-Cookie headers."""
    body: Any = None
    if content:
        try:
            body = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            body = content.decode("utf-8", "replace")
    pairs = (cookie.partition(";")[0].partition("=") for cookie in cookies)
    return Seen(
        status=status,
        headers={name.lower(): value for name, value in headers.items()},
        body=body,
        cookies={name: value for name, _, value in pairs},
    )


def differences(sent: Sent, expected: Response, seen: Seen, values: Values) -> list[str]:
    """What the server answered differently; empty when it agrees. Keeps the server's opaque values."""
    if expected.status != seen.status:
        told = _error_code(seen.body) or _error_code(expected.body)
        return [
            f"status: {expected.status} expected, {seen.status} answered" + (f" ({told})" if told else "")
        ]
    found = [text for name in HEADERS for text in _header(name, expected, seen)]
    return found + _trees("body", _silent(expected.body), _silent(seen.body), sent.number, (), values)


def _header(name: str, expected: Response, seen: Seen) -> list[str]:
    wanted, got = expected.headers.get(name), seen.headers.get(name)
    if name in ("content-type", "x-request-id") and wanted is None:
        return []
    if _normal(name, wanted) == _normal(name, got):
        return []
    return [f"header {name}: {wanted!r} expected, {got!r} answered"]


def _normal(name: str, value: str | None) -> object:
    if value is None:
        return None
    if name == "allow":
        return frozenset(part.strip() for part in value.split(","))
    if name == "content-type":
        return value.partition(";")[0].strip().lower()
    return value


def _error_code(body: Any) -> str | None:
    error = body.get("error") if isinstance(body, dict) else None
    return f"error {error['code']}" if isinstance(error, dict) and "code" in error else None


def _silent(body: Any) -> Any:
    """The body without the message texts of its error."""
    if not (isinstance(body, dict) and isinstance(body.get("error"), dict)):
        return body
    error = {name: value for name, value in body["error"].items() if name != "message"}
    if isinstance(error.get("fields"), list):
        error["fields"] = [
            {name: value for name, value in field.items() if name != "message"}
            if isinstance(field, dict)
            else field
            for field in error["fields"]
        ]
    return {**body, "error": error}


def _trees(
    place: str, expected: Any, seen: Any, number: int, path: tuple[str, ...], values: Values
) -> list[str]:
    if isinstance(expected, Opaque):
        if not isinstance(seen, str) or not seen:
            return [f"{place}: an opaque text expected, {seen!r} answered"]
        role: Role = (number, path)
        values.keep(role, seen)
        return []
    if isinstance(expected, dict) and isinstance(seen, dict):
        return _members(place, expected, seen, number, path, values)
    if isinstance(expected, list | tuple) and isinstance(seen, list):
        if len(expected) != len(seen):
            return [f"{place}: {len(expected)} elements expected, {len(seen)} answered"]
        pairs = enumerate(zip(expected, seen, strict=True))
        return [
            text
            for i, (left, right) in pairs
            for text in _trees(f"{place}[{i}]", left, right, number, (*path, str(i)), values)
        ]
    if type(expected) is type(seen) and expected == seen:
        return []
    if isinstance(expected, str) and isinstance(seen, str) and str(expected) == seen:
        return []
    return [f"{place}: {expected!r} expected, {seen!r} answered"]


def _members(
    place: str,
    expected: dict[str, Any],
    seen: dict[str, Any],
    number: int,
    path: tuple[str, ...],
    values: Values,
) -> list[str]:
    found = [f"{place}.{name}: missing in the answer" for name in expected if name not in seen]
    found += [f"{place}.{name}: not expected" for name in seen if name not in expected]
    for name, member in expected.items():
        if name in seen:
            found += _trees(f"{place}.{name}", member, seen[name], number, (*path, name), values)
    return found
