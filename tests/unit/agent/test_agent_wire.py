"""The two wire formats, against local servers that speak them: streams, usage, errors, and keys that stay unseen.

Events and errors are written as the public documentation of both shows them. No model has said any of it: synthetic.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from backwright.agent.providers import http
from backwright.agent.providers.anthropic import Anthropic
from backwright.agent.providers.choosing import limits_of, price_of, provider
from backwright.agent.providers.openai import OpenAI
from backwright.agent.providers.provider import Busy, Called, Cut, Denied, Price, Request, Said, Unusable
from backwright.agent.providers.scripted import Scripted

KEY = "sk-test-0123456789abcdef"
ARGUMENTS = json.dumps({"files": [{"path": "a.py", "content": "x = 'ü'\n"}]}, ensure_ascii=False)


class Served:
    """What a server is to answer, and what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b""
        self.short = False
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.url = ""


@pytest.fixture
def served() -> Iterator[Served]:
    state = Served()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.requests.append((self.path, headers, json.loads(body)))
            self.send_response(state.status)
            self.send_header(
                "content-type", "text/event-stream" if state.status == 200 else "application/json"
            )
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(state.body) + (1 if state.short else 0)))
            self.end_headers()
            for at in range(0, len(state.body), 37):  # in pieces that end in the middle of lines and letters
                self.wfile.write(state.body[at : at + 37])
                self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        yield state


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def anthropic_events(*, stop: str = "tool_use", tool: bool = True) -> list[dict[str, Any]]:
    usage = {"input_tokens": 472, "cache_read_input_tokens": 28, "output_tokens": 2}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "usage": usage}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I will write"}},
        {"type": "content_block_stop", "index": 0},
    ]
    if tool:
        block = {"type": "tool_use", "id": "toolu_1", "name": "write_files", "input": {}}
        events.append({"type": "content_block_start", "index": 1, "content_block": block})
        for piece in ("", ARGUMENTS[:9], ARGUMENTS[9:]):
            delta = {"type": "input_json_delta", "partial_json": piece}
            events.append({"type": "content_block_delta", "index": 1, "delta": delta})
        events.append({"type": "content_block_stop", "index": 1})
    delta = {"stop_reason": stop, "stop_sequence": None}
    events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 89}})
    events.append({"type": "some_event_of_the_future", "x": 1})
    events.append({"type": "message_stop"})
    return events


def anthropic_stream(events: list[dict[str, Any]]) -> bytes:
    lines = [f"event: {each['type']}\ndata: {json.dumps(each, ensure_ascii=False)}\n\n" for each in events]
    return "".join(lines).encode()


