"""What the runtime does around an operation is what the reference does: each request is sent to both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from runtime.both import Both, both
from runtime.desk import app as desk

from backwright_runtime import RuntimeSettings
from backwright_runtime.testing import ScriptedSeam, client, settings_for

Story = Callable[[Both], Awaitable[None]]
ANN = {"email": "Ann@Example.org", "password": "correct horse"}
BOB = {"email": "bob@example.org", "password": "correct horse", "role": "clerk"}


@pytest.fixture
def tell(run: Any, database_url: str) -> Callable[[Story], None]:
    """Runs a story, on each database."""

    def create(url: str) -> Any:
        return desk.create_app(settings_for(RuntimeSettings, url), ScriptedSeam())

    async def telling(story: Story) -> None:
        async with both(
            Path(desk.__file__).parent, create, database_url, migrations=desk.MIGRATIONS
        ) as sides:
            await story(sides)

    return lambda story: run(telling(story))


async def signed_in(sides: Both, who: dict[str, str] = ANN) -> dict[str, str]:
    """The header of somebody who is signed in, in the reference's words."""
    answer = await sides.send("POST", "/auth/register", who)
    ours = answer.json()["data"]["token"]
    theirs = next(theirs for theirs, each in sides.pairs.items() if each == ours)
    return {"authorization": f"Token {theirs}"}


def test_the_order_of_answers(tell: Any) -> None:
    async def story(sides: Both) -> None:
        ann, bob = await signed_in(sides), await signed_in(sides, BOB)
        big, text = b"x" * 2001, "text/plain"
        await sides.send("POST", "/nothing", raw=big)
        await sides.send("DELETE", "/clerks", raw=big)
        await sides.send("POST", "/clerks", raw=big, content_type=text)
        await sides.send("POST", "/clerks", raw=b"{", content_type=text)
        await sides.send("POST", "/clerks", raw=b"{")
        for wrong in ("Token", "Bearer x", "Token x y", "Token nonsense", ""):
            await sides.send("POST", "/clerks", raw=b"{", headers={"authorization": wrong})
        await sides.send("POST", "/clerks", raw=b"{", headers=ann)
        assert (await sides.send("POST", "/clerks", raw=b"{", headers=bob)).status_code == 400
        limited = await sides.send("POST", "/clerks", raw=b"{", headers=bob)
        assert (limited.status_code, limited.content) == (429, b"")
        await sides.send("POST", "/clerks", {"n": 5}, headers=bob, request_id="v-3600000")
        late = await sides.send("GET", "/auth/me", headers=ann, request_id="v-60001")
        assert late.status_code == 401
        assert late.headers["www-authenticate"] == "Token"
        for path in ("/notes/x", "/notes/1", "/notes/99999999999999999999", "/notes/1/title.txt"):
            await sides.send("GET", path)
        await sides.send("PATCH", "/notes/x", {"title": ""}, headers=ann)
        await sides.send("PATCH", "/notes/x", {"title": ""}, headers={**ann, "if-match": "*"})
        await sides.send("PATCH", "/notes/x", raw=b"[", headers=ann)
        await sides.send("PATCH", "/notes/x", {"title": "a"}, headers={**ann, "if-match": "*"})

    tell(story)


def test_a_service_that_is_limited_by_address(tell: Any) -> None:
    async def story(sides: Both) -> None:
        for number in range(4):
            await sides.send("GET", "/rare", request_id=f"v-{number}")
        assert (await sides.send("GET", "/rare", request_id="v-59001")).headers["retry-after"] == "1"
        again = await sides.send("GET", "/rare", request_id="v-60000")
        assert again.headers["deprecation"] == "@1861920000"

    tell(story)


def test_versions(tell: Any) -> None:
    async def story(sides: Both) -> None:
        ann, bob = await signed_in(sides), await signed_in(sides, BOB)
        made = await sides.send("POST", "/notes", {"title": "Milk", "rank": 1}, headers=ann)
        path = f"/notes/{made.json()['data']['id']}"
        for tags in ("*", '"1"', '"1", "7"', '"7"', 'W/"1"', "1", '"x"', ""):
            await sides.send("PATCH", path, {"rank": None}, headers={**ann, "if-match": tags})
        await sides.send("PATCH", path, {"rank": None}, headers={**bob, "if-match": '"7"'})
        await sides.send("PATCH", path, {}, headers=ann)
        current = await sides.send("GET", path)
        for known in (current.headers["etag"], f" {current.headers['etag']} ", '"1"', "*"):
            for method in ("GET", "HEAD"):
                await sides.send(method, path, headers={"if-none-match": known})
        assert (
            await sides.send("GET", path, headers={"if-none-match": current.headers["etag"]})
        ).status_code == 304

    tell(story)


