"""Chat completions as OpenAI defined them and many servers speak them, streamed:
https://platform.openai.com/docs/api-reference/chat-streaming."""

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

BASE = "https://api.openai.com/v1"
KEY = "OPENAI_API_KEY"
END = "[DONE]"


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct):
    index: int = 0
    function: _Function = msgspec.field(default_factory=_Function)


class _Delta(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)
    finish_reason: str | None = None


class _Error(msgspec.Struct):
    message: str = ""
    type: str | None = None
    code: str | int | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: _Error | None = None


class OpenAI:
    """A model behind chat completions. `key` is from the environment; a server of your own may need none."""

    name = "openai"
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
        """Raises Unusable where there is no key and one is needed, or it would travel in the clear."""
        if not key and base == BASE:
            raise Unusable(f"{KEY} is not set")
        self.model = model
        self.priced = price is not None
        self._own = base == BASE
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
        url = f"{checked_address(base)}/chat/completions"
        self._endpoint = endpoint or Endpoint(url=url, headers=headers, key=key, price=price)

    def ask(self, request: Request, show: Show) -> Reply:
        """One completion, with the tool as the only way to answer."""

        def take(partial: Partial, event: httpx_sse.ServerSentEvent) -> None:
            if event.data.strip() == END:
                partial.complete = True
            elif event.data:
                _take(partial, msgspec.json.decode(event.data, type=_Chunk), show)

        return streamed(self._endpoint, self.body(request), take, _conclude)

    def body(self, request: Request) -> dict[str, Any]:
        """The request as JSON. OpenAI's own models want `max_completion_tokens`, other servers know the older name."""
        limit = "max_completion_tokens" if self._own else "max_tokens"
        function = {"name": TOOL, "description": "Write these files as a whole.", "parameters": SCHEMA}
        return {
            "model": self.model,
            limit: request.output_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [
                {"role": "system", "content": request.system},
                {"role": "user", "content": request.prompt},
            ],
            "tools": [{"type": "function", "function": function}],
            "tool_choice": {"type": "function", "function": {"name": TOOL}},
        }


def _take(partial: Partial, chunk: _Chunk, show: Show) -> None:
    """One chunk. The last one before the end has the usage and no choice."""
    if chunk.error is not None:
        raise Failed(str(chunk.error.code or chunk.error.type or "error"), chunk.error.message)
    if chunk.usage is not None:
        partial.input_tokens = chunk.usage.prompt_tokens
        partial.output_tokens = chunk.usage.completion_tokens
        partial.dollars = chunk.usage.cost
    for choice in chunk.choices[:1]:
        partial.text += choice.delta.content or ""
        if choice.delta.refusal:
            partial.stop = "refusal"
        for call in choice.delta.tool_calls or []:
            if call.index == 0:  # a second call beside the first is not asked for
                partial.called = partial.called or call.function.name == TOOL
                partial.arguments += call.function.arguments or ""
                show(call.function.arguments or "")
        if choice.finish_reason and partial.stop != "refusal":
            partial.stop = choice.finish_reason


def _conclude(partial: Partial, price: Price | None) -> Reply:
    spent = partial.spent(price)
    match partial.stop:
        case "length":
            return Cut(why="cut off: length", spent=spent)
        case "content_filter" | "refusal":
            return Denied(why="the model declines", spent=spent)
        case _ if partial.called:
            return Called(arguments=partial.arguments, spent=spent)
        case _:
            return Said(text=partial.text, spent=spent)
