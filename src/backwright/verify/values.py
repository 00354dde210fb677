"""Values for inputs: good ones, ones at a limit, and ones that a careful server refuses.

Values are JSON source text, so that everything JSON can say can be sent: `5.0`, a NUL, a lone surrogate.
"""

from __future__ import annotations

import json
import re
from random import Random

from backwright.emit.emitted import NotEmitted, column_type
from backwright.model.types import FieldType, ReferenceType, ScalarType

WORDS = (
    "milk",
    "bread",
    "Crème brûlée",
    "naïve",
    "日本語",
    "😀",
    "a'b",
    'say "hi"',
    "%",
    "_",
    "\\",
    "; --",
    "é",
)
DATES = ("2026-01-01", "2024-02-29", "1999-12-31", "0001-01-01", "9999-12-31", "2030-01-01")
INSTANTS = ("2026-01-01T00:00:00Z", "2026-01-01T12:30:45.123456Z", "2026-06-01T02:00:00+02:00")
WRONG = ("12", "true", '"12"', '"true"', "[]", "{}", "1.5", "[1]", '""', '" "')
ODD_PARAMETERS = (
    *("", "TRUE", "1", "0", "-1", "1.5", "+5", " 5", "٣"),
    *("9" * 30, "null", "not-a-value", "a\x00b", "é"),
)
NUL = '"a\\u0000b"'
SURROGATE = '"a\\ud800b"'
ANYWHERE = (*WRONG, NUL, SURROGATE, "null")


def source(value: object) -> str:
    """JSON source text of a value."""
    return json.dumps(value, ensure_ascii=False)


def good(kind: FieldType, random: Random, keys: list[str]) -> str:
    """A value that the type accepts; references come from `keys` (a key that nobody has, where it is empty)."""
    type = column_type(kind)
    if isinstance(type, ReferenceType):
        return source(random.choice(keys) if keys else unknown_key(random))
    match type.scalar:
        case "string" | "text" | "password":
            return source(text(type.min or 0, min(type.max or 40, 40), random))
        case "email":
            return source(f"person{random.randrange(10_000)}@example.com")
        case "integer":
            return source(random.choice(_integers(type)))
        case "boolean":
            return random.choice(("true", "false"))
        case "date":
            return source(random.choice(DATES))
        case "timestamp":
            return source(random.choice(INSTANTS))
        case "uuid":
            return source(unknown_key(random))
        case "enum":
            return source(random.choice(type.values))
        case _:
            raise NotEmitted(type)


def unusual(kind: FieldType, random: Random) -> str:
    """A value at or beyond a limit, of a wrong type, or of a wrong form. A few of them are accepted."""
    choices: list[str] = []
    type = column_type(kind)
    if isinstance(type, ReferenceType):
        return random.choice([*ANYWHERE, source(unknown_key(random)), '"not-a-key"'])
    match type.scalar:
        case "string" | "text" | "password":
            choices += [source(value) for value in _lengths(type)] * 2
        case "email":
            choices += [
                source(value)
                for value in ("a@b", "A.B@Example.COM", "a b@c.de", "a@", "@b", "a@b..c", "ä@b.de", "a@-b.de")
            ] + [source("x" * 250 + "@ex.de"), source("y" * 249 + "@e.de"), source("a@b.de\n")]
        case "integer":
            choices += [
                "5.0",
                "5e0",
                "-0",
                "9223372036854775807",
                "9223372036854775808",
                "-9223372036854775809",
            ]
            choices += [source(bound + step) for bound in _bounds(type) for step in (-1, 0, 1)] * 3 + [
                "1e400"
            ]
        case "boolean":
            choices += ["0", "1", '"false"']
        case "date":
            days = ("2026-02-30", "2026-1-1", "2026-01-01T00:00:00Z", "20260101", "2026-W01-1", "0000-01-01")
            choices += [source(value) for value in days]
        case "timestamp":
            times = (
                "2026-01-01T00:00:00",
                "2026-01-01",
                "2026-01-01T25:00:00Z",
                "2026-01-01T00:00:00.1234567Z",
            )
            choices += [source(value) for value in times]
        case "uuid":
            key = unknown_key(random)
            choices += [
                source(key.upper()),
                source(key.replace("-", "")),
                source(key[:-1]),
                source(f"{{{key}}}"),
            ]
        case "enum":
            choices += [source(value.upper()) for value in type.values] + [source("")]
        case _:
            raise NotEmitted(type)
    return random.choice(choices if random.random() < 0.6 else ANYWHERE)


def edges(type: FieldType) -> list[str]:
    """The values at the limits of a type and just beyond them."""
    if not isinstance(type, ScalarType):
        return []
    if type.scalar == "integer":
        return [source(bound + step) for bound in _bounds(type) for step in (-1, 0, 1)]
    return [source(text) for text in _lengths(type)] if type.scalar in ("string", "text", "password") else []


def parameter(type: FieldType, random: Random, keys: list[str]) -> str:
    """A good value written as a query parameter."""
    value = json.loads(good(type, random, keys))
    return value if isinstance(value, str) else json.dumps(value)


def unusual_parameter(type: FieldType | None, random: Random) -> str:
    """A query parameter that its type may refuse, or that every type does."""
    if type is not None and random.random() < 0.5:
        value = json.loads(unusual(type, random))
        written = value if isinstance(value, str) else json.dumps(value)
        if not re.search("[\ud800-\udfff]", written):  # which no URL can carry
            return written
    return random.choice(ODD_PARAMETERS)


def text(least: int, most: int, random: Random) -> str:
    """Text of a length in between, in code points."""
    length = random.randint(least, max(least, min(most, least + 24)))
    made = " ".join(random.choice(WORDS) for _ in range(1 + length // 3))
    return made[:length].ljust(length, "x")


def unknown_key(random: Random) -> str:
    """A well-formed key that no row has."""
    made = f"{random.getrandbits(128):032x}"
    return f"{made[:8]}-{made[8:12]}-7{made[13:16]}-8{made[17:20]}-{made[20:]}"


def _lengths(type: ScalarType) -> list[str]:
    """Texts one short of a limit, at it and one beyond; with letters that are several bytes or UTF-16 units."""
    wanted = [
        bound + step for bound in (type.min or 0, type.max or 0) for step in (-1, 0, 1) if bound + step >= 0
    ]
    return [letter * length for length in wanted if length <= 70_000 for letter in ("x", "😀")]


def _bounds(type: ScalarType) -> list[int]:
    return [bound for bound in (type.min, type.max) if bound is not None]


def _integers(type: ScalarType) -> list[int]:
    least = -5 if type.min is None else type.min
    most = max(least, 100) if type.max is None else type.max
    return [least, most, (least + most) // 2, min(most, least + 1)]
