"""The comparison of two answers: what has to be equal, and what is each side's own business."""

from __future__ import annotations

from typing import Any

import pytest

from backwright.reference.errors import Words
from backwright.reference.http import Opaque, Response
from backwright.verify.compare import Seen, decoded, differences
from backwright.verify.traffic import Numbers, Sent, Values, content, for_reference, headers, target

SENT = Sent(number=7, operation="get_x", method="GET", path="/x")


def compared(expected: Response, seen: Seen) -> list[str]:
    return differences(SENT, expected, seen, Values())


def answers(body: Any, other: Any) -> list[str]:
    return compared(Response(status=200, body=body), Seen(status=200, headers={}, body=other))


@pytest.mark.parametrize(
    ("expected", "seen"),
    [
        ({"data": 1}, {"data": True}),
        ({"data": 1}, {"data": 1.0}),
        ({"data": None}, {}),
        ({}, {"data": None}),
        ({"data": [1, 2]}, {"data": [1]}),
        ({"data": [1, 2]}, {"data": [2, 1]}),
        ({"data": Opaque("t")}, {"data": ""}),
        ({"data": Opaque("t")}, {"data": None}),
        ({"data": {"message": "a"}}, {"data": {"message": "b"}}),
        ({"error": {"code": "a", "message": "x"}}, {"error": {"code": "b", "message": "x"}}),
        ({"error": {"code": "a", "message": "the author's"}}, {"error": {"code": "a", "message": "another"}}),
        ({"errors": {"title": [Words("is too long")]}}, {"errors": {"title": []}}),
        ({"errors": {"title": [Words("is too long")]}}, {"errors": {"body": ["is too long"]}}),
        ({"message": Words("gone")}, {"message": ""}),
    ],
)
def test_bodies_that_differ(expected: Any, seen: Any) -> None:
    assert answers(expected, seen)


@pytest.mark.parametrize(
    ("expected", "seen"),
    [
        ({"data": Opaque("t")}, {"data": "anything"}),
        ({"error": {"code": "a", "message": Words("x")}}, {"error": {"code": "a", "message": "y"}}),
        ({"errors": {"title": [Words("is too long")]}}, {"errors": {"title": ["is longer than 5"]}}),
    ],
)
def test_texts_for_people_and_opaque_values_may_differ(expected: Any, seen: Any) -> None:
    assert answers(expected, seen) == []


def test_a_different_status_is_told_with_the_error_code() -> None:
    told = compared(Response(status=200), Seen(status=404, headers={}, body={"error": {"code": "not_found"}}))
    assert told == ["status: 200 expected, 404 answered (error not_found)"]


@pytest.mark.parametrize(
    ("name", "expected", "seen", "same"),
    [
        ("allow", "GET, POST", "POST,GET", True),
        ("allow", "GET, POST", "GET", False),
        ("content-type", "application/json", "application/json; charset=utf-8", True),
        ("content-type", "application/json", "text/plain", False),
        ("location", "/x/1", "/x/2", False),
        ("location", None, "/x/2", False),
        ("www-authenticate", "Bearer", None, False),
        ("x-request-id", "v-7", "v-8", False),
        ("etag", '"3"', '"4"', False),
        ("etag", None, '"4"', False),
        ("retry-after", "60", "59", False),
        ("deprecation", "@1767225600", None, False),
        ("cache-control", None, "no-store", True),
        ("cache-control", None, "public, max-age=60", False),
        ("cache-control", "private, max-age=10", "max-age=10, private", True),
        ("content-type", "text/html; charset=utf-8", "text/html;charset=UTF-8", True),
        ("content-type", "text/html; charset=utf-8", "text/html", False),
        ("content-disposition", 'attachment; filename="a.csv"', "attachment; filename=a.csv", False),
    ],
)
def test_headers_that_matter(name: str, expected: str | None, seen: str | None, same: bool) -> None:
    left = Response(status=200, headers={} if expected is None else {name: expected})
    right = Seen(status=200, headers={} if seen is None else {name: seen})
    assert (compared(left, right) == []) is same


def test_an_answer_that_is_not_json_is_kept_as_text() -> None:
    seen = decoded(500, {"Content-Type": "text/plain"}, b"true")
    assert (seen.body, seen.content, seen.headers) == ("true", b"true", {"content-type": "text/plain"})


@pytest.mark.parametrize("seen", [b"a\nb", b"a\r\nb ", b"", b"A\r\nb"])
def test_everything_but_json_is_compared_byte_by_byte(seen: bytes) -> None:
    expected = Response(status=200, content=b"a\r\nb")
    assert compared(expected, Seen(status=200, headers={}, content=b"a\r\nb")) == []
    assert compared(expected, Seen(status=200, headers={}, content=seen))
    assert compared(Response(status=204), Seen(status=204, headers={}, content=b"x"))


