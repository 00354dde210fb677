"""Partial updates, unique keys, order and pages (semantics 6 and 10)."""

from __future__ import annotations

from typing import Any

import pytest
from models import library, todos
from reference_client import Client, code, fields

from backwright.reference import Opaque


@pytest.fixture
def client() -> Client:
    return Client(library())


@pytest.fixture
def librarian(client: Client) -> str:
    token = client.register("lib")
    client.service.rows["Member"][0]["role"] = "librarian"
    return token


def book(client: Client, token: str, title: str, **more: Any) -> str:
    return str(client.made("/books", {"title": title, "pages": 100, "genre": "novel", **more}, token)["id"])


def titles(client: Client, **query: str) -> list[str]:
    """The titles of all pages together."""
    found: list[str] = []
    while True:
        answer = client.send("GET", "/books", query=query)
        assert answer.status == 200, answer.body
        found += [each["title"] for each in answer.body["data"]]
        if answer.body["meta"]["next"] is None:
            return found
        query["after"] = answer.body["meta"]["next"]


def test_in_an_update_absent_means_unchanged_and_null_clears(client: Client, librarian: str) -> None:
    key = book(client, librarian, "Dune", isbn="123", summary="Sand.")
    path = f"/books/{key}"
    before = client.send("GET", path).body["data"]
    assert client.send("PATCH", path, {}, token=librarian).body["data"] == before
    after = client.send("PATCH", path, {"summary": None, "pages": 7}, token=librarian).body["data"]
    assert after == {**before, "summary": None, "pages": 7}
    assert fields(client.send("PATCH", path, {"title": None}, token=librarian)) == [("title", "null")]
    assert client.send("GET", path).body["data"] == after


def test_an_update_does_not_apply_defaults() -> None:
    client = Client(todos())
    ann = client.register("ann")
    milk = client.made("/todos", {"title": "Milk", "done": True, "due": "2030-01-01"}, ann)
    changed = client.send("PATCH", f"/todos/{milk['id']}", {"title": "Oat"}, token=ann).body["data"]
    assert changed == {**milk, "title": "Oat"}


def test_a_default_applies_to_what_is_absent_and_not_to_null() -> None:
    client = Client(todos())
    ann = client.register("ann")
    assert client.made("/todos", {"title": "Milk"}, ann)["done"] is False
    assert fields(client.send("POST", "/todos", {"title": "Milk", "done": None}, token=ann)) == [
        ("done", "null")
    ]


def test_semantics_6_null_never_collides_in_unique_keys(client: Client, librarian: str) -> None:
    book(client, librarian, "a")
    book(client, librarian, "b", isbn=None)
    one = book(client, librarian, "c", isbn="1")
    taken = client.send(
        "POST", "/books", {"title": "d", "pages": 1, "genre": "novel", "isbn": "1"}, token=librarian
    )
    assert code(taken) == (409, "conflict")
    assert fields(taken) == [("isbn", "taken")]
    assert client.send("PATCH", f"/books/{one}", {"isbn": "1"}, token=librarian).status == 200
    other = book(client, librarian, "e", isbn="2")
    assert fields(client.send("PATCH", f"/books/{other}", {"isbn": "1"}, token=librarian)) == [
        ("isbn", "taken")
    ]


def test_semantics_8_unique_emails_collide_in_any_case(client: Client) -> None:
    client.register("ann")
    answer = client.send("POST", "/auth/register", {"email": "Ann@Example.ORG", "password": "12345678"})
    assert code(answer) == (409, "conflict")
    assert fields(answer) == [("email", "taken")]


def test_semantics_10_of_violated_keys_the_first_declared_is_reported_with_all_its_fields(
    client: Client, librarian: str
) -> None:
    key = book(client, librarian, "Dune")
    client.made("/reviews", {"book": key, "stars": 1}, librarian)
    again = client.send("POST", "/reviews", {"book": key, "stars": 2}, token=librarian)
    assert fields(again) == [("author", "taken"), ("book", "taken")]


