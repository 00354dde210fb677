"""A request as it was sent, with its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from backwright.verify.observed import Exchange
from backwright.verify.target.calling import Answer, Sent
from backwright.verify.target.contract import Operation


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A request with its answer, as `caller` sent it. `path` are the values that its path was filled with."""

    operation: Operation
    caller: str
    sent: Sent
    answer: Answer
    path: Mapping[str, str] = {}
    body: Any = None

    @property
    def done(self) -> bool:
        """It did what it is for: accepted, or led elsewhere where the contract says so."""
        status = self.answer.status
        return self.answer.accepted or (300 <= status < 400 and str(status) in self.operation.statuses)

    @property
    def exchange(self) -> Exchange:
        return Exchange(
            operation=self.operation.name,
            caller=self.caller,
            method=self.sent.method,
            target=self.sent.target,
            headers=self.sent.headers,
            content=self.sent.content,
            status=self.answer.status,
        )
