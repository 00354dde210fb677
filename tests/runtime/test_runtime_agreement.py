"""Inputs mean what the reference says: the same values, and the same mistakes at the same places."""

from __future__ import annotations

import base64
import json
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from backwright.model.build import build
from backwright.model.types import Body as BodyModel
from backwright.project import Project
from backwright.reference import forms as reference_forms
from backwright.reference.failures import Failure
from backwright.reference.read import Reading, parse_object, unknown
from backwright.spec.reader import read
from backwright_runtime import (
    EMAIL_ADDRESS,
    FOLDED,
    WORD,
    Email,
    FromFile,
    Invalid,
    Json,
    Malformed,
    Media,
    Pattern,
    Scale,
    ServiceError,
)
from backwright_runtime.inputs import Body, Query

MODEL = build(read(Project(Path(__file__).parent / "inputs")))
EVERYTHING = MODEL.operation("everything")
assert EVERYTHING.body is not None
FIELDS = EVERYTHING.body.fields
NAMES = [each.wire for each in FIELDS]
CODE = "[A-Z]{2}[0-9]+"


class Line(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    sku: Annotated[str, Pattern(CODE), FOLDED, Meta(max_length=6)]
    unit_count: Annotated[int, Meta(ge=1, le=9)] = 1
    price: Annotated[Decimal, Scale(2, ge=0)] | None = None
    when: datetime | None = None


class Place(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    street: Annotated[str, Meta(max_length=5)]
    flat: int | None = None


class Everything(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=4)]
    code: Annotated[str, Pattern(CODE), FOLDED, Meta(max_length=6)] | None = None
    mail: Email | None = None
    short_mail: Annotated[str, EMAIL_ADDRESS, Meta(max_length=12)] | None = None
    secret: Annotated[str, WORD, Meta(min_length=3, max_length=128)] | None = None
    address: Annotated[str, WORD, Meta(min_length=1, max_length=80)] | None = None
    note: Annotated[str, Meta(max_length=5)] | None = None
    number: int = 3
    small: Annotated[int, Meta(ge=1, le=9)] | None = None
    price: Annotated[Decimal, Scale(2, ge=0, le=100)] | None = None
    fine: Annotated[Decimal, Scale(8)] | None = None
    rate: Annotated[float, Meta(ge=0, le=1)] | None = None
    any_rate: float | None = None
    flag: bool = False
    day: date | None = None
    at: datetime | None = None
    key: UUID | None = None
    level: Literal["low", "high"] = "low"
    mood: Literal["good", "bad"] | None = None
    extra: Json | None = None
    scan: Annotated[bytes, Media("image/png", "text/plain"), Meta(max_length=8)] | None = None
    scan_type: FromFile = None
    scan_name: FromFile = None
    person: UUID | None = None
    ticket: int | None = None
    words: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=3)]],
            Meta(min_length=1, max_length=2),
        ]
        | None
    ) = None
    prices: Annotated[list[Annotated[Decimal, Scale(1)]], Meta(max_length=3)] | None = None
    lines: Annotated[list[Line], Meta(max_length=3)] | None = None
    place: Place | None = None