def test_what_is_repeated_is_done_once(tell: Any) -> None:
    async def story(sides: Both) -> None:
        ann, bob = await signed_in(sides), await signed_in(sides, BOB)
        milk = {"note": {"title": "Milk"}}
        await sides.send("POST", "/keyed-notes", milk, headers=ann)
        await sides.send("POST", "/keyed-notes", raw=b"{", headers=ann)
        await sides.send("POST", "/keyed-notes", milk, headers={**ann, "idempotency-key": ""})
        await sides.send("POST", "/keyed-notes", milk, headers={**ann, "idempotency-key": "a b"})
        keyed = {"idempotency-key": "k-1"}
        first = await sides.send("POST", "/keyed-notes", milk, headers={**ann, **keyed})
        again = await sides.send("POST", "/keyed-notes", milk, headers={**ann, **keyed})
        assert again.json() == first.json()
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
        await sides.send("POST", "/keyed-notes", {"note": {"title": "Tea"}}, headers={**ann, **keyed})
        await sides.send("POST", "/keyed-notes", milk, headers={**ann, **keyed}, query=[("x", "1")])
        await sides.send("POST", "/keyed-notes", milk, headers={**bob, **keyed})
        await sides.send("POST", "/notes", {"title": "Own"}, headers={**ann, **keyed})
        for wrong in ({"title": ""}, {"title": "x"}):
            await sides.send("POST", "/notes", wrong, headers={**ann, "idempotency-key": "k-2"})
        await sides.send("POST", "/keyed-notes", {"x": 1}, headers={**ann, "idempotency-key": "k-3"})
        await sides.send("POST", "/keyed-notes", {"x": 1}, headers={**ann, "idempotency-key": "k-3"})
        await sides.send("GET", "/all-notes")

    tell(story)


def test_pages(tell: Any) -> None:
    async def story(sides: Both) -> None:
        ann = await signed_in(sides)
        for title, rank in (("a", 3), ("b", None), ("a", 1), ("c", None), ("a", 3), ("b", 2)):
            await sides.send("POST", "/notes", {"title": title, "rank": rank}, headers=ann)
        for asked in ([], [("title", "a")], [("sort", "ranked")], [("sort", "newest")], [("size", "1")]):
            cursor: str | None = None
            for _ in range(7):
                query = [*asked, *([("cursor", cursor)] if cursor else [])]
                answer = await sides.send("GET", "/notes", query=query)
                ours = answer.json()["meta"]["next"]
                if ours is None:
                    break
                cursor = next(theirs for theirs, each in sides.pairs.items() if each == ours)
            assert ours is None
            for other in (
                [("sort", "ranked"), ("title", "b")],
                [("title", "b")],
                [("sort", "newest"), ("title", "c")],
            ):
                await sides.send("GET", "/notes", query=[*other, ("cursor", cursor or "")])
        for query in (
            [("size", "4")], [("size", "0")], [("cursor", "x")], [("cursor", "")], [("sort", "up")], [("limit", "1")],
            [("title", ""), ("size", "x"), ("sort", "up"), ("cursor", "\x00")], [("size", "1"), ("size", "1")],
        ):  # fmt: skip
            await sides.send("GET", "/notes", query=query)
        for query in (
            [],
            [("offset", "2")],
            [("offset", "9")],
            [("offset", "-1")],
            [("limit", "3"), ("offset", "1")],
        ):
            await sides.send("GET", "/note-pages", query=query)
        await sides.send("GET", "/all-notes", query=[("limit", "1")])

    tell(story)


def test_sessions(tell: Any) -> None:
    async def story(sides: Both) -> None:
        ann = await signed_in(sides)
        await sides.send("POST", "/auth/register", {**ANN, "email": "ann@example.ORG"})
        await sides.send("POST", "/auth/login", {**ANN, "password": "wrong horse"})
        await sides.send("POST", "/auth/login", {**ANN, "email": "nobody@example.org"})
        await sides.send("POST", "/auth/login", ANN)
        await sides.send("GET", "/auth/me", headers=ann)
        await sides.send(
            "GET",
            "/auth/me",
            headers={"authorization": ann["authorization"].upper()[:6] + ann["authorization"][6:]},
        )
        await sides.send("POST", "/auth/logout", headers=ann)
        assert (await sides.send("GET", "/auth/me", headers=ann)).status_code == 401
        await sides.send("POST", "/auth/logout", headers=ann)

    tell(story)


def test_only_one_request_ends_a_session(run: Any, database_url: str) -> None:
    def create(url: str) -> Any:
        return desk.create_app(settings_for(RuntimeSettings, url), ScriptedSeam())

    async def story() -> None:
        async with client(create, migrations=desk.MIGRATIONS, database_url=database_url) as http:
            answer = await http.post("/auth/register", json=ANN)
            ann = {"authorization": f"Token {answer.json()['data']['token']}"}
            answers = await asyncio.gather(*(http.post("/auth/logout", headers=ann) for _ in range(8)))
            assert sorted(answer.status_code for answer in answers) == [204] + [401] * 7

    run(story())


def test_answers_of_other_kinds(tell: Any) -> None:
    async def story(sides: Both) -> None:
        ann = await signed_in(sides)
        for title in ("=1+1", "-a", "@x", "+", 'a,"b"', "two\nlines", "\té", "plain"):
            await sides.send("POST", "/notes", {"title": title, "rank": -5}, headers=ann)
        await sides.send("POST", "/notes", {"title": "none"}, headers=ann)
        await sides.send("GET", "/notes.csv")
        await sides.send("HEAD", "/notes.csv")
        await sides.send("GET", "/notes/7/title.txt")
        for what in ("all", "all of it", 'all;"\r\nx-none: 1', "all é ü", "some"):
            await sides.send("GET", "/used", query=[("what", what)])
        await sides.send("GET", "/used")
        for number in ("0", "1", "x"):
            await sides.send("GET", "/chosen", query=[("n", number)])

    tell(story)
