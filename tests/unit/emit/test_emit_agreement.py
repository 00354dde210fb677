"""An emitted service and the reference answer alike where several things are wrong at once."""

from __future__ import annotations

import asyncio
import importlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from backwright.model.types import Model
from backwright.reference import Reference, Request
from backwright_runtime import migrations
from backwright_runtime.testing import ScriptedSeam, settings_for

NOBODY = "00000000-0000-7000-8000-000000000000"
SHELF = {"code": "A", "label": "one", "level": 1, "slot": 1, "kind": "dry"}
ITEM = {"sku": NOBODY, "name": "nut", "amount": 0, "price": 1}

Asked = tuple[str, str, dict[str, Any]]
CONVERSATION: list[Asked] = [
    ("POST", "/shelves", SHELF),
    ("POST", "/shelves", {**SHELF, "code": "B", "label": "two", "slot": 2}),
    # Several unique keys are taken: the first declared is told.
    ("POST", "/shelves", SHELF),
    ("POST", "/shelves", {**SHELF, "code": "C"}),
    ("POST", "/shelves", {**SHELF, "code": "C", "label": "three"}),
    ("PATCH", "/shelves/{0}", {"level": 1, "slot": 1, "label": "one"}),
    ("PATCH", "/shelves/{1}", {"level": 1, "slot": 1, "label": "one"}),
    ("PATCH", "/shelves/{1}", {"level": 1, "slot": 1}),
    # Bad fields, unparsable keys, bad references, missing rows: in this order.
    ("PATCH", "/items/no-key", {"shelf": NOBODY, "price": -1}),
    ("PATCH", "/items/no-key", {"shelf": NOBODY}),
    ("PATCH", f"/items/{NOBODY}", {"shelf": NOBODY}),
    ("PATCH", f"/items/{NOBODY}", {"price": 2}),
    ("POST", "/items", {**ITEM, "shelf": NOBODY}),
    # What cannot be computed: amount * 2, of the changed row and in a filter.
    ("POST", "/items", ITEM),
    ("PATCH", "/items/{2}", {"amount": 2**62}),
    ("GET", "/items?amount=0", {}),
    ("POST", "/items", {**ITEM, "sku": NOBODY[:-1] + "1", "amount": 2**62}),
    ("GET", "/items?amount=0", {}),
]


def answers_of_reference(model: Model) -> list[tuple[int, str | None, list[tuple[str, str]]]]:
    reference = Reference(model)

    def send(number: int, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        answer = reference.answer(
            Request(
                method=method,  # type: ignore[arg-type]
                path=path.partition("?")[0],
                query=tuple(parse_qsl(path.partition("?")[2])),
                now=datetime(2030, 1, 1, tzinfo=UTC),
                request_id=f"v-{number}",
                content_type="application/json",
                body=json.dumps(body).encode(),
            )
        )
        return answer.status, answer.body

    return told(send)


def answers_of_service(package: str, root: Path, url: str) -> list[Any]:
    async def story() -> list[Any]:
        await migrations.up(url, root / "migrations")
        settings = importlib.import_module(f"{package}.settings").Settings
        app = importlib.import_module(f"{package}.app").create_app(
            settings_for(settings, url), seam=ScriptedSeam()
        )
        await app.startup()
        found = []
        keys: list[str] = []
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
            for number, (method, path, body) in enumerate(CONVERSATION):
                headers = {"x-request-id": f"v-{number}"}
                answer = await http.request(method, path.format(*keys), json=body, headers=headers)
                found.append(said(answer.status_code, answer.json(), keys))
        await app.shutdown()
        return found

    return asyncio.run(story())


def told(send: Any) -> list[Any]:
    keys: list[str] = []
    return [
        said(*send(number, method, path.format(*keys), body), keys)
        for number, (method, path, body) in enumerate(CONVERSATION)
    ]


def said(status: int, body: Any, keys: list[str]) -> tuple[int, str | None, list[tuple[str, str]]]:
    """What matters of an answer; keys of new rows are kept for later paths."""
    if status == 201:
        keys.append(body["data"]["id"])
    error = body["error"] or {}
    return status, error.get("code"), [(each["field"], each["code"]) for each in error.get("fields", [])]


@pytest.mark.parametrize("emitted", ["depot"], indirect=True)
def test_several_mistakes_are_told_in_one_order(
    emitted: tuple[Model, Path], database_url: str, monkeypatch: pytest.MonkeyPatch
):
    model, root = emitted
    monkeypatch.syspath_prepend(root)
    expected = answers_of_reference(model)
    assert answers_of_service(model.service.package, root, database_url) == expected
    assert expected[2:8] == [
        (409, "conflict", [("code", "taken")]),
        (409, "conflict", [("label", "taken")]),
        (409, "conflict", [("level", "taken"), ("slot", "taken")]),
        (200, None, []),
        (409, "conflict", [("label", "taken")]),
        (409, "conflict", [("level", "taken"), ("slot", "taken")]),
    ]
    assert expected[8:13] == [
        (422, "invalid", [("price", "too_small")]),
        (404, "not_found", []),
        (422, "invalid", [("shelf", "reference")]),
        (404, "not_found", []),
        (422, "invalid", [("shelf", "reference")]),
    ]
    overflow = (422, "invalid", [])
    assert expected[13:] == [(201, None, []), overflow, (200, None, []), (201, None, []), overflow]