class Asked(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    q_text: Annotated[str, Pattern("[a-z]*"), FOLDED, Meta(max_length=5)] | UnsetType = UNSET
    q_number: Annotated[int, Meta(ge=-5, le=5)] | UnsetType = UNSET
    q_price: Annotated[Decimal, Scale(2, ge=0, le=10)] | UnsetType = UNSET
    q_rate: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    q_flag: bool | UnsetType = UNSET
    q_day: date | UnsetType = UNSET
    q_at: datetime | UnsetType = UNSET
    q_key: UUID | UnsetType = UNSET
    q_mail: Email | UnsetType = UNSET
    q_level: Literal["low", "high"] = "low"
    q_person: UUID | UnsetType = UNSET
    q_many: (
        Annotated[list[Annotated[int, Meta(ge=0, le=9)]], Meta(min_length=1, max_length=3)] | UnsetType
    ) = UNSET
    q_must: Annotated[str, Meta(max_length=3)]


def default(field: Any) -> Any:
    return field.default.meaning.value


def plain(value: Any) -> Any:
    """Values of both sides, made comparable: the number of digits of a decimal counts, -0.0 is not 0.0."""
    match value:
        case Struct():
            return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case list():
            return [plain(each) for each in value]
        case float() | Decimal():
            return repr(value)
        case str():
            return str(value)
        case _:
            return value


def meant(media: str, raw: bytes, content_type: str) -> Any:
    """What the reference makes of a body."""
    model = msgspec.structs.replace(EVERYTHING.body, media=media)
    reading = Reading(MODEL, default)
    try:
        members = parse_object(raw) if media == "json" else reference_forms.members(model, raw, content_type)
    except Failure as failure:
        return failure.code
    values = reading.body(model, members)
    errors = reading.errors + unknown((name for name in members if name != "csrf_token"), FIELDS)
    if media == "json":
        errors = reading.errors + unknown(members, FIELDS)
    return errors or plain({"scan_type": None, "scan_name": None, **values})


def made(reader: Any, *given: Any) -> Any:
    """What the runtime makes of it."""
    try:
        return plain(reader(*given))
    except Malformed:
        return "malformed"
    except Invalid as invalid:
        return [(each.field, each.code) for each in invalid.fields]


BODIES = {media: Body(Everything, media) for media in ("json", "form", "multipart")}  # type: ignore[arg-type]
QUERY = Query(Asked)


# What is sent ---------------------------------------------------------------------------------------

TEXTS = st.sampled_from(
    [
        "", "a", "AB1", "ab12", "AB123456", "abcdef", "Ann@Example.org", "a@b", "a@b.example.museum", "low", "good",
        "2026-01-31", "2026-02-30", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00.1234567Z",
        "2026-01-31t10:00:00+01:00",
        "0001-01-01T00:00:00+14:00", "0" * 32, "01234567-89ab-cdef-0123-456789abcdef", "1.5", "1.50", "1.505", "-0.00",
        "100.00", "1e3", "5", "-1", "true", "on", "AAEC", "AAECAwQFBgcICQ==", "A", "\x00", "\ud800",
        "😀😀😀😀", "é", "007",
        "9" * 31, "0.123456789", "999999999999999999", "0.12345678", "٣",
    ]
)  # fmt: skip
NUMBERS = st.sampled_from(
    [
        "0", "-0", "-0.0", "1", "5.0", "5e0", "0.5", "1.5", "1.50", "1.505", "-1", "9", "10", "100", "100.01", "1e2",
        "1e400",
        "-1e400", "1e-400", "0e999999", "9223372036854775807", 
        "9223372036854775808", "-9223372036854775809", "9007199254740993",
        "0.1", "1e16", "1e18", "0.00000001", "0.000000001", "12345678901", "1234567890.12345678",
    ]
)  # fmt: skip


class Number(float):
    """A number in the words in which it is sent."""

    def __new__(cls, text: str) -> Number:
        made = super().__new__(cls, 0)
        made.text = text  # type: ignore[attr-defined]
        return made

    def __repr__(self) -> str:
        return str(self.text)  # type: ignore[attr-defined]


def written(value: Any) -> str:
    match value:
        case Number():
            return repr(value)
        case dict():
            return "{" + ",".join(f"{json.dumps(name)}:{written(each)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
        case _:
            return json.dumps(value)


SCALARS = TEXTS | NUMBERS.map(Number) | st.booleans() | st.none()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["sku", "unitCount", "price", "when", "street", "flat", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
LINES = st.fixed_dictionaries(
    {"sku": st.sampled_from(["AB1", "CD23", "x"])},
    optional={
        "unitCount": NUMBERS.map(Number),
        "price": TEXTS | NUMBERS.map(Number) | st.none(),
        "when": TEXTS,
    },
)
OBJECTS = st.builds(
    lambda good, wild: {**good, **wild},
    st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "abcd", "é"])},
        optional={
            "code": st.sampled_from(["AB1", "CD2", "ab1"]),
            "mail": st.sampled_from(["Ann@Example.org", "x"]),
            "price": TEXTS | NUMBERS.map(Number),
            "fine": TEXTS | NUMBERS.map(Number),
            "rate": NUMBERS.map(Number),
            "anyRate": NUMBERS.map(Number),
            "number": NUMBERS.map(Number),
            "at": TEXTS,
            "extra": st.dictionaries(TEXTS, VALUES, max_size=2),
            "scan": TEXTS,
            "words": st.lists(st.sampled_from(["a", "abc", "abcd", "A", ""]), max_size=3),
            "prices": st.lists(TEXTS | NUMBERS.map(Number), max_size=4),
            "lines": st.lists(LINES, max_size=4),
            "place": st.fixed_dictionaries({"street": TEXTS}),
        },
    ),
    st.dictionaries(st.sampled_from([*NAMES, "other", "scanType", "csrf_token"]), VALUES, max_size=2),
)
PAIRS = st.lists(
    st.tuples(st.sampled_from([*NAMES, "name", "name", "words", "other", "csrf_token", "scanType"]), TEXTS),
    max_size=6,
)


