"""The order of answers (semantics 4), and the shape of each."""

from __future__ import annotations

import msgspec
import pytest
from models import library, todos
from reference_client import Client, code, fields

from backwright.expr.typed import BOOLEAN, Arithmetic, Compare, Constant, Type
from backwright.model.types import Formula, Select
from backwright.reference import Reference

BIG = b" " * (1024 * 1024 + 1)
MISSING = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def client() -> Client:
    return Client(todos())


def test_semantics_4_each_answer_wins_over_the_later_ones(client: Client) -> None:
    """One request that is wrong in every way, mended step by step."""
    bad = b'{"title": 1}'
    assert code(client.send("FETCH", "/nowhere", raw=BIG, content_type="x/y")) == (404, "not_found")
    assert code(client.send("FETCH", f"/todos/{MISSING}", raw=BIG)) == (405, "method_not_allowed")
    path = f"/todos/{MISSING}"
    assert code(client.send("PATCH", path, raw=BIG, content_type="x/y")) == (413, "payload_too_large")
    assert code(client.send("PATCH", path, raw=b"{", content_type="x/y")) == (415, "unsupported_media_type")
    assert code(client.send("PATCH", path, raw=b"{")) == (401, "unauthenticated")
    ann = client.register("ann")
    assert code(client.send("PATCH", path, raw=b"{", token=ann)) == (400, "malformed")
    assert code(client.send("PATCH", path, raw=bad, token=ann)) == (422, "invalid")
    assert code(client.send("PATCH", path, raw=b"{}", token=ann)) == (404, "not_found")


def test_missing_comes_before_forbidden_and_forbidden_before_conflict() -> None:
    client = Client(library())
    ann, bob = client.register("ann"), client.register("bob")
    book = shelve(client, ann)
    review = client.made("/reviews", {"book": book, "stars": 3}, ann)
    path = f"/reviews/{review['id']}"
    assert code(client.send("PATCH", path, {"stars": 1}, token=bob)) == (404, "not_found")
    client.send("PATCH", path, {"published": True, "locked": False}, token=ann)
    assert code(client.send("PATCH", path, {"stars": 1}, token=bob)) == (403, "forbidden")
    assert code(client.send("POST", "/reviews", {"book": book, "stars": 1}, token=ann)) == (409, "conflict")


def shelve(client: Client, token: str) -> str:
    """A book, added by someone who is a librarian while adding it."""
    client.service.rows["Member"][0]["role"] = "librarian"
    book = client.made("/books", {"title": "Dune", "pages": 412, "genre": "novel"}, token)
    client.service.rows["Member"][0]["role"] = "reader"
    return str(book["id"])


def test_a_method_that_is_not_there_is_answered_with_those_that_are(client: Client) -> None:
    assert client.send("DELETE", "/todos").headers["allow"] == "GET, HEAD, POST"
    assert client.send("POST", f"/todos/{MISSING}").headers["allow"] == "DELETE, GET, HEAD, PATCH"
    assert client.send("GET", "/auth/login").headers["allow"] == "POST"


def test_head_is_answered_like_get_without_the_body(client: Client) -> None:
    ann = client.register("ann")
    answer = client.send("HEAD", "/todos", token=ann, request_id="same")
    like = client.send("GET", "/todos", token=ann, request_id="same")
    assert (answer.status, answer.headers) == (like.status, like.headers)
    assert answer.body is None
    assert client.send("HEAD", "/auth/login").headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/todos/", "//todos", "/todos//", "/Todos", "/todos/a/b", "/", ""])
def test_a_path_is_matched_as_it_is(client: Client, path: str) -> None:
    assert code(client.send("GET", path)) == (404, "not_found")


def test_an_unparsable_key_is_a_missing_row(client: Client) -> None:
    ann = client.register("ann")
    assert code(client.send("GET", "/todos/17", token=ann)) == (404, "not_found")
    assert code(client.send("GET", "/todos/17")) == (401, "unauthenticated")
    assert code(client.send("PATCH", "/todos/17", {"title": ""}, token=ann)) == (422, "invalid")


def test_a_key_is_read_in_any_case_with_or_without_hyphens(client: Client) -> None:
    ann = client.register("ann")
    milk = client.made("/todos", {"title": "Milk"}, ann)["id"]
    for written in (milk, milk.upper(), milk.replace("-", "")):
        assert client.send("GET", f"/todos/{written}", token=ann).status == 200
    for written in (milk.replace("-", "", 1), f"{{{milk}}}", f"urn:uuid:{milk}"):
        assert client.send("GET", f"/todos/{written}", token=ann).status == 404


def test_a_body_of_the_largest_size_is_read_and_one_byte_more_is_not() -> None:
    client = Client(todos())
    client.service = Reference(todos(), max_body_bytes=100)
    body = b'{"email": "ann@example.org", "password": "correct horse"}'
    assert client.send("POST", "/auth/register", raw=body.ljust(100)).status == 201
    assert client.send("POST", "/auth/register", raw=body.ljust(101)).status == 413


@pytest.mark.parametrize(
    "accepted",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
    ],
)
def test_json_content_types_are_accepted(client: Client, accepted: str) -> None:
    ann = client.register("ann")
    assert client.send("POST", "/todos", {"title": "Milk"}, token=ann, content_type=accepted).status == 201


