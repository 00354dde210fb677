"""Do the reference's answer and the server's answer say the same?

Compared are status, headers, cookies and the body: JSON by its values, everything else byte by byte. Texts of
error messages are for people and may differ, but for the author's own; opaque strings must be there, and wherever
one side's is used later, so is the other's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from backwright.reference.errors import Words
from backwright.reference.http import Opaque, Response
from backwright.verify.traffic import NAME, Sent, Values

HEADERS = (
    "location", "allow", "www-authenticate", "retry-after", "etag", "cache-control", "content-disposition",
    "deprecation", "sunset", "link", "idempotency-replayed",
)  # fmt: skip
"""What must not be there where the reference does not say it."""

NOT_STORED = re.compile(r"\b(no-store|no-cache)\b")
DISTINCT = ("token", "csrf")
WITHIN = r"([^\s<>\"'&;,]+)"
"""An opaque value inside of a text: up to what ends a part of an address or of a header."""
FULL = 2**53
"""From here on not every integer is a double: databases print such doubles in full."""
UTF8 = "utf-8"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the server answered. `body` is the decoded JSON, None without a body, and the text otherwise.

    `cookies` are those that the answer sets, empty where it removes one; `lines` are its Set-Cookie headers as
    they came, and `content` is the body as it came.
    """

    status: int
    headers: dict[str, str]
    body: Any = None
    cookies: dict[str, str] = {}
    lines: tuple[str, ...] = ()
    content: bytes = b""


def decoded(status: int, headers: Mapping[str, str], content: bytes, cookies: Sequence[str] = ()) -> Seen:
    """The answer with its body decoded. `cookies` are its Set-Cookie headers."""
    named = {name.lower(): value for name, value in headers.items()}
    pairs = (cookie.partition(";")[0].partition("=") for cookie in cookies)
    return Seen(
        status=status,
        headers=named,
        body=_decoded(named.get("content-type", ""), content),
        cookies={name: value for name, _, value in pairs},
        lines=tuple(cookies),
        content=content,
    )


def _decoded(media: str, content: bytes) -> Any:
    if not content:
        return None
    if not media or "json" in media:
        try:
            return msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
    return content.decode(UTF8, "replace")


def differences(
    sent: Sent,
    expected: Response,
    seen: Seen,
    values: Values,
    *,
    extra: Sequence[str] = (),
    remembers: bool = True,
) -> list[str]:
    """What the server answered differently; empty when it agrees. Keeps the server's opaque values.

    `extra` are headers that the author names; `remembers` says whether the answer may hold a new opaque value.
    """
    if expected.status != seen.status:
        told = _error_code(seen.body) or _error_code(expected.body)
        return [
            f"status: {expected.status} expected, {seen.status} answered" + (f" ({told})" if told else "")
        ]
    found = _cookies(expected, seen, values)
    for name in dict.fromkeys((*HEADERS, *extra, *expected.headers)):
        found += _header(name, expected.headers.get(name), seen.headers.get(name), values)
    if sent.method == "HEAD" or expected.body is None:
        return found + _content(expected, seen, values)
    if not remembers and seen.content == msgspec.json.encode(expected.body, enc_hook=str):
        return found
    return found + _trees("body", expected.body, seen.body, values)


def _header(name: str, wanted: str | None, got: str | None, values: Values) -> list[str]:
    if name == "cache-control" and wanted is None and got is not None and NOT_STORED.search(got):
        return []  # what is not said to be kept may be forbidden to be kept
    if wanted is not None and got is not None:
        _learn(wanted, got, values)
    wanted = None if wanted is None else values.fill(wanted)
    if _normal(name, wanted) == _normal(name, got):
        return []
    return [f"header {name}: {wanted!r} expected, {got!r} answered"]


def _normal(name: str, value: str | None) -> object:
    if value is None:
        return None
    match name:
        case "allow":
            return frozenset(part.strip() for part in value.split(","))
        case "cache-control":
            return frozenset(part.strip().lower() for part in value.split(","))
        case "content-type":
            media, *parameters = (part.strip().lower() for part in value.split(";"))
            return (media, () if media == "application/json" else tuple(parameters))
        case _:
            return value


def _cookies(expected: Response, seen: Seen, values: Values) -> list[str]:
    """Cookies by name, their attributes in any order; the opaque ones are remembered."""
    wanted, got = (
        {_cookie(line)[0]: _cookie(line) for line in each} for each in (expected.cookies, seen.lines)
    )
    found = [f"cookie {name}: not set" for name in wanted if name not in got]
    found += [f"cookie {name}: not expected" for name in got if name not in wanted]
    for name in wanted.keys() & got.keys():
        (_, ours, attributes), (_, theirs, others) = wanted[name], got[name]
        if NAME.fullmatch(ours):
            found += _opaque(f"cookie {name}", ours, theirs, values)
        elif values.fill(ours) != theirs:
            found.append(f"cookie {name}: {ours!r} expected, {theirs!r} answered")
        if attributes != others:
            found.append(f"cookie {name}: {sorted(attributes)} expected, {sorted(others)} answered")
    return sorted(found)