COOKIE = "s=token-v-7-1; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax"


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("s=abc; path=/; max-age=60; samesite=lax; secure; httponly", True),
        ("s=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax", False),
        ("s=abc; Path=/; Max-Age=61; HttpOnly; Secure; SameSite=Lax", False),
        ("s=; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax", False),
        ("t=abc; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax", False),
    ],
)
def test_cookies_are_compared_with_their_attributes(line: str, same: bool) -> None:
    seen = decoded(200, {}, b"", [line])
    assert (compared(Response(status=200, cookies=(COOKIE,)), seen) == []) is same


def test_two_tokens_are_never_the_same() -> None:
    values = Values()
    answered = Seen(status=200, headers={}, body={"t": "same"}, content=b"{}")
    first, second = ({"t": Opaque(f"token-v-7-{n}")} for n in (1, 2))
    assert differences(SENT, Response(status=200, body=first), answered, values) == []
    assert differences(SENT, Response(status=200, body=first), answered, values) == []
    assert differences(SENT, Response(status=200, body=second), answered, values) == [
        "body.t: 'same' was given out before"
    ]


def test_each_side_fills_in_its_own_opaque_value() -> None:
    ours, theirs = Numbers(), Values()
    issued = Response(
        status=200,
        body={"data": {"token": Opaque("token-v-7-1")}, "meta": {"next": Opaque("cursor-v-7-2")}},
        cookies=("csrf_token=csrf-v-7-3; Path=/",),
    )
    body = b'{"data": {"token": "theirs"}, "meta": {"next": "2"}}'
    seen = decoded(200, {"content-type": "application/json"}, body, ["csrf_token=a/b; Path=/"])
    assert differences(SENT, issued, seen, theirs) == []
    later = Sent(
        number=8,
        operation="x",
        method="POST",
        path="/a b/number-v-7-0",
        query=(("after", "cursor-v-7-2"),),
        headers=(
            ("authorization", "Bearer token-v-7-1"),
            ("content-type", "application/x-www-form-urlencoded"),
        ),
        body=b"csrf_token=csrf-v-7-3&n=number-v-7-0",
    )
    for side in (ours, theirs):
        side.keep("number-v-7-0", "12")
    assert for_reference(later, ours).authorization == "Bearer token-v-7-1"
    assert for_reference(later, ours).query == (("after", "cursor-v-7-2"),)
    assert for_reference(later, ours).path == "/a b/12"
    assert headers(later, theirs.fill)["authorization"] == "Bearer theirs"
    assert target(later, theirs.fill) == "/a%20b/12?after=2"
    assert content(later, theirs) == b"csrf_token=a%2Fb&n=12"
    assert "never-issued" in target(later, Values().fill)


def test_a_page_holds_the_servers_own_values() -> None:
    """A form's proof is compared by role, like a token in JSON."""
    theirs = Values()
    theirs.keep("csrf-v-3-1", "theirs")
    expected = Response(status=200, content=b'<input value="csrf-v-3-1">')
    assert differences(SENT, expected, decoded(200, {}, b'<input value="theirs">'), theirs) == []
    assert differences(SENT, expected, decoded(200, {}, b'<input value="others">'), theirs)


@pytest.mark.parametrize(
    ("expected", "seen", "learnt"),
    [
        ("/x?limit=2&after=cursor-v-7-2", "/x?limit=2&after=abc", "abc"),
        ("<cursor-v-7-2>; cursor-v-7-2", "<abc>; abc", "abc"),
        ("/x?after=cursor-v-7-2&limit=2", "/x?after=abc&limit=2", "abc"),
        ("/x?after=cursor-v-7-2&limit=2", "/x?after=abc&limit=3", None),
        ("/x?after=cursor-v-7-2", "/x?after=", None),
        ("<cursor-v-7-2>; cursor-v-7-2", "<abc>; abd", None),
        ("/x?with=token-v-7-2", "/x?with=given", None),
    ],
)
def test_an_opaque_value_within_a_text_is_learnt(expected: str, seen: str, learnt: str | None) -> None:
    values = Values()
    values.keep("token-v-1-1", "given")
    asked = Response(status=200, headers={"link": expected}, body={"next": expected})
    answered = Seen(status=200, headers={"link": seen}, body={"next": seen})
    assert (differences(SENT, asked, answered, values) == []) == (learnt is not None)
    assert values.of("cursor-v-7-2") == learnt
