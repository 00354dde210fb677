"""Cookie sessions, forms, pages and files are the reference's: each request is sent to both."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from runtime.both import Both, both
from runtime.web import app as web

from backwright_runtime import RuntimeSettings
from backwright_runtime.sessions import cookies
from backwright_runtime.testing import ScriptedSeam, settings_for

Story = Callable[[Both], Awaitable[None]]
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=limit"


@pytest.fixture
def tell(run: Any, database_url: str) -> Callable[[Story], None]:
    """Runs a story, on each database."""

    def create(url: str) -> Any:
        return web.create_app(settings_for(RuntimeSettings, url), ScriptedSeam())

    async def telling(story: Story) -> None:
        async with both(web.FOLDER, create, database_url, migrations=web.MIGRATIONS) as sides:
            await story(sides)

    return lambda story: run(telling(story))


def form(**members: str) -> dict[str, Any]:
    """A form as it is sent."""
    return {"raw": urlencode(members).encode(), "content_type": FORM}


async def signed_in(sides: Both, nick: str = "Ann") -> tuple[dict[str, str], str]:
    """The cookie and the proof of somebody who is signed in, in the reference's words."""
    before = set(sides.pairs)
    await sides.send("POST", "/people", **form(nick=nick, password="correct horse", about="<b>"))
    token, csrf = sorted(set(sides.pairs) - before, key=lambda name: name.startswith("csrf"))
    return {"cookie": f"other=1; web={token}; csrf_token={csrf}"}, csrf


def file_part(content: bytes, media: str = "image/png", name: str = "a.png") -> bytes:
    """A part that is a file."""
    head = f'--limit\r\ncontent-disposition: form-data; name="photo"; filename="{name}"\r\n'
    return f"{head}content-type: {media}\r\n\r\n".encode() + content + b"\r\n"


def test_sessions_of_browsers(tell: Any) -> None:
    async def story(sides: Both) -> None:
        ann, csrf = await signed_in(sides)
        await sides.send("GET", "/", headers=ann)
        await sides.send("GET", "/")
        await sides.send("GET", "/", headers={"cookie": "web=nonsense"})
        await sides.send("GET", "/", headers={"cookie": "web="})
        token = ann["cookie"].split("web=")[1].split(";")[0]
        for odd in (
            'bad key={"a": 1}; web=%s',
            'web="%s"',
            "web=x; web=%s",
            "web=%s; web=x",
            "=; ;web = %s ;x",
        ):
            await sides.send("GET", "/", headers={"cookie": odd % token})
        await sides.send("POST", "/me", **form(about="x"))
        await sides.send("POST", "/me", **form(about="x"), headers={"cookie": "web=nonsense"})
        await sides.send("POST", "/me", **form(about="x"), headers=ann)
        await sides.send("POST", "/me", **form(about="x", csrf_token="wrong"), headers=ann)
        await sides.send("POST", "/me", **form(about="x", csrf_token=csrf), headers=ann)
        await sides.send("POST", "/me", **form(about="y"), headers={**ann, "x-csrf-token": csrf})
        await sides.send("POST", "/me", **form(csrf_token=csrf), headers={**ann, "x-csrf-token": "wrong"})
        await sides.send("PATCH", "/me", {"about": "z", "csrf_token": csrf}, headers=ann)
        await sides.send("PATCH", "/me", {"about": "z", "x": 1}, headers={**ann, "x-csrf-token": csrf})
        await sides.send("PATCH", "/me", {"about": "z"}, headers={**ann, "x-csrf-token": csrf})
        await sides.send("GET", "/", headers=ann, request_id="v-600001")
        await sides.send("PATCH", "/me", {"about": "z"}, headers=ann, request_id="v-600001")
        await sides.send("POST", "/leaving", headers=ann)
        left = await sides.send("POST", "/leaving", headers={**ann, "x-csrf-token": csrf})
        assert all("Max-Age=0" in each for each in left.headers.get_list("set-cookie"))
        again = await sides.send("POST", "/leaving", headers={**ann, "x-csrf-token": csrf})
        assert again.status_code == 401
        assert "www-authenticate" not in again.headers
        assert "nobody" in (await sides.send("GET", "/", headers=ann)).text

    tell(story)