def _cookie(line: str) -> tuple[str, str, frozenset[str]]:
    pair, *attributes = (part.strip() for part in line.split(";"))
    name, _, value = pair.partition("=")
    return name, value.strip('"'), frozenset(part.lower() for part in attributes)


def _opaque(place: str, name: str, seen: Any, values: Values) -> list[str]:
    """One side's name and the other's value belong together from now on."""
    if not isinstance(seen, str) or not seen:
        return [f"{place}: an opaque text expected, {seen!r} answered"]
    known = values.of(name)
    if known is not None and known != seen:
        return [f"{place}: {known!r} expected again, {seen!r} answered"]
    if known is None and name.startswith(DISTINCT) and values.has(seen):
        return [f"{place}: {seen!r} was given out before"]
    values.keep(name, seen)
    return []


def _learn(expected: str, seen: str, values: Values) -> None:
    """Opaque values within a text, like the cursor in the address of the next page, belong to their names from now on.

    Nothing is learnt where the rest of the text differs, or a token was given out before: then the texts differ.
    """
    pattern, unknown, end = "", list[str](), 0
    for found in NAME.finditer(expected):
        name = found[0]
        pattern += re.escape(expected[end : found.start()])
        if name in unknown:
            pattern += f"(?:\\{unknown.index(name) + 1})"
        elif values.of(name) is not None or found[1] == "number":
            pattern += re.escape(values.fill(name))
        else:
            pattern += WITHIN
            unknown.append(name)
        end = found.end()
    matched = re.fullmatch(pattern + re.escape(expected[end:]), seen) if unknown else None
    for name, value in zip(unknown, matched.groups() if matched else (), strict=False):
        if not (name.startswith(DISTINCT) and values.has(value)):
            values.keep(name, value)


def _content(expected: Response, seen: Seen, values: Values) -> list[str]:
    """A body that is no JSON, byte by byte."""
    wanted = values.fill_bytes(expected.content or b"")
    if wanted == seen.content:
        return []
    at = next((i for i, (a, b) in enumerate(zip(wanted, seen.content, strict=False)) if a != b), None)
    at = min(len(wanted), len(seen.content)) if at is None else at
    start = max(0, at - 30)
    shown = [each[start : at + 60] for each in (wanted, seen.content)]
    return [f"body: differs from byte {at} on: {shown[0]!r} expected, {shown[1]!r} answered"]


def _error_code(body: Any) -> str | None:
    error = body.get("error") if isinstance(body, dict) else None
    return f"error {error['code']}" if isinstance(error, dict) and "code" in error else None


def _trees(place: str, expected: Any, seen: Any, values: Values) -> list[str]:
    match expected:
        case Opaque():
            return _opaque(place, expected, seen, values)
        case Words():
            return [] if isinstance(seen, str) and seen else [f"{place}: words expected, {seen!r} answered"]
        case dict() if isinstance(seen, dict):
            return _members(place, expected, seen, values)
        case list() | tuple() if isinstance(seen, list):
            if len(expected) != len(seen):
                return [f"{place}: {len(expected)} elements expected, {len(seen)} answered"]
            pairs = enumerate(zip(expected, seen, strict=True))
            return [text for i, (a, b) in pairs for text in _trees(f"{place}[{i}]", a, b, values)]
        case str() if isinstance(seen, str):
            _learn(expected, seen, values)
            expected = values.fill(expected)
        case _:
            pass
    if (type(expected) is type(seen) and expected == seen) or _same_number(expected, seen):
        return []
    return [f"{place}: {expected!r} expected, {seen!r} answered"]


def _same_number(expected: Any, seen: Any) -> bool:
    """Whether JSON says the same large number with an exponent and in full: a database prints 1.5e19 as an integer."""
    in_full = isinstance(expected, float) and type(seen) is int and abs(expected) >= FULL
    return in_full and Decimal(repr(expected)) == seen


def _members(place: str, expected: dict[str, Any], seen: dict[str, Any], values: Values) -> list[str]:
    found = [f"{place}.{name}: missing in the answer" for name in expected if name not in seen]
    found += [f"{place}.{name}: not expected" for name in seen if name not in expected]
    for name, member in expected.items():
        if name in seen:
            found += _trees(f"{place}.{name}", member, seen[name], values)
    return found
