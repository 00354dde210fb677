"""What a step answers when it fails, in the author's words."""

from __future__ import annotations

from backwright.model.expand.building import Building
from backwright.model.types import Failing
from backwright.spec.nodes import ElseNode

STATUSES: dict[str, int] = {
    "malformed": 400, "unauthenticated": 401, "invalid_credentials": 401, "forbidden": 403, "not_found": 404,
    "method_not_allowed": 405, "conflict": 409, "gone": 410, "precondition_failed": 412,
    "payload_too_large": 413, "unsupported_media_type": 415, "invalid": 422, "precondition_required": 428,
    "too_many_requests": 429,
}  # fmt: skip
"""The status of each category of errors."""


def failing(node: ElseNode | None, building: Building) -> Failing | None:
    """The answer of `else`; None where there is none."""
    if node is None:
        return None
    return Failing(
        category=node.category.value,
        code=node.code.value if node.code is not None else node.category.value,
        message=None if node.message is None else node.message.value,
        field=None if node.field is None else building.wire(node.field.value),
    )
