"""Fifty clients at once: whatever they do to the same rows ends as if they had come one after the other.

`BACKWRIGHT_MINUTES=10` tells the stories again and again for that long on each database.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from uuid import uuid4

import pytest
from crowd import CLIENTS, Crowd, counted, crowd, example, rounds, together

from backwright.verify.server import running

STORIES = 9
Story = Callable[[Crowd, int], Awaitable[None]]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Builds an example once."""
    built: dict[str, Path] = {}

    def find(name: str) -> Path:
        if name not in built:
            built[name] = example(name, tmp_path_factory.mktemp("built") / name)
        return built[name]

    return find


@pytest.fixture
def tell(examples: Callable[[str], Path], database_url: str) -> Iterator[Callable[[str, Story], None]]:
    """Serves an example and tells a story about it, each time with a number of its own.

    On PostgreSQL two processes serve it, whose operations know of each other only through the database.
    """

    def told(name: str, story: Story) -> None:
        async def all_of_it() -> None:
            async with crowd(servers, "Token" if name == "conduit" else "Bearer") as clients:
                for number in rounds(STORIES):
                    await story(clients, number)

        keys = f"test:{token_urlsafe(48)}"
        with ExitStack() as stack:
            servers = [
                stack.enter_context(running(examples(name), name, database_url, token_keys=keys))
                for _ in range(1 if database_url.startswith("sqlite") else 2)
            ]
            asyncio.run(all_of_it())

    yield told


# Inventory -------------------------------------------------------------------------------------------


async def stocked(clients: Crowd, number: int, *quantities: int) -> tuple[str, str, list[str]]:
    """A worker's token, a product, and bins in which so many of it lie."""
    badge = f"AB{number:04}"
    await clients.told("POST", "/workers", body={"badge": badge, "pin": "123456"})
    await clients.run("UPDATE worker SET manager = true")
    token = (await clients.told("POST", "/sessions", body={"badge": badge, "pin": "123456"}))["data"]["token"]
    sku = f"SKU{number:05}"
    await clients.told("POST", "/products", token, {"sku": sku, "name": "Bolt", "price": "1.50"})
    bins = []
    for place, quantity in enumerate(quantities, 1):
        code = (await clients.told("PUT", f"/bins/{number}/{place}", token))["data"]["code"]
        await receive(clients, token, sku, code, quantity, str(uuid4()))
        bins.append(code)
    return token, sku, bins


async def receive(clients: Crowd, token: str, sku: str, code: str, quantity: int, key: str) -> Any:
    body = {"product": sku, "bin": code, "quantity": quantity}
    return await clients.ask("POST", "/receipts", token, body, idempotency_key=key)


async def lying(clients: Crowd, sku: str) -> list[tuple[int, int]]:
    rows = await clients.run(
        f"SELECT quantity, reserved FROM stock WHERE product_id = '{sku}' ORDER BY quantity, reserved"
    )
    return [(row[0], row[1]) for row in rows]


def test_nothing_is_promised_twice(tell: Callable[[str, Story], None]) -> None:
    async def story(clients: Crowd, number: int) -> None:
        token, sku, [code] = await stocked(clients, number, 100)
        body = {"bin": code, "quantity": 3}
        answers = await together(
            *(clients.ask("POST", f"/products/{sku}/reservations", token, body) for _ in range(CLIENTS))
        )
        assert counted(answers) == {200: 33, 422: CLIENTS - 33}
        assert sorted(each.json()["data"]["reserved"] for each in answers if each.is_success) == [
            3 * each for each in range(1, 34)
        ]
        assert await lying(clients, sku) == [(100, 99)]

    tell("inventory", story)


def test_picks_of_the_same_bins_in_any_order_take_what_is_there_and_no_more(
    tell: Callable[[str, Story], None],
) -> None:
    async def story(clients: Crowd, number: int) -> None:
        token, sku, bins = await stocked(clients, number, 40, 60)
        lines = [{"product": sku, "bin": code, "quantity": 1} for code in bins]
        either = cycle((lines, lines[::-1]))
        answers = await together(
            *(clients.ask("POST", "/picks", token, {"lines": next(either)}) for _ in range(CLIENTS))
        )
        assert counted(answers) == {201: 40, 422: CLIENTS - 40}
        assert await lying(clients, sku) == [(0, 0), (20, 0)]
        moved = await clients.run(
            f"SELECT CAST(sum(change) AS integer) FROM movement WHERE product_id = '{sku}'"
        )
        assert moved == [(20,)]

    tell("inventory", story)