def test_semantics_10_null_sorts_least_and_the_key_ends_the_order(client: Client, librarian: str) -> None:
    for title, day in [
        ("c", None),
        ("b", "1990-01-01"),
        ("a", None),
        ("e", "2000-01-01"),
        ("d", "1990-01-01"),
    ]:
        book(client, librarian, title, published_on=day)
    same = [book(client, librarian, "same", published_on="1800-01-01") for _ in range(4)]
    assert titles(client) == ["e", "b", "d", "same", "same", "same", "same", "a", "c"]
    assert titles(client, limit="1") == titles(client, limit="10") == titles(client)
    answer = client.send("GET", "/books", query={"before": "1900-01-01", "limit": "4"})
    assert [each["id"] for each in answer.body["data"]] == sorted(same)


def test_a_filter_applies_when_its_parameter_is_present_and_null_is_not_ordered(
    client: Client, librarian: str
) -> None:
    dune = book(client, librarian, "Dune", published_on="1965-08-01", pages=412)
    book(client, librarian, "Messiah", sequel_of=dune, genre="essay")
    assert titles(client, before="9999-12-31") == ["Dune"]
    assert titles(client, longer_than="100") == ["Dune"]
    assert titles(client, genre="essay") == titles(client, sequel_of=dune) == ["Messiah"]
    assert titles(client, genre="essay", longer_than="100") == []
    assert titles(client, sequel_of="00000000-0000-7000-8000-000000000000") == []


def test_pages_have_the_declared_size_and_the_last_has_no_cursor(client: Client, librarian: str) -> None:
    for title in "abcd":
        book(client, librarian, title)
    first = client.send("GET", "/books").body
    assert [each["title"] for each in first["data"]] == ["a", "b", "c"]
    assert isinstance(first["meta"]["next"], Opaque)
    last = client.send("GET", "/books", query={"after": first["meta"]["next"]}).body
    assert [each["title"] for each in last["data"]] == ["d"]
    assert last["meta"]["next"] is None
    assert client.send("GET", "/books", query={"limit": "4"}).body["meta"]["next"] is None


def test_a_cursor_goes_on_after_its_row_even_when_that_row_is_gone(client: Client, librarian: str) -> None:
    keys = {title: book(client, librarian, title) for title in "bcd"}
    cursor = client.send("GET", "/books", query={"limit": "1"}).body["meta"]["next"]
    client.send("DELETE", f"/books/{keys['b']}", token=librarian)
    book(client, librarian, "a")
    book(client, librarian, "bb")
    rest = client.send("GET", "/books", query={"after": cursor, "limit": "10"}).body["data"]
    assert [each["title"] for each in rest] == ["bb", "c", "d"]


def test_a_cursor_is_bound_to_operation_and_filters_and_not_to_the_limit(
    client: Client, librarian: str
) -> None:
    key = book(client, librarian, "a")
    for title in "bc":
        book(client, librarian, title)
    cursor = client.send("GET", "/books", query={"limit": "1", "genre": "novel"}).body["meta"]["next"]
    assert client.send("GET", "/books", query={"after": cursor, "genre": "novel", "limit": "2"}).status == 200
    for path, query in [
        ("/books", {"after": cursor}),
        ("/books", {"after": cursor, "genre": "essay"}),
        ("/books", {"after": cursor, "genre": "novel", "longer_than": "1"}),
        ("/reviews", {"after": cursor}),
        ("/books", {"after": ""}),
        ("/books", {"after": "bm9uc2Vuc2U"}),
    ]:
        answer = client.send("GET", path, query=query)
        assert code(answer) == (422, "invalid")
        assert fields(answer) == [("after", "cursor")]
    assert fields(client.send("GET", "/books", query={"after": "x", "limit": "0", "sequel_of": key})) == [
        ("limit", "too_small")
    ]


def test_a_cursor_shows_each_caller_only_what_they_may_read() -> None:
    client = Client(todos())
    ann, bob = client.register("ann"), client.register("bob")
    for title in ("1", "2"):
        client.made("/todos", {"title": title}, ann)
    client.made("/todos", {"title": "3"}, bob)
    page = client.send("GET", "/todos", token=ann, query={"limit": "1"}).body
    assert [each["title"] for each in page["data"]] == ["2"]
    assert client.send("GET", "/todos", token=bob, query={"after": page["meta"]["next"]}).body["data"] == []
