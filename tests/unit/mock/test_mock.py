"""The mock answers as the specification says, to browsers of any origin."""

from __future__ import annotations

from models import todos
from starlette.testclient import TestClient

from backwright.mock import mock


def test_the_mock_answers_a_whole_story() -> None:
    with TestClient(mock(todos())) as client:
        account = {"email": "ann@example.com", "password": "correct horse"}
        joined = client.post("/auth/register", json=account)
        assert joined.status_code == 201
        ann = {"Authorization": f"Bearer {joined.json()['data']['token']}"}
        created = client.post("/todos", json={"title": "Milk"}, headers=ann)
        assert created.status_code == 201
        assert created.headers["location"] == f"/todos/{created.json()['data']['id']}"
        listed = client.get("/todos?done=false", headers=ann)
        assert [todo["title"] for todo in listed.json()["data"]] == ["Milk"]
        assert client.get("/todos").status_code == 401
        assert client.get("/nowhere").status_code == 404
        assert client.delete(created.headers["location"], headers=ann).content == b""


def test_browsers_of_any_origin_may_call_it() -> None:
    with TestClient(mock(todos())) as client:
        asked = client.options("/todos", headers={"Origin": "http://localhost:3000"})
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
        assert client.get("/todos").headers["access-control-allow-origin"] == "*"