def test_receipts_add_up_and_a_repeated_one_counts_once(tell: Callable[[str, Story], None]) -> None:
    async def story(clients: Crowd, number: int) -> None:
        token, sku, [code] = await stocked(clients, number, 1)
        keys = [f"{number}-{each // 2}" for each in range(CLIENTS)]  # everyone sends it twice
        answers = await together(*(receive(clients, token, sku, code, 2, key) for key in keys))
        assert counted(answers) == {201: CLIENTS}
        assert await lying(clients, sku) == [(1 + CLIENTS, 0)]

    tell("inventory", story)


def test_what_is_made_when_it_is_missing_is_made_once(tell: Callable[[str, Story], None]) -> None:
    async def story(clients: Crowd, number: int) -> None:
        token, _, _ = await stocked(clients, number)
        answers = await together(*(clients.ask("PUT", f"/bins/Z{number}/7", token) for _ in range(CLIENTS)))
        assert counted(answers) == {201: 1, 200: CLIENTS - 1}
        assert len({each.json()["data"]["code"] for each in answers}) == 1
        assert await clients.run(f"SELECT count(*) FROM bin WHERE aisle = 'Z{number}'") == [(1,)]

    tell("inventory", story)


# Conduit ---------------------------------------------------------------------------------------------


async def writer(clients: Crowd, name: str) -> str:
    user = {"username": name, "email": f"{name}@a.example", "password": "correct horse"}
    token: str = (await clients.told("POST", "/users", body={"user": user}))["user"]["token"]
    return token


def article(title: str) -> dict[str, object]:
    return {"article": {"title": title, "description": "d", "body": "b", "tagList": []}}


def test_favorites_are_one_for_each_reader(tell: Callable[[str, Story], None]) -> None:
    async def story(clients: Crowd, number: int) -> None:
        readers = [await writer(clients, f"reader-{number}-{each}") for each in range(CLIENTS)]
        made = await clients.told("POST", "/articles", readers[0], article(f"Favored {number}"))
        path = f"/articles/{made['article']['slug']}"
        answers = await together(*(clients.ask("POST", f"{path}/favorite", token) for token in readers))
        assert counted(answers) == {200: CLIENTS}
        assert (await clients.told("GET", path))["article"]["favoritesCount"] == CLIENTS
        answers = await together(
            *(clients.ask("DELETE", f"{path}/favorite", token) for token in readers[1:]),
            *(clients.ask("POST", f"{path}/favorite", readers[0]) for _ in range(CLIENTS)),
        )
        assert counted(answers) == {200: 2 * CLIENTS - 1}
        assert (await clients.told("GET", path))["article"]["favoritesCount"] == 1

    tell("conduit", story)


def test_a_name_is_given_to_one_and_a_title_has_a_slug_for_each(tell: Callable[[str, Story], None]) -> None:
    async def story(clients: Crowd, number: int) -> None:
        user = {"username": f"ann-{number}", "password": "correct horse"}
        wanted = [{"user": {**user, "email": f"{number}-{each}@a.example"}} for each in range(CLIENTS)]
        answers = await together(*(clients.ask("POST", "/users", body=body) for body in wanted))
        assert counted(answers) == {201: 1, 422: CLIENTS - 1}  # as the published contract has it
        token = next(each.json()["user"]["token"] for each in answers if each.is_success)
        titled = article(f"Same {number}")
        answers = await together(*(clients.ask("POST", "/articles", token, titled) for _ in range(CLIENTS)))
        assert counted(answers) == {201: CLIENTS}
        slugs = {each.json()["article"]["slug"] for each in answers}
        assert len(slugs) == CLIENTS
        assert f"same-{number}" in slugs

    tell("conduit", story)


# Tracker ---------------------------------------------------------------------------------------------


