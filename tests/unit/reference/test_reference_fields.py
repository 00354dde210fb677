"""What is wrong with a request, field by field: codes and their order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from models import library, todos
from reference_client import Client, code, fields

BOOK = {"title": "Dune", "pages": 412, "genre": "novel"}
SOME = "0192f0c1-2345-7abc-8def-0123456789ab"


@pytest.fixture
def client() -> Client:
    return Client(library())


@pytest.fixture
def librarian(client: Client) -> str:
    token = client.register("lib")
    client.service.rows["Member"][0]["role"] = "librarian"
    return token


def book_errors(client: Client, token: str, **members: Any) -> list[tuple[str, str]]:
    answer = client.send("POST", "/books", {**BOOK, **members}, token=token)
    return [] if answer.status == 201 else fields(answer)


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("title", None, "null"),
        ("title", 5, "type"),
        ("title", ["a"], "type"),
        ("title", "a\x00", "format"),
        ("title", "", "too_short"),
        ("title", "😀" * 120, None),
        ("title", "😀" * 121, "too_long"),
        ("isbn", None, None),
        ("isbn", "", None),
        ("isbn", "1" * 18, "too_long"),
        ("pages", None, "null"),
        ("pages", "412", "type"),
        ("pages", True, "type"),
        ("pages", 5.5, "type"),
        ("pages", 5.0, None),
        ("pages", 0, "too_small"),
        ("pages", -1.0, "too_small"),
        ("pages", 20001, "too_large"),
        ("pages", 2**63, "too_large"),
        ("pages", -(2**200), "too_small"),
        ("genre", "thriller", "enum"),
        ("genre", "", "enum"),
        ("genre", "Novel", "enum"),
        ("genre", 1, "type"),
        ("published_on", "1965-08-01", None),
        ("published_on", None, None),
        ("published_on", "", "format"),
        ("published_on", "1965-8-1", "format"),
        ("published_on", "1965-02-29", "format"),
        ("published_on", "0000-01-01", "format"),
        ("published_on", "1965-08-01T00:00:00Z", "format"),
        ("published_on", 19650801, "type"),
        ("sequel_of", "x", "format"),
        ("sequel_of", 1, "type"),
        ("sequel_of", SOME, "reference"),
        ("added_by", SOME, "unknown"),
        ("id", SOME, "unknown"),
    ],
)
def test_each_value_has_its_code(
    client: Client, librarian: str, field: str, value: Any, error: str | None
) -> None:
    assert book_errors(client, librarian, **{field: value}) == ([(field, error)] if error else [])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("5e0", None),
        ("50e-1", None),
        ("4.0E+2", None),
        ("1e400", "too_large"),
        ("-1e400", "too_small"),
        ("1e-400", "type"),
        ("9223372036854775807.5", "type"),
        ("1" + "0" * 5000, "too_large"),
    ],
)
def test_semantics_7_a_number_is_judged_by_its_exact_value(
    client: Client, librarian: str, text: str, error: str | None
) -> None:
    raw = json.dumps({**BOOK, "pages": 777}).replace("777", text).encode()
    answer = client.send("POST", "/books", raw=raw, token=librarian)
    assert answer.status == 201 if error is None else fields(answer) == [("pages", error)]
    assert error or isinstance(client.service.rows["Book"][0]["pages"], int)


def test_semantics_8_lone_surrogates_are_refused(client: Client, librarian: str) -> None:
    for text in (rb"\ud800", rb"\udc00\ud800", rb"a\u0000"):
        raw = b'{"title": "' + text + b'", "pages": 1, "genre": "novel"}'
        assert fields(client.send("POST", "/books", raw=raw, token=librarian)) == [("title", "format")]
    raw = rb'{"title": "\ud83d\ude00", "pages": 1, "genre": "novel"}'
    assert client.send("POST", "/books", raw=raw, token=librarian).body["data"]["title"] == "😀"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2030-01-02T03:04:05Z", "2030-01-02T03:04:05.000000Z"),
        ("2030-01-02t03:04:05.5z", "2030-01-02T03:04:05.500000Z"),
        ("2030-01-02T03:04:05.123456+02:30", "2030-01-02T00:34:05.123456Z"),
        ("0999-01-02T03:04:05Z", "0999-01-02T03:04:05.000000Z"),
        ("2030-01-02T03:04:05.1234567Z", None),
        ("2030-01-02T03:04:05", None),
        ("2030-01-02 03:04:05Z", None),
        ("2030-01-02T03:04:60Z", None),
        ("2030-01-02T24:00:00Z", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("2030-01-02", None),
    ],
)
def test_semantics_9_timestamps_have_a_zone_and_at_most_six_digits(
    client: Client, librarian: str, given: str, stored: str | None
) -> None:
    book = client.made("/books", BOOK, librarian)["id"]
    answer = client.send("POST", "/reviews", {"book": book, "stars": 1, "read_at": given}, token=librarian)
    if stored is None:
        assert fields(answer) == [("read_at", "format")]
    else:
        assert answer.body["data"]["read_at"] == stored


def test_every_bad_field_is_named_once_in_declared_order_and_unknown_ones_last(
    client: Client, librarian: str
) -> None:
    raw = rb'{"zz": 1, "genre": 1, "pages": 0, "aa": 2, "title": null, "isbn": "\u0000 and more", "zz": 3}'
    assert fields(client.send("POST", "/books", raw=raw, token=librarian)) == [
        ("title", "null"),
        ("isbn", "format"),
        ("pages", "too_small"),
        ("genre", "type"),
        ("zz", "unknown"),
        ("aa", "unknown"),
    ]
    assert fields(client.send("POST", "/books", {}, token=librarian)) == [
        ("title", "required"),
        ("pages", "required"),
        ("genre", "required"),
    ]


def test_of_members_with_the_same_name_the_last_counts(client: Client, librarian: str) -> None:
    raw = b'{"title": 1, "pages": 1, "genre": "novel", "title": "Dune"}'
    assert client.send("POST", "/books", raw=raw, token=librarian).status == 201
    raw = b'{"title": "Dune", "pages": 1, "genre": "novel", "title": 1}'
    assert fields(client.send("POST", "/books", raw=raw, token=librarian)) == [("title", "type")]


def test_unknown_names_are_shown_in_utf_8(client: Client, librarian: str) -> None:
    raw = rb'{"title": "Dune", "pages": 1, "genre": "novel", "a\ud800": 1}'
    assert fields(client.send("POST", "/books", raw=raw, token=librarian)) == [("a?", "unknown")]


def test_mass_assignment_is_ignored_where_unknown_members_are() -> None:
    client = Client(todos())
    ann, bob = client.register("ann"), client.register("bob")
    key = str(client.service.rows["User"][1]["id"])
    todo = client.made("/todos", {"title": "Milk", "owner": key, "id": SOME, "created_at": "x"}, ann)
    assert todo["owner"] == str(client.service.rows["User"][0]["id"])
    assert todo["id"] != SOME
    changed = client.send("PATCH", f"/todos/{todo['id']}", {"owner": key, "id": SOME}, token=ann)
    assert changed.body["data"] == todo
    assert client.send("GET", f"/todos/{todo['id']}", token=bob).status == 404


def test_mass_assignment_is_refused_where_unknown_members_are(client: Client) -> None:
    body = {"email": "a@b.c", "password": "12345678", "role": "librarian"}
    assert fields(client.send("POST", "/auth/register", body)) == [("role", "unknown")]
    assert client.service.rows["Member"] == []


def test_query_parameters_are_judged_like_members(client: Client) -> None:
    def errors(*query: tuple[str, str]) -> list[tuple[str, str]]:
        answer = client.send("GET", "/books", query=list(query))
        return [] if answer.status == 200 else fields(answer)

    assert errors(("genre", "novel"), ("longer_than", "-3"), ("before", "2030-01-01"), ("limit", "10")) == []
    assert errors(("longer_than", "007"), ("longer_than", "7")) == [("longer_than", "repeated")]
    for bad in ("", "+1", "1.0", "１", " 1", "1e3"):
        assert errors(("longer_than", bad)) == [("longer_than", "type")]
    assert errors(("longer_than", "9223372036854775808")) == [("longer_than", "too_large")]
    assert errors(("longer_than", "-9223372036854775809")) == [("longer_than", "too_small")]
    assert errors(("limit", "0")) == [("limit", "too_small")]
    assert errors(("limit", "11")) == [("limit", "too_large")]
    assert errors(("before", "")) == [("before", "format")]
    assert errors(("sequel_of", "x")) == [("sequel_of", "format")]
    assert errors(("sequel_of", SOME.replace("-", "").upper())) == []
    assert errors(
        ("colour", "red"), ("genre", ""), ("limit", "x"), ("after", "\x00"), ("colour", "blue")
    ) == [
        ("limit", "type"),
        ("after", "format"),
        ("genre", "enum"),
        ("colour", "unknown"),
    ]


def test_query_booleans_are_true_or_false() -> None:
    client = Client(todos())
    ann = client.register("ann")
    for bad in ("", "1", "True", "yes"):
        assert fields(client.send("GET", "/todos", token=ann, query={"done": bad})) == [("done", "type")]
    assert client.send("GET", "/todos", token=ann, query={"done": "true", "unknown": "x"}).status == 200


@pytest.mark.parametrize("email", ["a@b", "A.b+c@x-y.Example", "!#$%&'*+/=?^_`{|}~-@a.b"])
def test_emails_are_those_of_html_and_stored_in_lower_case(client: Client, email: str) -> None:
    answer = client.send("POST", "/auth/register", {"email": email, "password": "12345678"})
    assert answer.body["data"]["member"]["email"] == email.lower()


@pytest.mark.parametrize(
    "email", ["", "a", "a@", "@b", "a@b.", "a@-b", "a b@c", "ä@b", "a@b\n", "a@" + "b" * 64]
)
def test_other_emails_are_refused(client: Client, email: str) -> None:
    answer = client.send("POST", "/auth/register", {"email": email, "password": "12345678"})
    assert fields(answer) == [("email", "format")]


def test_an_email_is_limited_after_its_format_is_judged(client: Client) -> None:
    for length, error in ((254, []), (255, [("email", "too_long")])):
        email = "@a".rjust(length, "x")
        answer = client.send("POST", "/auth/register", {"email": email, "password": "12345678"})
        assert answer.status == 201 if not error else fields(answer) == error


def test_passwords_are_limited_in_code_points(client: Client) -> None:
    for length, error in ((7, "too_short"), (8, None), (128, None), (129, "too_long")):
        body = {"email": f"a{length}@b.c", "password": "ü" * length}
        answer = client.send("POST", "/auth/register", body)
        assert answer.status == 201 if error is None else fields(answer) == [("password", error)]


def test_a_reference_is_judged_after_all_formats_and_before_the_steps(client: Client, librarian: str) -> None:
    both = {"book": SOME, "stars": 9}
    assert fields(client.send("POST", "/reviews", both, token=librarian)) == [("stars", "too_large")]
    path = f"/books/{SOME}"
    assert code(client.send("PATCH", path, {"sequel_of": SOME}, token=librarian)) == (422, "invalid")
    assert code(client.send("PATCH", path, {"sequel_of": None}, token=librarian)) == (404, "not_found")
    assert code(client.send("PATCH", "/books/x", {"sequel_of": SOME}, token=librarian)) == (404, "not_found")
