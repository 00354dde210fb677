"""Parameters that come in a header of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from backwright.model.expand.building import Building
from backwright.model.expand.codes import TOLD
from backwright.model.types import InputField, ReferenceType, ScalarType
from backwright.spec.nodes import FieldNode

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,59}")
_TAKEN = frozenset(
    (
        *("accept", "accept-encoding", "authorization", "cache-control", "connection", "content-encoding"),
        *(
            "content-length",
            "content-type",
            "cookie",
            "date",
            "expect",
            "forwarded",
            "host",
            "idempotency-key",
        ),
        *("if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "keep-alive"),
        *("origin", "proxy-authorization", "range", "te", "trailer", "transfer-encoding", "upgrade", "via"),
        *("x-csrf-token", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-request-id"),
    )
)
"""What servers, proxies and the runtime look at themselves."""
_UNWRITTEN = frozenset({"json", "bytes", "password"})


def in_header(member: InputField, node: FieldNode, building: Building) -> InputField:
    """The parameter, in the header that its author names."""
    if node.header is None:
        return member
    name = node.header.value
    problem = _problem(name, member, node)
    if problem is not None:
        mend = "name a header of your own, like `X-Tenant`, and give it one value that is written as text"
        building.refuse(TOLD, node.header.place, problem, mend)
    return InputField(
        wire=name,
        name=member.name,
        type=member.type,
        nullable=member.nullable,
        required=member.required,
        default=member.default,
        matches=member.matches,
        folded=member.folded,
        header=True,
        place=member.place,
    )


def _problem(name: str, member: InputField, node: FieldNode) -> str | None:
    if not _NAME.fullmatch(name):
        return f"`{name}` is no name of a header"
    if name.lower() in _TAKEN:
        return f"the header {name} already means something"
    if node.wire is not None:
        return f"`{member.name}` has two names: `wire` and `header`"
    match member.type:
        case ScalarType(scalar=scalar) if scalar not in _UNWRITTEN:
            return None
        case ReferenceType():
            return None
        case _:
            return f"the type of `{member.name}` cannot be written in a header"


def alike(members: Iterable[InputField]) -> InputField | None:
    """A header whose name is that of another parameter, whatever its case: nobody could tell which is meant."""
    seen: dict[str, InputField] = {}
    for member in members:
        other = seen.setdefault(member.wire.lower(), member)
        if other is not member and (member.header or other.header):
            return member
    return None