async def account(clients: Crowd, name: str) -> str:
    body = {"email": f"{name}@a.example", "password": "correct horse battery", "name": name}
    token: str = (await clients.told("POST", "/accounts", body=body))["data"]["token"]
    return token


async def founded(clients: Crowd, number: int) -> tuple[str, str]:
    token = await account(clients, f"founder-{number}")
    await clients.told("POST", "/orgs", token, {"handle": f"org-{number}", "name": "Org"})
    return token, f"/orgs/org-{number}"


def test_tasks_are_numbered_without_a_gap_and_counted(tell: Callable[[str, Story], None]) -> None:
    async def story(clients: Crowd, number: int) -> None:
        token, org = await founded(clients, number)
        answers = await together(
            *(clients.ask("POST", f"{org}/tasks", token, {"title": "Do it"}) for _ in range(CLIENTS))
        )
        assert counted(answers) == {201: CLIENTS}
        assert sorted(each.json()["data"]["number"] for each in answers) == list(range(1, CLIENTS + 1))
        assert (await clients.told("GET", org, token))["data"]["open_tasks"] == CLIENTS

    tell("tracker", story)


def test_an_invitation_is_used_once(tell: Callable[[str, Story], None]) -> None:
    async def story(clients: Crowd, number: int) -> None:
        token, org = await founded(clients, number)
        guest = await account(clients, f"guest-{number}")
        body = {"email": f"guest-{number}@a.example", "role": "member"}
        secret = (await clients.told("POST", f"{org}/invitations", token, body))["data"]["secret"]
        path = f"/invitations/{secret}/acceptance"
        answers = await together(*(clients.ask("POST", path, guest) for _ in range(CLIENTS)))
        assert counted(answers) == {201: 1, 410: CLIENTS - 1}
        assert len((await clients.told("GET", org, token))["data"]["members"]) == 2

    tell("tracker", story)


def test_no_change_is_lost_where_versions_are_matched(tell: Callable[[str, Story], None]) -> None:
    async def story(clients: Crowd, number: int) -> None:
        token, org = await founded(clients, number)
        await clients.told("POST", f"{org}/tasks", token, {"title": "Do it", "text": ""})
        path = f"{org}/tasks/1"
        first = (await clients.ask("GET", path, token)).headers["etag"]
        answers = await together(
            *(
                clients.ask("PATCH", path, token, {"title": f"By {each}"}, if_match=first)
                for each in range(CLIENTS)
            )
        )
        assert counted(answers) == {200: 1, 412: CLIENTS - 1}

        async def append(letter: str) -> None:
            """Read, change, and begin again when someone else was first."""
            while True:
                read = await clients.ask("GET", path, token)
                text = read.json()["data"]["text"] + letter
                told = await clients.ask("PATCH", path, token, {"text": text}, if_match=read.headers["etag"])
                if told.status_code == 200:
                    return
                assert told.status_code == 412

        letters = "abcdefghij"
        await asyncio.gather(*(append(letter) for letter in letters))
        task = (await clients.told("GET", path, token))["data"]
        assert sorted(task["text"]) == list(letters)
        assert task["version"] == 2 + len(letters)

    tell("tracker", story)


def test_without_isolation_the_stories_are_not_true(
    examples: Callable[[str], Path], postgres_url: str, tmp_path: Path
) -> None:
    """What is held here is not held by luck: at READ COMMITTED, and where nobody begins again, the fifty collide."""
    root = tmp_path / "tracker"
    shutil.copytree(examples("tracker"), root)
    for module in (root / "tracker" / "services").glob("*.py"):
        text = module.read_text("utf-8")
        module.write_text(text.replace("serializable=True", ""), encoding="utf-8")
    app = root / "tracker" / "app.py"
    text = app.read_text("utf-8")
    assert text.count("return Application(") == 1
    app.write_text(text.replace("return Application(", "return Application(patience=0.0, "), encoding="utf-8")

    async def story() -> None:
        async with crowd([server]) as clients:
            token, org = await founded(clients, 1)
            answers = await together(
                *(clients.ask("POST", f"{org}/tasks", token, {"title": "Do it"}) for _ in range(CLIENTS))
            )
            assert counted(answers) != {201: CLIENTS}

    with running(root, "tracker", postgres_url) as server:
        asyncio.run(story())
