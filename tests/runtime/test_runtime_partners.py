"""Partners that custom logic asks: a real server on loopback that is slow, broken, too talkative, or somebody else."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from msgspec import Struct

from backwright_runtime import partners
from backwright_runtime.partners import Client, Partner, PartnerFailed
from backwright_runtime.testing import Answering

pytestmark = pytest.mark.anyio
SECRET = "very-secret-key"


class Rate(Struct):
    rate: Decimal


class Served:
    """A partner that answers as it is told, one after the other; the last answer stays."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = [(200, {}, b'{"rate": "1.10"}')]
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.pause = 0.0
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                named = {name.lower(): text for name, text in self.headers.items()}
                served.asked.append((self.command, self.path, named, body))
                threading.Event().wait(served.pause)
                status, headers, content = served.answers[0]
                if len(served.answers) > 1:
                    served.answers.pop(0)
                self.send_response(status)
                for name, text in headers.items():
                    self.send_header(name, text)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that have gone
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(partners, "PAUSE", 0.001)
    found = Served()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()


def client(served: Served, **about: object) -> Client:
    given = {"seconds": 2.0, "private": True, **about}
    return Partner("rates", **given).at(served.url + "/", SECRET, request_id="r-1")  # type: ignore[arg-type]


async def test_an_answer_is_of_the_wanted_type_and_paths_are_templates(served: Served) -> None:
    asking = client(served, header="X-Api-Key")
    assert await asking.get(Rate, "/rates/{base}", {"on": "2030-01-01", "not": None}, base="a/b?") == Rate(
        Decimal("1.10")
    )
    (method, path, headers, _) = served.asked[0]
    assert (method, path) == ("GET", "/rates/a%2Fb%3F?on=2030-01-01")
    assert headers["x-api-key"] == SECRET
    assert headers["x-request-id"] == "r-1"


async def test_a_secret_in_authorization_is_a_bearer_token(served: Served) -> None:
    await client(served, header="Authorization").get(Rate, "/")
    assert served.asked[0][2]["authorization"] == f"Bearer {SECRET}"


async def test_bodies_are_json_and_no_content_is_none(served: Served) -> None:
    served.answers = [(204, {}, b"")]
    await client(served).post(type(None), "/orders", {"sku": "a", "price": Decimal("1.5")})
    method, _, headers, body = served.asked[0]
    assert (method, headers["content-type"], body) == (
        "POST",
        "application/json",
        b'{"sku":"a","price":"1.5"}',
    )


async def test_what_may_be_repeated_is_and_a_post_is_not(served: Served) -> None:
    served.answers = [(503, {}, b""), (429, {"retry-after": "0"}, b""), (200, {}, b'{"rate": "2"}')]
    assert (await client(served).get(Rate, "/")).rate == 2
    assert len(served.asked) == 3
    served.asked.clear()
    served.answers = [(503, {}, b"")]
    with pytest.raises(PartnerFailed) as failed:
        await client(served).post(Rate, "/")
    assert (failed.value.answered, len(served.asked)) == (503, 1)


@pytest.mark.parametrize("status", [301, 400, 404, 500])
async def test_another_answer_is_a_failure_with_its_status_asked_once(served: Served, status: int) -> None:
    served.answers = [(status, {"location": "http://127.0.0.1:1/"}, b'{"rate": "2"}')]
    with pytest.raises(PartnerFailed) as failed:
        await client(served).get(Rate, "/")
    assert (failed.value.answered, failed.value.status, len(served.asked)) == (status, 503, 1)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"rate": "many"}', b"x" * 2_000_000],
    ids=["none", "list", "cut", "word", "long"],
)
async def test_an_answer_of_another_shape_is_a_failure_and_in_no_log(
    served: Served, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    served.answers = [(200, {}, body)]
    with pytest.raises(PartnerFailed):
        await client(served, header="X-Api-Key").get(Rate, "/secret/{path}", path="of-a-caller")
    assert "partner rates" in caplog.text
    for hidden in (SECRET, "of-a-caller", "many", "127.0.0.1"):
        assert hidden not in caplog.text


async def test_a_slow_partner_and_one_that_is_not_there_fail(served: Served) -> None:
    served.pause = 0.5
    with pytest.raises(PartnerFailed) as failed:
        await client(served, seconds=0.05, attempts=2).get(Rate, "/")
    assert failed.value.answered is None
    assert len(served.asked) == 2
    with pytest.raises(PartnerFailed):
        await Partner("gone", private=True, attempts=2).at("http://127.0.0.1:9").get(Rate, "/")


async def test_without_private_nothing_here_is_asked(served: Served) -> None:
    for url in (served.url, served.url.replace("http", "https")):
        with pytest.raises(PartnerFailed):
            await Partner("rates").at(url).get(Rate, "/")
    assert served.asked == []


async def test_after_failures_in_a_row_it_is_left_alone_and_tried_again_later(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(partners.time, "monotonic", lambda: now)
    served.answers = [(503, {}, b"")]
    asking = client(served, attempts=1)
    for _ in range(partners.FAILURES + 3):
        with pytest.raises(PartnerFailed):
            await asking.get(Rate, "/")
    assert len(served.asked) == partners.FAILURES
    now += partners.REST + 0.1
    served.answers = [(200, {}, b'{"rate": "3"}')]
    first, second = await asyncio.gather(
        asking.get(Rate, "/"), asking.get(Rate, "/"), return_exceptions=True
    )  # one of them tries, the other waits until that is known
    assert first == Rate(Decimal(3))
    assert isinstance(second, PartnerFailed)
    assert await asking.get(Rate, "/") == Rate(Decimal(3))


async def test_a_stand_in_answers_what_a_test_says() -> None:
    partner = Answering({"GET /rates/EUR?on=1": {"rate": "4"}, "POST /orders": 409})
    assert await partner.get(Rate, "/rates/{base}", {"on": 1}, base="EUR") == Rate(Decimal(4))
    for path, status in (("/orders", 409), ("/other", 404)):
        with pytest.raises(PartnerFailed) as failed:
            await partner.post(Rate, path, {"n": 1})
        assert failed.value.answered == status
    assert partner.asked[1] == ("POST", "/orders", {"n": 1})
