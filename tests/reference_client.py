"""A caller of the reference, for tests: short ways to send requests and to read answers."""

from __future__ import annotations

import json
from typing import Any

from backwright.model.types import Model
from backwright.reference import Reference, Request, Response
from backwright.reference.seam import now


class Client:
    """Sends requests one millisecond apart; `headers` are those of the request."""

    def __init__(self, model: Model) -> None:
        self.service = Reference(model)
        self.count = 0

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        query: dict[str, str] | list[tuple[str, str]] | None = None,
        raw: bytes | None = None,
        content_type: str | None = "application/json",
        authorization: str | None = None,
        request_id: str | None = None,
    ) -> Response:
        self.count += 1
        request_id = request_id or f"v-{self.count}"
        pairs = query.items() if isinstance(query, dict) else query or []
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        return self.service.answer(
            Request(
                method=method,
                path=path,
                now=now(request_id),
                request_id=request_id,
                query=tuple(pairs),
                authorization=authorization or (f"Bearer {token}" if token else None),
                content_type=content_type if content is not None else None,
                body=content,
            )
        )

    def register(self, name: str) -> str:
        """Registers `<name>@example.org` and answers the token."""
        answer = self.send(
            "POST", "/auth/register", {"email": f"{name}@example.org", "password": "correct horse"}
        )
        assert answer.status == 201, answer.body
        return str(answer.body["data"]["token"])

    def made(self, path: str, body: Any, token: str) -> dict[str, Any]:
        """Creates a row and answers its view."""
        answer = self.send("POST", path, body, token=token)
        assert answer.status == 201, answer.body
        return dict(answer.body["data"])


def code(answer: Response) -> tuple[int, str]:
    """Status and error code."""
    return answer.status, answer.body["error"]["code"]


def fields(answer: Response) -> list[tuple[str, str]]:
    """The fields of an error, with the code of each."""
    return [(field["field"], field["code"]) for field in answer.body["error"]["fields"]]
