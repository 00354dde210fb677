"""Validation: every bad field is named, and the fast path accepts exactly what the careful path accepts."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from backwright_runtime import Email, Invalid, Malformed
from backwright_runtime.inputs import Body, Query

Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class Sent(Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=4)]
    email: Email | None = None
    number: Number | UnsetType = UNSET
    small: Annotated[int, Meta(ge=1, le=9)] = 1
    flag: bool = False
    day: date | None = None
    key: UUID | UnsetType | None = UNSET
    colour: Literal["red", "green"] = "red"


class Part(Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=4)]
    number: Number | None = None


class Nested(Struct, frozen=True, kw_only=True, rename="camel"):
    first_part: Part
    parts: Annotated[list[Part], Meta(min_length=1, max_length=2)] = []
    words: Annotated[list[Annotated[str, Meta(max_length=4)]], Meta(max_length=2)] | None = None
    keys: list[UUID] | UnsetType = UNSET
    flags: list[bool] = []


class Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    at: datetime | None = None


class Asked(Struct, frozen=True, kw_only=True):
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    flag: bool | UnsetType = UNSET
    key: UUID | UnsetType = UNSET
    text: str | UnsetType = UNSET


BODY, STRICT, ASKED = Body(Sent), Body(Strict), Query(Asked)
NESTED, WRAPPED = Body(Nested), Body(Nested, "json", "thing")


def problems(body: Body[Any], raw: bytes) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        body.read(raw)
    return [(field.field, field.code) for field in caught.value.fields]


def test_every_bad_field_is_named_in_declared_order() -> None:
    raw = b'{"colour":"blue","day":"2026-02-30","flag":1,"small":10,"number":"5","email":"x","key":"k"}'
    assert problems(BODY, raw) == [
        ("name", "required"),
        ("email", "format"),
        ("number", "type"),
        ("small", "too_large"),
        ("flag", "type"),
        ("day", "format"),
        ("key", "format"),
        ("colour", "enum"),
    ]


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ('"name":null', "null"),
        ('"name":5', "type"),
        ('"name":""', "too_short"),
        ('"name":"abcde"', "too_long"),
        ('"name":"a\\u0000b"', "format"),
        ('"name":"\\ud800"', "format"),
        ('"name":"a","number":5.5', "type"),
        ('"name":"a","number":true', "type"),
        ('"name":"a","number":9223372036854775808', "too_large"),
        ('"name":"a","number":-9223372036854775809', "too_small"),
        ('"name":"a","number":1e400', "too_large"),
        ('"name":"a","email":"a@b.example\\n"', "format"),
    ],
)
def test_one_code_for_each_mistake(member: str, code: str) -> None:
    assert [found for _, found in problems(BODY, f"{{{member}}}".encode())] == [code]


def test_what_is_accepted_although_it_looks_odd() -> None:
    assert BODY.read('{"name":"😀😀😀😀"}'.encode()).name == "😀😀😀😀"
    assert BODY.read(b'{"name":"a","number":5.0}').number == 5
    assert BODY.read(b'{"name":"a","number":9007199254740993.0}').number == 9007199254740993
    assert BODY.read(b'{"name":5,"name":"last"}').name == "last"
    assert BODY.read(b'{"name":"a","other":[1,{}]}').name == "a"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b'{"name":"a"',
        b'{"name":NaN}',
        b'{"name":"a","x":Infinity}',
        b'{"name":"\xff"}',
        b'{"name":"a","x":"\xff"}',
        b'{"name":"a","x":1e9999999999999999999}',
        b'\xef\xbb\xbf{"name":"a"}',
        b'{"name":"a","x":' + b"[" * 33 + b"]" * 33 + b"}",
        b'{"name":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_not_an_object_in_json_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        BODY.read(raw)


def test_nesting_up_to_the_limit_is_read() -> None:
    assert BODY.read(b'{"name":"a","x":' + b"[" * 32 + b"]" * 32 + b"}").name == "a"


def test_unknown_members_are_named_last_where_they_are_refused() -> None:
    raw = b'{"zeta":1,"at":"yesterday","alpha":2,"\\ud800":3}'
    assert problems(STRICT, raw) == [
        ("name", "required"),
        ("at", "format"),
        ("zeta", "unknown"),
        ("alpha", "unknown"),
        ("?", "unknown"),
    ]


def test_timestamps_are_instants_with_at_most_six_digits() -> None:
    read = STRICT.read(b'{"name":"a","at":"2026-01-01T01:00:00.5+01:00"}')
    assert read.at == datetime(2026, 1, 1, 0, 0, 0, 500000, UTC)
    for text in (
        "2026-01-01T00:00:00.1234567Z",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "0001-01-01T00:00:00+23:59",
    ):
        assert problems(STRICT, json.dumps({"name": "a", "at": text}).encode()) == [("at", "format")]


def test_query_parameters() -> None:
    assert ASKED.read(b"") == Asked()
    assert ASKED.read(b"limit=5&flag=true&text=&key=0123456789ABCDEF0123456789abcdef&other=1").text == ""
    with pytest.raises(Invalid) as caught:
        ASKED.read(b"flag=1&limit=0&limit=1&key=&text=%00")
    found = [(field.field, field.code) for field in caught.value.fields]
    assert found == [("limit", "repeated"), ("flag", "type"), ("key", "format"), ("text", "format")]
    for text, code in (
        (b"limit=0", "too_small"),
        (b"limit=101", "too_large"),
        (b"limit=+1", "type"),
        (b"limit=", "type"),
    ):
        with pytest.raises(Invalid) as caught:
            ASKED.read(text)
        assert caught.value.fields[0].code == code


TEXTS = st.text(max_size=6) | st.sampled_from(
    ["red", "2026-01-01", "a@b.example", "A@B", "5", "0" * 32, "a\n@b"]
)
NUMBERS = (
    st.integers() | st.integers(-2, 11) | st.floats(allow_nan=False) | st.sampled_from([2**63, -(2**63), 5.0])
)
VALUES = st.recursive(
    TEXTS | NUMBERS | st.booleans() | st.none() | st.uuids().map(str) | st.dates().map(str) | st.emails(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from([*Sent.__struct_fields__, "other"])
GOOD = st.fixed_dictionaries(
    {"name": st.text(min_size=1, max_size=4)},
    optional={
        "number": NUMBERS,
        "day": st.dates().map(str),
        "key": st.uuids().map(str),
        "flag": st.booleans(),
    },
)
OBJECTS = st.builds(lambda good, any_: {**good, **any_}, GOOD, st.dictionaries(NAMES, VALUES, max_size=2))
BYTES = st.builds(
    lambda value, ascii_, at, insert: (
        (raw := json.dumps(value, ensure_ascii=ascii_).encode("utf-8", "surrogatepass"))[:at]
        + insert
        + raw[at:]
    ),
    OBJECTS,
    st.booleans(),
    st.integers(0, 60),
    st.just(b"") | st.just(b"") | st.binary(max_size=2),
)


def outcome(read: Any, raw: bytes) -> object:
    try:
        return read(raw)
    except Malformed:
        return "malformed"
    except Invalid as invalid:
        return invalid.fields


PARTS = st.fixed_dictionaries(
    {"name": st.text(min_size=1, max_size=5)}, optional={"number": NUMBERS | st.none(), "other": VALUES}
)
NESTINGS = st.fixed_dictionaries(
    {"firstPart": PARTS},
    optional={
        "parts": st.lists(PARTS | VALUES, max_size=3),
        "words": st.lists(TEXTS | st.none(), max_size=3) | st.none(),
        "keys": st.lists(st.uuids().map(str) | TEXTS, max_size=2),
        "flags": st.lists(st.booleans() | VALUES, max_size=2),
        "first_part": VALUES,
    },
)


def test_the_fast_path_is_taken_where_it_is_sure() -> None:
    raw = b'{"firstPart":{"name":"a"},"parts":[{"name":"b","number":5}],"flags":[true]}'
    for body, sent in ((NESTED, raw), (WRAPPED, b'{"thing":' + raw + b',"else":1}')):
        quick = body.quickly(sent)
        assert quick is not None
        assert quick == body.read_carefully(sent)
        assert quick.parts == [Part(name="b", number=5)]


@pytest.mark.parametrize(
    ("raw", "code"), [(b"{}", "required"), (b'{"thing":[]}', "type"), (b'{"thing":null}', "type")]
)
def test_what_is_not_under_its_member_is_said_so(raw: bytes, code: str) -> None:
    assert problems(WRAPPED, raw) == [("thing", code)]


def test_mistakes_within_are_named_by_their_place() -> None:
    raw = b'{"firstPart":{"name":""},"parts":[{"name":"b"},{"number":"5"}],"words":["a",5,null]}'
    assert problems(NESTED, raw) == [
        ("firstPart.name", "too_short"),
        ("parts[1].name", "required"),
        ("parts[1].number", "type"),
        ("words", "too_long"),
    ]
    assert problems(NESTED, b'{"firstPart":[],"words":[5,null]}') == [
        ("firstPart", "type"),
        ("words[0]", "type"),
        ("words[1]", "null"),
    ]


@settings(max_examples=1000, deadline=None)
@given(NESTINGS, st.booleans())
def test_the_fast_path_and_the_careful_path_agree_within(sent: dict[str, Any], ascii_: bool) -> None:
    raw = json.dumps(sent, ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
    assert outcome(NESTED.read, raw) == outcome(NESTED.read_carefully, raw)
    wrapped = b'{"thing":' + raw + b"}"
    assert outcome(WRAPPED.read, wrapped) == outcome(NESTED.read_carefully, raw)


@settings(max_examples=1000, deadline=None)
@given(BYTES)
def test_the_fast_path_and_the_careful_path_agree(raw: bytes) -> None:
    assert outcome(BODY.read, raw) == outcome(BODY.read_carefully, raw)
