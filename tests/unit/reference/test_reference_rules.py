"""Who may do what (semantics 1 to 3), sign-in, and that a failed request changes nothing."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from models import library, todos
from reference_client import Client, code, fields

from backwright.expr.typed import BOOLEAN, Compare, Member, Name, Type
from backwright.model.types import Model, Rule
from backwright.reference import Opaque, Password

BOOK = {"title": "Dune", "pages": 412, "genre": "novel"}


class Library(Client):
    """A library with a librarian, two readers and one book."""

    def __init__(self) -> None:
        super().__init__(library())
        self.librarian, self.ann, self.bob = map(self.register, ("lib", "ann", "bob"))
        self.service.rows["Member"][0]["role"] = "librarian"
        self.book = self.made("/books", BOOK, self.librarian)["id"]

    def review(self, token: str, **members: Any) -> str:
        return str(self.made("/reviews", {"book": self.book, "stars": 3, **members}, token)["id"])


@pytest.fixture
def place() -> Library:
    return Library()


def test_semantics_1_a_verb_without_a_rule_is_denied(place: Library) -> None:
    model = place.service.model
    denied = msgspec.structs.replace(
        model.entity("Book").access["delete"],
        source="none",
        condition=model.entity("Member").access["delete"].condition,
    )
    operations = [
        msgspec.structs.replace(
            each, steps=(each.steps[0], msgspec.structs.replace(each.steps[1], allowed=denied))
        )
        if each.name == "delete_book"
        else each
        for each in model.operations
    ]
    place.service.model = msgspec.structs.replace(model, operations=tuple(operations))
    assert code(place.send("DELETE", f"/books/{place.book}", token=place.librarian)) == (403, "forbidden")
    assert len(place.service.rows["Book"]) == 1


def test_semantics_2_anonymous_never_passes_by_an_ownerless_row() -> None:
    """`this.owner == caller` does not open rows without owner, though null equals null."""
    client = Client(with_optional_callers(todos()))
    milk = client.made("/todos", {"title": "Milk"}, client.register("ann"))["id"]
    client.service.rows["Todo"][0]["owner"] = None
    assert code(client.send("GET", f"/todos/{milk}")) == (404, "not_found")
    assert client.send("GET", "/todos").body["data"] == []


def with_optional_callers(model: Model) -> Model:
    operations = (
        msgspec.structs.replace(each, caller="optional") if each.caller == "required" else each
        for each in model.operations
    )
    return msgspec.structs.replace(model, operations=tuple(operations))


def test_semantics_3_rows_that_may_not_be_read_are_missing() -> None:
    client = Client(todos())
    ann, bob = client.register("ann"), client.register("bob")
    milk = client.made("/todos", {"title": "Milk"}, ann)["id"]
    for method, body in (("GET", None), ("PATCH", {"title": "hacked"}), ("DELETE", None)):
        assert code(client.send(method, f"/todos/{milk}", body, token=bob)) == (404, "not_found")
    assert client.send("GET", "/todos", token=bob).body["data"] == []
    assert client.service.rows["Todo"][0]["title"] == "Milk"


def test_semantics_3_a_published_review_is_read_by_all_and_changed_by_its_author(place: Library) -> None:
    review = place.review(place.ann)
    path = f"/reviews/{review}"
    assert place.send("GET", path).status == 404
    assert place.send("GET", path, token=place.bob).status == 404
    assert place.send("PATCH", path, {"published": True}, token=place.ann).status == 200
    assert place.send("GET", path).status == 200
    assert [row["id"] for row in place.send("GET", "/reviews").body["data"]] == [review]
    assert code(place.send("PATCH", path, {"stars": 1}, token=place.bob)) == (403, "forbidden")
    assert code(place.send("DELETE", path, token=place.bob)) == (403, "forbidden")
    assert place.send("DELETE", path, token=place.ann).status == 204
    assert place.service.rows["Review"] == []


def test_semantics_3_an_update_rule_holds_before_and_after(place: Library) -> None:
    path = f"/reviews/{place.review(place.ann)}"
    assert code(place.send("PATCH", path, {"locked": True}, token=place.ann)) == (403, "forbidden")
    place.service.rows["Review"][0]["locked"] = True
    assert code(place.send("PATCH", path, {"locked": False}, token=place.ann)) == (403, "forbidden")
    assert code(place.send("PATCH", path, {}, token=place.ann)) == (403, "forbidden")


def test_semantics_3_a_row_does_not_vouch_for_its_own_insertion(place: Library) -> None:
    """A rule that reaches a row by reference sees the state before the write."""
    model = place.service.model
    book = Type("entity", entity="Book")
    this = Name(type=book, root="this")
    stored = Member(type=book, of=this, entity="Book", field="id")
    reached = Member(type=Type("string"), of=stored, entity="Book", field="title")
    own = Member(type=Type("string"), of=this, entity="Book", field="title")
    rule = Rule(source="before", condition=Compare(type=BOOLEAN, op="==", left=reached, right=own))
    operations = tuple(
        msgspec.structs.replace(each, steps=(msgspec.structs.replace(each.steps[0], allowed=rule),))
        if each.name == "create_book"
        else each
        for each in model.operations
    )
    place.service.model = msgspec.structs.replace(model, operations=operations)
    assert code(place.send("POST", "/books", BOOK, token=place.librarian)) == (403, "forbidden")


def test_create_is_judged_by_its_rule(place: Library) -> None:
    assert code(place.send("POST", "/books", BOOK, token=place.ann)) == (403, "forbidden")
    assert place.send("POST", "/books", BOOK, token=place.librarian).status == 201


def test_members_are_read_by_themselves_and_by_librarians_and_changed_by_themselves(place: Library) -> None:
    path = f"/members/{place.service.rows['Member'][1]['id']}"
    assert place.send("GET", path, token=place.ann).body["data"]["role"] == "reader"
    assert place.send("GET", path, token=place.librarian).status == 200
    assert place.send("GET", path, token=place.bob).status == 404
    assert code(place.send("PATCH", path, {"name": "x"}, token=place.librarian)) == (403, "forbidden")
    assert place.send("PATCH", path, {"name": "Ann"}, token=place.ann).body["data"]["name"] == "Ann"


def test_a_reference_must_be_readable(place: Library) -> None:
    model = place.service.model
    hidden = msgspec.structs.replace(
        model.entity("Book"),
        access={**model.entity("Book").access, "read": model.entity("Book").access["create"]},
    )
    entities = tuple(hidden if entity.name == "Book" else entity for entity in model.entities)
    place.service.model = msgspec.structs.replace(model, entities=entities)
    body = {"book": place.book, "stars": 1}
    assert fields(place.send("POST", "/reviews", body, token=place.ann)) == [("book", "reference")]
    assert place.send("POST", "/reviews", body, token=place.librarian).status == 201


def test_sign_in_fails_alike_for_an_unknown_email_and_a_wrong_password() -> None:
    client = Client(todos())
    client.register("ann")
    unknown = client.send(
        "POST", "/auth/login", {"email": "bob@example.org", "password": "correct horse"}, request_id="r"
    )
    wrong = client.send(
        "POST", "/auth/login", {"email": "ann@example.org", "password": "Correct horse"}, request_id="r"
    )
    assert unknown == wrong
    assert code(wrong) == (401, "invalid_credentials")
    assert wrong.headers["www-authenticate"] == "Bearer"


def test_sign_in_gives_a_token_of_its_own_and_never_shows_the_password() -> None:
    client = Client(todos())
    first = client.register("ann")
    answer = client.send("POST", "/auth/login", {"email": "ANN@Example.org", "password": "correct horse"})
    assert answer.status == 200
    assert "location" not in answer.headers
    assert set(answer.body["data"]) == {"user", "token"}
    assert set(answer.body["data"]["user"]) == {"id", "email"}
    second = answer.body["data"]["token"]
    assert isinstance(second, Opaque)
    assert second != first
    for token in (first, second):
        assert client.send("GET", "/todos", token=token).status == 200
    assert isinstance(client.service.rows["User"][0]["password"], Password)


def test_a_changed_password_is_the_one_that_signs_in(place: Library) -> None:
    path = f"/members/{place.service.rows['Member'][1]['id']}"
    assert place.send("PATCH", path, {"password": "battery staple"}, token=place.ann).status == 200
    login = {"email": "ann@example.org", "password": "correct horse"}
    assert code(place.send("POST", "/auth/login", login)) == (401, "invalid_credentials")
    assert place.send("POST", "/auth/login", {**login, "password": "battery staple"}).status == 200
    assert isinstance(place.service.rows["Member"][1]["password"], Password)


@pytest.mark.parametrize(
    "authorization", ["Bearer nonsense", "Bearer", "Basic YTpi", "token-1", " ", "Bearer token-1 x"]
)
def test_bad_credentials_are_401_where_they_are_looked_at(place: Library, authorization: str) -> None:
    for path in ("/members/x", "/reviews"):
        answer = place.send("GET", path, authorization=authorization)
        assert code(answer) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert place.send("GET", "/books", authorization=authorization).status == 200


def test_the_scheme_of_credentials_is_read_in_any_case(place: Library) -> None:
    assert place.send("GET", "/reviews", authorization=f"bearer {place.ann}").status == 200


def test_a_token_expires_by_the_time_of_the_request() -> None:
    client = Client(todos())
    ann = client.register("ann")
    assert client.send("GET", "/todos", token=ann, request_id="v-3599999").status == 200
    assert code(client.send("GET", "/todos", token=ann, request_id="v-3600000")) == (401, "unauthenticated")


def test_the_token_of_a_caller_who_is_gone_is_refused(place: Library) -> None:
    del place.service.rows["Member"][2]
    assert code(place.send("GET", "/reviews", token=place.bob)) == (401, "unauthenticated")


def test_a_row_that_others_refer_to_is_not_deleted(place: Library) -> None:
    path = f"/books/{place.book}"
    review = place.review(place.ann)
    answer = place.send("DELETE", path, token=place.librarian)
    assert code(answer) == (409, "conflict")
    assert fields(answer) == []
    assert len(place.service.rows["Book"]) == 1
    place.send("DELETE", f"/reviews/{review}", token=place.ann)
    assert place.send("PATCH", path, {"sequel_of": place.book}, token=place.librarian).status == 200
    assert place.send("DELETE", path, token=place.librarian).status == 204


def test_a_failed_request_changes_nothing(place: Library) -> None:
    review = place.review(place.ann)
    before = deepcopy(place.service.rows)
    for method, path, body, token in [
        ("POST", "/auth/register", {"email": "ANN@example.org", "password": "12345678"}, None),
        ("POST", "/reviews", {"book": place.book, "stars": 1}, place.ann),
        ("PATCH", f"/reviews/{review}", {"stars": 5, "locked": True}, place.ann),
        ("PATCH", f"/books/{place.book}", {"title": "x"}, place.bob),
        ("DELETE", f"/books/{place.book}", None, place.librarian),
    ]:
        assert place.send(method, path, body, token=token).status >= 400
        assert place.service.rows == before
