"""Whether what was built keeps a contract that was handed over.

Not the same question as what clients notice of a later version: a contract leaves open what an implementation has to
decide. It may set limits where the contract sets none, refuse with statuses that it does not list, and offer more.
It may not answer what the contract does not allow, refuse what it allows, leave out what it promises, or let anyone do
what it keeps for those who have credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from backwright.review.contract.compare import Route, compared, routes
from backwright.review.contract.document import Node, opened
from backwright.review.contract.findings import Change, Site, spot
from backwright.review.contract.rules import RULES
from backwright.review.contract.security import open_to_anyone
from backwright.review.contract.view import View

_LEFT_OPEN = frozenset(
    {
        "default-changed",
        "format-changed",
        "bound-changed",
        "length-changed",
        "count-changed",
        "pattern-changed",
        "uniqueness-changed",
    }
)
"""What an implementation decides about requests where the contract says nothing."""
_PROMISED = frozenset(
    {
        "parameter-removed",
        "property-removed",
        "visibility-changed",
        "response-added",
        "response-header-removed",
    }
)
"""What may break no client, and is still not what the contract says."""
_FORMAT = re.compile("format (?P<now>.*) instead of (?P<before>.*)")
_TYPED = frozenset(
    {"byte", "binary", "date", "date-time", "double", "email", "float", "int32", "int64", "uuid"}
)
"""Formats that a type of the language has; what is only text where one of these is promised is a deviation."""
_REGISTERED = _TYPED | {
    *(
        "base64url",
        "binary",
        "char",
        "decimal",
        "duration",
        "hostname",
        "html",
        "idn-email",
        "idn-hostname",
        "int16",
    ),
    *(
        "int8",
        "ipv4",
        "ipv6",
        "iri",
        "iri-reference",
        "json-pointer",
        "media-range",
        "none",
        "password",
        "regex",
    ),
    *("relative-json-pointer", "time", "uint8", "uri", "uri-reference", "uri-template"),
}
"""Formats of JSON Schema and of the registry of OpenAPI (spec.openapis.org/registry/format)."""
_OF_VERSIONS = frozenset({"operation-id-changed", "operation-deprecated", "sunset-changed", "server-removed"})
"""What only matters from one version of a contract to the next."""


class Conformance(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    `decisions` were made where the contract leaves them open, `undecided` is what could not be compared. `base` stands
    before the paths of the contract.
    """

    base: str

    operations: int
    further: int
    deviations: tuple[Change, ...]
    decisions: tuple[Change, ...]
    undecided: tuple[Change, ...]


def conformance(
    handed_over: Path, built: Path, name: str, built_name: str, within: Path | None = None
) -> Conformance:
    """How far the second description keeps the first; both are called by their names.

    Raises Unreadable, also for a description that leads out of `within`.
    """
    old, new = (opened(path, said, within).root for path, said in ((handed_over, name), (built, built_name)))
    base = _base(old, new)
    wanted, offered = routes(old, base), routes(new)
    changes = [
        each
        for each in compared(old, new, date.min, base)
        if each.name not in _OF_VERSIONS and each.level != "compatible"
    ]
    pairs = [(wanted[key], offered[key]) for key in wanted if key in offered]
    changes += _opened(old, new, pairs)
    unsaid = _unsaid(pairs)
    decisions = tuple(each for each in changes if _left_open(each) or _is_among(each, unsaid))
    deviations = tuple(each for each in changes if each not in decisions and _deviates(each))
    return Conformance(
        base=base,
        operations=len(wanted),
        further=len(offered.keys() - wanted.keys()),
        deviations=deviations,
        decisions=decisions,
        undecided=tuple(
            each
            for each in changes
            if each not in decisions and each not in deviations and each.name != "response-removed"
        ),
    )


def _base(old: Node, new: Node) -> str:
    """What stands before the contract's paths: the path of its first server, if operations are found there."""
    servers = old.child("servers")
    first = next(servers.items(), None) if servers else None
    base = "" if first is None else urlsplit(_address(first)).path.rstrip("/")
    offered = routes(new).keys()

    def found(prefix: str) -> int:
        return len(routes(old, prefix).keys() & offered)

    return base if base and found(base) > found("") else ""