def with_name(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("name", "a"), *pairs]


@settings(max_examples=1500, deadline=None)
@given(OBJECTS)
def test_json_bodies_agree(sent: dict[str, Any]) -> None:
    raw = written(sent).encode("utf-8", "surrogatepass")
    expected = meant("json", raw, "")
    assert made(BODIES["json"].read, raw) == expected
    assert made(BODIES["json"].read_carefully, raw) == expected


@settings(max_examples=800, deadline=None)
@given(PAIRS.map(with_name) | PAIRS)
def test_forms_agree(pairs: list[tuple[str, str]]) -> None:
    raw = urlencode(pairs, errors="surrogatepass").encode()
    assert made(BODIES["form"].read, raw) == meant("form", raw, "")


PARTS = st.lists(
    st.tuples(
        st.sampled_from([*NAMES, "name", "scan", "scan", "words", "other", "csrf_token"]),
        TEXTS,
        st.sampled_from([None, None, "a.png", "", "é.txt"]),
        st.sampled_from(["image/png", "text/plain", "text/html", ""]),
    ),
    max_size=5,
)


@settings(max_examples=800, deadline=None)
@given(PARTS, st.booleans())
def test_multipart_forms_agree(parts: list[tuple[str, str, str | None, str]], complete: bool) -> None:
    raw = b""
    for name, text, filename, media in [*([("name", "a", None, "")] if complete else []), *parts]:
        raw += f'--limit\r\ncontent-disposition: form-data; name="{name}"'.encode()
        raw += b"" if filename is None else f'; filename="{filename}"'.encode()
        raw += f"\r\ncontent-type: {media}".encode() if media else b""
        raw += b"\r\n\r\n" + text.encode("utf-8", "surrogatepass") + b"\r\n"
    raw += b"--limit--\r\n"
    of = "multipart/form-data; boundary=limit"
    assert made(BODIES["multipart"].read, raw, of) == meant("multipart", raw, of)


QUERIES = st.lists(
    st.tuples(st.sampled_from([*(each.wire for each in EVERYTHING.query), "qMany", "qMany", "other"]), TEXTS),
    max_size=6,
)


@settings(max_examples=1500, deadline=None)
@given(QUERIES, st.booleans())
def test_parameters_agree(pairs: list[tuple[str, str]], complete: bool) -> None:
    raw = urlencode(pairs + ([("qMust", "x")] if complete else []), errors="surrogatepass")
    reading = Reading(MODEL, default)
    values = reading.query(EVERYTHING.query, tuple(parse_qsl(raw, keep_blank_values=True)))
    errors = reading.errors + unknown(
        (name for name, _ in parse_qsl(raw, keep_blank_values=True)), EVERYTHING.query
    )
    absent = {each.name: UNSET for each in EVERYTHING.query}
    assert made(QUERY.read, raw.encode()) == (errors or plain({**absent, **values}))


