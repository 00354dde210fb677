"""Changes of the credentials that an operation demands, and of the schemes that describe them."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.review.contract.document import Node
from backwright.review.contract.schemas import Found, place_of

Requirement = dict[str, frozenset[str]]
"""Scheme to scopes, all of which are needed together. Empty: no credentials."""


def open_to_anyone(root: Node, operation: Node) -> bool:
    """Whether an operation of a description needs no credentials."""
    return {} in _alternatives(_place(root, operation))


def security(old: tuple[Node, Node], new: tuple[Node, Node]) -> Iterator[Found]:
    """Changes of an operation's requirements. Each side is the description and the operation.

    Requirements are alternatives: a client is broken when the one that it fulfils is gone or demands more.
    """
    places = [_place(*side) for side in (old, new)]
    former, later = _alternatives(places[0]), _alternatives(places[1], _renamed(old[0], new[0]))
    where = places[0] or old[1], places[1] or new[1]
    for alternative in former:
        if any(_fulfilled(alternative, other) for other in later):
            continue
        at = place_of(f"credentials {_words(alternative)}")
        more = next((o for o in later if o.keys() == alternative.keys()), None)
        if more is not None:
            scopes = sorted({s for name in more for s in more[name] - alternative[name]})
            message = f"needs further scopes: {', '.join(scopes)}"
            yield Found("security-scope-added", "breaking", message, *where, at)
        else:
            message = f"{_words(alternative)} is not enough any more; needs {_any_words(later)}"
            yield Found("security-tightened", "breaking", message, *where, at)
    for alternative in later:
        if not any(_fulfilled(alternative, other) for other in former):
            words = _words(alternative)
            at = place_of(f"credentials {words}")
            yield Found("security-loosened", "compatible", f"{words} is enough", *where, at)


def _place(root: Node, operation: Node) -> Node | None:
    return operation.child("security") or root.child("security")


def _alternatives(place: Node | None, renamed: dict[str, str] | None = None) -> list[Requirement]:
    found: list[Requirement] = []
    names = renamed or {}
    for item in place.items() if place else ():
        if isinstance(item.value, dict):
            scopes = {
                names.get(name, str(name)): frozenset(map(str, value if isinstance(value, list) else ()))
                for name, value in item.value.items()
            }
            found.append(scopes)
    return found or [{}]


def _fulfilled(client: Requirement, demand: Requirement) -> bool:
    """Whether who satisfies the one also satisfies the other."""
    return all(name in client and scopes <= client[name] for name, scopes in demand.items())


def _words(alternative: Requirement) -> str:
    if not alternative:
        return "no credentials"
    parts = []
    for name, scopes in alternative.items():
        listed = ", ".join(sorted(scopes))
        parts.append(f"{name} ({listed})" if listed else name)
    return " and ".join(parts)


def _any_words(alternatives: list[Requirement]) -> str:
    return " or ".join(_words(alternative) for alternative in alternatives)


_TOLD_BY = ("type", "in", "name", "scheme", "openIdConnectUrl")
_ADDRESSES = ("authorizationUrl", "tokenUrl", "refreshUrl")


def _renamed(old: Node, new: Node) -> dict[str, str]:
    """What schemes that only have another name were called: clients send the same whatever its name is."""
    former, later = _schemes(old), _schemes(new)
    before = {name: node for name, node in former.items() if name not in later}
    found: dict[str, str] = {}
    for name, node in later.items():
        alike = [other for other, known in before.items() if _told(known) == _told(node)]
        if name not in former and len(alike) == 1:
            found[name] = alike[0]
    return found


def _told(node: Node) -> tuple[str, ...]:
    """How credentials are presented. Schemes and headers are so in any case; flows are what they are."""
    words = tuple(str(node.get(word) or "") for word in _TOLD_BY)
    return (*(word.lower() for word in words), str(node.get("flows") or ""))


def schemes(old: Node, new: Node) -> Iterator[Found]:
    """Changes of security schemes that both descriptions have."""
    former, later = _schemes(old), _schemes(new)
    for name, node in former.items():
        other = later.get(name)
        if other is None:
            continue  # whoever demanded it demands another one now, which is said there
        for word in _TOLD_BY:
            values = [str(side.get(word) or "") for side in (node, other)]
            if word in {"scheme", "name"}:
                values = [value.lower() for value in values]
            if values[0] != values[1]:
                message = (
                    f"credentials `{name}`: {word} {values[1] or 'none'} instead of {values[0] or 'none'}"
                )
                yield Found("security-scheme-changed", "breaking", message, node, other)
        yield from _flows(name, node, other)


def _schemes(root: Node) -> dict[str, Node]:
    components = root.child("components")
    listed = components.child("securitySchemes") if components else None
    return {name: node.followed() for name, node in listed.members()} if listed else {}


def _flows(name: str, old: Node, new: Node) -> Iterator[Found]:
    flows = [node.child("flows") for node in (old, new)]
    former, later = (dict(side.members()) if side else {} for side in flows)
    for kind, node in former.items():
        other = later.get(kind)
        if other is None:
            message = f"credentials `{name}`: no {kind} flow any more"
            yield Found("security-scheme-changed", "breaking", message, node, flows[1] or new)
            continue
        for word in _ADDRESSES:
            if node.get(word) != other.get(word):
                message = f"credentials `{name}`: {word} {other.get(word)} instead of {node.get(word)}"
                yield Found("security-scheme-changed", "potential", message, node, other)
        for scope in node.get("scopes") or ():
            if scope not in (other.get("scopes") or ()):
                message = f"credentials `{name}`: scope {scope} is not granted any more"
                yield Found("security-scheme-changed", "breaking", message, node, other)