def openai_chunks(*, finish: str = "stop", tool: bool = True, refusal: str = "") -> list[dict[str, Any]]:
    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice], "usage": None}

    chunks = [chunk({"role": "assistant", "content": None, "refusal": None})]
    if tool:
        call = {"index": 0, "id": "call_1", "type": "function"}
        chunks.append(chunk({"tool_calls": [{**call, "function": {"name": "write_files", "arguments": ""}}]}))
        for piece in (ARGUMENTS[:9], ARGUMENTS[9:]):
            chunks.append(chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}))
    elif refusal:
        chunks.append(chunk({"refusal": refusal}))
    else:
        chunks.append(chunk({"content": "Here it is."}))
    chunks.append(chunk({}, finish))
    usage = {"prompt_tokens": 500, "completion_tokens": 89, "total_tokens": 589}
    chunks.append({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": usage})
    return chunks


def openai_stream(chunks: list[dict[str, Any]]) -> bytes:
    lines = [f"data: {json.dumps(each, ensure_ascii=False)}\n\n" for each in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def asked(tmp_path: Path) -> Request:
    return Request(attempt=1, system="You write.", prompt="Write it.", tree=tmp_path, output_tokens=1234)


def models(served: Served) -> list[Anthropic | OpenAI]:
    price = Price(3, 15)
    return [
        Anthropic("some-model", KEY, base=served.url, price=price),
        OpenAI("some-model", KEY, base=f"{served.url}/v1", price=price),
    ]


def quiet(_: str) -> None:
    pass


def test_a_call_of_the_tool_is_read_from_the_stream_of_anthropic(served: Served, tmp_path: Path) -> None:
    served.body = anthropic_stream(anthropic_events())
    shown: list[str] = []
    reply = models(served)[0].ask(asked(tmp_path), shown.append)
    assert isinstance(reply, Called)
    assert reply.arguments == ARGUMENTS
    assert (reply.spent.input_tokens, reply.spent.output_tokens) == (500, 89)
    assert reply.spent.dollars == pytest.approx((500 * 3 + 89 * 15) / 1e6)
    assert "".join(shown) == f"I will write{ARGUMENTS}"
    path, headers, body = served.requests[0]
    assert path == "/v1/messages"
    assert (headers["x-api-key"], headers["anthropic-version"]) == (KEY, "2023-06-01")
    assert (body["model"], body["max_tokens"], body["stream"]) == ("some-model", 1234, True)
    assert body["messages"] == [{"role": "user", "content": "Write it."}]
    assert body["tool_choice"] == {"type": "tool", "name": body["tools"][0]["name"]}


def test_a_call_of_the_tool_is_read_from_the_stream_of_openai(served: Served, tmp_path: Path) -> None:
    served.body = openai_stream(openai_chunks())
    shown: list[str] = []
    reply = models(served)[1].ask(asked(tmp_path), shown.append)
    assert isinstance(reply, Called)
    assert reply.arguments == ARGUMENTS
    assert (reply.spent.input_tokens, reply.spent.output_tokens) == (500, 89)
    assert "".join(shown) == ARGUMENTS
    path, headers, body = served.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert [each["role"] for each in body["messages"]] == ["system", "user"]
    assert (body["max_tokens"], body["stream_options"]) == (1234, {"include_usage": True})
    assert body["tool_choice"]["function"]["name"] == body["tools"][0]["function"]["name"]


def test_ends_of_anthropic(served: Served, tmp_path: Path) -> None:
    for stop, tool, kind in (
        ("max_tokens", True, Cut),
        ("model_context_window_exceeded", True, Cut),
        ("refusal", False, Denied),
        ("end_turn", False, Said),
    ):
        served.body = anthropic_stream(anthropic_events(stop=stop, tool=tool))
        reply = models(served)[0].ask(asked(tmp_path), quiet)
        assert isinstance(reply, kind), stop
        assert reply.spent.tokens == 589


def test_ends_of_openai(served: Served, tmp_path: Path) -> None:
    for chunks, kind in (
        (openai_chunks(finish="length"), Cut),
        (openai_chunks(finish="content_filter"), Denied),
        (openai_chunks(tool=False, refusal="I cannot"), Denied),
        (openai_chunks(tool=False), Said),
    ):
        served.body = openai_stream(chunks)
        reply = models(served)[1].ask(asked(tmp_path), quiet)
        assert isinstance(reply, kind), chunks
        assert reply.spent.tokens == 589


def test_errors_in_the_middle_of_a_stream(served: Served, tmp_path: Path) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    served.body = anthropic_stream([*anthropic_events()[:4], error])
    reply = models(served)[0].ask(asked(tmp_path), quiet)
    assert isinstance(reply, Busy)
    assert reply.spent.input_tokens == 500, "what has come is paid for"
    served.body = openai_stream([openai_chunks()[0], {"error": {"message": "no", "type": "server_error"}}])
    assert isinstance(models(served)[1].ask(asked(tmp_path), quiet), Busy)


def test_streams_that_break_off_or_are_something_else(served: Served, tmp_path: Path) -> None:
    for body, short in (
        (anthropic_stream(anthropic_events()[:-2]), False),
        (anthropic_stream(anthropic_events()[:6]), True),
        (b"data: {nonsense\n\n", False),
        (b"data: [1]\n\n", False),
        (b"\xff\xfe", False),
        (b"", False),
    ):
        served.body, served.short = body, short
        for model in models(served):
            assert isinstance(model.ask(asked(tmp_path), quiet), Busy), body


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (429, Busy, {"type": "rate_limit_error", "message": "slow down"}),
        (429, Denied, {"type": "insufficient_quota", "code": "insufficient_quota", "message": "no money"}),
        (500, Busy, {"type": "api_error", "message": "internal"}),
        (503, Busy, None),
        (529, Busy, {"type": "overloaded_error", "message": "overloaded"}),
        (400, Denied, {"type": "invalid_request_error", "message": "prompt is too long"}),
        (401, Denied, {"type": "authentication_error", "message": f"Incorrect API key provided: {KEY}"}),
        (403, Denied, {"type": "permission_error", "message": "no"}),
        (404, Denied, {"type": "not_found_error", "message": "model: some-model"}),
        (302, Denied, None),
    ],
)
def test_errors_by_their_status(
    served: Served, tmp_path: Path, status: int, kind: type, error: dict[str, str] | None
) -> None:
    served.status = status
    served.headers = {"retry-after": "12", "location": "http://127.0.0.1:1/"}
    served.body = b"<html>" if error is None else json.dumps({"type": "error", "error": error}).encode()
    for model in models(served):
        reply = model.ask(asked(tmp_path), quiet)
        assert isinstance(reply, kind)
        assert str(status) in reply.why
        assert KEY not in repr(reply)
        if isinstance(reply, Busy):
            assert reply.after == 12


def test_nobody_there(tmp_path: Path) -> None:
    for model in (
        Anthropic("m", KEY, base="http://127.0.0.1:9"),
        OpenAI("m", KEY, base="http://127.0.0.1:9"),
    ):
        reply = model.ask(asked(tmp_path), quiet)
        assert isinstance(reply, Busy)
        assert reply.why == "no answer: ConnectError"


def test_a_silent_server_is_left(tmp_path: Path) -> None:
    def late(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("silent", request=request)

    endpoint = http.Endpoint(
        url="http://127.0.0.1:9/", headers={}, key=KEY, transport=httpx.MockTransport(late)
    )
    reply = Anthropic("m", KEY, endpoint=endpoint).ask(asked(tmp_path), quiet)
    assert isinstance(reply, Busy)
    assert reply.why == "no answer: ReadTimeout"


def test_an_answer_that_goes_on_for_ever_is_cut(served: Served, tmp_path: Path) -> None:
    served.body = anthropic_stream(anthropic_events())
    endpoint = http.Endpoint(url=served.url, headers={}, key=KEY, seconds=-1)
    assert isinstance(Anthropic("m", KEY, endpoint=endpoint).ask(asked(tmp_path), quiet), Cut)


def test_retry_after_is_a_number_or_a_date() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    assert http.retry_after("20") == 20
    assert http.retry_after("Tue, 01 Jan 2030 00:00:30 GMT", now) == 30
    assert http.retry_after("Mon, 31 Dec 2029 00:00:00 GMT", now) == 0
    assert http.retry_after("soon") is None
    assert http.retry_after(None) is None


def test_keys_are_in_the_environment_or_nowhere() -> None:
    for name in ("anthropic", "openai"):
        with pytest.raises(Unusable, match="is not set"):
            provider(name, {}, model="m")
        made = provider(name, {"ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY}, model="m")
        assert KEY not in repr(made)
        assert KEY not in repr(made._endpoint)  # type: ignore[attr-defined]
    assert http.redacted(f"x {KEY} Bearer abc sk-other-99999999", KEY) == "x [key] [key] [key]"


@pytest.mark.parametrize(
    "base", ["http://models.example", "ftp://models.example", "https://me:pw@models.example", "http://[::1"]
)
def test_no_key_travels_in_the_clear(base: str) -> None:
    with pytest.raises(Unusable):
        Anthropic("m", KEY, base=base)


def test_a_budget_that_nobody_would_count_is_refused() -> None:
    priced, unpriced = Scripted("a", [], priced=True), Scripted("b", [])
    assert limits_of(3, "200000", unpriced).tokens == 200_000
    assert limits_of(3, "2.50USD", priced).dollars == 2.5
    assert price_of("3/15") == Price(3, 15)
    with pytest.raises(Unusable, match="--price"):
        limits_of(3, "2.50USD", unpriced)
    with pytest.raises(Unusable, match="does not say"):
        limits_of(3, "200000", provider("command", {}, command="true"))
    for text in ("much", "2.5", "-1", "1e9"):
        with pytest.raises(Unusable):
            limits_of(3, text, priced)
    with pytest.raises(Unusable):
        price_of("3")
