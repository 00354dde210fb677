"""The comparison of two descriptions: operations found in both, then what each takes, answers and demands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import msgspec

from backwright.review.contract.bodies import parameters, request_body, responses
from backwright.review.contract.document import Node, Unreadable, opened
from backwright.review.contract.findings import Change, Direction, Site, spot
from backwright.review.contract.rules import RULES
from backwright.review.contract.schemas import Found
from backwright.review.contract.security import schemes, security

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PARAMETER = re.compile(r"\{[^}]*\}")


class Route(msgspec.Struct, frozen=True):
    """An operation with the path item that it belongs to, and the names of its path parameters."""

    method: str
    path: str
    item: Node
    node: Node

    @property
    def words(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def names(self) -> list[str]:
        return [name[1:-1] for name in _PARAMETER.findall(self.path)]

    @property
    def key(self) -> tuple[str, str]:
        """What the route is whatever its parameters are called."""
        return self.method, _PARAMETER.sub("{}", self.path)


def compare(before: Path, after: Path, *, today: date | None = None) -> list[Change]:
    """The changes from one description to the other, the worst first.

    `today` decides whether a sunset date has passed. Raises Unreadable.
    """
    old, new = opened(before, str(before)), opened(after, str(after))
    try:
        return compared(old.root, new.root, today or date.today())
    except RecursionError:
        raise Unreadable(f"{before}: schemas are nested too deeply") from None


def compared(old: Node, new: Node, today: date, base: str = "") -> list[Change]:
    """`compare`, of descriptions that have been read; `base` stands before the paths of the first."""
    found: dict[object, Change] = {}
    former, later = routes(old, base), routes(new)
    for key, route in former.items():
        if key not in later:
            _add(found, [_removed(route, new, today)], "either", route.words)
            continue
        other = later[key]
        _add(found, _labels(route, other, today), "either", other.words)
        renamed = dict(zip(route.names, other.names, strict=True))
        pairs = [(r.item, r.node) for r in (route, other)]
        _add(found, parameters(pairs[0], pairs[1], renamed), "request", other.words)
        _add(found, request_body(route.node, other.node), "request", other.words)
        _add(found, responses(route.node, other.node), "response", other.words)
        _add(found, security((old, route.node), (new, other.node)), "request", other.words)
    for key, route in later.items():
        if key not in former:
            change = Found("operation-added", "compatible", "a new operation", None, route.node)
            _add(found, [change], "either", route.words)
    _add(found, schemes(old, new), "request", "")
    _add(found, _servers(old, new), "either", "")
    order = {"breaking": 0, "potential": 1, "compatible": 2}
    return sorted(found.values(), key=lambda c: (order[c.level], c.id, c.after or c.before or spot(old)))


def _add(known: dict[object, Change], changes: Iterable[Found], direction: Direction, operation: str) -> None:
    """Take changes in; the same change met again under another operation is one change of both."""
    for change in changes:
        rule = RULES[change.rule]
        before, after = spot(change.before), spot(change.after)
        words = change.message.partition(": ")[2] or change.message
        key = (rule.id, change.level, words, before, after, direction)
        operations, site = (operation,) if operation else (), Site(operation, change.at)
        if key in known:
            other = known[key]
            joined = other.operations + tuple(o for o in operations if o not in other.operations)
            sites = other.sites if site in other.sites else (*other.sites, site)
            known[key] = msgspec.structs.replace(other, operations=joined, sites=sites)
            continue
        known[key] = Change(
            id=rule.id,
            name=rule.name,
            level=change.level,
            direction=direction,
            message=change.message,
            notices=rule.read if direction == "response" and rule.read else rule.why,
            mend=rule.mend,
            before=before,
            after=after,
            operations=operations,
            sites=(site,),
        )


def routes(root: Node, base: str = "") -> dict[tuple[str, str], Route]:
    """The operations of a description, whatever their parameters are called; `base` stands before each path."""
    paths = root.child("paths")
    found: dict[tuple[str, str], Route] = {}
    for path, item in paths.members() if paths else ():
        if not path.startswith("/"):
            continue
        whole = item.followed()
        for method in METHODS:
            node = whole.child(method)
            if node is not None:
                route = Route(method, base + path, whole, node)
                found.setdefault(route.key, route)
    return found


def _removed(route: Route, new: Node, today: date) -> Found:
    node, sunset = route.node, _sunset(route.node)
    place = new.child("paths") or new
    if node.get("deprecated") is not True:
        return Found("operation-removed", "breaking", "is gone, without having been deprecated", node, place)
    if sunset is None:
        return Found("operation-removed", "breaking", "is gone; no sunset had been announced", node, place)
    if sunset > today:
        return Found("operation-removed", "breaking", f"is gone before its sunset, {sunset}", node, place)
    return Found("operation-removed", "compatible", f"is gone, as announced for {sunset}", node, place)


def _sunset(node: Node) -> date | None:
    """When the operation was announced to go: `x-sunset`, a date (the Sunset header of RFC 8594, in a contract)."""
    try:
        return date.fromisoformat(str(node.get("x-sunset") or "")[:10])
    except ValueError:
        return None


def _labels(old: Route, new: Route, today: date) -> Iterator[Found]:
    if old.names != new.names:
        message = f"{old.path} is written {new.path}"
        yield Found("path-parameter-renamed", "compatible", message, old.item, new.item)
    ids = old.node.get("operationId"), new.node.get("operationId")
    if ids[0] is not None and ids[0] != ids[1]:
        message = f"operationId {ids[1] or 'none'} instead of {ids[0]}"
        yield Found(
            "operation-id-changed",
            "potential",
            message,
            _at(old.node, "operationId"),
            _at(new.node, "operationId"),
        )
    former, later = _sunset(old.node), _sunset(new.node)
    if new.node.get("deprecated") is True and old.node.get("deprecated") is not True:
        if later is None:
            message = "is deprecated, and nothing says until when it is answered"
            yield Found("operation-deprecated", "potential", message, old.node, _at(new.node, "deprecated"))
        else:
            message = f"is deprecated; answered until {later}"
            yield Found("operation-deprecated", "compatible", message, old.node, _at(new.node, "deprecated"))
    elif former is not None and later != former and former > today:
        places = _at(old.node, "x-sunset"), _at(new.node, "x-sunset")
        if later is None:
            yield Found(
                "sunset-changed", "potential", f"the sunset of {former} is not given any more", *places
            )
        else:
            sooner = later < former
            message = f"sunset {later} instead of {former}"
            yield Found("sunset-changed", "breaking" if sooner else "compatible", message, *places)


def _at(node: Node, key: str) -> Node:
    return node.child(key) or node


def _servers(old: Node, new: Node) -> Iterator[Found]:
    former, later = (_addresses(root) for root in (old, new))
    for address, node in former.items():
        if address not in later:
            message = f"not served at {address} any more"
            yield Found("server-removed", "potential", message, node, _at(new, "servers"))


def _addresses(root: Node) -> dict[str, Node]:
    servers = root.child("servers")
    return {str(node.get("url")): node for node in servers.items()} if servers else {}
