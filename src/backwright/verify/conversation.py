"""Sends requests to a reference and a server side by side and notes where they disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import httpx
import msgspec

from backwright.model.types import Model
from backwright.reference import Reference
from backwright.reference.http import Response
from backwright.verify import compare, rows, traffic
from backwright.verify.compare import Seen
from backwright.verify.server import Server
from backwright.verify.traffic import Assigned, Sent, Values

REQUEST_SECONDS = 10.0
Inspect = Callable[[Sent, Seen], list[str]]


class Disagreement(msgspec.Struct, frozen=True):
    """Where the two sides part: the requests up to there, and how the last answer (or the rows) differ."""

    requests: tuple[Sent, ...]
    differences: tuple[str, ...]
    about_rows: bool = False


class Figures:
    """What was reached: requests, and the statuses of each operation."""

    def __init__(self) -> None:
        self.requests = 0
        self.accepted = 0
        self.statuses: dict[str, Counter[int]] = {}

    def count(self, sent: Sent, answer: Response) -> None:
        self.requests += 1
        self.accepted += 200 <= answer.status < 300
        self.statuses.setdefault(sent.operation, Counter())[answer.status] += 1

    def told(self) -> dict[str, int | float | str]:
        reached = {
            f"statuses of {name}": " ".join(f"{status}:{n}" for status, n in sorted(counts.items()))
            for name, counts in sorted(self.statuses.items())
        }
        share = round(100 * self.accepted / self.requests, 1) if self.requests else 0.0
        return {"requests": self.requests, "accepted %": share, **reached}


class Conversation:
    """One reference and one server, from empty tables on. `inspect` may find more wrong with an answer."""

    def __init__(
        self, model: Model, server: Server, client: httpx.Client, inspect: Inspect | None = None
    ) -> None:
        self._model = model
        self._server = server
        self._client = client
        self._inspect = inspect
        self._reference = Reference(model)
        self._ours = Values()
        self._theirs = Values()
        rows.clear(server.database_url, model)

    def expect(self, sent: Sent) -> Response:
        """The reference's answer, after what happens on both sides before the request."""
        for assigned in sent.assigned:
            self._assign(assigned)
        answer = self._reference.answer(traffic.for_reference(sent, self._ours))
        traffic.keep_opaque(sent, answer, self._ours)
        return answer

    def _assign(self, assigned: Assigned) -> None:
        entity = self._model.entity(assigned.entity)
        for row in self._reference.rows[entity.name]:
            if str(row[entity.key]) == assigned.key:
                row[assigned.field] = assigned.value
        rows.assign(self._server.database_url, entity, assigned)

    def differences(self, sent: Sent, expected: Response) -> list[str]:
        """How the server's answer to the same request differs."""
        try:
            answer = self._client.request(
                sent.method,
                f"{self._server.url}{traffic.target(sent, self._theirs)}",
                headers=traffic.headers(sent, self._theirs),
                content=sent.body,
            )
        except httpx.HTTPError as error:
            return [f"no answer: {error!r}"]
        seen = compare.decoded(answer.status_code, answer.headers, answer.content)
        found = compare.differences(sent, expected, seen, self._theirs)
        if seen.status >= 500:
            found.append(f"the backend's log ends with:\n{self._server.log_tail()}")
        return found + (self._inspect(sent, seen) if self._inspect else [])

    def row_differences(self) -> list[str]:
        """How the rows differ in the end."""
        expected = rows.remembered(self._reference.rows, self._model)
        return rows.differences(expected, rows.stored(self._server.database_url, self._model))


def replay(conversation: Conversation, requests: Iterable[Sent]) -> Disagreement | None:
    """Send fixed requests from the start. The first disagreement, or None."""
    done: list[Sent] = []
    for sent in requests:
        done.append(sent)
        found = conversation.differences(sent, conversation.expect(sent))
        if found:
            return Disagreement(tuple(done), tuple(found))
    found = conversation.row_differences()
    return Disagreement(tuple(done), tuple(found), about_rows=True) if found else None
