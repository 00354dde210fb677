"""Values for inputs: good ones, ones at a limit, and ones that a careful server refuses.

Values are JSON source text, so that everything JSON can say can be sent: `5.0`, a NUL, a lone surrogate.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from backwright.model.types import (
    FieldType,
    InputField,
    ListType,
    ManyType,
    RecordType,
    ReferenceType,
    ScalarType,
)
from backwright.verify.patterns import matching

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
    "=1+1",
    "<b>&amp;",
)
DATES = ("2026-01-01", "2024-02-29", "1999-12-31", "0001-01-01", "9999-12-31", "2030-01-01")
INSTANTS = (
    "2026-01-01T00:00:00Z",
    "2026-01-01T12:30:45.123456Z",
    "2026-06-01T02:00:00+02:00",
    "9999-12-31T23:59:59.999999Z",
)
DOCUMENTS = (
    '{"a": 1, "b": [true, null, 1.5]}',
    "{}",
    '{"é": {"x": "y\\\\"}}',
    '{"big": 12345678901234567890}',
)
WRONG = ("12", "true", '"12"', '"true"', "[]", "{}", "1.5", "[1]", '""', '" "')
ODD_PARAMETERS = (
    *("", "TRUE", "1", "0", "-1", "1.5", "+5", " 5", "٣"),
    *("9" * 30, "null", "not-a-value", "a\x00b", "é"),
)
NUL = '"a\\u0000b"'
SURROGATE = '"a\\ud800b"'
ANYWHERE = (*WRONG, NUL, SURROGATE, "null")
TEXTS = ("string", "text", "password", "slug", "token")
LONGEST_PARAMETER = 1000
SHORTEST_FILE, LONGEST_FILE = 1, 400


def source(value: object) -> str:
    """JSON source text of a value."""
    return json.dumps(value, ensure_ascii=False)


class Situation(msgspec.Struct):
    """What values depend on: chance, the moment, and the keys that references may have (as JSON source)."""

    random: Random
    now: datetime
    keys: Callable[[str], list[str]]
    multipart: bool = False


def good(kind: FieldType, at: Situation, matches: str | None = None) -> str:
    """A value that the type accepts."""
    random = at.random
    match kind:
        case ReferenceType(entity=entity):
            keys = at.keys(entity)
            return random.choice(keys) if keys else source(unknown_key(random))
        case ManyType(entity=entity, max=most):
            keys = list(dict.fromkeys(at.keys(entity)))
            return _array(random.sample(keys, random.randint(0, min(len(keys), 3, most))))
        case ListType(element=element, min=least, max=most):
            return _array([good(element, at, matches) for _ in range(_few(least or 0, most, random))])
        case RecordType(members=members):
            return _object([(m, member(m, at)) for m in members if m.required or random.random() < 0.6])
        case ScalarType():
            return _scalar(kind, at, matches)


def member(field: InputField, at: Situation) -> str:
    """A value for a member of a body; null now and then where that is allowed."""
    if field.nullable and at.random.random() < 0.15:
        return "null"
    return good(field.type, at, field.matches)


def _few(least: int, most: int, random: Random) -> int:
    return random.randint(least, min(most, max(least + 2, 3)))


def _array(items: list[str]) -> str:
    return f"[{', '.join(items)}]"


def _object(members: list[tuple[InputField, str]]) -> str:
    return f"{{{', '.join(f'{source(field.wire)}: {value}' for field, value in members)}}}"


def _scalar(type: ScalarType, at: Situation, matches: str | None) -> str:
    random = at.random
    match type.scalar:
        case "string" | "text" | "password" | "slug" | "token":
            if matches is not None:
                return source(matching(matches, random, type.max))
            return source(text(type.min or 0, min(type.max or 40, 40), random))
        case "email":
            return source(f"person{random.randrange(10_000)}@example.com")
        case "integer":
            return source(random.choice(_integers(type)))
        case "decimal":
            digits = _decimal(type, random)
            return source(digits) if random.random() < 0.7 else digits
        case "double":
            return source(random.choice([*map(float, _integers(type)), *_fractions(type)]))
        case "boolean":
            return random.choice(("true", "false"))
        case "date":
            return source(_date(at))
        case "timestamp":
            return source(_instant(at))
        case "uuid":
            return source(unknown_key(random))
        case "enum":
            return source(random.choice(type.values))
        case "json":
            return random.choice(DOCUMENTS)
        case "bytes":
            return _file(type, at)


def _date(at: Situation) -> str:
    if at.random.random() < 0.75:
        return (at.now + timedelta(days=at.random.randint(-3, 5))).date().isoformat()
    return at.random.choice(DATES)


def _instant(at: Situation) -> str:
    """Mostly on a half hour around now, so that two of them are often before or after each other by little."""
    if at.random.random() < 0.8:
        start = at.now.replace(minute=0, second=0, microsecond=0)
        found = start + timedelta(minutes=30 * at.random.randint(-8, 10))
        return found.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return at.random.choice(INSTANTS)


def _decimal(type: ScalarType, random: Random) -> str:
    scale = type.scale or 0
    least = -5 if type.min is None else type.min
    most = max(least, 1000) if type.max is None else type.max
    step = Decimal(1).scaleb(-scale)
    choices = [
        Decimal(least),
        Decimal(most),
        Decimal(least) + step,
        Decimal(random.randint(least, min(most, least + 50))),
    ]
    choices.append(max(Decimal(least), min(Decimal(most), Decimal(random.randint(0, 9999)) * step)))
    return f"{random.choice(choices):f}"


def _fractions(type: ScalarType) -> list[float]:
    wanted = (0.5, -1.25, 0.1, 1e-9, 123456.789)
    return [n for n in wanted if (type.min is None or n >= type.min) and (type.max is None or n <= type.max)]


def _file(type: ScalarType, at: Situation) -> str:
    """Bytes in base64, or a file with its media type and name."""
    size = at.random.randint(
        max(type.min or 0, SHORTEST_FILE), max(type.min or 0, min(type.max or 1, LONGEST_FILE))
    )
    content = b64encode(at.random.randbytes(size)).decode()
    if not at.multipart:
        return source(content)
    media = at.random.choice(type.media or ("text/plain", "application/octet-stream", "image/png"))
    name = at.random.choice(("a.png", "Über uns.txt", 'q"uote.bin', "x"))
    return source({"base64": content, "type": media, "name": name})


# Unusual ---------------------------------------------------------------------------------------------


def unusual(kind: FieldType, at: Situation) -> str:
    """A value at or beyond a limit, of a wrong type, or of a wrong form. A few of them are accepted."""
    random = at.random
    match kind:
        case ReferenceType():
            return random.choice([*ANYWHERE, source(unknown_key(random)), '"not-a-key"', "999999", "0"])
        case ManyType(entity=entity):
            keys = at.keys(entity)
            twice = [_array([keys[0], keys[0]])] if keys else []
            odd = [_array([source(unknown_key(random))]), "[null]", '["x"]', *twice]
            return random.choice([*odd, *odd, *ANYWHERE])
        case ListType(element=element):
            return _unusual_list(kind, element, at)
        case RecordType(members=members):
            return _unusual_record(members, at)
        case ScalarType():
            choices = [*_unusual_scalar(kind, random)]
            return random.choice(choices if choices and random.random() < 0.6 else ANYWHERE)


def _unusual_list(kind: ListType, element: FieldType, at: Situation) -> str:
    random = at.random
    if random.random() < 0.3:
        return random.choice((*ANYWHERE, "[null]", '{"0": 1}'))
    if random.random() < 0.3:
        sizes = [n for n in ((kind.min or 0) - 1, kind.min or 0, kind.max, kind.max + 1) if 0 <= n <= 200]
        return _array([good(element, at)] * random.choice(sizes or [0]))
    items = [good(element, at) for _ in range(random.randint(1, 3))]
    items[random.randrange(len(items))] = unusual(element, at)
    return _array(items)


def _unusual_record(members: tuple[InputField, ...], at: Situation) -> str:
    random = at.random
    if random.random() < 0.25:
        return random.choice(ANYWHERE)
    made = [(each, member(each, at)) for each in members]
    way = random.random()
    wrong = random.randrange(len(made)) if made else 0
    if made and way < 0.6:
        made[wrong] = (made[wrong][0], unusual(made[wrong][0].type, at))
    elif made and way < 0.8:
        del made[wrong]
    else:
        made.append((InputField(wire="unknown", name="unknown", type=ScalarType(scalar="string")), '"x"'))
    return _object(made)


def _unusual_scalar(type: ScalarType, random: Random) -> list[str]:
    match type.scalar:
        case "string" | "text" | "password" | "slug" | "token":
            return [source(value) for value in _lengths(type)]
        case "email":
            addresses = (
                "a@b",
                "A.B@Example.COM",
                "a b@c.de",
                "a@",
                "@b",
                "a@b..c",
                "ä@b.de",
                "a@-b.de",
                "a@b.de\n",
            )
            return [source(value) for value in (*addresses, "x" * 250 + "@ex.de", "y" * 249 + "@e.de")]
        case "integer":
            bounds = _beside(type)
            wide = ["9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e400"]
            return ["5.0", "5e0", "-0", *wide, *bounds * 3]
        case "decimal":
            step = Decimal(1).scaleb(-(type.scale or 0))
            bounds = [f"{bound + n * step:f}" for bound in _bounds(type) for n in (-1, 0, 1)]
            odd = ["1e2", "1.50000", "0.00001", "-0.0", "999999999999999999", "1e18", "1e400", *bounds]
            return [
                *odd,
                *map(source, ("1.5", "1e2", " 1", "1.", ".5", "+1", "NaN", "0.000", "1,5", *bounds)),
            ]
        case "double":
            bounds = _beside(type)
            return ["1e308", "1e309", "-1e309", "5e-324", "1e-400", "0.1", "-0.0", "1", *bounds]
        case "boolean":
            return ["0", "1", '"false"']
        case "date":
            days = ("2026-02-30", "2026-1-1", "2026-01-01T00:00:00Z", "20260101", "2026-W01-1", "0000-01-01")
            return [source(value) for value in days]
        case "timestamp":
            times = ("2026-01-01T00:00:00", "2026-01-01", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00.1234567Z",
                     "2026-01-01T00:00:60Z", "0001-01-01T00:00:00+01:00", "2026-01-01 00:00:00Z")  # fmt: skip
            return [source(value) for value in times]
        case "uuid":
            key = unknown_key(random)
            return [source(k) for k in (key.upper(), key.replace("-", ""), key[:-1], f"{{{key}}}")]
        case "enum":
            return [source(value.upper()) for value in type.values] + [source("")]
        case "json":
            return ["[]", "1", '"x"', '{"a": "\\u0000"}', '{"a": 1e400}', '{"a":' * 34 + "1" + "}" * 34]
        case "bytes":
            return ['"not base64!"', '"YQ="', '""', source("A" * 4 * ((type.max or 0) // 3 + 1))[:4000]]


def edges(type: FieldType) -> list[str]:
    """The values at the limits of a type and just beyond them."""
    if not isinstance(type, ScalarType):
        return []
    if type.scalar in ("integer", "double"):
        return _beside(type)
    if type.scalar == "decimal":
        step = Decimal(1).scaleb(-(type.scale or 0))
        return [source(f"{bound + n * step:f}") for bound in _bounds(type) for n in (-1, 0, 1)]
    return [source(text) for text in _lengths(type)] if type.scalar in TEXTS else []


# As text ---------------------------------------------------------------------------------------------


def parameter(kind: FieldType, at: Situation, matches: str | None = None) -> list[str]:
    """A good value written as query parameters: one, or several for a list."""
    return as_texts(good(kind, at, matches))


def as_texts(json_source: str) -> list[str]:
    """JSON source as a query or form writes it. Names of numbers are no JSON: they stay."""
    try:
        value = json.loads(json_source)
    except ValueError:
        inside = json_source.removeprefix("[").removesuffix("]")
        return (
            [part.strip().strip('"') for part in inside.split(",")]
            if inside != json_source
            else [json_source]
        )
    return [as_text(each) for each in value] if isinstance(value, list) else [as_text(value)]


def as_text(value: Any) -> str:
    """One value."""
    return value if isinstance(value, str) else json.dumps(value)


def unusual_parameter(kind: FieldType | None, at: Situation) -> str:
    """A query parameter that its type may refuse, or that every type does."""
    if kind is not None and at.random.random() < 0.5:
        written = (as_texts(unusual(kind, at)) or [""])[0][:LONGEST_PARAMETER]
        if not re.search("[\ud800-\udfff]", written):  # which no URL can carry
            return written
    return at.random.choice(ODD_PARAMETERS)


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


def _beside(type: ScalarType) -> list[str]:
    """The bounds and their neighbours."""
    return [source(bound + step) for bound in _bounds(type) for step in (-1, 0, 1)]


def _bounds(type: ScalarType) -> list[int]:
    return [bound for bound in (type.min, type.max) if bound is not None]


def _integers(type: ScalarType) -> list[int]:
    least = -5 if type.min is None else type.min
    most = max(least, 100) if type.max is None else type.max
    return [least, most, (least + most) // 2, min(most, least + 1), min(most, least + 7)]