PART = b'--x\r\ncontent-disposition: form-data; name="name"\r\n\r\na\r\n'
DISPOSITION = b"--x\r\ncontent-disposition: form-data; "


@pytest.mark.parametrize(
    "raw",
    [
        PART + b"--x--\r\n",
        b"\r\n" + PART + b"--x--",
        PART + PART + b"--x--\r\nafterwards",
        PART[:-3] + b"\r\n--xy\r\n--x--\r\n",
        PART,
        PART[:20],
        b"--x--\r\n",
        b"",
        DISPOSITION[:-2] + b"\r\n\r\na\r\n--x--\r\n",
        DISPOSITION + b'name="name"\r\n\r\n\xff\r\n--x--\r\n',
        DISPOSITION + b"name=name\r\n\r\nab\r\n--x--\r\n",
        DISPOSITION + b'name="name"\r\ncontent-transfer-encoding: base64\r\n\r\nYQ==\r\n--x--\r\n',
        DISPOSITION + b'name="name"\r\nContent-Transfer-Encoding: 8bit\r\n\r\na\r\n--x--\r\n',
        DISPOSITION
        + b'name="scan"; filename="a\\"b;c.png"\r\nContent-Type: Image/PNG; x=y\r\n\r\na\r\n--x--\r\n',
        DISPOSITION + b'name="scan"; filename="a"\r\ncontent-type: nonsense\r\n\r\na\r\n--x--\r\n',
        DISPOSITION + b'name="scan"; filename="a"\r\n\r\na\r\n--x--\r\n',
    ],
)
def test_multipart_framing_agrees(raw: bytes) -> None:
    of = 'multipart/form-data; boundary="x"'
    assert made(BODIES["multipart"].read, raw, of) == meant("multipart", raw, of)


@pytest.mark.parametrize(
    "raw",
    [
        b'--x\r\ncontent-disposition: form-data; name="'
        + b"=?utf-8?q?=41?=" * 20_000
        + b'"\r\n\r\na\r\n--x--\r\n',
        b"--x\r\n" + b"a: b\r\n" * 100_000 + b"\r\na\r\n--x--\r\n",
        b"--x\r\n" + b"content-type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" * 10_000,
        PART * 1001 + b"--x--\r\n",
    ],
)
def test_hostile_forms_are_malformed_at_once(raw: bytes) -> None:
    started = time.perf_counter()
    assert made(BODIES["multipart"].read, raw, "multipart/form-data; boundary=x") == "malformed"
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("raw", [b"a=%ff", b"a=\xff", b"&".join([b"a=1"] * 1001)])
def test_what_is_no_form_is_malformed(raw: bytes) -> None:
    assert meant("form", raw, "") == "malformed"
    with pytest.raises(ServiceError, match="malformed"):
        BODIES["form"].read(raw)


def test_a_file_comes_with_its_type_and_name() -> None:
    raw = (
        b'--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nAnn\r\n--x\r\ncontent-disposition: form-data; '
        b'name="scan"; filename="a.txt"\r\ncontent-type: text/plain\r\n\r\nhello\r\n--x--\r\n'
    )
    body = BODIES["multipart"].read(raw, "multipart/form-data; boundary=x")
    assert (body.scan, body.scan_type, body.scan_name) == (b"hello", "text/plain", "a.txt")
    sent = json.dumps({"name": "Ann", "scan": base64.b64encode(b"hello").decode()}).encode()
    assert BODIES["json"].read(sent).scan == b"hello"
    sent = json.dumps({"name": "Ann", "scanType": "text/plain"}).encode()
    assert made(BODIES["json"].read, sent) == [("scanType", "unknown")]
    assert isinstance(EVERYTHING.body, BodyModel)
