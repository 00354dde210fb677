"""What every provider has in common: what it is asked, and how it may answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from backwright.agent.loop import Spent

MOST_OUTPUT_TOKENS = 16_000
SECONDS = 600.0
"""How long one answer may take as a whole."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One question. `tree` is a disposable work tree for providers that edit files themselves.

    `output_tokens` is how long the answer may be.
    """

    attempt: int
    system: str
    prompt: str
    tree: Path
    output_tokens: int = MOST_OUTPUT_TOKENS


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """The tool was called; `arguments` is its JSON as it came."""

    arguments: str
    spent: Spent = Spent()


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """It answered in words, without calling the tool."""

    text: str
    spent: Spent = Spent()


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """The answer was cut off: at the most that it may have, or at the end of its time."""

    why: str
    spent: Spent = Spent()


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """It has changed files in the work tree."""

    spent: Spent = Spent()


class Busy(msgspec.Struct, frozen=True, kw_only=True):
    """Not now. `after` is what Retry-After asked for, in seconds."""

    why: str
    after: float | None = None
    spent: Spent = Spent()


class Denied(msgspec.Struct, frozen=True, kw_only=True):
    """Not at all: no key, no such model, no money, or the model declines."""

    why: str
    spent: Spent = Spent()


Reply = Called | Said | Cut | Edited | Busy | Denied
Show = Callable[[str], None]
"""Where a provider says what it is doing, while it does."""


class Provider(Protocol):
    """Who is asked. `synthetic` says that nobody thinks here: the answers were written beforehand."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def synthetic(self) -> bool: ...

    @property
    def priced(self) -> bool:
        """Whether it says what an answer costs."""
        ...

    def ask(self, request: Request, show: Show) -> Reply:
        """One answer. Raises nothing that the provider does: that is Busy or Denied."""
        ...


class Unusable(Exception):
    """A provider cannot be set up as it was asked for. The message says why, and has no secret in it."""


class Price(msgspec.Struct, frozen=True):
    """US dollars for a million tokens."""

    input: float
    output: float

    def of(self, input_tokens: int, output_tokens: int) -> float:
        return (input_tokens * self.input + output_tokens * self.output) / 1_000_000
