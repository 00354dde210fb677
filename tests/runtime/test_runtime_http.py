"""A service over HTTP: the order of answers, the bodies, the headers."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from runtime.library import app as library

from backwright_runtime import Application, RequestContext, Response, Router, ok
from backwright_runtime.database.interface import Contention
from backwright_runtime.logs import AccessLog, JsonFormatter
from backwright_runtime.testing import ScriptedSeam, client, settings_for

ANN = {"email": "Ann@Example.com", "password": "correct horse"}
Story = Callable[[httpx.AsyncClient], Awaitable[None]]


@pytest.fixture
def tell(run: Any, database_url: str) -> Callable[[Story], None]:
    """Runs a story against the library, on each database."""

    async def telling(story: Story) -> None:
        async with client(
            lambda url: library.create_for(url, seam=ScriptedSeam()),
            migrations=library.MIGRATIONS,
            database_url=database_url,
        ) as http:
            await story(http)

    return lambda story: run(telling(story))


async def signed_in(http: httpx.AsyncClient) -> dict[str, str]:
    token = (await http.post("/members", json=ANN)).json()["data"]["token"]
    return {"authorization": f"Bearer {token}"}


def error(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["data"] is None
    return answer.status_code, body["error"]["code"]


def test_a_book_from_beginning_to_end(tell: Any) -> None:
    async def story(http: httpx.AsyncClient) -> None:
        ann = await signed_in(http)
        made = await http.post(
            "/books", json={"title": "Emma", "due": "2030-02-01"}, headers={**ann, "x-request-id": "v-5"}
        )
        assert made.status_code == 201
        book = made.json()["data"]
        assert book["created_at"] == "2030-01-01T00:00:00.005000Z"
        assert book["due"] == "2030-02-01"
        assert made.json()["meta"] == {"request_id": "v-5"}
        assert made.headers["location"] == f"/books/{book['id']}"
        found = await http.get(f"/books/{book['id'].replace('-', '').upper()}", headers=ann)
        assert found.json()["data"] == book
        gone = await http.delete(f"/books/{book['id']}", headers=ann)
        assert (gone.status_code, gone.content) == (204, b"")
        assert error(await http.get(f"/books/{book['id']}", headers=ann)) == (404, "not_found")

    tell(story)


def test_the_order_of_answers(tell: Any) -> None:
    async def story(http: httpx.AsyncClient) -> None:
        ann = await signed_in(http)
        text, large = {"content-type": "text/plain"}, b"x" * 5000
        assert error(await http.post("/nothing", content=large)) == (404, "not_found")
        wrong = await http.put("/books", content=large)
        assert error(wrong) == (405, "method_not_allowed")
        assert wrong.headers["allow"] == "GET, HEAD, POST"
        assert error(await http.post("/books", content=large, headers=text)) == (413, "payload_too_large")
        assert error(await http.post("/books", content=b"{", headers=text)) == (415, "unsupported_media_type")
        anonymous = await http.post("/books", content=b"{", headers={"content-type": "application/json"})
        assert error(anonymous) == (401, "unauthenticated")
        assert anonymous.headers["www-authenticate"] == "Bearer"
        as_json = {**ann, "content-type": 'Application/JSON; charset="UTF-8"'}
        assert error(await http.post("/books", content=b"{", headers=as_json)) == (400, "malformed")
        invalid = await http.post("/books", content=b'{"pages":0,"title":""}', headers=as_json)
        assert error(invalid) == (422, "invalid")
        assert [(each["field"], each["code"]) for each in invalid.json()["error"]["fields"]] == [
            ("title", "too_short"),
            ("pages", "too_small"),
        ]
        assert error(await http.get("/books/not-a-key", headers=ann)) == (404, "not_found")
        assert error(await http.get("/books/not-a-key")) == (401, "unauthenticated")

    tell(story)


def test_a_body_in_chunks_is_limited_too(tell: Any) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 100

    async def story(http: httpx.AsyncClient) -> None:
        answer = await http.post("/members", content=chunks(), headers={"content-type": "application/json"})
        assert "content-length" not in answer.request.headers
        assert error(answer) == (413, "payload_too_large")

    tell(story)


def test_signing_in(tell: Any) -> None:
    async def story(http: httpx.AsyncClient) -> None:
        await signed_in(http)
        taken = await http.post("/members", json={**ANN, "email": "ANN@example.com"})
        assert error(taken) == (409, "conflict")
        assert [(f["field"], f["code"]) for f in taken.json()["error"]["fields"]] == [("email", "taken")]
        again = await http.post("/sessions", json=ANN)
        assert again.status_code == 200
        for wrong in ({**ANN, "password": "wrong horse"}, {**ANN, "email": "bob@example.com"}):
            assert error(await http.post("/sessions", json=wrong)) == (401, "invalid_credentials")
        token = again.json()["data"]["token"]
        hello = await http.get("/books/greeting", headers={"authorization": f"bearer {token}"})
        assert hello.json()["data"] == "ann@example.com"
        assert (await http.get("/books/greeting")).json()["data"] == "stranger"
        later = {"authorization": f"Bearer {token}", "x-request-id": f"v-{3600 * 1000}"}
        assert error(await http.get("/books/greeting", headers=later)) == (401, "unauthenticated")
        for bad in ("Bearer", "Basic x", f"Bearer {token}x", f"Bearer {token[:-2]}"):
            assert error(await http.get("/books/greeting", headers={"authorization": bad})) == (
                401,
                "unauthenticated",
            )

    tell(story)


def test_pages_follow_their_cursor_and_refuse_another_lists(tell: Any) -> None:
    async def story(http: httpx.AsyncClient) -> None:
        ann = await signed_in(http)
        for number in range(5):
            await http.post(
                "/books", json={"title": str(number)}, headers={**ann, "x-request-id": f"v-{number}"}
            )
        titles: list[str] = []
        cursor = ""
        while True:
            page = (await http.get("/books", params={"after": cursor} if cursor else {}, headers=ann)).json()
            titles += [book["title"] for book in page["data"]]
            cursor = str(page["meta"]["next"] or cursor)
            if page["meta"]["next"] is None:
                break
        assert titles == ["4", "3", "2", "1", "0"]
        for after in ("", "nonsense", "eyJ9", cursor[:-3]):
            refused = await http.get("/books", params={"after": after}, headers=ann)
            assert refused.json()["error"]["fields"][0]["code"] == "cursor"
        other = await http.get("/books", params={"after": cursor, "lent": "false"}, headers=ann)
        assert error(other) == (422, "invalid")
        wide = await http.get("/books", params={"limit": "4", "lent": "maybe"}, headers=ann)
        fields = [(each["field"], each["code"]) for each in wide.json()["error"]["fields"]]
        assert fields == [("limit", "too_large"), ("lent", "type")]

    tell(story)


def test_headers_of_every_answer(tell: Any) -> None:
    async def story(http: httpx.AsyncClient) -> None:
        for path in ("/health", "/nothing"):
            answer = await http.get(path, headers={"x-request-id": "a.b-c_1"})
            assert answer.headers["x-request-id"] == "a.b-c_1"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        made = (await http.get("/health", headers={"x-request-id": "no spaces!"})).headers["x-request-id"]
        assert made and made != "no spaces!"
        head = await http.head("/health")
        assert (head.status_code, head.content) == (200, b"")

    tell(story)


def test_a_defect_tells_nothing_and_is_logged_under_its_request(run: Any, sqlite_url: str) -> None:
    logged, accessed = StringIO(), StringIO()
    handler = logging.StreamHandler(logged)
    handler.setFormatter(JsonFormatter())
    logging.getLogger("backwright_runtime").addHandler(handler)

    def create(url: str) -> Any:
        app = library.create_for(url)
        app.access_log = AccessLog(accessed)
        return app

    async def story() -> None:
        async with client(create, migrations=library.MIGRATIONS, database_url=sqlite_url) as http:
            answer = await http.post("/defects", json=ANN, headers={"x-request-id": "r-1"})
            assert error(answer) == (500, "internal")
            assert "horse" not in answer.text
            ann = await signed_in(http)
            assert error(await http.get("/books/5", headers=ann)) == (404, "not_found")

    try:
        run(story())
    finally:
        logging.getLogger("backwright_runtime").removeHandler(handler)
    line = json.loads(logged.getvalue().splitlines()[0])
    assert (line["request_id"], line["exception"]) == ("r-1", "builtins.RuntimeError")
    assert any("defect" in place for place in line["places"])
    lines = [json.loads(each) for each in accessed.getvalue().splitlines()]
    assert [(each["route"], each["status"]) for each in lines] == [
        ("/defects", 500),
        ("/members", 201),
        ("/books/{id}", 404),
    ]
    for secret in ("horse", "xample", "Bearer"):
        assert secret not in logged.getvalue() + accessed.getvalue()


def test_ready_only_with_a_database_that_is_migrated(run: Any, database_url: str) -> None:
    def create(url: str) -> Any:
        app = library.create_for(url)
        app.migrations = library.MIGRATIONS
        return app

    async def story() -> None:
        async with client(create, database_url=database_url) as http:
            assert (await http.get("/health")).status_code == 200
            assert error(await http.get("/ready")) == (503, "unavailable")
        async with client(create, database_url=database_url, migrations=library.MIGRATIONS) as http:
            assert (await http.get("/ready")).status_code == 200

    run(story())


def test_the_documentation_loads_nothing_from_elsewhere(run: Any, sqlite_url: str, tmp_path: Path) -> None:
    contract = tmp_path / "openapi.json"
    contract.write_text('{"openapi": "3.1.0"}')

    def create(url: str) -> Any:
        return library.create_app(settings_for(library.Settings, url), openapi=contract)

    async def story() -> None:
        async with client(create, database_url=sqlite_url) as http:
            assert (await http.get("/openapi.json")).json() == {"openapi": "3.1.0"}
            page = await http.get("/docs")
            assert "//" not in page.text
            assert "script-src 'self'" in page.headers["content-security-policy"]
            for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js", "favicon-32x32.png"):
                assert (await http.get(f"/docs/{name}")).status_code == 200
            assert (await http.get("/docs/..%2f..%2fpy.typed")).status_code == 404
            assert error(await http.post("/docs")) == (405, "method_not_allowed")

    run(story())


def test_without_its_database_a_service_is_unavailable(run: Any, tmp_path: Path) -> None:
    async def story() -> None:
        app = library.create_for("postgresql://nobody@127.0.0.1:1/none")
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
            answer = await http.post("/sessions", json=ANN)
            assert error(answer) == (503, "unavailable")
            assert (await http.get("/health")).status_code == 200

    run(story())


@pytest.mark.parametrize(("failures", "status"), [(0, 200), (7, 200), (1000, 503)])
def test_an_operation_that_was_undone_begins_again(
    run: Any, sqlite_url: str, failures: int, status: int
) -> None:
    """Each attempt has the same instant and the same ids; after a while the service gives up."""
    router = Router()
    made: list[object] = []

    @router.post("/race", caller="none")
    async def race(ctx: RequestContext[None]) -> Response:
        made.append(ctx.new_id())
        if len(made) <= failures:
            raise Contention("DeadlockDetectedError")
        return ok({"now": ctx.now})

    async def story() -> None:
        app = Application(
            name="race",
            version="1.0.0",
            settings=settings_for(library.Settings, sqlite_url),
            routers=[router],
            seam=ScriptedSeam(),
            patience=1.5,
        )
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
            answer = await http.post("/race", headers={"x-request-id": "v-1"})
        assert answer.status_code == status
        assert len(made) == failures + 1 if status == 200 else 5 < len(made) < 200
        assert len(set(made)) == 1

    run(story())
