"""The Messages API of Anthropic, streamed: https://docs.anthropic.com/en/api/messages-streaming."""

from __future__ import annotations

from typing import Any

import httpx_sse
import msgspec

from backwright.agent.patches import SCHEMA, TOOL
from backwright.agent.providers.http import Endpoint, Failed, Partial, checked_address, streamed
from backwright.agent.providers.provider import (
    Called,
    Cut,
    Denied,
    Price,
    Reply,
    Request,
    Said,
    Show,
    Unusable,
)

BASE = "https://api.anthropic.com"
KEY = "ANTHROPIC_API_KEY"
VERSION = "2023-06-01"


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _Message(msgspec.Struct):
    usage: _Usage = msgspec.field(default_factory=_Usage)


class _Block(msgspec.Struct):
    type: str = ""
    name: str = ""


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class _Error(msgspec.Struct):
    type: str = "error"
    message: str = ""


class _Event(msgspec.Struct):
    type: str
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: _Error | None = None


class Anthropic:
    """A model behind the Messages API. `key` is from the environment and is shown nowhere."""

    name = "anthropic"
    synthetic = False

    def __init__(
        self,
        model: str,
        key: str,
        *,
        base: str = BASE,
        price: Price | None = None,
        endpoint: Endpoint | None = None,
    ) -> None:
        """Raises Unusable where there is no key, or it would travel in the clear."""
        if not key:
            raise Unusable(f"{KEY} is not set")
        self.model = model
        self.priced = price is not None
        headers = {"x-api-key": key, "anthropic-version": VERSION, "content-type": "application/json"}
        url = f"{checked_address(base)}/v1/messages"
        self._endpoint = endpoint or Endpoint(url=url, headers=headers, key=key, price=price)

    def ask(self, request: Request, show: Show) -> Reply:
        """One message, with the tool as the only way to answer."""

        def take(partial: Partial, event: httpx_sse.ServerSentEvent) -> None:
            _take(partial, msgspec.json.decode(event.data, type=_Event), show)

        return streamed(self._endpoint, self.body(request), take, _conclude)

    def body(self, request: Request) -> dict[str, Any]:
        """The request as JSON."""
        return {
            "model": self.model,
            "max_tokens": request.output_tokens,
            "stream": True,
            "system": request.system,
            "messages": [{"role": "user", "content": request.prompt}],
            "tools": [{"name": TOOL, "description": "Write these files as a whole.", "input_schema": SCHEMA}],
            "tool_choice": {"type": "tool", "name": TOOL},
        }


def _take(partial: Partial, event: _Event, show: Show) -> None:
    """One event of the stream. Kinds that are not known are left alone, as the documentation asks."""
    match event.type:
        case "message_start" if event.message:
            _count(partial, event.message.usage)
        case "content_block_start" if event.content_block and event.content_block.type == "tool_use":
            partial.called = partial.called or event.content_block.name == TOOL
        case "content_block_delta" if event.delta:
            partial.text += event.delta.text
            partial.arguments += event.delta.partial_json
            show(event.delta.text or event.delta.partial_json)
        case "message_delta":
            if event.usage:
                _count(partial, event.usage)
            if event.delta and event.delta.stop_reason:
                partial.stop = event.delta.stop_reason
        case "message_stop":
            partial.complete = True
        case "error":
            error = event.error or _Error()
            raise Failed(error.type, error.message)
        case _:
            pass


def _count(partial: Partial, usage: _Usage) -> None:
    """The counts of `usage` are of the whole message so far, and what came from a cache is counted apart."""
    cached = (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)
    if usage.input_tokens is not None:
        partial.input_tokens = usage.input_tokens + cached
    if usage.output_tokens is not None:
        partial.output_tokens = usage.output_tokens


def _conclude(partial: Partial, price: Price | None) -> Reply:
    spent = partial.spent(price)
    match partial.stop:
        case "max_tokens" | "model_context_window_exceeded":
            return Cut(why=f"cut off: {partial.stop}", spent=spent)
        case "refusal":
            return Denied(why="the model declines", spent=spent)
        case _ if partial.called:
            return Called(arguments=partial.arguments, spent=spent)
        case _:
            return Said(text=partial.text, spent=spent)