def test_no_cookie_takes_long_to_read() -> None:
    started = time.perf_counter()
    assert cookies({"cookie": 'a="' + "\\" * 60_000 + '"; web=x'})["web"] == "x"
    assert time.perf_counter() - started < 0.5


def test_forms(tell: Any) -> None:
    async def story(sides: Both) -> None:
        ann, csrf = await signed_in(sides)
        proof = {**ann, "x-csrf-token": csrf}
        await sides.send("POST", "/people", **form(nick="ANN", password="correct horse"))
        await sides.send("POST", "/people", **form(nick="a", password="", x="1"))
        await sides.send("POST", "/people", raw=b"nick=%ff", content_type=FORM)
        await sides.send("POST", "/people", raw=b"nick=ab", content_type="text/plain")
        await sides.send("POST", "/people", {"nick": "ab", "password": "correct horse"})
        await sides.send("POST", "/me", raw=b"about=%ff", content_type=FORM, headers=ann)
        for seen in ("", "1", "1.5", "1.555", "x", "-0"):
            await sides.send("POST", "/me", **form(seen=seen, about=""), headers=proof)
        await sides.send("POST", "/me", raw=b"about=a&about=b&about=c", content_type=FORM, headers=proof)
        await sides.send("GET", "/people/ann")

    tell(story)


def test_files(tell: Any) -> None:
    async def story(sides: Both) -> None:
        ann, csrf = await signed_in(sides)
        proof = {**ann, "x-csrf-token": csrf}
        await sides.send("GET", "/people/ann/photo")
        for part in (
            file_part(b"\x89PNG\x00\r\n--lim"),
            file_part(b"x" * 101),
            file_part(b"x", "text/plain"),
            file_part(b"<script>", "text/html", '../a\\"b é.html'),
            file_part(b"", name=""),
            b'--limit\r\ncontent-disposition: form-data; name="photo"\r\n\r\ntext\r\n',
            b'--limit\r\ncontent-disposition: form-data; name="other"\r\n\r\ntext\r\n',
            b"",
            b"--limit\r\n\r\nno name\r\n",
        ):
            for end in (b"--limit--\r\n", b""):
                await sides.send("POST", "/me/photo", raw=part + end, content_type=MULTIPART, headers=proof)
                await sides.send("GET", "/people/ann/photo")
        raw = (
            file_part(b"new")
            + f'--limit\r\ncontent-disposition: form-data; name="csrf_token"\r\n\r\n{csrf}'.encode()
        )
        await sides.send(
            "POST", "/me/photo", raw=raw + b"\r\n--limit--\r\n", content_type=MULTIPART, headers=ann
        )
        shown = await sides.send("GET", "/people/Ann/photo")
        assert shown.headers["x-content-type-options"] == "nosniff"

    tell(story)


def test_answers_without_envelope(tell: Any) -> None:
    async def story(sides: Both) -> None:
        for nick in ("ann", "bob", "cid"):
            await signed_in(sides, nick)
        cursor = None
        for _ in range(3):
            query = [("after", cursor)] if cursor else []
            ours = (await sides.send("GET", "/people", query=query)).json()["next"]
            cursor = next((theirs for theirs, each in sides.pairs.items() if each == ours), None)
        assert cursor is None
        for path in ("/people-in-all", "/some-people", "/people/bob", "/people/nobody", "/people/b"):
            await sides.send("GET", path)
        for query in ([("limit", "3")], [("x", "1"), ("x", "2")], [("after", "x"), ("y", "")]):
            await sides.send("GET", "/people", query=query)
            await sides.send("GET", "/some-people", query=query)
        page = await sides.send("GET", "/")
        assert "form-action 'self'" in page.headers["content-security-policy"]

    tell(story)