@pytest.mark.parametrize(
    "refused",
    [
        None,
        "",
        "text/json",
        "application/json; charset=latin-1",
        "application/jsonx",
        "application/x-www-form-urlencoded",
    ],
)
def test_other_content_types_are_415(client: Client, refused: str | None) -> None:
    answer = client.send("POST", "/auth/login", raw=b"{}", content_type=refused)
    assert code(answer) == (415, "unsupported_media_type")


def test_no_body_at_all_is_415_where_one_is_needed(client: Client) -> None:
    assert code(client.send("POST", "/auth/login")) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"email": NaN}',
        b'{"email": Infinity}',
        b'{"email": "\xff"}',
        b'{"email": "a\nb"}',
        b'{"email": 01}',
        b"{'email': 1}",
        b'{"email": 1,}',
        b"{} {}",
        b"\xef\xbb\xbf{}",
        '{"email": 1}'.encode("utf-16"),
        b'{"x": ' * 100000,
        b'{"x": ' + b"[" * 33 + b"]" * 33 + b"}",
    ],
)
def test_what_is_not_a_json_object_is_malformed(client: Client, raw: bytes) -> None:
    assert code(client.send("POST", "/auth/login", raw=raw)) == (400, "malformed")


def test_nesting_of_32_levels_in_an_unknown_member_is_read(client: Client) -> None:
    raw = b'{"x": ' + b"[" * 32 + b"]" * 32 + b"}"
    assert fields(client.send("POST", "/auth/login", raw=raw)) == [
        ("email", "required"),
        ("password", "required"),
    ]


def test_operations_without_a_body_do_not_look_at_one(client: Client) -> None:
    ann = client.register("ann")
    assert client.send("GET", "/todos", token=ann, raw=BIG, content_type="x/y").status == 200


def test_the_envelope_of_success_and_error(client: Client) -> None:
    ann = client.register("ann")
    made = client.send("POST", "/todos", {"title": "Milk", "due": "2030-02-28"}, token=ann, request_id="r-1")
    key = made.body["data"]["id"]
    assert made.headers == {
        "location": f"/todos/{key}",
        "content-type": "application/json",
        "x-request-id": "r-1",
    }
    assert made.body["error"] is None
    assert made.body["meta"] == {"request_id": "r-1"}
    assert made.body["data"]["due"] == "2030-02-28"
    gone = client.send("DELETE", f"/todos/{key}", token=ann, request_id="r-2")
    assert (gone.status, gone.headers, gone.body) == (204, {"x-request-id": "r-2"}, None)
    missing = client.send("GET", f"/todos/{key}", token=ann, request_id="r-3").body
    assert missing["data"] is None
    assert missing["meta"] == {"request_id": "r-3"}
    assert set(missing["error"]) == {"code", "message"}
    assert client.send("POST", "/auth/register", {"email": "ann@example.org", "password": "12345678"}).body[
        "error"
    ]["fields"] == [{"field": "email", "code": "taken", "message": "has already been taken"}]


def with_literal_route() -> Client:
    """A list under a literal path that the path of single todos matches too."""
    model = todos()
    operations = [
        msgspec.structs.replace(each, path="/todos/open") if each.name == "list_todos" else each
        for each in model.operations
    ]
    return Client(msgspec.structs.replace(model, operations=tuple(reversed(operations))))


def test_literal_segments_win_over_parameters() -> None:
    client = with_literal_route()
    ann = client.register("ann")
    client.made("/todos", {"title": "Milk"}, ann)
    assert [each["title"] for each in client.send("GET", "/todos/open", token=ann).body["data"]] == ["Milk"]
    assert code(client.send("DELETE", "/todos/open", token=ann)) == (404, "not_found")
    assert client.send("POST", "/todos/open").headers["allow"] == "DELETE, GET, HEAD, PATCH"


def test_semantics_7_overflow_fails_the_operation_without_naming_a_field() -> None:
    """`this.pages * params.longer_than > 0` leaves 64 bits for the largest parameter."""
    model = library()
    shelf = model.operation("list_books")
    select = shelf.steps[0]
    assert isinstance(select, Select)
    longer = select.filters[1]
    compare = longer.condition.meaning
    assert isinstance(compare, Compare)
    integer = Type("integer")
    product = Arithmetic(type=integer, op="*", left=compare.left, right=compare.right)
    condition = Formula(
        source="this.pages * params.longer_than > 0",
        meaning=Compare(type=BOOLEAN, op=">", left=product, right=Constant(type=integer, value=0)),
    )
    changed = msgspec.structs.replace(select, filters=(msgspec.structs.replace(longer, condition=condition),))
    operation = msgspec.structs.replace(shelf, steps=(changed,))
    operations = tuple(operation if each.name == "list_books" else each for each in model.operations)
    client = Client(msgspec.structs.replace(model, operations=operations))
    largest = {"longer_than": str(2**63 - 1)}
    assert client.send("GET", "/books", query=largest).status == 200
    shelve(client, client.register("ann"))
    answer = client.send("GET", "/books", query=largest)
    assert code(answer) == (422, "invalid")
    assert fields(answer) == []
    assert len(client.send("GET", "/books", query={"longer_than": "2"}).body["data"]) == 1