def _address(server: Node) -> str:
    """The address of a server, with the defaults of its variables."""
    url, variables = str(server.get("url") or ""), server.child("variables")
    for name, variable in variables.members() if variables else ():
        url = url.replace(f"{{{name}}}", str(variable.get("default") or ""))
    return url


def _deviates(change: Change) -> bool:
    match change.name:
        case "response-removed":
            return change.level == "breaking"  # a failure that never happens is no promise
        case "default-changed":
            return _said_before(change)
        case "format-changed" if change.direction == "response":
            return not _is_a_remark(change) and not _is_unheard_of(change)
        case "pattern-changed" if change.direction == "response":
            return False  # our own description says none of answers; the gate `behaviour` looks at the texts
        case _:
            return change.level == "breaking" or change.name in _PROMISED


def _is_a_remark(change: Change) -> bool:
    """A format of texts that no type stands for, `uri` or `phone`: the gate `behaviour` looks at the texts."""
    said = _FORMAT.fullmatch(change.message.rpartition(": ")[2])
    return said is not None and said["now"] == "none" and said["before"] not in _TYPED


def _is_unheard_of(change: Change) -> bool:
    """A format that no registry has, like `datetime`: what a contract says of it is a remark."""
    said = _FORMAT.fullmatch(change.message.rpartition(": ")[2])
    return said is not None and said["before"] not in _REGISTERED


def _left_open(change: Change) -> bool:
    if change.name not in _LEFT_OPEN or change.direction != "request":
        return False
    return not _said_before(change) or (change.name == "format-changed" and _is_unheard_of(change))


def _unsaid(pairs: Iterable[tuple[Route, Route]]) -> dict[str, frozenset[str]]:
    """What a contract says by leaving it out, by name of the change: the operations of which it does.

    A body that has to have members is needed, though few say `required: true`; an operation that names failures alone
    succeeds, too.
    """
    listed = list(pairs)
    return {
        "request-body-requirement-changed": frozenset(o.words for w, o in listed if _needs_body(w.node)),
        "response-added": frozenset(o.words for w, o in listed if not _names_success(w.node)),
    }


def _is_among(change: Change, unsaid: dict[str, frozenset[str]]) -> bool:
    return change.name in unsaid and unsaid[change.name].issuperset(change.operations)


def _needs_body(operation: Node) -> bool:
    body = operation.child("requestBody")
    content = body.followed().child("content") if body is not None else None
    schemas = (
        [schema for _, media in content.members() if (schema := media.child("schema"))] if content else []
    )
    return any(view.required() or "object" not in view.types for view in map(View, schemas))


def _names_success(operation: Node) -> bool:
    answers = operation.child("responses")
    return (
        any(status[:1] in "23" or status == "default" for status, _ in answers.members())
        if answers
        else False
    )


def _said_before(change: Change) -> bool:
    """Whether the first description has the keyword itself: where it is missing, its place is that of the schema."""
    before, after = change.before, change.after
    if before is None or after is None:
        return before is not None
    keyword = after.pointer.rpartition("/")[2]
    return before.pointer.rpartition("/")[2] == keyword or keyword not in _KEYWORDS


_KEYWORDS = frozenset(
    {
        "default",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "pattern",
        "uniqueItems",
    }
)


def _opened(old: Node, new: Node, pairs: Iterable[tuple[Route, Route]]) -> list[Change]:
    """Operations that demand credentials in the contract, and none as they were built."""
    rule = RULES["security-loosened"]
    return [
        Change(
            id=rule.id,
            name=rule.name,
            level="breaking",
            direction="request",
            message="no credentials are needed, where the contract demands some",
            notices="anyone may do what the contract keeps for those who have credentials",
            mend="say in the operation's `access` or in the rules who may",
            before=spot(wanted.node),
            after=spot(offered.node),
            operations=(offered.words,),
            sites=(Site(offered.words, "credentials"),),
        )
        for wanted, offered in pairs
        if open_to_anyone(new, offered.node) and not open_to_anyone(old, wanted.node)
    ]
