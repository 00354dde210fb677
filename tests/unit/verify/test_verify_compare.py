"""The comparison of two answers: what has to be equal, and what is each side's own business."""

from __future__ import annotations

from typing import Any

import pytest

from backwright.reference.http import Opaque, Response
from backwright.verify.compare import Seen, decoded, differences
from backwright.verify.traffic import Sent, Slot, Values, for_reference, headers, keep_opaque, target

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
        (None, {"data": None}),
        ({"error": {"code": "a", "message": "x"}}, {"error": {"code": "b", "message": "x"}}),
    ],
)
def test_bodies_that_differ(expected: Any, seen: Any) -> None:
    assert answers(expected, seen)


@pytest.mark.parametrize(
    ("expected", "seen"),
    [
        ({"data": Opaque("t")}, {"data": "anything"}),
        ({"error": {"code": "a", "message": "x"}}, {"error": {"code": "a", "message": "y"}}),
        (
            {"error": {"code": "a", "fields": [{"field": "f", "code": "c", "message": "x"}]}},
            {"error": {"code": "a", "fields": [{"field": "f", "code": "c", "message": "y"}]}},
        ),
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
    ],
)
def test_headers_that_matter(name: str, expected: str | None, seen: str | None, same: bool) -> None:
    left = Response(status=200, headers={} if expected is None else {name: expected})
    right = Seen(status=200, headers={} if seen is None else {name: seen})
    assert (compared(left, right) == []) is same


def test_an_answer_that_is_not_json_is_kept_as_text() -> None:
    assert decoded(500, {"Content-Type": "text/plain"}, b"Oops") == Seen(
        status=500, headers={"content-type": "text/plain"}, body="Oops"
    )


def test_each_side_fills_in_its_own_opaque_value() -> None:
    ours, theirs = Values(), Values()
    issued = Response(status=200, body={"data": {"token": Opaque("ours")}, "meta": {"next": Opaque("page")}})
    keep_opaque(SENT, issued, ours)
    seen = Seen(status=200, headers={}, body={"data": {"token": "theirs"}, "meta": {"next": "2"}})
    assert differences(SENT, issued, seen, theirs) == []
    token = Slot(7, ("data", "token"), before="Bearer ")
    cursor = Slot(7, ("meta", "next"))
    later = Sent(
        number=8, operation="x", method="GET", path="/a b", query=(("after", cursor),), authorization=token
    )
    assert for_reference(later, ours).authorization == "Bearer ours"
    assert for_reference(later, ours).query == (("after", "page"),)
    assert headers(later, theirs) == {"x-request-id": "v-8", "authorization": "Bearer theirs"}
    assert target(later, theirs) == "/a%20b?after=2"
    assert "never-issued" in target(later, Values())
